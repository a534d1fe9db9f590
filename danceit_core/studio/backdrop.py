"""The empty room as a camera sees it, drawn once for each view.

It has, for every pixel, the place, the light from the key lamp, the ambient light, and the floor's gloss.
"""

from dataclasses import dataclass

import numpy as np

from danceit_core.studio.room import LAMP, Room
from danceit_core.studio.surface import Floats
from danceit_core.studio.tracing import FIRST_BLOCK, FLOOR, cast, smooth_within

SMOOTHING = 5  # pixels at 512


@dataclass(frozen=True)
class Backdrop:
    """places, direct, around (H, W, 3) and gloss (H, W); see `shading.shade_room`."""

    places: Floats
    direct: Floats
    around: Floats
    gloss: Floats


def draw_room(room: Room, *, axes: Floats, eye: Floats, focal: float, size: tuple[int, int], samples: int) -> Backdrop:
    """The room seen from `eye` along `axes` (3, 3: right, down, ahead), with `samples` squared rays per pixel.

    size: (width, height) of the picture; focal: focal length, pixels.
    """
    boxes = np.array([[*b.low, *b.high] for b in room.blocks], np.float32).reshape(-1, 6)
    bounds = _on_screen(boxes, axes=axes, eye=eye, focal=focal, size=size)
    colours = np.array([room.floor, room.wall, *(b.colour for b in room.blocks)], np.float32)
    patterns = np.array([room.floor_pattern, room.wall_pattern, *(b.pattern for b in room.blocks)], np.int32)
    toward = np.asarray(room.light_from, np.float32)
    toward /= np.linalg.norm(toward)
    albedo, places, normals, surface, lit, open_sky = cast(
        axes, eye, focal, *size, samples, boxes, bounds, colours**2.2, patterns, room.back_z, toward, room.seed
    )
    reach = max(1, round(SMOOTHING * min(size) / 512))
    lit, open_sky = smooth_within(lit, surface, reach), smooth_within(open_sky, surface, reach)
    away = np.hypot(places[..., 0], 0.6 * (places[..., 2] + 0.3))
    pool = 0.35 + 0.65 * np.exp(-((away / room.spot_m) ** 2))
    slope = np.clip(normals @ toward, 0, 1)
    direct = albedo * np.asarray(room.key, np.float32) * (slope * lit * pool)[..., None]
    up = 0.5 + 0.5 * normals[..., 1:2]
    ambient = up * np.asarray(room.sky, np.float32) + (1 - up) * np.asarray(room.ground, np.float32)
    around = albedo * ambient * (open_sky * (0.55 + 0.45 * pool))[..., None]
    for number, block in enumerate(room.blocks):
        if block.pattern != LAMP:
            continue
        low, high = np.array(block.low), np.array(block.high)
        distance = np.linalg.norm(places - np.clip(places, low, high), axis=-1)
        glow = 0.9 * np.exp(-distance / 0.35) + 0.15 * np.exp(-distance / 1.2)
        around = around + albedo * glow[..., None] * np.asarray(block.colour, np.float32)
        here = surface // 8 == FIRST_BLOCK + number
        around[here], direct[here] = 1.15 * np.asarray(block.colour, np.float32), 0
    gloss = np.where(surface // 8 == FLOOR, room.gloss, 0)
    return Backdrop(places, direct.astype(np.float32), around.astype(np.float32), gloss.astype(np.float32))


def _on_screen(boxes: Floats, *, axes: Floats, eye: Floats, focal: float, size: tuple[int, int]) -> Floats:
    """Left, top, right, bottom (B, 4) of boxes (B, 6) in the picture, plus a pixel; all of it for one at the camera."""
    # (2, 2, 2, 3): which of its two ends a corner has along x, y and z
    ends = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), axis=-1).reshape(8, 3)
    # (B, 8, 3)
    corners = boxes[:, 3 * ends + np.arange(3)].astype(np.float64)
    seen = (corners - eye) @ axes.T.astype(np.float64)
    ahead = seen[..., 2:]
    flat = focal * seen[..., :2] / np.maximum(ahead, 1e-3) + np.array(size) / 2
    bounds = np.concatenate([flat.min(axis=1) - 1, flat.max(axis=1) + 1], axis=1)
    bounds[(ahead <= 1e-2).any(axis=(1, 2))] = -1, -1, *size
    return bounds.astype(np.float32)
