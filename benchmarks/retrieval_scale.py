"""Time and memory of planning the dance of a song from 100 hours of dances, by the rule's script.

    python benchmarks/retrieval_scale.py --folder scale --hours 100

It writes a database as the workflow does (once; an existing one in the folder is reused): frames of simulated dances,
the table of their fragments in counts, random embeddings (`index_search`) with their index, a matcher with untrained
weights, the costs of painting for one person, and songs. Audio features of the dances, which retrieval does not read,
are a sparse file.

Each row is a separate process that imports what Snakemake imports for a script and runs that of `retrieve_fragments`.
The first one starts with nothing of the database in the system's cache (`cold`). `wall s` includes the start. `memory`
is the largest resident set; `of it mapped` are its pages of files, which the system reclaims when it needs them.
"""

import argparse
import os
import resource
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
from index_search import SPREAD, draw, unit
from numpy.typing import NDArray

from danceit_core.choreography.paintable import PoseCosts, write_costs
from danceit_core.choreography.plan import read_plan
from danceit_core.config import FragmentSettings, MatcherSettings
from danceit_core.database.counts import cut_counts
from danceit_core.database.frames import COLUMNS, Frames, frame_paths, open_frames, write_dances
from danceit_core.database.gather import ArrayFile
from danceit_core.database.measure import move_sizes
from danceit_core.database.table import Database, write_fragments
from danceit_core.database.windows import fragment_names
from danceit_core.matcher.index import read_index, write_index
from danceit_core.music.columns import feature_width
from danceit_core.music.table import Beats, MusicTable, write_music_table
from danceit_core.pose.measure import measure_body

ROOT = Path(__file__).parents[1]
FPS, FRAGMENT_S, DANCE_S, SONG_S = 24.0, 2.0, 180.0, 180.0
# Number of different dances; the others are copies at other places in the picture.
DIFFERENT = 20
PAINT_EVERY = 6  # distance of measured frames, as in `nearness`
RUN = """
import runpy, sys
from snakemake import script
class Files(list):
    pass
class Job:
    rule, threads, resources = "retrieve_fragments", 2, {}
job, folder, song = Job(), sys.argv[1], sys.argv[2]
names = {
    "music": f"{folder}/music/{song}.parquet", "fragments": f"{folder}/database/beats.parquet",
    "matcher": f"{folder}/matcher/2s/matcher.pt", "index": f"{folder}/matcher/2s/beats/index.json",
    "paintable": [f"{folder}/paintable/person.parquet"],
}
job.input = Files([names["music"], names["fragments"]])
vars(job.input).update(names)
job.output, job.log = [f"{folder}/choreography/{song}.first.parquet"], [f"{folder}/logs/{song}.log"]
job.params = Files()
job.params.settings, job.params.beat_kind, job.params.style, job.params.styles = {}, "min", "", {}
runpy.run_path(sys.argv[3], init_globals={"snakemake": job})
"""


def make_folder(folder: Path, *, hours: float, songs: int) -> None:
    """Make everything that the script reads, and its output folders."""
    rng = np.random.default_rng(0)
    width = feature_width("rich")
    write_frames(folder / "database", dances=round(hours * 3600 / DANCE_S), width=width, rng=rng)
    fragments = cut_alike(open_frames(folder / "database"))
    write_fragments(folder / "database" / "beats.parquet", fragments.table, metadata=fragments.metadata)
    write_matcher(folder / "matcher" / "2s" / "matcher.pt", width=width)
    size = MatcherSettings().embedding_size
    embeddings = draw("clustered", len(fragments), size, rng)
    near = embeddings[rng.integers(len(embeddings), size=200)]
    queries = unit(near + SPREAD / 2 * rng.standard_normal(near.shape))
    write_index(folder / "matcher" / "2s" / "beats", embeddings, database=fragments, queries=queries)
    parts = [
        PoseCosts.of(video, 0, frame=frames, cost=rng.random(len(frames)).astype(np.float32))
        for video, rows in zip(fragments.frames.dances["video"], fragments.frames.dances["rows"], strict=True)
        for frames in [np.arange(0, rows, PAINT_EVERY)]
    ]
    write_costs(folder / "paintable" / "person.parquet", PoseCosts.join(parts))
    count = round(SONG_S * FPS)
    for song in range(songs):
        beats_s = np.arange(0.3, SONG_S, 0.5)
        beats = Beats(beats_s, 120.0, place=np.arange(len(beats_s)) % 4 + 1, meter=4)
        features, loudness = rng.standard_normal((count, width), np.float32), rng.uniform(-30, 0, count)
        music = MusicTable(features, loudness.astype(np.float32), beats, FPS, "rich", SONG_S, silent=False)
        write_music_table(folder / "music" / f"song_{song}.parquet", music)


def write_frames(folder: Path, *, dances: int, width: int, rng: np.random.Generator) -> None:
    """Write the frames of dances of DANCE_S, one passage each, with four beats per bar; equal dances have one tempo."""
    length = round(DANCE_S * FPS)
    made = []
    for _ in range(min(DIFFERENT, dances)):
        keypoints = make_dance(length, rng)
        body = measure_body(keypoints)
        tempo_bpm = rng.uniform(80, 140)
        made.append((keypoints, move_sizes(keypoints, world=None, body=body, fps=FPS), body, tempo_bpm))
    paths, count = frame_paths(folder), dances * length
    folder.mkdir(parents=True, exist_ok=True)
    shapes = {
        "keypoints": (count, 25, 3), "world": (0, 25, 3), "features": (count, width), "moves": (count, 4),
        "passage": (count,),
    }  # fmt: skip
    kinds = {"keypoints": "<f4", "world": "<f2", "features": "<f4", "moves": "<f4", "passage": "<i4"}
    files = {name: paths[name].open("wb") for name in shapes}
    arrays = {name: ArrayFile(files[name], shapes[name], kinds[name]) for name in shapes}
    rows = []
    for number in range(dances):
        keypoints, moves, body, tempo_bpm = made[number % len(made)]
        beats_s = np.arange(0, DANCE_S, 60 / tempo_bpm)
        shift = np.array([*rng.uniform(-100, 100, 2), 0], np.float32)
        arrays["keypoints"].append(keypoints + shift)
        arrays["moves"].append(moves)
        arrays["passage"].append(np.zeros(length, np.int32))
        name = f"dance_{number:04d}"
        rows.append({
            "dance": name, "video": name, "track": 0, "first_row": number * length, "rows": length, "first_frame": 0,
            "width": 512, "height": 512, "torso_px": body.torso_px, "height_px": body.height_px,
            "ground_y": body.ground_y + shift[1], "has_sound": True, "tempo_bpm": tempo_bpm, "group": name,
            "beats_s": beats_s, "beat_place": np.arange(len(beats_s)) % 4 + 1, "meter": 4,
            "split": "train", "refused": "", "source_path": f"{name}.mp4", "source_sha256": "",
        })  # fmt: skip
    files["features"].truncate(files["features"].tell() + 4 * count * width)
    for file in files.values():
        file.close()
    described = {name: array.describe() for name, array in arrays.items()}
    about = {"fps": FPS, "feature_set": "rich"}
    write_dances(paths["dances"], pd.DataFrame(rows)[list(COLUMNS)], metadata=about, arrays=described)


def cut_alike(frames: Frames) -> Database:
    """The result of `cut_counts` for these frames, computed only for the different dances, which saves minutes."""
    some = frames.dances.iloc[:DIFFERENT]
    cut = cut_counts(replace(frames, dances=some), settings=FragmentSettings())
    rows = [np.flatnonzero(cut.table["video"] == name) for name in some["video"]]
    alike, count = [rows[number % len(rows)] for number in range(len(frames.dances))], len(frames.dances)
    own, of = np.concatenate(alike), np.repeat(np.arange(count), [len(each) for each in alike])
    table, dances = cut.table.iloc[own].reset_index(drop=True), frames.dances.iloc[of].reset_index(drop=True)
    starts, lengths = table["start_frame"].to_numpy(), table["frames"].to_numpy()
    table["fragment_id"] = fragment_names(dances["dance"].tolist(), starts, lengths)
    table["row"] = starts + of * round(DANCE_S * FPS)
    table["ground"] += (dances["ground_y"] - table["ground_y"]) / dances["torso_px"]
    for name in ("video", "source_path", "group", "tempo_bpm", "ground_y"):
        table[name] = dances[name]
    return Database(frames, table, cut.metadata)


def make_dance(frames: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Keypoints (frames, 25, 3) of a person whose joints swing slowly, the ankles least."""
    standing = np.array([
        (0, -300), (0, -250), (-40, -250), (-50, -190), (-55, -130), (40, -250), (50, -190), (55, -130), (0, -140),
        (-22, -140), (-24, -70), (-25, 0), (22, -140), (24, -70), (25, 0), (-6, -308), (6, -308), (-14, -303),
        (14, -303), (35, 12), (42, 10), (22, 6), (-35, 12), (-42, 10), (-22, 6),
    ])  # fmt: skip
    time_s = np.arange(frames)[:, None, None] / FPS
    xy = np.repeat(standing[None] + [256.0, 450.0], frames, 0)
    for rate in (0.3, 0.5, 0.9, 1.5):
        phase = rng.uniform(0, 2 * np.pi, (25, 2))
        xy += 8 * np.sin(2 * np.pi * rate * rng.uniform(0.8, 1.2, (25, 2)) * time_s + phase)
    return np.concatenate([xy, np.ones((frames, 25, 1))], -1).astype(np.float32)


def write_matcher(path: Path, *, width: int) -> None:
    """Write a matcher with untrained weights."""
    import torch  # noqa: PLC0415 (only where the folder is made)

    from danceit_core.matcher.model import CHECKPOINT_VERSION, make_encoders, save_matcher  # noqa: PLC0415

    settings = MatcherSettings()
    audio, pose = make_encoders(settings, feature_width=width)
    about = {"version": CHECKPOINT_VERSION, "settings": asdict(settings), "feature_set": "rich", "feature_width": width}
    about |= {"seconds": FRAGMENT_S, "fps": FPS, "epoch": 1, "selected_on": "last", "threshold": 1.0}
    about |= {"feature_mean": torch.zeros(width), "feature_deviation": torch.ones(width)}
    save_matcher(path, about | {"audio_encoder": audio.state_dict(), "pose_encoder": pose.state_dict()})


def forget(folder: Path) -> None:
    """Drop the folder's files from the system's cache."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fdatasync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def run_script(folder: Path, song: str) -> dict[str, float]:
    """Plan one song in a separate process: wall seconds, CPU seconds, memory and its mapped part, MB."""
    script = ROOT / "workflow" / "scripts" / "retrieve_fragments.py"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    begin = time.perf_counter()
    command = [sys.executable, "-c", RUN, str(folder), song, str(script)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    peak = {"VmHWM": 0, "RssFile": 0}

    def watch() -> None:
        while process.poll() is None:
            for line in read_status(process.pid):
                name, _, value = line.partition(":")
                if name in peak:
                    peak[name] = max(peak[name], int(value.split()[0]))
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    watcher.start()
    error = process.communicate()[1]
    wall_s = time.perf_counter() - begin
    watcher.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        sys.exit(error)
    cpu_s = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_s": wall_s, "cpu_s": cpu_s, "memory": peak["VmHWM"] / 1024, "mapped": peak["RssFile"] / 1024}


def read_status(process: int) -> list[str]:
    """The system's status of a process; empty if it has ended."""
    try:
        return Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--folder",
        type=Path,
        required=True,
        help="folder of the database, made if it does not exist; 3 GB for 100 hours",
    )
    parser.add_argument("--hours", type=float, default=100.0)
    parser.add_argument("--songs", type=int, default=10)
    given = parser.parse_args()
    if not given.folder.exists():
        begin = time.perf_counter()
        make_folder(given.folder, hours=given.hours, songs=given.songs)
        print(f"made in {time.perf_counter() - begin:.0f} s\n", flush=True)
    index = read_index(given.folder / "matcher" / "2s" / "beats" / "index.json")
    recall = ", ".join(f"Recall@{k} {share:.3f}" for k, share in index.about["recall"].items())
    print(f"{len(index):,} fragments, index {index.about['kind']}, {recall}\n")
    print("| song | cache | wall s | computing s | memory MB | of it mapped MB | clips |\n" + "|---" * 7 + "|")
    for number in range(given.songs):
        if not number:
            forget(given.folder)
        found = run_script(given.folder, f"song_{number}")
        plan = read_plan(given.folder / "choreography" / f"song_{number}.first.parquet")
        print(
            f"| {number + 1} | {'warm' if number else 'cold'} | {found['wall_s']:.1f} | {found['cpu_s']:.1f} "
            f"| {found['memory']:.0f} | {found['mapped']:.0f} | {len(plan)} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
