"""Overlays that were added to a video afterwards: a border, captions, a channel's logo (not in the paper).

If the camera moves, overlays do not move with the room and would smear over its plate. They are recognised by the edges
around them: places that never change although the camera moved, and that end at edges which never change either. A bare
wall does not change either, but it has no such edges.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.imagination.plate.hides import HIDDEN
from danceit_core.imagination.plate.middle import middle
from danceit_core.imagination.target.region import Mask

# Number of frames that are compared, and how far apart they must lie, in shares of the picture's longer side.
FRAMES, APART = 24, 0.03
# Grey levels: largest difference of an unchanged place in the share QUIET of the frames; least step of an edge.
STILL_LEVELS, QUIET, EDGE_LEVELS = 4.0, 0.85, 8.0
# Share of the frames that must show a place without the person in front of it.
SEEN = 0.3
# Share of an overlay's outline that must be edges; the least size of an overlay, as a share of the picture.
MARKED, SMALLEST = 0.6, 2e-5
# Holes in an overlay that are smaller than this share of the picture belong to it.
ISLAND = 0.02


def find_overlay(pictures: NDArray[np.uint8], state: NDArray[np.uint8], camera: NDArray[np.float64]) -> Mask | None:
    """Where something lies over the room in every frame, (h', w') on the grid of `state`, or None.

    pictures: (n, h, w, 3) uint8; state: (n, h', w') as in `hides`; camera: (n, 3, 3).
    """
    height, width = pictures.shape[1:3]
    chosen, apart = _apart(camera, size=(width, height))
    if apart < APART:
        return None
    size = state.shape[:0:-1]
    small = np.stack([cv2.resize(pictures[k], size, interpolation=cv2.INTER_AREA) for k in chosen])
    shown = state[chosen] < HIDDEN
    usual = middle(small, shown)[0]
    views, quiet = shown.sum(0), np.zeros(size[::-1], np.int64)
    for picture, mask in zip(small, shown, strict=True):
        quiet += mask & (cv2.absdiff(picture, usual).max(-1) < STILL_LEVELS)
    still = (quiet >= QUIET * views) & (views >= SEEN * len(chosen))
    across, down = (np.abs(cv2.Sobel(usual, cv2.CV_32F, *way, scale=1 / 4)).max(-1) for way in ((1, 0), (0, 1)))
    edges = still & (np.maximum(across, down) > EDGE_LEVELS)
    found = _marked(still & ~edges, edges).astype(np.uint8)
    if not found.any():
        return None
    # Add the letters inside, the edges around, and what shines through them.
    grown = cv2.dilate(_without_islands(cv2.morphologyEx(found, cv2.MORPH_CLOSE, _square(13))), _square(19))
    return np.asarray(grown.astype(bool))


def _without_islands(found: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The mask with its small holes filled."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(1 - found, connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] < ISLAND * found.size
    return found | small[labels].astype(np.uint8)


def _square(side: int) -> NDArray[np.uint8]:
    return np.ones((side, side), np.uint8)


def _apart(camera: NDArray[np.float64], *, size: tuple[int, int]) -> tuple[list[int], float]:
    """Frames whose pictures lie far from each other, and the largest distance, in the picture's longer sides."""
    corners = np.array([[0, 0], [size[0], 0], size, [0, size[1]]], np.float64)[None]
    places = np.stack([cv2.perspectiveTransform(corners, one)[0].ravel() for one in camera]) / max(size)  # (n, 8)
    chosen = [0]
    near = np.abs(places - places[0]).max(-1)
    farthest = float(near.max())
    while len(chosen) < min(FRAMES, len(camera)) and near.max() > 0:
        chosen.append(int(near.argmax()))
        near = np.minimum(near, np.abs(places - places[chosen[-1]]).max(-1))
    return chosen, farthest


def _marked(still: Mask, edges: Mask) -> Mask:
    """Those connected parts of `still` whose outline consists mostly of edges."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(still.astype(np.uint8), connectivity=4)
    around = cv2.dilate(edges.astype(np.uint8), _square(3)).astype(bool)
    out = np.zeros_like(still)
    for label in range(1, count):
        left, top, width, height, area = stats[label]
        if area < SMALLEST * still.size:
            continue
        box = slice(max(0, top - 1), top + height + 1), slice(max(0, left - 1), left + width + 1)
        part = labels[box] == label
        rim = cv2.dilate(part.astype(np.uint8), _square(3)).astype(bool) & ~part
        if rim.any() and around[box][rim].mean() > MARKED:
            out[box] |= part
    return out
