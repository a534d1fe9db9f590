"""A clip danced by a body of other proportions (`proportions`): from the hips outwards, on the feet it stood on.

Each bone keeps its direction in the picture and gets its own length. The clip comes in the size in which its legs have
the target's length, and its feet stay where they are then: what stood still does so, on the same ground line. What
hips, thighs and shanks differ by among each other shifts the hip, to the middle of what both legs ask for; each leg
takes up the rest, its knee half of it.

A hand that touches the other, the head, a hip or a knee is brought as near to it again, as far as the arm reaches. The
elbow goes half the way, so far as no bone of the arm gets longer than it is. Two-bone inverse kinematics, as `footlock`
has for knees, made arms jerk: an arm is seen foreshortened, and the elbow of one that points at the camera may lie on
either side. What only seems to touch, in front of the body, is moved as well; a picture does not tell the two apart.

Coordinates as in `curve`; joints that are absent stay so. Where a joint on the way from the hip is absent for some
frames, the way leads over its place between the frames round them, and if a clip never shows it, past it.
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
# A wrist this near to a joint has its hand on it, and one that far has not; torso lengths.
TOUCHING, APART = 0.25, 0.5
# A hand comes to what it touches within such a time, so that one that only passes is not pulled; a Gaussian's sigma.
TOUCH_S = 0.15


def reshape(clip: Array, to: Proportions, *, fps: float, torso_px: float) -> Array:
    """A clip (T, 25, 3) whose legs have the target's length, with all of the target's bones.

    torso_px: neck to hip of the target. A clip that never shows the middle of the hips comes back as it is.
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
    """Places (T, 25, 2) of which each bone is `factors` (25,) times as long, the middle of the hips where it was.

    known: the joints that are anywhere in the clip. The bones of the others are passed over.
    """
    new, anchor = xy.copy(), {MID_HIP: MID_HIP}
    for parent, joint in TREE:
        base = anchor.get(parent, MID_HIP)
        anchor[joint] = joint if joint in known else base
        new[:, joint] = new[:, base] + factors[joint] * (xy[:, joint] - xy[:, base])
    return new


def stand(clip: Array, old: Array, new: Array) -> Array:
    """The grown body (T, 25, 2) on the feet of the clip.

    clip: (T, 25, 2) with NaN, old: the same without.
    """
    wanted = {}  # by leg, from where it leads (T, 2) to where its foot is
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

    Where it is longer already, near the camera, it grows no longer.
    """
    if np.isnan(full_px):
        return np.zeros_like(shift)
    wanted, now = np.linalg.norm(bone + shift, axis=-1), np.linalg.norm(bone, axis=-1)
    allowed = np.minimum(wanted, np.maximum(now, full_px))
    return (bone + shift) * (allowed / np.maximum(wanted, 1e-9))[:, None] - bone


def _fall(values: Array, low: float, high: float) -> Array:
    """1 up to `low`, 0 from `high` on, smooth between."""
    u = np.clip((high - values) / (high - low), 0, 1)
    return u * u * (3 - 2 * u)
