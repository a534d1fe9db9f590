"""Draw skeletons: the GAN's input (paper IV-D), previews, and contact sheets.

The dancer's right side is drawn in warm colours, the left side in cold ones, the middle in white and violet, and each
limb in its own colour, so that front and back views differ. Pictures are uint8 RGB (H, W, 3), and keypoints are in
their pixels. Absent joints are left out together with their limbs.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.media.letterbox import Picture, resize
from danceit_core.pose.hands import HAND_LIMBS
from danceit_core.pose.skeleton import HANDS, LIMBS, Keypoints, present

# One colour for each limb of skeleton.LIMBS, in its order.
LIMB_COLOURS = (
    (255, 255, 255), (255, 60, 60), (60, 110, 255), (255, 120, 0), (255, 190, 0), (0, 160, 255), (0, 225, 255),
    (230, 0, 60), (200, 60, 0), (255, 100, 90), (40, 40, 230), (0, 110, 200), (90, 160, 255),
    (200, 90, 255), (255, 140, 190), (255, 70, 150), (140, 220, 190), (60, 200, 140),
    (0, 200, 90), (0, 255, 160), (0, 130, 90), (255, 230, 80), (255, 255, 150), (170, 120, 20),
)  # fmt: skip
# Of thumb, index, middle, ring and little finger of the right and of the left hand.
FINGER_COLOURS = (
    ((255, 60, 60), (255, 130, 0), (255, 200, 60), (255, 240, 150), (255, 150, 150)),
    ((60, 110, 255), (0, 190, 255), (90, 240, 255), (190, 250, 255), (150, 170, 255)),
)
# Fingers of which only the knuckles are known: from the wrist to thumb, index and little finger, and across.
KNOWN_FINGERS = (0, 1, 4)
FINGER_SHARE = 0.6
Colour = tuple[int, int, int]
# Thickness of a limb as a share of the picture's shorter side, before its soft edge: 5 pixels at 512.
THICKNESS_SHARE = 0.01
# Standard deviation of a spot of the heat maps, share of the side.
SPOT_SHARE = 0.015
DRAWN_SIDE = 512
SUBPIXEL_BITS = 4
# Farther out than this, drawing would overflow; nothing of it could be seen anyway.
FARTHEST_PX = 1e4


def draw_skeleton(
    picture: Picture, keypoints: Keypoints, *, thickness: int | None = None, one_colour: Colour | None = None
) -> Picture:
    """A copy of `picture` with the limbs of (25, 3) keypoints drawn on it, anti-aliased, to a fraction of a pixel.

    thickness: pixels, at least 1; None scales it with the picture. one_colour: of all limbs.
    """
    drawn = np.ascontiguousarray(picture).copy()
    width_px = thickness or max(1, round(min(picture.shape[:2]) * THICKNESS_SHARE))
    _draw_lines(drawn, keypoints, LIMBS, [one_colour] * len(LIMBS) if one_colour else LIMB_COLOURS, width_px)
    return drawn


def draw_hands(
    picture: Picture,
    keypoints: Keypoints,
    *,
    fingers: Keypoints | None = None,
    hands: Keypoints | None = None,
    thickness: int | None = None,
) -> Picture:
    """A copy of `picture` with the hands of the person of (25, 3) keypoints drawn on it.

    hands: (2, 21, 3) points, the right hand first. fingers: (6, 3), from the body's network (`estimate.Detection`),
    drawn from the wrists for a hand without points. thickness: pixels, at least 1; None: thinner than a limb.
    """
    drawn = np.ascontiguousarray(picture).copy()
    width_px = thickness or max(1, round(min(picture.shape[:2]) * THICKNESS_SHARE * FINGER_SHARE))
    for side, colours in enumerate(FINGER_COLOURS):
        if hands is not None and present(hands[side]).all():
            by_limb = [colours[(end - 1) // 4] for _, end in HAND_LIMBS]
            _draw_lines(drawn, hands[side], HAND_LIMBS, by_limb, width_px)
        elif fingers is not None:
            # Wrist, thumb, index, little finger.
            points = np.concatenate([keypoints[HANDS[side]][None], fingers[3 * side : 3 * side + 3]])
            by_limb = [colours[finger] for finger in (*KNOWN_FINGERS, KNOWN_FINGERS[1])]
            _draw_lines(drawn, points, ((0, 1), (0, 2), (0, 3), (2, 3)), by_limb, width_px)
    return drawn


def _draw_lines(
    drawn: Picture,
    points: Keypoints,
    limbs: Sequence[tuple[int, int]],
    colours: Sequence[tuple[int, int, int]],
    width_px: int,
) -> None:
    """Draw lines between (n, 3) points into a picture, where both ends are present."""
    seen = present(points)
    # Pixel centres are whole numbers for OpenCV, and half numbers in our coordinates.
    corners = np.clip(points[:, :2].astype(np.float64) - 0.5, -FARTHEST_PX, FARTHEST_PX)
    places = np.round(corners * (1 << SUBPIXEL_BITS)).astype(int)
    for (a, b), colour in zip(limbs, colours, strict=True):
        if seen[a] and seen[b]:
            ends = tuple(map(int, places[a])), tuple(map(int, places[b]))
            cv2.line(drawn, *ends, colour, width_px, cv2.LINE_AA, SUBPIXEL_BITS)


def pose_picture(
    keypoints: Keypoints,
    *,
    size: tuple[int, int],
    side: int | None = None,
    fingers: Keypoints | None = None,
    hands: Keypoints | None = None,
) -> Picture:
    """The skeleton of (25, 3) keypoints on black, `size` = (width, height) pixels: the input of the GAN.

    side: side of the picture that determines the thickness of limbs; None: the shorter side of `size`. Small pictures
    are drawn large and shrunk, so that limbs cover the same share of a picture of any size. fingers, hands: see
    `draw_hands`; without them the arms end at the wrists.
    """
    side = side or min(size)
    factor = max(1, round(DRAWN_SIDE / side))
    canvas = np.zeros((size[1] * factor, size[0] * factor, 3), np.uint8)
    scale = np.array([factor, factor, 1], np.float32)
    thickness = max(1, round(side * factor * THICKNESS_SHARE))
    drawn = draw_skeleton(canvas, keypoints * scale, thickness=thickness)
    if fingers is not None or hands is not None:
        scaled = {
            "fingers": None if fingers is None else fingers * scale,
            "hands": None if hands is None else hands * scale,
        }
        drawn = draw_hands(drawn, keypoints * scale, **scaled, thickness=max(1, round(thickness * FINGER_SHARE)))
    return resize(drawn, size)


def heat_maps(keypoints: Keypoints, *, size: tuple[int, int], side: int) -> NDArray[np.float32]:
    """A soft spot for each joint, (25, height, width) in 0..1, 0 for an absent joint: the other input of the GAN.

    size: (width, height) pixels; side: of the picture that spots of SPOT_SHARE are meant for.
    """
    sigma = SPOT_SHARE * side
    across, down = (
        np.exp(-0.5 * ((np.arange(length) + 0.5 - keypoints[:, axis, None]) / sigma) ** 2)  # (25, length)
        for axis, length in enumerate(size)
    )
    spots = down[:, :, None] * across[:, None, :]
    return (spots * present(keypoints)[:, None, None]).astype(np.float32)


def contact_sheet(pictures: Sequence[Picture], *, columns: int, width: int) -> Picture:
    """Pictures of one size in rows of `columns`, on a sheet about `width` pixels wide; unused places are black.

    An empty sequence gives an empty (0, width, 3) picture.
    """
    if len(pictures) == 0:
        return np.zeros((0, width, 3), np.uint8)
    height_px, width_px = pictures[0].shape[:2]
    tile = max(1, width // columns), max(1, round(width / columns * height_px / width_px))
    rows = math.ceil(len(pictures) / columns)
    sheet = np.zeros((rows * tile[1], columns * tile[0], 3), np.uint8)
    for index, picture in enumerate(pictures):
        row, column = divmod(index, columns)
        top, left = row * tile[1], column * tile[0]
        sheet[top : top + tile[1], left : left + tile[0]] = resize(picture, tile)
    return sheet
