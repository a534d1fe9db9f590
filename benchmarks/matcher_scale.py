"""Time of an epoch of the matcher's training, and its memory, at the paper's scale and beyond.

    python benchmarks/matcher_scale.py --hours 9 --seconds 1              # the paper: 20.9 s an epoch on its GPU
    python benchmarks/matcher_scale.py --hours 100 --seconds 2 --memory

Fragments follow each other without a gap and are noise: neither time nor memory depends on what they show. Their arrays
are memory maps, as in the workflow. Peak memory is of this process, its mapped pages included.
"""

import argparse
import dataclasses
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from danceit_core.config import MatcherSettings
from danceit_core.database.mapped import make_array, release
from danceit_core.matcher.data import Pairs, measure_features
from danceit_core.matcher.learner import Learner
from danceit_core.matcher.negatives import OtherMoments
from danceit_core.music.columns import FEATURE_WIDTHS

FPS, VIDEO_S, CHUNK = 24.0, 147.0, 4096  # the paper: 220 videos of nine hours
PAPER = {
    "unit_length": False, "augmentation": 0.0, "tempo_spread": 0.0, "average_decay": 0.0, "weight_decay": 0.0,
    "canonical_start": False, "loss": "paper",
}  # fmt: skip


def simulate(folder: Path, *, count: int, frames: int, features: str) -> Pairs:
    """Fragments of noise as memory maps."""
    rng = np.random.default_rng(0)
    keypoints = make_array((count, frames, 25, 3), folder=folder)
    sounds = make_array((count, frames, FEATURE_WIDTHS[features]), folder=folder)
    for values in (keypoints, sounds):
        noise = rng.normal(256, 40, (CHUNK, *values.shape[1:])).astype(np.float32)
        for first in range(0, count, CHUNK):
            values[first : first + CHUNK] = noise[: count - first]
            release(values)
    start_s = np.arange(count) * frames / FPS
    video = (start_s // VIDEO_S).astype(np.int64)
    return Pairs(
        keypoints, sounds, np.arange(count), video, start_s, np.full(count, 120.0), np.full(count, "train"),
        {"fps": FPS, "seconds": frames / FPS, "feature_set": features},
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=9.0)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a fragment")
    parser.add_argument("--epochs", type=int, default=3, help="that are timed; the median is shown")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[MatcherSettings().batch_size])
    parser.add_argument("--memory", action="store_true", help="one epoch of rich features, for its memory")
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    frames = round(given.seconds * FPS)
    count = int(given.hours * 3600 * FPS) // frames
    rows = [("rich", {}, "default")]
    if not given.memory:
        rows += [("mfcc", {}, "default"), ("mfcc", PAPER, "as the paper's")]
    device = torch.device(given.device)
    torch.set_num_threads(1)  # an operation; each encoder has a core of its own, as in the workflow
    print("| settings | features | device | batch | fragments | s an epoch | peak GB of memory |\n" + "|---" * 7 + "|")
    for features, changed, name in rows:
        with tempfile.TemporaryDirectory() as folder:
            pairs = simulate(Path(folder), count=count, frames=frames, features=features)
            scale = measure_features(pairs)
            for batch_size in given.batch_sizes:
                settings = dataclasses.replace(MatcherSettings(), batch_size=batch_size, **changed)
                learner = Learner(settings, feature_width=FEATURE_WIDTHS[features], device=device)
                moments = OtherMoments(pairs, delay_s=settings.delay_s)
                rng = np.random.default_rng(0)
                times_s = []
                for _ in range(1 if given.memory else given.epochs):
                    start = time.perf_counter()
                    learner.train_epoch(pairs, moments, scale=scale, rng=rng)
                    times_s.append(time.perf_counter() - start)
                peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
                print(f"| {name} | {features} | {device} | {batch_size} | {count:,} | {np.median(times_s):.1f} | "
                      f"{peak_gb:.2f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
