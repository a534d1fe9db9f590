"""The plate of a moving camera's frames: its reference frame, its size, the view of a static camera on it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.imagination.camera.features import Mask
from danceit_core.imagination.camera.geometry import Floats, transform
from danceit_core.pose.plate import Box

# The number of frames from which the reference frame (nearest to all others) is chosen.
COMPARED = 200
# The view of a static camera is searched on a plate this many times smaller.
COARSE = 8
# Weight of the share of the picture that was never seen, against the dancer's offset from its middle in pictures.
UNSEEN_WEIGHT = 10.0


def middle_frame(corners: Floats, known: Mask) -> int:
    """The known frame (T,) whose corners (T, 4, 2) are nearest to all others': the reference frame of the plate."""
    numbers = np.flatnonzero(known)
    numbers = numbers[np.unique(np.linspace(0, len(numbers) - 1, min(COMPARED, len(numbers))).round().astype(int))]
    laid = corners[numbers].reshape(len(numbers), 8)
    far = np.abs(laid[:, None] - laid[None]).sum((1, 2))
    return int(numbers[far.argmin()])


def shown_box(overlay: Mask | None, size: tuple[int, int]) -> Box:
    """The part of a (width, height) frame that shows the room, without a border drawn round it. Its sides are even."""
    left, top, right, bottom = 0, 0, *size
    if overlay is not None and not overlay.all():
        rows, columns = np.flatnonzero(~overlay.all(1)), np.flatnonzero(~overlay.all(0))
        left, top, right, bottom = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    width, height = int(right - left), int(bottom - top)
    return int(left), int(top), max(2, width - width % 2), max(2, height - height % 2)


def box_corners(box: Box) -> Floats:
    """The corners of a box of pixels, (4, 2), clockwise."""
    left, top, width, height = box
    right, bottom = left + width - 0.5, top + height - 0.5
    return np.array([(left - 0.5, top - 0.5), (right, top - 0.5), (right, bottom), (left - 0.5, bottom)])


def plate_extent(homographies: Floats, known: Mask, box: Box) -> tuple[NDArray[np.int64], tuple[int, int]]:
    """The upper left pixel (2,) and size (width, height) of what the box of all known frames (T,) covers."""
    laid = transform(homographies[known], box_corners(box))
    # Half a pixel at the edge belongs to the middle frame itself.
    low, high = np.floor(laid.min((0, 1)) + 0.51).astype(int), np.ceil(laid.max((0, 1)) - 0.51).astype(int)
    width, height = (high - low + 1).tolist()
    return low, (width + width % 2, height + height % 2)


def choose_picture(homographies: Floats, known: Mask, box: Box, *, size: tuple[int, int], dancer: Floats) -> Box:
    """The view of a static camera, with a picture as large as the box, on a plate of `size` (width, height).

    homographies (T, 3, 3): from frames to the plate; dancer (n, 2): places of the dancer, plate pixels. The view
    prefers places that were seen, with the dancer's usual place in its middle, at the height of most frames.
    """
    seen = np.zeros((size[1] // COARSE + 1, size[0] // COARSE + 1), np.uint8)
    laid = transform(homographies[known], box_corners(box))
    for corners in laid[:: max(1, len(laid) // COMPARED)]:
        cv2.fillConvexPoly(seen, np.round(corners / COARSE).astype(np.int32), 1)
    unseen = cv2.integral(1 - seen).astype(np.float64)
    width, height = min(box[2], size[0]), min(box[3], size[1])
    w, h = width // COARSE, height // COARSE
    lefts, tops = np.arange(0, size[0] - width + 1), np.arange(0, size[1] - height + 1)
    x, y = np.meshgrid(lefts[:: max(1, len(lefts) // 64)], tops[:: max(1, len(tops) // 64)])
    i, j = y // COARSE, x // COARSE
    holes = (unseen[i + h, j + w] - unseen[i, j + w] - unseen[i + h, j] + unseen[i, j]) / max(1, w * h)
    aim = np.median(laid.mean(1), axis=0)
    if len(dancer):
        aim[0] = (np.quantile(dancer[:, 0], 0.1) + np.quantile(dancer[:, 0], 0.9)) / 2
    off = np.abs(x + width / 2 - aim[0]) / width + np.abs(y + height / 2 - aim[1]) / height
    best = (UNSEEN_WEIGHT * holes + off).argmin()
    return int(x.flat[best]), int(y.flat[best]), width, height
