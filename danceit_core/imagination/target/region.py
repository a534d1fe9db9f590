"""Where the person is in a picture, estimated from 25 joints: body size, region, box.

All in pixels of the picture that the keypoints belong to; an absent joint is ignored. Used for the background plate,
the weights of the losses and the window in which the generator paints (`view`).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.pose.capsules import Mask, body_size, hand_tips, person_region
from danceit_core.pose.skeleton import FEET, NOSE, Keypoints, present

__all__ = [
    "Mask",
    "body_size",
    "detail_region",
    "hand_tips",
    "person_and_shadow",
    "person_region",
    "person_span",
    "reach",
]

# Factor on the half widths where no part of the person may be missed.
GENEROUS = 1.5
# Torso lengths beyond that region: up to where hair and cloth may be opaque, and where the person certainly ends.
NEAR, GONE = 0.3, 0.8


def person_and_shadow(keypoints: Keypoints, *, size: tuple[int, int], body_px: float) -> Mask:
    """The person of (25, 3) keypoints, generously, and the shadow near the feet: booleans (H, W)."""
    region = person_region(keypoints, size=size, body_px=body_px, widen=GENEROUS).astype(np.uint8)
    feet = [joint for joint in FEET if present(keypoints)[joint]]
    if feet:
        low, high = keypoints[feet, :2].min(0), keypoints[feet, :2].max(0)
        centre = (low + high) / 2
        axes = (high - low) / 2 + (0.7 * body_px, 0.3 * body_px)
        cv2.ellipse(region, tuple(map(int, centre)), tuple(map(int, axes)), 0, 0, 360, 1, -1)
    return region.astype(bool)


def reach(keypoints: Keypoints, *, size: tuple[int, int], body_px: float) -> NDArray[np.float32]:
    """How far each pixel may belong to the person, float32 (H, W): 1 on and near them, 0 far off or without any."""
    beyond = np.uint8(~person_and_shadow(keypoints, size=size, body_px=body_px))
    distance = cv2.distanceTransform(beyond, cv2.DIST_L2, 3) / body_px
    return np.clip((GONE - distance) / (GONE - NEAR), 0, 1)


def detail_region(keypoints: Keypoints, *, size: tuple[int, int], body_px: float) -> Mask:
    """Face and hands, which viewers look at first: booleans (H, W)."""
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
