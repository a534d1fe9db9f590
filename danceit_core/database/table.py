"""The fragment database as files: one Parquet file a video and length, all of one schema (see docs/database.md).

    <results>/database/{seconds}s/{video}.parquet

The files of a folder are one table, for this module and for pandas, polars or DuckDB alike; a video without a fragment
has a file of no rows. A file depends on its video alone, so a new video leaves all others as they are.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from danceit_core.database.mapped import make_array, release
from danceit_core.database.split import TEST, TRAIN, held_out
from danceit_core.errors import DatabaseError
from danceit_core.files import whole_file
from danceit_core.music.columns import Features
from danceit_core.pose.skeleton import JOINTS, Keypoints
from danceit_core.pose.table import MOST_FPS, MOST_PIXELS
from danceit_core.tables import DAMAGE, METADATA_KEY, list_column, number_of, one_line, read_table

SCHEMA_VERSION = 2
# What the files of one database have in common, and what else each says: the size of its video's frames.
COMMON = ("fps", "seconds", "feature_set", "test_share")
SIZE = ("width", "height")
COLUMNS: dict[str, pa.DataType] = {
    "fragment_id": pa.string(),
    "video": pa.string(),
    "track": pa.int32(),
    "source_path": pa.string(),
    "source_sha256": pa.string(),
    "start_frame": pa.int32(),
    "frames": pa.int32(),
    "passage_end": pa.int32(),
    "has_sound": pa.bool_(),
    "tempo_bpm": pa.float64(),
    "torso_px": pa.float64(),
    "height_px": pa.float64(),
    "ground_y": pa.float64(),
    "split": pa.string(),
}
ARRAYS = ("keypoints", "features")
# Files that were written before it was there hold one dancer each.
LATER = {"track": 0}
# Of files written before there was depth it is missing.
FACING = "facing"
TEXTS = [name for name, kind in COLUMNS.items() if kind == pa.string()]
LONGEST_S = 3600
# Bounds what writing holds in memory, and lets a reader take a part of a long video.
ROWS_A_GROUP = 1024


@dataclass(frozen=True)
class Database:
    """Fragments of one length: keypoints (N, F, 25, 3), features (N, F, D), a frame of the other columns, metadata.

    facing (N, F): the way the body faces, degrees (`pose.facing`), NaN where unknown; None: of no fragment.
    """

    keypoints: Keypoints
    features: Features
    table: pd.DataFrame
    metadata: dict[str, Any]
    facing: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.keypoints)

    @property
    def fps(self) -> float:
        """Frames per second of the fragments."""
        return float(self.metadata["fps"])

    def subset(self, rows: NDArray[np.bool_]) -> "Database":
        """The fragments where `rows` (N,) is true, in the same order."""
        table = self.table[rows].reset_index(drop=True)
        facing = None if self.facing is None else self.facing[rows]
        return Database(self.keypoints[rows], self.features[rows], table, self.metadata, facing)


def write_fragments(path: str | Path, fragments: Database) -> None:
    """Write the fragments of one video; appears whole or not at all. The table has the columns of COLUMNS."""
    schema = pa.schema(list(COLUMNS.items()))
    data = pa.Table.from_pandas(fragments.table, schema=schema, preserve_index=False)
    facing = fragments.facing
    if facing is None:
        facing = np.full(fragments.keypoints.shape[:2], np.nan, np.float32)
    for name, values in zip((*ARRAYS, FACING), (fragments.keypoints, fragments.features, facing), strict=True):
        # (N, F, ...) -> (N * numbers a fragment,)
        flat = pa.array(np.ascontiguousarray(values, np.float32).reshape(-1))
        lists = pa.FixedSizeListArray.from_arrays(flat, int(np.prod(values.shape[1:])))
        data = data.append_column(name, lists)
    about = {METADATA_KEY: json.dumps({"version": SCHEMA_VERSION, **fragments.metadata})}
    with whole_file(path) as partial:
        # Coordinates hardly repeat: a dictionary of them costs time and saves nothing.
        pq.write_table(
            data.replace_schema_metadata(about),
            partial,
            compression="zstd",
            use_dictionary=TEXTS,
            write_statistics=list(COLUMNS),
            row_group_size=ROWS_A_GROUP,
            write_page_checksum=True,
        )


def read_database(paths: Sequence[str | Path], *, folder: str | Path | None = None) -> Database:
    """All fragments of one length: what `write_fragments` wrote for each video, in the order of the paths.

    Column `split` is settled (see `split.held_out`) over the videos that have fragments with sound. Memory: the
    fragments themselves and one file more; with `folder`, keypoints and features are memory maps of nameless
    files on its disk, and only one file of the database is in memory. Raises DatabaseError
    for a file that is none or of another version, when the files do not go together, and when there is no fragment in
    any of them.
    """
    if not paths:
        raise DatabaseError("a fragment database of no video; list some in the videos table")
    parts = [_read_about(path) for path in paths]
    filled = [part for part in parts if part.rows]
    if not filled:
        about = parts[0].about
        longest = max(part.about.get("longest_s", 0.0) for part in parts)
        raise DatabaseError(
            f"no fragment of {about['seconds']:g} s: the longest passage kept is {longest:.1f} s in {len(parts)} "
            f"videos ({parts[0].path}, ...); add longer videos, choose shorter fragments or relax `cleaning`"
        )
    about = {key: filled[0].about[key] for key in COMMON}
    for part in filled:
        _check_alike(part, filled[0])
    count, frames = sum(part.rows for part in filled), round(about["seconds"] * about["fps"])
    keypoints = make_array((count, frames, JOINTS, 3), folder=folder)
    features = make_array((count, frames, filled[0].widths[1] // frames), folder=folder)
    facing = make_array((count, frames), folder=folder)
    tables, first = [], 0
    for part in filled:
        rows = slice(first, first + part.rows)
        tables.append(_read_part(part, keypoints[rows], features[rows], facing[rows]))
        release(keypoints)
        release(features)
        release(facing)
        first += part.rows
    table = pa.concat_tables(tables).replace_schema_metadata(None).to_pandas()
    table["split"] = _settled_split(table, test_share=float(about["test_share"]))
    return Database(keypoints, features, table, about, facing)


@dataclass(frozen=True)
class _Part:
    """One file before its numbers are read: its rows, metadata and the numbers a row of keypoints and features."""

    path: Path
    rows: int
    about: dict[str, Any]
    widths: tuple[int, int]


def _read_about(path: str | Path) -> _Part:
    """The metadata of one file. Raises DatabaseError where it is no fragment table of this version."""
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
        about = json.loads((schema.metadata or {})[METADATA_KEY])
        version = about.get("version", 1)
        if version != SCHEMA_VERSION:
            raise DatabaseError(
                f"{path} is a fragment table of version {version}, this DanceIt reads version {SCHEMA_VERSION}; "
                "delete it and run again"
            )
        missing = ({*COMMON, *SIZE} - about.keys()) | (set(COLUMNS) - set(schema.names) - set(LATER))
        if missing:
            raise ValueError(f"it lacks {sorted(missing)}")
        keypoints, features = (schema.field(name).type.list_size for name in ARRAYS)
        fps, seconds = number_of(about, "fps", most=MOST_FPS), number_of(about, "seconds", most=LONGEST_S)
        for key in SIZE:
            number_of(about, key, most=MOST_PIXELS)
        for key in ("test_share", "longest_s"):
            number_of({"longest_s": 0, **about}, key, zero=True)
        if rows and (keypoints != round(seconds * fps) * JOINTS * 3 or features % round(seconds * fps)):
            raise ValueError(f"a row holds {keypoints} and {features} numbers, not those of {seconds:g} s")
    except FileNotFoundError:
        raise DatabaseError(f"{path}: no such fragment table; run cut_fragments") from None
    except DAMAGE as error:
        raise _damaged(path, error) from error
    return _Part(Path(path), rows, about, (keypoints, features))


def _damaged(path: str | Path, error: BaseException) -> DatabaseError:
    return DatabaseError(f"{path} is not a fragment table ({one_line(error)}); delete it and run again")


def _check_alike(part: _Part, first: _Part) -> None:
    """Raise DatabaseError where two files are not of one database."""
    for key in COMMON:
        if part.about[key] != first.about[key]:
            raise DatabaseError(
                f"{key} is {first.about[key]} in {first.path} and {part.about[key]} in {part.path}; "
                "run the earlier stages again so that all videos have one"
            )
    if part.widths != first.widths:
        raise DatabaseError(
            f"a row holds {first.widths} numbers in {first.path}, {part.widths} in {part.path}; delete both, run again"
        )


def _read_part(
    part: _Part, keypoints: NDArray[np.float32], features: NDArray[np.float32], facing: NDArray[np.float32]
) -> pa.Table:
    """One file's arrays put into (N, F, ...) arrays of as many numbers, and its other columns. Raises DatabaseError."""
    try:
        data, _ = read_table(part.path)
        for name, target in zip(ARRAYS, (keypoints, features), strict=True):
            _copy_rows(data.select([name]), target)
        if FACING in data.column_names:
            _copy_rows(data.select([FACING]), facing)
        else:
            facing[...] = np.nan
        if not np.isfinite(features).all():
            raise ValueError("its features are not finite")
        for name, value in LATER.items():
            if name not in data.column_names:
                data = data.append_column(name, pa.array(np.full(data.num_rows, value), COLUMNS[name]))
        table = data.select(list(COLUMNS)).cast(pa.schema(list(COLUMNS.items()), metadata=data.schema.metadata))
        if any(column.null_count for column in table.columns):
            raise ValueError("it has empty cells")
    except DAMAGE as error:
        raise _damaged(part.path, error) from error
    return table


def _copy_rows(table: pa.Table, target: NDArray[np.float32]) -> None:
    """Copy a table of one list column into an array (N, F, ...) of as many numbers, a piece at a time."""
    first = 0
    for batch in table.to_batches():
        rows = target[first : first + len(batch)]
        rows[...] = list_column(pa.Table.from_batches([batch]), table.column_names[0]).reshape(rows.shape)
        first += len(batch)


def _settled_split(table: pd.DataFrame, *, test_share: float) -> NDArray[Any]:
    """The column `split` with videos with sound on both sides, wherever there are two of them."""
    sounding = table["has_sound"].to_numpy(bool)
    videos = table["video"].to_numpy(object)
    tested = held_out(set(videos[sounding]), share=test_share)
    return np.where(sounding, np.where(np.isin(videos, sorted(tested)), TEST, TRAIN), table["split"])
