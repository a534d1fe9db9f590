"""Passages of a cleaned video: runs of frames that cleaning kept, all of one shot of the camera.

Cleaning marks each frame in the column `kept` and numbers the camera's shots in the column `shot` (it rises at each
cut). A table without `kept` keeps all its frames; one without `shot` is one shot. If a table has several dancers
(column `track`), their rows follow each other; no passage extends from one dancer to the next.
"""

import itertools

import numpy as np
from numpy.typing import NDArray

from danceit_core.pose.table import PoseTable


def kept_frames(pose: PoseTable) -> NDArray[np.bool_]:
    """Which frames cleaning kept, (T,); a copy."""
    return np.array(pose.columns.get("kept", np.ones(len(pose))), bool)


def shot_numbers(pose: PoseTable) -> NDArray[np.int32]:
    """The shot that each frame belongs to, (T,), rising at each camera cut; and from one dancer to the next."""
    shot = np.array(pose.columns.get("shot", np.zeros(len(pose))), np.int32)
    if "track" not in pose.columns or not len(shot):
        return shot
    begins = np.diff(pose.columns["track"], prepend=pose.columns["track"][:1]) != 0
    begins |= np.diff(shot, prepend=shot[:1]) != 0
    return np.cumsum(begins, dtype=np.int32)


def find_passages(kept: NDArray[np.bool_], shot: NDArray[np.int32] | None = None) -> list[tuple[int, int]]:
    """Passages as (first, end) with `end` excluded, from (T,) flags and shot numbers; no shots: all of one."""
    kept = np.asarray(kept, bool)
    changes = kept[1:] != kept[:-1]
    if shot is not None:
        changes |= shot[1:] != shot[:-1]
    bounds = [0, *(np.flatnonzero(changes) + 1).tolist(), len(kept)]
    return [(first, end) for first, end in itertools.pairwise(bounds) if first < end and kept[first]]
