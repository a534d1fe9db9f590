"""How much of each part is hidden by another part in a frame, or lies in front of one; other frames lend it better.

Places on a part are hidden if another part lies over them, by the joints' depth; if the detector gives no depth, arms
are assumed to be in front of everything else. A forearm and a hand in front of the trousers bring some of the trousers
along, since the outline of a hand inside that of the person is unknown.
"""

import numpy as np
from numpy.typing import NDArray

from danceit_core.imagination.recall.parts import ARM_LAYER, HEAD, HEAD_JOINTS, LIMBS, PARTS, TRUNK
from danceit_core.pose.skeleton import LEFT_HIP, LEFT_SHOULDER, NECK, NOSE, RIGHT_HIP, RIGHT_SHOULDER, Keypoints

Values = NDArray[np.float32]
# Places along each bone, and the thickness of a part that lies over another one, body sizes; for a head also its width.
PLACES, THICK, HEAD_THICK = 4, 0.09, 0.2
# How much nearer it must be, torso lengths.
NEARER = 0.08
# Pairs of joints that represent trunk and head.
TRUNK_BONES = (
    (RIGHT_SHOULDER, RIGHT_HIP),
    (LEFT_SHOULDER, LEFT_HIP),
    (RIGHT_SHOULDER, LEFT_HIP),
    (LEFT_SHOULDER, RIGHT_HIP),
)
HEAD_BONES = ((NECK, NOSE), *((HEAD_JOINTS[0], joint) for joint in HEAD_JOINTS[1:]))
# The ends of limbs beyond their last joints (hands, feet) are added as further joints.
TIPS = {number: 25 + k for k, number in enumerate(LIMBS)}
BONES = tuple(
    TRUNK_BONES if k == TRUNK else HEAD_BONES if k == HEAD else (*part.bones, (part.bones[-1][1], TIPS[k]))
    for k, part in enumerate(PARTS)
)


def usual_depth() -> Values:
    """The depth used if the detector gives none: arms in front of the rest. (25,), torso lengths towards the camera."""
    depth = np.zeros(25, np.float32)
    for part in PARTS:
        if part.layer == ARM_LAYER:
            _, (elbow, wrist) = part.bones
            depth[[elbow, wrist]] = NEARER, 2 * NEARER
    return depth


def hidden_shares(keypoints: Keypoints, depth: Values | None, *, body_px: float) -> Values:
    """The hidden share of each part, (T, parts) in 0..1, in (T, 25, 3) keypoints.

    depth: (T, 25), torso lengths towards the camera; None: not known. A part whose joints are absent is not hidden.
    """
    shares = np.zeros((len(keypoints), len(PARTS)), np.float32)
    keypoints, depth = _with_tips(keypoints, depth, body_px=body_px)
    for number in range(len(PARTS)):
        covered, known = [], []
        for bone in BONES[number]:
            over, there = _covered(keypoints, depth, bone, number, body_px=body_px)
            covered.append(over & there[:, None])
            known.append(np.broadcast_to(there[:, None], over.shape))
        total = np.concatenate(known, 1).sum(1)
        shares[:, number] = np.concatenate(covered, 1).sum(1) / np.maximum(total, 1)
    return shares


def crowded_shares(keypoints: Keypoints, *, body_px: float) -> Values:
    """The share of each forearm with its hand that lies on trunk, head or legs, (T, parts) in 0..1; 0 for the rest."""
    shares = np.zeros((len(keypoints), len(PARTS)), np.float32)
    longer, _ = _with_tips(keypoints, None, body_px=body_px)
    for number in LIMBS:
        if PARTS[number].layer == ARM_LAYER:
            near = [_crowded(longer, bone, body_px=body_px) for bone in BONES[number][1:]]
            shares[:, number] = np.concatenate(near, 1).mean(1)
    return shares


def _crowded(keypoints: Keypoints, bone: tuple[int, int], *, body_px: float) -> NDArray[np.bool_]:
    """Which places (T, PLACES) of a bone lie on a part that is not an arm."""
    places = _places(keypoints, bone)
    on = np.zeros(places.shape[:2], bool)
    for part, bones in zip(PARTS, BONES, strict=True):
        for start, end in bones if part.layer != ARM_LAYER else ():
            there = (keypoints[:, start, 2] > 0) & (keypoints[:, end, 2] > 0)
            on |= (_nearest(places, keypoints[:, start], keypoints[:, end])[1] < THICK * body_px) & there[:, None]
    return on


def _places(keypoints: Keypoints, bone: tuple[int, int]) -> Values:
    """Places (T, PLACES, 2) along a bone."""
    a, b = bone
    along = ((np.arange(PLACES) + 0.5) / PLACES).astype(np.float32)[None, :, None]
    return (1 - along) * keypoints[:, None, a, :2] + along * keypoints[:, None, b, :2]


def _with_tips(
    keypoints: Keypoints, depth: Values | None, *, body_px: float
) -> tuple[NDArray[np.float32], Values | None]:
    """Joints (T, 29, 3) and their depth, with the ends of the limbs at the depth of the last joint."""
    tips, last = [], [PARTS[number].bones[-1][1] for number in LIMBS]
    for number in LIMBS:
        before, joint = PARTS[number].bones[-1]
        bone = keypoints[:, joint, :2] - keypoints[:, before, :2]
        beyond = PARTS[number].beyond * body_px * bone / np.maximum(np.linalg.norm(bone, axis=-1, keepdims=True), 1)
        known = np.minimum(keypoints[:, joint, 2], keypoints[:, before, 2])
        tips.append(np.concatenate([keypoints[:, joint, :2] + beyond, known[:, None]], -1))
    longer = np.concatenate([keypoints, np.stack(tips, 1).astype(np.float32)], 1)
    return longer, None if depth is None else np.concatenate([depth, depth[:, last]], 1)


def _covered(
    keypoints: Keypoints, depth: Values | None, bone: tuple[int, int], number: int, *, body_px: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which places (T, PLACES) of a bone of part `number` lie behind another part, and whether it is there (T,)."""
    a, b = bone
    along, places = ((np.arange(PLACES) + 0.5) / PLACES).astype(np.float32)[None, :, None], _places(keypoints, bone)
    own = None if depth is None else (1 - along[..., 0]) * depth[:, None, a] + along[..., 0] * depth[:, None, b]
    over = np.zeros(places.shape[:2], bool)
    for other, bones in enumerate(BONES):
        if other == number or (depth is None and PARTS[other].layer != ARM_LAYER):
            continue
        for start, end in bones:
            at, distance = _nearest(places, keypoints[:, start], keypoints[:, end])
            near = distance < (HEAD_THICK if number == HEAD else THICK) * body_px
            if own is not None and depth is not None:
                theirs = (1 - at) * depth[:, None, start] + at * depth[:, None, end]
                near &= theirs > own + NEARER
            over |= near & ((keypoints[:, start, 2] > 0) & (keypoints[:, end, 2] > 0))[:, None]
    return over, (keypoints[:, a, 2] > 0) & (keypoints[:, b, 2] > 0)


def _nearest(places: Values, start: Values, end: Values) -> tuple[Values, Values]:
    """Position along bones (T,) of the point nearest to places (T, n, 2), 0..1, and its distance, (T, n) each."""
    bone = end[:, None, :2] - start[:, None, :2]
    offset = places - start[:, None, :2]
    at = np.clip((offset * bone).sum(-1) / np.maximum((bone * bone).sum(-1), 1.0), 0, 1)
    return at, np.linalg.norm(offset - at[..., None] * bone, axis=-1)
