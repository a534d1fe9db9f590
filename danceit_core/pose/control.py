"""Draw skeletons for pose-driven image and video generators: 18 joints in OpenPose's colours on black.

The pose pictures of ControlNet and DWPose, on which today's generators are trained, are drawn like this (Zhang et al.,
"Adding Conditional Control to Text-to-Image Diffusion Models", ICCV 2023; Yang et al., "Effective Whole-body Pose
Estimation with Two-stages Distillation", ICCV-W 2023):

    joints   18, those of COCO and the neck, in OpenPose's order: BODY_25 without the middle of the hips and the feet
    limbs    17 ellipses from joint to joint, in a fixed order and with a fixed colour each, darkened to 60 %
    spots    a disc on each joint, in its own colour, not darkened, over all limbs
    size     half the width of a limb and the radius of a spot: 4 pixels in a picture whose shorter side has 512

The dancer's right arm goes from orange to yellow, the left one from yellow-green to green. The code that is used with
these networks rounds to whole pixels and draws hard edges. Here edges are anti-aliased and joints are placed with
sub-pixel accuracy, so that nothing shakes from frame to frame.

Hands and face, which DWPose adds, are not drawn: a dance composed of other dances has neither.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.media.letterbox import Picture
from danceit_core.pose.skeleton import Keypoints, present

# BODY_25's joint of each of the 18: nose, neck, right arm, left arm, right leg, left leg, eyes, ears.
CONTROL_JOINTS = (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)
# Between joints of the 18, in the order of drawing: a limb covers those before it.
CONTROL_LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13),
    (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
# Of the joints; limb k has the colour of joint k, darkened.
COLOURS = (
    (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0), (0, 255, 85),
    (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255), (170, 0, 255),
    (255, 0, 255), (255, 0, 170), (255, 0, 85),
)  # fmt: skip
LIMB_BRIGHTNESS = 0.6
HALF_WIDTH_SHARE = 4 / 512

# Sub-pixel positions are handed to OpenCV in 1/16 of a pixel.
SUBPIXEL_BITS = 4
# OpenCV draws a soft edge around a shape, which adds this much on every side (measured).
EDGE_PX = 0.62
# Farther out than this, drawing would overflow; nothing of it could be seen anyway.
FARTHEST_PX = 1e4
CORNERS = 32


def control_picture(keypoints: Keypoints, *, size: tuple[int, int]) -> Picture:
    """The skeleton of (25, 3) keypoints on black, uint8 RGB (H, W, 3) for a `size` (width, height).

    Joints that are absent are left out together with their limbs.
    """
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    half_px = half_width(size)
    joints, seen = keypoints[list(CONTROL_JOINTS)], present(keypoints)[list(CONTROL_JOINTS)]
    # Pixel centres are whole numbers for OpenCV, and half numbers in our coordinates.
    places = np.clip(joints[:, :2].astype(np.float64) - 0.5, -FARTHEST_PX, FARTHEST_PX)
    starts, ends = (places[[limb[end] for limb in CONTROL_LIMBS]] for end in (0, 1))
    outlines = _fixed(ellipses(starts, ends, half_px=half_px))
    for (a, b), outline, colour in zip(CONTROL_LIMBS, outlines, COLOURS, strict=False):
        if seen[a] and seen[b]:
            dark = tuple(math.floor(level * LIMB_BRIGHTNESS) for level in colour)
            cv2.fillConvexPoly(picture, outline, dark, cv2.LINE_AA, SUBPIXEL_BITS)
    spots = _fixed(ellipses(places, places, half_px=half_px))
    for is_seen, outline, colour in zip(seen, spots, COLOURS, strict=True):
        if is_seen:
            cv2.fillConvexPoly(picture, outline, colour, cv2.LINE_AA, SUBPIXEL_BITS)
    return picture


def half_width(size: tuple[int, int]) -> float:
    """Half the width of a limb at its middle, and the radius of a joint: pixels, for a (width, height) `size`."""
    return max(1.0, min(size) * HALF_WIDTH_SHARE)


def ellipses(starts: NDArray[np.float64], ends: NDArray[np.float64], *, half_px: float) -> NDArray[np.float64]:
    """Corners (N, CORNERS, 2) to be filled with soft edges for ellipses from `starts` to `ends`, both (N, 2).

    half_px: width on either side, at least 1 pixel. A limb that is shorter than it is wide (it points at the camera)
    becomes a disc.
    """
    along = ends - starts
    length = np.hypot(along[:, 0], along[:, 1])
    forward = np.where(length[:, None] > 0, along / np.maximum(length, 1e-9)[:, None], (1.0, 0.0))
    aside = np.stack([-forward[:, 1], forward[:, 0]], axis=-1)
    turn = np.arange(CORNERS) * (2 * np.pi / CORNERS)
    # (N, 1, 1) times (N, 1, 2) times (CORNERS, 1)
    reach = np.maximum(length / 2, half_px)[:, None, None] - EDGE_PX
    breadth = half_px - EDGE_PX
    round_it = reach * forward[:, None] * np.cos(turn)[:, None] + breadth * aside[:, None] * np.sin(turn)[:, None]
    return (starts + ends)[:, None] / 2 + round_it


def _fixed(corners: NDArray[np.float64]) -> NDArray[np.int32]:
    """Coordinates as OpenCV takes them for sub-pixel drawing."""
    return np.round(corners * (1 << SUBPIXEL_BITS)).astype(np.int32)
