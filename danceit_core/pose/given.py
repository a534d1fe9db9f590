"""Read given keypoints, within bounds: OpenPose's JSON, NumPy archives, DanceIt's own tables."""

import tokenize
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from danceit_core.errors import PoseError
from danceit_core.pose.json_frames import FORMATS, MOST_FRAMES, UNREADABLE, check_entry, most_unpacked
from danceit_core.pose.openpose import read_json_folder, read_json_zip
from danceit_core.pose.skeleton import JOINTS, Keypoints
from danceit_core.pose.table import read_pose_table
from danceit_core.pose.units import Size, as_keypoints
from danceit_core.tables import DAMAGE, one_line

# MOST_FRAMES frames of (25, 3) float64.
MOST_ARRAY_BYTES = MOST_FRAMES * JOINTS * 3 * 8
# An array of mostly absent joints compresses to nearly nothing: the size of an hour.
SMALL_ARRAY_BYTES = 2**27
NUMBERS = (pa.types.is_floating, pa.types.is_integer)


@dataclass(frozen=True)
class Given:
    """keypoints (T, 25, 3); people (T,) as in `Detection`; fps and size: their frame rate, their picture's pixels.

    fps and size (width, height) are None where the file does not say.
    """

    keypoints: Keypoints
    people: NDArray[np.int16] | None = None
    fps: float | None = None
    size: Size | None = None


def read_given(path: str | Path) -> Given:
    """Keypoints (T, 25, 3) float32 as they are in the file, confidence 0..1, absent joints 0, 0, 0.

    path: a folder or .zip of OpenPose JSON, an .npz with array `keypoints`, or a Parquet table of DanceIt.
    Raises PoseError naming the file and what is wrong with it.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if not path.exists():
        raise PoseError(f"{path}: no such file or folder; check column `keypoints` (it may name {FORMATS})")
    if path.is_dir():
        found = read_json_folder(path)
        return Given(found.keypoints, found.people)
    if suffix == ".zip":
        found = read_json_zip(path)
        return Given(found.keypoints, found.people)
    if suffix == ".npz":
        return Given(_read_archive(path))
    if suffix == ".parquet":
        return _read_table(path)
    raise PoseError(f"{path} holds no keypoints in a known format; give {FORMATS}")


def _read_archive(path: Path) -> Keypoints:
    try:
        with np.load(path, allow_pickle=False) as archive:
            if "keypoints" not in archive.files:
                names = ", ".join(archive.files) or "none"
                raise PoseError(f"{path} has no array `keypoints` (arrays: {names[:160]}); save it under that name")
            entry = archive.zip.getinfo("keypoints.npy")
            check_entry(path, entry)
            most = min(MOST_ARRAY_BYTES, most_unpacked(path, small=SMALL_ARRAY_BYTES))
            # zipfile returns no more bytes than this, whatever is packed.
            if entry.file_size > most:
                raise PoseError(
                    f"{path}: `keypoints` has {entry.file_size} bytes, but at most {most} are read; split it"
                )
            values = archive["keypoints"]
    # NumPy parses a damaged header as if it were Python.
    except (*UNREADABLE, SyntaxError, tokenize.TokenError) as error:
        raise PoseError(
            f"{path} is not a readable .npz of plain arrays ({one_line(error)}); save it with numpy.savez"
        ) from error
    if values.ndim != 3 or values.shape[1:] != (JOINTS, 3) or values.dtype.kind not in "fiu":
        raise PoseError(
            f"{path}: `keypoints` is {values.dtype} {values.shape}; numbers of shape (frames, 25, 3) are expected"
        )
    _check_length(path, len(values))
    keypoints = as_keypoints(values, path)
    if not keypoints.any() and (values[..., :2] != 0).any():
        raise PoseError(f"{path}: all confidences are 0, i.e. absent; set the third number of a joint to 1")
    return keypoints


def _read_table(path: Path) -> Given:
    """A table of DanceIt: read only the needed columns, after checking that their number of values is bounded."""
    try:
        about = pq.read_metadata(path)
        _check_length(path, about.num_rows)
        schema = about.schema.to_arrow_schema()
        if "track" in schema.names:
            raise PoseError(
                f"{path} holds several dancers (column track); give one dancer's rows without the column, or the video "
                "in column path and no keypoints"
            )
        columns = [name for name in ("keypoints", "people") if name in schema.names]
        for name in columns:
            kind = schema.field(name).type
            kind = kind.value_type if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind) else kind
            if not any(is_kind(kind) for is_kind in NUMBERS):
                raise TypeError(f"column {name} holds {schema.field(name).type}")
        groups = [about.row_group(index) for index in range(about.num_row_groups)]
        values = sum(group.column(index).num_values for group in groups for index in range(group.num_columns))
        if values > MOST_ARRAY_BYTES / 4:
            raise PoseError(f"{path} has {values} values, more than {MOST_FRAMES} frames; split it")
    except DAMAGE as error:
        raise PoseError(
            f"{path} is not a keypoint table of DanceIt ({one_line(error)}); delete it and run again"
        ) from error
    table = read_pose_table(path, columns=columns)
    people = table.columns.get("people")
    return Given(as_keypoints(table.keypoints, path), people, table.fps, table.size)


def _check_length(path: Path, frames: int) -> None:
    if frames > MOST_FRAMES:
        raise PoseError(f"{path} has {frames} frames, but at most {MOST_FRAMES} are read; split it")
