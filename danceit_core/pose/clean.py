"""Repair and rejection of keypoints (paper III-A: "jitter" and the two rejection rules).

Repair: an unsure joint, and one that jumps away and comes back, is interpolated over short gaps. Rejection: frames
without a person, without hands, without feet, and frames that jump from the one before (rule 1: a cut, another person,
a detector that lost its way) are dropped, each with its reason; what is left in too short pieces is dropped too.
Dropped frames keep their row, so that frame k stays at k / fps; no fragment may span one.

Distances are in torsos (neck to mid-hip, 80th percentile over two seconds around the frame, so that neither bending
down nor walking to the camera changes the measure). Measured at 24 fps: on 11 dances of motion capture and on clean
real video the mean step of the body never passes 0.3 torsos a frame, a detector that lost the body makes 0.6 to 1.3.

Deviations from the paper: hands (feet) count as not detected if neither of the two is, since in a side view one is
hidden behind the body; a detector's own guess of a hidden joint stays over long gaps, with its low confidence.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import percentile_filter
from scipy.signal import savgol_filter

from danceit_core.config import CleaningSettings
from danceit_core.errors import ConfigError, PoseError
from danceit_core.pose.skeleton import ANKLES, BODY, HANDS, JOINTS, Keypoints, present, torso_length

NO_PERSON, NO_TORSO, NO_HANDS, NO_FEET = "no_person", "no_torso", "no_hands", "no_feet"
JUMP, SHORT_SEGMENT = "jump", "short_segment"
REASON_TYPE = "<U16"
SMOOTHINGS = ("none", "savgol")
# A joint that is elsewhere for at most this many frames and comes back was never there.
LONGEST_SPIKE = 3
SIZE_WINDOW_S, SIZE_PERCENTILE = 2.0, 80
# Long enough to calm the detector's tremor, short enough to keep a fast hand's turning point.
SAVGOL_WINDOW, SAVGOL_ORDER = 7, 3

Flags = NDArray[np.bool_]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Cleaned:
    """keypoints (T, 25, 3) float32; kept (T,): frames of use; reason (T,): why a frame was dropped, "" if kept."""

    keypoints: Keypoints
    kept: Flags
    reason: NDArray[np.str_]


def clean_keypoints(keypoints: Keypoints, *, fps: float, settings: CleaningSettings) -> Cleaned:
    """Repair (T, 25, 3) keypoints in pixels at `fps` frames per second and tell which frames are of use.

    Raises PoseError for another shape or fps <= 0, ConfigError for an unknown smoothing.
    """
    if keypoints.ndim != 3 or keypoints.shape[1:] != (JOINTS, 3):
        raise PoseError(f"keypoints have shape {keypoints.shape}; (frames, 25, 3) is expected")
    if fps <= 0:
        raise PoseError(f"fps is {fps}; a frame rate is positive")
    if settings.smoothing not in SMOOTHINGS:
        raise ConfigError(f"cleaning.smoothing is {settings.smoothing!r}; choose one of: {', '.join(SMOOTHINGS)}")
    repaired = repair(keypoints, fps=fps, settings=settings)
    reason = rejection_reasons(repaired, fps=fps, settings=settings)
    kept = reason == ""
    if settings.smoothing == "savgol":
        repaired = smooth_segments(repaired, kept)
    return Cleaned(repaired, kept, reason)


def repair(keypoints: Keypoints, *, fps: float, settings: CleaningSettings) -> Keypoints:
    """Interpolate unsure joints and spikes over gaps of at most max_gap_s; spikes in longer gaps become absent."""
    size = body_size(keypoints, fps=fps)
    scaled = np.where(present(keypoints)[..., None], keypoints[..., :2] / size[:, None, None], np.nan)
    spikes = find_spikes(scaled, max_step=settings.max_step_torsos, max_body_step=settings.max_body_step_torsos)
    max_gap = round(settings.max_gap_s * fps)
    repaired = np.where(spikes[..., None], 0, keypoints).astype(np.float32)
    repaired = bridge_gaps(repaired, repaired[..., 2] >= settings.confidence_floor, max_gap=max_gap)
    # What is still absent may lie between guesses of the detector, which a long gap keeps.
    return bridge_gaps(repaired, present(repaired), max_gap=max_gap)


def body_size(keypoints: Keypoints, *, fps: float) -> Array:
    """Torso length (T,) in pixels as seen around each frame; 1 where there is no torso in the whole video."""
    lengths = torso_length(keypoints)
    known = np.flatnonzero(lengths > 0)
    if len(known) == 0:
        return np.ones(len(keypoints))
    filled = np.interp(np.arange(len(lengths)), known, lengths[known])
    window = 2 * round(SIZE_WINDOW_S * fps / 2) + 1
    return np.maximum(percentile_filter(filled, SIZE_PERCENTILE, size=window, mode="nearest"), 1.0)


def find_spikes(xy: Array, *, max_step: float, max_body_step: float) -> Flags:
    """Joints (T, J) that leave their place by more than max_step and are back within LONGEST_SPIKE frames.

    xy: (T, J, 2) in torsos, NaN where absent. The whole body is marked where it does so by max_body_step on average.
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
    """Mean (T,) of (T, J) steps over the body's joints that have one, NaN where none has."""
    body = steps[:, BODY]
    count = np.isfinite(body).sum(axis=1)
    return np.where(count > 0, np.nansum(body, axis=1) / np.maximum(count, 1), np.nan)


def bridge_gaps(keypoints: Keypoints, good: Flags, *, max_gap: int) -> Keypoints:
    """Fill joints (T, J) that are not `good` linearly from the good ones around, over at most max_gap frames.

    Confidence is interpolated too. Longer gaps, and those at the ends, stay as they are.
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


def rejection_reasons(keypoints: Keypoints, *, fps: float, settings: CleaningSettings) -> NDArray[np.str_]:
    """Why each frame (T,) of repaired keypoints is of no use; "" for those that are. The first reason that holds."""
    seen, sure = present(keypoints), keypoints[..., 2] >= settings.confidence_floor
    scaled = keypoints[..., :2] / body_size(keypoints, fps=fps)[:, None, None]
    scaled = np.where(seen[..., None], scaled, np.nan)
    step = body_mean(np.linalg.norm(np.diff(scaled, axis=0, prepend=scaled[:1]), axis=-1))
    checks = {
        NO_PERSON: ~seen.any(axis=1),
        NO_TORSO: ~(torso_length(keypoints) > 0),
        NO_HANDS: ~sure[:, HANDS].any(axis=1),
        NO_FEET: ~sure[:, ANKLES].any(axis=1),
        JUMP: step > settings.max_body_step_torsos,
    }
    reasons = np.select(list(checks.values()), list(checks), default="").astype(REASON_TYPE)
    for start, end in kept_segments(reasons == ""):
        if end - start < settings.min_segment_s * fps:
            reasons[start:end] = SHORT_SEGMENT
    return reasons


def kept_segments(kept: Flags) -> list[tuple[int, int]]:
    """Runs [start, end) of True in (T,) booleans, in order."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], kept, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def smooth_segments(keypoints: Keypoints, kept: Flags) -> Keypoints:
    """Savitzky-Golay filter of x and y within each run of kept frames, where a joint is present without a gap."""
    smoothed = keypoints.copy()
    seen = present(keypoints)
    for start, end in kept_segments(kept):
        whole = seen[start:end].all(axis=0)
        if end - start >= SAVGOL_WINDOW and whole.any():
            smoothed[start:end, whole, :2] = _savgol(keypoints[start:end, whole, :2])
        for joint in np.flatnonzero(seen[start:end].any(axis=0) & ~whole):
            for first, last in kept_segments(seen[start:end, joint]):
                if last - first >= SAVGOL_WINDOW:
                    run = slice(start + first, start + last)
                    smoothed[run, joint, :2] = _savgol(keypoints[run, joint, :2])
    return smoothed


def _savgol(xy: NDArray) -> NDArray:
    return savgol_filter(xy, SAVGOL_WINDOW, SAVGOL_ORDER, axis=0, mode="interp")
