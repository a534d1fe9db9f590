"""Time per epoch of the matcher's training, and its memory, at the paper's scale and beyond.

    python benchmarks/matcher_scale.py --hours 9 --seconds 1 --hop 0      # the paper: 20.9 s per epoch on its GPU
    python benchmarks/matcher_scale.py --hours 100 --memory

Fragments of 2 s begin every half second, the default; --hop 0: end to end, as in the paper. Frames are noise, because
neither time nor memory depends on their content. Each is stored once in memory maps, as in the workflow. --batches
times some batches of an epoch and scales up. Peak memory is that of this process, including mapped pages.
"""

import argparse
import dataclasses
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from danceit_core.config import FragmentSettings, MatcherSettings
from danceit_core.database.mapped import release
from danceit_core.matcher.data import Pairs, measure_features
from danceit_core.matcher.learner import Learner
from danceit_core.matcher.negatives import OtherMoments
from danceit_core.matcher.windows import FeatureScale, Windows
from danceit_core.music.columns import FEATURE_WIDTHS

FPS, VIDEO_S, CHUNK = 24.0, 147.0, 4096  # the paper: 220 videos of nine hours
PAPER = {
    "unit_length": False, "augmentation": 0.0, "tempo_spread": 0.0, "average_decay": 0.0, "weight_decay": 0.0,
    "canonical_start": False, "loss": "paper", "encoder": "paper",
}  # fmt: skip


def simulate(folder: Path, *, hours: float, length: int, hop: int, features: str) -> Pairs:
    """Fragments of noise over frames in memory maps."""
    rng, count = np.random.default_rng(0), int(hours * 3600 * FPS)
    arrays = {"keypoints": (25, 3), "features": (FEATURE_WIDTHS[features],)}
    mapped = {}
    for name, shape in arrays.items():
        values = np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.float32, (count, *shape))
        noise = rng.normal(256, 40, (CHUNK, *shape)).astype(np.float32)
        for first in range(0, count, CHUNK):
            values[first : first + CHUNK] = noise[: count - first]
            release(values)
        del values
        mapped[name] = np.load(folder / f"{name}.npy", mmap_mode="r")
    video_frames = round(VIDEO_S * FPS)
    starts = np.arange(0, count - length + 1, hop)
    starts = starts[starts % video_frames <= video_frames - length]
    video, many = starts // video_frames, len(starts)
    return Pairs(
        windows=Windows(mapped["keypoints"], mapped["features"], length), starts=starts, video=video, group=video,
        start_s=starts % video_frames / FPS, tempo_bpm=np.full(many, 120.0), part=np.full(many, "train"),
        about={"fps": FPS, "seconds": length / FPS, "feature_set": features},
    )  # fmt: skip


def time_epoch(learner: Learner, pairs: Pairs, scale: FeatureScale, *, batches: int | None) -> float:
    """Seconds of an epoch, scaled up from its first `batches` if they are given."""
    rng, settings = np.random.default_rng(0), learner.settings
    some = pairs
    if batches is not None and batches * settings.batch_size < len(pairs):
        # A range of fragments: the same work per batch, from anywhere in the frames.
        some = pairs.only(np.sort(rng.permutation(len(pairs))[: batches * settings.batch_size]))
    moments = OtherMoments(some, delay_s=settings.delay_s)
    start = time.perf_counter()
    learner.train_epoch(some, moments, scale=scale, rng=rng)
    return (time.perf_counter() - start) * len(pairs) / len(some)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=9.0)
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a fragment")
    parser.add_argument(
        "--hop", type=float, default=FragmentSettings().hop_s, help="distance between fragments, seconds"
    )
    parser.add_argument("--epochs", type=int, default=3, help="number of timed epochs; the median is shown")
    parser.add_argument("--batches", type=int, default=None, help="number of timed batches of an epoch; default: all")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[MatcherSettings().batch_size])
    parser.add_argument("--memory", action="store_true", help="run one epoch with rich features, for its memory")
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    length = round(given.seconds * FPS)
    rows = [("rich", {}, "default")]
    if not given.memory:
        rows += [("mfcc", {}, "default"), ("mfcc", PAPER, "as the paper's")]
    device = torch.device(given.device)
    torch.set_num_threads(1)  # per operation; each encoder has its own core, as in the workflow
    print(
        "| settings | features | device | batch | fragments | s to measure features | s an epoch | peak GB of memory |"
    )
    print("|---" * 8 + "|")
    for features, changed, name in rows:
        with tempfile.TemporaryDirectory() as folder:
            pairs = simulate(
                Path(folder), hours=given.hours, length=length, hop=round(given.hop * FPS) or length, features=features
            )
            start = time.perf_counter()
            scale = measure_features(pairs)
            measured_s = time.perf_counter() - start
            pairs = pairs.on(device)
            for batch_size in given.batch_sizes:
                settings = dataclasses.replace(MatcherSettings(), batch_size=batch_size, **changed)
                learner = Learner(settings, feature_width=FEATURE_WIDTHS[features], device=device)
                epochs = 1 if given.memory else given.epochs
                times_s = [time_epoch(learner, pairs, scale, batches=given.batches) for _ in range(epochs)]
                peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
                print(f"| {name} | {features} | {device} | {batch_size} | {len(pairs):,} | {measured_s:.1f} | "
                      f"{np.median(times_s):.1f} | {peak_gb:.2f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
