"""Errors of detected joints whose true places are known (rendered dancers): distances, bias, tremor, lag.

    distances       how far each joint lies from its true place, pixels
    without_bias    the same after subtracting each joint's mean displacement over the video: a different definition of
                    a joint's place is constant, an error varies
    step_errors     how far the step from one frame to the next differs from the true step, pixels: tremor
    hits            a joint is right within a share of the torso from its true place (PCK; Yang and Ramanan, 2013)
    lag_frames      by how many frames the detected motion lags the true one

Keypoints are (T, 25, 3) of consecutive frames in pixels of one picture, absent = 0, 0, 0; true ones are never absent.
Results are (T, J) over `joints`, nose to ankles if not given, NaN where the joint was not found.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import PoseError
from danceit_core.pose.skeleton import BODY, Keypoints, present, torso_length

Array = NDArray[np.float64]

# A joint farther off than this is a different joint or person, so its movement says nothing about lag. Torso lengths.
ASTRAY_TORSOS = 0.5
# The lag is searched up to this many frames early and late.
MOST_LAG = 6


def displacements(found: Keypoints, true: Keypoints, *, joints: Sequence[int] = BODY) -> Array:
    """Found less true place (T, J, 2), pixels, NaN where absent. Raises PoseError for arrays of different lengths."""
    if found.shape != true.shape:
        raise PoseError(
            f"the detected joints have {len(found)} frames, the true ones {len(true)}; pass joints of the same video"
        )
    chosen = list(joints)
    apart = found[:, chosen, :2].astype(np.float64) - true[:, chosen, :2]
    return np.where(present(found)[:, chosen, None], apart, np.nan)


def distances(found: Keypoints, true: Keypoints, *, joints: Sequence[int] = BODY) -> Array:
    """Distance (T, J) of each joint from its true place, pixels."""
    return np.linalg.norm(displacements(found, true, joints=joints), axis=-1)


def without_bias(found: Keypoints, true: Keypoints, *, joints: Sequence[int] = BODY) -> Array:
    """Distance (T, J) from the true place, each joint shifted by its mean displacement over the frames, pixels."""
    apart = displacements(found, true, joints=joints)
    seen = np.isfinite(apart[..., 0]).sum(axis=0)
    mean = np.nansum(apart, axis=0) / np.maximum(seen, 1)[:, None]
    return np.linalg.norm(apart - mean, axis=-1)


def step_errors(found: Keypoints, true: Keypoints, *, joints: Sequence[int] = BODY) -> Array:
    """How far each step (T - 1, J) from one frame to the next differs from the true one, pixels."""
    return np.linalg.norm(np.diff(displacements(found, true, joints=joints), axis=0), axis=-1)


def hits(found: Keypoints, true: Keypoints, *, share: float, joints: Sequence[int] = BODY) -> NDArray[np.bool_]:
    """Which joints (T, J) are found and lie within `share` of the true torso's length of their place."""
    apart = distances(found, true, joints=joints)
    # NaN, an absent joint, is not a hit.
    return apart <= share * torso_length(true)[:, None]


def lag_frames(videos: Iterable[tuple[Keypoints, Keypoints]], *, joints: Sequence[int] = BODY) -> float:
    """By how many frames the found joints of (found, true) videos lag the true ones, negative if early; NaN if still.

    The velocities of all joints of all videos are correlated at each lag of whole frames, so that what moves most
    counts most; a parabola through the highest value and its neighbours gives the fraction of a frame. The highest
    value is searched up to 6 frames off; NaN if it lies at the limit of the search.
    """
    # Lags MOST_LAG + 1 on either side give the outermost lags their neighbours.
    lags = np.arange(-MOST_LAG - 1, MOST_LAG + 2)
    total = np.zeros(len(lags))
    for found, true in videos:
        total += _correlations(found, true, lags, joints=joints)
    best = 1 + int(np.argmax(total[1:-1]))
    before, peak, after = total[best - 1 : best + 2]
    bend = before - 2 * peak + after
    if not (peak > 0 and bend < 0 and before <= peak >= after):
        return float("nan")
    return float(lags[best] + (before - after) / (2 * bend))


def _correlations(found: Keypoints, true: Keypoints, lags: NDArray[np.int_], *, joints: Sequence[int]) -> Array:
    """Sum over joints and frames of the true velocity times the found one `lag` frames later, for each lag."""
    apart = distances(found, true, joints=joints)
    sound = apart <= ASTRAY_TORSOS * torso_length(true)[:, None]
    chosen = list(joints)
    theirs = np.diff(true[:, chosen, :2].astype(np.float64), axis=0)
    ours = np.diff(np.where(sound[..., None], found[:, chosen, :2].astype(np.float64), np.nan), axis=0)
    ours = np.nan_to_num(ours)
    reach = int(lags.max())
    frames = len(theirs) - 2 * reach
    if frames <= 0:
        return np.zeros(len(lags))
    inner = theirs[reach : reach + frames]
    return np.array([(inner * ours[reach + lag : reach + lag + frames]).sum() for lag in lags])
