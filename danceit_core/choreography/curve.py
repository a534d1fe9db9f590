"""Poses between frames: absent joints as NaN, splines through a pose sequence, movement beyond a sequence's ends.

Inside this package keypoints are float64 (T, 25, 3) whose x and y are NaN where the joint is absent (confidence 0),
so that no arithmetic mixes a seen joint with the (0, 0) that stands for "absent" in tables. `hide_absent` and
`show_absent` convert. Times are in frames of the sequence, fractional.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from scipy.interpolate import CubicSpline

from danceit_core.pose.skeleton import Keypoints

Array = NDArray[np.float64]
# Beyond the end of a sequence, the last velocity dies out with this time constant.
DAMPING_FRAMES = 3.0


def hide_absent(keypoints: NDArray) -> Array:
    """Keypoints (..., 3) with x, y NaN where the confidence is 0; float64."""
    out = np.array(keypoints, np.float64)
    out[..., :2][out[..., 2] <= 0] = np.nan
    return out


def show_absent(keypoints: Array) -> Keypoints:
    """Inverse of `hide_absent`: float32, absent joints (0, 0, 0)."""
    absent = np.isnan(keypoints[..., :2]).any(-1) | (keypoints[..., 2] <= 0)
    out = keypoints.astype(np.float32)
    out[absent] = 0
    return out


def fill_gaps(values: Array) -> Array:
    """NaN of (T, ...) replaced by linear interpolation over time, constant at the ends; 0 in series that are all NaN.

    The filled values only keep splines and fits well-behaved; callers mask them again.
    """
    flat = values.reshape(len(values), int(np.prod(values.shape[1:]))).copy()  # (T, series)
    time = np.arange(len(flat))
    for column in np.flatnonzero(np.isnan(flat).any(0)):
        seen = ~np.isnan(flat[:, column])
        flat[:, column] = np.interp(time, time[seen], flat[seen, column]) if seen.any() else 0.0
    return flat.reshape(values.shape)


@dataclass(frozen=True)
class PoseCurve:
    """A smooth (C2) curve through a pose sequence. Made by `fit_curve`."""

    spline: "CubicSpline"
    confidence: Array  # (T, 25), 0 where absent

    def at(self, times: ArrayLike) -> Array:
        """Keypoints (len(times), 25, 3) at fractional frames, NaN where a joint is absent in a neighbouring frame.

        Before the first and after the last frame the movement continues with decaying velocity.
        """
        last = len(self.confidence) - 1
        wanted = np.round(np.asarray(times, np.float64), 9)
        inside = np.clip(wanted, 0, last)
        xy = self.spline(inside)
        beyond = wanted - inside
        outside = beyond != 0
        reach = np.sign(beyond) * DAMPING_FRAMES * (1 - np.exp(-np.abs(beyond) / DAMPING_FRAMES))
        xy[outside] += reach[outside, None, None] * self.spline(inside[outside], 1)
        before, after = np.floor(inside).astype(int), np.ceil(inside).astype(int)
        share = (inside - before)[:, None]
        confidence = (1 - share) * self.confidence[before] + share * self.confidence[after]
        confidence[(self.confidence[before] <= 0) | (self.confidence[after] <= 0)] = 0
        xy[confidence <= 0] = np.nan
        return np.concatenate([xy, confidence[..., None]], axis=-1)

    def velocity(self, times: ArrayLike) -> Array:
        """Pixels per frame, (len(times), 25, 2), at fractional frames within the sequence; gaps bridged, not NaN."""
        return self.spline(np.clip(times, 0, len(self.confidence) - 1), 1)


def fit_curve(keypoints: Array) -> PoseCurve:
    """The curve through (T, 25, 3) keypoints with NaN for absent joints, T >= 1."""
    from scipy.interpolate import CubicSpline  # noqa: PLC0415 (takes most of a second; retrieval does not need it)

    xy = fill_gaps(keypoints[..., :2])
    if len(xy) == 1:
        xy = np.repeat(xy, 2, axis=0)  # a spline needs two points; the second is never evaluated
    return PoseCurve(CubicSpline(np.arange(len(xy)), xy), np.where(np.isnan(keypoints[..., 0]), 0, keypoints[..., 2]))
