"""A body in space whose bone lengths never change, for the tests of what is made of joints in space."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

TORSO, SHOULDERS, HIPS, UPPER, FORE, THIGH, SHANK, FOOT = 0.5, 0.36, 0.22, 0.29, 0.25, 0.42, 0.41, 0.2
# Those that make up the humanoid's bones: neck to middle of the ears, and left to right.
NECK_LENGTH, EARS = 0.2, 0.15
PX_PER_METRE = 150.0


def turn_about_vertical(points: NDArray[np.float64], degrees: ArrayLike) -> NDArray[np.float64]:
    """Points (T, J, 3) turned by (T,) degrees so that what points at the camera, -z, goes towards +x at 90."""
    angle = np.deg2rad(np.broadcast_to(degrees, len(points)))[:, None]
    cos, sin = np.cos(angle), np.sin(angle)
    x, y, z = np.moveaxis(points, -1, 0)
    return np.stack([cos * x - sin * z, y, sin * x + cos * z], axis=-1)


def body_in_space(facing_deg: ArrayLike, *, fps: float = 24.0, energy: float = 1.0) -> NDArray[np.float64]:
    """World points (T, 25, 3): metres about the hips, x right, y down, z away; one who dances on the spot.

    facing_deg (T,): the way the body faces, 0 towards the camera, 90 to the right of the picture. energy: of arms
    and legs.
    """
    frames = len(np.asarray(facing_deg))
    phase = 2 * np.pi * np.arange(frames) / fps
    points = np.full((frames, 25, 3), np.nan)
    points[:, 8], points[:, 1] = 0, (0, -TORSO, 0)
    for ear, side in ((18, 1), (17, -1)):
        points[:, ear] = points[:, 1] + np.array([side * EARS / 2, -NECK_LENGTH, 0])
    points[:, 0] = points[:, 1] + np.array([0, -NECK_LENGTH + 0.02, -0.12])
    points[:, 16], points[:, 15] = (
        points[:, 0] + np.array([0.03, -0.03, 0.02]),
        points[:, 0] + np.array([-0.03, -0.03, 0.02]),
    )
    for side, shoulder, hip, toe in ((1, 5, 12, 19), (-1, 2, 9, 22)):
        raised = np.deg2rad(40 + 60 * energy * np.sin(0.6 * phase + side))
        forward = np.deg2rad(30 * energy * np.sin(0.5 * phase))
        elbow = np.deg2rad(50 + 45 * energy * np.sin(0.9 * phase + 0.5 * side))
        points[:, shoulder] = points[:, 1] + np.array([side * SHOULDERS / 2, 0, 0])
        upper = np.stack(
            [side * np.sin(raised) * np.cos(forward), np.cos(raised), -np.sin(raised) * np.sin(forward)], 1
        )
        ahead = np.cross(upper, np.cross([0, 0, -1.0], upper))
        ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
        points[:, shoulder + 1] = points[:, shoulder] + UPPER * upper
        fore = np.cos(elbow)[:, None] * upper + np.sin(elbow)[:, None] * ahead
        points[:, shoulder + 2] = points[:, shoulder + 1] + FORE * fore
        lifted = np.deg2rad(25 + 25 * energy * np.sin(0.7 * phase + np.pi * (side > 0)))
        points[:, hip] = (side * HIPS / 2, 0, 0)
        zero = np.zeros(frames)
        points[:, hip + 1] = points[:, hip] + THIGH * np.stack([zero, np.cos(lifted), -np.sin(lifted)], 1)
        points[:, hip + 2] = points[:, hip + 1] + SHANK * np.stack([zero, np.cos(lifted), np.sin(lifted)], 1)
        points[:, toe] = points[:, hip + 2] + FOOT * np.array([0, 0.45, -0.893]) / np.hypot(0.45, 0.893)
        points[:, 21 if side > 0 else 24] = points[:, hip + 2] + np.array([0, 0.06, 0.05])
    return turn_about_vertical(points, facing_deg)


def in_picture(points: NDArray[np.float64], hips: NDArray[np.float64]) -> NDArray[np.float32]:
    """Keypoints (T, 25, 3) of world points as a far camera sees them, with the hips' middle at (T, 2) pixels."""
    keypoints = np.zeros((*points.shape[:2], 3), np.float32)
    seen = np.isfinite(points[..., 0])
    keypoints[..., :2] = np.where(seen[..., None], PX_PER_METRE * np.nan_to_num(points[..., :2]) + hips[:, None], 0)
    keypoints[..., 2] = seen
    return keypoints
