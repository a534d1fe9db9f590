"""Turn a dance to the front for a target person who is only seen from the front, as in a photograph.

While a dancer faces away, left and right are exchanged: every joint stays in its place in the picture, and the body
drawn there faces the camera. A turn becomes a swing to the side and back.
"""

import numpy as np
from numpy.typing import NDArray

from danceit_core.pose.skeleton import (
    LEFT_HIP,
    LEFT_SHOULDER,
    MIRROR,
    RIGHT_HIP,
    RIGHT_SHOULDER,
    Keypoints,
    present,
    torso_length,
)

# If shoulders and hips are nearer than this in total, in torso lengths, the direction is unclear.
UNCLEAR_TORSOS = 0.2
# A person seen from behind in a smaller share of the frames counts as not seen from behind.
RARE_SHARE = 0.02


def as_far_as_shown(dance: Keypoints, shown: Keypoints) -> Keypoints:
    """A dance (T, 25, 3), turned to the front if the person in the frames `shown` (M, 25, 3) never faces away."""
    known = present(shown).any(axis=1)
    if known.any() and faces_away(shown[known]).mean() < RARE_SHARE:
        return turned_to_front(dance)
    return dance


def turned_to_front(keypoints: Keypoints) -> Keypoints:
    """(T, 25, 3) keypoints, left and right exchanged in the frames in which the dancer faces away from the camera."""
    away = faces_away(keypoints)
    return np.where(away[:, None, None], keypoints[:, list(MIRROR)], keypoints)


def faces_away(keypoints: Keypoints) -> NDArray[np.bool_]:
    """In which frames (T,) of (T, 25, 3) keypoints the dancer faces away; unclear ones are as the nearest clear one."""
    seen, torso_px = present(keypoints), np.asarray(torso_length(keypoints))
    widths = np.zeros(len(keypoints))
    for left, right in ((LEFT_SHOULDER, RIGHT_SHOULDER), (LEFT_HIP, RIGHT_HIP)):
        both = seen[:, left] & seen[:, right]
        widths += np.where(both, keypoints[:, left, 0] - keypoints[:, right, 0], 0)
    # Use one size throughout: a dancer who bends down does not become wider.
    size = np.median(torso_px[torso_px > 0]) if (torso_px > 0).any() else 1.0
    clear = np.flatnonzero(np.abs(widths) > UNCLEAR_TORSOS * size)
    if not len(clear):
        return np.zeros(len(keypoints), bool)
    frames = np.arange(len(keypoints))
    after = np.clip(np.searchsorted(clear, frames), 0, len(clear) - 1)
    before = np.maximum(after - 1, 0)
    nearer = np.abs(clear[before] - frames) < np.abs(clear[after] - frames)
    away: NDArray[np.bool_] = widths[clear[np.where(nearer, before, after)]] < 0
    return away
