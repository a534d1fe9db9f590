"""Recalled parts combined: a layer of the body and one of the arms, each with colours and their cover.

Each part is warped, cut out and fetched in a tile around it. Colours are means weighted by the cover of each part, so
that a half-covered place is not half black; a layer covers what any of its parts covers.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from danceit_core.imagination.recall.carry import carry_part
from danceit_core.imagination.recall.joined import joined
from danceit_core.imagination.recall.parts import ARM_LAYER, BODY_LAYER, LAYERS, LIMBS, PARTS
from danceit_core.imagination.recall.shapes import SHORTEST_PX
from danceit_core.pose.skeleton import Keypoints

# Places are computed for one pixel in STEP x STEP, because they change slowly.
STEP = 2
# Cover below this counts as nothing.
FAINT = 0.02
CHANNELS = 4 * LAYERS
# Limbs of two sides, one of which may be in front of the other; the depth over which this is decided, torso lengths,
# and the largest weight.
PAIRS = tuple(itertools.combinations([k for k in LIMBS if PARTS[k].layer == BODY_LAYER], 2))
PAIRS += tuple(itertools.combinations([k for k in LIMBS if PARTS[k].layer == ARM_LAYER], 2))
DEPTH_SOFT, MOST_BEFORE = 0.2, 2.0


@dataclass(frozen=True)
class Lent:
    """Lending frames on the device: pictures and outlines, uint8 (M, 4, h, w), and their poses (M, 25, 3).

    boxes: (M, 4), the part of the plate that each picture shows, left, top, width, height in pixels of the plate.
    depth: (M, 25), depth of each joint towards the camera, torso lengths.
    """

    pictures: Tensor
    boxes: Tensor
    poses: Tensor
    depth: Tensor


@dataclass(frozen=True)
class Tiles:
    """One part in N pictures: the source of its pixels (N, 2, h, w) and how far they belong to it (N, h, w).

    corners (N, 2): upper left corner of each tile, pixels of the picture, multiples of STEP.
    """

    number: int
    corners: NDArray[np.int64]
    places: Tensor
    reach: Tensor


def recall_layers(
    poses: Keypoints, lent: Lent, boxes: NDArray[np.float32], *, size: tuple[int, int], body_px: float
) -> Tensor:
    """Layers (N, CHANNELS, h, w) of poses (N, 25, 3) in pictures of `size` that show boxes (N, 4) of the plate.

    lent: the frames that lend the parts, N for the first part, then N for the next. The channels: colours of body and
    arms in -1..1, then the cover of each.
    """
    tiles = list(map_parts(poses, lent, boxes, size=size, body_px=body_px))
    return gather_layers([Source(tiles, lent)], None, size=size)


@dataclass(frozen=True)
class Source:
    """The tiles of all parts of N poses, and the frames that lend them, N for each part."""

    tiles: Sequence[Tiles]
    lent: Lent

    def fetch(self, number: int) -> Tensor:
        """Colours and cover (N, 4, h, w) of a part's tiles."""
        tiles = self.tiles[number]
        rows = slice(number * len(tiles.corners), (number + 1) * len(tiles.corners))
        return fetch(tiles, self.lent.pictures[rows], self.lent.boxes[rows])


def gather_layers(sources: Sequence[Source], shares: NDArray[np.float32] | None, *, size: tuple[int, int]) -> Tensor:
    """Layers (N, CHANNELS, h, w) in pictures of `size`.

    sources: one, or two, of which the second lends the `shares` (N, P) of 0..1 where a part switches to another lender.
    """
    first = sources[0].tiles
    sums = Layers.nothing(len(first[0].corners), size=size, device=first[0].reach.device)
    order = limb_order(sources[0].lent.depth)
    for tiles in first:
        part = sources[0].fetch(tiles.number)
        if shares is not None and shares[:, tiles.number].any():
            share = torch.from_numpy(shares[:, tiles.number]).to(part)[:, None, None, None]
            part = fade(part, sources[1].fetch(tiles.number), share)
        sums.add(tiles, part, order[tiles.number])
    return sums.finish()


def limb_order(depth: Tensor) -> Tensor:
    """Weight of each part where others overlap it, (P, N): the nearer of two limbs weighs more, by its lender's depth.

    depth: that of the lending frames (P * N, 25), N for each part, torso lengths towards the camera. In a mean of two
    legs seen from the side, one would shine through the other.
    """
    order = torch.ones(len(PARTS), len(depth) // len(PARTS), dtype=depth.dtype, device=depth.device)
    lent = depth.unflatten(0, (len(PARTS), -1))  # type: ignore[no-untyped-call]
    for one, other in PAIRS:
        places = [
            lent[number][:, sorted({joint for pair in PARTS[number].bones for joint in pair})].mean(1)
            for number in (one, other)
        ]
        before = ((places[0] - places[1]) / DEPTH_SOFT).clamp(-MOST_BEFORE, MOST_BEFORE)
        order[one], order[other] = torch.exp(before), torch.exp(-before)
    return order


def fade(part: Tensor, other: Tensor, share: Tensor) -> Tensor:
    """Colours and cover (N, 4, h, w), `share` (N, 1, 1, 1) of them the other's; colours are weighted by cover."""
    mine, theirs = (1 - share) * part[:, 3:], share * other[:, 3:]
    cover = mine + theirs
    colours = (mine * part[:, :3] + theirs * other[:, :3]) / cover.clamp_min(1e-6)
    return torch.cat([colours, cover], 1)


def map_parts(
    poses: Keypoints, lending: Lent, boxes: NDArray[np.float32], *, size: tuple[int, int], body_px: float
) -> Iterator[Tiles]:
    """The tiles of each part. lending: the frames that lend, N for each part."""
    device, count = lending.poses.device, len(poses)
    now = torch.from_numpy(poses).to(device)
    scale = (np.array(size) / boxes[:, 2:]).astype(np.float32)  # pixels of the picture for one of the plate
    for number in range(len(PARTS)):
        corners, side = place_tiles(number, poses, boxes, scale, size=size, body_px=body_px)
        first = torch.from_numpy((boxes[:, :2] + corners / scale).astype(np.float32)).to(device)
        step = torch.from_numpy(STEP / scale).to(device)
        grid = _grid(first, step, side)
        rows = slice(number * count, (number + 1) * count)
        then = lending.poses[rows]
        places, reach = carry_part(number, now, then, lending.depth[rows], grid, body_px=body_px)
        if PARTS[number].bones and PARTS[number].layer == BODY_LAYER:  # fingers have gaps themselves
            outlines = lending.pictures[rows, 3:]
            reach = reach * joined(number, then, places, outlines, lending.boxes[rows], body_px=body_px)
        yield Tiles(number, corners, *_enlarge(places, reach))


def place_tiles(
    number: int,
    poses: Keypoints,
    boxes: NDArray[np.float32],
    scale: NDArray[np.float32],
    *,
    size: tuple[int, int],
    body_px: float,
) -> tuple[NDArray[np.int64], tuple[int, int]]:
    """Corners (N, 2) of the tiles that contain a part, pixels of the picture, and their width and height in cells."""
    part = PARTS[number]
    joints = sorted({*part.fit, *(joint for bone in part.bones for joint in bone)})
    points, seen = poses[:, joints, :2], poses[:, joints, 2] > 0
    if part.bones:
        _, (elbow, wrist) = part.bones
        bone = poses[:, wrist, :2] - poses[:, elbow, :2]
        length = np.maximum(np.linalg.norm(bone, axis=-1, keepdims=True), SHORTEST_PX)
        tip = poses[:, wrist, :2] + part.beyond * body_px * bone / length
        points = np.concatenate([points, tip[:, None]], 1)
        seen = np.concatenate([seen, (poses[:, [elbow, wrist], 2] > 0).all(1, keepdims=True)], 1)
    margin = part.reach * body_px
    low = np.where(seen[..., None], points, np.inf).min(1) - margin
    high = np.where(seen[..., None], points, -np.inf).max(1) + margin
    nobody = ~seen.any(1)
    low[nobody] = high[nobody] = boxes[nobody, :2]
    inside = np.clip(np.stack([low, high]), boxes[:, :2], boxes[:, :2] + boxes[:, 2:])
    low, high = (inside - boxes[:, :2]) * scale / STEP  # cells
    corner = np.floor(low).astype(np.int64)
    cells = np.ceil(high).astype(np.int64) - corner
    width, height = (int(side) for side in cells.max(0).clip(1))
    most = np.array([-(-size[0] // STEP) - width, -(-size[1] // STEP) - height]).clip(0)
    return STEP * np.minimum(corner, most), (width, height)


def _grid(first: Tensor, step: Tensor, side: tuple[int, int]) -> Tensor:
    """Places (N, 2, h, w) in the middle of the cells of tiles, pixels of the plate."""
    x = torch.arange(side[0], device=first.device, dtype=first.dtype) + 0.5
    y = torch.arange(side[1], device=first.device, dtype=first.dtype) + 0.5
    across = first[:, 0, None] + step[:, 0, None] * x  # (N, w)
    down = first[:, 1, None] + step[:, 1, None] * y  # (N, h)
    shape = (len(first), side[1], side[0])
    return torch.stack([across[:, None].expand(shape), down[:, :, None].expand(shape)], 1)


def _enlarge(places: Tensor, reach: Tensor) -> tuple[Tensor, Tensor]:
    """Places and reach for each pixel instead of each cell."""
    both = torch.cat([places, reach[:, None]], 1)  # (N, 3, h, w)
    large = nn.functional.interpolate(both, scale_factor=STEP, mode="bilinear", align_corners=False)
    return large[:, :2], large[:, 2]


def fetch(tiles: Tiles, pictures: Tensor, boxes: Tensor, *, sharp: bool = False) -> Tensor:
    """Colours (0..1) and cover (N, 4, h, w) of tiles, from the lending frames' pictures (N, 4, H, W) and boxes.

    sharp: interpolate colours by a cubic; linear interpolation loses half of the sharpness between the pixels.
    """
    # -1..1 over the picture, as `grid_sample` has it.
    at = torch.stack(
        [
            (tiles.places[:, axis] - boxes[:, axis, None, None]) * (2 / boxes[:, axis + 2, None, None]) - 1
            for axis in (0, 1)
        ],
        -1,
    )
    lent = pictures.to(at.dtype) * (1 / 255)
    if sharp:
        # An outline has steps, at which a cubic would overshoot.
        got = torch.cat([_look_up(lent[:, :3], at, mode="bicubic").clamp_(0, 1), _look_up(lent[:, 3:], at)], 1)
    else:
        got = _look_up(lent, at)
    got[:, 3] *= tiles.reach
    return got


def _look_up(values: Tensor, at: Tensor, *, mode: str = "bilinear") -> Tensor:
    """Values (N, C, H, W) at places (N, h, w, 2), -1..1 over the picture; 0 outside."""
    return nn.functional.grid_sample(values, at, mode=mode, padding_mode="zeros", align_corners=False)


@dataclass
class Layers:
    """Sums over the added parts: weighted colours (N, L, 3, h, w), weights and uncovered shares (N, L, h, w)."""

    colours: Tensor
    weights: Tensor
    open: Tensor

    @classmethod
    def nothing(cls, count: int, *, size: tuple[int, int], device: torch.device) -> "Layers":
        """Layers without any part."""
        shape = (count, LAYERS, size[1], size[0])
        zeros = torch.zeros(shape, device=device)
        return cls(torch.zeros((count, LAYERS, 3, *shape[2:]), device=device), zeros, torch.ones_like(zeros))

    def add(self, tiles: Tiles, part: Tensor, order: Tensor) -> None:
        """Add a part: its colours and cover (N, 4, h, w), with weight `order` (N,) where parts overlap."""
        layer, (height, width) = PARTS[tiles.number].layer, self.weights.shape[2:]
        for picture, (left, top) in enumerate(tiles.corners.tolist()):
            rows, columns = slice(top, min(top + part.shape[2], height)), slice(left, min(left + part.shape[3], width))
            mine = part[picture, :, : rows.stop - top, : columns.stop - left]
            weight = mine[3].square() * order[picture]
            self.colours[picture, layer, :, rows, columns] += weight * mine[:3]
            self.weights[picture, layer, rows, columns] += weight
            self.open[picture, layer, rows, columns] *= 1 - mine[3]

    def finish(self) -> Tensor:
        """Layers (N, CHANNELS, h, w)."""
        cover = 1 - self.open
        mean = 2 * self.colours / self.weights.clamp_min(1e-6)[:, :, None] - 1
        mean = torch.where((cover > FAINT)[:, :, None], mean, torch.zeros_like(mean))
        return torch.cat([mean.flatten(1, 2), cover], 1)
