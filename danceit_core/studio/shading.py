"""Light on the dancer: a soft key light with shadows, light from the sky, a rim.

Radiance is linear; textures are sRGB bytes read through a table.
"""

import numba as nb
import numpy as np
from numpy.typing import NDArray

from danceit_core.studio.raster import lit_share, weights_in_face
from danceit_core.studio.surface import Floats, Ints

LINEAR = ((np.arange(256) / 255) ** 2.2).astype(np.float32)
F = np.float32  # a plain 0.5 would make everything double precision, which is slower


@nb.njit(cache=True, fastmath=True)
def _texel(
    textures: NDArray[np.uint8], linear: Floats, layer: int, u: float, v: float
) -> tuple[float, float, float]:  # fmt: skip
    """Bilinear look-up, linear radiance of red, green and blue."""
    size = textures.shape[1]
    x, y = u * F(size) - F(0.5), (F(1) - v) * F(size) - F(0.5)
    column, row = int(np.floor(x)), int(np.floor(y))
    fx, fy = x - F(column), y - F(row)
    left, right = min(max(column, 0), size - 1), min(max(column + 1, 0), size - 1)
    top, bottom = min(max(row, 0), size - 1), min(max(row + 1, 0), size - 1)
    a, b = textures[layer, top, left], textures[layer, top, right]
    c, d = textures[layer, bottom, left], textures[layer, bottom, right]
    return (
        (linear[a[0]] * (F(1) - fx) + linear[b[0]] * fx) * (F(1) - fy)
        + (linear[c[0]] * (F(1) - fx) + linear[d[0]] * fx) * fy,
        (linear[a[1]] * (F(1) - fx) + linear[b[1]] * fx) * (F(1) - fy)
        + (linear[c[1]] * (F(1) - fx) + linear[d[1]] * fx) * fy,
        (linear[a[2]] * (F(1) - fx) + linear[b[2]] * fx) * (F(1) - fy)
        + (linear[c[2]] * (F(1) - fx) + linear[d[2]] * fx) * fy,
    )


@nb.njit(cache=True, fastmath=True)
def shade_dancer(
    owner: Ints, screen: Floats, points: Floats, normals: Floats, occlusion: Floats, faces: Ints, uv: Floats,
    uv_faces: Ints, layer: Ints, textures: NDArray[np.uint8], materials: Floats, linear: Floats, nearest: Floats,
    light: Floats, key: Floats, sky: Floats, ground: Floats, eye: Floats,
) -> Floats:  # fmt: skip
    """Radiance and cover (H, W, 4) of the dancer alone. key, sky, ground: colours of the light from each."""
    height, width = owner.shape
    out = np.zeros((height, width, 4), np.float32)
    lx, ly, lz = light[2, 0], light[2, 1], light[2, 2]
    for row in range(height):
        for column in range(width):
            f = owner[row, column]
            if f < 0:
                continue
            a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
            w0, w1, w2 = weights_in_face(screen, a, b, c, F(column) + F(0.5), F(row) + F(0.5))
            px = w0 * points[a, 0] + w1 * points[b, 0] + w2 * points[c, 0]
            py = w0 * points[a, 1] + w1 * points[b, 1] + w2 * points[c, 1]
            pz = w0 * points[a, 2] + w1 * points[b, 2] + w2 * points[c, 2]
            nx = w0 * normals[a, 0] + w1 * normals[b, 0] + w2 * normals[c, 0]
            ny = w0 * normals[a, 1] + w1 * normals[b, 1] + w2 * normals[c, 1]
            nz = w0 * normals[a, 2] + w1 * normals[b, 2] + w2 * normals[c, 2]
            scale = F(1) / np.sqrt(nx * nx + ny * ny + nz * nz + F(1e-9))
            nx, ny, nz = nx * scale, ny * scale, nz * scale
            ex, ey, ez = eye[0] - px, eye[1] - py, eye[2] - pz
            scale = F(1) / np.sqrt(ex * ex + ey * ey + ez * ez)
            ex, ey, ez = ex * scale, ey * scale, ez * scale
            facing = nx * ex + ny * ey + nz * ez
            shade = w0 * occlusion[a] + w1 * occlusion[b] + w2 * occlusion[c]
            # The inside of a sleeve or hem is in shade.
            area = (screen[b, 0] - screen[a, 0]) * (screen[c, 1] - screen[a, 1]) - (screen[b, 1] - screen[a, 1]) * (
                screen[c, 0] - screen[a, 0]
            )
            if area > 0:
                nx, ny, nz, facing = -nx, -ny, -nz, -facing
                shade *= F(0.45)
            facing = max(facing, F(0.0))
            m = layer[f]
            toward = nx * lx + ny * ly + nz * lz
            lit = F(lit_share(nearest, light, px + F(0.015) * nx, py + F(0.015) * ny, pz + F(0.015) * nz, F(0.010), 2))
            half = F(1) / np.sqrt((lx + ex) ** 2 + (ly + ey) ** 2 + (lz + ez) ** 2)
            mirror = max(F(0.0), (nx * (lx + ex) + ny * (ly + ey) + nz * (lz + ez)) * half)
            shine = materials[m, 0] * mirror ** materials[m, 1] * lit if lit > 0 and mirror > 0 else F(0.0)
            wrap = materials[m, 2]
            rim = F(0.22) * (F(1) - facing) ** 3 * (F(0.4) + F(0.6) * shade)
            up = F(0.5) + F(0.5) * ny
            u = w0 * uv[uv_faces[f, 0], 0] + w1 * uv[uv_faces[f, 1], 0] + w2 * uv[uv_faces[f, 2], 0]
            v = w0 * uv[uv_faces[f, 0], 1] + w1 * uv[uv_faces[f, 1], 1] + w2 * uv[uv_faces[f, 2], 1]
            texel = _texel(textures, linear, m, u, v)
            for k in range(3):
                # Red light goes further through skin.
                soft = wrap if k == 0 else wrap * F(0.5)
                direct = max(F(0.0), (toward + soft) / (F(1) + soft)) * lit
                around = (sky[k] * up + ground[k] * (F(1) - up)) * shade
                albedo = texel[k]
                out[row, column, k] = albedo * (key[k] * direct * (F(0.6) + F(0.4) * shade) + around) + (
                    shine * key[k] + rim * sky[k] * (F(0.03) + albedo)
                )
            out[row, column, 3] = 1
    return out
