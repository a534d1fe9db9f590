"""A clip danced by a body of other proportions (`proportions`): from the hips outwards, on the feet it stood on.

Each bone keeps its direction in the picture and gets its own length. The clip comes in the size in which its legs have
the target's length, so that feet that stood still do so, on the same ground line; what thighs, shanks and hips differ
among each other shifts the hip, by the foot that carries, and a foot in the air follows its leg. Knees take up what is
left (`footlock.bend`).

A hand that touches the other, the head, a hip or a knee is brought as near to it again, the elbow follows: as far as
the arm reaches. What only seems to touch, in front of the body, is moved as well; it cannot be told apart in a picture.

Coordinates as in `curve`; joints that are absent stay so. Where a joint on the way from the hip is absent for some
frames, the way leads over its place between the frames round them, and if a clip never shows it, past it.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from danceit_core.choreography.curve import Array, fill_gaps
from danceit_core.choreography.footlock import FAST, LEGS, SLOW, bend
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
# A foot carries below the first height over the lower ankle, body heights, and does not above the second. One that
# moves as fast as a step carries by this share of one that stands; one in the air by the least, so that a jump has a
# hip.
ON_GROUND, IN_AIR = 0.03, 0.12
MOVING_SHARE, LEAST_SHARE = 0.25, 0.02
SMOOTH_FRAMES = 2.0
ARMS = (
    (RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, LEFT_WRIST),
    (LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST, RIGHT_WRIST),
)
TOUCHED = (*HEAD, RIGHT_HIP, LEFT_HIP, RIGHT_KNEE, LEFT_KNEE)
# A wrist this near to a joint has its hand on it, and one that far has not; torso lengths.
TOUCHING, APART = 0.25, 0.5


def reshape(clip: Array, to: Proportions, *, fps: float, height_px: float, torso_px: float) -> Array:
    """A clip (T, 25, 3) whose legs have the target's length, with all of the target's bones.

    height_px, torso_px: nose to ankles and neck to hip of the target. A clip that never shows the middle of the hips
    comes back as it is.
    """
    if not len(clip) or np.isnan(clip[:, MID_HIP, 0]).all():
        return clip.copy()
    old = fill_gaps(clip[..., :2])
    known = ~np.isnan(clip[..., 0]).all(axis=0)
    new = grow(old, to.bones, known=known)
    new = stand(clip[..., :2], old, new, fps=fps, height_px=height_px)
    new = touch(clip[..., :2], new, arm_px=to.arm_px, torso_px=torso_px)
    out = clip.copy()
    out[..., :2] = np.where(np.isnan(clip[..., :2]), np.nan, new)
    return out


def grow(xy: Array, factors: Array, *, known: NDArray[np.bool_]) -> Array:
    """Places (T, 25, 2) of which each bone is `factors` (25,) times as long, the middle of the hips where it was.

    known (25,): which joints are anywhere in the clip. The bones of the others are passed over.
    """
    new, anchor = xy.copy(), {MID_HIP: MID_HIP}
    for parent, joint in TREE:
        base = anchor.get(parent, MID_HIP)
        anchor[joint] = joint if known[joint] else base
        new[:, joint] = new[:, base] + factors[joint] * (xy[:, joint] - xy[:, base])
    return new


def stand(clip: Array, old: Array, new: Array, *, fps: float, height_px: float) -> Array:
    """The grown body (T, 25, 2) on the feet of the clip, knees bent to it.

    clip: (T, 25, 2) with NaN, old: without, as long as the body was.
    """
    ankles = [ankle for _, _, ankle, _ in LEGS]
    wanted = old[:, ankles] - new[:, ankles]  # (T, 2, 2): from where the leg leads to where the foot is
    share = carrying(clip[:, ankles], fps=fps, height_px=height_px)
    weight = np.where(np.isnan(clip[:, [leg[:3] for leg in LEGS], 0]).any(axis=-1), 0.0, share)
    total = weight.sum(axis=1)
    hip = (weight[..., None] * wanted).sum(axis=1) / np.where(total > 0, total, np.nan)[:, None]
    out = new + fill_gaps(hip)[:, None]
    for number, (thigh, knee, ankle, rest) in enumerate(LEGS):
        shift = weight[:, number, None] * (old[:, ankle] - out[:, ankle])
        out[:, knee] = bend(out[:, thigh], out[:, knee], out[:, ankle], shift)
        for joint in (ankle, *rest):
            out[:, joint] += shift
    return out


def carrying(ankles: Array, *, fps: float, height_px: float) -> Array:
    """How much each of two ankles (T, 2, 2) carries, (T, 2), LEAST_SHARE to 1."""
    places = fill_gaps(ankles)
    smooth = gaussian_filter1d(places, SMOOTH_FRAMES, axis=0, mode="nearest")
    speed = np.linalg.norm(np.gradient(smooth, axis=0), axis=-1) * fps if len(places) > 1 else np.zeros((1, 2))
    lowest = np.fmax.reduce(np.where(np.isnan(ankles[..., 1]), np.nan, places[..., 1]), axis=1, keepdims=True)
    low = _fall(np.nan_to_num(lowest - places[..., 1]) / height_px, ON_GROUND, IN_AIR)
    still = MOVING_SHARE + (1 - MOVING_SHARE) * _fall(speed / height_px, SLOW, 2 * FAST)
    return np.maximum(LEAST_SHARE, low * still)


def touch(clip: Array, new: Array, *, arm_px: float, torso_px: float) -> Array:
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
        shift = reach(new[:, wrist] - new[:, shoulder], shift, arm_px=arm_px)
        out[:, elbow] = bend(new[:, shoulder], new[:, elbow], new[:, wrist], shift)
        out[:, wrist] += shift
    return out


def reach(arm: Array, shift: Array, *, arm_px: float) -> Array:
    """As much of a `shift` (T, 2) of a hand as its arm (T, 2), shoulder to wrist, of full length `arm_px` allows."""
    if np.isnan(arm_px):
        return np.zeros_like(shift)
    wanted, now = np.linalg.norm(arm + shift, axis=-1), np.linalg.norm(arm, axis=-1)
    allowed = np.minimum(wanted, np.maximum(now, arm_px))
    return (arm + shift) * (allowed / np.maximum(wanted, 1e-9))[:, None] - arm


def _fall(values: Array, low: float, high: float) -> Array:
    """1 up to `low`, 0 from `high` on, smooth between."""
    u = np.clip((high - values) / (high - low), 0, 1)
    return u * u * (3 - 2 * u)
