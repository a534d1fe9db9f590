"""Homographies applied to points and pictures. They map the centres of pixels, which are whole numbers."""

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# By how much a camera may enlarge or reduce a picture relative to another of the same room.
LARGEST_ZOOM = 4.0


def transform(homography: Floats, points: ArrayLike) -> Floats:
    """Points (..., n, 2) mapped by a homography (..., 3, 3)."""
    points = np.asarray(points, np.float64)
    laid = points @ np.swapaxes(homography[..., :2], -1, -2) + homography[..., None, :, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        return laid[..., :2] / laid[..., 2:]


def outline_of(size: tuple[int, int]) -> Floats:
    """The four corners of a (width, height) picture as pixels, (4, 2), clockwise."""
    width, height = size
    return np.array([(-0.5, -0.5), (width - 0.5, -0.5), (width - 0.5, height - 0.5), (-0.5, height - 0.5)])


def is_plausible(homography: Floats, size: tuple[int, int]) -> bool:
    """Whether a camera could have moved like this: the picture stays in front of it, convex, and of similar size."""
    corners = outline_of(size)
    depth = corners @ homography[2, :2] + homography[2, 2]
    if not np.isfinite(homography).all() or (depth * homography[2, 2] <= 0).any():
        return False
    laid = transform(homography, corners).astype(np.float32)
    area = cv2.contourArea(laid, oriented=True) / (size[0] * size[1])
    return cv2.isContourConvex(laid) and 1 / LARGEST_ZOOM**2 < area < LARGEST_ZOOM**2


def overlap(homography: Floats, size: tuple[int, int]) -> float:
    """The share of a picture that is covered by another of the same size, mapped by a homography."""
    if not is_plausible(homography, size):
        return 0.0
    corners = outline_of(size).astype(np.float32)
    area, _ = cv2.intersectConvexConvex(transform(homography, corners).astype(np.float32), corners)
    return float(area) / (size[0] * size[1])


def zoom(homography: Floats, size: tuple[int, int]) -> float:
    """The factor by which a homography enlarges the sides of a picture."""
    return float(np.sqrt(abs(cv2.contourArea(transform(homography, outline_of(size)).astype(np.float32)))
                         / (size[0] * size[1])))  # fmt: skip


def inverse(homography: Floats) -> Floats:
    """The inverse homography, (..., 3, 3)."""
    return np.asarray(np.linalg.inv(homography), np.float64)
