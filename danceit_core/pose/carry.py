"""Carry a detector's further columns through cleaning: depth, metres, fingers, hands, face.

They undergo the same steps as the joints in the picture: swapped sides are exchanged, bridged gaps are bridged, and the
same smoothing applies. NaN stands for an absent number.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from danceit_core.pose.passages import find_passages
from danceit_core.pose.repair import bridge_gaps
from danceit_core.pose.skeleton import LEFT_WRIST, MIRROR, RIGHT_WRIST, Keypoints, present
from danceit_core.pose.smooth import smooth_values

# Columns of a keypoint table that are carried.
CARRIED = ("depth", "world", "fingers", "hands", "face")
# For columns of points with a confidence: the number of parts that appear independently. A hand is one part.
PARTS = {"fingers": 6, "hands": 2, "face": 1}

Columns = dict[str, NDArray[Any]]
Flags = NDArray[np.bool_]


def exchange_sides(columns: Columns, exchanged: Flags) -> Columns:
    """The columns with left and right exchanged for the joints (T, 25) in `exchanged`."""
    given = dict(columns)
    for name in ("depth", "world"):
        if name in columns:
            mirrored = columns[name][:, list(MIRROR)]
            where = exchanged if name == "depth" else exchanged[..., None]
            given[name] = np.where(where, mirrored, columns[name])
    hands = exchanged[:, RIGHT_WRIST] | exchanged[:, LEFT_WRIST]
    for name in ("fingers", "hands"):
        if name in columns:
            # The right hand first, then the left.
            sides = columns[name].reshape(len(hands), 2, -1)
            given[name] = np.where(hands[:, None, None], sides[:, ::-1], sides).reshape(columns[name].shape)
    return given


def mend_beside(columns: Columns, before: Keypoints, after: Keypoints, *, floor: float, max_gap: int) -> Columns:
    """The columns bridged where the joints were: before, after: keypoints (T, 25, 3) without and with bridged gaps."""
    given = dict(columns)
    sure = present(before) & (before == after).all(axis=-1)
    for name in ("depth", "world"):
        if name in columns:
            values = columns[name].reshape(len(before), before.shape[1], -1)
            # A joint that stays absent has no number either.
            values = np.where((sure | ~present(after))[..., None], values, np.nan)
            given[name] = _bridged(values, max_gap=max_gap).reshape(columns[name].shape)
    for name, parts in PARTS.items():
        if name in columns:
            points = columns[name].reshape(len(before), parts, -1)
            # (T, parts, points x 3); the third number is the first point's confidence
            given[name] = bridge_gaps(points, points[..., 2] >= floor, max_gap=max_gap).reshape(columns[name].shape)
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
    for name, parts in PARTS.items():
        if name in columns:
            # (T, ..., 3) -> (T, parts, points, 3) -> (T, parts, points x 2)
            points = columns[name].reshape(len(keypoints), parts, -1, 3)
            xy, confidence = points[..., :2].reshape(len(keypoints), parts, -1), points[..., 0, 2]
            smoothed = smooth_values(xy, confidence, confidence > 0, kept, fps=fps)
            calmed = np.concatenate([smoothed.reshape(points[..., :2].shape), points[..., 2:]], axis=-1)
            given[name] = calmed.reshape(columns[name].shape)
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
