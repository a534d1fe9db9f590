"""How fast a dance is painted and written, and what limits it: stage after stage, then as the workflow does it.

    taskset -c 0,1 python benchmarks/rendering_speed.py --results results --target performer

Networks and poses are those of the target, as far as there are any (results/gan, results/poses, results/cleaned);
else networks of the quick setting before their training, which cost the same, and someone who sways. Rows:

- one after the other: drawn, painted, refined and encoded frame by frame, in single precision;
- overlapped: `render_dance` and `VideoWriter` as in the rule render_video;
- painting alone: `render_dance` without FaceGAN, nothing written;
- encoding alone: the finished pictures, written.

Rows take turns, each figure is the median of --repeats. Leave the machine alone: in the first row all cores share each
layer, and where another job holds one of them up the others wait, so that the row comes out many times slower than it
is. CPU: all cores' time a frame. Memory is the peak of a process that renders so many frames.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from danceit_core.config import FaceGanSettings, PoseGanSettings, RenderingSettings
from danceit_core.imagination.networks.checkpoint import FaceGan, PoseGan, load_face_gan, load_pose_gan
from danceit_core.imagination.networks.face import FaceGenerator, face_strength, patch_fade, patch_side, place_patch
from danceit_core.imagination.networks.generator import PoseGenerator, initialise
from danceit_core.imagination.rendering.batches import compose, make_condition, to_pictures, to_tensor
from danceit_core.imagination.rendering.render import render_dance
from danceit_core.imagination.target.data import fit_keypoints
from danceit_core.imagination.target.region import body_size
from danceit_core.imagination.target.view import View
from danceit_core.imagination.training.train import WINDOW_SHARE
from danceit_core.media.ahead import made_ahead
from danceit_core.media.letterbox import Picture
from danceit_core.media.video import VideoWriter
from danceit_core.pose.draw import pose_picture
from danceit_core.pose.table import read_pose_table

CPU, FPS = torch.device("cpu"), 24.0
QUICK, FACE, RENDERING = PoseGanSettings(), FaceGanSettings(), RenderingSettings()
# BODY_25 of someone who stands, shares of the picture.
STANDING = np.array([
    (50, 16), (50, 28), (41, 28), (39, 43), (38, 57), (59, 28), (61, 43), (62, 57), (50, 53), (45, 53), (45, 70),
    (44, 86), (55, 53), (55, 70), (56, 86), (49, 14), (51, 14), (47, 15), (53, 15), (58, 89), (60, 88), (55, 87),
    (42, 89), (40, 88), (45, 87),
]) / 100  # fmt: skip


@dataclass(frozen=True)
class Cast:
    """Who dances, and what: poses (T, 25, 3) in pixels of the poseGAN's picture."""

    poses: np.ndarray
    pose_gan: PoseGan
    face_gan: FaceGan

    @property
    def size(self) -> int:
        return self.pose_gan.view.picture_size


def swaying(frames: int, *, size: int) -> np.ndarray:
    """Poses (frames, 25, 3): the higher a joint, the farther it goes."""
    phase = 2 * np.pi * np.arange(frames)[:, None] / FPS
    poses = np.ones((frames, 25, 3), np.float32)
    poses[..., :2] = STANDING * size
    poses[..., 0] += 0.08 * size * np.sin(phase) * (1 - STANDING[:, 1])
    return poses


def find_cast(results: Path, target: str, frames: int) -> Cast:
    """The target's networks and poses, and stand-ins for what is not there; the poses there and back as needed."""
    tables = [*sorted((results / "poses" / target).glob("*.parquet")), results / "cleaned" / f"{target}.parquet"]
    size, poses = QUICK.picture_size, swaying(frames, size=QUICK.picture_size)
    if table := next((path for path in tables if path.exists()), None):
        read = read_pose_table(table)
        kept = read.columns.get("kept", np.ones(len(read), bool)).astype(bool)
        poses = fit_keypoints(read.keypoints[kept], size=read.size, picture_size=size)
    poses = np.concatenate([poses, poses[::-1]])[np.arange(frames) % (2 * len(poses))]
    folder = results / "gan" / target
    trained = [folder / name for name in ("pose_gan.safetensors", "face_gan.safetensors")]
    pose_gan = load_pose_gan(trained[0], device=CPU) if trained[0].exists() else untrained(poses, size)
    face_gan = load_face_gan(trained[1], device=CPU) if trained[1].exists() else untrained_face(poses, size)
    names = [path.name if path.exists() else "untrained" for path in trained]
    print(f"poses: {table or 'made up'}; poseGAN: {names[0]}; FaceGAN: {names[1]}")
    return Cast(poses, pose_gan, face_gan)


def untrained(poses: np.ndarray, size: int) -> PoseGan:
    """A poseGAN of the quick setting before its first step, in a room of soft spots."""
    generator = PoseGenerator(QUICK)
    initialise(generator, torch.Generator().manual_seed(0))
    body_px = float(np.nanquantile(body_size(poses), 0.9))
    view = View.around(poses, body_px=body_px, picture_size=size, image_size=QUICK.image_size,
                       stride=generator.stride, share=WINDOW_SHARE)  # fmt: skip
    spots = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    return PoseGan(generator.eval(), QUICK, spots.repeat(size // 8, 0).repeat(size // 8, 1), view, body_px)


def untrained_face(poses: np.ndarray, size: int) -> FaceGan:
    generator = FaceGenerator(channels=FACE.channels)
    initialise(generator, torch.Generator().manual_seed(0))
    return FaceGan(generator.eval(), FACE, patch_side(poses, patch_share=FACE.patch_share, picture_size=size))


def write(cast: Cast, pictures: Iterable[Picture], path: Path) -> None:
    with VideoWriter(path, fps=FPS, size=(cast.size, cast.size), crf=RENDERING.crf) as writer:
        for picture in pictures:
            writer.write(picture)


def render(cast: Cast, face_gan: FaceGan | None) -> Iterable[Picture]:
    return render_dance(cast.poses, pose_gan=cast.pose_gan, face_gan=face_gan, size=cast.size,
                        batch_size=RENDERING.batch_size, device=CPU)  # fmt: skip


@torch.inference_mode()
def one_after_the_other(cast: Cast) -> Iterable[Picture]:
    """The same networks, frame by frame, in single precision, one stage after the other."""
    gan, face, strength = cast.pose_gan, cast.face_gan, face_strength(cast.poses)
    view = gan.view.widened(cast.poses, body_px=gan.body_px, stride=gan.generator.stride)
    for pose, share in zip(cast.poses, strength, strict=True):
        seen = make_condition(pose[None], settings=gan.settings, view=view, plate=gan.plate, body_px=gan.body_px,
                              device=CPU)  # fmt: skip
        (picture,) = compose(gan.generator(seen.pose, **seen.inputs), seen.windows, view=view, plate=gan.plate)
        place = place_patch(pose, side=face.side, picture_size=cast.size) if share > 0 else None
        if place is not None:
            drawn = pose_picture(pose, size=(cast.size, cast.size))[place.slices]
            patch = to_tensor(picture[place.slices][None], CPU)
            residual = face.generator(patch, to_tensor(drawn[None], CPU))
            (picture[place.slices],) = to_pictures(patch + float(share) * patch_fade(face.side, CPU) * residual)
        yield picture


def overlapped(cast: Cast, path: Path) -> None:
    with made_ahead(iter(render(cast, cast.face_gan)), most=16) as pictures:
        write(cast, pictures, path)


def peak_gb(results: Path, target: str, frames: int, threads: int, folder: Path) -> float:
    """Peak memory of this process after a dance of so many frames."""
    torch.set_num_threads(threads)
    overlapped(find_cast(results, target, frames), folder / "long.mp4")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and seconds of all cores."""
    start = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start[0], time.process_time() - start[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--target", default="performer")
    parser.add_argument("--frames", type=int, default=96)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument(
        "--long", type=int, default=10, help="the long dance of the memory test, in short ones; 0: none"
    )
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    cast = find_cast(args.results, args.target, args.frames)
    ready = list(render(cast, cast.face_gan))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows: dict[str, Callable[[], object]] = {
            "one after the other": lambda: write(cast, one_after_the_other(cast), folder / "a.mp4"),
            "overlapped": lambda: overlapped(cast, folder / "b.mp4"),
            "painting alone": lambda: list(render(cast, None)),
            "encoding alone": lambda: write(cast, ready, folder / "d.mp4"),
        }
        taken: dict[str, list[tuple[float, float]]] = {row: [] for row in rows}
        for _ in range(args.repeats):
            for row, work in rows.items():
                taken[row].append(timed(work))
        print("\n| | frames/s | CPU ms a frame |\n|---|---|---|")
        rate = {}
        for row, times in taken.items():
            wall_s, cpu_s = np.median(times, axis=0)
            rate[row] = args.frames / wall_s
            print(f"| {row} | {rate[row]:.1f} | {1e3 * cpu_s / args.frames:.1f} |")
        print(f"\noverlapped: {rate['overlapped'] / rate['one after the other']:.2f} times as fast; "
              f"the encoder alone {rate['encoding alone'] / rate['overlapped']:.1f} times as fast as that")  # fmt: skip
        if args.long:
            with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
                for frames in (args.frames, args.long * args.frames):
                    memory = pool.apply(peak_gb, (args.results, args.target, frames, args.threads, folder))
                    print(f"{frames} frames: {memory:.2f} GB")


if __name__ == "__main__":
    main()
