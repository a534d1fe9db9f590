"""Speed of the painter's training and painting on the available device, with our network and with the paper's.

    python benchmarks/gpu_painter.py                        # a GPU if there is one
    python benchmarks/gpu_painter.py --device cpu --networks small --steps 3 --frames 8 --size 320x180

A synthetic person in a synthetic room, drawn at --size and held in memory like a frame store: the results depend only
on sizes. Networks: `default` (config.yaml), `paint` (the same, all pixels painted), `paper` (paper.yaml), `small` (for
testing this script). For each: training steps and pictures per second, median of --repeats; peak memory of the device,
and the copies of a step between host and device (counted by the profiler; not on a CPU). Pictures are finished, uint8
and on the host. --batch changes the batch size of the settings.
"""

import argparse
import dataclasses
import resource
import tempfile
import time
from collections.abc import Callable

import cv2
import numpy as np
import torch
from rendering_speed import as_size, swaying
from torch.profiler import ProfilerActivity, profile

from danceit_core.config import PoseGanSettings
from danceit_core.imagination.recall.library import Lending, Shelf
from danceit_core.imagination.rendering.render import render_dance
from danceit_core.imagination.target.data import TargetFrames
from danceit_core.imagination.training.pose_step import PoseStep, make_step
from danceit_core.imagination.training.train import begin
from danceit_core.pose.skeleton import LIMBS

NETWORKS = {
    "default": PoseGanSettings(),
    "paint": PoseGanSettings(painter="paint"),
    "paper": PoseGanSettings(
        painter="paint", picture_size=512, image_size=512, crop=False, channels=64, kernel=7, downsamplings=4, blocks=9,
        enhancer_blocks=3, discriminator_channels=64, discriminators=3, background_plate=False, body_chart=False,
    ),
    "small": PoseGanSettings(image_size=64, channels=16, downsamplings=2, blocks=1, discriminator_channels=8,
                             discriminators=1),
}  # fmt: skip
FRAMES, FPS = 96, 24.0


class DrawnFilm:
    """A person of coloured limbs in front of soft spots, drawn on demand."""

    has_outlines = True

    def __init__(self, poses: np.ndarray, size: tuple[int, int]) -> None:
        spots = np.random.default_rng(0).integers(60, 200, (8, 8, 3)).astype(np.uint8)
        self.poses, self.size, self.room = poses, size, cv2.resize(spots, size, interpolation=cv2.INTER_CUBIC)

    def _drawn(self, number: int, canvas: np.ndarray) -> np.ndarray:
        width = max(1, min(self.size) // 16)
        for k, (a, b) in enumerate(LIMBS):
            ends = (tuple(map(int, self.poses[number, end, :2])) for end in (a, b))
            cv2.line(canvas, *ends, (40 + 8 * k, 220 - 8 * k, 90), width, cv2.LINE_AA)
        return canvas

    def cuts(self, numbers, windows):
        for number, window in zip(numbers, windows, strict=True):
            yield self._drawn(int(number), self.room.copy())[window.slices]

    def outline_cuts(self, numbers, windows):
        for number, window in zip(numbers, windows, strict=True):
            person = self._drawn(int(number), np.zeros_like(self.room)).any(-1)
            yield np.where(person, 255, 0).astype(np.uint8)[window.slices]

    def pictures(self, numbers):
        return (self._drawn(int(number), self.room.copy()) for number in numbers)


def made_up(size: tuple[int, int]) -> TargetFrames:
    poses = swaying(FRAMES, size=size)
    film = DrawnFilm(poses, size)
    return TargetFrames(film, poses, np.arange(FRAMES) < FRAMES - 12, plate=film.room, fps=FPS / 12)


def finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def rate(work: Callable[[], object], count: int, *, repeats: int, device: torch.device) -> float:
    """Median rate of `count` items, per second."""
    work()  # compile, fill caches and choose algorithms
    taken = []
    for _ in range(repeats):
        finish(device)
        start_s = time.perf_counter()
        work()
        finish(device)
        taken.append(time.perf_counter() - start_s)
    return count / float(np.median(taken))


def copies(step: PoseStep, device: torch.device) -> str:
    """Copies between host and device in one step, and their bytes if the profiler reports them."""
    if device.type != "cuda":
        return "-"
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
        step(1)
        finish(device)
    ways = {"to": "HtoD", "from": "DtoH"}
    counted = {way: sum(name in event.name for event in seen.events()) for way, name in ways.items()}
    return f"{counted['to']} to, {counted['from']} from"


def peak_gb(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def measure(name: str, args: argparse.Namespace, device: torch.device) -> str:
    """A row of the table."""
    settings = NETWORKS[name]
    size = 2 * (settings.picture_size,) if settings.picture_size else args.size
    if args.batch:
        settings = dataclasses.replace(settings, batch_size=args.batch)
    target = made_up(size)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    duel, gan = begin(target, settings=settings, seed=1, device=device)
    with tempfile.TemporaryDirectory() as folder:
        step = make_step(target, duel, gan, seed=1, device=device, folder=folder)
        plan = step.fit()
        steps = rate(lambda: [step(k) for k in range(args.steps)], args.steps, repeats=args.repeats, device=device)
        copied = copies(step, device)
    poses = swaying(args.frames, size=size)
    lending = None
    if gan.generator.recalls:
        lending = Lending.of(Shelf.of(target, view=gan.view, body_px=gan.body_px), poses, fps=FPS)

    def paint() -> None:
        pictures = render_dance(poses, pose_gan=gan, face_gan=None, lending=lending, batch_size=args.rendering_batch,
                                device=device)  # fmt: skip
        for _ in pictures:
            pass

    frames = rate(paint, args.frames, repeats=args.repeats, device=device)
    width, height = gan.view.network
    parts = f"{plan.accumulation} x {plan.micro_batch}"
    sizes = f"{size[0]} x {size[1]} | {width} x {height} | {parts}"
    return f"| {name} | {sizes} | {steps:.2f} | {frames:.1f} | {peak_gb(device):.2f} | {copied} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--networks", nargs="+", default=["default", "paint", "paper"], choices=NETWORKS)
    parser.add_argument("--size", type=as_size, default=(1280, 720), help="size of the video: 1280x720")
    parser.add_argument("--batch", type=int, default=0, help="samples per step; 0: as in the settings")
    parser.add_argument("--rendering-batch", type=int, default=4)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0, help="0: torch's own choice")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    device = torch.device(args.device)
    about = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    print(f"torch {torch.__version__}, {about}\n", flush=True)
    print("| network | video | sees | batch | steps/s | frames/s | memory, GB | copies a step |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for name in args.networks:
        print(measure(name, args, device), flush=True)


if __name__ == "__main__":
    main()
