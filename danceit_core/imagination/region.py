"""Where the person is in a picture, as far as 25 joints tell: body size, region, box.

All in pixels of the picture that the keypoints belong to; an absent joint is ignored. Used for the background plate,
the weights of the losses and the window in which the generator paints (`view`).
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
_LIMB, _HAND, _FOOT, _HEAD = 0.17, 0.26, 0.22, 0.42
_FOREARM = 0.45
# Factor on the half widths where nothing of the person must be missed.
_GENEROUS = 1.5
# Torso lengths beyond that: as far as hair and cloth may be opaque, and where nothing of the person is left.
_NEAR, _GONE = 0.3, 0.8


def body_size(keypoints: Keypoints) -> NDArray[np.float64]:
    """Size of the body in pixels, as a torso length seen upright, (...,) from (..., 25, 3); NaN without any bone."""
    seen = present(keypoints)
    sizes = np.full((*keypoints.shape[:-2], len(_BONES)), np.nan)
    for column, (a, b, share) in enumerate(_BONES):
        length = np.linalg.norm(keypoints[..., a, :2] - keypoints[..., b, :2], axis=-1) / share
        sizes[..., column] = np.where(seen[..., a] & seen[..., b], length, np.nan)
    return np.where(np.isnan(sizes).all(-1), np.nan, np.nanmax(np.nan_to_num(sizes, nan=-1.0), axis=-1))


def hand_tips(keypoints: Keypoints) -> list[NDArray[np.float32]]:
    """Middle of each visible hand, (2,) pixels: some way beyond the wrist, which is where BODY_25 ends."""
    tips = []
    for elbow, wrist in ((RIGHT_ELBOW, RIGHT_WRIST), (LEFT_ELBOW, LEFT_WRIST)):
        if present(keypoints)[[elbow, wrist]].all():
            tips.append(keypoints[wrist, :2] + _FOREARM * (keypoints[wrist, :2] - keypoints[elbow, :2]))
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
            stroke(points[a], points[b], _LIMB)
    trunk = [joint for joint in (RIGHT_SHOULDER, LEFT_SHOULDER, LEFT_HIP, RIGHT_HIP) if seen[joint]]
    if len(trunk) > 2:
        cv2.fillConvexPoly(canvas, cv2.convexHull(points[trunk].astype(np.int32)), 1)
    if seen[NOSE]:
        # Hair and skull lie beyond the nose as seen from the neck.
        up = keypoints[NOSE, :2] - keypoints[NECK, :2] if seen[NECK] else np.zeros(2, np.float32)
        stroke(points[NOSE], np.round(keypoints[NOSE, :2] + 0.2 * up), _HEAD)
    for tip in hand_tips(keypoints):
        stroke(np.round(tip), np.round(tip), _HAND)
    for joint in FEET + HANDS:
        if seen[joint]:
            stroke(points[joint], points[joint], _FOOT)
    return canvas.astype(bool)


def person_and_shadow(keypoints: Keypoints, *, size: tuple[int, int], body_px: float) -> Mask:
    """The person of (25, 3) keypoints, generously, and the shadow near the feet: booleans (H, W)."""
    region = person_region(keypoints, size=size, body_px=body_px, widen=_GENEROUS).astype(np.uint8)
    feet = [joint for joint in FEET if present(keypoints)[joint]]
    if feet:
        low, high = keypoints[feet, :2].min(0), keypoints[feet, :2].max(0)
        centre = (low + high) / 2
        axes = (high - low) / 2 + (0.7 * body_px, 0.3 * body_px)
        cv2.ellipse(region, tuple(map(int, centre)), tuple(map(int, axes)), 0, 0, 360, 1, -1)
    return region.astype(bool)


def reach(keypoints: Keypoints, *, size: tuple[int, int], body_px: float) -> NDArray[np.float32]:
    """How much of each pixel may belong to the person, float32 (H, W): 1 on and near them, 0 far off; 0 of nobody."""
    beyond = np.uint8(~person_and_shadow(keypoints, size=size, body_px=body_px))
    distance = cv2.distanceTransform(beyond, cv2.DIST_L2, 3) / body_px
    return np.clip((_GONE - distance) / (_GONE - _NEAR), 0, 1)


def detail_region(keypoints: Keypoints, *, size: tuple[int, int], body_px: float) -> Mask:
    """Face and hands, which the eye looks at first: booleans (H, W)."""
    canvas = np.zeros((size[1], size[0]), np.uint8)
    discs = [(tip, 0.22) for tip in hand_tips(keypoints)]
    if present(keypoints)[NOSE]:
        discs.append((keypoints[NOSE, :2], 0.3))
    for centre, radius in discs:
        x, y = np.round(centre).astype(int)
        cv2.circle(canvas, (int(x), int(y)), max(1, round(radius * body_px)), 1, -1)
    return canvas.astype(bool)


def person_span(keypoints: Keypoints, *, body_px: float) -> NDArray[np.float64]:
    """Box around the person with hair, hands and shoes, (..., 4) left, top, right, bottom; NaN if absent."""
    seen = present(keypoints)[..., None]
    low = np.where(seen, keypoints[..., :2], np.inf).min(-2)
    high = np.where(seen, keypoints[..., :2], -np.inf).max(-2)
    margin = 0.5 * body_px
    span = np.concatenate([low - margin, high + margin], -1).astype(np.float64)
    return np.where(seen.any(-2), span, np.nan)
