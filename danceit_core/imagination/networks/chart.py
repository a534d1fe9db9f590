"""Body chart: the place of each pixel on the body, which helps the generator to place clothes (not in the paper).

A stick figure shows where the joints are, but the network would have to work out over long distances how far down the
shirt a pixel lies. The chart gives this directly: for trunk, head, each arm and each leg, every pixel near the part
gets its place along the part and across it, in body sizes; for trunk and head also the direction they face. It is 0
elsewhere.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from danceit_core.pose.skeleton import (
    LEFT_ANKLE,
    LEFT_EAR,
    LEFT_ELBOW,
    LEFT_HIP,
    LEFT_KNEE,
    LEFT_SHOULDER,
    LEFT_WRIST,
    MID_HIP,
    NECK,
    NOSE,
    RIGHT_ANKLE,
    RIGHT_EAR,
    RIGHT_ELBOW,
    RIGHT_HIP,
    RIGHT_KNEE,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    Keypoints,
    present,
)

# Chains of joints, how far the part reaches beyond the last one (share of the last bone) and sideways (body sizes),
# and the pair (right, left) whose order distinguishes front from back.
_PARTS: tuple[tuple[tuple[int, ...], float, float, tuple[int, int] | None], ...] = (
    ((NECK, MID_HIP), 0.25, 0.6, (RIGHT_SHOULDER, LEFT_SHOULDER)),
    ((NECK, NOSE), 1.0, 0.5, (RIGHT_EAR, LEFT_EAR)),
    ((RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST), 1.0, 0.3, None),
    ((LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST), 1.0, 0.3, None),
    ((RIGHT_HIP, RIGHT_KNEE, RIGHT_ANKLE), 0.5, 0.35, None),
    ((LEFT_HIP, LEFT_KNEE, LEFT_ANKLE), 0.5, 0.35, None),
)
CHANNELS = sum(2 + (pair is not None) for *_, pair in _PARTS)
# Every second pixel of the picture is enough, as places change slowly.
STEP = 2
# The first part that has two lines.
LINES_TWO = 2
FAR = 1e6


def body_charts(poses: Keypoints, *, size: tuple[int, int], body_px: float, device: torch.device) -> Tensor:
    """Charts (N, CHANNELS, H / 2, W / 2), about -1..2, of poses (N, 25, 3) in pixels of pictures of `size`.

    size: (width, height); body_px: body size in those pixels, > 0. A part without its joints is 0.
    """
    width, height = size[0] // STEP, size[1] // STEP
    x = STEP * (torch.arange(width, device=device) + 0.5)
    y = STEP * (torch.arange(height, device=device) + 0.5)[:, None]
    lines, facing = _lines(poses, body_px=body_px)
    known = torch.from_numpy(lines).to(device, non_blocking=True)[..., None, None]  # (N, P, 2, 9, 1, 1)
    turned = torch.from_numpy(facing).to(device, non_blocking=True)[..., None, None]  # (N, P, 1, 1)
    along, across, nearest = _places(known[:, :, 0], x, y)
    closer = nearest < 1
    along, across = along.mul_(closer), across.mul_(closer)
    # Trunk and head have one line, limbs two: a place belongs to the nearer one.
    along_next, across_next, near_next = _places(known[:, LINES_TWO:, 1], x, y)
    closer_next = near_next < nearest[:, LINES_TWO:].clamp(max=1)
    along[:, LINES_TWO:] = torch.where(closer_next, along_next, along[:, LINES_TWO:])
    across[:, LINES_TWO:] = torch.where(closer_next, across_next, across[:, LINES_TWO:])
    channels: list[Tensor] = []
    for number, (*_, pair) in enumerate(_PARTS):
        channels += [along[:, number], across[:, number]]
        if pair is not None:
            channels.append(turned[:, number] * closer[:, number])
    return torch.stack(channels, 1)


def _places(lines: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Along and across lines (N, P, 9, 1, 1), and the square of the distance over their reach, (N, P, h, w) each."""
    start_x, start_y, bone_x, bone_y, most, squared, reach, first, bones = lines.unbind(2)
    dx, dy = x - start_x, y - start_y  # (N, P, 1, w), (N, P, h, 1)
    along = dx * (bone_x / squared) + dy * (bone_y / squared)  # (N, P, h, w)
    wide = squared.sqrt() * reach
    across = dy * (bone_x / wide) - dx * (bone_y / wide)
    beyond = along - torch.minimum(along.clamp_min(0), most)
    near = torch.addcmul(across * across, beyond, beyond * (squared / reach.square()))
    # Half a bone is added, so that a place along the part is rarely 0, which means "not here".
    share = 1 / (bones + 0.5)
    return along.mul_(share).add_((first + 0.5) * share), across, near.add_(FAR * (bones == 0))


def _lines(poses: Keypoints, *, body_px: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Up to two lines of each part of poses (N, 25, 3), (N, P, 2, 9), and the part's facing, (N, P), 0: not known.

    A line holds x and y of its first joint and of its bone, the largest share of the bone at which a place may lie, its
    squared length, its reach sideways, its number in the part, and the part's number of lines; 0: there is no line.
    """
    lines = np.zeros((len(poses), len(_PARTS), 2, 9), np.float32)
    lines[..., 5:7] = 1
    facing = np.zeros((len(poses), len(_PARTS)), np.float32)
    for pose, (of_pose, seen) in enumerate(zip(poses, present(poses), strict=True)):
        for part, (chain, beyond, reach, pair) in enumerate(_PARTS):
            points = of_pose[[joint for joint in chain if seen[joint]], :2]
            bones = len(points) - 1
            for number in range(bones):
                bone = points[number + 1] - points[number]
                most = 1 + beyond if number == bones - 1 else 1
                squared = max(float(bone @ bone), 1.0)
                lines[pose, part, number] = *points[number], *bone, most, squared, reach * body_px, number, bones
            if pair is not None and seen[list(pair)].all():
                facing[pose, part] = (of_pose[pair[1], 0] - of_pose[pair[0], 0]) / body_px
    return lines, facing
