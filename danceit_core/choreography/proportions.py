"""Bone lengths of two dancers compared. Not in the paper, which scales a skeleton as a whole (V-D2).

In a picture, a bone is mostly foreshortened and only now and then at full length. Its length is therefore a high
percentile over the frames of a video, of both sides of the body together. The 95th was chosen by measurement: of the
50th to the 100th it is nearest to the true lengths of bodies in space (`benchmarks/proportions.py --lengths`), and one
wrong frame does not move it. The ratio of two such lengths is applied in every frame (`reshape`), so that foreshortened
bones stay foreshortened.

A length that few frames show may be that of a bone that was never parallel to the picture: it is a lower bound. The
ratio is therefore weighted by the number of frames of the dancer who seems shorter, by half at FEW_FRAMES. No bone is
made longer or shorter than the scaled dancer's by more than MOST: a larger ratio usually comes from the view (a person
seen only from the side), not from the person. Head, trunk and legs together stay within TALLER of the scaled dancer's
length: beyond that, where joints tremble or a person never stands up, the height of `pose.measure` is the better
measure of size. Joints of the face share one ratio, those of the feet another.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.pose.skeleton import JOINTS, Keypoints, present

Array = NDArray[np.float64]

PERCENTILE = 95.0
# Number of frames at which a ratio has half its weight; the largest ratio.
FEW_FRAMES = 24
MOST = 4 / 3
TALLER = 1.1
# Bones of both sides, parent first, from the hips outwards.
BONES: dict[str, tuple[tuple[int, int], ...]] = {
    "trunk": ((8, 1),),
    "shoulder": ((1, 2), (1, 5)),
    "upper arm": ((2, 3), (5, 6)),
    "forearm": ((3, 4), (6, 7)),
    "hip": ((8, 9), (8, 12)),
    "thigh": ((9, 10), (12, 13)),
    "shank": ((10, 11), (13, 14)),
    "neck": ((1, 0),),
    "nose to eye": ((0, 15), (0, 16)),
    "eye to ear": ((15, 17), (16, 18)),
    "ankle to toe": ((11, 22), (14, 19)),
    "across the toes": ((22, 23), (19, 20)),
    "ankle to heel": ((11, 24), (14, 21)),
}
NAMES = tuple(BONES)
UPRIGHT = [NAMES.index(name) for name in ("trunk", "thigh", "shank", "neck")]
UPPER_ARM, FOREARM, THIGH, SHANK = (NAMES.index(name) for name in ("upper arm", "forearm", "thigh", "shank"))
# Bones that share a factor, that of the first bone that both people show. In one person's dances of the 113 of
# `aistpp_pop`, nose to eye varies by 4 %, but eye to ear by 16 %, because it depends on the view of the head.
TOGETHER = tuple(
    [NAMES.index(name) for name in names]
    for names in (("nose to eye", "eye to ear"), ("ankle to toe", "across the toes", "ankle to heel"))
)


@dataclass(frozen=True)
class Lengths:
    """The length (13,) of each of BONES, pixels, NaN if unseen, and how many frames (13,) show it."""

    px: Array
    frames: NDArray[np.int64]


@dataclass(frozen=True)
class Proportions:
    """How a dancer's bones become another's: `legs` times as large as the scaled body, then bone by bone.

    bones (25,): further factor on the bone that ends at each joint; 1 at the hip. arm_px: upper arm and forearm at full
    length, pixels of the target; NaN if unknown.
    """

    legs: float
    bones: Array
    arm_px: tuple[float, float]


def measure_lengths(keypoints: Keypoints) -> Lengths:
    """The lengths of the bones of the person in (T, 25, 3) keypoints, absent joints 0, 0, 0; T may be 0."""
    seen = present(keypoints)
    px, frames = np.full(len(BONES), np.nan), np.zeros(len(BONES), np.int64)
    for number, sides in enumerate(BONES.values()):
        spans = [
            np.linalg.norm(keypoints[both, a, :2] - keypoints[both, b, :2], axis=-1)
            for a, b in sides
            for both in [seen[:, a] & seen[:, b]]
        ]
        frames[number] = max(len(of_side) for of_side in spans)
        if frames[number]:
            px[number] = np.percentile(np.concatenate(spans), PERCENTILE)
    px[px <= 0] = np.nan
    return Lengths(px, frames)


def compare(source: Lengths, target: Lengths, *, scale: float) -> Proportions:
    """The proportions that turn a dancer's body, scaled by `scale` as a whole, into that of the target.

    Bones that either of them never shows keep the scale.
    """
    factors = bone_factors(source, target, scale=scale)
    lengths = source.px * scale
    legs = _mean(factors[[THIGH, SHANK]], lengths[[THIGH, SHANK]])
    bones = np.ones(JOINTS)
    for factor, sides in zip(factors, BONES.values(), strict=True):
        for _, joint in sides:
            bones[joint] = factor / legs
    upper, fore = (float(factors[bone] * lengths[bone]) for bone in (UPPER_ARM, FOREARM))
    return Proportions(legs, bones, (upper, fore))


def bone_factors(source: Lengths, target: Lengths, *, scale: float) -> Array:
    """Factors (13,) by which the scaled bones are lengthened, 1 / MOST to MOST; 1 if nothing is known."""
    ratios = target.px / (source.px * scale)
    shorter = np.where(ratios < 1, target.frames, source.frames)
    believed = np.where(np.isnan(ratios), 0.0, np.log(ratios)) * shorter / (shorter + FEW_FRAMES)
    factors = np.exp(np.clip(believed, -np.log(MOST), np.log(MOST)))
    taller = _mean(factors[UPRIGHT], source.px[UPRIGHT])
    factors *= np.clip(taller, 1 / TALLER, TALLER) / taller
    for group in TOGETHER:
        factors[group] = next((factors[bone] for bone in group if np.isfinite(ratios[bone])), 1.0)
    return factors


def _mean(values: Array, weights: Array) -> float:
    """Weighted mean of the values whose weight is not NaN; 1 if there are none."""
    known = np.isfinite(weights)
    return float(np.average(values[known], weights=weights[known])) if known.any() else 1.0
