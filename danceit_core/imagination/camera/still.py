"""Whether a target's camera is static, and what on the screen does not belong to the room; from a few frames.

Frames spread over the video are compared with the one in their middle (`camera.features`). A camera is static if the
room moves by less than STILL_PX: people who fill the picture, flicker, noise and curtains are outvoted or hidden.
Writing, a logo or a border drawn round the picture stays in place while the room moves: its corners never change
(`find_overlay`).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.imagination.camera.features import (
    LEAST_CORNERS,
    OFF_PX,
    Grey,
    Mask,
    Match,
    View,
    find_again,
    find_view,
    parts_of,
)
from danceit_core.imagination.camera.geometry import Floats
from danceit_core.imagination.camera.views import TargetViews

SAMPLES = 48
STILL_PX = 0.5  # of the frame store
# A camera moves if movement is seen in this share of the examined frames.
MOVING_SHARE, LEAST_MOVING = 0.04, 2
# Corners that move together while most stand still are the room behind writing on the screen, if they are this share of
# all that move, lie in this many of the picture's 16 parts, and do so in this share of the examined frames.
SECOND_SHARE, SECOND_PARTS, SECOND_PX, SECOND_FRAMES = 0.6, 5, 2.0, 0.2
# Grey levels by which a room without corners differs from frame to frame if it does move.
UNREST_LEVELS = 4.0
# Places that change by at most this many grey levels, next to edges of this many more, are not part of a moving room,
# if they are seen in this many frames and do not have nearly all corners.
SAME_LEVELS, EDGE_LEVELS, LEAST_SEEN, MOST_OVERLAY = 14, 40, 6, 0.8
OVERLAY_PX, STILL_AROUND_PX = 9, 21

FEW_CORNERS = "the room has too few features to track (a bare wall, or a person who fills the picture)"


@dataclass(frozen=True)
class Survey:
    """What a few frames show about the camera. moves: whether it does; reason: why this is unknown, "" if it is known.

    overlay (h, w): pixels at work size that do not move with the room, None if there are none.
    """

    moves: bool
    reason: str = ""
    overlay: Mask | None = None


def survey_camera(views: TargetViews) -> Survey:
    """Examine a few frames of a target's video."""
    seen = list(views.some(views.spread(SAMPLES)))
    if len(seen) < 2:
        return Survey(moves=False)
    looked = [view for _, view in seen]
    motion, second = movements(looked)
    motion /= views.scale
    known = np.isfinite(motion)
    moving = int((motion[known] >= STILL_PX).sum())
    # Of writing on the screen and the room behind, the room is the one that moves.
    behind = int((second >= SECOND_PX).sum()) >= max(LEAST_MOVING, SECOND_FRAMES * len(motion))
    if moving >= max(LEAST_MOVING, MOVING_SHARE * len(motion)) or behind:
        return Survey(moves=True, overlay=find_overlay([grey for grey, _ in seen], looked))
    if known.sum() >= len(motion) / 2:
        return Survey(moves=False)
    if np.median([len(view.corners) for view in looked]) < 2 * LEAST_CORNERS:
        return Survey(moves=False, reason=FEW_CORNERS if _unrest(seen) > UNREST_LEVELS else "")
    return Survey(moves=True, overlay=find_overlay([grey for grey, _ in seen], looked))


def movements(views: list[View]) -> tuple[Floats, Floats]:
    """By how many pixels the room of each view (n,) has moved relative to the middle view; NaN if unknown.

    If the two have nothing in common, a view is compared with the previous one. The second result is the movement since
    the previous view, in pixels (n,), of those corners that do not stand still as most do: 0 unless they move together.
    """
    middle = len(views) // 2
    first, second = np.full(len(views), np.nan), np.zeros(len(views))
    first[middle] = 0.0
    for number, view in enumerate(views):
        before = find_view(view, views[number - 1], np.eye(3)) if number else None
        if before is not None:
            second[number] = _second_moved(view, views[number - 1], before)
        if number == middle:
            continue
        match = find_view(view, views[middle], np.eye(3)) or before
        if match is None and number:
            match = find_again(view, views[number - 1])
        if match is not None:
            first[number] = _moved(match)
    return first, second


def find_overlay(greys: list[Grey], views: list[View]) -> Mask | None:
    """What stays on the screen, (h, w), while the room moves; None if nothing does, or if there are too few frames.

    greys: the work pictures of the views in their original contrast. Only corners are evidence: an edge along which the
    camera pans, and a bare wall, do not change either. A plain border round the picture is included. If nearly all
    corners stay, the camera was mostly static, and nothing can be known.
    """
    if len(greys) < LEAST_SEEN:
        return None
    stack = np.stack(greys).astype(np.float32)  # (n, h, w)
    stack[np.stack([view.hidden for view in views])] = np.nan
    low, middle, high = _quantiles(stack)
    same = (high - low) <= SAME_LEVELS
    seeds = same & (_corner_levels(middle) >= EDGE_LEVELS)
    writing = cv2.morphologyEx(np.uint8(seeds), cv2.MORPH_CLOSE, np.ones((OVERLAY_PX, OVERLAY_PX), np.uint8))
    writing = cv2.morphologyEx(writing, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    overlay = cv2.dilate(writing, np.ones((OVERLAY_PX, OVERLAY_PX), np.uint8)) > 0
    overlay |= _frame_round(same, middle)
    corners = np.concatenate([view.corners for view in views]).astype(int)
    if not overlay.any() or overlay[corners[:, 1], corners[:, 0]].mean() > MOST_OVERLAY:
        return None
    return overlay


def _frame_round(same: Mask, middle: NDArray[np.float32]) -> Mask:
    """A plain border round the picture, along at least two opposite sides, of pixels that do not change; (h, w)."""
    frame = np.zeros_like(same)
    edge = np.concatenate([middle[0], middle[-1], middle[:, 0], middle[:, -1]])
    plain = same & (np.abs(middle - np.median(edge)) <= SAME_LEVELS)
    plain = cv2.morphologyEx(np.uint8(plain), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    for first, last in ((np.s_[0], np.s_[-1]), (np.s_[:, 0], np.s_[:, -1])):
        if plain[first].mean() > 0.95 and plain[last].mean() > 0.95:
            _, labels = cv2.connectedComponents(plain, connectivity=4)
            ids = np.unique(np.concatenate([labels[first], labels[last]]))
            frame |= np.isin(labels, ids[ids > 0])
    # It also encloses the insides of letters, and the line where it meets the picture.
    return cv2.dilate(np.uint8(frame), np.ones((5, 5), np.uint8)) > 0 if frame.any() else frame


def _corner_levels(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """The least step over all directions in each pixel's neighbourhood, grey levels, (h, w)."""
    x, y = cv2.Sobel(picture, cv2.CV_32F, 1, 0, scale=0.25), cv2.Sobel(picture, cv2.CV_32F, 0, 1, scale=0.25)
    xx, yy, xy = (cv2.boxFilter(product, -1, (5, 5)) for product in (x * x, y * y, x * y))
    least = (xx + yy) / 2 - np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    # A step of one grey level gives 2 of the 5 pixels a gradient of half that height.
    return np.sqrt(np.maximum(least, 0) / 0.1)


def _quantiles(stack: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    """Low, middle and high grey level of each pixel of (n, h, w) pictures, which are NaN where hidden."""
    filled = np.sort(stack, axis=0)  # NaN last
    count = np.isfinite(filled).sum(0)

    def at(share: float) -> NDArray[np.float32]:
        place = np.round(np.maximum(count - 1, 0) * share).astype(int)
        return np.nan_to_num(np.take_along_axis(filled, place[None], axis=0)[0])

    low, high = at(0.08), at(0.92)
    return low, at(0.5), np.where(count >= LEAST_SEEN, high, low + 255)


def _moved(match: Match) -> float:
    return float(np.median(np.linalg.norm(match.here - match.there, axis=1)))


def _second_moved(here: View, there: View, match: Match) -> float:
    """How far the corners that do not stand still as most do have moved, if they move together; else 0."""
    if _moved(match) > OFF_PX:
        return 0.0
    still = np.zeros(here.hidden.shape, np.uint8)
    x, y = np.round(match.there).astype(int).T
    still[y, x] = 1
    still = cv2.dilate(still, np.ones((STILL_AROUND_PX, STILL_AROUND_PX), np.uint8))
    rest, other = (View(view.picture, view.hidden | (still > 0)) for view in (here, there))
    if len(other.corners) < LEAST_CORNERS:
        return 0.0
    found = find_view(rest, other, np.eye(3)) or find_again(rest, other)
    if found is None or found.share < SECOND_SHARE or parts_of(found.there, other.size) < SECOND_PARTS:
        return 0.0
    return _moved(found)


def _unrest(seen: list[tuple[Grey, View]]) -> float:
    """Grey levels by which the room of views differs from that of the middle view, light apart; 0 without a room."""
    grey, view = seen[len(seen) // 2]
    found = []
    for other, other_view in seen:
        room = ~(view.hidden | other_view.hidden)
        if room.sum() > 2:
            light = np.polyfit(other[room].astype(np.float64), grey[room], 1)
            found.append(float(np.abs(np.polyval(light, other[room]) - grey[room]).mean()))
    return float(np.median(found)) if found else 0.0
