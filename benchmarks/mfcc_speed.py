"""Time to compute the MFCC of hours of music with several processes (the paper: 30 minutes for its 9 hours).

    python benchmarks/mfcc_speed.py --hours 9 --processes 2

The sound is noise, in tracks of ten minutes held in memory as in `analyse_dance`; decoding is not included.
"""

import argparse
import multiprocessing
import time

import numpy as np

from danceit_core.music.features import audio_features

RATE_HZ, FPS, TRACK_S = 22050, 24.0, 600.0


def seconds_of_track(seed: int) -> float:
    """The time in seconds for one track of TRACK_S."""
    samples = np.random.default_rng(seed).uniform(-0.5, 0.5, round(TRACK_S * RATE_HZ)).astype(np.float32)
    start = time.perf_counter()
    audio_features(samples, sample_rate_hz=RATE_HZ, fps=FPS, frames=round(TRACK_S * FPS), kind="mfcc")
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=9.0, help="hours of sound (default 9)")
    parser.add_argument("--processes", type=int, default=2, help="number of parallel processes (default 2)")
    given = parser.parse_args()
    tracks = max(1, round(given.hours * 3600 / TRACK_S))
    with multiprocessing.Pool(given.processes) as pool:
        start = time.perf_counter()
        work = sum(pool.imap_unordered(seconds_of_track, range(tracks)))
        wall = time.perf_counter() - start
    hours = tracks * TRACK_S / 3600
    print("| hours of sound | processes | wall seconds | of it MFCC, a process | hours a second |")
    print("|---|---|---|---|---|")
    share = work / given.processes
    print(f"| {hours:.1f} | {given.processes} | {wall:.1f} | {share:.1f} | {hours / wall:.2f} |")


if __name__ == "__main__":
    main()
