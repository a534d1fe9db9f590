"""The database at the paper's scale and beyond: disk, time, memory, and the files affected by one more video.

    python benchmarks/database_scale.py --hours 8.18 --videos 220     # the paper's 706,463 frames
    python benchmarks/database_scale.py --hours 100 --videos 2700     # 10 GB of disk

Settings are the defaults: rich features, fragments of half a bar, one and two bars, and of 1, 2, 3 and 4 s every .5 s.
All music is four-four at 120 beats per minute; --no-bars: as if its bars were unknown. Cleaned keypoints with joints in
space and music are simulated (random walks, 10 % of the frames dropped in runs; all numbers are random, so nothing
compresses) for a few videos, which are reused in turn for all others. The functions of the rules run on their files,
each rule in a separate process. `measure_dance` is timed on the simulated ones. Times are CPU times; wall times are
also given, but are affected by other work on the machine.
"""

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from danceit_core.config import FragmentSettings
from danceit_core.database.counts import cut_counts
from danceit_core.database.fragments import cut_fragments
from danceit_core.database.frames import frame_paths, open_frames
from danceit_core.database.gather import gather_frames
from danceit_core.database.measure import measure_dance, read_measured, write_measured
from danceit_core.database.table import join_fragments, read_database, write_fragments
from danceit_core.music.columns import feature_width
from danceit_core.music.table import Beats, MusicTable, read_music_table, write_music_table
from danceit_core.pose.table import read_pose_table, write_pose_table

FPS, FEATURES, LENGTHS_S = 24.0, "rich", (1.0, 2.0, 3.0, 4.0)
SETTINGS = FragmentSettings()


def simulate(number: int, *, frames: int, folder: Path, bars: bool) -> None:
    """Write a cleaned table and a music table of one video; bars: whether its bars are known."""
    rng = np.random.default_rng(number)
    keypoints = np.ones((frames, 25, 3), np.float32)
    places = np.stack([np.linspace(200, 300, 25), np.linspace(100, 400, 25)], axis=1)
    keypoints[..., :2] = places + np.cumsum(rng.normal(0, 0.3, (frames, 25, 2)), axis=0)
    dropped = np.repeat(rng.random(-(-frames // 48)) < 0.1, 48)[:frames]
    columns = {
        "kept": ~dropped, "reason": np.where(dropped, "jump", ""), "shot": np.zeros(frames, np.int32),
        "world": rng.normal(0, 0.5, (frames, 25, 3)).astype(np.float32),
    }  # fmt: skip
    about = {"refused": "", "cuts": [], "source": {"path": f"{number}.mp4", "sha256": f"{number:064x}"}}
    path = folder / f"{number}.cleaned.parquet"
    write_pose_table(path, keypoints, fps=FPS, size=(512, 512), columns=columns, metadata=about)
    features = rng.normal(0, 1, (frames, feature_width(FEATURES))).astype(np.float32)
    beats_s, loudness = np.arange(0, frames / FPS, 0.5), np.full(frames, -12.0, np.float32)
    place = np.arange(len(beats_s)) % 4 + 1 if bars else np.zeros(len(beats_s), np.int64)
    beats = Beats(beats_s, 120.0, place=place, meter=4 if bars else 0)
    music = MusicTable(features, loudness, beats, FPS, FEATURES, frames / FPS, silent=False)
    write_music_table(folder / f"{number}.music.parquet", music)


def measure(folder: Path, number: int, simulated: int) -> None:
    """Rule measure_dance, for a video that uses the tables of a simulated one."""
    pose = read_pose_table(folder / f"{simulated}.cleaned.parquet")
    music = read_music_table(folder / f"{simulated}.music.parquet")
    measured = measure_dance(pose, music, video=f"v{number}", group=f"song{number}")
    write_measured(folder / "dances" / f"v{number}.parquet", measured)


def measure_some(folder: Path, distinct: int) -> None:
    """Rule measure_dance, for the simulated videos."""
    for number in range(distinct):
        measure(folder, number, number)


def repeat(folder: Path, videos: int, distinct: int) -> None:
    """Write the measurements of the other videos: copies under their own names."""
    found = [read_measured(folder / "dances" / f"v{number}.parquet") for number in range(distinct)]
    for number in range(distinct, videos):
        measured = found[number % distinct]
        about = measured.about | {"video": f"v{number}", "group": f"song{number}"}
        write_measured(folder / "dances" / f"v{number}.parquet", replace(measured, about=about))


def gather(folder: Path, videos: int, distinct: int) -> None:
    """Rule gather_frames."""
    tables = {
        name: [folder / f"{number % distinct}.{name}.parquet" for number in range(videos)]
        for name in ("cleaned", "music")
    }
    names = [f"v{number}" for number in range(videos)]
    measured = [folder / "dances" / f"{name}.parquet" for name in names]
    gather_frames(folder / "database", videos=names, **tables, measured=measured, test_share=SETTINGS.test_share)


def cut(folder: Path, seconds: float) -> None:
    """Rule cut_fragments, for one length."""
    fragments = cut_fragments(open_frames(folder / "database"), seconds=seconds, settings=SETTINGS)
    write_fragments(table_of(folder, seconds), fragments.table, metadata=fragments.metadata)


def count(folder: Path) -> None:
    """Rule cut_counts."""
    fragments = cut_counts(open_frames(folder / "database"), settings=SETTINGS)
    write_fragments(folder / "database" / "beats.parquet", fragments.table, metadata=fragments.metadata)


def join(folder: Path) -> None:
    """Rule join_fragments."""
    tables = [folder / "database" / "beats.parquet", *(table_of(folder, seconds) for seconds in LENGTHS_S)]
    join_fragments(folder / "database" / "fragments.parquet", tables)


def batches(folder: Path, count: int) -> None:
    """Open the database of 2 s and read `count` random batches of 128 fragments, poses and sound."""
    database, rng = read_database(table_of(folder, 2.0)), np.random.default_rng(0)
    for _ in range(count):
        chosen = rng.integers(len(database), size=128)
        database.keypoints_of(chosen)
        database.features_of(chosen)


def table_of(folder: Path, seconds: float) -> Path:
    """The path of the table of one length."""
    return folder / "database" / f"{seconds:g}s.parquet"


def _timed(target: Callable[..., None], given: tuple[Any, ...], queue: Any) -> None:
    start, used = time.perf_counter(), time.process_time()
    target(*given)
    queue.put((time.process_time() - used, time.perf_counter() - start, peak_mb()))


def peak_mb() -> float:
    """Peak memory of this process, MB. Linux includes that of its parent in `ru_maxrss`, so it is not used."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


def alone(target: Callable[..., None], *given: Any) -> str:
    """Run a function in a separate process; returns CPU seconds, wall seconds and peak memory as cells."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_timed, args=(target, given, queue))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{target.__name__} ended with {process.exitcode}")
    used, wall, peak = queue.get()
    return f"{used:.1f} | {wall:.1f} | {peak:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--hours", type=float, default=706_463 / FPS / 3600, help="hours of dance (default: the paper's)"
    )
    parser.add_argument("--videos", type=int, default=220, help="number of videos (default 220)")
    parser.add_argument("--distinct", type=int, default=20, help="number of simulated videos (default 20)")
    parser.add_argument("--no-bars", action="store_true", help="treat the bars of the music as unknown")
    parser.add_argument("--folder", type=Path, help="parent of the scratch folder (default: the system's)")
    given = parser.parse_args()
    frames, distinct = round(given.hours * 3600 * FPS / given.videos), min(given.distinct, given.videos)
    with tempfile.TemporaryDirectory(dir=given.folder) as scratch:
        folder = Path(scratch)
        for number in range(distinct):
            simulate(number, frames=frames, folder=folder, bars=not given.no_bars)
        print(f"{given.videos} videos, {frames * given.videos:,} frames\n")
        print("| step | processor s | wall s | peak MB |\n|---|---|---|---|")
        print(f"| measure_dance, {distinct} videos | {alone(measure_some, folder, distinct)}")
        repeat(folder, given.videos, distinct)
        before = {path: path.stat().st_mtime_ns for path in (folder / "dances").iterdir()}
        print(f"| gather_frames | {alone(gather, folder, given.videos, distinct)}")
        print(f"| cut_counts | {alone(count, folder)}")
        for seconds in LENGTHS_S:
            print(f"| cut_fragments, {seconds:g} s | {alone(cut, folder, seconds)}")
        print(f"| join_fragments | {alone(join, folder)}")
        print(f"| 100 batches of 128 fragments | {alone(batches, folder, 100)}\n")
        report(folder)
        measure(folder, given.videos, 0)
        after = {path: path.stat().st_mtime_ns for path in (folder / "dances").iterdir()}
        changed = sum(before[path] != after[path] for path in before)
        print(f"one video more: {len(after) - len(before)} new files of dances, {changed} changed")


def report(folder: Path) -> None:
    """Print the rows of each length and the sizes on disk."""
    tables = {f"of {seconds:g} s": table_of(folder, seconds) for seconds in LENGTHS_S}
    tables["in counts"] = folder / "database" / "beats.parquet"
    rows = {name: len(read_database(path, columns=["row"])) for name, path in tables.items()}
    print("fragments: " + ", ".join(f"{count:,} {name}" for name, count in rows.items()))
    sizes = {path.name: path.stat().st_size for path in (folder / "database").iterdir()}
    arrays = sum(sizes[path.name] for path in frame_paths(folder / "database").values())
    dances = sum(path.stat().st_size for path in (folder / "dances").iterdir())
    total = sum(sizes.values()) + dances
    print(
        f"disk: {total / 1e9:.2f} GB: frames {arrays / 1e9:.2f}, tables of fragments "
        f"{(sum(sizes.values()) - arrays) / 1e9:.3f}, dances {dances / 1e9:.3f}"
    )


if __name__ == "__main__":
    main()
