"""Measure how much a body moves in each frame, in the unit of its poses: steps (Eq. 14), jerk, sliding of planted feet.

Poses are (T, J, 2) with J = 15 or 25 joints, NaN where absent, y down. A frame's step is the one into it.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from danceit_core.pose.skeleton import ANKLES

Array = NDArray[np.float64]

# A planted ankle is within this share of the body's height of its lowest place.
LOW_SHARE = 0.03
# Frames, about a second, in which a planted foot is at its lowest.
PLANT_FRAMES = 25


def step_sizes(xy: Array) -> Array:
    """Mean joint step into each frame (T,) of poses (T, J, 2) (Eq. 14); unknown steps take their neighbours' value."""
    steps = np.full(len(xy), np.nan)
    steps[1:] = mean_present(np.linalg.norm(np.diff(xy, axis=0), axis=-1))
    known = np.flatnonzero(~np.isnan(steps))
    if not len(known):
        return np.zeros(len(xy))
    return np.interp(np.arange(len(xy)), known, steps[known])


def jerk_sizes(xy: Array) -> Array:
    """Mean third difference around each frame (T,) of poses (T, J, 2); 0 where it is unknown."""
    jerk = np.zeros(len(xy))
    if len(xy) > 3:
        jerk[2:-1] = np.nan_to_num(mean_present(np.linalg.norm(np.diff(xy, 3, axis=0), axis=-1)))
    return jerk


def slide_sizes(xy: Array, *, height: float) -> Array:
    """Step of the planted ankle into each frame (T,) of poses (T, J, 2), 0 where none is planted."""
    speed, planted = planted_speed(xy, reach=PLANT_FRAMES, height=height)
    return np.concatenate([np.zeros(min(1, len(xy))), np.where(planted, np.nan_to_num(speed), 0.0)])


def planted_speed(xy: Array, *, reach: int, height: float) -> tuple[Array, NDArray[np.bool_]]:
    """Speed (T - 1,) of the lower ankle, in units of `xy` per frame, and whether (T - 1,) it is planted: a slide.

    xy: (T, J, 2) poses, NaN where absent. Planted: no faster than the other ankle, and within LOW_SHARE of the body
    height of its lowest place in the `reach` frames around it.
    """
    ankles = xy[:, ANKLES]
    speed = np.linalg.norm(np.diff(ankles, axis=0), axis=-1)  # (T - 1, 2)
    y = np.nan_to_num(ankles[1:, :, 1], nan=-np.inf)
    if not len(y):
        return np.zeros(0), np.zeros(0, bool)
    low = y > maximum_filter1d(y, reach, axis=0) - LOW_SHARE * height
    lower, row = y.argmax(1), np.arange(len(y))
    own, other = speed[row, lower], speed[row, 1 - lower]
    return own, low[row, lower] & ~(own > other)


def mean_present(values: Array, axis: int = -1) -> Array:
    """Mean over the entries that are not NaN; NaN (without a warning) where there are none."""
    seen = ~np.isnan(values)
    count = seen.sum(axis)
    total = np.where(seen, values, 0).sum(axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
