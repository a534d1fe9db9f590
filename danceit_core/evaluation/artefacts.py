"""Artefacts that a painter leaves outside the person: far from the body, and near its silhouette.

    far_changed    share of the picture, in 0..1, that is farther than FAR_TORSOS body sizes from body and shadow and
                   differs from the empty room by more than LEVELS grey levels
    near_changed   the same for pixels that are nearer, but outside the person's outline (by more than RIM body sizes)
                   and off the floor round the feet, where a shadow may lie

Both are 0 for a painter that paints only the person. Real frames differ from the plate too: the light changes, and the
outline misses some cloth. The figures of the real frames are therefore reported beside them. Pictures are uint8
(H, W, 3), and so is the plate.
"""

from collections.abc import Iterable

import cv2
import numpy as np

from danceit_core.imagination.target.region import person_and_shadow, person_region
from danceit_core.media.letterbox import Picture
from danceit_core.pose.capsules import Mask
from danceit_core.pose.skeleton import Keypoints

# Body sizes from body and shadow within which the painting fades out (`imagination.target.region.reach`).
FAR_TORSOS = 0.8
# Grey levels of the colour channel that differs most. Video coding alone changes it by up to about four.
LEVELS = 8
# Body sizes by which an outline may be wrong.
RIM = 0.06


def far_changed(pictures: Iterable[Picture], keypoints: Keypoints, *, plate: Picture, body_px: float) -> float:
    """`far_changed` of the module: mean over the pictures with joints (T, 25, 3) in their pixels; NaN without any."""
    size = plate.shape[1], plate.shape[0]
    shares = []
    for picture, pose in zip(pictures, keypoints, strict=True):
        far = ~_grown(person_and_shadow(pose, size=size, body_px=body_px), FAR_TORSOS * body_px)
        shares.append(float((far & _differs(picture, plate)).mean()))
    return float(np.mean(shares)) if shares else float("nan")


def near_changed(
    pictures: Iterable[Picture], keypoints: Keypoints, outlines: Iterable[Picture], *, plate: Picture, body_px: float
) -> float:
    """`near_changed` of the module. outlines: uint8 (H, W) for each picture, 255 where the person is."""
    size = plate.shape[1], plate.shape[0]
    shares = []
    for picture, pose, outline in zip(pictures, keypoints, outlines, strict=True):
        whole = person_and_shadow(pose, size=size, body_px=body_px)
        # The part of it that the feet's shadow adds to the body.
        floor = whole & ~person_region(pose, size=size, body_px=body_px, widen=1.5)
        person = _grown(outline > 127, RIM * body_px)
        near = _grown(whole, FAR_TORSOS * body_px) & ~person & ~_grown(floor, FAR_TORSOS * body_px)
        shares.append(float((near & _differs(picture, plate)).mean()))
    return float(np.mean(shares)) if shares else float("nan")


def _differs(picture: Picture, plate: Picture) -> Mask:
    return np.asarray(cv2.absdiff(picture, plate).max(-1) > LEVELS)


def _grown(mask: Mask, by_px: float) -> Mask:
    """The mask and all pixels within `by_px` of it."""
    if not mask.any():
        return mask
    distance = cv2.distanceTransform(np.uint8(~mask), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance <= by_px)
