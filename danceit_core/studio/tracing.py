"""Draws an empty room once: a small ray caster for planes and boxes with soft shadows and corner shade.

For every pixel it gives the place, the light from the key lamp, the light from all around, and the floor's gloss.
"""

from dataclasses import dataclass

import numba as nb
import numpy as np

from danceit_core.studio.room import BRICKS, LAMP, PAINTING, PLANKS, SLATS, Room
from danceit_core.studio.surface import Floats, Ints

CORNER_SHADE_M = 1.1
RAYS = 12
SMOOTHING = 5  # pixels at 512
FLOOR, BACK, FIRST_BLOCK = range(3)


@dataclass(frozen=True)
class Backdrop:
    """places, direct, around (H, W, 3) and gloss (H, W); see `shading.shade_room`."""

    places: Floats
    direct: Floats
    around: Floats
    gloss: Floats


def draw_room(room: Room, *, axes: Floats, eye: Floats, focal: float, size: int, samples: int) -> Backdrop:
    """The room seen from `eye` along `axes` (3, 3: right, down, ahead), `samples` squared rays a pixel."""
    boxes = np.array([[*b.low, *b.high] for b in room.blocks], np.float32).reshape(-1, 6)
    colours = np.array([room.floor, room.wall, *(b.colour for b in room.blocks)], np.float32)
    patterns = np.array([room.floor_pattern, room.wall_pattern, *(b.pattern for b in room.blocks)], np.int32)
    toward = np.asarray(room.light_from, np.float32)
    toward /= np.linalg.norm(toward)
    albedo, places, normals, surface, lit, open_sky = _cast(
        axes, eye, focal, size, samples, boxes, colours**2.2, patterns, room.back_z, toward, room.seed
    )
    reach = max(1, round(SMOOTHING * size / 512))
    lit, open_sky = _smooth_within(lit, surface, reach), _smooth_within(open_sky, surface, reach)
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


@nb.njit(cache=True, fastmath=True)
def _hash(a: int, b: int, c: int) -> float:
    """A number 0..1 that looks random, the same for the same arguments."""
    h = (a * 374761393 + b * 668265263 + c * 2147483647) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    return ((h ^ (h >> 16)) & 0xFFFFFF) / 16777216.0


@nb.njit(cache=True, fastmath=True)
def _hit(
    ox: float, oy: float, oz: float, dx: float, dy: float, dz: float, boxes: Floats, back_z: float, far: float
) -> tuple[float, int]:
    """Distance along a ray and 8 * surface + side of what it meets first; (far, -1) for nothing nearer than `far`."""
    best, found = far, -1
    if dy < -1e-6:
        t = -oy / dy
        if 1e-4 < t < best:
            best, found = t, 8 * FLOOR + 3
    if dz < -1e-6:
        t = (back_z - oz) / dz
        if 1e-4 < t < best:
            best, found = t, 8 * BACK + 5
    o, d = (ox, oy, oz), (dx, dy, dz)
    for k in range(len(boxes)):
        enter, leave, side = -1e9, 1e9, 0
        for axis in range(3):
            inverse = 1 / d[axis] if abs(d[axis]) > 1e-9 else 1e9
            near, away = (boxes[k, axis] - o[axis]) * inverse, (boxes[k, axis + 3] - o[axis]) * inverse
            this = 2 * axis
            if near > away:
                near, away = away, near
                this += 1
            if near > enter:
                enter, side = near, this
            leave = min(leave, away)
        if 1e-4 < enter < leave and enter < best:
            best, found = enter, 8 * (FIRST_BLOCK + k) + side
    return best, found


@nb.njit(cache=True, fastmath=True)
def _shade_of(pattern: int, x: float, y: float, z: float, side: int, seed: int) -> float:
    """Brightness of a pattern at a place, about 1."""
    a, b = (x, z) if side // 2 == 1 else ((z, y) if side // 2 == 0 else (x, y))
    cloud = 1 + 0.025 * np.sin(2.1 * a + 1.7 * np.sin(1.3 * b)) + 0.02 * np.sin(3.7 * b + 2 * np.sin(0.9 * a))
    if pattern == PLANKS:
        plank = int(np.floor(a / 0.13))
        offset = b + 1.9 * _hash(plank, 7, seed)
        board = int(np.floor(offset / 1.35))
        tone = 0.80 + 0.36 * _hash(plank, board, seed + 1)
        wander = a * 150 + 2.5 * np.sin(offset * 4 + 9 * tone) + 1.5 * np.sin(offset * 11 + plank)
        grain = 1 + 0.045 * np.sin(wander) + 0.03 * np.sin(2.3 * wander + 1.0)
        across, lengthwise = a / 0.13 - plank, offset / 1.35 - board
        gap = 0.55 if across < 0.025 or across > 0.975 or lengthwise < 0.004 else 1.0
        return tone * grain * gap
    if pattern == BRICKS:
        course = int(np.floor(b / 0.085))
        shifted = a + (0.12 if course % 2 else 0.0)
        brick = int(np.floor(shifted / 0.24))
        across, upward = shifted / 0.24 - brick, b / 0.085 - course
        tone = (0.90 + 0.20 * _hash(brick, course, seed)) * (1 + 0.03 * np.sin(a * 90 + 5 * np.sin(b * 120)))
        joint = across < 0.035 or upward < 0.09
        return cloud * (0.78 if joint else tone)
    if pattern == SLATS:
        return 0.88 + 0.12 * (np.sin(b * 70) > 0) + 0.02 * np.sin(a * 300)
    return cloud


@nb.njit(cache=True, fastmath=True)
def _cast(
    axes: Floats, eye: Floats, focal: float, size: int, samples: int, boxes: Floats, colours: Floats, patterns: Ints,
    back_z: float, toward: Floats, seed: int,
) -> tuple[Floats, Floats, Floats, Ints, Floats, Floats]:  # fmt: skip
    """Albedo, places, normals (H, W, 3), 8 * surface + side, share of the key light and of the open sky (H, W)."""
    albedo = np.zeros((size, size, 3), np.float32)
    places = np.zeros((size, size, 3), np.float32)
    normals = np.zeros((size, size, 3), np.float32)
    surface = np.zeros((size, size), np.int32)
    lit = np.zeros((size, size), np.float32)
    open_sky = np.zeros((size, size), np.float32)
    for row in range(size):
        for column in range(size):
            for sample in range(samples * samples + 1):
                # The last ray goes through the pixel's middle and gives its place and light.
                middle = sample == samples * samples
                fx = 0.5 if middle else (sample % samples + 0.5) / samples
                fy = 0.5 if middle else (sample // samples + 0.5) / samples
                sx, sy = (column + fx - size / 2) / focal, (row + fy - size / 2) / focal
                dx = sx * axes[0, 0] + sy * axes[1, 0] + axes[2, 0]
                dy = sx * axes[0, 1] + sy * axes[1, 1] + axes[2, 1]
                dz = sx * axes[0, 2] + sy * axes[1, 2] + axes[2, 2]
                t, found = _hit(eye[0], eye[1], eye[2], dx, dy, dz, boxes, back_z, 1e4)
                x, y, z = eye[0] + t * dx, eye[1] + t * dy, eye[2] + t * dz
                number, side = found // 8, found % 8
                if not middle:
                    shade = _shade_of(patterns[number], x, y, z, side, seed)
                    for k in range(3):
                        tint = 1.0
                        if patterns[number] == PAINTING:
                            tint = 0.75 + 0.5 * np.sin(5 * x + 2 * k + 3 * np.sin(4 * y + k)) * np.sin(6 * y - k)
                        albedo[row, column, k] += max(colours[number, k] * shade * tint, 0.0) / (samples * samples)
                    continue
                surface[row, column] = found
                sign = 1.0 if side % 2 else -1.0
                nx, ny, nz = sign * (side // 2 == 0), sign * (side // 2 == 1), sign * (side // 2 == 2)
                places[row, column, 0], places[row, column, 1], places[row, column, 2] = x, y, z
                normals[row, column, 0], normals[row, column, 1], normals[row, column, 2] = nx, ny, nz
                ox, oy, oz = x + 2e-3 * nx, y + 2e-3 * ny, z + 2e-3 * nz
                light, sky = 0.0, 0.0
                for ray in range(RAYS):
                    u = (ray + _hash(row, column, 3 * ray + seed)) / RAYS
                    v, w = _hash(row, column, 3 * ray + 1), _hash(row, column, 3 * ray + 2)
                    kx, ky, kz = (
                        toward[0] + 0.16 * (u - 0.5),
                        toward[1] + 0.16 * (v - 0.5),
                        toward[2] + 0.16 * (w - 0.5),
                    )
                    light += _hit(ox, oy, oz, kx, ky, kz, boxes, back_z, 4.0)[1] < 0
                    # A ray about the normal: a point on the unit sphere, moved out by the normal.
                    height, angle = 2 * u - 1, 2 * np.pi * v
                    ring = np.sqrt(max(0.0, 1 - height * height))
                    rx, ry, rz = nx + ring * np.cos(angle), ny + height, nz + ring * np.sin(angle)
                    scale = 1 / np.sqrt(rx * rx + ry * ry + rz * rz + 1e-6)
                    far, met = _hit(ox, oy, oz, rx * scale, ry * scale, rz * scale, boxes, back_z, CORNER_SHADE_M)
                    sky += far / CORNER_SHADE_M if met >= 0 else 1.0
                lit[row, column], open_sky[row, column] = light / RAYS, sky / RAYS
    return albedo, places, normals, surface, lit, open_sky


@nb.njit(cache=True, fastmath=True)
def _smooth_within(values: Floats, surface: Ints, reach: int) -> Floats:
    """The mean of each pixel's neighbours on the same face: takes the grain out of light, keeps edges."""
    height, width = values.shape
    out = np.empty_like(values)
    for row in range(height):
        for column in range(width):
            total, count = 0.0, 0
            for j in range(max(0, row - reach), min(height, row + reach + 1)):
                for i in range(max(0, column - reach), min(width, column + reach + 1)):
                    if surface[j, i] == surface[row, column]:
                        total += values[j, i]
                        count += 1
            out[row, column] = total / count
    return out
