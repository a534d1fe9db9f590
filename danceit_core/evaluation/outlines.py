"""Agreement of a person's outline with the true one (rendered dancers): area and boundary.

    overlap          intersection over union of the areas (IoU)
    boundary_score   F of the boundaries: harmonic mean of the share of the found boundary near the true one and of the
                     share of the true boundary near the found one (Martin, Fowlkes and Malik, IEEE PAMI 26(5), 2004;
                     as used for video by Perazzi et al., CVPR 2016, with a tolerance in pixels)

Masks are uint8 (H, W), 255 = person; a pixel belongs to the person from 128 on. There is no boundary where the edge of
the picture cuts the person. Two empty masks agree fully; an empty mask and a non-empty one do not agree at all.
"""

from collections.abc import Iterable
from itertools import zip_longest

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import ImaginationError

Mask = NDArray[np.uint8]

INSIDE = 128
TOLERANCE_PX = 3.0
CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def overlap(found: Mask, true: Mask) -> float:
    """Intersection over union, 0..1."""
    ours, theirs = _inside(found, true)
    union = int((ours | theirs).sum())
    return float((ours & theirs).sum()) / union if union else 1.0


def boundary_score(found: Mask, true: Mask, *, tolerance_px: float = TOLERANCE_PX) -> float:
    """F of the boundaries, 0..1. tolerance_px: distance between pixels' centres up to which they agree."""
    ours, theirs = (boundary(mask) for mask in _inside(found, true))
    if not ours.any() or not theirs.any():
        return float(ours.any() == theirs.any())
    precision, recall = _share_near(ours, theirs, tolerance_px), _share_near(theirs, ours, tolerance_px)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def compare_outlines(
    found: Iterable[Mask], true: Iterable[Mask], *, tolerance_px: float = TOLERANCE_PX
) -> NDArray[np.float64]:
    """`overlap` and `boundary_score` of each frame, (T, 2). Raises ImaginationError if one video is shorter."""
    rows: list[tuple[float, float]] = []
    for ours, theirs in zip_longest(found, true):
        if ours is None or theirs is None:
            missing = "detected outline" if ours is None else "true outline"
            raise ImaginationError(
                f"after {len(rows)} frames there is no further {missing}; compare outlines of the same frames"
            )
        rows.append((overlap(ours, theirs), boundary_score(ours, theirs, tolerance_px=tolerance_px)))
    # (T, 2), also for no frames
    return np.array(rows, np.float64).reshape(-1, 2)


def boundary(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels (H, W) of the person with a pixel beside, above or below them that is not of the person."""
    # The picture is continued beyond its edge by repeating the border pixels.
    core = cv2.erode(inside.astype(np.uint8), CROSS, borderType=cv2.BORDER_REPLICATE)
    return inside & (core == 0)


def _inside(found: Mask, true: Mask) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    if found.shape != true.shape:
        raise ImaginationError(
            f"the detected outline is {found.shape[1]} x {found.shape[0]} pixels, the true one "
            f"{true.shape[1]} x {true.shape[0]}; compare outlines of one picture"
        )
    return found >= INSIDE, true >= INSIDE


def _share_near(boundary: NDArray[np.bool_], other: NDArray[np.bool_], tolerance_px: float) -> float:
    away = cv2.distanceTransform((~other).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return float((away[boundary] <= tolerance_px).mean())
