"""Keypoint and pose tables: one Parquet file per video, one row per frame.

Columns: `frame` int32 (0, 1, 2, ...), `time_s` float64 (= frame / fps), `keypoints` fixed-size list of 75 float32
(25 BODY_25 joints x (x, y, confidence), pixels of the picture named in the metadata). Stages add columns of their
own (cleaning: `kept`, `reason`; a generated dance: `source_video`, `source_frame`, `match_distance`, and on a plate
larger than its picture `plate_x`, `plate_y`, see `plate`). For a target on its plate: `camera` (3 x 3, from pixels
of the frame store to those of the plate) where the camera moves, `exposure` (3: gains of red, green and blue) where the
light changes. Where the
detector gives them (`estimate.Detection` says what they are), also of lists of float32: `depth` (25), `world` (25 x 3),
`fingers` (6 x 3), `hands` (2 x 21 x 3), `face` (468 x 3). With a column `track` the table holds several dancers
(`tracks`), its rows are ordered by (track, frame), and `frame` is not the number of the row. The file's key-value
metadata holds one JSON object under
"danceit": fps, width, height, schema (2; files before the lists have none) and the stage's additions.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from danceit_core.errors import PoseError
from danceit_core.pose.skeleton import JOINTS, Keypoints
from danceit_core.tables import DAMAGE, list_column, number_of, one_line, read_table, write_table

MOST_FPS, MOST_PIXELS, MOST_OFFSET = 1000, 65536, 2**31
# Kinds (as in numpy's dtype.kind) of the columns that stages add.
COLUMN_KINDS = {
    "people": "iu", "kept": "b", "reason": "OU", "shot": "iu", "source_video": "OU", "source_frame": "iu",
    "source_track": "iu", "match_distance": "f", "track": "iu", "frame": "iu", "plate_x": "f", "plate_y": "f",
    "source_mirrored": "b",
}  # fmt: skip
# Columns of lists: shape of a row. Schema 1 had none of them.
LIST_COLUMNS: dict[str, tuple[int, ...]] = {
    "depth": (JOINTS,), "world": (JOINTS, 3), "fingers": (6, 3), "hands": (2, 21, 3), "face": (468, 3),
    "camera": (3, 3), "exposure": (3,),
}  # fmt: skip
SCHEMA = 2


@dataclass(frozen=True)
class PoseTable:
    """Keypoints of one video: `keypoints` (T, 25, 3), `columns` of length T, `metadata` with fps, width, height.

    Columns of lists are arrays of the shapes of LIST_COLUMNS: (T, 25), (T, 25, 3), (T, 6, 3), ... A table of several
    dancers (column `track`) has a column `frame`, too; without, row k is frame k.
    """

    keypoints: Keypoints
    metadata: dict[str, Any]
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def fps(self) -> float:
        """Frames per second of the table's timeline."""
        return float(self.metadata["fps"])

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels of the picture the coordinates belong to."""
        return int(self.metadata["width"]), int(self.metadata["height"])

    def __len__(self) -> int:
        return len(self.keypoints)


def write_pose_table(
    path: str | Path,
    keypoints: Keypoints,
    *,
    fps: float,
    size: tuple[int, int],
    columns: dict[str, ArrayLike] | None = None,
    metadata: dict[str, Any] | None = None,
) -> None:
    """Write (T, 25, 3) keypoints and further columns of length T atomically."""
    keypoints = np.ascontiguousarray(keypoints, np.float32)
    if keypoints.ndim != 3 or keypoints.shape[1:] != (JOINTS, 3):
        raise PoseError(f"{path}: keypoints have shape {keypoints.shape}; (frames, 25, 3) is expected")
    columns = dict(columns or {})
    frame = np.asarray(columns.pop("frame", np.arange(len(keypoints))), np.int32)
    data: dict[str, Any] = {
        "frame": pa.array(frame),
        "time_s": pa.array(frame / fps),
        "keypoints": pa.FixedSizeListArray.from_arrays(pa.array(keypoints.reshape(-1)), 3 * JOINTS),
    }
    for name, values in columns.items():
        data[name] = _as_lists(values, LIST_COLUMNS[name]) if name in LIST_COLUMNS else pa.array(values)
    about = {"fps": fps, "width": size[0], "height": size[1], **(metadata or {}), "schema": SCHEMA}
    write_table(path, pa.table(data), metadata=about)


def read_pose_table(path: str | Path, *, columns: list[str] | None = None) -> PoseTable:
    """Read what `write_pose_table` wrote, only `columns` if given. PoseError if the file is not a keypoint table."""
    try:
        table, metadata = read_table(path, columns=columns)
        # (T * 75,) -> (T, 25, 3)
        keypoints = list_column(table, "keypoints").reshape(table.num_rows, JOINTS, 3)
        _check_metadata(metadata)
        core = {"time_s", "keypoints"} | (set() if "track" in table.column_names else {"frame"})
        further = {
            name: list_column(table, name).reshape(table.num_rows, *LIST_COLUMNS[name])
            if name in LIST_COLUMNS
            else table[name].to_numpy()
            for name in table.column_names
            if name not in core
        }
        for name, kinds in COLUMN_KINDS.items():
            if name in further and further[name].dtype.kind not in kinds:
                raise ValueError(f"column {name} holds {further[name].dtype}")
        if "track" in further:
            _check_tracks(further["track"], further["frame"])
    except FileNotFoundError:
        raise PoseError(f"{path}: no such keypoint table; run the rule that writes it") from None
    except DAMAGE as error:
        raise PoseError(
            f"{path} is not a keypoint table of DanceIt ({one_line(error)}); delete it and run again"
        ) from error
    return PoseTable(keypoints, metadata, further)


def _as_lists(values: ArrayLike, shape: tuple[int, ...]) -> pa.Array:
    """(T, *shape) numbers as a column of lists."""
    numbers = np.ascontiguousarray(values, np.float32).reshape(-1)
    return pa.FixedSizeListArray.from_arrays(pa.array(numbers), int(np.prod(shape)))


def _check_tracks(track: NDArray[np.integer], frame: NDArray[np.integer]) -> None:
    """Raise ValueError unless each track has consecutive frames and the tracks are in order."""
    step = np.diff(track.astype(np.int64))
    if len(track) and (track.min() < 0 or frame.min() < 0 or (step < 0).any()):
        raise ValueError("its rows are not in the order of track and frame")
    if (np.diff(frame.astype(np.int64))[step == 0] != 1).any():
        raise ValueError("one of its tracks lacks frames")


def _check_metadata(metadata: dict[str, Any]) -> None:
    """Raise KeyError, TypeError or ValueError for metadata that later stages could not use."""
    number_of(metadata, "fps", most=MOST_FPS)
    if "schema" in metadata:
        number_of(metadata, "schema", most=SCHEMA)
    for key in ("width", "height"):
        if number_of(metadata, key, most=MOST_PIXELS) % 1:
            raise ValueError(f"{key} is {metadata[key]} in its metadata")
    for key, kind in (
        ("refused", str),
        ("source", dict),
        ("cuts", list),
        ("seams", list),
        ("letterboxes", list),
        ("margins", list),
    ):
        if metadata.get(key) is not None and not isinstance(metadata[key], kind):
            raise ValueError(f"{key} is {str(metadata[key])[:40]!r} in its metadata")
    for place in metadata.get("letterboxes") or ():
        # If the frame shows a part of a picture, the whole picture begins outside the frame.
        _check_numbers(place, lows=(0, 0, -MOST_OFFSET, -MOST_OFFSET), name="letterboxes")
    for place in metadata.get("margins") or ():
        _check_numbers(place, lows=(0, 0, 0), name="margins")
    for key in ("cuts", "seams"):
        for frame in metadata.get(key) or ():
            if isinstance(frame, bool) or not isinstance(frame, int) or not 0 <= frame < 2**31:
                raise ValueError(f"{key} holds {str(frame)[:40]!r} in its metadata")


def _check_numbers(numbers: Any, *, lows: tuple[int, ...], name: str) -> None:
    """Raise ValueError unless there are as many as in `lows` and each is at least its limit and not far too large."""
    if isinstance(numbers, list) and len(numbers) == len(lows):
        plain = all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers)
        if plain and all(low <= number < MOST_OFFSET for number, low in zip(numbers, lows, strict=True)):
            return
    raise ValueError(f"{name} holds {str(numbers)[:40]!r} in its metadata")
