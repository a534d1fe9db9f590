"""What a detector knows of the joints beside their places, carried through cleaning: depth, points in metres, fingers.

It follows what is done to the joints in the picture: sides that were mixed up are exchanged, what was bridged there is
bridged, and the same smoothing calms it. NaN stands for an absent number.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from danceit_core.pose.passages import find_passages
from danceit_core.pose.repair import bridge_gaps
from danceit_core.pose.skeleton import LEFT_WRIST, MIRROR, RIGHT_WRIST, Keypoints, present
from danceit_core.pose.smooth import smooth_values

# Columns of a keypoint table that are carried.
CARRIED = ("depth", "world", "fingers")
# Fingers of the right hand, then of the left.
A_HAND = 3

Columns = dict[str, NDArray[Any]]
Flags = NDArray[np.bool_]


def exchange_sides(columns: Columns, exchanged: Flags) -> Columns:
    """The columns with the joints (T, 25) that are `exchanged` taken from their mirror's place."""
    given = dict(columns)
    for name in ("depth", "world"):
        if name in columns:
            mirrored = columns[name][:, list(MIRROR)]
            where = exchanged if name == "depth" else exchanged[..., None]
            given[name] = np.where(where, mirrored, columns[name])
    if "fingers" in columns:
        hands = exchanged[:, RIGHT_WRIST] | exchanged[:, LEFT_WRIST]
        given["fingers"] = np.where(hands[:, None, None], np.roll(columns["fingers"], A_HAND, axis=1), given["fingers"])
    return given


def mend_beside(columns: Columns, before: Keypoints, after: Keypoints, *, floor: float, max_gap: int) -> Columns:
    """The columns bridged where the joints were: before, after: keypoints (T, 25, 3) without and with bridged gaps."""
    given = dict(columns)
    sure = present(before) & (before == after).all(axis=-1)
    for name in ("depth", "world"):
        if name in columns:
            values = columns[name].reshape(len(before), before.shape[1], -1)
            # A joint that is absent after all has no number either.
            values = np.where((sure | ~present(after))[..., None], values, np.nan)
            given[name] = _bridged(values, max_gap=max_gap).reshape(columns[name].shape)
    if "fingers" in columns:
        fingers = columns["fingers"]
        given["fingers"] = bridge_gaps(fingers, fingers[..., 2] >= floor, max_gap=max_gap)
    return given


def smooth_beside(columns: Columns, keypoints: Keypoints, kept: Flags, *, fps: float) -> Columns:
    """The columns smoothed within each run of kept frames (T,), as the keypoints (T, 25, 3) are."""
    given = dict(columns)
    for name in ("depth", "world"):
        if name in columns:
            values = columns[name].reshape(*keypoints.shape[:2], -1)
            known = np.asarray(np.isfinite(values).all(axis=-1))
            smoothed = smooth_values(values, keypoints[..., 2], known, kept, fps=fps)
            given[name] = smoothed.reshape(columns[name].shape)
    if "fingers" in columns:
        fingers = columns["fingers"]
        smoothed = smooth_values(fingers[..., :2], fingers[..., 2], present(fingers), kept, fps=fps)
        given["fingers"] = np.concatenate([smoothed, fingers[..., 2:]], axis=-1)
    return given


def _bridged(values: NDArray, *, max_gap: int) -> NDArray:
    """(T, J, n) with runs of at most max_gap NaNs between numbers filled linearly."""
    bridged = values.copy()
    unknown = np.isnan(values).any(axis=-1)
    for joint in np.flatnonzero(unknown.any(axis=0) & ~unknown.all(axis=0)):
        for start, end in find_passages(unknown[:, joint]):
            if start > 0 and end < len(values) and end - start <= max_gap:
                share = (np.arange(1, end - start + 1) / (end - start + 1))[:, None]
                bridged[start:end, joint] = values[start - 1, joint] * (1 - share) + values[end, joint] * share
    return bridged
