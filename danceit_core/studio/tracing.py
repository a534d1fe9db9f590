"""A small ray caster for a floor, a back wall and boxes, with soft shadows and corner shade, compiled by numba."""

import numba as nb
import numpy as np

from danceit_core.studio.room import BRICKS, PAINTING, PLANKS, SLATS
from danceit_core.studio.surface import Floats, Ints

CORNER_SHADE_M = 1.1
RAYS = 12
LAMP_FAR, LAMP_WIDTH = 4.0, 0.16  # how far a ray searches for objects in the lamp's light, and the lamp's width
FLOOR, BACK, FIRST_BLOCK = range(3)


@nb.njit(cache=True, fastmath=True)
def _hash(a: int, b: int, c: int) -> float:
    """A pseudo-random number 0..1, the same for the same arguments."""
    h = (a * 374761393 + b * 668265263 + c * 2147483647) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    return ((h ^ (h >> 16)) & 0xFFFFFF) / 16777216.0


@nb.njit(cache=True, fastmath=True)
def _hit(
    ox: float, oy: float, oz: float, dx: float, dy: float, dz: float, boxes: Floats, chosen: Ints, back_z: float,
    far: float,
) -> tuple[float, int]:  # fmt: skip
    """Distance along a ray and 8 * surface + side of what it hits first; (far, -1) if nothing is nearer than `far`.

    chosen (K,): the numbers of the candidate boxes.
    """
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
    for k in chosen:
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
def _choose(boxes: Floats, low: Floats, high: Floats, chosen: Ints) -> int:
    """Write the numbers of the boxes (B, 6) that touch the box `low` to `high` (3,) into `chosen`; returns how many."""
    count = 0
    for k in range(len(boxes)):
        apart = False
        for axis in range(3):
            apart = apart or boxes[k, axis] > high[axis] or boxes[k, axis + 3] < low[axis]
        if not apart:
            chosen[count] = k
            count += 1
    return count


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
def _light(
    x: float, y: float, z: float, nx: float, ny: float, nz: float, row: int, column: int, boxes: Floats, back_z: float,
    toward: Floats, seed: int, low: Floats, high: Floats, chosen: Ints,
) -> tuple[float, float]:  # fmt: skip
    """Shares of key light and open sky that reach a place with its normal; low, high, chosen: working memory."""
    ox, oy, oz = x + 2e-3 * nx, y + 2e-3 * ny, z + 2e-3 * nz
    # Only few boxes are in reach of the rays.
    start, spread = (ox, oy, oz), LAMP_FAR * LAMP_WIDTH
    for axis in range(3):
        end = start[axis] + LAMP_FAR * toward[axis]
        low[axis], high[axis] = min(start[axis], end) - spread, max(start[axis], end) + spread
    lamp_boxes = chosen[0, : _choose(boxes, low, high, chosen[0])]
    for axis in range(3):
        low[axis], high[axis] = start[axis] - CORNER_SHADE_M, start[axis] + CORNER_SHADE_M
    near_boxes = chosen[1, : _choose(boxes, low, high, chosen[1])]
    light, sky = 0.0, 0.0
    for ray in range(RAYS):
        u = (ray + _hash(row, column, 3 * ray + seed)) / RAYS
        v, w = _hash(row, column, 3 * ray + 1), _hash(row, column, 3 * ray + 2)
        kx, ky, kz = (
            toward[0] + LAMP_WIDTH * (u - 0.5),
            toward[1] + LAMP_WIDTH * (v - 0.5),
            toward[2] + LAMP_WIDTH * (w - 0.5),
        )
        light += _hit(ox, oy, oz, kx, ky, kz, boxes, lamp_boxes, back_z, LAMP_FAR)[1] < 0
        # A ray around the normal: a point on the unit sphere, shifted by the normal.
        up, angle = 2 * u - 1, 2 * np.pi * v
        ring = np.sqrt(max(0.0, 1 - up * up))
        rx, ry, rz = nx + ring * np.cos(angle), ny + up, nz + ring * np.sin(angle)
        scale = 1 / np.sqrt(rx * rx + ry * ry + rz * rz + 1e-6)
        far, met = _hit(ox, oy, oz, rx * scale, ry * scale, rz * scale, boxes, near_boxes, back_z, CORNER_SHADE_M)
        sky += far / CORNER_SHADE_M if met >= 0 else 1.0
    return light / RAYS, sky / RAYS


@nb.njit(cache=True, fastmath=True)
def cast(
    axes: Floats, eye: Floats, focal: float, width: int, height: int, samples: int, boxes: Floats, bounds: Floats,
    colours: Floats, patterns: Ints, back_z: float, toward: Floats, seed: int,
) -> tuple[Floats, Floats, Floats, Ints, Floats, Floats]:  # fmt: skip
    """Albedo, places, normals (H, W, 3), 8 * surface + side (-8: none), shares of key light and open sky (H, W).

    bounds (B, 4): left, top, right and bottom of each box (B, 6) in the picture.
    """
    albedo = np.zeros((height, width, 3), np.float32)
    places, normals = np.zeros((height, width, 3), np.float32), np.zeros((height, width, 3), np.float32)
    surface = np.full((height, width), -8, np.int32)
    lit, open_sky = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    chosen = np.empty((3, len(boxes)), np.int32)
    low, high = np.empty(3, np.float32), np.empty(3, np.float32)
    for row in range(height):
        for column in range(width):
            count = 0
            for k in range(len(boxes)):
                across = bounds[k, 0] <= column + 1 and bounds[k, 2] >= column
                if across and bounds[k, 1] <= row + 1 and bounds[k, 3] >= row:
                    chosen[2, count] = k
                    count += 1
            here = chosen[2, :count]
            for sample in range(samples * samples + 1):
                # The last ray goes through the pixel's middle and determines its place and light.
                middle = sample == samples * samples
                fx = 0.5 if middle else (sample % samples + 0.5) / samples
                fy = 0.5 if middle else (sample // samples + 0.5) / samples
                sx, sy = (column + fx - width / 2) / focal, (row + fy - height / 2) / focal
                dx = sx * axes[0, 0] + sy * axes[1, 0] + axes[2, 0]
                dy = sx * axes[0, 1] + sy * axes[1, 1] + axes[2, 1]
                dz = sx * axes[0, 2] + sy * axes[1, 2] + axes[2, 2]
                t, found = _hit(eye[0], eye[1], eye[2], dx, dy, dz, boxes, here, back_z, 1e4)
                if found < 0:  # outside the room: black
                    continue
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
                lit[row, column], open_sky[row, column] = _light(
                    x, y, z, nx, ny, nz, row, column, boxes, back_z, toward, seed, low, high, chosen
                )
    return albedo, places, normals, surface, lit, open_sky


@nb.njit(cache=True, fastmath=True)
def smooth_within(values: Floats, surface: Ints, reach: int) -> Floats:
    """The mean of each pixel's neighbours on the same face: removes noise from light and keeps edges."""
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
