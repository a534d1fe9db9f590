"""The fragment database: fragments as ranges of the frames of all dances (see docs/database.md).

    <results>/database/beats.parquet        of half a bar, one and two bars (`counts`): unit `beats`
    <results>/database/{seconds}s.parquet   of one length in seconds (`fragments`): unit `seconds`
    <results>/database/fragments.parquet    the rows of all these tables, for inspection

A row gives the dance of a fragment and its position in the arrays of `frames`. Another length is only another table of
rows; the frames are stored once. Pandas, polars and DuckDB can read the rows directly, and with their poses through
`Database.with_poses`.
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

from danceit_core.database.frames import FACING, Frames, open_frames
from danceit_core.database.windows import take_lists, take_windows
from danceit_core.errors import DatabaseError
from danceit_core.files import whole_file
from danceit_core.music.columns import Features
from danceit_core.pose.skeleton import Keypoints
from danceit_core.pose.table import MOST_FPS
from danceit_core.tables import DAMAGE, METADATA_KEY, number_of, one_line, read_table, write_table

SCHEMA_VERSION = 4
BEATS, SECONDS = "beats", "seconds"
# The entries of the metadata; `seconds` is another one if that is the unit.
COMMON = ("fps", "unit", "feature_set", "test_share")
COLUMNS: dict[str, pa.DataType] = {
    "fragment_id": pa.string(),
    "video": pa.string(),
    "track": pa.int32(),
    "source_path": pa.string(),
    "source_sha256": pa.string(),
    "start_frame": pa.int32(),  # of the video
    "frames": pa.int32(),
    "seconds": pa.float64(),
    "beats": pa.int32(),  # of the dance's music that it lasts; 0: it was cut by seconds
    "place": pa.int32(),  # in the bar of its first beat, 1 the downbeat; 0: not known
    "meter": pa.int32(),  # beats a bar there; 0: not known
    "row": pa.int64(),  # of the arrays, where it begins
    "passage_start": pa.int32(),  # of the video
    "passage_end": pa.int32(),
    "has_sound": pa.bool_(),
    "tempo_bpm": pa.float64(),
    "torso_px": pa.float64(),
    "height_px": pa.float64(),
    "ground_y": pa.float64(),
    "ground": pa.float64(),  # the fragment's own ankle line, torso lengths
    "group": pa.string(),
    "split": pa.string(),
}
LONGEST_S = 3600
# Number of fragments whose poses are gathered at once for a table with poses.
AT_ONCE = 1024


@dataclass(frozen=True)
class Database:
    """N fragments over the frames of their dances. table: a frame of COLUMNS.

    metadata: COMMON, and `seconds` if all fragments have that length.
    """

    frames: Frames
    table: pd.DataFrame
    metadata: dict[str, Any]

    def __len__(self) -> int:
        return len(self.table)

    @property
    def fps(self) -> float:
        """Frames per second of the fragments."""
        return float(self.metadata["fps"])

    @property
    def unit(self) -> str:
        """How the fragments are cut: BEATS, each with its own length, or SECONDS, all of one length."""
        return str(self.metadata["unit"])

    @property
    def seconds(self) -> float:
        """Length of a fragment, seconds. Raises DatabaseError if their lengths differ."""
        if self.unit != SECONDS:
            raise DatabaseError("fragments in beats have different lengths; read a table of one length in seconds")
        return float(self.metadata["seconds"])

    @property
    def length(self) -> int:
        """Frames of a fragment, F. Raises DatabaseError if their lengths differ."""
        return round(self.seconds * self.fps)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Frames of each fragment, (N,)."""
        return self.table["frames"].to_numpy(np.int64)

    @property
    def starts(self) -> NDArray[np.int64]:
        """Position in the arrays at which each fragment begins, (N,)."""
        return self.table["row"].to_numpy(np.int64)

    def keypoints_of(self, fragments: NDArray[Any]) -> Keypoints:
        """Keypoints (K, F, 25, 3) of some fragments (numbers or a mask) of one length."""
        return take_windows(self.frames.keypoints, self.starts[fragments], self._length_of(fragments))

    def features_of(self, fragments: NDArray[Any]) -> Features:
        """Audio features (K, F, D) of some fragments of one length."""
        return take_windows(self.frames.features, self.starts[fragments], self._length_of(fragments))

    def facing_of(self, fragments: NDArray[Any]) -> NDArray[np.float32]:
        """The facing angle in each frame of some fragments of one length, (K, F) degrees, NaN where unknown."""
        return take_windows(self.frames.moves, self.starts[fragments], self._length_of(fragments))[..., FACING]

    def subset(self, fragments: NDArray[Any]) -> "Database":
        """Some fragments (a mask or numbers), over the same frames."""
        return Database(self.frames, self.table.iloc[np.asarray(fragments)].reset_index(drop=True), self.metadata)

    def with_poses(self, *, features: bool = False) -> pa.Table:
        """All columns of the fragments with their `keypoints` (a list of F x 75 float32) and `facing` (F), as Arrow.

        F is the length of each fragment. For pandas (`.to_pandas()`), polars (`polars.from_arrow`) and DuckDB, which
        reads it by its variable's name. features: include the list of F x D audio `features`. Everything is held in
        memory: take a `subset`.
        """
        whole = pa.Table.from_pandas(self.table, preserve_index=False)
        columns = {"keypoints": self.frames.keypoints, "facing": self.frames.moves[:, FACING]}
        if features:
            columns["features"] = self.frames.features
        starts, lengths = self.starts, self.lengths
        for name, values in columns.items():
            chunks = [
                take_lists(values, starts[first : first + AT_ONCE], lengths[first : first + AT_ONCE])
                for first in range(0, max(1, len(self)), AT_ONCE)
            ]
            whole = whole.append_column(name, pa.chunked_array(chunks))
        return whole

    def _length_of(self, fragments: NDArray[Any]) -> int:
        """The one length of some fragments. Raises DatabaseError where they have several."""
        if self.unit == SECONDS:
            return self.length
        lengths = np.unique(self.lengths[fragments])
        if len(lengths) > 1:
            found = f"{lengths[0]} to {lengths[-1]} frames"
            raise DatabaseError(f"fragments of {found} in one array; take those of one length, or use `with_poses`")
        return int(lengths[0]) if len(lengths) else 0


def write_fragments(path: str | Path, table: pd.DataFrame, *, metadata: dict[str, Any]) -> None:
    """Write the fragments of one table atomically. The table has the columns of COLUMNS."""
    schema = pa.schema(list(COLUMNS.items()))
    rows = pa.Table.from_pandas(table[list(COLUMNS)], schema=schema, preserve_index=False)
    write_table(path, rows, metadata={"version": SCHEMA_VERSION, **metadata})


def read_database(
    path: str | Path, frames: Frames | str | Path | None = None, *, columns: Sequence[str] | None = None
) -> Database:
    """The fragments of one table, with their frames memory-mapped.

    frames: the frames, or their folder; None: the folder of `path`. columns: of the table, None: all; `row` includes
    `frames`. Raises DatabaseError for another kind of file or version, if it does not match the frames, and if it holds
    no fragment.
    """
    wanted = list(COLUMNS) if columns is None else list(columns)
    if "row" in wanted and "frames" not in wanted:
        wanted.append("frames")
    rows, about = _read_table(path, wanted)
    if not len(rows):
        least = f"{about[SECONDS]:g} s" if about["unit"] == SECONDS else "half a bar (1 s where bars are unknown)"
        raise DatabaseError(
            f"no fragment of {least}: the longest kept passage is {about['longest_s']:.1f} s in "
            f"{about['videos']} videos ({path}); add longer videos, choose shorter fragments or relax `cleaning`"
        )
    found = frames if isinstance(frames, Frames) else open_frames(Path(path).parent if frames is None else frames)
    kept = {key: about[key] for key in (*COMMON, SECONDS) if key in about}
    database = Database(found, rows.to_pandas(), kept)
    _check_together(database, path)
    return database


def join_fragments(path: str | Path, tables: Sequence[str | Path]) -> None:
    """Write the rows of several tables as one table, with one of them in memory at a time.

    Raises DatabaseError for a file that is not a fragment table.
    """
    abouts = [_read_table(each, [])[1] for each in tables]
    about = {key: abouts[0][key] for key in COMMON if key != "unit"}
    joined = {"version": SCHEMA_VERSION, **about, "tables": [Path(each).name for each in tables]}
    schema = pa.schema(list(COLUMNS.items()), metadata={METADATA_KEY: json.dumps(joined)})
    with whole_file(path) as partial, pq.ParquetWriter(partial, schema, compression="zstd") as writer:
        for each in tables:
            writer.write_table(_read_table(each, list(COLUMNS))[0].cast(schema))


def _read_table(path: str | Path, columns: list[str]) -> tuple[pa.Table, dict[str, Any]]:
    """Columns of one table, and its metadata. Raises DatabaseError for any other file."""
    try:
        rows, about = read_table(path, columns=columns)
        if about.get("version", 1) != SCHEMA_VERSION:
            raise DatabaseError(
                f"{path} is a fragment table of version {about.get('version', 1)}, but this DanceIt reads version "
                f"{SCHEMA_VERSION}; delete it and run again"
            )
        if "tables" in about:
            one = str(about["tables"][0])
            raise DatabaseError(f"{path} holds the fragments of several tables; read one of them, {one} beside it")
        own = (SECONDS,) if about["unit"] == SECONDS else ()
        about = {key: about[key] for key in (*COMMON, *own, "longest_s", "videos")}
        if about["unit"] not in (BEATS, SECONDS):
            raise ValueError(f"its unit is {str(about['unit'])[:40]!r}")
        number_of(about, "fps", most=MOST_FPS)
        if own:
            number_of(about, SECONDS, most=LONGEST_S)
        for key in ("test_share", "longest_s", "videos"):
            number_of(about, key, zero=True)
        rows = rows.select(columns).cast(pa.schema([(name, COLUMNS[name]) for name in columns]))
        if any(column.null_count for column in rows.columns):
            raise ValueError("it has empty cells")
    except FileNotFoundError:
        rule = "cut_counts" if Path(path).stem == BEATS else "cut_fragments"
        raise DatabaseError(f"{path}: no such fragment table; run {rule}") from None
    except DAMAGE as error:
        raise DatabaseError(f"{path} is not a fragment table ({one_line(error)}); delete it and run again") from error
    return rows.replace_schema_metadata(None), about


def _check_together(database: Database, path: str | Path) -> None:
    """Raise DatabaseError if a table of fragments does not belong to these frames."""
    frames, metadata = database.frames, database.metadata
    for key in ("fps", "feature_set"):
        if frames.metadata[key] != metadata[key]:
            raise DatabaseError(
                f"{key} is {metadata[key]} in {path} and {frames.metadata[key]} in the frames beside it; run again"
            )
    if "row" in database.table:
        starts, lengths = database.starts, database.lengths
        wrong = lengths != database.length if database.unit == SECONDS else lengths < 1
        if wrong.any() or (starts < 0).any() or (starts + lengths > len(frames)).any():
            raise DatabaseError(f"{path} has fragments beyond the {len(frames)} frames of its dances; run again")
