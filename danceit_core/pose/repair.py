"""Repair keypoints (paper III-A: jitter is repaired by "linear interpolation between frames").

A joint of low confidence, or one that jumps away and comes back, is interpolated over short gaps; longer gaps are left.
All steps work within one camera shot.

Distances are in torsos (neck to mid-hip, 80th percentile over two seconds around the frame, so that neither bending
down nor walking to the camera changes the unit). Deviation from the paper: a detector's guess of a hidden joint is kept
over long gaps, with its low confidence.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import percentile_filter

from danceit_core.config import CleaningSettings
from danceit_core.pose.skeleton import BODY, Keypoints, present, torso_length

# A joint that is elsewhere for at most this many frames and comes back is a detection error.
LONGEST_SPIKE = 3
SIZE_WINDOW_S, SIZE_PERCENTILE = 2.0, 80

Flags = NDArray[np.bool_]
Array = NDArray[np.float64]


def repair_gaps(keypoints: Keypoints, *, fps: float, settings: CleaningSettings) -> Keypoints:
    """Interpolate unsure joints and spikes over gaps of at most max_gap_s; spikes in longer gaps become absent."""
    xy = in_torsos(keypoints, fps=fps)
    spikes = find_spikes(xy, max_step=settings.max_step_torsos, max_body_step=settings.max_body_step_torsos)
    return fill_unsure(np.where(spikes[..., None], 0, keypoints), fps=fps, settings=settings)


def fill_unsure(keypoints: Keypoints, *, fps: float, settings: CleaningSettings) -> Keypoints:
    """Interpolate unsure and absent joints of (T, 25, 3) keypoints over gaps of at most max_gap_s."""
    max_gap = round(settings.max_gap_s * fps)
    filled = bridge_gaps(keypoints, keypoints[..., 2] >= settings.confidence_floor, max_gap=max_gap)
    # A joint that is still absent may lie between guesses of the detector, which are kept over long gaps.
    return bridge_gaps(filled, present(filled), max_gap=max_gap)


def body_size(keypoints: Keypoints, *, fps: float) -> Array:
    """Torso length (T,) in pixels around each frame; 1 if the whole video has no torso."""
    lengths = torso_length(keypoints)
    known = np.flatnonzero(lengths > 0)
    if len(known) == 0:
        return np.ones(len(keypoints))
    filled = np.interp(np.arange(len(lengths)), known, lengths[known])
    window = 2 * round(SIZE_WINDOW_S * fps / 2) + 1
    return np.maximum(percentile_filter(filled, SIZE_PERCENTILE, size=window, mode="nearest"), 1.0)


def in_torsos(keypoints: Keypoints, *, fps: float) -> Array:
    """Places (T, 25, 2) of the joints in torsos, NaN where absent."""
    scaled = keypoints[..., :2] / body_size(keypoints, fps=fps)[:, None, None]
    return np.where(present(keypoints)[..., None], scaled, np.nan)


def find_spikes(xy: Array, *, max_step: float, max_body_step: float) -> Flags:
    """Joints (T, J) that leave their place by more than max_step and are back within LONGEST_SPIKE frames.

    xy: (T, J, 2) in torsos, NaN where absent. The whole body is marked if it does so by max_body_step on average.
    """
    spikes = np.zeros(xy.shape[:2], bool)
    for length in range(1, min(LONGEST_SPIKE, len(xy) - 2) + 1):
        before, after = xy[: -length - 1], xy[length + 1 :]
        leaving = np.linalg.norm(xy[1:-length] - before, axis=-1)
        returning = np.linalg.norm(after - xy[length:-1], axis=-1)
        apart = np.linalg.norm(after - before, axis=-1)
        joint = (leaving > max_step) & (returning > max_step) & (apart <= max_step)
        steps = (body_mean(leaving), body_mean(returning), body_mean(apart))
        body = (steps[0] > max_body_step) & (steps[1] > max_body_step) & (steps[2] <= max_body_step)
        for offset in range(1, length + 1):
            spikes[offset : offset + len(joint)] |= joint | body[:, None]
    return spikes


def body_mean(steps: Array) -> Array:
    """Mean (T,) of (T, J) steps over the body's joints with a known step, NaN without any."""
    body = steps[:, BODY]
    count = np.isfinite(body).sum(axis=1)
    return np.where(count > 0, np.nansum(body, axis=1) / np.maximum(count, 1), np.nan)


def bridge_gaps(keypoints: Keypoints, good: Flags, *, max_gap: int) -> Keypoints:
    """Interpolate joints (T, J) that are not `good` linearly between good ones, over at most max_gap frames.

    Confidence is interpolated, too. Longer gaps, and those at the ends, are unchanged.
    """
    frames = len(keypoints)
    number = np.arange(frames)[:, None]
    last = np.maximum.accumulate(np.where(good, number, -1), axis=0)
    following = np.minimum.accumulate(np.where(good, number, frames)[::-1], axis=0)[::-1]
    fill = ~good & (last >= 0) & (following < frames) & (following - last - 1 <= max_gap)
    frame, joint = np.nonzero(fill)
    start, end = last[frame, joint], following[frame, joint]
    share = ((frame - start) / (end - start))[:, None]
    bridged = keypoints.copy()
    bridged[frame, joint] = keypoints[start, joint] * (1 - share) + keypoints[end, joint] * share
    return bridged
