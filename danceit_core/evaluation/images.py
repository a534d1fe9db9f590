"""Scores of painted pictures (paper V; reading of "image scores").

Conventions: pictures are uint8 RGB (H, W, 3), videos (T, H, W, 3) arrays or iterables of pictures. Larger is better for
SSIM (at most 1) and PSNR (dB), smaller for the flicker. PCK is in `pose.redetection`, LPIPS (on a different backbone)
in `imagination.perceptual_distance`.

Reference: SSIM, Wang et al., IEEE Transactions on Image Processing 13(4), 2004.
"""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import ImaginationError

Picture = NDArray[np.uint8]
# Values of the SSIM paper: Gaussian window of 11 pixels and sigma 1.5, constants for 255 grey levels.
SSIM_WINDOW, SSIM_SIGMA = 11, 1.5
SSIM_C1, SSIM_C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def psnr(a: Picture, b: Picture) -> float:
    """Peak signal-to-noise ratio in dB of two pictures of one size; infinite if they are equal."""
    _check_same_size(a, b)
    return decibels(float(np.square(a.astype(np.float64) - b).mean()))


def decibels(square_error: float) -> float:
    """PSNR in dB for a mean squared error in squared grey levels; infinite for no error."""
    return float("inf") if square_error == 0 else float(10 * np.log10(255**2 / square_error))


def ssim(a: Picture, b: Picture) -> float:
    """Structural similarity in -1..1, the mean over the pixels whose window lies inside, and over colours.

    Raises ImaginationError for pictures smaller than the window of 11 pixels.
    """
    _check_same_size(a, b)
    if min(a.shape[:2]) < SSIM_WINDOW:
        raise ImaginationError(
            f"pictures of {a.shape[1]} x {a.shape[0]} pixels are too small for SSIM; use at least {SSIM_WINDOW} a side"
        )
    x, y = a.astype(np.float64), b.astype(np.float64)
    mean_x, mean_y = _blur(x), _blur(y)
    var_x, var_y = _blur(x * x) - mean_x**2, _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + SSIM_C1) / (mean_x**2 + mean_y**2 + SSIM_C1)
    structure = (2 * covariance + SSIM_C2) / (var_x + var_y + SSIM_C2)
    inside = slice(SSIM_WINDOW // 2, -(SSIM_WINDOW // 2))
    return float((luminance * structure)[inside, inside].mean())


def background_flicker(pictures: Iterable[Picture], moving: Iterable[NDArray[np.bool_]]) -> float:
    """Mean absolute change from frame to frame, grey levels, of pixels where nothing should move.

    moving: (H, W) for each picture, where the person may be; a pixel counts if it is still in both frames. NaN if no
    pixel of any two frames counts. Streaming: both may be generators.
    """
    total, count = 0.0, 0
    before: tuple[Picture, NDArray[np.bool_]] | None = None
    for picture, mask in zip(pictures, moving, strict=True):
        if before is not None:
            still = ~(mask | before[1])
            total += float(np.abs(picture[still].astype(np.int16) - before[0][still]).sum())
            count += 3 * int(still.sum())
        before = picture, mask
    return total / count if count else float("nan")


def _blur(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return cv2.GaussianBlur(values, (SSIM_WINDOW, SSIM_WINDOW), SSIM_SIGMA)


def _check_same_size(a: Picture, b: Picture) -> None:
    if a.shape != b.shape:
        raise ImaginationError(f"pictures of shape {a.shape} and {b.shape} cannot be compared; resize one of them")
