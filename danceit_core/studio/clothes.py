"""Clothes: parts of the skin's surface, cut along hems, smoothed as cloth bridges hollows, and lifted off the body.

Functions that are positive inside, in metres from the hem, define where cloth lies and where skin shows.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from danceit_core.studio.body import Body
from danceit_core.studio.look import Bottom, Look, Top
from danceit_core.studio.surface import Floats, Surface, clip, point_normals, relax, smooth

Values = NDArray[np.float64]
ARM_BONES = ("upperarm", "lowerarm", "hand", "thumb", "index", "middle", "ring", "pinky")
TUCK_M = 0.022  # skin continues this far under cloth
SHOE_TOP_M = 0.02  # above the ankle's centre
HEM_ROUNDS = 12


@dataclass(frozen=True)
class Regions:
    """Signed distances (V,) on the skin's points, positive inside: shirt, trousers, shoes, and the skin that shows."""

    top: Values
    bottom: Values
    shoes: Values
    bare: Values


def bone_share(body: Body, surface: Surface, prefixes: tuple[str, ...]) -> Floats:
    """The share (V,) of each point that is bound to the bones whose names begin with one of `prefixes`."""
    chosen = [k for k, name in enumerate(body.skeleton.names) if name.startswith(prefixes)]
    return surface.weights[:, chosen].sum(1)


def find_regions(body: Body, look: Look) -> Regions:
    """Where on the skin each garment lies."""
    skeleton, points = body.skeleton, body.skin.points.astype(np.float64)
    arm = bone_share(body, body.skin, ARM_BONES).astype(np.float64)
    y = points[:, 1]
    waist = skeleton.head("pelvis")[1] + 0.065
    ankle = skeleton.head("foot_l")[1]
    along, length = along_arm(body, points)
    # The collar is a plane that is lower in front.
    collar = skeleton.head("neck_01")[1] - 0.018 - look.top.collar_drop_m - (y + 0.58 * points[:, 2])
    shirt = np.minimum(y - (waist - look.top.hem_m), collar)
    top = arm * (look.top.sleeve - along) * length + (1 - arm) * shirt
    bottom = np.minimum(waist - y, y - (ankle + look.bottom.hem_m)) - arm
    shoes = ankle + SHOE_TOP_M - y - arm
    bare = np.minimum(np.minimum(TUCK_M - top, TUCK_M - bottom), 0.5 * TUCK_M - shoes)
    return Regions(top, bottom, shoes, bare)


def along_arm(body: Body, points: Values) -> tuple[Values, float]:
    """Place along the arm (V,), 0 shoulder, 1 elbow, 2 wrist, and the upper arm's length in metres."""
    skeleton = body.skeleton
    shoulder, elbow, wrist = (skeleton.head(name) for name in ("upperarm_l", "lowerarm_l", "hand_l"))
    mirrored = points * [1, 1, 1]
    mirrored[:, 0] = np.abs(mirrored[:, 0])
    upper, fore = elbow - shoulder, wrist - elbow
    first = (mirrored - shoulder) @ upper / (upper @ upper)
    second = 1 + (mirrored - elbow) @ fore / (fore @ fore)
    blend = np.clip((first - 0.85) / 0.3, 0, 1)
    return (1 - blend) * first + blend * np.maximum(second, 0.85), float(np.linalg.norm(upper))


def make_top(body: Body, regions: Regions, top: Top) -> Surface:
    """The shirt: it hangs from chest and shoulders and falls freely to its hem."""
    cloth = clip(body.skin, regions.top)
    waist = body.skeleton.head("pelvis")[1] + 0.065
    # It widens towards a hanging hem, but not towards one that is tucked in.
    below = np.clip((waist + 0.10 - cloth.points[:, 1]) / 0.2, 0, 1) * (top.hem_m > 0)
    arm = bone_share(body, cloth, ARM_BONES)
    along, _ = along_arm(body, cloth.points.astype(np.float64))
    cuff = arm * np.clip(1 - np.abs(along - top.sleeve) / 0.35, 0, 1)
    loose = top.loose * (0.75 + 0.9 * below * (1 - arm)) + 0.006 * cuff * (top.sleeve < 1.5) + 0.003
    folds = (
        0.30
        * top.loose
        * (_folds(cloth.points, (14, 22, 14), 3) * (0.4 + below) + _folds(cloth.points, (30, 9, 30), 4))
    )
    return _lift(smooth(cloth, rounds=14), cloth, loose + folds)


def make_trousers(body: Body, regions: Regions, bottom: Bottom) -> Surface:
    """Trousers: close at the waist, wider down the leg, folds over the shoe."""
    cloth = clip(body.skin, regions.bottom)
    waist, knee = body.skeleton.head("pelvis")[1] + 0.065, body.skeleton.head("calf_l")[1]
    down = np.clip((waist - cloth.points[:, 1]) / (waist - knee), 0, 2)
    loose = 0.006 + bottom.loose * np.clip(down, 0, 1.0) + 0.5 * bottom.loose * np.clip(down - 1, 0, 1)
    low = np.clip(down - 1.45, 0, 0.5) * 2
    folds = 0.25 * bottom.loose * (_folds(cloth.points, (10, 14, 10), 5) + low * _folds(cloth.points, (6, 60, 6), 6))
    return _lift(smooth(cloth, rounds=10), cloth, loose + folds)


def make_shoes(body: Body, regions: Regions) -> Surface:
    """Sneakers: the convex hull of each foot, thickened, with a flat sole."""
    foot = clip(body.skin, regions.shoes)
    points = foot.points.astype(np.float64)
    for side in (1, -1):
        here = points[:, 0] * side > 0
        ankle, ball = (body.skeleton.head(f"{bone}_{'l' if side > 0 else 'r'}") for bone in ("foot", "ball"))
        centre = np.array([(ankle[0] + ball[0]) / 2, 0.035, (ankle[2] + ball[2]) / 2 - 0.01])
        planes = ConvexHull(points[here]).equations
        ray = points[here] - centre
        # Distance of the hull along each ray: the nearest of the hull's planes that the ray runs towards.
        slope = ray @ planes[:, :3].T
        away = -(planes[:, :3] @ centre + planes[:, 3])
        stretch = np.where(slope > 1e-9, away / np.maximum(slope, 1e-9), np.inf).min(1, keepdims=True)
        low = np.clip((ankle[1] - 0.005 - points[here, 1:2]) / 0.03, 0, 1)
        points[here] = points[here] + low * ray * (stretch - 1)
    bag = smooth(replace(foot, points=points.astype(np.float32)), rounds=3)
    normals = point_normals(bag.points, bag.faces)
    shoe = smooth(replace(bag, points=bag.points + np.float32(0.007) * normals), rounds=HEM_ROUNDS, border=True)
    return replace(shoe, points=np.maximum(shoe.points, np.array([-np.inf, 0, -np.inf], np.float32)))


def make_skirt(body: Body, *, length: float) -> Surface:
    """A flared skirt from the mesh's skirt form, ending `length` metres below the waist."""
    form = body.parts["skirt"]
    waist = body.skeleton.head("pelvis")[1] + 0.065
    cloth = clip(form, form.points[:, 1] - (waist - length))
    down = np.clip((waist - cloth.points[:, 1]) / length, 0, 1)
    angle = np.arctan2(cloth.points[:, 0], cloth.points[:, 2])
    flare = 1.10 + 0.30 * down + 0.03 * down * np.sin(11 * angle)
    weights = relax(cloth, cloth.weights, rounds=12)
    centre = np.array([0, 0, body.skeleton.head("pelvis")[2]], np.float32)
    points = centre + (cloth.points - centre) * np.stack([flare, np.ones_like(flare), flare], 1)
    return replace(cloth, points=points.astype(np.float32), weights=weights.astype(np.float32))


def _lift(smoothed: Surface, worn: Surface, offset: Values) -> Surface:
    """The cloth `offset` (V,) metres off the body: it bridges hollows and rests on protruding places."""
    normals = point_normals(smoothed.points, smoothed.faces)
    out = relax(worn, np.maximum(((worn.points - smoothed.points) * normals).sum(1), 0), rounds=8)
    points = smoothed.points + normals * (out + np.maximum(offset, 0.002))[:, None]
    return smooth(replace(worn, points=points.astype(np.float32)), rounds=HEM_ROUNDS, border=True)


def _folds(points: Floats, rates: tuple[float, float, float], seed: int) -> Values:
    """Soft ridges, about -1..1, with `rates` waves per metre along x, y and z."""
    rng = np.random.default_rng(seed)
    total = np.zeros(len(points))
    for _ in range(4):
        direction = rng.normal(size=3) * rates
        total += np.sin(points @ direction * 4.0 + rng.uniform(0, 2 * np.pi))
    return total / 2.8
