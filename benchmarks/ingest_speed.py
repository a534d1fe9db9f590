"""Speed of ingest at several sizes, and compared with another checkout, by the ratio of alternating runs.

    git worktree add ../before COMMIT
    python benchmarks/ingest_speed.py --other ../before --sources 1920x1080 1080x1080 --long-sides 512 --rounds 7
    python benchmarks/ingest_speed.py --sources 1920x1080 --long-sides 512 1280 1920

A clip of 8 s (24 frames per second, H.264) of each size is encoded once, or the given videos are used. Each run is a
separate process with --threads of OpenMP; its seconds are those of ingest alone. The second last column compares wall
times, the last CPU times, which are less affected by other work on the machine. A checkout that knows only squares
(before stores had the video's shape) makes squares of that side.
"""

import argparse
import inspect
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ingest_memory import make_clip

from danceit_core.config import VideoSettings
from danceit_core.media.source import ingest_video

HERE = Path(__file__).resolve().parent.parent


def measure(path: Path, long_side: int) -> None:
    """Ingest `path` in this process; print frames, seconds and CPU seconds."""
    how = {"long_side": long_side} if "long_side" in inspect.signature(ingest_video).parameters else {}
    with tempfile.TemporaryDirectory() as folder:
        start_s = time.monotonic()
        report = ingest_video(
            path, Path(folder) / "store.mp4", settings=VideoSettings(size=long_side), tolerant=False, **how
        )
        seconds = time.monotonic() - start_s
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(report.frames, seconds, sum(one.ru_utime + one.ru_stime for one in used))


def run(checkout: Path, path: Path, *, long_side: int, threads: int) -> tuple[int, float, float]:
    """Frames, seconds and CPU seconds of one run of a checkout's ingest."""
    environment = os.environ | {"PYTHONPATH": str(checkout), "OMP_NUM_THREADS": str(threads)}
    command = [sys.executable, __file__, "--measure", str(path), str(long_side)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, cwd=checkout)
    frames, seconds, cpu_s = done.stdout.split()
    return int(frames), float(seconds), float(cpu_s)


def main() -> None:
    """Print a line for each source and size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", nargs="+", default=["1920x1080"], help="WIDTHxHEIGHT of a clip, or a video")
    parser.add_argument("--long-sides", type=int, nargs="+", default=[512])
    parser.add_argument("--other", type=Path, help="another checkout to compare with")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(Path(options.measure[0]), int(options.measure[1]))
        return
    print("| source | long side | frames/s | other: frames/s | time / other's | CPU / other's |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        for source in options.sources:
            path = Path(source).resolve()
            if not path.is_file():
                path = Path(folder) / f"{source}.mp4"
                width, height = map(int, source.split("x"))
                make_clip(path, size=(width, height))
            for long_side in options.long_sides:
                own, other = [], []
                for _ in range(options.rounds):
                    how = {"long_side": long_side, "threads": options.threads}
                    own.append(run(HERE, path, **how))
                    if options.other:
                        other.append(run(options.other.resolve(), path, **how))
                speed = statistics.median(frames / seconds for frames, seconds, _ in own)
                cells = [Path(source).name, str(long_side), f"{speed:.1f}"]
                if other:
                    pairs = list(zip(own, other, strict=True))
                    cells.append(f"{statistics.median(frames / seconds for frames, seconds, _ in other):.1f}")
                    cells += [f"{statistics.median(a[k] / b[k] for a, b in pairs):.3f}" for k in (1, 2)]
                else:
                    cells += ["-"] * 3
                print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
