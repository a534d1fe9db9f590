"""Tables: the user's, and those that one rule writes and another reads."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from checkout import ROOT
from damage import spoil_tree, strange_array, strange_value
from dancers import sine_dancer
from formats import Format, Rng
from pose_formats import FPS, SIZE, make_table, read_keypoints, spoil_json

from danceit_core.choreography.plan import Plan, read_plan, write_plan
from danceit_core.config import CleaningSettings, FragmentSettings, MusicSettings
from danceit_core.database.counts import cut_counts
from danceit_core.database.fragments import cut_fragments
from danceit_core.database.frames import frame_paths, open_frames
from danceit_core.database.gather import frames_in_memory, gather_frames
from danceit_core.database.measure import measure_dance, read_measured, write_measured
from danceit_core.database.statistics import database_statistics, describe_total, read_statistics, write_statistics
from danceit_core.database.table import Database, read_database, write_fragments
from danceit_core.evaluation.pixels_page import most_lent, title
from danceit_core.evaluation.summary import read_scores, write_scores
from danceit_core.imagination.recall.parts import NAMES
from danceit_core.imagination.recall.provenance import Origins, read_person, write_origins
from danceit_core.inputs import load_project
from danceit_core.matcher.index import read_index, write_index
from danceit_core.media.source import SourceReport, read_report, write_report
from danceit_core.music.analyse import analyse_music
from danceit_core.music.table import Beats, read_music_table, write_music_table
from danceit_core.pose.clean import clean_table
from danceit_core.pose.table import PoseTable, read_pose_table, write_pose_table
from danceit_core.tables import METADATA_KEY

SCHEMAS = ROOT / "workflow" / "schemas"
DANCE = sine_dancer(72)


def cleaned_dance() -> PoseTable:
    table = PoseTable(DANCE, {"fps": FPS, "width": SIZE, "height": SIZE, "source": {"path": "a", "sha256": "b"}})
    return clean_table(table, settings=CleaningSettings(), name="dance", tolerant=False)


def dance_music():
    clicks = np.zeros(3 * 22050, np.float32)
    clicks[::11025] = 1
    return analyse_music(clicks, sample_rate_hz=22050, fps=FPS, settings=MusicSettings())


def make_cleaned(folder: Path) -> Path:
    path, table = folder / "cleaned.parquet", cleaned_dance()
    about = {"fps": table.fps, "size": table.size, "columns": table.columns, "metadata": table.metadata}
    write_pose_table(path, table.keypoints, **about)
    return path


def read_cleaned(path: Path) -> None:
    cut({"dance": (read_pose_table(path), dance_music())})


def make_music(folder: Path) -> Path:
    path = folder / "music.parquet"
    write_music_table(path, dance_music())
    return path


def read_music(path: Path) -> None:
    cut({"dance": (cleaned_dance(), read_music_table(path))})


def cut(dances: dict) -> Database:
    return cut_fragments(frames_in_memory(dances), seconds=1.0, settings=FragmentSettings())


def make_measured(folder: Path) -> Path:
    path = folder / "measured.parquet"
    write_measured(path, measure_dance(cleaned_dance(), dance_music(), video="dance"))
    return path


def read_measurements(path: Path) -> None:
    measured = read_measured(path)
    assert np.isfinite(measured.moves[:, :3]).all()
    tables = {"cleaned": [make_cleaned(path.parent)], "music": [make_music(path.parent)], "measured": [path]}
    gather_frames(path.parent / "out", videos=["dance"], **tables, test_share=0.2)


def make_frames(folder: Path) -> Path:
    tables = {"cleaned": make_cleaned(folder), "music": make_music(folder), "measured": make_measured(folder)}
    lists = {name: [path] for name, path in tables.items()}
    gather_frames(folder, videos=["dance"], **lists, test_share=0.2)
    return frame_paths(folder)["dances"]


def make_array(folder: Path) -> Path:
    return make_frames(folder).with_name("features.npy")


def read_frames(path: Path) -> None:
    frames = open_frames(path.parent)
    cut_fragments(frames, seconds=1.0, settings=FragmentSettings()).with_poses(features=True)
    cut_counts(frames, settings=FragmentSettings()).with_poses(features=True)


def make_fragments(folder: Path) -> Path:
    make_frames(folder)
    path, fragments = folder / "1s.parquet", cut({"dance": (cleaned_dance(), dance_music())})
    write_fragments(path, fragments.table, metadata=fragments.metadata)
    return path


def read_fragments(path: Path) -> None:
    read_database(path).with_poses()


def make_counts(folder: Path) -> Path:
    path, music = folder / "beats.parquet", dance_music()
    beats = Beats(np.arange(6) / 2, 120.0, place=np.arange(6) % 3 + 1, meter=3)
    tables = {
        "cleaned": [make_cleaned(folder)],
        "music": [make_music(folder)],
        "measured": [folder / "measured.parquet"],
    }
    measured = measure_dance(cleaned_dance(), replace(music, beats=beats), video="dance")
    write_measured(folder / "measured.parquet", measured)
    gather_frames(folder, videos=["dance"], **tables, test_share=0.2)
    fragments = cut_counts(open_frames(folder), settings=FragmentSettings())
    write_fragments(path, fragments.table, metadata=fragments.metadata)
    return path


def indexed() -> Database:
    """Enough fragments for a search by FAISS."""
    frames = frames_in_memory({"dance": (cleaned_dance(), dance_music())})
    return cut_fragments(frames, seconds=1.0, settings=FragmentSettings(hop_s=0.05))


def make_index(folder: Path) -> Path:
    database = indexed()
    embeddings = np.eye(len(database), 16, dtype=np.float32)
    write_index(folder, embeddings, database=database, queries=embeddings)
    return folder / "index.json"


def make_embeddings(folder: Path) -> Path:
    return make_index(folder).with_name("embeddings.npy")


def make_search(folder: Path) -> Path:
    return make_index(folder).with_name("index.faiss")


def read_fragment_index(path: Path) -> None:
    index = read_index(path.with_name("index.json"), database=indexed())
    index.search(np.ones((2, 16), np.float32), k=1)
    index.all_distances(np.ones((2, 16), np.float32))


def make_plan(folder: Path) -> Path:
    path, start = folder / "plan.parquet", np.arange(5) * 24
    ids = np.array([f"v:{frame}" for frame in start], object)
    video = np.array(["v"] * 5, object)
    write_plan(path, Plan(start, np.full(5, 24), ids, video, start, np.ones(5), np.zeros(5)))
    return path


def make_statistics(folder: Path) -> Path:
    path = folder / "statistics.tsv"
    write_statistics(path, database_statistics([("dance", cleaned_dance(), dance_music())]))
    return path


def make_report(folder: Path) -> Path:
    path = folder / "report.json"
    sizes = (64, 64, 24.0, 2.0, "h264", True, False, 48, (1.0, 0.0, 0.0), (12,))
    write_report(path, SourceReport("dance.mp4", "abc", 1000, *sizes, refused=""))
    return path


def make_scores(folder: Path) -> Path:
    path = folder / "scores.json"
    write_scores(path, {"beats": {"s_ba_min_0": 0.5}, "pose": {"pck": float("nan")}})
    return path


def make_origins(folder: Path) -> Path:
    path = folder / "song.pixels.parquet"
    lender = np.tile(np.array([[3], [3], [8]]), (1, len(NAMES)))
    second = np.where(np.arange(3)[:, None] == 1, 8, -1) + np.zeros_like(lender)
    origins = Origins(lender, second, (second >= 0).astype(np.float32) / 3, FPS, FPS, 1.5)
    write_origins(path, {"person": origins})
    return path


def read_pixels(path: Path) -> None:
    origins = read_person(path, "person")
    origins.passing()
    most_lent(origins)
    title(origins)


def make_project(folder: Path) -> Path:
    for name in ("dance.mp4", "song.flac"):
        (folder / name).write_bytes(b"-")
    (folder / "videos.tsv").write_text("video\tpath\tstyle\nwaltz\tdance.mp4\thall\nrumba\tdance.mp4\tlatin\n")
    (folder / "songs.tsv").write_text("song\tpath\ntango\tsong.flac\n")
    (folder / "targets.tsv").write_text("target\tpath\tconsent\nperson\tdance.mp4\tyes\n")
    (folder / "edits.tsv").write_text("song\tstart_s\tend_s\taction\tvalue\ntango\t0\t2\tpin\twaltz:0\n# no\n")
    return folder / "videos.tsv"


def make_edits(folder: Path) -> Path:
    return make_project(folder).with_name("edits.tsv")


def read_project(path: Path) -> None:
    tables = {name: f"{name}.tsv" for name in ("videos", "songs", "targets", "edits")}
    project = load_project({"seed": 0, **tables}, schemas=SCHEMAS, config_files="config.yaml")
    json.dumps([asdict(edit) for edit in project.edits])


def spoil_parquet(rng: Rng, path: Path) -> None:
    """A whole Parquet file with a strange column, row number or piece of metadata."""
    table = pq.read_table(path)
    kind = int(rng.integers(4))
    names = table.column_names
    if kind == 0 and METADATA_KEY in (table.schema.metadata or {}):
        about = spoil_tree(rng, json.loads(table.schema.metadata[METADATA_KEY]))
        table = table.replace_schema_metadata({METADATA_KEY: json.dumps(about)})
    elif kind == 1:
        name = str(rng.choice(names))
        table = table.drop_columns([name]) if rng.random() < 0.5 else table.rename_columns([f"_{n}" for n in names])
    elif kind == 2:
        table = (
            table.slice(0, int(rng.integers(len(table)))) if rng.random() < 0.5 else pa.concat_tables([table, table])
        )
    else:
        table = _strange_column(rng, table, str(rng.choice(names)))
    pq.write_table(table, path)


def _strange_column(rng: Rng, table: pa.Table, name: str) -> pa.Table:
    column, at = table[name].combine_chunks(), table.column_names.index(name)
    if pa.types.is_fixed_size_list(column.type):
        width = column.type.list_size
        values = strange_array(rng, np.asarray(column.flatten()).reshape(len(column), width))
        values = values.reshape(-1)
        flat = pa.array(values.astype(str).tolist() if values.dtype.kind in "cU" else values)
        if len(flat) and len(flat) % len(table) == 0:
            strange = pa.FixedSizeListArray.from_arrays(flat, len(flat) // len(table))
        else:
            strange = pa.array([None] * len(table), column.type)
    elif pa.types.is_list(column.type):
        flat = strange_array(rng, np.asarray(column.flatten())).reshape(-1)
        flat = pa.array(flat.astype(str).tolist() if flat.dtype.kind in "cU" else flat)
        # Each row what it had, or all of it, in the first.
        bounds = column.offsets if len(flat) == len(column.flatten()) else [0, *[len(flat)] * len(column)]
        strange = pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), flat)
    elif rng.random() < 0.5:
        strange = pa.array([_of(strange_value(rng, None))] * len(table))
    else:
        values = strange_array(rng, np.asarray(column.to_numpy(zero_copy_only=False)))
        values = np.resize(values.astype(str) if values.dtype.kind == "c" else values, len(table))
        strange = pa.array(values.tolist() if values.dtype.kind == "U" else values)
    return table.set_column(at, name, strange)


def _of(value: object) -> object:
    """A value that a column may have."""
    return (
        str(value)[:100]
        if isinstance(value, (list, dict)) or (isinstance(value, int) and abs(value) > 2**62)
        else value
    )


# What no longer goes with a damaged one of them.
NAMED = ("cleaned.parquet", "dances.parquet", "keypoints.npy", "world.npy", "features.npy", "moves.npy", "passage.npy")
FORMATS = [
    Format("given keypoints", "Parquet", make_table, read_keypoints, spoil_parquet),
    Format("cleaned keypoints", "Parquet", make_cleaned, read_cleaned, spoil_parquet),
    Format("music", "Parquet", make_music, read_music, spoil_parquet),
    Format("measured dance", "Parquet", make_measured, read_measurements, spoil_parquet, named=NAMED),
    Format("table of dances", "Parquet", make_frames, read_frames, spoil_parquet, named=NAMED),
    Format("frames", "arrays", make_array, read_frames, named=NAMED),
    Format("fragments", "Parquet", make_fragments, read_fragments, spoil_parquet, named=NAMED),
    Format("fragments in counts", "Parquet", make_counts, read_fragments, spoil_parquet, named=NAMED),
    Format("index", "reports", make_index, read_fragment_index, spoil_json, named=("index.faiss",)),
    Format("embeddings", "arrays", make_embeddings, read_fragment_index, named=("index.json",)),
    Format("search", "arrays", make_search, read_fragment_index),
    Format("plan", "Parquet", make_plan, read_plan, spoil_parquet),
    Format("pixels' origins", "Parquet", make_origins, read_pixels, spoil_parquet),
    Format("source report", "reports", make_report, read_report, spoil_json),
    Format("scores", "reports", make_scores, read_scores, spoil_json),
    Format("statistics", "reports", make_statistics, lambda path: describe_total(read_statistics(path))),
    Format("videos.tsv", "tables", make_project, read_project, named=("edits.tsv",)),
    Format("edits.tsv", "tables", make_edits, read_project),
]  # fmt: skip
