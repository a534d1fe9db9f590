"""The movements that a plan dances: the cleaned keypoints of its videos, in one file for all targets.

A plan names a few dozen videos of what may be thousands. Gathered once a song, they spare each of its dances the rest:
memory, and a line of the workflow's graph for each video, song and target.
"""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from danceit_core.choreography.align import Source
from danceit_core.errors import ChoreographyError
from danceit_core.pose.skeleton import JOINTS
from danceit_core.tables import DAMAGE, list_column, one_line, read_table, write_table


def write_sources(path: str | Path, sources: Mapping[str, Source]) -> None:
    """Write sources by their name, one row a frame, as Parquet; appears whole or not at all.

    Joints in space are a column only if some source has them, NaN for those that have none.
    """
    lengths = [len(source.keypoints) for source in sources.values()]
    shots = [np.zeros(len(s.keypoints)) if s.shot is None else s.shot for s in sources.values()]
    keypoints = np.concatenate([np.zeros((0, JOINTS, 3)), *(s.keypoints for s in sources.values())])
    data = {
        "video": pa.array(np.repeat(np.array(list(sources), object), lengths), pa.string()),
        # (T, 25, 3) -> (T * 75,)
        "keypoints": pa.FixedSizeListArray.from_arrays(pa.array(keypoints.astype(np.float32).reshape(-1)), 3 * JOINTS),
        "kept": pa.array(np.concatenate([np.zeros(0, bool), *(s.kept for s in sources.values())])),
        "shot": pa.array(np.concatenate([np.zeros(0), *shots]).astype(np.int32)),
    }
    if any(source.world is not None for source in sources.values()):
        data["world"] = _world_column(sources)
    about = {"videos": dict(zip(sources, lengths, strict=True))}
    if firsts := {name: source.first for name, source in sources.items() if source.first}:
        about["firsts"] = firsts
    write_table(path, pa.table(data), metadata=about)


def _world_column(sources: Mapping[str, Source]) -> pa.FixedSizeListArray:
    absent = np.float32("nan")
    worlds = [np.full_like(s.keypoints, absent, np.float32) if s.world is None else s.world for s in sources.values()]
    # (T, 25, 3) -> (T * 75,)
    numbers = np.concatenate(worlds).astype(np.float32).reshape(-1)
    return pa.FixedSizeListArray.from_arrays(pa.array(numbers, from_pandas=False), 3 * JOINTS)


def read_sources(path: str | Path) -> dict[str, Source]:
    """Read what `write_sources` wrote. Raises ChoreographyError when the file is none of it."""
    try:
        table, metadata = read_table(path)
        # (T * 75,) -> (T, 25, 3)
        keypoints = list_column(table, "keypoints").reshape(table.num_rows, JOINTS, 3)
        kept, shot = (table[name].to_numpy() for name in ("kept", "shot"))
        if (kept.dtype.kind, shot.dtype.kind) != ("b", "i"):
            raise TypeError(f"columns kept and shot hold {kept.dtype} and {shot.dtype}")
        world = list_column(table, "world").reshape(keypoints.shape) if "world" in table.column_names else None
        lengths = dict(metadata["videos"])
        firsts = {name: int(first) for name, first in dict(metadata.get("firsts") or {}).items()}
        bounds = np.cumsum([0, *lengths.values()])
        if bounds[-1] != table.num_rows:
            raise ValueError(f"{table.num_rows} frames for {bounds[-1]}")
        pieces = [slice(first, end) for first, end in pairwise(bounds)]
        return {
            video: Source(keypoints[piece], kept[piece], shot[piece], _any_of(world, piece), firsts.get(video, 0))
            for video, piece in zip(lengths, pieces, strict=True)
        }
    except FileNotFoundError:
        raise ChoreographyError(f"{path}: no such file of movements; run gather_sources") from None
    except DAMAGE as error:
        raise ChoreographyError(
            f"{path} holds no movements of DanceIt ({one_line(error)}); delete it and run again"
        ) from error


def _any_of(world: NDArray[np.float32] | None, piece: slice) -> NDArray[np.float32] | None:
    """The joints in space of one source; None if it has none."""
    return None if world is None or np.isnan(world[piece]).all() else world[piece]
