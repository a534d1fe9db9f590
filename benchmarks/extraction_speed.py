"""Speed of keypoint extraction of several versions of the code, run in turn: median frames per second of one core.

    python benchmarks/extraction_speed.py VIDEO... --trees new=. old=../before --sizes 512 1280 1920 --frames 240

A tree is a checkout of the project; all run in this Python. Each video is first converted to a frame store of each size
(its longer side; a smaller video keeps its own). Then each version in turn processes its first frames in a separate
process with one thread: as a dance (joints only), and as a target (as this version treats one: mean with the mirror
image, outlines written). Frames per second are per second of CPU time, including decoding but not start and loading;
the ratio is the median over the turns of a version's figure over the first version's.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from danceit_core.config import VideoSettings
from danceit_core.media.encode import VideoWriter
from danceit_core.media.letterbox import store_size
from danceit_core.media.video import decode_frames, probe

KINDS = ("dance", "target")
WORKER = Path(__file__).with_name("extraction_worker.py")


def measure(tree: Path, store: Path, kind: str, *, weights: Path, scratch: Path) -> dict:
    """The output of `extraction_worker.py` for the code in a tree."""
    environment = os.environ | {"PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, WORKER, str(store), kind, str(weights), str(scratch)]
    done = subprocess.run(command, env=environment, cwd=tree, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{tree}, {store.name}, {kind}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def cut_store(video: Path, store: Path, frames: int, *, long_side: int) -> Path:
    """Make a frame store of the first frames of a video."""
    settings, info = VideoSettings(), probe(video)
    size = store_size((info.width, info.height), long_side=long_side)
    with VideoWriter(store, fps=settings.fps, size=size, crf=settings.crf, gop=12) as writer:
        for picture in itertools.islice(decode_frames(video, fps=settings.fps, size=size), frames):
            writer.write(picture)
    return store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="+", type=Path)
    parser.add_argument("--trees", nargs="+", default=["this=."], metavar="NAME=PATH")
    parser.add_argument("--sizes", nargs="+", type=int, default=[VideoSettings().size], help="longer sides, pixels")
    parser.add_argument("--frames", type=int, default=240, help="frames used of each video")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS)
    parser.add_argument("--weights", type=Path, default=Path("resources/blazepose"))
    given = parser.parse_args()
    trees = {name: Path(path).resolve() for name, _, path in (text.partition("=") for text in given.trees)}
    print("| video | size | as | version | frames/s a core | by the first's | outlines written |")
    print("|---" * 7 + "|")
    with tempfile.TemporaryDirectory() as folder:
        about = {"weights": given.weights.resolve(), "scratch": Path(folder)}
        for video, long_side in itertools.product(given.videos, given.sizes):
            store = cut_store(video, Path(folder) / f"{video.stem}_{long_side}.mp4", given.frames, long_side=long_side)
            info = probe(store)
            for kind in given.kinds:
                runs: dict[str, list[dict]] = {name: [] for name in trees}
                for _ in range(given.repeats):
                    for name, tree in trees.items():
                        runs[name].append(measure(tree, store, kind, **about))
                for row in rows(runs):
                    print(f"| {video.stem} | {info.width} x {info.height} | {kind} | {row} |", flush=True)


def rows(runs: dict[str, list[dict]]) -> Iterator[str]:
    """For each version its speed, the ratio to the first version's, and whether it wrote outlines."""
    rates = {name: np.array([run["frames"] / run["cpu_s"] for run in done]) for name, done in runs.items()}
    first = rates[next(iter(rates))]
    for name, rate in rates.items():
        wrote = "yes" if runs[name][0]["outlines"] else "no"
        yield f"{name} | {np.median(rate):.1f} | {np.median(rate / first):.2f} | {wrote}"


if __name__ == "__main__":
    main()
