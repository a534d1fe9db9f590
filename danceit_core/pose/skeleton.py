"""BODY_25, the joint order of OpenPose, and the groups of joints that the paper uses.

Keypoints are float32 arrays (..., 25, 3): x, y in pixels of the picture (x right, y down), confidence in 0..1.
An absent joint is (0, 0, 0). "Left" is the dancer's left. Hands are the wrists; feet are the ankles, big toes,
small toes and heels, as far as the detector provides them (paper III-A).
"""

import numpy as np
from numpy.typing import NDArray

JOINT_NAMES = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist",
    "mid_hip", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle", "right_eye",
    "left_eye", "right_ear", "left_ear", "left_big_toe", "left_small_toe", "left_heel", "right_big_toe",
    "right_small_toe", "right_heel",
)  # fmt: skip
JOINTS = len(JOINT_NAMES)

NOSE, NECK, MID_HIP = 0, 1, 8
RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST = 2, 3, 4
LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST = 5, 6, 7
RIGHT_HIP, RIGHT_KNEE, RIGHT_ANKLE = 9, 10, 11
LEFT_HIP, LEFT_KNEE, LEFT_ANKLE = 12, 13, 14
RIGHT_EYE, LEFT_EYE, RIGHT_EAR, LEFT_EAR = 15, 16, 17, 18
HANDS = (RIGHT_WRIST, LEFT_WRIST)
ANKLES = (RIGHT_ANKLE, LEFT_ANKLE)
FEET = (11, 14, 19, 20, 21, 22, 23, 24)
HEAD = (0, 15, 16, 17, 18)
# The joints that every detector gives and that carry the dance: head to ankles without eyes and ears.
BODY = tuple(range(15))
LIMBS = (
    (1, 8), (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (8, 9), (9, 10), (10, 11), (8, 12), (12, 13), (13, 14),
    (1, 0), (0, 15), (15, 17), (0, 16), (16, 18), (14, 19), (19, 20), (14, 21), (11, 22), (22, 23), (11, 24),
)  # fmt: skip
# The joint that takes each joint's place in the mirror image.
MIRROR = (0, 1, 5, 6, 7, 2, 3, 4, 8, 12, 13, 14, 9, 10, 11, 16, 15, 18, 17, 22, 23, 24, 19, 20, 21)

Keypoints = NDArray[np.float32]


def present(keypoints: Keypoints) -> NDArray[np.bool_]:
    """Which joints were seen: (..., 25) booleans from (..., 25, 3) keypoints."""
    return keypoints[..., 2] > 0


def torso_length(keypoints: Keypoints) -> NDArray[np.float64]:
    """Neck to mid-hip distance in pixels, (...,); NaN where either end is absent."""
    span = np.linalg.norm(keypoints[..., NECK, :2] - keypoints[..., MID_HIP, :2], axis=-1).astype(np.float64)
    seen = present(keypoints)
    return np.where(seen[..., NECK] & seen[..., MID_HIP], span, np.nan)


def adjacency() -> NDArray[np.float32]:
    """The (25, 25) symmetric adjacency matrix of LIMBS, zero diagonal (A of Eq. 8)."""
    matrix = np.zeros((JOINTS, JOINTS), np.float32)
    for a, b in LIMBS:
        matrix[a, b] = matrix[b, a] = 1
    return matrix
