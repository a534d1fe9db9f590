"""What the network sees of a picture through windows, on the picture's device (`target.view.View.cut` in torch).

Each pixel of the network is the mean of the pixels that it covers (area filter), or cubic if a picture is enlarged.
Whole lines are added, axis by axis.
"""

import functools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from danceit_core.imagination.rendering.enlarge import cubic_shares
from danceit_core.imagination.target.view import View, Window


def cut_windows(picture: Tensor, windows: list[Window], *, view: View) -> Tensor:
    """Float32 (N, 3, h, w) in -1..1 of a picture, uint8 (H, W, 3), through windows; on its device."""
    cuts = torch.stack([_cut(picture[window.slices], view) for window in windows])
    return cuts.mul_(1 / 127.5).sub_(1)


def _cut(seen: Tensor, view: View) -> Tensor:
    """0..255, (3, h, w) of uint8 (H, W, 3)."""
    if view.network == view.window:
        return seen.permute(2, 0, 1).float()
    shrinking = all(few <= many for few, many in zip(view.network, view.window, strict=True))
    width, height = view.network
    rows = seen.float().reshape(seen.shape[0], -1)  # (H, W * 3)
    down = _mix(rows, height, shrinking).reshape(height, -1, 3)  # (h, W, 3)
    across = down.permute(1, 0, 2).reshape(down.shape[1], -1)  # (W, h * 3)
    mixed = _mix(across, width, shrinking).reshape(width, height, 3)
    return mixed.permute(2, 1, 0).clamp(0, 255)


def _mix(lines: Tensor, few: int, shrinking: bool) -> Tensor:
    """`few` lines (few, K) mixed from many (many, K)."""
    places, shares = _taps(len(lines), few, shrinking, str(lines.device))
    return nn.functional.embedding_bag(places, lines, per_sample_weights=shares, mode="sum")


@functools.lru_cache(16)
def _taps(many: int, few: int, shrinking: bool, device: str) -> tuple[Tensor, Tensor]:
    """The lines of `many` from which each of `few` is mixed, and their shares, (few, K) each."""
    shares = area_shares(many, few) if shrinking else cubic_shares(many, few)
    order = np.argsort(-np.abs(shares), axis=1, kind="stable")[:, : int((shares != 0).sum(1).max())]
    taken = np.take_along_axis(shares, order, 1)
    return torch.from_numpy(order).to(device), torch.from_numpy(taken).to(device)


def area_shares(many: int, few: int) -> NDArray[np.float32]:
    """Shares (few, many) of each of `many` equal intervals in each of `few`."""
    edges = np.arange(few + 1) * many / few
    at = np.arange(many)
    overlap = np.minimum(edges[1:, None], at + 1) - np.maximum(edges[:-1, None], at)
    return (overlap.clip(0, 1) * few / many).astype(np.float32)
