"""Keypoint and pose tables: one Parquet file a video, one row a frame.

Columns: `frame` int32 (0, 1, 2, ...), `time_s` float64 (= frame / fps), `keypoints` fixed-size list of 75 float32
(25 BODY_25 joints x (x, y, confidence), pixels of the picture named in the metadata). Stages add columns of their
own (cleaning: `kept`, `reason`; a generated dance: `source_video`, `source_frame`, `match_distance`). The file's
key-value metadata holds one JSON object under "danceit": fps, width, height and what the stage adds.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import ArrayLike, NDArray

from danceit_core.errors import PoseError
from danceit_core.files import whole_file
from danceit_core.pose.skeleton import JOINTS, Keypoints

METADATA_KEY = b"danceit"


@dataclass(frozen=True)
class PoseTable:
    """Keypoints of one video: `keypoints` (T, 25, 3), `columns` of length T, `metadata` with fps, width, height."""

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
    """Write (T, 25, 3) keypoints and further columns of length T; appears whole or not at all."""
    keypoints = np.ascontiguousarray(keypoints, np.float32)
    if keypoints.ndim != 3 or keypoints.shape[1:] != (JOINTS, 3):
        raise PoseError(f"{path}: keypoints have shape {keypoints.shape}; (frames, 25, 3) is expected")
    frames = len(keypoints)
    data: dict[str, Any] = {
        "frame": pa.array(np.arange(frames, dtype=np.int32)),
        "time_s": pa.array(np.arange(frames) / fps),
        "keypoints": pa.FixedSizeListArray.from_arrays(pa.array(keypoints.reshape(-1)), 3 * JOINTS),
    }
    for name, values in (columns or {}).items():
        data[name] = pa.array(values)
    about = {"fps": fps, "width": size[0], "height": size[1], **(metadata or {})}
    write_table(path, pa.table(data), metadata=about)


def read_pose_table(path: str | Path) -> PoseTable:
    """Read what `write_pose_table` wrote. Raises PoseError when the file is no keypoint table."""
    try:
        table = pq.read_table(path)
        metadata = json.loads((table.schema.metadata or {})[METADATA_KEY])
        flat = table["keypoints"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        # (T * 75,) -> (T, 25, 3)
        keypoints = np.array(flat, np.float32).reshape(table.num_rows, JOINTS, 3)
        missing = {"fps", "width", "height"} - metadata.keys()
        if missing:
            raise ValueError(f"metadata lacks {sorted(missing)}")
    except FileNotFoundError:
        raise PoseError(f"{path}: no such keypoint table; run the rule that writes it") from None
    except (KeyError, ValueError, pa.ArrowInvalid, OSError) as error:
        raise PoseError(f"{path} is not a keypoint table of DanceIt ({error}); delete it and run again") from error
    core = {"frame", "time_s", "keypoints"}
    columns = {name: table[name].to_numpy() for name in table.column_names if name not in core}
    return PoseTable(keypoints, metadata, columns)


def write_table(path: str | Path, table: pa.Table, *, metadata: dict[str, Any]) -> None:
    """Write an Arrow table as Parquet with a JSON metadata object; appears whole or not at all."""
    about = {METADATA_KEY: json.dumps(metadata)}
    with whole_file(path) as partial:
        pq.write_table(table.replace_schema_metadata(about), partial, compression="zstd")
