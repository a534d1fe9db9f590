"""Skinned triangle surfaces and operations on them at rest: cut along a function, smooth, join, shade.

A surface is never changed; each function returns a new one. Points and texture coordinates are indexed separately, as
in the OBJ format, so that a texture's seams do not split the surface.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numba as nb
import numpy as np
import scipy.sparse
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
ON_LINE_M = 1e-5


@dataclass(frozen=True)
class Surface:
    """points (V, 3) m; weights (V, B) of the bones; uv (U, 2) in 0..1, v up; faces and uv_faces (F, 3) indices."""

    points: Floats
    weights: Floats
    uv: Floats
    faces: Ints
    uv_faces: Ints

    def __len__(self) -> int:
        return len(self.points)


def triangles(quads: Ints) -> Ints:
    """(Q, 4) quadrilaterals as (2 Q, 3) triangles."""
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def compact(surface: Surface) -> Surface:
    """The surface without the points and texture coordinates that no face uses."""
    used, faces = np.unique(surface.faces, return_inverse=True)
    uv_used, uv_faces = np.unique(surface.uv_faces, return_inverse=True)
    return Surface(
        surface.points[used],
        surface.weights[used],
        surface.uv[uv_used],
        faces.reshape(-1, 3).astype(np.int32),
        uv_faces.reshape(-1, 3).astype(np.int32),
    )


def clip(surface: Surface, values: NDArray[np.floating]) -> Surface:
    """The part where `values` (V,), linear over each face, is not negative; its edge is smooth, not jagged."""
    # A corner on the line is moved 10 micrometres inside, so that no face has zero area.
    values = np.where(np.abs(values) < ON_LINE_M, ON_LINE_M, values)
    inside = values[surface.faces] >= 0
    whole = inside.all(1)
    faces, uv_faces = [surface.faces[whole]], [surface.uv_faces[whole]]
    cuts: dict[tuple[int, int], int] = {}
    uv_cuts: dict[tuple[int, int], int] = {}

    def cut(table: dict[tuple[int, int], int], start: int, a: int, b: int) -> int:
        return table.setdefault((min(a, b), max(a, b)), start + len(table))

    shares: dict[tuple[int, int], float] = {}
    uv_shares: dict[tuple[int, int], float] = {}
    for face in np.flatnonzero(inside.any(1) & ~whole):
        corners, uv_corners = surface.faces[face].tolist(), surface.uv_faces[face].tolist()
        outline, uv_outline = [], []
        for k in range(3):
            a, b, ua, ub = corners[k], corners[(k + 1) % 3], uv_corners[k], uv_corners[(k + 1) % 3]
            if values[a] >= 0:
                outline.append(a)
                uv_outline.append(ua)
            if (values[a] >= 0) != (values[b] >= 0):
                share = float(values[a] / (values[a] - values[b]))
                shares[min(a, b), max(a, b)] = share if a < b else 1 - share
                uv_shares[min(ua, ub), max(ua, ub)] = share if ua < ub else 1 - share
                outline.append(cut(cuts, len(surface), a, b))
                uv_outline.append(cut(uv_cuts, len(surface.uv), ua, ub))
        fan = np.array([[0, k, k + 1] for k in range(1, len(outline) - 1)])
        faces.append(np.array(outline, np.int32)[fan])
        uv_faces.append(np.array(uv_outline, np.int32)[fan])
    return compact(
        Surface(
            _with_cuts(surface.points, cuts, shares),
            _with_cuts(surface.weights, cuts, shares),
            _with_cuts(surface.uv, uv_cuts, uv_shares),
            np.concatenate(faces),
            np.concatenate(uv_faces),
        )
    )


def _with_cuts(rows: Floats, cuts: dict[tuple[int, int], int], shares: dict[tuple[int, int], float]) -> Floats:
    """`rows`, followed by one row for each cut edge in the order of their numbers."""
    if not cuts:
        return rows
    edges = np.array(list(cuts))
    share = np.array([shares[edge] for edge in cuts], np.float32)[:, None]
    return np.concatenate([rows, rows[edges[:, 0]] * (1 - share) + rows[edges[:, 1]] * share])


def _links(surface: Surface, *, border: bool) -> scipy.sparse.csr_matrix:
    """Which points are neighbours (V, V), along all edges or only along those of the border."""
    count = len(surface)
    a, b = surface.faces[:, [0, 1, 2]].ravel(), surface.faces[:, [1, 2, 0]].ravel()
    directed = scipy.sparse.coo_matrix((np.ones(len(a)), (a, b)), (count, count)).tocsr()
    if border:
        # An edge inside the surface occurs once in each direction, one on its border in only one.
        directed = abs(directed - directed.T)
        directed.eliminate_zeros()
        return directed
    return directed + directed.T


def relax(surface: Surface, values: NDArray[np.floating], *, rounds: int, border: bool = False) -> NDArray[np.float64]:
    """Values (V, ...) of the points, each replaced by the mean of its neighbours' values `rounds` times.

    border: False smooths everything except the border; True smooths only the border.
    """
    on_border = np.asarray(_links(surface, border=True).sum(1)).ravel() > 0
    links = _links(surface, border=border)
    step = scipy.sparse.diags(1 / np.maximum(np.asarray(links.sum(1)).ravel(), 1)) @ links
    moving = on_border if border else ~on_border
    relaxed = np.array(values, np.float64)
    for _ in range(rounds):
        relaxed[moving] = 0.5 * (relaxed + step @ relaxed)[moving] if border else (step @ relaxed)[moving]
    return relaxed


def smooth(surface: Surface, *, rounds: int, border: bool = False) -> Surface:
    """The surface with its points relaxed; see `relax`."""
    return replace(surface, points=relax(surface, surface.points, rounds=rounds, border=border).astype(np.float32))


def join(surfaces: Sequence[Surface]) -> tuple[Surface, Ints]:
    """All surfaces as one, and the number of the original surface of each face (F,)."""
    point_start = np.cumsum([0, *(len(s) for s in surfaces)])
    uv_start = np.cumsum([0, *(len(s.uv) for s in surfaces)])
    whole = Surface(
        np.concatenate([s.points for s in surfaces]).astype(np.float32),
        np.concatenate([s.weights for s in surfaces]).astype(np.float32),
        np.concatenate([s.uv for s in surfaces]).astype(np.float32),
        np.concatenate([s.faces + k for s, k in zip(surfaces, point_start, strict=False)]).astype(np.int32),
        np.concatenate([s.uv_faces + k for s, k in zip(surfaces, uv_start, strict=False)]).astype(np.int32),
    )
    origin = np.concatenate([np.full(len(s.faces), k, np.int32) for k, s in enumerate(surfaces)])
    return whole, origin


@nb.njit(cache=True, fastmath=True)
def point_normals(points: Floats, faces: Ints) -> Floats:
    """Unit normals (V, 3) of the points, outward if faces run counter-clockwise seen from outside."""
    normals = np.zeros_like(points)
    for f in range(len(faces)):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        vx, vy, vz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for k in (a, b, c):
            normals[k, 0] += nx
            normals[k, 1] += ny
            normals[k, 2] += nz
    for k in range(len(normals)):
        length = np.sqrt(normals[k, 0] ** 2 + normals[k, 1] ** 2 + normals[k, 2] ** 2) + np.float32(1e-20)
        normals[k, 0] /= length
        normals[k, 1] /= length
        normals[k, 2] /= length
    return normals


@nb.njit(cache=True, fastmath=True)
def skin(points: Floats, bones: Ints, shares: Floats, transforms: Floats) -> Floats:
    """Linear blend skinning: points (V, 3) moved by the `shares` (V, K) of `transforms` (B, 3, 4) of `bones` (V, K)."""
    moved = np.empty_like(points)
    for v in range(len(points)):
        x, y, z = points[v, 0], points[v, 1], points[v, 2]
        for row in range(3):
            total = np.float32(0)
            for k in range(bones.shape[1]):
                share = shares[v, k]
                if share > 0:
                    m = transforms[bones[v, k]]
                    total += share * (m[row, 0] * x + m[row, 1] * y + m[row, 2] * z + m[row, 3])
            moved[v, row] = total
    return moved


def strongest(weights: Floats, *, bones: int) -> tuple[Ints, Floats]:
    """The `bones` strongest bones (V, K) of each point and their shares (V, K), which sum to 1."""
    order = np.argsort(-weights, axis=1)[:, :bones]
    shares = np.take_along_axis(weights, order, axis=1)
    return order.astype(np.int32), (shares / np.maximum(shares.sum(1, keepdims=True), 1e-9)).astype(np.float32)
