"""Fill the holes of a background plate from elsewhere in the room (not in the paper).

Rooms repeat themselves: bricks, floor boards, skirting. Each hole is covered by that piece of the same picture whose
surroundings match its own best, brightness adjusted; only where nothing fits it is smeared in from its rim.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.imagination.target.region import Mask

# Pixels of a 256-pixel picture: surroundings compared around a hole, and width of the soft edge of its cover.
RING_PX, SOFT_PX = 6, 2
# Mean squared difference per colour above which the surroundings do not match: about 32 grey levels.
WORST_MATCH = 1000.0


def fill_holes(picture: NDArray[np.uint8], known: Mask) -> NDArray[np.uint8]:
    """`picture` uint8 (H, W, 3) with every pixel that is not `known` (H, W) replaced; all or none known: unchanged."""
    if known.all() or not known.any():
        return picture
    filled = cv2.inpaint(picture, (~known).astype(np.uint8), 5, cv2.INPAINT_TELEA)
    scale = max(picture.shape[:2]) / 256
    ring_px, soft_px = max(2, round(RING_PX * scale)), max(1, round(SOFT_PX * scale))
    count, labels = cv2.connectedComponents(_grow(~known, soft_px).astype(np.uint8))
    for label in range(1, count):
        _cover(filled, picture, known, hole=labels == label, ring_px=ring_px, soft_px=soft_px)
    return filled


def _cover(
    filled: NDArray[np.uint8], picture: NDArray[np.uint8], known: Mask, *, hole: Mask, ring_px: int, soft_px: int
) -> None:
    """Cover one hole of `filled` in place, if a piece of `picture` fits."""
    around = _grow(hole, ring_px)
    rows, columns = np.flatnonzero(around.any(1)), np.flatnonzero(around.any(0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    inside = hole[box]
    ring = around[box] & ~inside & known[box]
    if not ring.any():
        return
    # Squared difference of the ring at every place of the picture, and how many unknown pixels the piece would hold.
    mask = np.repeat(ring[..., None], 3, -1).astype(np.float32)
    source = picture.astype(np.float32)
    mismatch = cv2.matchTemplate(source, source[box], cv2.TM_SQDIFF, mask=mask) / mask.sum()
    unknown = cv2.matchTemplate((~known).astype(np.float32), (inside | ring).astype(np.float32), cv2.TM_CCORR)
    mismatch[unknown > 0.5] = np.inf
    top, left = np.unravel_index(np.argmin(mismatch), mismatch.shape)
    if not mismatch[top, left] < WORST_MATCH:
        return
    piece = source[top : top + inside.shape[0], left : left + inside.shape[1]]
    # Brightness: the differences along the ring, blurred into the hole.
    spread = max(inside.shape) / 8
    difference = cv2.GaussianBlur((source[box] - piece) * ring[..., None], (0, 0), spread)
    share = cv2.GaussianBlur(ring.astype(np.float32), (0, 0), spread)[..., None]
    piece = piece + difference / np.maximum(share, 1e-6)
    weight = cv2.blur(_grow(inside, soft_px).astype(np.float32), (2 * soft_px + 1, 2 * soft_px + 1))[..., None]
    weight = np.where((inside | ring)[..., None], weight, 0)
    filled[box] = np.clip(np.round(weight * piece + (1 - weight) * filled[box]), 0, 255).astype(np.uint8)


def _grow(mask: Mask, px: int) -> Mask:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * px + 1, 2 * px + 1))
    return cv2.dilate(mask.astype(np.uint8), disc).astype(bool)
