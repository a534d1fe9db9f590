"""Whole pictures from the painted windows: enlarged, with recalled pixels, over the plate at its full size.

Everything stays on the painting device; only the finished uint8 pictures are copied to the host, once.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from danceit_core.imagination.networks.generator import Painting
from danceit_core.imagination.rendering.enlarge import enlarge
from danceit_core.imagination.rendering.full_size import Recall, person_of
from danceit_core.imagination.rendering.pieces import pieces_of
from danceit_core.imagination.target.view import View, Window


def compose(
    painting: Painting,
    windows: list[Window],
    *,
    view: View,
    plate: Tensor | None,
    recall: Recall | None = None,
) -> Tensor:
    """Whole pictures, uint8 (N, H, W, 3), on the device of the painting.

    plate: uint8 (H, W, 3), on the same device; None: black. recall: what is recalled at full size.
    """
    device = painting.opacity.device
    if plate is None:
        pictures = torch.zeros((len(windows), *view.size[::-1], 3), dtype=torch.uint8, device=device)
    else:
        pictures = plate.expand(len(windows), *plate.shape).clone()
    for number, (picture, window) in enumerate(zip(pictures, windows, strict=True)):
        seen = picture[window.slices]
        for piece in pieces_of(painting.opacity[number, 0], view):
            colours, share = person_of(painting, recall, number, piece, view=view)
            person = colours[0].add(1).mul_(127.5)  # (3, H, W)
            where = seen[piece.rows, piece.columns]
            if plate is not None:
                room = where.permute(2, 0, 1).to(person.dtype)
                person = torch.lerp(room, person, share[0])
            where.copy_(person.round_().clamp_(0, 255).permute(1, 2, 0))
    return pictures


def spread_opacity(painting: Painting, windows: list[Window], *, view: View) -> NDArray[np.float32]:
    """The share of the person in each pixel of the whole pictures (N, H, W), 0..1: 0 outside the windows."""
    spread = np.zeros((len(windows), *view.size[::-1]), np.float32)
    large = enlarge(painting.opacity, view, smooth=True).clamp(0, 1).cpu().numpy()
    for place, opacity, window in zip(spread, large, windows, strict=True):
        place[window.slices] = opacity[0]
    return spread


def to_host(pictures: Tensor) -> NDArray[np.uint8]:
    """Copy finished pictures to the host: from a GPU through page-locked memory, which is faster."""
    if pictures.device.type != "cuda":
        return pictures.cpu().numpy()
    host = torch.empty(pictures.shape, dtype=pictures.dtype, pin_memory=True)
    host.copy_(pictures, non_blocking=True)
    torch.cuda.current_stream(pictures.device).synchronize()
    return host.numpy()
