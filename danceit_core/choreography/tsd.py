"""The paper's spatial alignment: windows round discontinuous frames rebuilt by Time Series Decomposition (Alg. 1).

In a window of omega_a frames, F is the straight line between its first and last point and d = p - F(p) splits into
d = M + S + gamma (Eq. 11): the trend M is a cubic polynomial in the frame index (Eq. 12), the period S the phase
mean of d - M for the smallest period whose remaining fluctuation is under a threshold (Eq. 13), gamma noise. The
abnormal window becomes M* + S* + F, with M* the mean trend and S* the longest-period S of the windows of omega_a
frames among the previous omega_b.

Choices where the paper gives none: gamma* is 0 (drawing it would put the jitter back); M* + S* is taken relative to the
line between its own ends, so that the window's ends do not move, as the text demands; a window with fewer than omega_b
frames before it uses those that exist, or the line alone if there are none.
"""

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.curve import Array, fill_gaps


def find_discontinuities(keypoints: Array, *, jump_px: float) -> NDArray[np.int64]:
    """Frames into which some joint moves by more than jump_px (paper IV-C), of (T, 25, 3) keypoints."""
    steps = np.linalg.norm(np.diff(keypoints[..., :2], axis=0), axis=-1)  # (T - 1, 25), NaN where absent
    return np.flatnonzero((np.nan_to_num(steps) > jump_px).any(-1)) + 1


def repair_windows(
    keypoints: Array, centres: NDArray[np.int64], *, window: int, reference: int, period_px: float
) -> Array:
    """Alg. 1 at every frame of `centres`, for keypoints (T, 25, 3) with NaN for absent joints; returns the same shape.

    window: omega_a, reference: omega_b, frames; reference 0 leaves straight lines. period_px: fluctuation limit.
    """
    xy = fill_gaps(keypoints[..., :2]).reshape(len(keypoints), -1)  # (T, 50)
    half = max(1, window // 2)
    for centre in centres:
        first, last = max(0, centre - half), min(len(xy) - 1, centre + half)
        line = straight_line(xy[first : last + 1])
        xy[first : last + 1] = line
        count = min(reference // window, first // window)
        if count and last - first == 2 * half:
            past = [xy[first - (i + 1) * window : first - i * window + 1] for i in reversed(range(count))]
            movement = predict_movement(past, period_px=period_px)[: len(line)]
            xy[first : last + 1] += movement - straight_line(movement)
    out = keypoints.copy()
    out[..., :2] = np.where(np.isnan(keypoints[..., :2]), np.nan, xy.reshape(len(xy), -1, 2))
    return out


def predict_movement(windows: list[Array], *, period_px: float) -> Array:
    """M* + S* (omega_a + 1, series) from reference windows of that shape, oldest first."""
    trends, period, length = [], np.zeros_like(windows[0]), np.zeros(windows[0].shape[1])
    for points in windows:
        trend, own_period, own_length = decompose(points - straight_line(points), period_px=period_px)
        trends.append(trend)
        longer = own_length >= length  # of equal periods, the latest
        period[:, longer], length[longer] = own_period[:, longer], own_length[longer]
    return np.mean(trends, axis=0) + period


def decompose(displacement: Array, *, period_px: float) -> tuple[Array, Array, NDArray[np.int64]]:
    """Trend (n, series), period (n, series) and period lengths in frames (series,), 0 = none, of d (n, series)."""
    count = len(displacement)
    index = np.linspace(-1, 1, count)
    powers = np.vander(index, min(4, count))
    trend = powers @ np.linalg.lstsq(powers, displacement, rcond=None)[0]
    rest = displacement - trend
    period, length = np.zeros_like(rest), np.zeros(rest.shape[1], np.int64)
    for frames in range(2, count // 2 + 1):
        phase = np.arange(count) % frames
        means = np.stack([rest[phase == p].mean(0) for p in range(frames)])[phase]
        found = (length == 0) & ((rest - means).std(0) < period_px)
        period[:, found], length[found] = means[:, found], frames
    return trend, period, length


def straight_line(points: Array) -> Array:
    """F(p): the line (n, series) from the first to the last of n points."""
    share = np.linspace(0, 1, len(points))[:, None]
    return (1 - share) * points[0] + share * points[-1]
