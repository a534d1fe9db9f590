"""The plate of a moving camera: its frames combined in one wide picture, tile by tile (not in the paper).

The median of many frames that are misaligned by half a pixel is soft. Each tile is therefore made of the few frames
that show it best: those that agree with the median of all after correction of the remaining fraction of a pixel, and
are the sharpest of them.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.imagination.plate.hides import HIDDEN, NEAR
from danceit_core.imagination.plate.known import shown_of, well_known
from danceit_core.imagination.plate.middle import middle
from danceit_core.imagination.plate.views import Views, pick_views
from danceit_core.imagination.target.region import Mask
from danceit_core.imagination.target.view import Window
from danceit_core.media.letterbox import Picture

# Views that a pixel must have; low, because the camera passed some places in only a few frames.
MIN_PASSED = 3
# Side of the tiles, and by how much they overlap, pixels.
TILE_PX, OVERLAP_PX = 160, 32
# Views that are examined for a tile, and the number of its cells, each of which should be seen often.
TILE_VIEWS, CELL_PX = 40, 8
# Edges narrower than this are not sleeves.
NARROW_PX = 7
# Rows that are rounded at a time.
ROWS = 64
# Views that a tile is made of; a view agrees less well if it differs from the median by more than this multiple of the
# best.
BEST, AGREES = 9, 1.5
# Share of a tile that a view must show to be compared with it. Pixels by which a view is moved at most.
LEAST_SHARE, MOST_SHIFT = 0.15, 1.5


def wide_room(views: Views) -> tuple[Picture, Mask, Mask]:
    """The room (H, W, 3), which of its pixels are known, and which were in some frame's picture, (H, W).

    views: those of a moving camera. The tiles fade into each other.
    """
    width, height = views.size
    # Weighted sums of the colours, and of the weights.
    sums = np.zeros((height, width, 4), np.float32)
    seen, covered = np.zeros((height, width), bool), np.zeros((height, width), bool)
    for top in range(0, height, TILE_PX):
        for left in range(0, width, TILE_PX):
            window = _window(left - OVERLAP_PX, top - OVERLAP_PX, TILE_PX + 2 * OVERLAP_PX, size=views.size)
            picture, known, passed = _tile(views, window)
            weight = _fade(window, left=left, top=top)[..., None]
            sums[window.slices] += np.concatenate([picture * weight, weight], axis=-1, dtype=np.float32)
            own = _window(left, top, TILE_PX, size=views.size)
            inside = np.s_[own.top - window.top :, own.left - window.left :]
            seen[own.slices] = known[inside][: own.height, : own.width]
            covered[own.slices] = passed[inside][: own.height, : own.width]
    picture = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, ROWS):
        rows = slice(top, top + ROWS)
        picture[rows] = np.clip(np.round(sums[rows, :, :3] / np.maximum(sums[rows, :, 3:], 1e-6)), 0, 255)
    return picture, seen, covered


def _window(left: int, top: int, side: int, *, size: tuple[int, int]) -> Window:
    right, bottom = min(left + side, size[0]), min(top + side, size[1])
    left, top = max(left, 0), max(top, 0)
    return Window(left, top, right - left, bottom - top)


def _fade(window: Window, *, left: int, top: int) -> NDArray[np.float32]:
    """Weight of a tile in its window, (h, w): 1 inside, falling to 0 over the overlap with its neighbours."""

    def ramp(start: int, length: int, own: int) -> NDArray[np.float32]:
        at = start + np.arange(length) + 0.5
        beyond = np.maximum(own - at, at - (own + TILE_PX))
        return np.clip((OVERLAP_PX - beyond) / (2 * OVERLAP_PX), 1e-4, 1).astype(np.float32)

    return ramp(window.top, window.height, top)[:, None] * ramp(window.left, window.width, left)[None]


def _tile(views: Views, window: Window) -> tuple[Picture, Mask, Mask]:
    """A tile of a moving camera's plate, which of its pixels are known, and which were in some frame's picture."""
    states = views.states(window)
    passed = (states <= HIDDEN).sum(0)
    small = (states[:, ::CELL_PX, ::CELL_PX] <= NEAR).reshape(len(views), -1).astype(np.float32)
    using = np.flatnonzero(small.any(1))
    using = using[pick_views(small[using], count=TILE_VIEWS, spread=0)]
    if not len(using):
        return np.zeros((window.height, window.width, 3), np.uint8), passed < 0, passed > 0
    shown, count = shown_of(states[using])
    pictures = np.stack([views.picture(int(number), window) for number in using])
    median, unrest = middle(pictures, shown)
    # Edges that are misaligned by half a pixel differ as well, but are narrow.
    unrest = cv2.morphologyEx(unrest, cv2.MORPH_OPEN, np.ones((NARROW_PX, NARROW_PX), np.uint8))
    known = well_known(unrest, count, passed, least=MIN_PASSED)
    best = _best(pictures, shown, median)
    if not best:
        return median, known, passed > 0
    moved = np.stack([views.picture(int(using[row]), window, shift=shift) for row, shift in best])
    rows = [row for row, _ in best]
    sharp = middle(moved, shown[rows])[0]
    few = shown[rows].sum(0) < MIN_PASSED
    sharp[few] = median[few]
    return sharp, known, passed > 0


def _best(
    pictures: NDArray[np.uint8], shown: NDArray[np.bool_], median: Picture
) -> list[tuple[int, tuple[float, float]]]:
    """Which of the views (n, h, w, 3) a tile is best made of, and by how many pixels each must be moved."""
    target = cv2.cvtColor(median, cv2.COLOR_RGB2GRAY).astype(np.float32)
    slopes = np.stack(
        [cv2.Sobel(target, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(target, cv2.CV_32F, 0, 1, scale=1 / 8)]
    )
    found = []
    for row, (picture, mask) in enumerate(zip(pictures, shown, strict=True)):
        where = cv2.erode(mask.view(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
        if where.mean() < LEAST_SHARE:
            continue
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
        shift = _shift(grey, target, slopes, where)
        left = (grey - target)[where] + (np.tensordot(-np.array(shift, np.float32), slopes, 1))[where]
        edges = cv2.Laplacian(grey, cv2.CV_32F)[where]
        found.append((float(np.abs(left - np.median(left)).mean()), float(edges.var()), row, shift))
    if not found:
        return []
    limit = AGREES * np.quantile([levels for levels, *_ in found], 0.1) + 0.5
    agreeing = sorted((entry for entry in found if entry[0] <= limit), key=lambda entry: -entry[1])
    return [(row, shift) for _, _, row, shift in agreeing[:BEST]]


def _shift(
    grey: NDArray[np.float32], target: NDArray[np.float32], slopes: NDArray[np.float32], where: Mask
) -> tuple[float, float]:
    """By how many pixels right and down a picture (h, w) must be moved to lie on `target`: one step of least squares.

    (0, 0) if there are no edges to estimate it from, or if it would be more than a pixel and a half.
    """
    g = slopes[:, where]
    matrix = g @ g.T + 0.5 * where.sum() * np.eye(2, dtype=np.float32)
    x, y = np.linalg.solve(matrix, g @ (grey - target)[where])
    return (float(x), float(y)) if max(abs(x), abs(y)) < MOST_SHIFT else (0.0, 0.0)
