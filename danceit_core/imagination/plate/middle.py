"""Median grey levels of many views of a pixel, by bisection, which is faster than sorting (not in the paper).

A quantile of 8-bit numbers is found in eight steps, bit by bit, by counting how many numbers lie below it. Each step
counts in many pixels at once.
"""

import numpy as np
from numpy.typing import NDArray

# Numbers of a view that are processed together; those of 240 views fit the processor's cache.
BLOCK = 4096
# Counts have 8 bits, too.
MOST_VIEWS = 255


def middle(pictures: NDArray[np.uint8], shown: NDArray[np.bool_]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Median (h, w, 3) of the views of each pixel, and the grey levels between its quartiles, (h, w).

    pictures: (n, h, w, 3) uint8, n at most MOST_VIEWS; shown: (n, h, w), where a picture counts. Where none counts,
    both results are meaningless. For an even number, the median is the lower of the two in the middle; the quartiles
    are the widest of the three colours.
    """
    count, height, width = shown.shape
    if not count:
        return np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.uint8)
    low, half, high = levels_at(pictures, shown, shares=(0.25, 0.5, 0.75))
    return half, (high - low).max(-1)


def levels_at(
    pictures: NDArray[np.uint8], shown: NDArray[np.bool_], *, shares: tuple[float, ...]
) -> list[NDArray[np.uint8]]:
    """The grey level that a share (0..1) of the views of each pixel reaches, (h, w, 3) for each of `shares`."""
    count, height, width = shown.shape
    # Views that do not count are sorted behind every grey level. (n, h, w, 3) -> (n, h * w * 3)
    levels = np.where(shown[..., None], pictures, np.uint8(255)).reshape(count, -1)
    last = np.repeat(np.maximum(shown.sum(0, dtype=np.int64) - 1, 0).ravel(), 3)  # (h * w * 3,)
    return [_ranked(levels, (share * last).astype(np.uint8)).reshape(height, width, 3) for share in shares]


def _ranked(levels: NDArray[np.uint8], rank: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The number in each column of (n, m) that has `rank` (m,) others before it in ascending order, (m,)."""
    out = np.zeros(levels.shape[1], np.uint8)
    for first in range(0, levels.shape[1], BLOCK):
        some, wanted = levels[:, first : first + BLOCK], rank[first : first + BLOCK]
        found = np.zeros(some.shape[1], np.uint8)
        for bit in (128, 64, 32, 16, 8, 4, 2, 1):
            tried = found + np.uint8(bit)
            below = np.add.reduce((some < tried).view(np.uint8), axis=0, dtype=np.uint8)
            found = np.where(below <= wanted, tried, found)
        out[first : first + BLOCK] = found
    return out
