"""The path of a camera between what was measured: short gaps are bridged, and measurement noise is taken out.

A path is kept as where the camera lays the four corners of its picture, (T, 4, 2) pixels: these change smoothly, the
numbers of a homography need not. True shake is no noise: what differs from a smooth path by more than the measurement
errs stays as it is (Wiener's filter).
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.signal import savgol_filter

from danceit_core.imagination.camera.features import Mask
from danceit_core.imagination.camera.geometry import Floats, outline_of, transform
from danceit_core.pose.passages import find_passages

# Parabolas through so many frames are the smooth path; noise is judged over so many seconds.
SMOOTH_FRAMES, JUDGED_S = 5, 1.0
# The corners of a picture lie outside of what was followed, and err by so much more than its middle.
CORNERS_ERR = 2.0
BRIDGED_S = 0.5


def bridge(corners: Floats, found: Mask, shot: NDArray[np.int32], *, fps: float) -> tuple[Floats, Mask]:
    """Corners (T, 4, 2) where a camera was not found (T,) between frames of one shot (T,) where it was.

    Gives the corners of all frames and which are known, (T,): found, or in a gap of at most BRIDGED_S. Others have
    those of the nearest known frames, too, but only as a stand-in.
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
    """Corners (T, 4, 2) without the noise (T,) of their measurement, in pixels.

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
    """Where homographies (T, 3, 3) lay the corners of a (width, height) picture, (T, 4, 2)."""
    return transform(homographies, outline_of(size))


def homographies_of(corners: Floats, size: tuple[int, int]) -> Floats:
    """The homographies (T, 3, 3) that lay the corners of a (width, height) picture at (T, 4, 2)."""
    source = outline_of(size).astype(np.float32)
    # Around their own middle: single precision is all that OpenCV takes.
    middle = corners.mean(1, keepdims=True)
    found = [cv2.getPerspectiveTransform(source, laid.astype(np.float32)) for laid in corners - middle]
    shift = np.tile(np.eye(3), (len(corners), 1, 1))
    shift[:, :2, 2] = middle[:, 0]
    laid = shift @ np.array(found).reshape(-1, 3, 3)
    return laid / laid[:, 2:, 2:]
