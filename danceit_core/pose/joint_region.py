"""Compute the region of a picture for the landmark network from known joints.

The network expects the square that BlazePose's tracking produces: around the hips' middle, upright along the trunk,
with the whole body inside its circle. In 800 frames of BlazePose's own joints, that circle is 0.93 to 1.09 times as
wide as the circle through the farthest joint, and at least 1.57 body sizes.
"""

import numpy as np
from numpy.typing import NDArray

from danceit_core.pose.capsules import body_size
from danceit_core.pose.landmarks import region_around
from danceit_core.pose.skeleton import (
    ANKLES,
    LEFT_HIP,
    LEFT_KNEE,
    LEFT_SHOULDER,
    MID_HIP,
    NECK,
    NOSE,
    RIGHT_HIP,
    RIGHT_KNEE,
    RIGHT_SHOULDER,
    Keypoints,
    present,
)

Array = NDArray[np.float64]

# The circle: farther out than the farthest joint, and no smaller than this in body sizes, for a body half seen.
BEYOND, LEAST_BODIES = 1.05, 1.5
# Fewer joints may be a detector's mistake.
FEWEST_JOINTS = 3


def region_of_joints(keypoints: Keypoints) -> Array | None:
    """Region (centre x, centre y, side, rotation) of a person, from (25, 3) keypoints in pixels; None for nobody.

    Without hips, the middle is assumed below the neck, or in the middle of the visible joints; without neck and nose,
    or without anything below them, the body is assumed to be upright.
    """
    seen = present(keypoints)
    if seen.sum() < FEWEST_JOINTS:
        return None
    body_px = float(np.nan_to_num(body_size(keypoints)))
    upper = _first(keypoints, (NECK,), (RIGHT_SHOULDER, LEFT_SHOULDER), (NOSE,))
    hips = _first(keypoints, (MID_HIP,), (RIGHT_HIP, LEFT_HIP))
    lower = hips if hips is not None else _first(keypoints, (RIGHT_KNEE, LEFT_KNEE), ANKLES)
    up = np.array([0.0, -1.0])
    if upper is not None and lower is not None and np.hypot(*(upper - lower)) > 0:
        up = (upper - lower) / np.hypot(*(upper - lower))
    points = keypoints[seen, :2].astype(np.float64)
    if hips is not None:
        middle = hips
    elif upper is not None and body_px > 0:
        middle = upper - body_px * up
    else:
        middle = (points.min(axis=0) + points.max(axis=0)) / 2
    reach_px = max(BEYOND * float(np.linalg.norm(points - middle, axis=1).max()), LEAST_BODIES * body_px)
    return region_around(middle, middle + reach_px * up) if reach_px > 0 else None


def _first(keypoints: Keypoints, *groups: tuple[int, ...]) -> Array | None:
    """The middle of the first group of joints with at least one visible joint."""
    seen = present(keypoints)
    for group in groups:
        joints = [joint for joint in group if seen[joint]]
        if joints:
            return keypoints[joints, :2].mean(axis=0, dtype=np.float64)
    return None
