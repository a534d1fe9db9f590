"""A toy person in a toy room, with true joints: coloured limbs in random poses before a patterned wall."""

import cv2
import numpy as np
from numpy.typing import NDArray
from puppet import puppet_keypoints

from danceit_core.imagination.data import TargetFrames
from danceit_core.pose.skeleton import LIMBS

SHIRT, SKIN, TROUSERS, HAIR = (200, 40, 40), (230, 180, 150), (40, 50, 120), (30, 20, 10)


def toy_room(size: int) -> NDArray[np.uint8]:
    """A wall that darkens to the left with faint stripes, and a brown floor; uint8 (size, size, 3)."""
    across = np.linspace(90, 190, size)[None, :, None] + np.zeros((size, size, 3))
    across[::8] += 20
    across[int(0.8 * size) :] = (120, 90, 70)
    return across.astype(np.uint8)


def toy_poses(frames: int, *, size: int, seed: int = 0, sway: float = 0.12) -> NDArray[np.float32]:
    """Random poses (frames, 25, 3) of the puppet, moved sideways by up to `sway` of the picture."""
    rng = np.random.default_rng(seed)
    poses = np.stack([puppet_keypoints(float(t), size=size) for t in rng.uniform(0, 20, frames)])
    poses[..., 0] += rng.uniform(-sway, sway, (frames, 1)) * size
    return poses


def draw_toy(keypoints: NDArray[np.float32], room: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The toy person with these joints before the room."""
    picture, width = room.copy(), max(1, room.shape[0] // 16)
    points = [tuple(map(int, np.round(xy * 16))) for xy in keypoints[:, :2]]
    for number, (a, b) in enumerate(LIMBS[:15]):
        colour = TROUSERS if 7 <= number < 13 else SHIRT if number in (0, 1, 2) else SKIN
        cv2.line(picture, points[a], points[b], colour, width, cv2.LINE_AA, 4)
    cv2.circle(picture, points[0], width * 12, HAIR, -1, cv2.LINE_AA, 4)
    cv2.circle(picture, points[0], width * 8, SKIN, -1, cv2.LINE_AA, 4)
    return picture


def toy_target(frames: int = 60, *, size: int = 64, seed: int = 0, held_out: int = 10) -> TargetFrames:
    """Frames of the toy person; the last `held_out` do not train."""
    poses, room = toy_poses(frames, size=size, seed=seed), toy_room(size)
    pictures = np.stack([draw_toy(pose, room) for pose in poses])
    return TargetFrames(pictures, poses, np.arange(frames) < frames - held_out)
