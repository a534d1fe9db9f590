"""Light on the dancer and on the room: a soft key light with shadows, light from the sky, a rim; then the picture.

Radiance is linear; textures are sRGB bytes read through a table. The dancer is shaded several times a pixel, the room
once: its own light was computed beforehand (`room`), and the dancer only takes some of it away.
"""

import numba as nb
import numpy as np
from numpy.typing import NDArray

from danceit_core.studio.raster import lit_share, weights_in_face
from danceit_core.studio.surface import Floats, Ints

LINEAR = ((np.arange(256) / 255) ** 2.2).astype(np.float32)
ENCODE_STEPS = 4096


def _tone_curve() -> Floats:
    """Linear radiance 0..2 to 0..255: straight below 0.7, then rolling off so that highlights keep their colour."""
    radiance = np.linspace(0, 2, ENCODE_STEPS)
    rolled = np.where(radiance < 0.7, radiance, 0.7 + 0.3 * (1 - np.exp(-(radiance - 0.7) / 0.3)))
    return (255 * rolled ** (1 / 2.2)).astype(np.float32)


TONE = _tone_curve()


@nb.njit(cache=True, fastmath=True)
def _texel(textures: NDArray[np.uint8], linear: Floats, layer: int, u: float, v: float, channel: int) -> float:
    """Bilinear look-up, linear radiance."""
    size = textures.shape[1]
    x, y = u * size - 0.5, (1 - v) * size - 0.5
    column, row = int(np.floor(x)), int(np.floor(y))
    fx, fy = x - column, y - row
    left, right = min(max(column, 0), size - 1), min(max(column + 1, 0), size - 1)
    top, bottom = min(max(row, 0), size - 1), min(max(row + 1, 0), size - 1)
    upper = linear[textures[layer, top, left, channel]] * (1 - fx) + linear[textures[layer, top, right, channel]] * fx
    lower = (
        linear[textures[layer, bottom, left, channel]] * (1 - fx) + linear[textures[layer, bottom, right, channel]] * fx
    )
    return upper * (1 - fy) + lower * fy


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
            w0, w1, w2 = weights_in_face(screen, a, b, c, column + 0.5, row + 0.5)
            px = w0 * points[a, 0] + w1 * points[b, 0] + w2 * points[c, 0]
            py = w0 * points[a, 1] + w1 * points[b, 1] + w2 * points[c, 1]
            pz = w0 * points[a, 2] + w1 * points[b, 2] + w2 * points[c, 2]
            nx = w0 * normals[a, 0] + w1 * normals[b, 0] + w2 * normals[c, 0]
            ny = w0 * normals[a, 1] + w1 * normals[b, 1] + w2 * normals[c, 1]
            nz = w0 * normals[a, 2] + w1 * normals[b, 2] + w2 * normals[c, 2]
            scale = 1 / np.sqrt(nx * nx + ny * ny + nz * nz + 1e-9)
            nx, ny, nz = nx * scale, ny * scale, nz * scale
            ex, ey, ez = eye[0] - px, eye[1] - py, eye[2] - pz
            scale = 1 / np.sqrt(ex * ex + ey * ey + ez * ez)
            ex, ey, ez = ex * scale, ey * scale, ez * scale
            facing = nx * ex + ny * ey + nz * ez
            shade = w0 * occlusion[a] + w1 * occlusion[b] + w2 * occlusion[c]
            # The inside of a sleeve or hem lies in shade.
            area = (screen[b, 0] - screen[a, 0]) * (screen[c, 1] - screen[a, 1]) - (screen[b, 1] - screen[a, 1]) * (
                screen[c, 0] - screen[a, 0]
            )
            if area > 0:
                nx, ny, nz, facing = -nx, -ny, -nz, -facing
                shade *= 0.45
            facing = max(facing, 0.0)
            m = layer[f]
            toward = nx * lx + ny * ly + nz * lz
            lit = lit_share(nearest, light, px + 0.015 * nx, py + 0.015 * ny, pz + 0.015 * nz, 0.010, 2)
            half = 1 / np.sqrt((lx + ex) ** 2 + (ly + ey) ** 2 + (lz + ez) ** 2)
            mirror = max(0.0, (nx * (lx + ex) + ny * (ly + ey) + nz * (lz + ez)) * half)
            shine = materials[m, 0] * mirror ** materials[m, 1] * lit
            wrap = materials[m, 2]
            rim = 0.22 * (1 - facing) ** 3 * (0.4 + 0.6 * shade)
            up = 0.5 + 0.5 * ny
            u = w0 * uv[uv_faces[f, 0], 0] + w1 * uv[uv_faces[f, 1], 0] + w2 * uv[uv_faces[f, 2], 0]
            v = w0 * uv[uv_faces[f, 0], 1] + w1 * uv[uv_faces[f, 1], 1] + w2 * uv[uv_faces[f, 2], 1]
            for k in range(3):
                # Red light goes further through skin.
                soft = wrap if k == 0 else wrap * 0.5
                direct = max(0.0, (toward + soft) / (1 + soft)) * lit
                around = (sky[k] * up + ground[k] * (1 - up)) * shade
                albedo = _texel(textures, linear, m, u, v, k)
                out[row, column, k] = albedo * (key[k] * direct * (0.6 + 0.4 * shade) + around) + (
                    shine * key[k] + rim * sky[k] * (0.03 + albedo)
                )
            out[row, column, 3] = 1
    return out


@nb.njit(cache=True, fastmath=True)
def shade_room(
    places: Floats, direct: Floats, around: Floats, gloss: Floats, nearest: Floats, light: Floats, contacts: Floats,
    mirror: Floats,
) -> Floats:  # fmt: skip
    """Radiance (H, W, 3) of the room with the dancer's shadow and, on a glossy floor, reflection.

    places (H, W, 3): what each pixel shows, metres; direct, around (H, W, 3): its light from the key and from all
    around; gloss (H, W): how much it mirrors; contacts (C, 4): x, z, radius, strength of soft dark spots on the floor;
    mirror (H, W, 4): the dancer upside down under the floor.
    """
    height, width = gloss.shape
    out = np.empty((height, width, 3), np.float32)
    for row in range(height):
        for column in range(width):
            x, y, z = places[row, column, 0], places[row, column, 1], places[row, column, 2]
            lit = lit_share(nearest, light, x, y, z, 0.02, 4)
            shade = 1.0
            if y < 0.05:
                for k in range(len(contacts)):
                    away = (x - contacts[k, 0]) ** 2 + (z - contacts[k, 1]) ** 2
                    if away < 6 * contacts[k, 2] ** 2:
                        shade *= 1 - contacts[k, 3] * np.exp(-away / contacts[k, 2] ** 2)
            share = gloss[row, column] * mirror[row, column, 3]
            for k in range(3):
                own = direct[row, column, k] * lit * (0.5 + 0.5 * shade) + around[row, column, k] * shade
                out[row, column, k] = own * (1 - share) + share * mirror[row, column, k]
    return out


@nb.njit(cache=True, fastmath=True)
def develop(
    room: Floats, dancer: Floats, top: int, left: int, samples: int, tone: Floats, grain: Floats
) -> NDArray[np.uint8]:
    """The finished picture (H, W, 3): the dancer's samples laid over the room, tone curve, a little fixed grain.

    dancer (h * samples, w * samples, 4) covers the picture from row `top` and column `left` on.
    """
    height, width = room.shape[:2]
    rows, columns = dancer.shape[0] // samples, dancer.shape[1] // samples
    out = np.empty((height, width, 3), np.uint8)
    steps = len(tone)
    for row in range(height):
        for column in range(width):
            j, i = row - top, column - left
            inside = 0 <= j < rows and 0 <= i < columns
            for k in range(3):
                radiance = room[row, column, k]
                if inside:
                    total = np.float32(0)
                    cover = np.float32(0)
                    for dj in range(samples):
                        for di in range(samples):
                            total += min(dancer[j * samples + dj, i * samples + di, k], np.float32(1.5))
                            cover += dancer[j * samples + dj, i * samples + di, 3]
                    radiance = (total + (samples * samples - cover) * radiance) / (samples * samples)
                place = min(max(radiance, np.float32(0)), np.float32(1.999)) * steps / 2
                value = tone[int(place)] + grain[row % grain.shape[0], column % grain.shape[1]]
                out[row, column, k] = np.uint8(min(max(value + 0.5, 0.0), 255.0))
    return out
