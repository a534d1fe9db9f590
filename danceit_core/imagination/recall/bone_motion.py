"""Bone motion: the previous frame warped along with the skeleton (not in the paper).

Each bone turns, shifts and stretches from its place in one pose to its place in the next and takes the pixels near it
along. Between bones the movements are blended; far from all of them nothing moves. The warp knows neither occlusion nor
what turns into view, so it is suitable only for the step from one frame to the next.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.media.letterbox import Picture
from danceit_core.pose.skeleton import LIMBS, Keypoints, present

# Spacing of the computed places in pixels; the movement is smooth.
STEP = 4
# How far a bone's movement reaches, body sizes.
REACH = 0.12
# Trunk, arms, legs and neck: without face and toes, whose joints lie too near together.
_BONES = LIMBS[:14]


def carry(picture: Picture, before: Keypoints, now: Keypoints, *, body_px: float) -> Picture:
    """The picture (H, W, 3) of pose `before` (25, 3) warped by its bones to pose `now`; body_px: body size, pixels.

    Bones that either pose lacks have no effect; without any bone the picture is unchanged.
    """
    height, width = picture.shape[:2]
    came_from = bone_flow(now, before, size=(-(-width // STEP), -(-height // STEP)), step=STEP, body_px=body_px)
    flow = cv2.resize(came_from, None, fx=STEP, fy=STEP, interpolation=cv2.INTER_LINEAR)[:height, :width]
    rows, columns = np.indices((height, width), np.float32)
    return cv2.remap(
        picture, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def bone_flow(
    start: Keypoints, end: Keypoints, *, size: tuple[int, int], step: int, body_px: float
) -> NDArray[np.float32]:
    """How far (h, w, 2) in pixels each place moves from pose `start` to pose `end`, (25, 3) each.

    size: (width, height) of the grid of places, one in `step` x `step` pixels.
    """
    x = step * (np.arange(size[0], dtype=np.float32) + 0.5) - 0.5
    y = step * (np.arange(size[1], dtype=np.float32) + 0.5) - 0.5
    place = np.stack(np.meshgrid(x, y), -1)  # (h, w, 2)
    both = present(start) & present(end)
    bones = np.array([bone for bone in _BONES if both[list(bone)].all()], np.int64).reshape(-1, 2)
    a, b = (start[bones[:, k], :2] for k in (0, 1))  # (B, 2)
    bone = b - a
    length2 = np.maximum((bone * bone).sum(-1), 1.0)
    offset = place[None] - a[:, None, None]  # (B, h, w, 2)
    along = (offset * bone[:, None, None]).sum(-1) / length2[:, None, None]
    held = along.clip(-0.2, 1.2)
    distance2 = np.square(offset - held[..., None] * bone[:, None, None]).sum(-1)
    # A bone moves a place in proportion to its two ends: near the bone this is a turn, a shift and a stretch.
    moved_a, moved_b = (end[bones[:, k], :2] - start[bones[:, k], :2] for k in (0, 1))
    moved = moved_a[:, None, None] + held[..., None] * (moved_b - moved_a)[:, None, None]
    weight = np.exp(-distance2 / (2 * np.square(REACH * body_px)))[..., None]
    # Far from all bones the weights add up to less than one; the remainder stands still.
    return ((weight * moved).sum(0) / np.maximum(weight.sum(0), 0.2)).astype(np.float32)
