"""Textures: skin with a face, cloth, hair, shoes and eyes, painted by place on the body at rest.

A texture is a uint8 sRGB picture (S, S, 3). `bake` transfers values from a surface's points to its texture space, so
that painting code can use metres ("5 mm above the eye") instead of pixels.
"""

import cv2
import numba as nb
import numpy as np
from numpy.typing import ArrayLike, NDArray

from danceit_core.studio.body import EYELIDS, LIPS, NAILS, Body
from danceit_core.studio.clothes import ARM_BONES, along_arm, bone_share
from danceit_core.studio.look import Bottom, Colour, Hair, Look, Top
from danceit_core.studio.surface import Floats, Ints, Surface

TEXTURE_SIZE = 1024
Picture = NDArray[np.uint8]


@nb.njit(cache=True)
def _bake(uv: Floats, uv_faces: Ints, faces: Ints, values: Floats, size: int) -> Floats:
    baked = np.zeros((size, size, values.shape[1]), np.float32)
    sure = np.zeros((size, size), np.bool_)
    for f in range(len(faces)):
        ax, ay = uv[uv_faces[f, 0], 0] * size, (1 - uv[uv_faces[f, 0], 1]) * size
        bx, by = uv[uv_faces[f, 1], 0] * size, (1 - uv[uv_faces[f, 1], 1]) * size
        cx, cy = uv[uv_faces[f, 2], 0] * size, (1 - uv[uv_faces[f, 2], 1]) * size
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < 1e-9:
            continue
        for row in range(max(0, int(min(ay, by, cy)) - 2), min(size, int(max(ay, by, cy)) + 3)):
            for column in range(max(0, int(min(ax, bx, cx)) - 2), min(size, int(max(ax, bx, cx)) + 3)):
                x, y = column + 0.5, row + 0.5
                w0 = ((bx - x) * (cy - y) - (by - y) * (cx - x)) / area
                w1 = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) / area
                w2 = 1 - w0 - w1
                inside = min(w0, w1, w2) >= 0
                # A gutter around each island keeps its seams invisible.
                if inside or (not sure[row, column] and min(w0, w1, w2) > -0.7):
                    if inside:
                        sure[row, column] = True
                    for k in range(values.shape[1]):
                        baked[row, column, k] = (
                            w0 * values[faces[f, 0], k] + w1 * values[faces[f, 1], k] + w2 * values[faces[f, 2], k]
                        )
    return baked


def bake(surface: Surface, values: Floats, *, size: int = TEXTURE_SIZE) -> Floats:
    """Values (V, K) of the points as a picture (size, size, K) in the surface's texture space."""
    return _bake(surface.uv, surface.uv_faces, surface.faces, np.ascontiguousarray(values, np.float32), size)


def _noise(places: Floats, rates: tuple[float, float, float], seed: int) -> Floats:
    """Soft noise of places (..., 3), about -1..1, with `rates` waves per metre along each axis."""
    rng = np.random.default_rng(seed)
    total = np.zeros(places.shape[:-1], np.float32)
    for _ in range(5):
        direction = (rng.normal(size=3) * rates * 4).astype(np.float32)
        total += np.sin(places @ direction + np.float32(rng.uniform(0, 6.28)))
    return total / 2.2


def _smoothstep(low: float, high: float, values: Floats) -> Floats:
    share = np.clip((values - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


def _mix(picture: Floats, colour: ArrayLike, share: Floats) -> Floats:
    return picture + share[..., None] * (np.asarray(colour, np.float32) - picture)


def _finish(picture: Floats) -> Picture:
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)


def paint_skin(body: Body, look: Look) -> Picture:
    """Skin with brows, lips, lids, cheeks, nails, stubble, and the scalp's shadow under the hair."""
    skin = body.skin
    head = skin.weights[:, [body.skeleton.index("head")]]
    values = bake(skin, np.concatenate([skin.points, body.brow[:, None], head], axis=1))
    places, brow, head_share = values[..., :3], values[..., 3], values[..., 4]
    eyes = skin.points[np.concatenate([body.markers["left_eye"], body.markers["right_eye"]])].mean(0)
    apart = abs(float(skin.points[body.markers["left_eye"]].mean(0)[0]))
    x, y, z = np.abs(places[..., 0]), places[..., 1] - eyes[1], places[..., 2] - eyes[2]
    face = (head_share > 0.5) & (z > -0.06)
    base = np.asarray(look.skin, np.float32)
    picture = base * (1 + 0.035 * _noise(places, (9, 9, 9), 1)[..., None])
    # Cheeks, nose, ears and knuckles are redder.
    cheek = np.exp(-(((x - apart - 0.012) / 0.022) ** 2 + ((y + 0.040) / 0.018) ** 2)) * face
    nose = np.exp(-((x / 0.014) ** 2 + ((y + 0.035) / 0.014) ** 2)) * (z > 0.01) * face
    flush = (0.22 + 0.2 * look.makeup) * cheek + 0.22 * nose
    picture = _mix(picture, base * np.array([1.02, 0.72, 0.68], np.float32), flush)
    if look.hair.beard:
        beard = _smoothstep(-0.045, -0.062, y + 0.25 * np.clip(-z - 0.02, 0, 1)) * _smoothstep(-0.150, -0.125, y)
        beard *= (head_share > 0.4) * _smoothstep(-0.11, -0.085, z)
        beard *= 1 + 0.18 * np.random.default_rng(2).normal(size=beard.shape)
        picture = _mix(
            picture, np.asarray(look.hair.colour) * 0.8 + 0.12 * base, look.hair.beard * np.clip(beard, 0, 1)
        )
    line = 0.0225 + 0.0045 * np.sin(np.clip((x - 0.012) / 0.046, 0, 1) * 2.5)
    hairs = (
        np.exp(-(((y - line) / (0.0044 - 0.0012 * look.makeup)) ** 2))
        * _smoothstep(0.010, 0.016, x)
        * _smoothstep(0.060, 0.050, x)
    )
    hairs = hairs * face * (brow > 0.3) * (z > -0.03)
    picture = _mix(picture, np.asarray(look.hair.colour) * 0.75, (0.85 - 0.25 * look.makeup) * hairs)
    picture = _mix(picture, base * (0.72 - 0.25 * look.makeup), 0.55 * _mask(body, EYELIDS))
    picture = _mix(picture, look.lips, 0.75 * _mask(body, LIPS))
    picture = _mix(picture, base * 0.85 + 0.15, 0.5 * _mask(body, NAILS))
    return _finish(picture)


def _mask(body: Body, name: str) -> Floats:
    return cv2.resize(body.masks[name], (TEXTURE_SIZE, TEXTURE_SIZE), interpolation=cv2.INTER_AREA)


def _cloth(colour: Colour, places: Floats, seed: int, *, weave: float) -> Floats:
    """Plain cloth with soft creases and a fine weave."""
    grain = np.random.default_rng(seed).normal(size=places.shape[:2]).astype(np.float32)
    shade = 1 + 0.06 * _noise(places, (9, 5, 9), seed) + 0.03 * _noise(places, (5, 20, 5), seed + 1) + weave * grain
    return np.asarray(colour, np.float32) * shade[..., None]


def paint_top(body: Body, cloth: Surface, top: Top) -> Picture:
    """The shirt's cloth with its stripes or disc; stripes run round the chest and round the arms."""
    arm = bone_share(body, cloth, ARM_BONES)
    along, length = along_arm(body, cloth.points.astype(np.float64))
    down = body.skeleton.head("upperarm_l")[1] - along * length
    level = (1 - arm) * cloth.points[:, 1] + arm * down
    baked = bake(cloth, np.concatenate([cloth.points, level[:, None]], axis=1))
    places = baked[..., :3]
    picture = _cloth(top.colour, places, 9, weave=0.025)
    if top.stripe and top.stripe_m:
        wave = np.sin(2 * np.pi * baked[..., 3] / top.stripe_m)
        picture = _mix(picture, _cloth(top.stripe, places, 9, weave=0.025), _smoothstep(0.12, 0.3, wave))
    elif top.stripe:
        middle = body.skeleton.head("spine_03")[1] + 0.075
        distance = np.hypot(places[..., 0], places[..., 1] - middle)
        disc = _smoothstep(0.078, 0.075, distance) * (places[..., 2] > 0)
        ring = _smoothstep(0.052, 0.049, distance) * _smoothstep(0.036, 0.039, distance)
        picture = _mix(picture, top.stripe, disc * (1 - ring))
    return _finish(picture)


def paint_bottom(body: Body, cloth: Surface, bottom: Bottom) -> Picture:
    """Trousers, with a stripe down the outer seam if they have one."""
    places = bake(cloth, cloth.points)
    picture = _cloth(bottom.colour, places, 21, weave=0.05)
    if bottom.seam:
        hip, ankle = body.skeleton.head("thigh_l"), body.skeleton.head("foot_l")
        centre = hip[2] + (ankle[2] - hip[2]) * np.clip((hip[1] - places[..., 1]) / (hip[1] - ankle[1]), 0, 1)
        middle = hip[0] + (ankle[0] - hip[0]) * np.clip((hip[1] - places[..., 1]) / (hip[1] - ankle[1]), 0, 1)
        outer = np.abs(places[..., 0]) > middle + 0.01
        picture = _mix(picture, bottom.seam, _smoothstep(0.020, 0.017, np.abs(places[..., 2] - centre)) * outer)
    return _finish(picture)


def paint_shoes(body: Body, shoes: Surface, colour: Colour) -> Picture:
    """Sneakers: a coloured upper; sole and laces lighter than it, or darker on white shoes."""
    places = bake(shoes, shoes.points)
    sole = (0.93, 0.93, 0.91) if sum(colour) < 2.2 else (0.62, 0.60, 0.58)
    picture = _cloth(colour, places, 31, weave=0.02)
    ankle, ball = body.skeleton.head("foot_l"), body.skeleton.head("ball_l")
    x, y, z = np.abs(places[..., 0]) - ankle[0], places[..., 1], places[..., 2]
    picture = _mix(picture, sole, _smoothstep(0.019, 0.017, y))
    laces = _smoothstep(0.018, 0.015, np.abs(x)) * (z > ankle[2] + 0.035) * (z < ball[2]) * (np.sin(z * 520) > 0.1)
    return _finish(_mix(picture, sole, laces * (y > 0.035)))


def paint_scalp(body: Body, hair: Hair) -> Picture:
    """Hair on the head, combed from the brow to the nape."""
    places = bake(body.skin, body.skin.points)
    if hair.style == "curly":
        curls = np.random.default_rng(41).normal(size=places.shape[:2]).astype(np.float32)
        strands = 0.30 * _noise(places, (60, 60, 60), 41) + 0.8 * cv2.GaussianBlur(curls, (0, 0), 1.2)
    else:
        strands = 0.24 * _noise(places, (130, 12, 22), 41) + 0.10 * _noise(places, (300, 30, 60), 42)
    return _finish(np.asarray(hair.colour, np.float32) * (1 + strands[..., None]))


def paint_strands(colour: Colour) -> Picture:
    """Hanging hair: streaks along v."""
    rng = np.random.default_rng(43)
    streaks = cv2.GaussianBlur(rng.normal(size=(64, TEXTURE_SIZE)).astype(np.float32), (0, 0), 2.0, sigmaY=12.0)
    streaks = cv2.resize(streaks / streaks.std(), (TEXTURE_SIZE, TEXTURE_SIZE), interpolation=cv2.INTER_CUBIC)
    return _finish(np.asarray(colour, np.float32) * (1 + 0.17 * streaks[..., None]))


def paint_eyes(eyes: Surface, iris: Colour) -> Picture:
    """Eyeballs: white, iris with a dark rim, pupil."""
    left = eyes.points[:, 0] > 0
    radius = np.zeros((len(eyes), 1), np.float32)
    for side in (left, ~left):
        front = eyes.points[side][np.argmax(eyes.points[side][:, 2])]
        radius[side, 0] = np.linalg.norm(eyes.points[side] - front, axis=1)
    away = bake(eyes, radius)[..., 0]
    picture = np.full((*away.shape, 3), (0.80, 0.78, 0.76), np.float32)
    picture = _mix(picture, np.asarray(iris) * 0.45, _smoothstep(0.0073, 0.0067, away))
    picture = _mix(picture, iris, _smoothstep(0.0064, 0.0058, away))
    return _finish(_mix(picture, (0.02, 0.02, 0.02), _smoothstep(0.0030, 0.0026, away)))


def paint_plain(colour: Colour) -> Picture:
    """One colour all over."""
    return _finish(np.broadcast_to(np.asarray(colour, np.float32), (TEXTURE_SIZE, TEXTURE_SIZE, 3)))
