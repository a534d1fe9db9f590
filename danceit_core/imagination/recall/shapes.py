"""Distances of places from the parts of a body, and which part a place belongs to. Batched torch, pixels."""

from dataclasses import dataclass

import torch
from torch import Tensor

from danceit_core.imagination.recall.parts import ARM_LAYER, HEAD, HEAD_JOINTS, LIMBS, PARTS, TRUNK, TRUNK_LINES, Part
from danceit_core.pose.skeleton import LEFT_HIP, LEFT_SHOULDER, NECK, RIGHT_HIP, RIGHT_SHOULDER

# Width over which one part blends into the next, body sizes, and a factor on shares (at most 1) that gives the middle
# of a part fully to it.
SOFT, GENEROUS = 0.02, 1.8
# The share of a hand's or foot's length that certainly belongs to it.
SURE = 0.4
# The difference of depth, torso lengths, from which on the nearer part wins; the width of this transition; its maximum.
DEPTH_MARGIN, DEPTH_SOFT, MOST_BEFORE = 0.1, 0.1, 3.0
FAR = 1e6
# A bone shorter than this in the picture has no direction.
SHORTEST_PX = 2.0


def bones_of(
    part: Part, poses: Tensor, *, body_px: float, beyond: float | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Starts and bones (N, B, 2) of a limb in poses (N, 25, 3), and how far each extends (N, B), in its lengths.

    The hand of a forearm that points at the camera is as long as any other. beyond: how far the limb continues, body
    sizes; None: as in the part.
    """
    first, last = ([pair[end] for pair in part.bones] for end in (0, 1))
    start = poses[:, first, :2]
    bone = poses[:, last, :2] - start
    ends = torch.ones_like(bone[..., 0])
    ends[:, -1] += (
        (part.beyond if beyond is None else beyond) * body_px / bone[:, -1].norm(dim=-1).clamp_min(SHORTEST_PX)
    )
    return start, bone, ends


def distance_to_bones(grid: Tensor, start: Tensor, bone: Tensor, ends: Tensor) -> Tensor:
    """Distance (N, B, h, w) of places (N, 2, h, w) from bones (N, B, 2), each extended to `ends` (N, B) times."""
    # Coordinate by coordinate, because sums over an axis of two are slow.
    x, y = (grid[:, None, axis] - start[:, :, axis, None, None] for axis in (0, 1))
    bone_x, bone_y = (bone[:, :, axis, None, None] for axis in (0, 1))
    squared = (bone_x * bone_x + bone_y * bone_y).clamp_min(SHORTEST_PX**2)
    along = x * (bone_x / squared)
    along.addcmul_(y, bone_y / squared)
    held = torch.minimum(along.clamp_min_(0), ends[..., None, None])
    return torch.hypot(x.addcmul_(held, bone_x, value=-1), y.addcmul_(held, bone_y, value=-1))


def distance_to_point(grid: Tensor, point: Tensor) -> Tensor:
    """Distance (N, h, w) of places (N, 2, h, w) from points (N, 2)."""
    return torch.hypot(grid[:, 0] - point[:, 0, None, None], grid[:, 1] - point[:, 1, None, None])


def head_centre(poses: Tensor) -> tuple[Tensor, Tensor]:
    """Middle of the present joints of the head, (N, 2), and whether there is any, (N,)."""
    joints = poses[:, list(HEAD_JOINTS)]
    weight = (joints[..., 2:] > 0).to(poses.dtype)
    count = weight.sum(1)
    return (weight * joints[..., :2]).sum(1) / count.clamp_min(1), count[:, 0] > 0


def trunk_distance(poses: Tensor, grid: Tensor) -> Tensor:
    """Distance (N, h, w) of places (N, 2, h, w) from the trunk, 0 inside it; FAR if a corner of it is absent."""
    corners = poses[:, [RIGHT_SHOULDER, LEFT_SHOULDER, RIGHT_HIP, LEFT_HIP]]
    right_top, left_top, right_low, left_low = corners[..., :2].unbind(1)
    shares = torch.tensor(TRUNK_LINES, dtype=poses.dtype, device=poses.device)[:, None]
    top = right_top[:, None] + shares * (left_top - right_top)[:, None]  # (N, L, 2)
    low = right_low[:, None] + shares * (left_low - right_low)[:, None]
    ends = torch.ones_like(top[..., 0])
    # The capsules of the lines touch each other.
    gap = torch.maximum((left_top - right_top).norm(dim=-1), (left_low - right_low).norm(dim=-1))
    radius = gap / (2 * (len(TRUNK_LINES) - 1))
    distance = distance_to_bones(grid, top, low - top, ends).amin(1) - radius[:, None, None]
    known = (corners[..., 2] > 0).all(-1)[:, None, None]
    return torch.where(known, distance.clamp_min(0), torch.full_like(distance, FAR))


@dataclass(frozen=True)
class Piece:
    """A bone of a limb, the trunk or the head: its part, and the joints that give its depth."""

    part: int
    joints: tuple[int, ...]


PIECES = (
    Piece(TRUNK, (RIGHT_SHOULDER, LEFT_SHOULDER, RIGHT_HIP, LEFT_HIP)),
    Piece(HEAD, (NECK,)),
    *(Piece(number, bone) for number in LIMBS for bone in PARTS[number].bones),
)
FOREARMS = tuple(PARTS[number].bones[-1] for number in LIMBS if PARTS[number].layer == ARM_LAYER)


def piece_distances(poses: Tensor, grid: Tensor, *, body_px: float) -> Tensor:
    """Distance (N, PIECES, h, w) of places (N, 2, h, w) from the surface of each piece, 0 inside; FAR if absent."""
    far = torch.full_like(grid[:, 0], FAR)
    centre, there = head_centre(poses)
    from_head = (distance_to_point(grid, centre) - PARTS[HEAD].radius * body_px).clamp_min(0)
    distances = [trunk_distance(poses, grid), torch.where(there[:, None, None], from_head, far)]
    for number in LIMBS:
        part = PARTS[number]
        nearest = distance_to_bones(grid, *bones_of(part, poses, body_px=body_px)) - part.radius * body_px
        joints = sorted({joint for pair in part.bones for joint in pair})
        known = (poses[:, joints, 2] > 0).all(-1)[:, None, None]
        distances += [torch.where(known, bone.clamp_min(0), far) for bone in nearest.unbind(1)]
    return torch.stack(distances, 1)


def ownership(number: int, poses: Tensor, depth: Tensor, places: Tensor, *, body_px: float) -> tuple[Tensor, Tensor]:
    """How far places (N, 2, h, w) belong to the part that they are taken for, in poses (N, 25, 3), in 0..1.

    Also their distance from it, pixels; (N, h, w) each. Otherwise an arm would bring half of the shirt along, a hand in
    front of the face the face, and a shirt the hand in front of it. depth: (N, 25), torso lengths towards the camera:
    the nearer part owns a place that lies in both.
    """
    own = [k for k, piece in enumerate(PIECES) if piece.part == number]
    distances = piece_distances(poses, places, body_px=body_px)
    shares = torch.exp(distances * (-1 / (SOFT * body_px)))
    mine = _sure_share(number, poses, places, body_px=body_px) if PARTS[number].bones else shares[:, own].amax(1)
    nearer = torch.exp(((_before(number, depth) - DEPTH_MARGIN) / DEPTH_SOFT).clamp(0, MOST_BEFORE))  # (N, PIECES)
    total = mine + 1e-6
    for k, piece in enumerate(PIECES):
        if piece.part != number:
            total = total + nearer[:, k, None, None] * shares[:, k]
    return (GENEROUS * mine / total).clamp(max=1), distances[:, own].amin(1)


def _sure_share(number: int, poses: Tensor, places: Tensor, *, body_px: float) -> Tensor:
    """The share of a limb, whose hand or foot counts only as far as it certainly reaches.

    Fingers may be bent: places between them, in front of the trousers, belong to the trousers. In front of the room
    they are complete, since nothing else has a share there.
    """
    part = PARTS[number]
    bones = bones_of(part, poses, body_px=body_px, beyond=SURE * part.beyond)
    distance = (distance_to_bones(places, *bones).amin(1) - part.radius * body_px).clamp_min(0)
    return torch.exp(distance * (-1 / (SOFT * body_px)))


def _before(number: int, depth: Tensor) -> Tensor:
    """How far each piece is in front of a part (N, PIECES), torso lengths; 0 if one cannot hide the other."""
    places = torch.stack([depth[:, list(piece.joints)].mean(1) for piece in PIECES], 1)
    own = torch.stack([places[:, k] for k, piece in enumerate(PIECES) if piece.part == number]).mean(0)
    counts = [_may_hide(piece, number) for piece in PIECES]
    return (places - own[:, None]) * torch.tensor(counts, device=depth.device, dtype=depth.dtype)


def _may_hide(piece: Piece, number: int) -> bool:
    """Whether depth decides between a piece and a part.

    It does not if they are joined, nor for two legs: they look alike, and a complete leg with pixels of the other one
    is better than half a leg.
    """
    if piece.part == number or ARM_LAYER not in (PARTS[piece.part].layer, PARTS[number].layer):
        return False
    return number != TRUNK or piece.joints in FOREARMS
