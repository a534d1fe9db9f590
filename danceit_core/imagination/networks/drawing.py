"""The pose as a picture or as heat maps, drawn where the network runs: batched torch, the same on a CPU and a GPU.

The result looks like that of `pose.draw.pose_picture` (capsules with soft edges, limbs over one another in the order of
LIMBS), which draws pictures for people. Only a band of pixels along each limb's longer axis is computed.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from danceit_core.pose.draw import DRAWN_SIDE, FARTHEST_PX, LIMB_COLOURS, SPOT_SHARE, THICKNESS_SHARE
from danceit_core.pose.skeleton import LIMBS, Keypoints

# A soft edge is about a pixel wide. Half of a limb's colour or more hides what is behind it.
EDGE_PX, SOLID = 0.5, 0.5
# Steps of coverage; bits of a rank that hold a limb's number; the lowest rank of a limb that hides.
LEVELS, LIMB_BITS, SOLID_BIT = 1000, 5, 16
# By how many pixels OpenCV draws soft lines wider than requested.
CV2_WIDER = 2.25


def draw_skeletons(poses: Keypoints, *, size: tuple[int, int], side: int, device: torch.device) -> Tensor:
    """Skeletons on black, (N, 3, H, W) in -1..1, of poses (N, 25, 3) in pixels of pictures of `size` (width, height).

    side: side of the square picture whose limbs are equally thick.
    """
    width, height = size
    radius = limb_width(side) / 2
    lines = torch.from_numpy(_lines(poses, size=size, reach=radius + EDGE_PX)).to(device, non_blocking=True)
    picture, limb, steep, m, c, *bone = lines.T[:, :, None]  # (R, 1) each
    band = math.ceil((radius + EDGE_PX) * math.sqrt(2))
    c = c.floor() + torch.arange(-band, band + 1, device=device)  # (R, C)
    cover = _cover(m + 0.5, c + 0.5, *bone, radius=radius)
    x, y = torch.where(steep > 0, c, m), torch.where(steep > 0, m, c)
    cover = cover * ((x >= 0) & (x < width) & (y >= 0) & (y < height))
    # Outside the picture nothing is covered; the nearest pixel is used as the place.
    place = (picture * (width * height) + y.clamp(0, height - 1) * width + x.clamp(0, width - 1)).long().flatten()
    cover, limb = cover.flatten(), limb.expand_as(c).flatten().int()
    # The last limb that hides what is behind it, otherwise the one that covers most; the low bits hold its number.
    rank = torch.where(cover >= SOLID, limb + 1 << SOLID_BIT, ((cover * LEVELS).int() << LIMB_BITS) + limb)
    pixels = len(poses) * height * width
    covers = torch.zeros(pixels, device=device).scatter_reduce_(0, place, cover, "amax")[place]
    ranks = torch.zeros(pixels, dtype=torch.int32, device=device).scatter_reduce_(0, place, rank, "amax")[place]
    top = torch.where(ranks < 1 << SOLID_BIT, ranks & (1 << LIMB_BITS) - 1, (ranks >> SOLID_BIT) - 1)
    colours = torch.tensor(LIMB_COLOURS, device=device, dtype=covers.dtype) * (2 / 255)  # (L, 3)
    drawn = torch.full((3, pixels), -1.0, device=device)
    # All writes to a pixel have the same value.
    drawn[:, place] = (colours[top] * covers[:, None] - 1).T
    return drawn.reshape(3, len(poses), height, width).transpose(0, 1)


def _lines(poses: Keypoints, *, size: tuple[int, int], reach: float) -> NDArray[np.float32]:
    """A row for each step along each limb in a picture, (R, 9).

    Its columns: picture, limb, 1 if it is steep (along y), pixel along that axis (m), the limb's place across it (c);
    m and c of the limb's first joint, and of the vector from there to its last joint.
    """
    first, last = (np.array(LIMBS)[:, end] for end in (0, 1))
    at = poses[..., :2].clip(-FARTHEST_PX, FARTHEST_PX)
    start, bone = at[:, first], at[:, last] - at[:, first]  # (N, L, 2)
    steep = np.abs(bone[..., 1]) > np.abs(bone[..., 0])
    start, bone = (np.where(steep[..., None], part[..., ::-1], part) for part in (start, bone))  # m, c
    most = np.where(steep, size[1], size[0])
    low = np.floor(np.minimum(start[..., 0], start[..., 0] + bone[..., 0]) - reach).clip(0, most).astype(int)
    high = np.ceil(np.maximum(start[..., 0], start[..., 0] + bone[..., 0]) + reach).clip(0, most).astype(int)
    seen = (poses[:, first, 2] > 0) & (poses[:, last, 2] > 0)
    steps = np.where(seen, high - low, 0).ravel()
    which = np.repeat(np.arange(len(steps)), steps)
    m = np.arange(len(which)) - np.repeat(np.cumsum(steps) - steps, steps) + low.ravel()[which]
    start, bone = (part.reshape(-1, 2)[which] for part in (start, bone))
    slope = bone[:, 1] / np.where(bone[:, 0] == 0, 1, bone[:, 0])
    c = start[:, 1] + slope * (m + 0.5 - start[:, 0])
    columns = [which // len(LIMBS), which % len(LIMBS), steep.ravel()[which], m, c, *start.T, *bone.T]
    return np.stack(columns, -1).astype(np.float32)


def limb_width(side: int) -> float:
    """Width of a limb in pixels of a picture of that side, after `pose_picture` has drawn it large and shrunk it."""
    factor = max(1, round(DRAWN_SIDE / side))
    return (max(1, round(side * factor * THICKNESS_SHARE)) + CV2_WIDER) / factor


def _cover(
    m: Tensor, c: Tensor, start_m: Tensor, start_c: Tensor, bone_m: Tensor, bone_c: Tensor, *, radius: float
) -> Tensor:
    """The share, 0..1, of pixels at m, c (R, C) covered by the capsules around bones from a start, (R, 1) each."""
    dm, dc = m - start_m, c - start_c
    squared = (bone_m * bone_m + bone_c * bone_c).clamp_min(1e-6)
    held = (dm * (bone_m / squared) + dc * (bone_c / squared)).clamp_(0, 1)
    distance = torch.hypot(dm - held * bone_m, dc - held * bone_c)
    return (radius + EDGE_PX - distance).clamp_(0, 1)


def draw_heat_maps(poses: Tensor, *, size: tuple[int, int], side: int) -> Tensor:
    """A soft spot for each joint, (N, 25, H, W) in 0..1, 0 for an absent joint (`pose.draw.heat_maps`)."""
    sigma = SPOT_SHARE * side
    spots = []
    for axis, length in enumerate(size):
        at = torch.arange(length, device=poses.device) + 0.5
        spots.append(torch.exp(-0.5 * ((at - poses[..., axis, None]) / sigma).square()))  # (N, 25, length)
    there = (poses[..., 2] > 0)[..., None, None]
    return spots[1][..., :, None] * spots[0][..., None, :] * there
