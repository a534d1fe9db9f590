"""The outline of the person in each picture of a video: the landmark network's output, made sharp and steady.

The network's outline is a square of 256 x 256 probabilities, which is coarse for a person who fills a large picture,
and each is independent of the previous one. On a grid as coarse as the network's, in the box around the person, it is
steadied, corrected by colour and sharpened (`refine`), using frames on both sides, so that nothing lags behind.

Coordinates are continuous: the middle of the first pixel is at 0.5.
"""

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.media.letterbox import Picture
from danceit_core.media.mask_video import Mask
from danceit_core.pose.landmarks import CROP_SIDE, crop_transform
from danceit_core.pose.refine import Grid, Values, coloured, sharpened, steadied

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels of the picture

# Below this probability there is nobody; the box extends this many network cells around the rest.
FAINT, MARGIN = 0.05, 4


class Outlined(Protocol):
    """What is needed of a `landmarks.Body`."""

    @property
    def region(self) -> NDArray[np.float64]:
        """The region (4,) of the picture that was examined."""

    @property
    def outline(self) -> Values | None:
        """How likely each pixel of the region's crop is the person's, float32 (256, 256)."""


@dataclass(frozen=True)
class Shape:
    """An outline (256, 256), 0..1, in the crop of a region (4,) of a picture."""

    region: NDArray[np.float64]
    outline: Values


@dataclass(frozen=True)
class Seen:
    """A picture, uint8 RGB (H, W, 3), and the person in it, None if there is nobody."""

    picture: Picture
    shape: Shape | None


class Outlines:
    """Makes the outlines of successive pictures; each is finished when the next picture is known.

    Three pictures are held at a time. The masks come out in order, one for each picture.
    """

    def __init__(self) -> None:
        self._before: Seen | None = None
        self._now: Seen | None = None

    def feed(self, picture: Picture, body: Outlined | None) -> list[Mask]:
        """Add a picture; returns the masks that are finished, uint8 (H, W): none or one.

        picture: uint8 RGB (H, W, 3). body: the person in it, with the outline; None if there is nobody.
        """
        if body is None or body.outline is None:
            return self._step(Seen(picture, None))
        return self._step(Seen(picture, Shape(body.region, body.outline)))

    def finish(self) -> list[Mask]:
        """The masks that are left when there are no more pictures."""
        return self._step(None)

    def _step(self, after: Seen | None) -> list[Mask]:
        before, now = self._before, self._now
        self._before, self._now = now, after
        return [] if now is None else [make_mask(now, [seen for seen in (before, after) if seen is not None])]


def make_mask(now: Seen, neighbours: list[Seen]) -> Mask:
    """The mask of one picture, uint8 (H, W): 255 is the person, all 0 if there is nobody.

    neighbours: the pictures before and after, as far as there are any.
    """
    height, width = now.picture.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    if now.shape is None:
        return mask
    # About a network cell; an integer, as shrinking a picture by an integer factor is ten times as fast.
    cell_px = max(1, round(float(now.shape.region[2]) / CROP_SIDE))
    left, top, right, bottom = box = person_box(now.shape, size=(width, height), cell_px=cell_px)
    if right == left:
        return mask
    cells = -(-(right - left) // cell_px), -(-(bottom - top) // cell_px)
    grid = _on_grid(now.picture, now.shape, box=box, cells=cells)
    others = [
        _on_grid(seen.picture, seen.shape, box=box, cells=cells)
        for seen in neighbours
        if seen.shape is not None and seen.picture.shape == now.picture.shape
    ]
    outline = coloured(steadied(grid, others), grid.picture)
    sharp = sharpened(outline, grid.picture, now.picture[top:bottom, left:right])
    mask[top:bottom, left:right] = cv2.convertScaleAbs(sharp, alpha=255)
    return mask


def person_box(shape: Shape, *, size: tuple[int, int], cell_px: int) -> Box:
    """The box of a picture of `size` (width, height) that holds the person; empty (0, 0, 0, 0) if there is nobody.

    Its sides are multiples of cell_px, unless the picture is too small for that.
    """
    x, y, width, height = cv2.boundingRect(np.uint8(shape.outline > FAINT))
    if not width:
        return 0, 0, 0, 0
    corners = np.array([(x, y), (x + width, y), (x, y + height), (x + width, y + height)], float)
    transform = crop_transform(shape.region)
    points = corners @ transform[:, :2].T + transform[:, 2]
    low = np.floor(points.min(axis=0) - MARGIN * cell_px).clip(0, size).astype(int)
    high = np.ceil(points.max(axis=0) + MARGIN * cell_px).clip(0, size).astype(int)
    if (high <= low).any():
        return 0, 0, 0, 0
    high = np.minimum(low + -(-(high - low) // cell_px) * cell_px, size)
    low = np.maximum(high - -(-(high - low) // cell_px) * cell_px, 0)
    (left, top), (right, bottom) = low.tolist(), high.tolist()
    return left, top, right, bottom


def _on_grid(picture: Picture, shape: Shape, *, box: Box, cells: tuple[int, int]) -> Grid:
    """A box of a picture and its outline on a grid of `cells` (columns, rows); -1 where the outline is not known."""
    left, top, right, bottom = box
    small = cv2.resize(picture[top:bottom, left:right], cells, interpolation=cv2.INTER_AREA)
    transform = crop_transform(shape.region)
    transform[:, 2] -= left, top
    transform *= np.array([[cells[0] / (right - left)], [cells[1] / (bottom - top)]])
    # OpenCV counts from the middle of the first pixel.
    transform[:, 2] += transform[:, :2].sum(axis=1) / 2 - 0.5
    outline = cv2.warpAffine(
        shape.outline, transform, cells, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=-1
    )
    # (h, w, 3) -> (3, h, w)
    return Grid(np.stack(cv2.split(small)) * np.float32(1 / 255), outline)
