"""The empty room behind the target person: the plate (not in the paper).

Each pixel is the median over those frames in which the person is elsewhere, so that no ghost of them stays; a plain
median over all frames keeps one where the person stands most of the time. Where enough frames show a place with the
person well away from it, only those count: a shadow on the floor reaches farther than the body.

Where the camera moves, the frames are laid on one wide plate (`views`). The median of many frames that lie half a pixel
beside each other is soft. So each tile of such a plate is made of the few frames that show it best: those that agree
with the median of all, after each is moved by the fraction of a pixel that is left, and are sharpest among them.

Pixels that no frame shows are filled in from the rest of the room (`fill`).
"""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.imagination.target.overlay import find_overlay
from danceit_core.files import write_text
from danceit_core.imagination.target.fill import fill_holes
from danceit_core.imagination.target.hides import CLEAR, DARK, HIDDEN, NEAR, OUTSIDE
from danceit_core.imagination.target.middle import levels_at, middle
from danceit_core.imagination.target.region import Mask
from danceit_core.imagination.target.room_figures import RoomFigures, measure_room
from danceit_core.imagination.target.view import Window
from danceit_core.imagination.target.views import Views, collect_views, pick_views
from danceit_core.media.letterbox import Picture
from danceit_core.media.picture import write_picture
from danceit_core.pose.plate import Box, still_picture
from danceit_core.pose.table import PoseTable

log = logging.getLogger(__name__)

# A pixel seen less often may show the rim of the person only; one that the camera passed is seen less often.
MIN_VIEWS, MIN_PASSED = 6, 3
# Clear views from which on those near the person are left out.
CLEAR_VIEWS = 8
WORST = DARK
# A shadow leaves a share of the light, much the same of each colour; a few views must be free of it, these of all.
SHADOW_LEAST, SHADOW_MOST, SHADOW_TINT, BRIGHT = 0.3, 0.96, 0.15, 0.98
# Grey levels between the quartiles of a seldom seen pixel; above, sleeves and hair are among them.
MAX_UNREST = 40
# Side of the tiles of a moving camera's plate, and by how much they overlap, pixels.
TILE_PX, OVERLAP_PX = 160, 32
# Views that a tile is looked at in, and the cells that each should be seen in often.
TILE_VIEWS, CELL_PX = 40, 8
# Edges narrower than this are no sleeves.
NARROW_PX = 7
# Rows of a still camera's plate that are worked out at a time.
ROWS = 64
# Views that a tile is made of; what differs from the median by more than this multiple of the best agrees less well.
BEST, AGREES = 9, 1.5
# Filled places whose outlines are filed: at most so many, at least this share of the plate.
MOST_DRAWN, DRAWN = 40, 2e-5
# A tile of which a view shows less than this share is not compared with it.
LEAST_SHARE = 0.15


@dataclass(frozen=True)
class Plate:
    """The room without the person. picture: uint8 RGB (H, W, 3); seen: (H, W), False where it was filled in.

    covered: (H, W), True where some frame's picture lies, with the person before it or not.
    """

    picture: Picture
    seen: Mask
    covered: Mask
    figures: RoomFigures


def build_plate(frames_path: str | Path, masks_path: str | Path | None, table: PoseTable) -> Plate:
    """The room behind the person of a frame store, of the size of the plate.

    masks_path: the person's outlines (None: capsules around the limbs hide them); table: cleaned keypoints in pixels of
    the plate, with the columns `camera` and `exposure` where those change. Raises ImaginationError if no frame shows
    the person, MediaError for files that cannot be read.
    """
    views = collect_views(frames_path, masks_path, table)
    box, over, laid_over = still_picture(table), None, 0.0
    if views.camera is None:
        picture, seen, covered = _still_room(views)
    else:
        over = find_overlay(views.pictures, views.state, views.camera)
        if over is not None:
            views.state[:, over] = OUTSIDE
            laid_over = float(over.mean())
        picture, seen, covered = _wide_room(views)
    figures = measure_room(views, picture, seen, covered, box=box, laid_over=laid_over)
    if over is not None:
        seen = seen | _lay_over(picture, covered, views, over=over, box=box)
    return Plate(fill_holes(picture, seen), seen, covered, figures)


def write_plate(picture_path: str | Path, figures_path: str | Path, plate: Plate) -> None:
    """Write the room as a PNG and its figures, with the outlines of the places that were filled in, as JSON."""
    write_picture(picture_path, plate.picture)
    write_text(figures_path, json.dumps(plate.figures.as_json() | {"filled": outlines(~plate.seen)}, indent=1) + "\n")


def outlines(places: Mask) -> list[list[list[int]]]:
    """The outlines of the largest parts of `places` (H, W): corners [x, y] of polygons, pixels."""
    contours, _ = cv2.findContours(places.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    parts = sorted((c for c in contours if cv2.contourArea(c) >= DRAWN * places.size), key=cv2.contourArea)
    near_px = max(places.shape) / 400
    return [cv2.approxPolyDP(part, near_px, closed=True)[:, 0].tolist() for part in parts[::-1][:MOST_DRAWN]]


def _still_room(views: Views) -> tuple[Picture, Mask, Mask]:
    """The room (H, W, 3) of a camera that stands still, which pixels of it were seen, and covered, (H, W)."""
    width, height = views.size
    picture, seen = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), bool)
    for top in range(0, height, ROWS):
        window = Window(0, top, width, min(ROWS, height - top))
        states = views.states(window)
        shown, views_of = _shown(states)
        band = views.pictures[:, window.slices[0]]
        median, unrest = middle(band, shown)
        picture[window.slices] = _lifted(median, band, shown, shaded=(states == CLEAR).sum(0) < CLEAR_VIEWS)
        seen[window.slices] = _enough(unrest, views_of, np.full_like(views_of, len(views)), least=MIN_VIEWS)
    return picture, seen, np.ones((height, width), bool)


def _shown(states: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Where each view (n, h, w) counts, and how many do, (h, w)."""
    clear = (states == CLEAR).sum(0)
    near = (states <= NEAR).sum(0)
    most = np.where(clear >= CLEAR_VIEWS, CLEAR, np.where(near >= CLEAR_VIEWS, NEAR, WORST)).astype(np.uint8)
    shown = states <= most
    return shown, shown.sum(0, dtype=np.int64)


def _lifted(median: Picture, pictures: NDArray[np.uint8], shown: NDArray[np.bool_], *, shaded: Mask) -> Picture:
    """The median (h, w, 3) without a shadow that lies there in most views, where some are free of it.

    shaded: (h, w), places close to the person in nearly all views. There the median is replaced by what the brightest
    views show, if the two differ as a shadow does: by one share for all colours.
    """
    if not shaded.any():
        return median
    rows, columns = np.flatnonzero(shaded.any(1)), np.flatnonzero(shaded.any(0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    (bright,) = levels_at(pictures[:, *box], shown[:, *box], shares=(BRIGHT,))
    ratio = (median[box] + 1.0) / (bright + 1.0)
    shadow = (ratio.max(-1) < SHADOW_MOST) & (ratio.min(-1) > SHADOW_LEAST) & (np.ptp(ratio, axis=-1) < SHADOW_TINT)
    shadow &= shaded[box]
    grown = cv2.dilate(cv2.medianBlur(shadow.astype(np.uint8), 5), np.ones((7, 7), np.uint8)).astype(np.float32)
    weight = cv2.blur(grown, (5, 5))[..., None]
    out = median.copy()
    out[box] = np.round(weight * bright + (1 - weight) * median[box])
    return out


def _enough(unrest: NDArray[np.uint8], views: NDArray[np.int64], passed: NDArray[np.int64], *, least: int) -> Mask:
    """Which pixels are known: seen in enough frames, and alike in those or hidden in few of the frames that passed."""
    enough = views >= np.clip(passed // 4, 1, least)
    return enough & ((unrest < MAX_UNREST) | (views > passed // 2))


def _wide_room(views: Views) -> tuple[Picture, Mask, Mask]:
    """The same of a camera that moves, tile by tile; the tiles fade into each other."""
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


def _lay_over(picture: Picture, covered: Mask, views: Views, *, over: Mask, box: Box) -> Mask:
    """Put what lies over all frames into the still picture, where the camera never showed the room; (H, W) where."""
    left, top, width, height = box
    size = views.pictures.shape[2], views.pictures.shape[1]
    if (width, height) != size:
        return np.zeros_like(covered)
    some = views.pictures[:: max(1, len(views) // 16)]
    usual = middle(some, np.ones(some.shape[:3], bool))[0]
    here = np.zeros_like(covered)
    here[top : top + height, left : left + width] = cv2.resize(
        over.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST
    )
    here &= ~covered
    inside = here[top : top + height, left : left + width]
    picture[top : top + height, left : left + width][inside] = usual[inside]
    return here


def _window(left: int, top: int, side: int, *, size: tuple[int, int]) -> Window:
    right, bottom = min(left + side, size[0]), min(top + side, size[1])
    left, top = max(left, 0), max(top, 0)
    return Window(left, top, right - left, bottom - top)


def _fade(window: Window, *, left: int, top: int) -> NDArray[np.float32]:
    """How much a tile counts in its window, (h, w): 1 within, falling to 0 over the overlap with its neighbours."""

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
    shown, count = _shown(states[using])
    pictures = np.stack([views.picture(number, window) for number in using])
    median, unrest = middle(pictures, shown)
    # Edges that lie half a pixel beside each other differ, too, but are narrow.
    unrest = cv2.morphologyEx(unrest, cv2.MORPH_OPEN, np.ones((NARROW_PX, NARROW_PX), np.uint8))
    known = _enough(unrest, count, passed, least=MIN_PASSED)
    best = _best(pictures, shown, median)
    if not best:
        return median, known, passed > 0
    moved = np.stack([views.picture(using[row], window, shift=shift) for row, shift in best])
    rows = [row for row, _ in best]
    sharp = middle(moved, shown[rows])[0]
    few = shown[rows].sum(0) < MIN_PASSED
    sharp[few] = median[few]
    return sharp, known, passed > 0


def _best(
    pictures: NDArray[np.uint8], shown: NDArray[np.uint8], median: Picture
) -> list[tuple[int, tuple[float, float]]]:
    """Which of the views (n, h, w, 3) a tile is best made of, and by how many pixels each is to be moved for that."""
    target = cv2.cvtColor(median, cv2.COLOR_RGB2GRAY).astype(np.float32)
    slopes = np.stack([cv2.Sobel(target, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(target, cv2.CV_32F, 0, 1, scale=1 / 8)])
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

    (0, 0) where there are no edges to tell, or where it would be more than a pixel and a half.
    """
    g = slopes[:, where]
    matrix = g @ g.T + 0.5 * where.sum() * np.eye(2, dtype=np.float32)
    x, y = np.linalg.solve(matrix, g @ (grey - target)[where])
    return (float(x), float(y)) if max(abs(x), abs(y)) < 1.5 else (0.0, 0.0)
