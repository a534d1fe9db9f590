"""Fill the holes of a plate from elsewhere in the room (not in the paper).

Rooms repeat themselves: bricks, floor boards, skirting. Each hole is covered by the piece of the same picture whose
surroundings match its own best, with adjusted brightness; if nothing fits, the colours of its edge are spread inwards.
The piece is searched in a smaller picture and copied from the large one. A hole as large as a person, for which there
is no such piece, is filled patch by patch (`complete`).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.imagination.plate.complete import complete
from danceit_core.imagination.target.region import Mask
from danceit_core.media.letterbox import resize

# Pixels of a 256-pixel picture: surroundings compared around a hole, and width of the soft edge of its cover.
RING_PX, SOFT_PX = 6, 2
# Mean squared difference per colour above which the surroundings do not match: about 32 grey levels, 5 for a hole as
# large as a person.
WORST_MATCH, LARGE_MATCH = 1000.0, 25.0
# Longer side of the picture in which pieces are searched, and of that in which colours are spread over a hole.
SEARCH_PX, SPREAD_PX = 512, 128
# A hole of this length, as a share of the picture's longer side, counts as large as a person.
LARGE = 0.25

Box = tuple[slice, slice]


def fill_holes(picture: NDArray[np.uint8], known: Mask) -> NDArray[np.uint8]:
    """`picture` uint8 (H, W, 3) with every pixel that is not `known` (H, W) replaced; unchanged if all or none are."""
    if known.all() or not known.any():
        return picture
    height, width = known.shape
    shrink = max(1.0, max(height, width) / SEARCH_PX)
    size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    small_known = cv2.resize(known.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 1 - 1e-3
    small = resize(picture, size)
    smeared = cv2.inpaint(small, (~small_known).astype(np.uint8), 5, cv2.INPAINT_TELEA)
    filled = np.where(known[..., None], picture, cv2.resize(smeared, (width, height), interpolation=cv2.INTER_LINEAR))
    scale = max(size) / 256
    ring_px, soft_px = max(2, round(RING_PX * scale)), max(1, round(SOFT_PX * scale))
    count, labels = cv2.connectedComponents(_grow(~small_known, soft_px).astype(np.uint8))
    for label in range(1, count):
        hole = labels == label
        is_large = max(np.ptp(np.flatnonzero(hole.any(axis))) for axis in (0, 1)) > LARGE * max(hole.shape)
        worst = LARGE_MATCH if is_large else WORST_MATCH
        found = _find(small, small_known, hole, ring_px=ring_px, worst=worst)
        if found is None:
            if is_large:
                whole = cv2.resize(hole.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
                filled = complete(picture, known, whole & ~known, smeared=filled)
            continue
        offset = tuple(round(px * shrink) for px in found)
        large = cv2.resize(hole.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST).astype(bool)
        px = max(1, round(ring_px * shrink)), max(1, round(soft_px * shrink))
        _cover(filled, picture, known, hole=large, offset=offset, ring_px=px[0], soft_px=px[1], shrink=shrink)
    return filled


def _around(hole: Mask, px: int) -> tuple[Box, Mask]:
    """The box (rows, columns) of a hole grown by `px` pixels, and the grown hole in it."""
    rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
    box = (
        slice(max(0, rows[0] - px), min(hole.shape[0], rows[-1] + 1 + px)),
        slice(max(0, columns[0] - px), min(hole.shape[1], columns[-1] + 1 + px)),
    )
    return box, _grow(hole[box], px)


def _find(picture: NDArray[np.uint8], known: Mask, hole: Mask, *, ring_px: int, worst: float) -> tuple[int, int] | None:
    """Offset (rows, columns) to the piece that covers a hole, None if nothing fits."""
    box, around = _around(hole, ring_px)
    inside = hole[box]
    ring = around & ~inside & known[box]
    if not ring.any():
        return None
    # Squared difference of the ring at every place of the picture, and the number of unknown pixels in the piece.
    mask = np.repeat(ring[..., None], 3, -1).astype(np.float32)
    source = picture.astype(np.float32)
    mismatch = cv2.matchTemplate(source, source[box], cv2.TM_SQDIFF, mask=mask) / mask.sum()
    unknown = cv2.matchTemplate((~known).astype(np.float32), (inside | ring).astype(np.float32), cv2.TM_CCORR)
    mismatch[unknown > 0.5] = np.inf
    top, left = np.unravel_index(np.argmin(mismatch), mismatch.shape)
    return (int(top) - box[0].start, int(left) - box[1].start) if mismatch[top, left] < worst else None


def _cover(
    filled: NDArray[np.uint8],
    picture: NDArray[np.uint8],
    known: Mask,
    *,
    hole: Mask,
    offset: tuple[int, ...],
    ring_px: int,
    soft_px: int,
    shrink: float,
) -> None:
    """Cover one hole of `filled` in place with the piece of `picture` that lies `offset` (rows, columns) away."""
    box, around = _around(hole, ring_px)
    inside = hole[box]
    ring = around & ~inside & known[box]
    if not ring.any():
        return
    source = picture[box].astype(np.float32)
    piece = _piece(picture, source, ring, box=box, offset=offset, slack=int(np.ceil(shrink)) if shrink > 1 else 0)
    # Adjust the brightness: spread the differences along the ring into the hole.
    piece = piece + _spread((source - piece) * ring[..., None], ring)
    weight = cv2.blur(_grow(inside, soft_px).astype(np.float32), (2 * soft_px + 1, 2 * soft_px + 1))[..., None]
    weight = np.where((inside | ring)[..., None], weight, 0)
    filled[box] = np.clip(np.round(weight * piece + (1 - weight) * filled[box]), 0, 255).astype(np.uint8)


def _piece(
    picture: NDArray[np.uint8],
    source: NDArray[np.float32],
    ring: Mask,
    *,
    box: Box,
    offset: tuple[int, ...],
    slack: int,
) -> NDArray[np.float32]:
    """The piece within `slack` pixels of `offset` whose ring is most similar, float32 of the box's shape."""
    starts = [
        range(max(0, part.start + by - slack), min(side - (part.stop - part.start), part.start + by + slack) + 1)
        for part, by, side in zip(box, offset, picture.shape[:2], strict=True)
    ]
    height, width = ring.shape
    rows = slice(starts[0][0], starts[0][-1] + height)
    columns = slice(starts[1][0], starts[1][-1] + width)
    near = picture[rows, columns].astype(np.float32)
    top = left = 0
    if near.shape[:2] != ring.shape:
        mask = np.repeat(ring[..., None], 3, -1).astype(np.float32)
        mismatch = cv2.matchTemplate(near, source, cv2.TM_SQDIFF, mask=mask)
        top, left = (int(at) for at in np.unravel_index(np.argmin(mismatch), mismatch.shape))
    return near[top : top + height, left : left + width]


def _spread(difference: NDArray[np.float32], ring: Mask) -> NDArray[np.float32]:
    """Differences known only on the ring, (h, w, 3), spread smoothly over the whole box."""
    height, width = ring.shape
    shrink = max(1.0, max(height, width) / SPREAD_PX)
    size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    both = np.concatenate([difference, ring[..., None].astype(np.float32)], axis=-1)
    small = cv2.resize(both, size, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), max(size) / 8)
    return cv2.resize(soft[..., :3] / np.maximum(soft[..., 3:], 1e-6), (width, height), interpolation=cv2.INTER_LINEAR)


def _grow(mask: Mask, px: int) -> Mask:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * px + 1, 2 * px + 1))
    return cv2.dilate(mask.astype(np.uint8), disc).astype(bool)
