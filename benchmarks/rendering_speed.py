"""Speed of painting and writing a dance, and its bottleneck: stage by stage, then as in the workflow.

    taskset -c 0,1 python benchmarks/rendering_speed.py --results results --target performer
    taskset -c 0,1 python benchmarks/rendering_speed.py --sizes 512x512 1280x720 1920x1080

Networks and poses are those of the target, if they exist (results/gan, results/poses, results/camera). With --sizes
they are untrained networks of the quick setting, which cost the same, in rooms of these sizes with a swaying person.
Rows of each table:

- one after the other: drawn, painted, refined and encoded frame by frame, in single precision;
- overlapped: `render_dance` and `VideoWriter` as in the rule render_video;
- painting alone: `render_dance` without FaceGAN, nothing written;
- encoding alone: the finished pictures, written.

Rows take turns; each figure is the median of --repeats. Do not use the machine for other work: in the first row all
cores share each layer, so if another job delays one of them the others wait, and the row appears many times slower than
it is. CPU: time of all cores per frame. Memory is the peak of a process that renders the given number of frames.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch

from danceit_core.config import FaceGanSettings, PoseGanSettings, RenderingSettings
from danceit_core.imagination.networks.checkpoint import FaceGan, PoseGan, load_face_gan, load_pose_gan
from danceit_core.imagination.networks.face import (
    FaceGenerator,
    face_strength,
    patch_fade,
    patch_pose,
    patch_side,
    place_patch,
)
from danceit_core.imagination.networks.generator import PoseGenerator, initialise
from danceit_core.imagination.recall.library import Lending
from danceit_core.imagination.rendering.batches import make_condition, to_pictures, to_tensor
from danceit_core.imagination.rendering.compose import compose
from danceit_core.imagination.rendering.draft import TargetFiles, lending_for
from danceit_core.imagination.rendering.render import render_dance
from danceit_core.imagination.target.region import body_size
from danceit_core.imagination.target.view import View
from danceit_core.imagination.training.train import WINDOW_SHARE
from danceit_core.media.ahead import made_ahead
from danceit_core.media.letterbox import Picture
from danceit_core.media.video import VideoWriter
from danceit_core.pose.plate import on_plate
from danceit_core.pose.table import read_pose_table

CPU, FPS = torch.device("cpu"), 24.0
DEFAULT_SIZE = (512, 512)
ROWS = ("one after the other", "overlapped", "painting alone", "encoding alone")
QUICK, FACE, RENDERING = PoseGanSettings(painter="paint"), FaceGanSettings(), RenderingSettings()
# BODY_25 of a standing person, in shares of the picture.
STANDING = np.array([
    (50, 16), (50, 28), (41, 28), (39, 43), (38, 57), (59, 28), (61, 43), (62, 57), (50, 53), (45, 53), (45, 70),
    (44, 86), (55, 53), (55, 70), (56, 86), (49, 14), (51, 14), (47, 15), (53, 15), (58, 89), (60, 88), (55, 87),
    (42, 89), (40, 88), (45, 87),
]) / 100  # fmt: skip


@dataclass(frozen=True)
class Cast:
    """The dancer's networks and dance: poses (T, 25, 3) in pixels of the poseGAN's plate."""

    poses: np.ndarray
    pose_gan: PoseGan
    face_gan: FaceGan | None
    lending: Lending | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures."""
        return self.pose_gan.view.size


def swaying(frames: int, *, size: tuple[int, int]) -> np.ndarray:
    """Poses (frames, 25, 3) in the middle, four fifths of the picture high; higher joints sway farther."""
    phase = 2 * np.pi * np.arange(frames)[:, None] / FPS
    poses, height = np.ones((frames, 25, 3), np.float32), min(size)
    poses[..., :2] = (STANDING - 0.5) * height + np.array(size) / 2
    poses[..., 0] += 0.08 * height * np.sin(phase) * (1 - STANDING[:, 1])
    return poses


def made_up(frames: int, size: tuple[int, int]) -> Cast:
    """Untrained networks and a swaying person, in a room of (width, height) pixels."""
    poses = swaying(frames, size=size)
    return Cast(poses, untrained(poses, size), untrained_face(poses, size))


def find_cast(results: Path, target: str, frames: int, *, face_too: bool) -> Cast:
    """The target's networks and poses, the poses forwards and backwards as needed; otherwise untrained ones."""
    folder = results / "gan" / target
    trained = [folder / name for name in ("pose_gan.safetensors", "face_gan.safetensors")]
    if not trained[0].exists():
        print(f"no networks in {folder}: using untrained ones")
        return made_up(frames, DEFAULT_SIZE)
    pose_gan = load_pose_gan(trained[0], device=CPU)
    tables = [*sorted((results / "poses" / target).glob("*.parquet")), results / "camera" / f"{target}.parquet"]
    table = read_pose_table(next(path for path in tables if path.exists()))
    kept = table.columns.get("kept", np.ones(len(table), bool)).astype(bool)
    poses = on_plate(table)[kept]
    poses = np.concatenate([poses, poses[::-1]])[np.arange(frames) % (2 * len(poses))]
    plate = results / "plates" / f"{target}.png"
    files = TargetFiles(
        results / "frames" / f"{target}.mp4", results / "camera" / f"{target}.parquet",
        plate if plate.exists() else None, results / "outlines" / f"{target}.mkv",
    )  # fmt: skip
    lending = lending_for(pose_gan, files, poses, fps=FPS)
    # Off by default, so measured only if it was trained.
    face = load_face_gan(trained[1], device=CPU) if face_too and trained[1].exists() else None
    return Cast(poses, pose_gan, face, lending)


def untrained(poses: np.ndarray, size: tuple[int, int]) -> PoseGan:
    """A poseGAN of the quick setting before its first step, in a room of soft spots."""
    generator = PoseGenerator(QUICK)
    initialise(generator, torch.Generator().manual_seed(0))
    body_px = float(np.nanquantile(body_size(poses), 0.9))
    view = View.around(poses, body_px=body_px, size=size, image_size=QUICK.image_size,
                       stride=generator.stride, share=WINDOW_SHARE)  # fmt: skip
    spots = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    room = cv2.resize(spots, size, interpolation=cv2.INTER_NEAREST)
    return PoseGan(generator.eval(), QUICK, room, view, body_px)


def untrained_face(poses: np.ndarray, size: tuple[int, int]) -> FaceGan:
    generator = FaceGenerator(channels=FACE.channels)
    initialise(generator, torch.Generator().manual_seed(0))
    return FaceGan(generator.eval(), FACE, patch_side(poses, patch_share=FACE.patch_share, size=size))


def write(cast: Cast, pictures: Iterable[Picture], path: Path) -> None:
    with VideoWriter(path, fps=FPS, size=cast.size, crf=RENDERING.crf) as writer:
        for picture in pictures:
            writer.write(picture)


def render(cast: Cast, face_gan: FaceGan | None) -> Iterable[Picture]:
    return render_dance(cast.poses, pose_gan=cast.pose_gan, face_gan=face_gan, lending=cast.lending,
                        batch_size=RENDERING.batch_size, device=CPU)  # fmt: skip


@torch.inference_mode()
def one_after_the_other(cast: Cast) -> Iterable[Picture]:
    """The same networks, frame by frame, in single precision, stage by stage."""
    gan, face, strength = cast.pose_gan, cast.face_gan, face_strength(cast.poses)
    view = gan.view.widened(cast.poses, body_px=gan.body_px, stride=gan.generator.stride)
    for pose, share in zip(cast.poses, strength, strict=True):
        seen = make_condition(pose[None], settings=gan.settings, view=view, plate=gan.plate, body_px=gan.body_px,
                              device=CPU)  # fmt: skip
        room = None if gan.plate is None else torch.from_numpy(gan.plate)
        (picture,) = compose(gan.generator(seen.pose, **seen.inputs), seen.windows, view=view, plate=room).numpy()
        place = place_patch(pose, side=face.side, size=cast.size) if face is not None and share > 0 else None
        if face is not None and place is not None:
            drawn = patch_pose(pose, place, size=cast.size)
            patch = to_tensor(picture[place.slices][None], CPU)
            residual = face.generator(patch, to_tensor(drawn[None], CPU))
            (picture[place.slices],) = to_pictures(patch + float(share) * patch_fade(face.side, CPU) * residual)
        yield picture


def overlapped(cast: Cast, path: Path) -> None:
    with made_ahead(iter(render(cast, cast.face_gan)), most=16) as pictures:
        write(cast, pictures, path)


def peak_gb(cast: Callable[[int], Cast], frames: int, threads: int, folder: Path) -> float:
    """Peak memory of a process that renders a dance of `frames` frames."""
    torch.set_num_threads(threads)
    overlapped(cast(frames), folder / "long.mp4")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall seconds, and CPU seconds of all cores."""
    start = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start[0], time.process_time() - start[1]


def measure(
    cast: Callable[[int], Cast], *, rows: list[str], frames: int, repeats: int, threads: int, long: int
) -> None:
    """Print the table and the memory of one cast."""
    shown = cast(frames)
    view = shown.pose_gan.view
    shape = f"window {view.window[0]} x {view.window[1]}, to the network {view.network[0]} x {view.network[1]}"
    print(f"\n{shown.size[0]} x {shown.size[1]}: {shape}, FaceGAN {'on' if shown.face_gan else 'off'}")
    ready = list(render(shown, shown.face_gan))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        works: dict[str, Callable[[], object]] = {
            "one after the other": lambda: write(shown, one_after_the_other(shown), folder / "a.mp4"),
            "overlapped": lambda: overlapped(shown, folder / "b.mp4"),
            "painting alone": lambda: deque(render(shown, None), maxlen=1),
            "encoding alone": lambda: write(shown, ready, folder / "d.mp4"),
        }
        if shown.lending is not None:
            # A painter that recalls is measured only as in the rule; single precision frame by frame does not apply.
            rows = [row for row in rows if row != ROWS[0]]
        taken: dict[str, list[tuple[float, float]]] = {row: [] for row in rows}
        for _ in range(repeats):
            for row in rows:
                taken[row].append(timed(works[row]))
        print("\n| | frames/s | CPU ms a frame |\n|---|---|---|")
        rate = {}
        for row, times in taken.items():
            wall_s, cpu_s = np.median(times, axis=0)
            rate[row] = frames / wall_s
            print(f"| {row} | {rate[row]:.1f} | {1e3 * cpu_s / frames:.1f} |")
        if {*works} <= {*rate}:
            faster = rate["overlapped"] / rate["one after the other"]
            spare = rate["encoding alone"] / rate["overlapped"]
            print(f"\noverlapped: {faster:.2f} times as fast; the encoder alone {spare:.1f} times as fast as that")
        if long:
            with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
                for number in (frames, long * frames):
                    memory = pool.apply(peak_gb, (cast, number, threads, folder))
                    print(f"{number} frames: {memory:.2f} GB", flush=True)


def as_size(text: str) -> tuple[int, int]:
    """1280x720 as (1280, 720)."""
    width, height = text.split("x")
    return int(width), int(height)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--target", default="performer")
    parser.add_argument(
        "--sizes",
        nargs="+",
        type=as_size,
        default=[],
        help="use synthetic dancers of these sizes instead: 1280x720 ...",
    )
    parser.add_argument("--face", action="store_true", help="use the target's FaceGAN")
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=ROWS)
    parser.add_argument("--frames", type=int, default=96)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument(
        "--long", type=int, default=10, help="length of the memory test's long dance, in short ones; 0: none"
    )
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    casts: list[Callable[[int], Cast]] = [partial(made_up, size=size) for size in args.sizes]
    options = {
        "rows": args.rows,
        "frames": args.frames,
        "repeats": args.repeats,
        "threads": args.threads,
        "long": args.long,
    }
    for cast in casts or [partial(find_cast, args.results, args.target, face_too=args.face)]:
        measure(cast, **options)


if __name__ == "__main__":
    main()
