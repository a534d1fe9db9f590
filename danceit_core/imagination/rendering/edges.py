"""The person's edges: sharp ones where pixels are recalled, and a soft shadow of one colour beside the feet.

The network gives the person's opacity at its own size, so that an edge is two or three of its pixels wide, or four to
eight of the picture's. There the shadow's dark paint would show as a dark edge outside a recalled shoe, and the room
would show inside it. The recalled outline has the edge at the picture's full size: its fine part is added to the
opacity.

What is painted beside the feet is shadow or mirror image. Short training leaves blue or brown spots in it, so its
brightness is smoothed a little, and its colour over a wide neighbourhood.

Tensors (N, C, H, W); pictures in -1..1, opacity, cover and shares 0..1. All is batched and runs on the network's
device.
"""

import dataclasses

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from danceit_core.imagination.networks.generator import Painting
from danceit_core.imagination.target.view import View, Window
from danceit_core.pose.skeleton import FEET, Keypoints, present

# Body sizes by which a shadow may reach beyond the feet, across and down, and over which softening sets in.
ACROSS, DOWN, BEGINS = 1.5, 0.7, 0.3
# Standard deviations of smoothing, body sizes: for the brightness of a shadow and for its colour.
BRIGHTNESS, COLOUR = 0.02, 0.12
# The colour is smoothed in pixels this many times as large.
COARSE = 4
# Opacity above which paint is not shadow but a foot, and from which on it begins to count as one.
SOLID, HAZY = 0.9, 0.6


def edge_maps(opacity: Tensor, cover: Tensor) -> Tensor:
    """The maps (N, 2, h, w) for `sharpen_opacity`, from the network's opacity (N, 1, h, w) and cover (N, L, h, w)."""
    return torch.cat([nn.functional.max_pool2d(opacity.float(), 3, 1, 1), cover.float().amax(1, keepdim=True)], 1)


def sharpen_opacity(opacity: Tensor, edges: Tensor, cover: Tensor) -> Tensor:
    """Opacity (N, 1, H, W) with the edges of the recalled layers' cover (N, L, H, W), where the person is.

    opacity, edges (`edge_maps`): enlarged to the picture's full size, which is that of cover.
    """
    # Where the network sees no person nearby, covered pixels are not the person.
    near, soft = edges[:, :1], edges[:, 1:]
    return (opacity + (cover.amax(1, keepdim=True) - soft) * near).clamp(0, 1)


def soften_shadow(painting: Painting, plate: Tensor, floor: Tensor, *, body_px: float) -> Painting:
    """The painting of a painter that recalls with a soft shadow of one colour, in pixels of the network.

    plate: (N, 3, h, w); floor: (N, 1, h, w), where a shadow may lie (`floor_near`). body_px: body size of the person in
    pixels of the network. Solid and recalled pixels are unchanged.
    """
    if painting.paint is None or painting.cover is None:
        raise ValueError("the painter recalls nothing")
    opacity, most = painting.opacity, painting.cover.float().amax(1, keepdim=True)
    hazy = ((SOLID - opacity) / (SOLID - HAZY)).clamp(0, 1)
    open_floor = hazy * (1 - nn.functional.max_pool2d(most, 3, 1, 1)).clamp(0, 1)
    effect = opacity * (painting.paint - plate)  # what it adds to the room
    bright = effect.mean(1, keepdim=True)
    colour = effect - bright

    fine = _blur(open_floor * torch.cat([bright, opacity, torch.ones_like(opacity)], 1), BRIGHTNESS * body_px)
    means = fine[:, :2] / fine[:, 2:].clamp_min(1e-3)  # over the open floor
    level, share = means[:, :1], means[:, 1:]
    wide = nn.functional.avg_pool2d(open_floor * torch.cat([colour, bright.abs()], 1), COARSE, ceil_mode=True)
    wide = _resize(_blur(wide, COLOUR * body_px / COARSE), opacity.shape[2:])
    tint = wide[:, :3] / wide[:, 3:].clamp_min(1e-3)
    calm = plate + (level + level.abs() * tint) / share.clamp_min(1e-3)
    weight = floor * hazy * (1 - most).clamp(0, 1)
    mixed = opacity + weight * (share - opacity)
    # Opacity times colour is mixed, so that a faint pixel's colour does not count as much as a strong one's.
    product = opacity * painting.paint + weight * (share * calm - opacity * painting.paint)
    paint = torch.where(mixed > 1e-3, product / mixed.clamp_min(1e-3), painting.paint)
    return dataclasses.replace(painting, paint=paint, opacity=mixed)


def floor_near(poses: Keypoints, windows: list[Window], *, view: View, body_px: float, device: torch.device) -> Tensor:
    """How far each pixel of the network may be floor in the feet's shadow, (N, 1, h, w); poses (N, 25, 3)."""
    boxes = np.array([(w.left, w.top, w.width, w.height) for w in windows], np.float32)
    middles, axes = _ellipses(poses, body_px=body_px)
    width, height = view.network
    x = (torch.arange(width, device=device) + 0.5) / width
    y = (torch.arange(height, device=device) + 0.5) / height
    box, middle, axis = (torch.from_numpy(part).to(device)[:, :, None] for part in (boxes, middles, axes))
    across = (box[:, 0] + box[:, 2] * x - middle[:, 0]) / axis[:, 0]  # (N, w)
    down = (box[:, 1] + box[:, 3] * y - middle[:, 1]) / axis[:, 1]  # (N, h)
    distance = (across[:, None].square() + down[:, :, None].square()).sqrt()
    return ((1 - distance) / BEGINS).clamp(0, 1)[:, None]


def _ellipses(poses: Keypoints, *, body_px: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Middles and half axes (N, 2) of the floor around the feet, pixels of the plate; far away without feet."""
    feet, seen = poses[:, FEET, :2], np.asarray(present(poses))[:, FEET, None]
    low, high = np.where(seen, feet, np.inf).min(1), np.where(seen, feet, -np.inf).max(1)
    nobody = ~seen.any(1)
    low, high = np.where(nobody, -1e6, low), np.where(nobody, -1e6, high)
    axes = (high - low) / 2 + np.array([ACROSS, DOWN]) * body_px
    return ((low + high) / 2).astype(np.float32), axes.astype(np.float32)


def _resize(part: Tensor, shape: torch.Size) -> Tensor:
    return nn.functional.interpolate(part, size=shape, mode="bilinear", align_corners=False)


def _blur(values: Tensor, sigma: float) -> Tensor:
    """Gaussian mean of each channel; edge pixels are repeated outside. sigma: pixels."""
    sigma = max(sigma, 0.3)
    radius = max(1, min(int(np.ceil(2.5 * sigma)), min(values.shape[2:]) - 1))
    at = torch.arange(-radius, radius + 1, device=values.device, dtype=values.dtype)
    kernel = (-0.5 * (at / sigma).square()).exp()
    kernel = (kernel / kernel.sum()).expand(values.shape[1], 1, -1)
    padded = nn.functional.pad(values, (radius, radius, radius, radius), mode="replicate")
    across = nn.functional.conv2d(padded, kernel[:, :, None], groups=values.shape[1])
    return nn.functional.conv2d(across, kernel[..., None], groups=values.shape[1])
