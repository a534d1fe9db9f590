"""Peak memory of training and rendering by the length of the target's video: the store is never held in memory.

    python benchmarks/target_memory.py --size 1920x1080 --minutes 2
    python benchmarks/target_memory.py --size 3840x2160 --minutes 10

The video is synthetic: a person sways in a room of soft spots. It is encoded once as a frame store of PIECE_S seconds,
whose packets are repeated until it is long enough. Each stage runs in a separate process, as in the workflow: poseGAN
(--steps steps of the default setting, a review, its checkpoint), FaceGAN (as many steps), and --render-s seconds of the
video. For each stage it prints the peak resident memory, of which `own` cannot be released without swap, and `mapped`
are pages of files (crops beyond a limit, libraries), which the system reclaims when it needs memory. Limits: 4 GB for
two minutes of 1080p, 6 GB for ten minutes of 4K.
"""

import argparse
import multiprocessing
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import torch
from rendering_speed import STANDING, as_size

from danceit_core.config import FaceGanSettings, PoseGanSettings, RenderingSettings
from danceit_core.imagination.networks.checkpoint import load_face_gan, load_pose_gan
from danceit_core.imagination.rendering.render import render_dance
from danceit_core.imagination.target.data import read_target
from danceit_core.imagination.training.face_training import train_face_gan
from danceit_core.imagination.training.train import train_from_files
from danceit_core.media.ahead import made_ahead
from danceit_core.media.picture import read_picture, write_picture
from danceit_core.media.video import STORE_GOP, VideoWriter
from danceit_core.pose.draw import draw_skeleton
from danceit_core.pose.table import read_pose_table, write_pose_table

CPU, FPS, PIECE_S = torch.device("cpu"), 24, 2
SAMPLED_S, MEGA = 0.02, 1e6
AHEAD = 16  # as in the rule render_video
Size = tuple[int, int]


def make_room(size: Size) -> np.ndarray:
    """Soft spots, uint8 (H, W, 3)."""
    spots = np.random.default_rng(0).integers(60, 200, (9, 16, 3)).astype(np.uint8)
    return cv2.resize(spots, size, interpolation=cv2.INTER_CUBIC)


def swaying(frames: int, size: Size) -> np.ndarray:
    """Poses (frames, 25, 3) that repeat every PIECE_S seconds."""
    phase = 2 * np.pi * np.arange(frames)[:, None] / (FPS * PIECE_S)
    poses, height = np.ones((frames, 25, 3), np.float32), min(size)
    poses[..., :2] = (STANDING - 0.5) * height + np.array(size) / 2
    poses[..., 0] += 0.08 * height * np.sin(phase) * (1 - STANDING[:, 1])
    return poses


def make_target(folder: Path, size: Size, *, frames: int) -> None:
    """Make frame store, table and plate in a folder."""
    room, poses = make_room(size), swaying(frames, size)
    write_picture(folder / "plate.png", room)
    write_pose_table(folder / "table.parquet", poses, fps=FPS, size=size, columns={"kept": np.ones(frames, bool)})
    with VideoWriter(folder / "piece.mp4", fps=FPS, size=size, crf=18, gop=STORE_GOP) as writer:
        for pose in poses[: FPS * PIECE_S]:
            writer.write(draw_skeleton(room, pose, thickness=min(size) // 24))
    repeat(folder / "piece.mp4", folder / "store.mp4", frames=frames)


def repeat(piece: Path, path: Path, *, frames: int) -> None:
    """Repeat the packets of a short video until there are `frames` frames (a multiple of the piece's)."""
    with av.open(str(piece)) as source, av.open(str(path), "w") as made:
        given = source.streams.video[0]
        stream = made.add_stream_from_template(given)
        base = given.time_base
        if base is None:
            raise ValueError("the video has no time base")
        packets = [packet for packet in source.demux(given) if packet.dts is not None]
        data = [(bytes(p), p.pts, p.dts, p.is_keyframe, p.duration) for p in packets]
        length = round(Fraction(len(data), FPS) / base)
        for turn in range(frames // len(data)):
            for content, pts, dts, keyframe, duration in data:
                packet = av.Packet(content)
                packet.pts, packet.dts, packet.time_base = pts + turn * length, dts + turn * length, base
                packet.is_keyframe, packet.duration, packet.stream = keyframe, duration, stream
                made.mux(packet)


class Peak:
    """Peak memory of this process within the context, bytes: all of it, and the peaks of own and mapped memory."""

    def __enter__(self) -> "Peak":
        self.total = self.own = self.mapped = 0
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._done.wait(SAMPLED_S):
            lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
            own, mapped = (
                1024 * sum(int(lines[name].split()[0]) for name in names)
                for names in (("RssAnon",), ("RssFile", "RssShmem"))
            )
            self.own, self.mapped = max(self.own, own), max(self.mapped, mapped)
            self.total = max(self.total, own + mapped)


def train(folder: Path, steps: int) -> None:
    """Train the poseGAN."""
    settings = replace(PoseGanSettings(), painter="paint", iterations=steps, checkpoint_every=steps)
    files = {"frames": folder / "store.mp4", "poses": folder / "table.parquet", "plate": folder / "plate.png"}
    made = {"checkpoint_path": folder / "gan", "samples_path": folder / "samples.png"}
    made |= {"history_path": folder / "history.jsonl", "curves_path": folder / "curves.png"}
    train_from_files(**files, **made, settings=asdict(settings), seed=0, device=CPU)


def train_face(folder: Path, steps: int) -> None:
    """Train the FaceGAN."""
    gan = load_pose_gan(folder / "gan", device=CPU)
    target = read_target(folder / "store.mp4", folder / "table.parquet", folder / "plate.png", settings=gan.settings)
    made = {"checkpoint_path": folder / "face", "samples_path": folder / "faces.png"}
    train_face_gan(
        target, pose_gan=gan, settings=replace(FaceGanSettings(), iterations=steps), seed=0, device=CPU, **made
    )


def render(folder: Path, frames: int) -> None:
    """Render the finished video."""
    gan, face = load_pose_gan(folder / "gan", device=CPU), load_face_gan(folder / "face", device=CPU)
    poses = read_pose_table(folder / "table.parquet").keypoints[:frames]
    options = {"batch_size": RenderingSettings().batch_size, "device": CPU}
    pictures = render_dance(poses, pose_gan=gan, face_gan=face, **options)
    size = read_picture(folder / "plate.png").shape[1::-1]
    writer = VideoWriter(folder / "dance.mp4", fps=FPS, size=size, crf=RenderingSettings().crf)
    with made_ahead(pictures, most=AHEAD) as ahead, writer:
        for picture in ahead:
            writer.write(picture)


def measured(stage: Callable[[Path, int], None], folder: Path, number: int, threads: int) -> tuple[float, ...]:
    """Peak bytes of a stage (all, own and mapped) and its seconds."""
    torch.set_num_threads(threads)
    start_s = time.monotonic()
    with Peak() as peak:
        stage(folder, number)
    return peak.total, peak.own, peak.mapped, time.monotonic() - start_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=as_size, default=(1920, 1080), help="size of the frame store")
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--render-s", type=float, default=4.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="folder of temporary files; default: the system's")
    given = parser.parse_args()
    frames = round(60 * given.minutes / PIECE_S) * PIECE_S * FPS
    works = {"poseGAN": (train, given.steps), "FaceGAN": (train_face, given.steps)}
    works["rendering"] = (render, round(given.render_s * FPS))
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        make_target(folder, given.size, frames=frames)
        print(f"{frames} frames of {given.size[0]} x {given.size[1]}; as arrays "
              f"{3 * frames * given.size[0] * given.size[1] / 1e9:.0f} GB")  # fmt: skip
        print("\n| | peak MB | own | mapped | seconds |\n|---|---|---|---|---|", flush=True)
        for stage, (work, number) in works.items():
            with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
                *peaks, seconds = pool.apply(measured, (work, folder, number, given.threads))
            cells = " | ".join(f"{peak / MEGA:.0f}" for peak in peaks)
            print(f"| {stage} | {cells} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
