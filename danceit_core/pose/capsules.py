"""Estimate the size of a body and the pixels that it may cover from its 25 joints.

It uses capsules around the limbs and discs around hands, feet and head. All is in pixels of the picture that the
keypoints belong to; an absent joint is ignored.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.pose.skeleton import (
    FEET,
    HANDS,
    LEFT_ELBOW,
    LEFT_HIP,
    LEFT_KNEE,
    LEFT_SHOULDER,
    LEFT_WRIST,
    LIMBS,
    MID_HIP,
    NECK,
    NOSE,
    RIGHT_ELBOW,
    RIGHT_HIP,
    RIGHT_KNEE,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    Keypoints,
    present,
)

Mask = NDArray[np.bool_]
# Bones and their usual length in torso lengths: the longest bone over its share survives foreshortening of the torso.
_BONES = (
    (NECK, MID_HIP, 1.0), (RIGHT_HIP, RIGHT_KNEE, 0.85), (LEFT_HIP, LEFT_KNEE, 0.85), (RIGHT_KNEE, 11, 0.85),
    (LEFT_KNEE, 14, 0.85), (RIGHT_SHOULDER, RIGHT_ELBOW, 0.6), (LEFT_SHOULDER, LEFT_ELBOW, 0.6),
)  # fmt: skip
# Half widths in torso lengths: the capsule around every limb, the discs around hands, feet and head.
LIMB_RADIUS, HAND_RADIUS, FOOT_RADIUS, HEAD_RADIUS = 0.17, 0.26, 0.22, 0.42
FOREARM = 0.45


def body_size(keypoints: Keypoints) -> NDArray[np.float64]:
    """Size of the body in pixels, as a torso length seen upright, (...,) from (..., 25, 3); NaN without any bone."""
    seen = present(keypoints)
    sizes = np.full((*keypoints.shape[:-2], len(_BONES)), np.nan)
    for column, (a, b, share) in enumerate(_BONES):
        length = np.linalg.norm(keypoints[..., a, :2] - keypoints[..., b, :2], axis=-1) / share
        sizes[..., column] = np.where(seen[..., a] & seen[..., b], length, np.nan)
    return np.where(np.isnan(sizes).all(-1), np.nan, np.nanmax(np.nan_to_num(sizes, nan=-1.0), axis=-1))


def hand_tips(keypoints: Keypoints) -> list[NDArray[np.float32]]:
    """Middle of each visible hand, (2,) pixels: a little beyond the wrist, where BODY_25 ends."""
    tips = []
    for elbow, wrist in ((RIGHT_ELBOW, RIGHT_WRIST), (LEFT_ELBOW, LEFT_WRIST)):
        if present(keypoints)[[elbow, wrist]].all():
            tips.append(keypoints[wrist, :2] + FOREARM * (keypoints[wrist, :2] - keypoints[elbow, :2]))
    return tips


def person_region(keypoints: Keypoints, *, size: tuple[int, int], body_px: float, widen: float = 1.0) -> Mask:
    """The pixels that the person of (25, 3) keypoints may cover: booleans (H, W) for a `size` (width, height).

    body_px: body size in pixels (> 0). widen: factor on every half width; above 1 the region is generous.
    """
    canvas = np.zeros((size[1], size[0]), np.uint8)
    seen = present(keypoints)
    points = np.round(keypoints[:, :2]).astype(int)

    def stroke(a: NDArray, b: NDArray, radius: float) -> None:
        width = max(1, round(2 * radius * widen * body_px))
        cv2.line(canvas, tuple(map(int, a)), tuple(map(int, b)), 1, width)

    for a, b in LIMBS:
        if seen[a] and seen[b]:
            stroke(points[a], points[b], LIMB_RADIUS)
    trunk = [joint for joint in (RIGHT_SHOULDER, LEFT_SHOULDER, LEFT_HIP, RIGHT_HIP) if seen[joint]]
    if len(trunk) > 2:
        cv2.fillConvexPoly(canvas, cv2.convexHull(points[trunk].astype(np.int32)), 1)
    if seen[NOSE]:
        # Hair and skull lie beyond the nose as seen from the neck.
        up = keypoints[NOSE, :2] - keypoints[NECK, :2] if seen[NECK] else np.zeros(2, np.float32)
        stroke(points[NOSE], np.round(keypoints[NOSE, :2] + 0.2 * up), HEAD_RADIUS)
    for tip in hand_tips(keypoints):
        stroke(np.round(tip), np.round(tip), HAND_RADIUS)
    for joint in FEET + HANDS:
        if seen[joint]:
            stroke(points[joint], points[joint], FOOT_RADIUS)
    return canvas.astype(bool)
