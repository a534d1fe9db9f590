"""Maps from a new pose to the pose of the lending frame: where each pixel of a part comes from.

Trunk and head are warped as a whole, by an affine map that is fitted to their joints and pulled towards a similarity,
with bounded stretch: a trunk seen from the side must not be inflated. Each bone of a limb turns and stretches along
itself and keeps its width. Its stretch is bounded too, because stretched texture smears; beyond the last joint (hand,
foot) nothing is stretched or shortened. At elbow and knee the maps of the two bones are blended.

Everything is batched torch, on the device of the poses. Coordinates are continuous pixels of the plate.
"""

import torch
from torch import Tensor

from danceit_core.imagination.recall.parts import HEAD, PARTS, TRUNK
from danceit_core.imagination.recall.shapes import (
    SHORTEST_PX,
    bones_of,
    distance_to_bones,
    distance_to_point,
    head_centre,
    ownership,
    trunk_distance,
)

# How far the affine map of trunk and head is pulled towards a similarity, and how much one direction may be stretched
# relative to the other.
TRUNK_STIFF, HEAD_STIFF, MOST_SHEAR = 0.075, 10.0, 0.35
# The scale of a fitted part lies within these factors; a bone is stretched by at most this factor, but shortened
# freely.
SMALLEST, LARGEST = 0.7, 1.4
LONGEST = 1.5
# Widths in body sizes over which the bones of a limb are blended, and over which a part fades out.
BLEND, SOFT = 0.08, 0.05
# How far the bones' maps may lie apart, body sizes, before one of them counts alone.
APART = 0.12


def carry_part(
    number: int, now: Tensor, then: Tensor, depth: Tensor, grid: Tensor, *, body_px: float
) -> tuple[Tensor, Tensor]:
    """The source of places of one of PARTS, (N, 2, h, w) pixels of the lending frame, and its reach (N, h, w).

    now, then: poses (N, 25, 3) here and there; depth: (N, 25) there, torso lengths towards the camera; grid:
    (N, 2, h, w), the requested places of the plate. reach: 1 where the pixel belongs to the part, 0 beyond what its
    pixels may cover, and for a part that cannot be warped. body_px: body size of the person, pixels.
    """
    part = PARTS[number]
    if part.bones:
        places, distance, able = _carry_limb(number, now, then, grid, body_px=body_px)
    else:
        matrix, centre, centre_then, able = _fit(number, now, then)
        places = _apply(grid, matrix, centre, centre_then)
        distance = trunk_distance(now, grid) if number == TRUNK else distance_to_point(grid, head_centre(now)[0])
    soft = SOFT * body_px
    reach = ((part.reach * body_px - distance) / soft + 0.5).clamp(0, 1)
    owned, distance_then = ownership(number, then, depth, places, body_px=body_px)
    if part.bones:
        # If a joint is bent more here than there, its outer side would fetch pixels of the bone: the limb would flare.
        beside = (distance - part.radius * body_px).clamp_min(0) - distance_then
        reach = reach * (2 - beside / soft).clamp(0, 1)
    return places, reach * able * owned


def _apply(grid: Tensor, matrix: Tensor, centre: Tensor, centre_then: Tensor) -> Tensor:
    """Places (N, 2, h, w) moved by matrices (N, 2, 2) for rows, about centres (N, 2)."""
    x, y = (grid[:, axis] - centre[:, axis, None, None] for axis in (0, 1))
    moved = [
        x * matrix[:, 0, axis, None, None] + y * matrix[:, 1, axis, None, None] + centre_then[:, axis, None, None]
        for axis in (0, 1)
    ]
    return torch.stack(moved, 1)


def _fit(number: int, now: Tensor, then: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Matrix (N, 2, 2) for rows of places, centres (N, 2) in both poses, and whether it can be fitted (N, 1, 1)."""
    part, stiff = PARTS[number], HEAD_STIFF if number == HEAD else TRUNK_STIFF
    joints = list(part.fit)
    weight = ((now[:, joints, 2] > 0) & (then[:, joints, 2] > 0)).to(now.dtype)[..., None]  # (N, J, 1)
    count = weight.sum(1, keepdim=True).clamp_min(1)
    a, b = now[:, joints, :2], then[:, joints, :2]
    centre, centre_then = (weight * a).sum(1, keepdim=True) / count, (weight * b).sum(1, keepdim=True) / count
    a, b = weight * (a - centre), weight * (b - centre_then)
    size = (a * a).sum((1, 2)).clamp_min(1)
    cosine = (a * b).sum((1, 2)) / size
    sine = (a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]).sum(1) / size
    similar = torch.stack([torch.stack([cosine, sine], -1), torch.stack([-sine, cosine], -1)], -2)  # (N, 2, 2)
    pull = (stiff * size)[:, None, None]
    eye = torch.eye(2, dtype=now.dtype, device=now.device)
    matrix = torch.linalg.solve(a.mT @ a + pull * eye, a.mT @ b + pull * similar)
    able = (weight.sum((1, 2)) >= (2 if number == HEAD else 3)).to(now.dtype)
    return _bounded(matrix), centre[:, 0], centre_then[:, 0], able[:, None, None]


def _bounded(matrix: Tensor) -> Tensor:
    """(N, 2, 2) with bounded scale and shear: rotation and scale plus a reflected remainder, which is kept small."""
    a, b, c, d = (matrix[:, i, j] for i in (0, 1) for j in (0, 1))
    turn = torch.stack([(a + d) / 2, (b - c) / 2], -1)
    rest = torch.stack([(a - d) / 2, (b + c) / 2], -1)
    scale = turn.norm(dim=-1, keepdim=True).clamp_min(1e-6)
    turn = turn / scale * scale.clamp(SMALLEST, LARGEST)
    most = MOST_SHEAR * turn.norm(dim=-1, keepdim=True)
    rest = rest * (most / rest.norm(dim=-1, keepdim=True).clamp_min(1e-6)).clamp(max=1)
    (p, q), (r, s) = turn.unbind(-1), rest.unbind(-1)
    return torch.stack([torch.stack([p + r, q + s], -1), torch.stack([s - q, p - r], -1)], -2)


def _carry_limb(
    number: int, now: Tensor, then: Tensor, grid: Tensor, *, body_px: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Places (N, 2, h, w) of a limb, distance (N, h, w) from it, and whether it can be warped (N, 1, 1)."""
    part = PARTS[number]
    start, bone, ends = bones_of(part, now, body_px=body_px)  # (N, B, 2), (N, B, 2), (N, B)
    start_then, bone_then, _ = bones_of(part, then, body_px=body_px)
    length, length_then = (v.norm(dim=-1).clamp_min(SHORTEST_PX) for v in (bone, bone_then))  # (N, B)
    # Stretched texture smears, so beyond LONGEST pixels are taken from farther along the lending bone.
    bone_then = bone_then * (length / (LONGEST * length_then)).clamp_min(1)[..., None]
    length_then = bone_then.norm(dim=-1).clamp_min(SHORTEST_PX)
    x, y = (grid[:, None, axis] - start[:, :, axis, None, None] for axis in (0, 1))  # (N, B, h, w)
    unit_x, unit_y = ((bone / length[..., None])[:, :, axis, None, None] for axis in (0, 1))
    along, across = (x * unit_x + y * unit_y) / length[:, :, None, None], y * unit_x - x * unit_y
    # Proportional inside the bone, one to one beyond its ends; never stretched sideways.
    ratio = (length / length_then)[:, :, None, None]
    inside = along.clamp(0, 1)
    along = inside + (along - inside) * ratio
    distance = distance_to_bones(grid, start, bone, ends)
    unit_then = bone_then / length_then[..., None]
    places = []
    for axis, turned in ((0, -unit_then[..., 1]), (1, unit_then[..., 0])):
        at = start_then[..., axis, None, None] + along * bone_then[..., axis, None, None]
        places.append(at + across * turned[..., None, None])
    upper = _share_of_upper(distance, torch.stack(places, 1), body_px=body_px)
    mixed = [upper * at[:, 0] + (1 - upper) * at[:, 1] for at in places]
    joints = sorted({joint for pair in part.bones for joint in pair})
    able = ((now[:, joints, 2] > 0) & (then[:, joints, 2] > 0)).all(-1)
    return torch.stack(mixed, 1), distance.amin(1), able.to(grid.dtype)[:, None, None]


def _share_of_upper(distance: Tensor, places: Tensor, *, body_px: float) -> Tensor:
    """Weight of the upper of two bones, (N, h, w): the nearer one weighs more, and all if their places are far apart.

    distance: from the bones (N, 2, h, w); places: the source of each, (N, 2 axes, 2, h, w). A folded arm has both bones
    at one place, where a mean of the two sources would be wrong.
    """
    apart = torch.hypot(places[:, 0, 0] - places[:, 0, 1], places[:, 1, 0] - places[:, 1, 1]) / (APART * body_px)
    nearer = (distance[:, 1].square() - distance[:, 0].square()) / (BLEND * body_px) ** 2
    return torch.sigmoid(nearer * (1 + apart.square()))
