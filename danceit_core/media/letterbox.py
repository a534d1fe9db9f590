"""Fit a picture into a frame of another size without stretching it: scale, centre, add black bars.

Coordinates are pixels with (0, 0) at the outer corner of the top left pixel, x right, y down.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Picture = NDArray[np.uint8]
# Bars narrower than this in total are filled by stretching the picture.
FILLED_PX = 2.5


@dataclass(frozen=True)
class Letterbox:
    """frame = source * scale + offset, in pixels; source coordinates are those of the upright, square-pixel picture."""

    scale: float
    offset_x: float
    offset_y: float

    @classmethod
    def fit(
        cls, source: tuple[int, int], size: tuple[int, int], *, crop: tuple[int, int, int, int] | None = None
    ) -> "Letterbox":
        """The largest centred placement of a (width, height) `source` in a frame of `size` (width, height).

        crop: the part of the source (left, top, width, height) that is placed, None for all of it.
        """
        left, top, *shown = crop or (0, 0, *source)
        scale = min(size[0] / shown[0], size[1] / shown[1])
        width, height = content_size((shown[0], shown[1]), size)
        return cls(scale, (size[0] - width) // 2 - scale * left, (size[1] - height) // 2 - scale * top)

    def to_source(self, xy: ArrayLike) -> NDArray[np.float64]:
        """Convert frame coordinates (..., 2) to source coordinates."""
        return (np.asarray(xy, np.float64) - (self.offset_x, self.offset_y)) / self.scale

    def from_source(self, xy: ArrayLike) -> NDArray[np.float64]:
        """Convert source coordinates (..., 2) to frame coordinates, exact to half a pixel (content is whole pixels)."""
        return np.asarray(xy, np.float64) * self.scale + (self.offset_x, self.offset_y)


def store_size(source: tuple[int, int], *, long_side: int) -> tuple[int, int]:
    """Width and height of a frame that shows a `source` (width, height) with the same aspect ratio.

    Both are even, as video requires, at least 2, and no larger than the source; the longer is at most `long_side`.
    """
    scale = min(1.0, long_side / max(source))
    width, height = (max(2, 2 * round(side * scale / 2)) for side in source)
    return width - 2 * (width > max(2, source[0])), height - 2 * (height > max(2, source[1]))


def content_size(source: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the whole `source` inside `size`: whole pixels, at least 1.

    A bar that would be narrower than FILLED_PX is filled, so that a frame with even sides has no black line beside a
    picture with odd sides.
    """
    scale = min(size[0] / source[0], size[1] / source[1])
    # One pixel less on the shorter side corresponds to this many on the longer one.
    filled = max(FILLED_PX, max(source) / min(source))
    width, height = (
        limit if limit - side * scale < filled else max(1, round(side * scale))
        for side, limit in zip(source, size, strict=True)
    )
    return width, height


def resize(picture: Picture, size: tuple[int, int]) -> Picture:
    """`picture` at (width, height) `size`: area filter when shrinking, cubic when enlarging."""
    height, width = picture.shape[:2]
    if (width, height) == size:
        return picture
    shrinking = size[0] <= width and size[1] <= height
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)


def content_box(source: tuple[int, int], size: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns that the picture itself takes in a frame of `size`; the rest is bars."""
    width, height = content_size(source, size)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return slice(top, top + height), slice(left, left + width)


def letterbox(picture: Picture, *, source: tuple[int, int], size: tuple[int, int]) -> Picture:
    """`picture`, whose square-pixel size is `source`, centred on black in a frame of `size`; uint8 (H, W, 3)."""
    width, height = content_size(source, size)
    content = resize(picture, (width, height))
    if (width, height) == size:
        return content
    frame = np.zeros((size[1], size[0], 3), np.uint8)
    frame[content_box(source, size)] = content
    return frame
