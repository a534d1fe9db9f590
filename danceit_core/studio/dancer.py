"""A dressed person as one mesh that can be posed: skin, eyes, hair and clothes, their textures, and soft shade.

The shade ("occlusion") of each point is the share of the sky that it sees at rest: it darkens folds, the neck under the
chin and places under a hem, as in daylight.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.pose import skeleton as body_25
from danceit_core.pose.skeleton import Keypoints
from danceit_core.studio import clothes, hair, paint
from danceit_core.studio.body import Body, load_body
from danceit_core.studio.look import Look
from danceit_core.studio.raster import depth_map, seen_from
from danceit_core.studio.rig import Solved
from danceit_core.studio.surface import Floats, Ints, Surface, clip, join, point_normals, skin, strongest

BONES_PER_POINT = 4
SKY_DIRECTIONS = 48
SKIRT_M = 0.33
# Height by which a shoe lifts a foot; distance from the joint up to which the skin over a shoulder is searched.
SOLE_M, SHOULDER_REACH_M = 0.025, 0.012
SMILE_SHAPE = "expression/units/caucasian/mouth-corner-puller"
# Strength and sharpness of highlights, and how softly light wraps round.
MATERIALS = {
    "skin": (0.05, 14.0, 0.30), "eyes": (0.55, 60.0, 0.10), "lashes": (0.0, 1.0, 0.1), "hair": (0.10, 16.0, 0.15),
    "curls": (0.02, 6.0, 0.25),
    "cloth": (0.015, 8.0, 0.20), "shoes": (0.08, 20.0, 0.10),
}  # fmt: skip
BONE_JOINTS = {
    body_25.RIGHT_SHOULDER: "upperarm_r", body_25.RIGHT_ELBOW: "lowerarm_r", body_25.RIGHT_WRIST: "hand_r",
    body_25.LEFT_SHOULDER: "upperarm_l", body_25.LEFT_ELBOW: "lowerarm_l", body_25.LEFT_WRIST: "hand_l",
    body_25.RIGHT_HIP: "thigh_r", body_25.RIGHT_KNEE: "calf_r", body_25.RIGHT_ANKLE: "foot_r",
    body_25.LEFT_HIP: "thigh_l", body_25.LEFT_KNEE: "calf_l", body_25.LEFT_ANKLE: "foot_l",
}  # fmt: skip


@dataclass(frozen=True)
class Dancer:
    """points (V, 3) at rest; faces, uv_faces (F, 3); uv (U, 2); layer (F,) = texture of a face; textures (L, S, S, 3);
    materials (L, 3); both_sides (F,): faces also visible from behind; bones, shares (V, K); occlusion (V,) in 0..1."""

    body: Body
    points: Floats
    faces: Ints
    uv: Floats
    uv_faces: Ints
    layer: Ints
    textures: NDArray[np.uint8]
    materials: Floats
    both_sides: NDArray[np.bool_]
    bones: Ints
    shares: Floats
    occlusion: Floats

    def posed(self, transforms: Floats) -> tuple[Floats, Floats]:
        """Points (V, 3) and normals (V, 3) in the room for bone matrices (B, 3, 4)."""
        moved = skin(self.points, self.bones, self.shares, transforms)
        return moved, point_normals(moved, self.faces)


def dress(mesh: str | Path, look: Look) -> Dancer:
    """Make the person that `look` describes from the file `mesh`. Raises AssetError if it is not the body mesh."""
    body = load_body(mesh, shapes={**look.shapes, SMILE_SHAPE: look.smile})
    regions = clothes.find_regions(body, look)
    scalp = paint.paint_scalp(body, look.hair)
    strands = paint.paint_strands(look.hair.colour)
    top = clothes.make_top(body, regions, look.top)
    trousers = clothes.make_trousers(body, regions, look.bottom)
    shoes = clothes.make_shoes(body, regions)
    shell, *hanging = hair.make_hair(body, look.hair)
    worn: list[tuple[Surface, NDArray[np.uint8], str]] = [
        (clip(body.skin, np.minimum(regions.bare, hair.bald(body))), paint.paint_skin(body, look), "skin"),
        (body.parts["eyes"], paint.paint_eyes(body.parts["eyes"], look.iris), "eyes"),
        (body.parts["lashes"], paint.paint_plain((0.05, 0.04, 0.04)), "lashes"),
        (shell, scalp, "curls" if look.hair.style == "curly" else "hair"),
        *((surface, strands, "hair") for surface in hanging),
        (top, paint.paint_top(body, top, look.top), "cloth"),
        (trousers, paint.paint_bottom(body, trousers, look.bottom), "cloth"),
        (shoes, paint.paint_shoes(body, shoes, look.shoes), "shoes"),
    ]
    if look.bottom.skirt:
        worn.append((clothes.make_skirt(body, length=SKIRT_M), paint.paint_plain(look.bottom.skirt), "cloth"))
    whole, layer = join([surface for surface, _, _ in worn])
    kinds = np.array([kind for _, _, kind in worn])
    bones, shares = strongest(whole.weights, bones=BONES_PER_POINT)
    return Dancer(
        body=body,
        points=whole.points,
        faces=whole.faces,
        uv=whole.uv,
        uv_faces=whole.uv_faces,
        layer=layer,
        textures=np.stack([texture for _, texture, _ in worn]),
        materials=np.array([MATERIALS[kind] for kind in kinds], np.float32),
        both_sides=~np.isin(kinds, ("skin", "eyes"))[layer],
        bones=bones,
        shares=shares,
        occlusion=_see_the_sky(whole.points, whole.faces),
    )


def _see_the_sky(points: Floats, faces: Ints) -> Floats:
    """The share (V,) of the ambient light that reaches each point: mostly from above, some from the ground."""
    normals = point_normals(points, faces)
    golden = np.pi * (3 - 5**0.5)
    height = 1 - 2 * (np.arange(SKY_DIRECTIONS) + 0.5) / SKY_DIRECTIONS
    ring = np.sqrt(1 - height**2)
    turn = golden * np.arange(SKY_DIRECTIONS)
    lit, full = np.zeros(len(points)), np.zeros(len(points))
    for direction in np.stack([ring * np.cos(turn), height, ring * np.sin(turn)], 1):
        light = look_along(direction, span_m=2.2, size=320, centre=(0.0, 0.85, 0.0))
        strength = np.maximum(normals @ direction, 0) * (0.65 + 0.35 * direction[1])
        seen = seen_from(points + 0.006 * normals, depth_map(points, faces, light, 320), light, np.float32(0.012))
        lit += strength * seen
        full += strength
    return (lit / np.maximum(full, 1e-6)).astype(np.float32)


def look_along(
    direction: NDArray[np.float64], *, span_m: float, size: int, centre: tuple[float, float, float]
) -> Floats:
    """A parallel view (3, 4) against `direction`; its rows give column, row and, in metres, nearness to the light."""
    near = direction / np.linalg.norm(direction)
    across = np.cross([0.0, 1.0, 0.01], near)
    across /= np.linalg.norm(across)
    axes = np.stack([across * size / span_m, np.cross(near, across) * size / span_m, near])
    shift = np.array([size / 2, size / 2, 0]) - axes @ np.array(centre) * [1, 1, 0]
    return np.concatenate([axes, shift[:, None]], axis=1).astype(np.float32)


def true_joints(dancer: Dancer, solved: Solved) -> NDArray[np.float64]:
    """The BODY_25 joints (T, 25, 3) in the room: heads of bones, and points of the skin for face and feet."""
    body = dancer.body
    transforms = solved.transforms(body.skeleton)
    joints = np.zeros((len(transforms), body_25.JOINTS, 3))
    for joint, bone in BONE_JOINTS.items():
        joints[:, joint] = solved.positions[:, body.skeleton.index(bone)]
    joints[:, body_25.NECK] = (joints[:, body_25.LEFT_SHOULDER] + joints[:, body_25.RIGHT_SHOULDER]) / 2
    joints[:, body_25.MID_HIP] = (joints[:, body_25.LEFT_HIP] + joints[:, body_25.RIGHT_HIP]) / 2
    for name, numbers in body.markers.items():
        bones, shares = strongest(body.skin.weights[numbers], bones=BONES_PER_POINT)
        rest = np.concatenate([body.skin.points[numbers], np.ones((len(numbers), 1), np.float32)], axis=1)
        # (T, n, K, 3, 4) matrices of each point's bones, mixed and applied
        mixed = np.einsum("nk,tnkij->tnij", shares, transforms[:, bones])
        joints[:, body_25.JOINT_NAMES.index(name)] = np.einsum("tnij,nj->tni", mixed, rest).mean(1)
    return joints


def labelled_joints(dancer: Dancer, solved: Solved) -> NDArray[np.float64]:
    """The joints (T, 25, 3) where human annotators, and the detectors trained on them, approximately place them.

    The bones' heads are the centres of the joints inside the body. Annotations lie higher: the shoulder towards its
    rounding under the skin, here half-way up, and the neck with it; the ankle above the shoe, which the studio draws
    without a sole under the foot. docs/your_videos.md has the figures.
    """
    joints = true_joints(dancer, solved)
    skeleton, skin_points = dancer.body.skeleton, dancer.body.skin.points
    for side, shoulder, ankle in (
        ("l", body_25.LEFT_SHOULDER, body_25.LEFT_ANKLE),
        ("r", body_25.RIGHT_SHOULDER, body_25.RIGHT_ANKLE),
    ):
        centre = skeleton.head(f"upperarm_{side}")
        above = skin_points[np.abs(skin_points[:, 0] - centre[0]) < SHOULDER_REACH_M, 1].max() - centre[1]
        clavicle = solved.rotations[:, skeleton.index(f"clavicle_{side}")]
        joints[:, shoulder] += clavicle @ np.array([0, above / 2, 0])
        along = solved.positions[:, skeleton.index(f"calf_{side}")] - joints[:, ankle]
        joints[:, ankle] += SOLE_M * along / np.linalg.norm(along, axis=-1, keepdims=True)
    joints[:, body_25.NECK] = (joints[:, body_25.LEFT_SHOULDER] + joints[:, body_25.RIGHT_SHOULDER]) / 2
    return joints


def as_keypoints(pixels: NDArray[np.float64]) -> Keypoints:
    """Pixels (T, 25, 2) as keypoints (T, 25, 3) of full confidence."""
    return np.concatenate([pixels, np.ones((*pixels.shape[:2], 1))], axis=2).astype(np.float32)
