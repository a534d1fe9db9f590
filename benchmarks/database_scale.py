"""The fragment database at the paper's scale and beyond: time, memory, and what one more video touches.

    python benchmarks/database_scale.py --hours 8.18 --videos 220     # the paper's 706,463 frames
    python benchmarks/database_scale.py --hours 100 --videos 2700

Cleaned keypoints and music tables are simulated (a random walk of 25 joints, 10 % of the frames dropped in runs),
written as the workflow's files, and cut by the functions of rule `cut_fragments`, one video a job, over processes.
Simulating is not counted. Then one more video is cut, and the files that changed are counted.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from danceit_core.config import FragmentSettings
from danceit_core.database.fragments import cut_fragments
from danceit_core.database.table import write_fragments
from danceit_core.music.table import Beats, MusicTable, read_music_table, write_music_table
from danceit_core.pose.table import read_pose_table, write_pose_table

FPS, LENGTHS_S = 24.0, (1.0, 2.0, 3.0, 4.0)


def simulate(number: int, *, frames: int, folder: Path) -> None:
    """A cleaned table and a music table of one video."""
    rng = np.random.default_rng(number)
    keypoints = np.ones((frames, 25, 3), np.float32)
    keypoints[..., :2] = 256 + np.cumsum(rng.normal(0, 1, (frames, 25, 2)), axis=0)
    dropped = np.repeat(rng.random(-(-frames // 48)) < 0.1, 48)[:frames]
    columns = {"kept": ~dropped, "reason": np.where(dropped, "jump", ""), "shot": np.zeros(frames, np.int32)}
    about = {"refused": "", "cuts": [], "source": {"path": f"{number}.mp4", "sha256": f"{number:064x}"}}
    write_pose_table(
        folder / f"{number}.pose.parquet", keypoints, fps=FPS, size=(512, 512), columns=columns, metadata=about
    )
    features = rng.normal(0, 1, (frames, 13)).astype(np.float32)
    loudness = np.full(frames, -12.0, np.float32)
    beats = Beats(np.arange(0, frames / FPS, 0.5), 120.0)
    music = MusicTable(features, loudness, beats, FPS, "mfcc", frames / FPS, silent=False)
    write_music_table(folder / f"{number}.music.parquet", music)


def cut_video(number: int, *, folder: Path) -> tuple[int, float]:
    """Cut one video at each length: fragments written, and the peak memory of this process in MB."""
    count = 0
    for seconds in LENGTHS_S:
        pose = read_pose_table(folder / f"{number}.pose.parquet")
        music = read_music_table(folder / f"{number}.music.parquet")
        part = cut_fragments(pose, music, video=str(number), seconds=seconds, settings=FragmentSettings())
        (folder / f"{seconds:g}s").mkdir(exist_ok=True)
        write_fragments(folder / f"{seconds:g}s" / f"{number}.parquet", part)
        count += len(part)
    return count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=706_463 / FPS / 3600, help="of dance (default: the paper's)")
    parser.add_argument("--videos", type=int, default=220, help="that the hours are shared out to (default 220)")
    parser.add_argument("--processes", type=int, default=2, help="at once (default 2)")
    given = parser.parse_args()
    frames = round(given.hours * 3600 * FPS / given.videos)
    with tempfile.TemporaryDirectory() as scratch, multiprocessing.Pool(given.processes) as pool:
        folder = Path(scratch)
        pool.map(partial(simulate, frames=frames, folder=folder), range(given.videos + 1))
        start = time.perf_counter()
        results = pool.map(partial(cut_video, folder=folder), range(given.videos), chunksize=1)
        wall = time.perf_counter() - start
        before = {path: path.stat().st_mtime_ns for path in folder.glob("*s/*.parquet")}
        cut_video(given.videos, folder=folder)
        after = {path: path.stat().st_mtime_ns for path in folder.glob("*s/*.parquet")}
        new = len(after.keys() - before.keys())
        touched = sum(before[path] != after[path] for path in before)
        size = sum(path.stat().st_size for path in before)
    print(
        "| videos | frames | fragments (1 to 4 s) | seconds | peak MB a process | GB | one more: new, changed files |"
    )
    print("|---|---|---|---|---|---|---|")
    fragments, peak = sum(count for count, _ in results), max(peak for _, peak in results)
    print(
        f"| {given.videos} | {frames * given.videos:,} | {fragments:,} | {wall:.0f} | {peak:.0f} | {size / 1e9:.1f} | "
        f"{new}, {touched} |"
    )


if __name__ == "__main__":
    main()
