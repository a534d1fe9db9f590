"""The finished picture: the room with the dancer's shadow and reflection, the dancer over it, tone curve and grain.

The dancer is shaded several times per pixel, the room once: its light was computed beforehand (`backdrop`), and the
dancer only removes some of it. A picture is made of tiles; a tile that neither the dancer nor their shadow, contact or
reflection touches is copied from the empty room's picture.
"""

import numba as nb
import numpy as np
from numpy.typing import NDArray

from danceit_core.studio.raster import Booleans, lit_share
from danceit_core.studio.surface import Floats, Ints

F = np.float32  # a plain 0.5 would make everything double precision, which is slower
TILE = 16
ENCODE_STEPS = 4096
SHADOW_BIAS_M, SHADOW_REACH = 0.02, 4
FLOOR_M = 0.05  # everything lower is floor, which is darkened under feet and hips
CONTACT_REACH = 6  # a contact's darkening ends at this many times its squared radius


def _tone_curve() -> Floats:
    """Linear radiance 0..2 to 0..255: linear below 0.7, then rolling off so that highlights keep their colour."""
    radiance = np.linspace(0, 2, ENCODE_STEPS)
    rolled = np.where(radiance < 0.7, radiance, 0.7 + 0.3 * (1 - np.exp(-(radiance - 0.7) / 0.3)))
    return (255 * rolled ** (1 / 2.2)).astype(np.float32)


TONE = _tone_curve()


@nb.njit(cache=True, fastmath=True)
def find_tiles(places: Floats, gloss: Floats, light: Floats) -> tuple[Ints, Floats]:
    """What can affect each tile: cells (h, w, 4) of the light's depth map, and (h, w, 5) floor and gloss.

    Cells: columns from, to, rows from, to. Floor: x from, to, z from, to in metres, from > to if there is none; gloss:
    the largest reflectance of a pixel.
    """
    height, width = gloss.shape
    rows, columns = (height + TILE - 1) // TILE, (width + TILE - 1) // TILE
    cells, floor = np.empty((rows, columns, 4), np.int32), np.empty((rows, columns, 5), np.float32)
    cells[..., 0::2], cells[..., 1::2] = 1 << 30, -(1 << 30)
    floor[..., 0:4:2], floor[..., 1:4:2], floor[..., 4] = 1e9, -1e9, 0
    for row in range(height):
        for column in range(width):
            j, i = row // TILE, column // TILE
            x, y, z = places[row, column, 0], places[row, column, 1], places[row, column, 2]
            for k in range(2):
                cell = int(light[k, 0] * x + light[k, 1] * y + light[k, 2] * z + light[k, 3])
                cells[j, i, 2 * k] = min(cells[j, i, 2 * k], cell)
                cells[j, i, 2 * k + 1] = max(cells[j, i, 2 * k + 1], cell)
            if y < FLOOR_M:
                floor[j, i, 0], floor[j, i, 1] = min(floor[j, i, 0], x), max(floor[j, i, 1], x)
                floor[j, i, 2], floor[j, i, 3] = min(floor[j, i, 2], z), max(floor[j, i, 3], z)
            floor[j, i, 4] = max(floor[j, i, 4], gloss[row, column])
    return cells, floor


@nb.njit(cache=True, fastmath=True)
def touched_tiles(
    cells: Ints, floor: Floats, nearest: Floats, contacts: Floats, reflected: tuple[int, int, int, int],
    dancer: Floats, top: int, left: int, samples: int,
) -> Booleans:  # fmt: skip
    """The tiles (h, w) that differ from the empty room.

    cells, floor: from `find_tiles`; nearest: the light's depth map; contacts (C, 4): x, z, radius, strength; reflected:
    rows and columns (top, left, bottom, right) of the picture that the reflection covers; dancer, top, left, samples:
    as in `develop`.
    """
    size = nearest.shape[0]
    # Where the light meets the dancer, (n, n), in cells of the depth map as large as a tile.
    coarse = np.zeros((size // TILE + 1, size // TILE + 1), np.bool_)
    for row in range(size):
        for column in range(size):
            if nearest[row, column] > -1e8:
                coarse[row // TILE, column // TILE] = True
    rows, columns = cells.shape[:2]
    touched = np.zeros((rows, columns), np.bool_)
    last = size // TILE
    for j in range(rows):
        for i in range(columns):
            first, end = max(0, cells[j, i, 0] - SHADOW_REACH - 1), min(size - 1, cells[j, i, 1] + SHADOW_REACH + 1)
            above, below = max(0, cells[j, i, 2] - SHADOW_REACH - 1), min(size - 1, cells[j, i, 3] + SHADOW_REACH + 1)
            found = False
            if first <= end and above <= below:
                for row in range(above // TILE, min(below // TILE, last) + 1):
                    for column in range(first // TILE, min(end // TILE, last) + 1):
                        found = found or coarse[row, column]
            for k in range(len(contacts)):
                x = max(floor[j, i, 0] - contacts[k, 0], contacts[k, 0] - floor[j, i, 1], 0.0)
                z = max(floor[j, i, 2] - contacts[k, 1], contacts[k, 1] - floor[j, i, 3], 0.0)
                found = found or x * x + z * z < CONTACT_REACH * contacts[k, 2] ** 2
            y0, x0, y1, x1 = j * TILE, i * TILE, (j + 1) * TILE, (i + 1) * TILE
            seen = y0 < reflected[2] and y1 > reflected[0] and x0 < reflected[3] and x1 > reflected[1]
            touched[j, i] = found or (seen and floor[j, i, 4] > 0)
    for row in range(dancer.shape[0]):
        for column in range(dancer.shape[1]):
            if dancer[row, column, 3] > 0:
                touched[(top + row // samples) // TILE, (left + column // samples) // TILE] = True
    return touched


@nb.njit(cache=True, fastmath=True)
def _contact_shade(x: float, y: float, z: float, contacts: Floats) -> np.float32:
    """The share of light that contacts (C, 4) leave at a place, 0..1."""
    shade = F(1)
    if y < FLOOR_M:
        for k in range(len(contacts)):
            away = (x - contacts[k, 0]) ** 2 + (z - contacts[k, 1]) ** 2
            if away < CONTACT_REACH * contacts[k, 2] ** 2:
                shade *= F(1) - contacts[k, 3] * F(np.exp(-away / contacts[k, 2] ** 2))
    return shade


@nb.njit(cache=True, fastmath=True)
def _add_samples(dancer: Floats, row: int, column: int, samples: int, total: Floats) -> np.float32:
    """Write the sum (3,) of a pixel's samples, which begin at a row and a column, into `total`; returns their cover."""
    cover = F(0)
    total[:] = 0
    for j in range(row, row + samples):
        for i in range(column, column + samples):
            for k in range(3):
                total[k] += min(dancer[j, i, k], F(1.5))
            cover += dancer[j, i, 3]
    return cover


@nb.njit(cache=True, fastmath=True)
def develop(
    places: Floats, direct: Floats, around: Floats, gloss: Floats, touched: Booleans, nearest: Floats, light: Floats,
    contacts: Floats, mirror: Floats, mirror_top: int, mirror_left: int, dancer: Floats, top: int, left: int,
    samples: int, tone: Floats, grain: Floats, out: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Write the touched tiles of the picture `out` (H, W, 3).

    places (H, W, 3): place that each pixel shows, metres; direct, around (H, W, 3): its key light and ambient light;
    gloss (H, W): its reflectance; contacts (C, 4): x, z, radius, strength of soft dark spots on the floor; mirror
    (h, w, 4): the dancer upside down under the floor, from row `mirror_top` and column `mirror_left` on; dancer
    (h * samples, w * samples, 4): radiance and cover of its samples, from row `top` and column `left` on.
    """
    height, width = gloss.shape
    rows, columns = dancer.shape[0] // samples, dancer.shape[1] // samples
    full, each, scale = F(samples * samples), F(1) / F(samples * samples), F(len(tone)) / F(2)
    total = np.zeros(3, np.float32)
    for row in range(height):
        for column in range(width):
            if not touched[row // TILE, column // TILE]:
                continue
            j, i = row - top, column - left
            cover = F(0)
            if 0 <= j < rows and 0 <= i < columns:
                cover = _add_samples(dancer, j * samples, i * samples, samples, total)
            lit, shade, share, mj, mi = F(1), F(1), F(0), 0, 0
            if cover < full:
                x, y, z = places[row, column, 0], places[row, column, 1], places[row, column, 2]
                lit = F(lit_share(nearest, light, x, y, z, SHADOW_BIAS_M, SHADOW_REACH))
                shade = _contact_shade(x, y, z, contacts)
                mj, mi = row - mirror_top, column - mirror_left
                if 0 <= mj < mirror.shape[0] and 0 <= mi < mirror.shape[1]:
                    share = gloss[row, column] * mirror[mj, mi, 3]
            noise = grain[row % grain.shape[0], column % grain.shape[1]] + F(0.5)
            for k in range(3):
                radiance = F(0)
                if cover < full:
                    radiance = direct[row, column, k] * lit * (F(0.5) + F(0.5) * shade)
                    radiance += around[row, column, k] * shade
                    if share > 0:
                        radiance = radiance * (F(1) - share) + share * mirror[mj, mi, k]
                if cover > 0:
                    radiance = (total[k] + (full - cover) * radiance) * each
                value = tone[int(min(max(radiance, F(0)), F(1.999)) * scale)] + noise
                out[row, column, k] = np.uint8(min(max(value, F(0)), F(255)))
