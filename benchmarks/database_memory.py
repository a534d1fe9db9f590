"""Peak memory of the rules that read all dance videos, by the number of videos, and the memory that they request.

    python benchmarks/database_memory.py --videos 10 100 1000

danceit_core/estimates.py is based on these figures. Videos last a minute, with simulated joints and sound; settings are
the defaults. Each rule's script runs in a separate process on the files that the previous rules wrote. A rule that
takes longer than --limit is stopped, and its peak until then counts: trainings reach it in their first epoch. The
matcher is that of the smallest number of videos.
"""

import argparse
import dataclasses
import os
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from danceit_core.config import SECTIONS, make_settings
from danceit_core.database.frames import frame_paths
from danceit_core.database.measure import measure_dance, write_measured
from danceit_core.estimates import make_estimates
from danceit_core.music.table import Beats, MusicTable, read_music_table, write_music_table
from danceit_core.pose.table import read_pose_table, write_pose_table

ROOT = Path(__file__).parents[1]
SETTINGS = {name: dataclasses.asdict(make_settings(kind, {})) for name, kind in SECTIONS.items()}
ESTIMATES = make_estimates(SETTINGS)
FPS, FRAMES, FEATURES, SONG_S = 24.0, 1440, 152, 180
# A minute of video at the frame rate that the estimates assume.
MB = 15.0
# Number of different videos; the others are copies under other names.
KINDS = 8
SECONDS = f"{SETTINGS['retrieval']['fragment_s']:g}"


class Files(list[str]):
    """A rule's input or output: paths, some of them with names."""

    def __init__(self, *paths: str, **named: Any) -> None:
        every = [*paths]
        for value in named.values():
            every += [value] if isinstance(value, str) else value
        super().__init__(every)
        for name, value in named.items():
            setattr(self, name, value)


def make_project(folder: Path, *, videos: int) -> None:
    """Make cleaned, music and measured tables of `videos` videos, and those of a target and a song."""
    for kind in range(KINDS):
        rng = np.random.default_rng(kind)
        cleaned, music = folder / f"{kind}.cleaned.parquet", folder / f"{kind}.music.parquet"
        write_dancer(cleaned, rng)
        write_sound(music, rng, frames=FRAMES)
        measured = measure_dance(read_pose_table(cleaned), read_music_table(music), video="v")
        for number in range(kind, videos, KINDS):
            for place, source in (("cleaned", cleaned), ("music", music)):
                (folder / place).mkdir(exist_ok=True)
                os.link(source, folder / place / f"v{number}.parquet")
            about = {**measured.about, "video": f"v{number}", "sound": f"{number}"}
            write_measured(folder / "dances" / f"v{number}.parquet", dataclasses.replace(measured, about=about))
    rng = np.random.default_rng(99)
    write_dancer(folder / "target.parquet", rng)
    write_sound(folder / "song.parquet", rng, frames=round(SONG_S * FPS))


def write_dancer(path: Path, rng: np.random.Generator) -> None:
    """Write a cleaned table of a drifting person, with a tenth of the frames dropped."""
    keypoints = np.ones((FRAMES, 25, 3), np.float32)
    steps = rng.normal(0, 1, (FRAMES, 25, 2)).cumsum(0)
    keypoints[..., :2] = rng.uniform(150, 350, (1, 25, 2)) + steps % 30
    keypoints[:, 1, 1], keypoints[:, 8, 1] = 200, 300
    dropped = np.repeat(rng.random(FRAMES // 48) < 0.1, 48)
    columns = {"kept": ~dropped, "reason": np.where(dropped, "jump", "").astype("<U16")}
    columns |= {"shot": np.zeros(FRAMES, np.int32), "depth": rng.normal(0, 0.2, (FRAMES, 25)).astype(np.float32)}
    columns["world"] = rng.normal(0, 0.5, (FRAMES, 25, 3)).astype(np.float32)
    about = {"refused": "", "cuts": [], "source": {"path": "v.mp4", "sha256": "0" * 64}}
    write_pose_table(path, keypoints, fps=FPS, size=(512, 512), columns=columns, metadata=about)


def write_sound(path: Path, rng: np.random.Generator, *, frames: int) -> None:
    """Write a music table with noise as features."""
    features, beats_s = rng.normal(0, 1, (frames, FEATURES)).astype(np.float32), np.arange(0, frames / FPS, 0.5)
    beats = Beats(beats_s, 120, place=np.arange(len(beats_s)) % 4 + 1, meter=4)
    loudness, kind = np.full(frames, -12, np.float32), SETTINGS["music"]["features"]
    write_music_table(path, MusicTable(features, loudness, beats, FPS, kind, frames / FPS, silent=False))


def job_of(rule: str, folder: Path, *, videos: int) -> SimpleNamespace:
    """The `snakemake` object that the workflow would pass to a rule's script."""
    names = [f"v{number}" for number in range(videos)]
    tables = {
        kind: [str(folder / kind / f"{name}.parquet") for name in names] for kind in ("cleaned", "music", "dances")
    }
    frames = {name: str(path) for name, path in frame_paths(folder / "database").items()}
    fragments, matcher = str(folder / "database" / f"{SECONDS}s.parquet"), folder / "matcher" / f"{SECONDS}s"
    trained = {name: str(matcher / f"{name}") for name in ("matcher.pt", "history.jsonl", "scores.json", "curves.png")}
    trained = {name.split(".")[0]: path for name, path in trained.items()}
    counts = str(folder / "database" / "beats.parquet")
    index = {"embeddings": "embeddings.npy", "search": "index.faiss", "about": "index.json"}
    index = {name: str(matcher / "beats" / file) for name, file in index.items()}
    costs, figure = str(folder / "costs.parquet"), str(folder / "statistics.png")
    found = {"cleaned": tables["cleaned"], "music": tables["music"]}
    given: dict[str, tuple[Files, Files, dict[str, Any]]] = {
        "gather_frames": (
            Files(**found, measured=tables["dances"]), Files(**frames),
            {"videos": names, "test_share": SETTINGS["fragments"]["test_share"]},
        ),
        "cut_fragments": (Files(**frames), Files(fragments), {"settings": SETTINGS["fragments"]}),
        "cut_counts": (Files(**frames), Files(counts), {"settings": SETTINGS["fragments"]}),
        "join_fragments": (Files(counts, fragments), Files(str(folder / "database" / "fragments.parquet")), {}),
        "describe_dances": (
            Files(**found), Files(table=str(folder / "statistics.tsv"), figure=figure),
            {"videos": names, "groups": {}, "strict": False},
        ),
        "draw_thumbnails": (
            Files(cleaned=tables["cleaned"], frames=[]), Files(str(folder / "thumbnails.html")),
            {"videos": names, "with_frames": []},
        ),
        "train_matcher": (
            Files(fragments=fragments, **frames), Files(**trained),
            {"settings": SETTINGS["matcher"] | {"epochs": 1}, "seed": 0, "state": str(matcher / "state")},
        ),
        "index_counts": (Files(fragments=counts, matcher=trained["matcher"], **frames), Files(**index), {}),
        "measure_paintable": (Files(target=str(folder / "target.parquet"), **frames), Files(costs), {}),
        "retrieve_fragments": (
            Files(music=str(folder / "song.parquet"), fragments=counts, matcher=trained["matcher"],
                  index=index["about"], paintable=[costs]),
            Files(str(folder / "plan.parquet")),
            {"settings": SETTINGS["retrieval"], "beat_kind": SETTINGS["temporal_alignment"]["beat_kind"], "style": "",
             "styles": {}},
        ),
    }  # fmt: skip
    files, made, params = given[rule]
    return SimpleNamespace(
        rule=rule, input=files, output=made, log=[str(folder / f"{rule}.log")], threads=1, resources={},
        params=SimpleNamespace(**params), wildcards=SimpleNamespace(seconds=SECONDS),
    )  # fmt: skip


RULES = (
    "gather_frames", "cut_fragments", "cut_counts", "join_fragments", "describe_dances", "draw_thumbnails",
    "train_matcher", "index_counts", "measure_paintable", "retrieve_fragments",
)  # fmt: skip
# Scripts whose name differs from that of their rule.
SCRIPTS = {"index_counts": "index_fragments"}


def measure(command: Sequence[str], *, limit_s: float) -> tuple[float, float, bool]:
    """Peak MB and seconds of a program, and whether it ended on its own."""
    start_s = time.monotonic()
    running = subprocess.Popen(command, start_new_session=True)
    peak_kb, status = 0, Path(f"/proc/{running.pid}/status")
    while running.poll() is None and time.monotonic() - start_s < limit_s:
        with status.open() as file:
            peak_kb = max([peak_kb, *(int(line.split()[1]) for line in file if line.startswith("VmHWM"))])
        time.sleep(0.02)
    ended = running.poll() is not None
    if not ended:
        os.killpg(running.pid, signal.SIGKILL)
    if running.wait() and ended:
        sys.exit(f"{' '.join(command)} failed")
    return peak_kb / 1024, time.monotonic() - start_s, ended


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--rules", nargs="+", choices=RULES, default=RULES)
    parser.add_argument("--limit", type=float, default=600.0, help="time limit of each rule, seconds (default 600)")
    parser.add_argument("--folder", type=Path, help="folder of the scratch files (default: a temporary one)")
    parser.add_argument("--run", nargs=3, metavar=("RULE", "FOLDER", "VIDEOS"), help="used by the script itself")
    given = parser.parse_args()
    if given.run:
        rule, folder, videos = given.run
        job = job_of(rule, Path(folder), videos=int(videos))
        script = ROOT / "workflow" / "scripts" / f"{SCRIPTS.get(rule, rule)}.py"
        runpy.run_path(str(script), init_globals={"snakemake": job})
        return
    print("| videos | rule | peak MB | asked for, MB | times the peak | seconds |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=given.folder) as scratch:
        smallest = Path(scratch) / str(min(given.videos)) / "matcher"
        for videos in sorted(given.videos):
            folder = Path(scratch) / str(videos)
            folder.mkdir()
            make_project(folder, videos=videos)
            for rule in given.rules:
                command = [sys.executable, __file__, "--run", rule, str(folder), str(videos)]
                peak_mb, seconds, ended = measure(command, limit_s=given.limit)
                asked_mb = ESTIMATES[SCRIPTS.get(rule, rule)].memory_mb(videos * MB, attempt=1, longest_mb=MB)
                over = "" if ended else " (ended)"
                print(f"| {videos:,} | {rule} | {peak_mb:.0f} | {asked_mb} | {asked_mb / peak_mb:.2f} | "
                      f"{seconds:.1f}{over} |", flush=True)  # fmt: skip
                if rule == "train_matcher" and folder / "matcher" != smallest and smallest.exists():
                    shutil.rmtree(folder / "matcher", ignore_errors=True)
                    shutil.copytree(smallest, folder / "matcher")
            if folder / "matcher" != smallest:
                shutil.rmtree(folder)


if __name__ == "__main__":
    main()
