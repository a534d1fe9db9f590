"""A clip danced by a body of other proportions (`proportions`): from the hips outwards, standing on the same feet.

Each bone keeps its direction in the picture and gets the target's length. The clip is given in the size in which its
legs have the target's length, and its feet stay where they are in that size: feet that stood still stay still, on the
same ground line. Different ratios of hips, thighs and shanks shift the hip, to the middle of what both legs require;
each leg takes up the rest, its knee half of it.

A hand that touches the other hand, the head, a hip or a knee is brought as near to it again, as far as the arm reaches.
The elbow moves half as far, as long as no bone of the arm becomes longer than it is. Two-bone inverse kinematics, which
`footlock` uses for knees, made arms jerk: arms are foreshortened, and the elbow of an arm that points at the camera may
lie on either side. A hand that only seems to touch, in front of the body, is moved as well, because a picture does not
show the difference.

Coordinates as in `curve`; absent joints stay absent. If a joint between the hip and another joint is absent for some
frames, its place is interpolated from the frames around them; if a clip never shows it, it is skipped.
"""

from collections.abc import Set

import numpy as np
from scipy.ndimage import gaussian_filter1d

from danceit_core.choreography.curve import Array, fill_gaps
from danceit_core.choreography.footlock import LEGS
from danceit_core.choreography.proportions import BONES, Proportions
from danceit_core.pose.skeleton import (
    HEAD,
    LEFT_ELBOW,
    LEFT_HIP,
    LEFT_KNEE,
    LEFT_SHOULDER,
    LEFT_WRIST,
    MID_HIP,
    RIGHT_ELBOW,
    RIGHT_HIP,
    RIGHT_KNEE,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)

# Children after their parents.
TREE = tuple(pair for sides in BONES.values() for pair in sides)
ARMS = (
    (RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, LEFT_WRIST),
    (LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST, RIGHT_WRIST),
)
TOUCHED = (*HEAD, RIGHT_HIP, LEFT_HIP, RIGHT_KNEE, LEFT_KNEE)
# Distance of a wrist up to which its hand touches a joint, and from which on it does not; torso lengths.
TOUCHING, APART = 0.25, 0.5
# Time in which a hand is pulled to what it touches (a Gaussian's sigma), so that a passing hand is not pulled.
TOUCH_S = 0.15


def reshape(clip: Array, to: Proportions, *, fps: float, torso_px: float) -> Array:
    """A clip (T, 25, 3) whose legs have the target's length, with all of the target's bones.

    torso_px: neck to hip of the target. A clip that never shows the middle of the hips is returned unchanged.
    """
    if not len(clip) or np.isnan(clip[:, MID_HIP, 0]).all():
        return clip.copy()
    old = fill_gaps(clip[..., :2])
    known = set(np.flatnonzero(np.isfinite(clip[..., 0]).any(axis=0)).tolist())
    new = grow(old, to.bones, known=known)
    new = stand(clip[..., :2], old, new)
    new = touch(clip[..., :2], new, arm_px=to.arm_px, torso_px=torso_px, fps=fps)
    out = clip.copy()
    out[..., :2] = np.where(np.isnan(clip[..., :2]), np.nan, new)
    return out


def grow(xy: Array, factors: Array, *, known: Set[int]) -> Array:
    """Places (T, 25, 2) with each bone `factors` (25,) times as long; the middle of the hips stays in place.

    known: the joints that occur anywhere in the clip. The bones of the others are skipped.
    """
    new, anchor = xy.copy(), {MID_HIP: MID_HIP}
    for parent, joint in TREE:
        base = anchor.get(parent, MID_HIP)
        anchor[joint] = joint if joint in known else base
        new[:, joint] = new[:, base] + factors[joint] * (xy[:, joint] - xy[:, base])
    return new


def stand(clip: Array, old: Array, new: Array) -> Array:
    """The resized body (T, 25, 2) on the feet of the clip.

    clip: (T, 25, 2) with NaN, old: the same without NaN.
    """
    wanted = {}  # by leg: from the place it leads to (T, 2) to the place of its foot
    for hip, knee, ankle, rest in LEGS:
        whole = np.flatnonzero(np.isfinite(clip[:, [hip, knee, ankle], 0]).all(axis=1))
        if len(whole):
            leads = np.full_like(new[:, ankle], np.nan)
            leads[whole] = (old[:, ankle] - new[:, ankle])[whole]
            wanted[knee, ankle, *rest] = fill_gaps(leads)
    if not wanted:
        return new
    lift = np.mean(list(wanted.values()), axis=0)
    out = new + lift[:, None]
    for (knee, *foot), way in wanted.items():
        out[:, knee] += (way - lift) / 2
        out[:, foot] += (way - lift)[:, None]
    return out


def touch(clip: Array, new: Array, *, arm_px: tuple[float, float], torso_px: float, fps: float) -> Array:
    """The body (T, 25, 2) with its hands as near to what they touch as they were in the clip (T, 25, 2)."""
    out = new.copy()
    for shoulder, elbow, wrist, other in ARMS:
        total, weights, most = np.zeros_like(new[:, wrist]), np.zeros(len(new)), np.zeros(len(new))
        for joint in (other, *TOUCHED):
            apart = clip[:, wrist] - clip[:, joint]
            weight = np.nan_to_num(_fall(np.linalg.norm(apart, axis=-1) / torso_px, TOUCHING, APART))
            shift = np.nan_to_num(new[:, joint] + apart - new[:, wrist]) / (2 if joint == other else 1)
            total += weight[:, None] ** 2 * shift
            weights += weight**2
            most = np.maximum(most, weight)
        shift = most[:, None] * total / np.maximum(weights, 1e-9)[:, None]
        shift = gaussian_filter1d(shift, TOUCH_S * fps, axis=0, mode="nearest")
        shift = reach(new[:, wrist] - new[:, shoulder], shift, full_px=sum(arm_px))
        out[:, wrist] += shift
        upper, fore = new[:, elbow] - new[:, shoulder], new[:, wrist] - new[:, elbow]
        at = new[:, elbow] + reach(upper, shift / 2, full_px=arm_px[0])
        out[:, elbow] = out[:, wrist] - fore - reach(fore, out[:, wrist] - at - fore, full_px=arm_px[1])
    return out


def reach(bone: Array, shift: Array, *, full_px: float) -> Array:
    """As much of a `shift` (T, 2) of the far end of a bone or an arm (T, 2) as its full length allows; 0 if it is NaN.

    If it is already longer, because it is near the camera, it does not grow.
    """
    if np.isnan(full_px):
        return np.zeros_like(shift)
    wanted, now = np.linalg.norm(bone + shift, axis=-1), np.linalg.norm(bone, axis=-1)
    allowed = np.minimum(wanted, np.maximum(now, full_px))
    return (bone + shift) * (allowed / np.maximum(wanted, 1e-9))[:, None] - bone


def _fall(values: Array, low: float, high: float) -> Array:
    """1 up to `low`, 0 from `high` on, smooth in between."""
    u = np.clip((high - values) / (high - low), 0, 1)
    return u * u * (3 - 2 * u)
