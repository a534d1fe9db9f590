"""Features of a body part in a pose; their squared distance says how well one frame can lend the part to another.

What warping cannot change has the largest weight. A limb can be turned in the picture, but not stretched or bent, so
the lengths of its bones as seen (foreshortening) and the bend between them come first, then its direction and the
body's facing. The trunk is described by the places of shoulders and hips, its facing, and the places of the arms: a
trunk with an arm across it suits a pose with an arm there.
"""

import numpy as np
from numpy.typing import NDArray

from danceit_core.imagination.recall.parts import HEAD, LIMBS, PARTS, TRUNK, Part
from danceit_core.pose.skeleton import (
    LEFT_ELBOW,
    LEFT_HIP,
    LEFT_SHOULDER,
    LEFT_WRIST,
    MID_HIP,
    NECK,
    NOSE,
    RIGHT_ELBOW,
    RIGHT_HIP,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    Keypoints,
    present,
)

Features = NDArray[np.float32]
# Weights, per body size: lengths of bones, bend, places of a limb's joints; places of those of trunk and head; facing
# of a limb, and of trunk and head; arms in front of the trunk; an absent joint.
LENGTH, BEND, LIMB_PLACE, PLACE = 3.0, 1.2, 0.6, 1.5
LIMB_FACING, FACING, ARMS, ABSENT = 1.1, 2.0, 0.4, 0.5


def describe(keypoints: Keypoints, *, body_px: float) -> list[Features]:
    """The features (T, D) of each of PARTS in (T, 25, 3) keypoints; body_px: body size of the person, pixels."""
    xy, seen = keypoints[..., :2] / np.float32(body_px), np.asarray(present(keypoints))
    facing = _facing(xy, seen)
    return [_describe_part(number, part, xy, seen, facing) for number, part in enumerate(PARTS)]


def _facing(xy: Features, seen: NDArray[np.bool_]) -> Features:
    """Signed widths of shoulders and hips, and the sideways offset of the nose from the neck, (T, 3) body sizes."""
    pairs = ((LEFT_SHOULDER, RIGHT_SHOULDER), (LEFT_HIP, RIGHT_HIP), (NOSE, NECK))
    return np.stack([np.where(seen[:, a] & seen[:, b], xy[:, a, 0] - xy[:, b, 0], 0) for a, b in pairs], -1)


def _describe_part(number: int, part: Part, xy: Features, seen: NDArray[np.bool_], facing: Features) -> Features:
    look = list(part.look)
    known = seen[:, look] & seen[:, [part.root]]
    place = np.where(known[..., None], xy[:, look] - xy[:, [part.root]], 0).reshape(len(xy), 2 * len(look))
    columns = [ABSENT * ~seen[:, look]]
    if part.bones:
        columns += [LIMB_PLACE * place, LIMB_FACING * facing, _limb_shape(part, xy, seen)]
    else:
        columns += [PLACE * place, FACING * facing]
    if number == TRUNK:
        arms = [RIGHT_ELBOW, RIGHT_WRIST, LEFT_ELBOW, LEFT_WRIST]
        there = seen[:, arms] & seen[:, [MID_HIP]]
        beside = np.where(there[..., None], xy[:, arms] - xy[:, [MID_HIP]], 0)
        columns.append(ARMS * beside.reshape(len(xy), 2 * len(arms)))
    return np.concatenate(columns, -1).astype(np.float32)


def _limb_shape(part: Part, xy: Features, seen: NDArray[np.bool_]) -> Features:
    """Lengths of both bones as seen, cosine and sine of the bend between them, (T, 4), weighted."""
    (a, b), (_, c) = part.bones
    known = np.asarray(seen[:, [a, b, c]].all(-1))
    upper, lower = xy[:, b] - xy[:, a], xy[:, c] - xy[:, b]
    lengths = np.linalg.norm(upper, axis=-1), np.linalg.norm(lower, axis=-1)
    scale = np.maximum(lengths[0] * lengths[1], 1e-3)
    cosine = (upper * lower).sum(-1) / scale
    sine = (upper[:, 0] * lower[:, 1] - upper[:, 1] * lower[:, 0]) / scale
    shape = np.stack([LENGTH * lengths[0], LENGTH * lengths[1], BEND * cosine, BEND * sine], -1)
    return np.where(known[:, None], shape, 0)


def bone_lengths(keypoints: Keypoints, *, body_px: float) -> dict[int, Features]:
    """The lengths, as seen, of the bones of each limb among PARTS, (T, 2) body sizes; NaN where a joint is absent."""
    lengths = {}
    for number in LIMBS:
        first, last = ([pair[end] for pair in PARTS[number].bones] for end in (0, 1))
        long = np.linalg.norm(keypoints[:, last, :2] - keypoints[:, first, :2], axis=-1) / body_px
        known = (keypoints[:, last, 2] > 0) & (keypoints[:, first, 2] > 0)
        lengths[number] = np.where(known, long, np.nan).astype(np.float32)
    return lengths


def usable_parts(keypoints: Keypoints) -> NDArray[np.bool_]:
    """Which frames (T, parts) have the joints that are needed to warp a part."""
    seen = np.asarray(present(keypoints))
    able = np.empty((len(keypoints), len(PARTS)), bool)
    for number, part in enumerate(PARTS):
        if part.bones:
            able[:, number] = seen[:, sorted({joint for bone in part.bones for joint in bone})].all(-1)
        else:
            # A fit needs three joints; a head also needs its nose or an ear.
            able[:, number] = seen[:, list(part.fit)].sum(-1) >= (3 if number != HEAD else 2)
    return able
