"""Cut square parts out of a picture, rotated and scaled for the input of a small network.

A region is (centre x, centre y, side, rotation) in pixels of the picture and radians clockwise, as in `landmarks`.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.media.letterbox import Picture

Array = NDArray[np.float64]


def square_transform(region: Array, *, side: int) -> Array:
    """Affine matrix (2, 3) from the coordinates of a crop of `side` x `side` to those of the picture."""
    x, y, width, rotation = region
    cos, sin = np.cos(rotation) * width / side, np.sin(rotation) * width / side
    half = side / 2
    return np.array([[cos, -sin, x - (cos - sin) * half], [sin, cos, y - (sin + cos) * half]])


def cut_square(picture: Picture, region: Array, *, side: int) -> Picture:
    """The region of a uint8 picture (H, W, 3) as (side, side, 3); beyond the border the edge pixels are repeated."""
    transform = square_transform(region, side=side)
    # OpenCV counts from the middle of the first pixel.
    transform[:, 2] += transform[:, :2].sum(axis=1) / 2 - 0.5
    return cv2.warpAffine(
        picture, transform, (side, side), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip


def to_picture(xy: Array, region: Array, *, side: int) -> Array:
    """Points (n, 2) in pixels of the crop as those of the picture."""
    matrix = square_transform(region, side=side)
    return xy @ matrix[:, :2].T + matrix[:, 2]


def square_around(xy: Array, *, up: Array, share: float, lift: float = 0.0) -> Array:
    """The region that holds points (n, 2), its upper side in the direction `up` (2,), x right, y down.

    share: its side as a multiple of the longer side of the box around the points in that direction; lift: how far its
    centre is moved upwards, as a share of the height of that box.
    """
    rotation = np.arctan2(up[0], -up[1])
    cos, sin = np.cos(rotation), np.sin(rotation)
    upright = xy @ np.array([[cos, -sin], [sin, cos]])
    low, high = upright.min(axis=0), upright.max(axis=0)
    centre = (low + high) / 2 - np.array([0, lift * (high[1] - low[1])])
    x, y = centre @ np.array([[cos, sin], [-sin, cos]])
    return np.array([x, y, share * (high - low).max(), rotation])
