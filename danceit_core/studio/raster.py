"""The rasteriser's inner loops: projection, visibility, depth maps from a light, shading, all compiled by numba.

Screens are arrays [row, column], origin top left. Nearness (1 / distance along the view) decides what is in front. A
face is seen from its front if its corners run clockwise on the screen (y down).
"""

import numba as nb
import numpy as np
from numpy.typing import NDArray

from danceit_core.studio.surface import Floats, Ints

Booleans = NDArray[np.bool_]


@nb.njit(cache=True, fastmath=True)
def project(points: Floats, camera: Floats, focal: float, middle_x: float, middle_y: float) -> Floats:
    """Column, row and nearness (V, 3) of points (V, 3) for a camera matrix (3, 4): x right, y down, z ahead.

    focal, middle_x, middle_y: focal length and where the line of sight meets the screen, in pixels.
    """
    out = np.empty_like(points)
    for k in range(len(points)):
        x, y, z = points[k, 0], points[k, 1], points[k, 2]
        ahead = camera[2, 0] * x + camera[2, 1] * y + camera[2, 2] * z + camera[2, 3]
        out[k, 0] = focal * (camera[0, 0] * x + camera[0, 1] * y + camera[0, 2] * z + camera[0, 3]) / ahead + middle_x
        out[k, 1] = focal * (camera[1, 0] * x + camera[1, 1] * y + camera[1, 2] * z + camera[1, 3]) / ahead + middle_y
        out[k, 2] = 1 / ahead
    return out


@nb.njit(cache=True, fastmath=True)
def visible_faces(screen: Floats, faces: Ints, both_sides: Booleans, height: int, width: int) -> Ints:
    """The nearest face at each pixel's centre (height, width), -1 if there is none."""
    nearest = np.zeros((height, width), np.float32)
    owner = np.full((height, width), -1, np.int32)
    for f in range(len(faces)):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ay, by, cy = screen[a, 1], screen[b, 1], screen[c, 1]
        top, bottom = min(ay, by, cy), max(ay, by, cy)
        if bottom < 0 or top > height:
            continue
        ax, bx, cx = screen[a, 0], screen[b, 0], screen[c, 0]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0 or (area > 0 and not both_sides[f]):
            continue
        inverse = np.float32(1) / area
        az, bz, cz = screen[a, 2], screen[b, 2], screen[c, 2]
        left, right = max(0, int(min(ax, bx, cx) - 0.5)), min(width - 1, int(max(ax, bx, cx) + 0.5))
        for row in range(max(0, int(top - 0.5)), min(height - 1, int(bottom + 0.5)) + 1):
            y = np.float32(row) + np.float32(0.5)
            for column in range(left, right + 1):
                x = np.float32(column) + np.float32(0.5)
                w0 = ((bx - x) * (cy - y) - (by - y) * (cx - x)) * inverse
                w1 = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) * inverse
                w2 = np.float32(1) - w0 - w1
                if w0 >= 0 and w1 >= 0 and w2 >= 0:
                    near = w0 * az + w1 * bz + w2 * cz
                    if near > nearest[row, column]:
                        nearest[row, column] = near
                        owner[row, column] = f
    return owner


@nb.njit(cache=True, fastmath=True)
def depth_map(points: Floats, faces: Ints, light: Floats, size: int) -> Floats:
    """The light's depth map: nearness in metres (size, size) of the nearest surface, -1e9 if there is none."""
    nearest = np.full((size, size), -1e9, np.float32)
    seen = np.empty_like(points)
    for k in range(len(points)):
        for row in range(3):
            seen[k, row] = (
                light[row, 0] * points[k, 0]
                + light[row, 1] * points[k, 1]
                + light[row, 2] * points[k, 2]
                + light[row, 3]
            )
    for f in range(len(faces)):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ax, ay, bx, by, cx, cy = seen[a, 0], seen[a, 1], seen[b, 0], seen[b, 1], seen[c, 0], seen[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0:
            continue
        inverse = np.float32(1) / area
        for row in range(max(0, int(min(ay, by, cy) - 0.5)), min(size - 1, int(max(ay, by, cy) + 0.5)) + 1):
            y = np.float32(row) + np.float32(0.5)
            for column in range(max(0, int(min(ax, bx, cx) - 0.5)), min(size - 1, int(max(ax, bx, cx) + 0.5)) + 1):
                x = np.float32(column) + np.float32(0.5)
                w0 = ((bx - x) * (cy - y) - (by - y) * (cx - x)) * inverse
                w1 = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) * inverse
                w2 = np.float32(1) - w0 - w1
                if w0 >= 0 and w1 >= 0 and w2 >= 0:
                    near = w0 * seen[a, 2] + w1 * seen[b, 2] + w2 * seen[c, 2]
                    nearest[row, column] = max(nearest[row, column], near)
    return nearest


@nb.njit(cache=True, fastmath=True)
def lit_share(nearest: Floats, light: Floats, x: float, y: float, z: float, bias: float, reach: int) -> float:
    """The share of the light that reaches a point, 0..1, over a square of the depth map: soft edges.

    `reach`: half the square's side in pixels, an even number or 1. If its corners and its middle agree, their value is
    used for all of it.
    """
    size = nearest.shape[0]
    column = int(light[0, 0] * x + light[0, 1] * y + light[0, 2] * z + light[0, 3])
    row = int(light[1, 0] * x + light[1, 1] * y + light[1, 2] * z + light[1, 3])
    near = light[2, 0] * x + light[2, 1] * y + light[2, 2] * z + light[2, 3] + bias
    if column < reach or row < reach or column >= size - reach or row >= size - reach:
        return 1.0
    corners = int(nearest[row, column] <= near)
    for j in (-reach, reach):
        for i in (-reach, reach):
            corners += int(nearest[row + j, column + i] <= near)
    if corners in (0, 5):
        return corners / 5
    stride = max(1, reach // 2)
    lit, count = 0, 0
    for j in range(-reach, reach + 1, stride):
        for i in range(-reach, reach + 1, stride):
            lit += int(nearest[row + j, column + i] <= near)
            count += 1
    return lit / count


@nb.njit(cache=True, fastmath=True)
def seen_from(points: Floats, nearest: Floats, light: Floats, bias: float) -> Floats:
    """`lit_share` of each point (V,)."""
    out = np.empty(len(points), np.float32)
    for k in range(len(points)):
        out[k] = lit_share(nearest, light, points[k, 0], points[k, 1], points[k, 2], bias, 1)
    return out


@nb.njit(cache=True, fastmath=True)
def weights_in_face(screen: Floats, a: int, b: int, c: int, x: float, y: float) -> tuple[float, float, float]:
    """Perspective-correct shares of a face's corners at a place on the screen."""
    ax, ay, bx, by, cx, cy = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1], screen[c, 0], screen[c, 1]
    inverse = np.float32(1) / ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))
    w0 = ((bx - x) * (cy - y) - (by - y) * (cx - x)) * inverse * screen[a, 2]
    w1 = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) * inverse * screen[b, 2]
    w2 = ((ax - x) * (by - y) - (ay - y) * (bx - x)) * inverse * screen[c, 2]
    total = np.float32(1) / (w0 + w1 + w2)
    return w0 * total, w1 * total, w2 * total
