"""Recalled parts put together: a layer of the body and one of the arms, each colours and how much they cover.

Colours are means weighted by what each part covers, so that a place that is covered half is not half black; a layer
covers what any of its parts does.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from danceit_core.imagination.recall.carry import Maps, carry_parts
from danceit_core.imagination.recall.parts import LAYERS, PARTS
from danceit_core.imagination.recall.shapes import ownership

# Places are computed for one pixel in STEP x STEP: they change slowly.
STEP = 2
# Below this nothing is there.
FAINT = 0.02
LAYER_OF = tuple(part.layer for part in PARTS)
CHANNELS = 4 * LAYERS


@dataclass(frozen=True)
class Lent:
    """Frames that lend, on the device: pictures and outlines, uint8 (M, 4, h, w), and their poses (M, 25, 3).

    boxes: (M, 4), what part of the plate each picture shows, left, top, width, height in pixels of the plate.
    """

    pictures: Tensor
    boxes: Tensor
    poses: Tensor

    def part(self, rows: Tensor) -> "Lent":
        """Some of the frames, in any order, repeats allowed."""
        return Lent(self.pictures[rows], self.boxes[rows], self.poses[rows])


def grid_of(boxes: Tensor, *, size: tuple[int, int], step: int) -> Tensor:
    """Places of the plate (N, h, w, 2) in the middle of each step x step pixels of pictures of boxes (N, 4).

    size: (width, height) pixels of the pictures.
    """
    x = (torch.arange(-(-size[0] // step), device=boxes.device, dtype=boxes.dtype) + 0.5) * step / size[0]
    y = (torch.arange(-(-size[1] // step), device=boxes.device, dtype=boxes.dtype) + 0.5) * step / size[1]
    across = boxes[:, 0, None] + boxes[:, 2, None] * x  # (N, w)
    down = boxes[:, 1, None] + boxes[:, 3, None] * y  # (N, h)
    shape = (len(boxes), len(y), len(x))
    return torch.stack([across[:, None].expand(shape), down[:, :, None].expand(shape)], -1)


def map_parts(now: Tensor, then: Tensor, boxes: Tensor, *, size: tuple[int, int], body_px: float) -> Maps:
    """Maps of the parts at one place in STEP, their reach times what belongs to them in the lending frame.

    now (N, 25, 3), then (N, P, 25, 3): poses in pixels of the plate; boxes (N, 4): what the pictures of `size` show.
    """
    maps = carry_parts(now, then, grid_of(boxes, size=size, step=STEP), body_px=body_px)
    return Maps(maps.places, maps.reach * ownership(then, maps.places, body_px=body_px))


def enlarge(maps: Maps, *, size: tuple[int, int]) -> Maps:
    """Maps of one place in STEP at each pixel of pictures of `size` (width, height)."""
    count = maps.places.shape[:2]
    both = torch.cat([maps.places, maps.reach[..., None]], -1).flatten(0, 1).movedim(-1, 1)  # (N P, 3, h, w)
    whole = (both.shape[-1] * STEP, both.shape[-2] * STEP)
    large = nn.functional.interpolate(both, size=whole[::-1], mode="bilinear", align_corners=False)
    large = large[..., : size[1], : size[0]].unflatten(0, count)  # type: ignore[no-untyped-call]
    return Maps(large[:, :, :2].movedim(2, -1), large[:, :, 2])


def fetch(maps: Maps, lent: Lent) -> Tensor:
    """Colours (0..1) and cover of each part, (N, P, 4, h, w): lent holds the frame of each, N * P of them in order."""
    count = maps.places.shape[:2]
    places = maps.places.flatten(0, 1)
    # -1..1 over the picture, as `grid_sample` has it.
    corner, span = lent.boxes[:, None, None, :2], lent.boxes[:, None, None, 2:]
    at = 2 * (places - corner) / span - 1
    pictures = lent.pictures.to(places.dtype) / 255
    got = nn.functional.grid_sample(pictures, at, mode="bilinear", padding_mode="zeros", align_corners=False)
    got = got.unflatten(0, count)  # type: ignore[no-untyped-call]
    return torch.cat([got[:, :, :3], got[:, :, 3:] * maps.reach[:, :, None]], 2)


def merge(parts: Tensor) -> Tensor:
    """Layers (N, CHANNELS, h, w) of parts (N, P, 4, h, w): colours of body and arms in -1..1, then what each covers."""
    colours, covers = [], []
    for layer in range(LAYERS):
        mine = parts[:, [number for number, own in enumerate(LAYER_OF) if own == layer]]
        cover = mine[:, :, 3:]
        weight = cover.square()
        mean = (weight * mine[:, :, :3]).sum(1) / weight.sum(1).clamp_min(1e-6)
        whole = 1 - (1 - cover).prod(1)
        colours.append(torch.where(whole > FAINT, 2 * mean - 1, torch.zeros_like(mean)))
        covers.append(whole)
    return torch.cat([*colours, *covers], 1)


def recall_layers(now: Tensor, lent: Lent, boxes: Tensor, *, size: tuple[int, int], body_px: float) -> Tensor:
    """Layers (N, CHANNELS, h, w) of poses (N, 25, 3) in pictures of `size` that show boxes (N, 4) of the plate.

    lent: the frame that lends each part, N * P in order.
    """
    then = lent.poses.unflatten(0, (len(now), len(PARTS)))  # type: ignore[no-untyped-call]
    maps = enlarge(map_parts(now, then, boxes, size=size, body_px=body_px), size=size)
    return merge(fetch(maps, lent))
