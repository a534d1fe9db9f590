"""Recalled pixels at the picture's full size, by what the network says at its own.

The network says by how much layers are moved, what shares they have, how opaque the person is, and paints what cannot
be recalled. All of that changes slowly and is enlarged; the recalled colours are fetched anew from the full-size frames
through the enlarged maps. So the network's size does not bound how sharp the person is.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from danceit_core.imagination.networks.generator import Painting, blend, cover_of
from danceit_core.imagination.recall.layers import Source, Tiles, gather_layers
from danceit_core.imagination.recall.parts import PARTS
from danceit_core.imagination.rendering.edges import sharpen_opacity
from danceit_core.imagination.target.view import View


def at_full_size(
    painting: Painting, sources: Sequence[Source], shares: NDArray[np.float32] | None, *, view: View
) -> Painting:
    """The painting (N pictures of the network) with person and opacity in pixels of the windows.

    sources, shares: as of `recall.layers.gather_layers`, the tiles those that the network was shown, the frames at
    their full size.
    """
    if painting.paint is None or painting.shares is None or painting.flow is None:
        raise ValueError("the painter recalls nothing")
    flow = _enlarge(painting.flow.flatten(1, 2), view)
    flow = flow.unflatten(1, painting.flow.shape[1:3])  # type: ignore[no-untyped-call]
    recalled = recall_full(sources, shares, view=view, flow=flow)
    paint, said = _enlarge(painting.paint, view, smooth=True), _enlarge(painting.shares, view)
    person = blend(paint, recalled, said)
    opacity = _enlarge(painting.opacity, view, smooth=True).clamp(0, 1)
    opacity = sharpen_opacity(opacity, painting.opacity.float(), cover_of(recalled))
    return dataclasses.replace(painting, person=person, opacity=opacity)


def recall_full(
    sources: Sequence[Source], shares: NDArray[np.float32] | None, *, view: View, flow: Tensor | None = None
) -> Tensor:
    """Layers (N, CHANNELS, H, W) in pixels of the windows. flow: (N, L, 2, H, W), network pixels; None: unmoved."""
    large = []
    for source in sources:
        moves = [None if flow is None else flow[:, part.layer] for part in PARTS]
        tiles = [_enlarge_tiles(part, moves[part.number], view=view) for part in source.tiles]
        large.append(Source(tiles, source.lent))
    return gather_layers(large, shares, size=view.window)


def _enlarge_tiles(tiles: Tiles, flow: Tensor | None, *, view: View) -> Tiles:
    """The tiles in pixels of the windows, each place looked up `flow` (N, 2, H, W) network pixels beside it."""
    factors = np.array(view.window) / np.array(view.network)
    height, width = tiles.reach.shape[1:]
    corners = np.round(tiles.corners * factors).astype(np.int64)
    size = np.floor(np.array([width, height]) * factors).astype(int).clip(1)
    corners = np.minimum(corners, np.array(view.window) - size).clip(0)
    device, kind = tiles.reach.device, tiles.reach.dtype
    coordinates = []
    for axis in (0, 1):
        start = torch.from_numpy(corners[:, axis] / factors[axis] - tiles.corners[:, axis]).to(device, kind)
        steps = (torch.arange(int(size[axis]), device=device, dtype=kind) + 0.5) / float(factors[axis])
        coordinates.append(start[:, None] + steps)  # (N, length): pixels of the network in the tile
    shape = (len(corners), int(size[1]), int(size[0]))
    x, y = coordinates[0][:, None].expand(shape), coordinates[1][:, :, None].expand(shape)
    if flow is not None:
        starts = zip(flow, corners.tolist(), strict=True)
        beside = torch.stack([part[:, top : top + shape[1], left : left + shape[2]] for part, (left, top) in starts])
        x, y = x + beside[:, 0], y + beside[:, 1]
    at = torch.stack([x * (2 / width) - 1, y * (2 / height) - 1], -1)
    both = torch.cat([tiles.places, tiles.reach[:, None]], 1)
    large = nn.functional.grid_sample(both, at, padding_mode="border", align_corners=False)
    return Tiles(tiles.number, corners, large[:, :2], large[:, 2])


def _enlarge(part: Tensor, view: View, *, smooth: bool = False) -> Tensor:
    """(N, C, h, w) of the network in pixels of the windows."""
    mode = "bicubic" if smooth else "bilinear"
    return nn.functional.interpolate(part.float(), size=view.window[::-1], mode=mode, align_corners=False)
