import numpy as np
import pytest

from danceit_core.studio.surface import Surface, clip, compact, join, point_normals, relax, skin, smooth, strongest


def grid(size=9):
    """A flat square of side 1 in z = 0 that faces +z, on one bone."""
    x, y = np.meshgrid(np.linspace(0, 1, size), np.linspace(0, 1, size))
    points = np.stack([x, y, 0 * x], -1).reshape(-1, 3).astype(np.float32)
    number = np.arange(size * size).reshape(size, size)
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]
    faces = np.concatenate([np.stack(corner, -1).reshape(-1, 3) for corner in ((a, b, c), (a, c, d))]).astype(np.int32)
    return Surface(points, np.ones((len(points), 1), np.float32), points[:, :2].copy(), faces, faces.copy())


def area(surface):
    a, b, c = (surface.points[surface.faces[:, k]] for k in range(3))
    return np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2


@pytest.mark.parametrize("level", [0.5, 0.33, 0.07])
def test_clip_cuts_along_the_line(level):
    whole = grid()
    part = clip(whole, whole.points[:, 0] - level)
    assert area(part) == pytest.approx(1 - level, abs=2e-5)
    assert part.points[:, 0].min() == pytest.approx(level, abs=2e-5)
    # Texture and weights are cut with it; faces keep their side.
    assert np.allclose(part.uv[part.uv_faces], part.points[part.faces][..., :2], atol=1e-6)
    assert np.allclose(part.weights, 1)
    assert np.allclose(point_normals(part.points, part.faces), [0, 0, 1], atol=1e-6)


def test_clip_of_all_or_nothing():
    whole = grid()
    assert area(clip(whole, np.ones(len(whole)))) == pytest.approx(1)
    nothing = clip(whole, -np.ones(len(whole)))
    assert len(nothing) == 0
    assert nothing.faces.shape == (0, 3)


def test_smoothing_takes_out_a_bump_and_keeps_the_border():
    bumpy = grid()
    bumpy.points[40, 2] = 0.5
    flat = smooth(bumpy, rounds=30)
    assert np.abs(flat.points[:, 2]).max() < 0.1
    edge = (bumpy.points[:, :2] == 0).any(1) | (bumpy.points[:, :2] == 1).any(1)
    assert np.array_equal(flat.points[edge], bumpy.points[edge])
    hem = smooth(bumpy, rounds=5, border=True)
    assert np.array_equal(hem.points[~edge], bumpy.points[~edge])


def test_relax_of_a_constant_changes_nothing():
    assert np.allclose(relax(grid(), np.full(81, 3.0), rounds=4), 3)


def test_join_tells_where_faces_came_from():
    whole, origin = join([grid(3), grid(5)])
    assert len(whole) == 9 + 25
    assert np.bincount(origin).tolist() == [8, 32]
    assert area(whole) == pytest.approx(2)
    assert len(compact(whole)) == len(whole)


def test_skin_follows_its_bones():
    points = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    bones, shares = strongest(np.array([[0.5, 0.5, 0], [0, 0, 2.0]], np.float32), bones=2)
    assert np.allclose(shares.sum(1), 1)
    moves = np.tile(np.eye(3, 4, dtype=np.float32), (3, 1, 1))
    moves[0, 0, 3], moves[1, 0, 3], moves[2, 2, 3] = 1, 3, 5
    assert np.allclose(skin(points, bones, shares, moves), [[3, 0, 0], [0, 1, 5]])
