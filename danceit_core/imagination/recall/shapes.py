"""Distances of places from the parts of a body, and which part a place belongs to. Batched torch, pixels."""

import torch
from torch import Tensor

from danceit_core.imagination.recall.parts import HEAD, HEAD_JOINTS, LIMBS, PARTS, TRUNK, TRUNK_LINES, Part
from danceit_core.pose.skeleton import LEFT_HIP, LEFT_SHOULDER, RIGHT_HIP, RIGHT_SHOULDER

# Width over which one part gives way to the next, body sizes, and what makes the middle of a part wholly its own.
SOFT, GENEROUS = 0.04, 1.5
FAR = 1e6


def bones_of(part: Part, poses: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Starts and bones (..., B, 2) of a limb in poses (..., 25, 3), and how far each goes on (B,), in its lengths."""
    first, last = ([pair[end] for pair in part.bones] for end in (0, 1))
    start = poses[..., first, :2]
    ends = torch.ones(len(part.bones), dtype=poses.dtype, device=poses.device)
    ends[-1] += part.beyond
    return start, poses[..., last, :2] - start, ends


def distance_to_bones(grid: Tensor, start: Tensor, bone: Tensor, ends: Tensor) -> Tensor:
    """Distance (N, B, h, w) of places (N, 2, h, w) from bones (N, B, 2) that go on to `ends` (B,) of their lengths."""
    # Coordinate by coordinate: sums over an axis of two are slow.
    x, y = (grid[:, None, axis] - start[:, :, axis, None, None] for axis in (0, 1))
    bone_x, bone_y = (bone[:, :, axis, None, None] for axis in (0, 1))
    squared = (bone_x * bone_x + bone_y * bone_y).clamp_min(4.0)
    along = x * (bone_x / squared)
    along.addcmul_(y, bone_y / squared)
    held = torch.minimum(along.clamp_min_(0), ends[:, None, None])
    return torch.hypot(x.addcmul_(held, bone_x, value=-1), y.addcmul_(held, bone_y, value=-1))


def distance_to_point(grid: Tensor, point: Tensor) -> Tensor:
    """Distance (N, h, w) of places (N, 2, h, w) from points (N, 2)."""
    return torch.hypot(grid[:, 0] - point[:, 0, None, None], grid[:, 1] - point[:, 1, None, None])


def head_centre(poses: Tensor) -> tuple[Tensor, Tensor]:
    """Middle of the joints of the head that are there, (N, 2), and whether there is one, (N,)."""
    joints = poses[:, list(HEAD_JOINTS)]
    weight = (joints[..., 2:] > 0).to(poses.dtype)
    count = weight.sum(1)
    return (weight * joints[..., :2]).sum(1) / count.clamp_min(1), count[:, 0] > 0


def trunk_distance(poses: Tensor, grid: Tensor) -> Tensor:
    """Distance (N, h, w) of places (N, 2, h, w) from the trunk, 0 inside it; FAR where a corner of it is absent."""
    corners = poses[:, [RIGHT_SHOULDER, LEFT_SHOULDER, RIGHT_HIP, LEFT_HIP]]
    right_top, left_top, right_low, left_low = corners[..., :2].unbind(1)
    shares = torch.tensor(TRUNK_LINES, dtype=poses.dtype, device=poses.device)[:, None]
    top = right_top[:, None] + shares * (left_top - right_top)[:, None]  # (N, L, 2)
    low = right_low[:, None] + shares * (left_low - right_low)[:, None]
    ends = torch.ones(len(TRUNK_LINES), dtype=poses.dtype, device=poses.device)
    # The capsules of the lines touch each other.
    gap = torch.maximum((left_top - right_top).norm(dim=-1), (left_low - right_low).norm(dim=-1))
    radius = gap / (2 * (len(TRUNK_LINES) - 1))
    distance = distance_to_bones(grid, top, low - top, ends).amin(1) - radius[:, None, None]
    known = (corners[..., 2] > 0).all(-1)[:, None, None]
    return torch.where(known, distance.clamp_min(0), torch.full_like(distance, FAR))


def part_distances(poses: Tensor, grid: Tensor, *, body_px: float) -> Tensor:
    """Distance (N, P, h, w) of places (N, 2, h, w) from the surface of each of PARTS, 0 inside; FAR for absent ones."""
    far = torch.full_like(grid[:, 0], FAR)
    distances = [far] * len(PARTS)
    distances[TRUNK] = trunk_distance(poses, grid)
    centre, there = head_centre(poses)
    from_head = (distance_to_point(grid, centre) - PARTS[HEAD].radius * body_px).clamp_min(0)
    distances[HEAD] = torch.where(there[:, None, None], from_head, far)
    for number in LIMBS:
        part = PARTS[number]
        nearest = distance_to_bones(grid, *bones_of(part, poses)).amin(1) - part.radius * body_px
        joints = sorted({joint for pair in part.bones for joint in pair})
        known = (poses[:, joints, 2] > 0).all(-1)[:, None, None]
        distances[number] = torch.where(known, nearest.clamp_min(0), far)
    return torch.stack(distances, 1)


def ownership(number: int, poses: Tensor, places: Tensor, *, body_px: float) -> Tensor:
    """How far places (N, 2, h, w) belong to the part that they are taken for, in poses (N, 25, 3); (N, h, w) in 0..1.

    Without it an arm would bring half of the shirt along, and a hand before the face the face.
    """
    shares = torch.exp(part_distances(poses, places, body_px=body_px) * (-1 / (SOFT * body_px))) + 1e-6
    return (GENEROUS * shares[:, number] / shares.sum(1)).clamp(max=1)
