"""The frames of all dances, each stored once, in arrays that are memory-mapped (see docs/database.md).

    <results>/database/dances.parquet   one row per dancer: location of the frames, size of the body, sound, split
    <results>/database/keypoints.npy    (M, 25, 3) float32, pixels of the frame store and confidence, absent 0, 0, 0
    <results>/database/world.npy        (M, 25, 3) float16, joints in space, metres; NaN without them
    <results>/database/features.npy     (M, D) float32, audio features; 0 where silent
    <results>/database/moves.npy        (M, 4) float32, the columns of MOVES
    <results>/database/passage.npy      (M,) int32, number of the passage in its dance, -1 for a frame that is left out

A fragment of any length is a row of another table (`table`) with its position in these arrays.
"""

import tokenize
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from danceit_core.database.bars import checked_beats
from danceit_core.errors import DatabaseError
from danceit_core.music.columns import Features
from danceit_core.pose.skeleton import JOINTS, Keypoints
from danceit_core.pose.table import MOST_FPS
from danceit_core.tables import DAMAGE, number_of, one_line, read_table, write_table

SCHEMA_VERSION = 4
# For each frame: mean joint step into it, mean third difference around it and step of a planted ankle into it, all in
# torso lengths (`choreography.library`), and the facing angle, degrees, NaN where unknown (`pose.facing`).
MOVES = ("speed", "jerk", "slide", "facing")
SPEED, JERK, SLIDE, FACING = range(len(MOVES))
COLUMNS: dict[str, pa.DataType] = {
    "dance": pa.string(),  # `pose.tracks.dance_name`
    "video": pa.string(),
    "track": pa.int32(),  # 0 where there is one dancer
    "first_row": pa.int64(),  # of the arrays
    "rows": pa.int64(),
    "first_frame": pa.int32(),  # of the video
    "width": pa.int32(),
    "height": pa.int32(),
    "torso_px": pa.float64(),
    "height_px": pa.float64(),
    "ground_y": pa.float64(),
    "has_sound": pa.bool_(),
    "tempo_bpm": pa.float64(),  # 0: no beat
    "beats_s": pa.list_(pa.float64()),  # of the video's sound, from its start
    "beat_place": pa.list_(pa.int32()),  # in the bar of each, 1 the downbeat, 0: not known
    "meter": pa.int32(),  # beats of most bars, 0: not known
    "group": pa.string(),  # of the song: dances of one group share it
    "split": pa.string(),
    "refused": pa.string(),  # why it gives no fragments, empty if it does
    "source_path": pa.string(),
    "source_sha256": pa.string(),
}
ARRAYS = ("keypoints", "world", "features", "moves", "passage")
# The errors, besides DAMAGE, that NumPy raises on a damaged header.
BAD_HEADER = (EOFError, SyntaxError, tokenize.TokenError)
# Rows whose checksum is computed at once.
CHUNK = 1 << 16


@dataclass(frozen=True)
class Frames:
    """Every frame of every dance, once: M rows, those of a dance consecutive (see the module).

    world: None where no dance has joints in space. dances: a frame of COLUMNS. metadata: `fps` and `feature_set`.
    """

    keypoints: Keypoints
    features: Features
    moves: NDArray[np.float32]
    passage: NDArray[np.int32]
    dances: pd.DataFrame
    metadata: dict[str, Any]
    world: NDArray[np.float16] | None = None

    def __len__(self) -> int:
        return len(self.keypoints)

    @property
    def fps(self) -> float:
        """Frames per second of all dances."""
        return float(self.metadata["fps"])

    def rows_of(self, dance: str) -> slice:
        """The rows of the frames of a dance. Raises DatabaseError for an unknown dance."""
        found = np.flatnonzero(self.dances["dance"].to_numpy(object) == dance)
        if not len(found):
            raise DatabaseError(f"dance {dance!r} is not in the database; run gather_frames again")
        first, rows = (int(self.dances[name].to_numpy(np.int64)[found[0]]) for name in ("first_row", "rows"))
        return slice(first, first + rows)


def frame_paths(folder: str | Path) -> dict[str, Path]:
    """The files of the frames of a folder `<results>/database`: `dances` and those of ARRAYS."""
    folder = Path(folder)
    return {"dances": folder / "dances.parquet", **{name: folder / f"{name}.npy" for name in ARRAYS}}


def write_dances(
    path: str | Path, dances: pd.DataFrame, *, metadata: Mapping[str, Any], arrays: Mapping[str, Mapping[str, Any]]
) -> None:
    """Write the table of dances, as the last file, with shape, dtype and crc32 of the `arrays`."""
    table = pa.Table.from_pandas(dances, schema=pa.schema(list(COLUMNS.items())), preserve_index=False)
    about = {"version": SCHEMA_VERSION, **metadata, "arrays": dict(arrays)}
    write_table(path, table, metadata=about)


def open_frames(folder: str | Path, *, verify: bool = False) -> Frames:
    """The frames of a folder, memory-mapped: only the table of dances is read, unless `verify` checks the checksums.

    Raises DatabaseError where a file is missing, damaged, of another version or of another run than the others.
    """
    paths = frame_paths(folder)
    try:
        table, about = read_table(paths["dances"])
        if about.get("version") != SCHEMA_VERSION:
            raise DatabaseError(
                f"{paths['dances']} has version {about.get('version')}, but this DanceIt reads {SCHEMA_VERSION}; "
                "delete its folder and run again"
            )
        dances = table.select(list(COLUMNS)).cast(pa.schema(list(COLUMNS.items()))).to_pandas()
        arrays = {name: _open(paths[name], about["arrays"][name], verify=verify) for name in ARRAYS}
        _check_dances(dances, arrays)
        metadata = {"fps": number_of(about, "fps", most=MOST_FPS), "feature_set": str(about["feature_set"])}
    except FileNotFoundError:
        raise _missing(paths["dances"]) from None
    except DAMAGE as error:
        raise DatabaseError(
            f"{paths['dances']} is not a table of dances ({one_line(error)}); delete its folder and run again"
        ) from error
    world = arrays.pop("world")
    return Frames(**arrays, dances=dances, metadata=metadata, world=world if len(world) else None)


def _check_dances(dances: pd.DataFrame, arrays: Mapping[str, NDArray]) -> None:
    """Raise ValueError unless the dances follow each other in the arrays and fill them."""
    count, rows = len(arrays["keypoints"]), dances["rows"].to_numpy(np.int64)
    shapes = {"keypoints": (count, JOINTS, 3), "moves": (count, len(MOVES)), "passage": (count,)}
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"{name}.npy has shape {arrays[name].shape}, not {shape}")
    if len(arrays["features"]) != count or len(arrays["world"]) not in (0, count):
        raise ValueError(f"features and world have {len(arrays['features'])} and {len(arrays['world'])} rows")
    for beats, place in zip(dances["beats_s"], dances["beat_place"], strict=True):
        checked_beats(beats, place)
    if (rows < 0).any() or (dances["first_row"] != np.cumsum(rows) - rows).any() or rows.sum() != count:
        raise ValueError(f"its dances have {int(rows.sum())} frames, not {count} consecutive ones")


def _checksum(array: NDArray) -> int:
    value = 0
    for first in range(0, len(array), CHUNK):
        value = zlib.crc32(np.ascontiguousarray(array[first : first + CHUNK]).view(np.uint8).data, value)
    return value


def _open(path: Path, wanted: Mapping[str, Any], *, verify: bool) -> NDArray:
    """One array, memory-mapped. Raises DatabaseError if it differs from what the table of dances says."""
    shape, kind, checksum = tuple(wanted["shape"]), str(wanted["dtype"]), wanted["crc32"]
    try:
        # An array without elements cannot be mapped.
        array = np.load(path, mmap_mode="r" if 0 not in shape else None, allow_pickle=False)
        if array.shape != shape or str(array.dtype) != kind:
            raise ValueError(f"it holds {array.dtype} of shape {array.shape}, not {kind} of {shape}")
        if verify and _checksum(array) != checksum:
            raise ValueError("its checksum is wrong")
    except FileNotFoundError:
        raise _missing(path) from None
    except (*DAMAGE, *BAD_HEADER) as error:
        raise DatabaseError(
            f"{path} is damaged or belongs to other dances ({one_line(error)}); delete its folder and run again"
        ) from error
    return array


def _missing(path: Path) -> DatabaseError:
    return DatabaseError(f"{path}: no such file of frames; run gather_frames")
