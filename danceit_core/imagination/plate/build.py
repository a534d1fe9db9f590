"""The empty room behind the target person: the plate (not in the paper).

Each pixel is the median over those frames in which the person is elsewhere, so that no ghost of them remains; a plain
median over all frames keeps a ghost where the person stands most of the time. If enough frames show a place with the
person well away from it, only those count, because a shadow on the floor reaches farther than the body.

If the camera moves, the frames are aligned on one wide plate (`wide`). What lies over all frames, such as captions or a
border round the picture, is not part of the room (`overlay`).

Pixels that no frame shows are filled in from the rest of the room (`fill`). For a single photograph these are all
pixels behind the person and those of their shadow on the floor: a shadow without a person would look wrong.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.files import write_text
from danceit_core.imagination.plate.figures import RoomFigures, measure_room
from danceit_core.imagination.plate.fill import fill_holes
from danceit_core.imagination.plate.hides import CLEAR, DARK, HIDDEN, NEAR, OUTSIDE
from danceit_core.imagination.plate.known import CLEAR_VIEWS, shown_of, well_known
from danceit_core.imagination.plate.middle import levels_at, middle
from danceit_core.imagination.plate.overlay import find_overlay
from danceit_core.imagination.plate.views import Views, collect_views
from danceit_core.imagination.plate.wide import wide_room
from danceit_core.imagination.target.region import Mask
from danceit_core.imagination.target.view import Window
from danceit_core.media.letterbox import Picture
from danceit_core.media.picture import write_picture
from danceit_core.pose.plate import Box, still_picture
from danceit_core.pose.table import PoseTable

# A pixel seen less often may show only the edge of the person.
MIN_VIEWS = 6
# A shadow leaves between these shares of the light, with at most this difference between colours; this quantile of a
# place's views counts as free of shadow.
SHADOW_LEAST, SHADOW_MOST, SHADOW_TINT, BRIGHT = 0.3, 0.96, 0.15, 0.98
# In one photograph: the largest share of light in a shadow close to the feet and farther off, relative to this quantile
# of the floor at the same height; spots of this many pixels are ignored, and an edge of this many is added.
CLOSE_MOST, SINGLE_MOST, FLOOR, FRECKLE_PX, SOFT_RIM_PX = 0.95, 0.85, 0.7, 2, 8
# Rows of a static camera's plate that are computed at a time.
ROWS = 64
# Filled places whose outlines are written: at most this many, each at least this share of the plate.
MOST_DRAWN, DRAWN = 40, 2e-5


@dataclass(frozen=True)
class Plate:
    """The room without the person. picture: uint8 RGB (H, W, 3); seen: (H, W), False where it was filled in.

    covered: (H, W), True where some frame's picture lies, even if the person hides it.
    """

    picture: Picture
    seen: Mask
    covered: Mask
    figures: RoomFigures


def build_plate(frames_path: str | Path, masks_path: str | Path | None, table: PoseTable) -> Plate:
    """The room behind the person of a frame store, of the size of the plate.

    masks_path: the person's outlines (None: capsules around the limbs are used); table: cleaned keypoints in pixels of
    the plate, with the columns `camera` and `exposure` if those change. Raises ImaginationError if no frame shows the
    person, MediaError for files that cannot be read.
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
        picture, seen, covered = wide_room(views)
    figures = measure_room(views, picture, seen, covered, box=box, laid_over=laid_over)
    if over is not None:
        seen = seen | _lay_over(picture, covered, views, over=over, box=box)
    return Plate(fill_holes(picture, seen), seen, covered, figures)


def write_plate(picture_path: str | Path, figures_path: str | Path, plate: Plate) -> None:
    """Write the room as a PNG, and its figures and the outlines of filled places as JSON."""
    write_picture(picture_path, plate.picture)
    write_text(figures_path, json.dumps(plate.figures.as_json() | {"filled": outlines(~plate.seen)}, indent=1) + "\n")


def outlines(places: Mask) -> list[list[list[int]]]:
    """The outlines of the largest parts of `places` (H, W): corners [x, y] of polygons, pixels."""
    contours, _ = cv2.findContours(places.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    parts = sorted((c for c in contours if cv2.contourArea(c) >= DRAWN * places.size), key=cv2.contourArea)
    near_px = max(places.shape) / 400
    return [cv2.approxPolyDP(part, near_px, closed=True)[:, 0].tolist() for part in parts[::-1][:MOST_DRAWN]]


def _still_room(views: Views) -> tuple[Picture, Mask, Mask]:
    """The room (H, W, 3) of a static camera, and which of its pixels were seen, and covered, (H, W)."""
    width, height = views.size
    picture, seen = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), bool)
    for top in range(0, height, ROWS):
        window = Window(0, top, width, min(ROWS, height - top))
        states = views.states(window)
        shown, views_of = shown_of(states)
        band = views.pictures[:, window.slices[0]]
        median, unrest = middle(band, shown)
        picture[window.slices] = _lifted(median, band, shown, shaded=(states == CLEAR).sum(0) < CLEAR_VIEWS)
        seen[window.slices] = well_known(unrest, views_of, np.full_like(views_of, len(views)), least=MIN_VIEWS)
    if len(views) == 1:
        seen &= ~_single_shadow(picture, views.states(Window(0, 0, width, height))[0])
    return picture, seen, np.ones((height, width), bool)


def _single_shadow(picture: Picture, states: NDArray[np.uint8]) -> Mask:
    """The shadow in a picture, (H, W): it begins at the feet and is darker than the floor at the same height.

    states: (H, W), what the picture shows of the room.
    """
    near = (states == NEAR) | (states == DARK)
    shadow = np.zeros(near.shape, bool)
    for row in np.flatnonzero(near.any(1)):
        floor = picture[row, near[row]].astype(np.float32) + 1
        ratio = floor / np.quantile(floor, FLOOR, axis=0)
        most = np.where(states[row, near[row]] == DARK, CLOSE_MOST, SINGLE_MOST)
        shadow[row, near[row]] = (
            (ratio.max(-1) < most) & (ratio.min(-1) > SHADOW_LEAST) & (np.ptp(ratio, axis=-1) < SHADOW_TINT)
        )
    scale = max(1.0, max(near.shape) / 640)
    disc, rim = (
        cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(px * scale) + 1,) * 2)
        for px in (FRECKLE_PX, SOFT_RIM_PX)
    )
    wide = cv2.dilate(cv2.morphologyEx(shadow.astype(np.uint8), cv2.MORPH_OPEN, disc), rim)
    # Only the person's own shadow, which begins at their feet.
    _, labels = cv2.connectedComponents(wide)
    feet = cv2.dilate((states == HIDDEN).astype(np.uint8), disc).astype(bool) & near
    return np.isin(labels, np.unique(labels[feet & (labels > 0)]))


def _lifted(median: Picture, pictures: NDArray[np.uint8], shown: NDArray[np.bool_], *, shaded: Mask) -> Picture:
    """The median (h, w, 3) without a shadow that lies there in most views, if some views are free of it.

    shaded: (h, w), places close to the person in nearly all views. There the median is replaced by what the brightest
    views show, if the two differ as with a shadow: by one factor for all colours.
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


def _lay_over(picture: Picture, covered: Mask, views: Views, *, over: Mask, box: Box) -> Mask:
    """Copy what lies over all frames into the static view where the camera never showed the room; returns where."""
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
