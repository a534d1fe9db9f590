"""The path of a camera, completed and smoothed: short gaps are bridged, and measurement noise is removed.

A path is stored as the four mapped corners of the camera's picture, (T, 4, 2) pixels: these change smoothly, while the
parameters of a homography may not. Real shake is not noise: deviations from a smooth path that exceed the measurement
error are kept (Wiener filter).
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.signal import savgol_filter

from danceit_core.imagination.camera.features import Mask
from danceit_core.imagination.camera.geometry import Floats, outline_of, transform
from danceit_core.pose.passages import find_passages

# The smooth path consists of parabolas through this many frames; noise is estimated over this many seconds.
SMOOTH_FRAMES, JUDGED_S = 5, 1.0
# The corners of a picture lie outside the tracked places; their error is this many times that of its middle.
CORNERS_ERR = 2.0
BRIDGED_S = 0.5


def bridge(corners: Floats, found: Mask, shot: NDArray[np.int32], *, fps: float) -> tuple[Floats, Mask]:
    """Fill in corners (T, 4, 2) where a camera was not found (T,) between frames of one shot (T,) where it was.

    Returns the corners of all frames and which of them are known, (T,): found, or in a gap of at most BRIDGED_S. The
    others get those of the nearest known frames, only as placeholders.
    """
    known, filled, at = found.copy(), corners.copy(), np.arange(len(found))
    for corner in range(4):
        for axis in range(2):
            filled[:, corner, axis] = np.interp(at, at[found], corners[found, corner, axis])
    for first, end in find_passages(~found):
        inside = first > 0 and end < len(found) and shot[first - 1] == shot[end]
        if inside and end - first <= BRIDGED_S * fps:
            known[first:end] = True
    return filled, known


def smooth(corners: Floats, noise_px: Floats, known: Mask, shot: NDArray[np.int32], *, fps: float) -> Floats:
    """Corners (T, 4, 2) without their measurement noise (T,), in pixels.

    Only passages of `known` frames (T,) of one shot (T,) are smoothed.
    """
    smoothed = corners.copy()
    for first, end in find_passages(known, shot):
        if end - first <= SMOOTH_FRAMES:
            continue
        path = corners[first:end].reshape(end - first, 8)
        calm = savgol_filter(path, SMOOTH_FRAMES, 2, axis=0)
        rest = path - calm
        window = max(SMOOTH_FRAMES, round(JUDGED_S * fps))
        power = uniform_filter1d(rest**2, window, axis=0, mode="nearest")
        noise = uniform_filter1d((CORNERS_ERR * noise_px[first:end]) ** 2, window, mode="nearest")[:, None]
        true_share = np.clip(1 - noise / np.maximum(power, 1e-12), 0, 1)
        smoothed[first:end] = (calm + true_share * rest).reshape(-1, 4, 2)
    return smoothed


def corners_of(homographies: Floats, size: tuple[int, int]) -> Floats:
    """The corners of a (width, height) picture mapped by homographies (T, 3, 3), as (T, 4, 2)."""
    return transform(homographies, outline_of(size))


def homographies_of(corners: Floats, size: tuple[int, int]) -> Floats:
    """The homographies (T, 3, 3) that map the corners of a (width, height) picture to (T, 4, 2)."""
    source = outline_of(size).astype(np.float32)
    # Relative to their own middle, because OpenCV computes this in single precision.
    middle = corners.mean(1, keepdims=True)
    found = [cv2.getPerspectiveTransform(source, laid.astype(np.float32)) for laid in corners - middle]
    shift = np.tile(np.eye(3), (len(corners), 1, 1))
    shift[:, :2, 2] = middle[:, 0]
    laid = shift @ np.array(found).reshape(-1, 3, 3)
    return laid / laid[:, 2:, 2:]
