"""Enlargement from the network's pixels to those of its windows, in torch, for any rectangle of a window.

Each pixel of a window is mixed from two pixels of the network along each axis (linear) or from four (cubic, a = -0.75
as in torch and OpenCV); beyond the edge the outermost pixel is repeated. It is written as a product with a band matrix
for each axis. On a CPU this is many times as fast as torch's own function, works for any rectangle, and computes no
pixel that is not needed.
"""

import functools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from danceit_core.imagination.target.view import View

CUBIC = -0.75


def enlarge(
    part: Tensor,
    view: View,
    *,
    rows: slice | None = None,
    columns: slice | None = None,
    smooth: bool = False,
    corner: tuple[int, int] | None = None,
) -> Tensor:
    """Rows and columns (None: all) of the windows, (N, C, H, W), from (N, C, h, w) in pixels of the network.

    smooth: cubic instead of linear. corner: if `part` is not a whole window, x and y of its first pixel; beyond its
    edge its outermost pixels are repeated.
    """
    rows, columns = rows or slice(0, view.window[1]), columns or slice(0, view.window[0])
    left, top = corner or (0, 0)
    if view.window == view.network:
        return part[:, :, rows.start - top : rows.stop - top, columns.start - left : columns.stop - left].float()
    if corner is not None:
        part, left, top = nn.functional.pad(part, (1, 1, 1, 1), mode="replicate"), left - 1, top - 1
    (few_x, few_y), (many_x, many_y) = view.network, view.window
    down, rows_of = _band(few_y, many_y, rows, smooth, first=top, length=part.shape[2], device=part.device)
    across, columns_of = _band(few_x, many_x, columns, smooth, first=left, length=part.shape[3], device=part.device)
    return down @ (part[:, :, rows_of, columns_of].float() @ across.T)


def pixels_within(first: int, length: int, few: int, many: int) -> slice:
    """The pixels on an axis of `many` whose middles lie in the `length` pixels from `first` on of an axis of `few`."""
    start, stop = (int(np.ceil(edge * many / few - 0.5)) for edge in (first, first + length))
    return slice(max(start, 0), min(stop, many))


def _band(
    few: int, many: int, where: slice, smooth: bool, *, first: int, length: int, device: torch.device
) -> tuple[Tensor, slice]:
    """Shares (L, k) of a part's pixels in pixels `where`, and their numbers; the part has `length` from `first` on."""
    reach = 2 if smooth else 1
    middle = [(edge + 0.5) * few / many - 0.5 for edge in (where.start, where.stop - 1)]
    start = max(int(np.floor(middle[0])) - reach + 1, first)
    stop = min(int(np.floor(middle[1])) + reach + 1, first + length)
    matrix = _matrix(few, many, smooth, str(device))
    return matrix[where, start + 1 : stop + 1], slice(start - first, stop - first)


@functools.lru_cache(16)
def _matrix(few: int, many: int, smooth: bool, device: str) -> Tensor:
    """Shares float32 (many, few + 2) of each pixel, with an additional empty column at either end."""
    shares = _shares(few, many, smooth=smooth)
    return torch.from_numpy(np.pad(shares, ((0, 0), (1, 1)))).to(device)


def cubic_shares(few: int, many: int) -> NDArray[np.float32]:
    """Shares (many, few) of each pixel in pixels of another size, cubic."""
    return _shares(few, many, smooth=True)


def _shares(few: int, many: int, *, smooth: bool) -> NDArray[np.float32]:
    at = (np.arange(many) + 0.5) * few / many - 0.5
    first = np.floor(at).astype(np.int64)
    beyond = at - first  # 0..1
    shares = np.zeros((many, few), np.float32)
    for step in range(-1, 3) if smooth else range(2):
        share = _cubic(np.abs(step - beyond)) if smooth else 1 - np.abs(step - beyond)
        np.add.at(shares, (np.arange(many), (first + step).clip(0, few - 1)), share)
    return shares


def _cubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of pixels at a distance of 0..2 (Keys, 1981)."""
    near = ((CUBIC + 2) * distance - (CUBIC + 3)) * distance * distance + 1
    far = ((CUBIC * distance - 5 * CUBIC) * distance + 8 * CUBIC) * distance - 4 * CUBIC
    return np.where(distance <= 1, near, far)
