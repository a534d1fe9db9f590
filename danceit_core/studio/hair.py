"""Hair: a shell over the scalp inside a hairline, and optionally a bob, a ponytail or a bun."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from danceit_core.studio.body import Body
from danceit_core.studio.look import Hair
from danceit_core.studio.surface import Surface, clip, point_normals, smooth

Values = NDArray[np.float64]
# The hairline's height above the eyes by the angle round the head: 0 ahead, then temple, ear, 180 the nape.
HAIRLINE_DEG = (0, 25, 45, 62, 74, 84, 100, 118, 132, 150, 180)
HAIRLINE_M = (0.066, 0.064, 0.050, 0.028, 0.000, -0.004, 0.030, 0.026, -0.020, -0.048, -0.058)
THICKNESS_M = {"short": 0.018, "curly": 0.030, "bob": 0.013, "ponytail": 0.009, "bun": 0.009}
TUCK_M = 0.012  # the scalp continues this far under the hair


def make_hair(body: Body, hair: Hair) -> list[Surface]:
    """The surfaces of a hair style; all are bound to the head."""
    centre, over = _head_frame(body)
    shell = _shell(body, over, THICKNESS_M[hair.style], curly=hair.style == "curly")
    crown = body.height
    if hair.style == "bun":
        return [shell, _ball(body, _back_of_head(body, centre[1] + 0.075) + np.array([0, 0.012, -0.012]), 0.040)]
    if hair.style == "ponytail":
        return [shell, _tail(body, _back_of_head(body, centre[1] + 0.045) + np.array([0, 0, 0.012]))]
    if hair.style == "bob":
        return [shell, _curtain(body, centre, crown)]
    return [shell]


def bald(body: Body) -> Values:
    """Positive (V,) on the points of the skin that hair does not hide, as the distance in metres from hidden ones."""
    return TUCK_M - _head_frame(body)[1]


def _back_of_head(body: Body, height: float) -> Values:
    """The rearmost point (3,) of the head at a height."""
    points = body.skin.points.astype(np.float64)
    near = (np.abs(points[:, 1] - height) < 0.015) & (np.abs(points[:, 0]) < 0.02)
    return np.array([0.0, height, points[near, 2].min()])


def _head_frame(body: Body) -> tuple[Values, Values]:
    """The head's middle at eye level (3,), and each skin point's height above the hairline (V,)."""
    points = body.skin.points.astype(np.float64)
    eyes = (points[body.markers["left_eye"]].mean(0) + points[body.markers["right_eye"]].mean(0)) / 2
    ears = (points[body.markers["left_ear"]].mean(0) + points[body.markers["right_ear"]].mean(0)) / 2
    centre = np.array([0.0, eyes[1], ears[2] + 0.015])
    angle = np.degrees(np.abs(np.arctan2(points[:, 0], points[:, 2] - centre[2])))
    line = PchipInterpolator(HAIRLINE_DEG, HAIRLINE_M)(angle)
    head = body.skin.weights[:, body.skeleton.index("head")]
    over = points[:, 1] - centre[1] - line
    return centre, np.where(head > 0.3, over, -1.0)


def _shell(body: Body, over: Values, thickness: float, *, curly: bool) -> Surface:
    """The scalp, thin at the hairline and full `thickness` 3 cm above it."""
    scalp = clip(body.skin, over)
    points = scalp.points.astype(np.float64)
    smoothed = smooth(scalp, rounds=6)
    centre, _ = _head_frame(body)
    angle = np.degrees(np.abs(np.arctan2(points[:, 0], points[:, 2] - centre[2])))
    depth = points[:, 1] - centre[1] - PchipInterpolator(HAIRLINE_DEG, HAIRLINE_M)(angle)
    full = np.clip(depth / 0.03, 0, 1)
    full = full * full * (3 - 2 * full)
    # Sides are cut shorter than the top.
    top = np.clip((points[:, 1] - centre[1]) / 0.09, 0, 1)
    amount = 0.003 + thickness * full * (0.35 + 0.65 * top)
    rng = np.random.default_rng(5)
    waves = np.zeros(len(points))
    for _ in range(8):
        waves += np.sin(points @ rng.normal(size=3) * (170 if curly else 60) + rng.uniform(0, 6.28))
    amount += (0.0022 if curly else 0.0008) * waves * full
    normals = point_normals(smoothed.points, smoothed.faces)
    lifted = replace(scalp, points=(scalp.points + normals * amount[:, None]).astype(np.float32))
    return smooth(lifted, rounds=8, border=True)


def _on_head(body: Body, grid: Values, *, closed: bool) -> Surface:
    """A grid of points (rows, columns, 3) as a surface on the head; `closed`: the last column meets the first."""
    rows, columns = grid.shape[:2]
    number = np.arange(rows * columns).reshape(rows, columns)
    right = np.roll(number, -1, axis=1)
    last = columns if closed else columns - 1
    a, b, c, d = number[:-1, :last], right[:-1, :last], right[1:, :last], number[1:, :last]
    faces = np.concatenate([np.stack(corner, -1).reshape(-1, 3) for corner in ((a, d, c), (a, c, b))])
    # Texture: along the strand downwards, round the head sideways.
    v, u = np.meshgrid(np.linspace(1, 0, rows), np.linspace(0, 1, columns), indexing="ij")
    weights = np.zeros((rows * columns, len(body.skeleton.names)), np.float32)
    weights[:, body.skeleton.index("head")] = 1
    faces = faces.astype(np.int32)
    uv = np.stack([u, v], -1).reshape(-1, 2).astype(np.float32)
    return Surface(grid.reshape(-1, 3).astype(np.float32), weights, uv, faces, faces)


def _ball(body: Body, centre: Values, radius: float) -> Surface:
    """A slightly rough bun."""
    polar, angle = np.meshgrid(
        np.linspace(0.02, np.pi - 0.02, 14), np.linspace(0, 2 * np.pi, 24, endpoint=False), indexing="ij"
    )
    radii = radius * (1 + 0.05 * np.sin(5 * angle + 4 * polar))
    direction = np.stack([np.sin(polar) * np.sin(angle), np.cos(polar), np.sin(polar) * np.cos(angle)], -1)
    return _on_head(body, centre + radii[..., None] * direction, closed=True)


def _tail(body: Body, start: Values) -> Surface:
    """A ponytail: a tapered tube that leaves the head backwards and falls."""
    along = np.linspace(0, 1, 20)
    spine = start + np.stack(
        [0 * along, 0.03 * np.sin(2.6 * along) - 0.23 * along**1.7, -0.065 * np.sin(1.9 * along)], 1
    )
    radius = 0.012 + 0.022 * np.sin(np.pi * np.clip(along * 1.15, 0, 1)) ** 0.7 * (1 - 0.35 * along)
    radius[-1] = 0.002
    angle = np.linspace(0, 2 * np.pi, 18, endpoint=False)
    rough = 1 + 0.06 * np.sin(6 * angle[None] + 5 * along[:, None])
    forward = np.gradient(spine, axis=0)
    forward /= np.linalg.norm(forward, axis=1, keepdims=True)
    across = np.tile([1.0, 0.0, 0.0], (len(along), 1))
    up = np.cross(forward, across)
    ring = np.cos(angle)[None, :, None] * across[:, None] * 1.25 + np.sin(angle)[None, :, None] * up[:, None]
    return _on_head(body, spine[:, None] + (radius[:, None] * rough)[..., None] * ring, closed=True)


def _curtain(body: Body, centre: Values, crown: float) -> Surface:
    """A bob: hair from the crown over the sides and back of the head down to the jaw, curled in at its end."""
    angle = np.radians(np.linspace(52, 308, 60))
    along = np.linspace(0, 1, 24)
    top = crown + 0.016
    # A quarter of an ellipse over the skull, then straight down.
    bend = np.clip(along / 0.42, 0, 1) * np.pi / 2
    fall = np.clip((along - 0.42) / 0.58, 0, 1)
    side = np.abs(np.sin(angle))
    wide = 0.094 + 0.006 * np.cos(2 * angle)
    deep = np.where(np.cos(angle) > 0, 0.085, 0.108)
    reach = np.sin(bend)[:, None] * (1 + 0.10 * fall - 0.22 * np.clip(fall - 0.7, 0, 1))[:, None]
    waves = 1 + 0.012 * np.sin(14 * angle)[None] * fall[:, None]
    x = reach * waves * wide * np.sin(angle)
    z = reach * waves * deep * np.cos(angle) - 0.012
    start = centre[1] + 0.02
    y = start + (top - start) * np.cos(bend)[:, None] - (0.125 + 0.02 * (1 - side))[None] * fall[:, None]
    grid = np.stack([x, y + 0 * x, z + centre[2]], -1)
    return _on_head(body, grid, closed=False)
