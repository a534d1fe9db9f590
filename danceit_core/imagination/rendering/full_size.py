"""Recalled pixels at the picture's full size, guided by the network's output at its own size.

The network gives the movement of the layers, their shares and the person's opacity, and paints what cannot be recalled.
All of that changes slowly and is enlarged; the recalled colours are fetched again from the full-size frames through the
enlarged maps. The network's size therefore does not limit the person's sharpness. Pictures are made piece by piece
(`pieces`), and only the shown parts of the lending frames are converted to floating point.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from danceit_core.imagination.networks.generator import Painting, blend, cover_of
from danceit_core.imagination.recall.layers import Source, Tiles, fetch, gather_layers
from danceit_core.imagination.recall.library import Whole
from danceit_core.imagination.recall.parts import LAYERS, PARTS
from danceit_core.imagination.rendering.edges import edge_maps, sharpen_opacity
from danceit_core.imagination.rendering.enlarge import enlarge, pixels_within
from danceit_core.imagination.rendering.pieces import Piece
from danceit_core.imagination.target.view import View


@dataclass(frozen=True)
class Recall:
    """What is recalled of N poses at full size.

    sources: the tiles that the network was shown, moved by its flow, and the frames at full size; one, or two, of which
    the second lends `shares` (N, P), as in `recall.layers.gather_layers`.
    """

    sources: Sequence[Whole]
    shares: NDArray[np.float32] | None
    view: View

    @classmethod
    def of(
        cls,
        sources: Sequence[Whole],
        shares: NDArray[np.float32] | None,
        *,
        view: View,
        flow: Tensor | None = None,
    ) -> "Recall":
        """flow: (N, L, 2, h, w), pixels of the network by which layers are moved; None: not moved."""
        moved = []
        for source in sources:
            tiles = [part if flow is None else _move(part, flow[:, PARTS[part.number].layer]) for part in source.tiles]
            moved.append(dataclasses.replace(source, tiles=tiles))
        return cls(moved, shares, view)

    def layers(self, number: int, piece: Piece) -> Tensor:
        """Layers (1, CHANNELS, H, W) of a piece of picture `number`."""
        sources = [_Part.of(source, number, piece, self.view) for source in self.sources]
        first = sources[0]
        if not first.tiles:
            return torch.zeros(1, 4 * LAYERS, *piece.size[::-1], device=first.lent.boxes.device)
        shares = None if self.shares is None else self.shares[number : number + 1]
        return gather_layers(sources, shares, size=piece.size)


def person_of(
    painting: Painting, recall: Recall | None, number: int, piece: Piece, *, view: View
) -> tuple[Tensor, Tensor]:
    """The person's colours (1, 3, H, W) and opacity (1, 1, H, W) in a piece of picture `number` of a painting."""

    def large(part: Tensor, *, smooth: bool) -> Tensor:
        return enlarge(part, view, rows=piece.rows, columns=piece.columns, smooth=smooth)

    one = slice(number, number + 1)
    opacity = large(painting.opacity[one], smooth=True).clamp(0, 1)
    if recall is None:
        return large(painting.person[one], smooth=True), opacity
    if painting.paint is None or painting.shares is None or painting.cover is None:
        raise ValueError("the painter recalls nothing")
    layers = recall.layers(number, piece)
    edges = large(edge_maps(painting.opacity[one], painting.cover[one]), smooth=False)
    opacity = sharpen_opacity(opacity, edges, cover_of(layers))
    shares = large(painting.shares[one], smooth=False)
    return blend(large(painting.paint[one], smooth=True), layers, shares), opacity


@dataclass(frozen=True)
class _Part(Source):
    """The tiles of one picture that lie in a piece, at full size. pictures: the lending frames' ones, one per part."""

    pictures: Sequence[Tensor] = ()

    @classmethod
    def of(cls, source: Whole, number: int, piece: Piece, view: View) -> "_Part":
        """The parts of one source."""
        count = len(source.tiles[0].corners)
        rows = [part * count + number for part in range(len(PARTS))]
        tiles = [_enlarged(part, number, piece, view) for part in source.tiles]
        lent = dataclasses.replace(source.lent, depth=source.lent.depth[rows], boxes=source.lent.boxes[rows])
        return cls([part for part in tiles if part is not None], lent, [source.pictures[row] for row in rows])

    def fetch(self, number: int) -> Tensor:
        """Colours and cover (1, 4, h, w) of a part's tile."""
        tiles = next(tiles for tiles in self.tiles if tiles.number == number)
        picture, box = _asked_for(tiles, self.pictures[number], self.lent.boxes[number : number + 1])
        return fetch(tiles, picture, box, sharp=True)


def _asked_for(tiles: Tiles, picture: Tensor, box: Tensor) -> tuple[Tensor, Tensor]:
    """The part (1, 4, h, w) of a lending frame (4, h, w) that a tile shows, and its box (1, 4) on the plate."""
    if picture.device.type != "cpu":
        return picture[None], box
    low, high = (extreme((2, 3))[0].nan_to_num().tolist() for extreme in (tiles.places.amin, tiles.places.amax))
    start = box[0, :2].tolist()
    first, last = [], []
    for least, most, begin, side in zip(low, high, start, picture.shape[:0:-1], strict=True):
        first.append(min(max(int(least - begin) - 2, 0), side - 1))
        last.append(max(min(int(most - begin) + 3, side), first[-1] + 1))
    cut = picture[None, :, first[1] : last[1], first[0] : last[0]]
    lies = [start[0] + first[0], start[1] + first[1], last[0] - first[0], last[1] - first[1]]
    return cut, torch.tensor([lies], dtype=box.dtype)


def _move(tiles: Tiles, flow: Tensor) -> Tiles:
    """The tiles with each place displaced by `flow` (N, 2, h, w) pixels."""
    height, width = tiles.reach.shape[1:]
    starts = zip(flow.float(), tiles.corners.tolist(), strict=True)
    beside = torch.stack([part[:, top : top + height, left : left + width] for part, (left, top) in starts])
    device, kind = tiles.reach.device, tiles.reach.dtype
    x = torch.arange(width, device=device, dtype=kind) + 0.5 + beside[:, 0]
    y = torch.arange(height, device=device, dtype=kind)[:, None] + 0.5 + beside[:, 1]
    at = torch.stack([x * (2 / width) - 1, y * (2 / height) - 1], -1)
    both = torch.cat([tiles.places, tiles.reach[:, None]], 1)
    moved = nn.functional.grid_sample(both, at, padding_mode="border", align_corners=False)
    return dataclasses.replace(tiles, places=moved[:, :2], reach=moved[:, 2])


def _enlarged(tiles: Tiles, number: int, piece: Piece, view: View) -> Tiles | None:
    """What a piece shows of a picture's tile, at full size; None: nothing. Its corner is relative to the piece's."""
    left, top = tiles.corners[number].tolist()
    height, width = tiles.reach.shape[1:]
    across = pixels_within(left, width, view.network[0], view.window[0])
    down = pixels_within(top, height, view.network[1], view.window[1])
    rows = slice(max(down.start, piece.rows.start), min(down.stop, piece.rows.stop))
    columns = slice(max(across.start, piece.columns.start), min(across.stop, piece.columns.stop))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return None
    one = slice(number, number + 1)
    both = torch.cat([tiles.places[one], tiles.reach[one, None]], 1)
    large = enlarge(both, view, rows=rows, columns=columns, corner=(left, top))
    corners = np.array([[columns.start - piece.columns.start, rows.start - piece.rows.start]])
    return dataclasses.replace(tiles, corners=corners, places=large[:, :2], reach=large[:, 2])
