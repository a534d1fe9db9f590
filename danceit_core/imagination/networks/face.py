"""FaceGAN (paper IV-D): what it adds to the face, where, and in which frames.

For a square patch around the nose, a small generator sees the painted patch and its pose picture, and returns a
residual that is added to the patch. Frames in which the face is turned away are skipped. The residual fades out towards
the edge of the patch, so that no seam shows, and fades in and out over a few frames when the dancer turns.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from danceit_core.imagination.networks.generator import ResidualBlock, convolve, enlarge
from danceit_core.imagination.target.view import Window
from danceit_core.media.letterbox import Picture
from danceit_core.pose.draw import pose_picture
from danceit_core.pose.skeleton import (
    LEFT_EAR,
    LEFT_EYE,
    LEFT_SHOULDER,
    NECK,
    NOSE,
    RIGHT_EAR,
    RIGHT_EYE,
    RIGHT_SHOULDER,
    Keypoints,
    present,
    torso_length,
)

STRIDE = 4
MIN_SIDE = 16
CONFIDENCE_FLOOR = 0.3
# The paper's patch of 50 / 512 suits a person whose nose is this share of the picture above the neck (a body that
# fills about four fifths of the picture).
HEAD_SHARE = 0.085
# If the shoulders are closer than this share of the torso, the view is from the side, where detectors confuse left and
# right.
MIN_SHOULDERS = 0.15
TURN_FRAMES = 5


class FaceGenerator(nn.Module):
    """Painted patch and pose patch, (N, 3, s, s) each in -1..1, to a residual (N, 3, s, s) in -1..1; 4 divides s."""

    def __init__(self, *, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            convolve(6, channels, kernel=5),
            convolve(channels, 2 * channels, kernel=3, stride=2),
            convolve(2 * channels, 4 * channels, kernel=3, stride=2),
            *(ResidualBlock(4 * channels) for _ in range(3)),
            enlarge(4 * channels, 2 * channels),
            enlarge(2 * channels, channels),
            nn.Conv2d(channels, 3, 5, padding=2),
        )

    def forward(self, painted: Tensor, pose: Tensor) -> Tensor:
        """The residual, to be added to `painted`."""
        return torch.tanh(self.body(torch.cat([painted, pose], 1)).float())


def faces_camera(keypoints: Keypoints) -> NDArray[np.bool_]:
    """Whether the face can be seen, (T,) from (T, 25, 3).

    Detectors guess the nose of a head that is turned away, so the order of the joints decides as well: seen from the
    front, the dancer's left shoulder, eye and ear are to the right of the right ones. Absent ears or eyes are ignored;
    an absent nose or shoulder means no.
    """
    confidence, x = keypoints[..., 2], keypoints[..., 0]
    seen = present(keypoints)
    enough = torso_length(keypoints)
    shoulders = x[..., LEFT_SHOULDER] - x[..., RIGHT_SHOULDER]
    front = (
        (confidence[..., NOSE] >= CONFIDENCE_FLOOR)
        & seen[..., LEFT_SHOULDER]
        & seen[..., RIGHT_SHOULDER]
        & (shoulders > MIN_SHOULDERS * np.nan_to_num(enough, nan=0.0))
    )
    for left, right in ((LEFT_EYE, RIGHT_EYE), (LEFT_EAR, RIGHT_EAR)):
        front &= ~(seen[..., left] & seen[..., right]) | (x[..., left] > x[..., right])
    return front


def patch_side(keypoints: Keypoints, *, patch_share: float, size: tuple[int, int]) -> int:
    """Side of the patch in pixels, a multiple of 4, at least 16, for the person of (T, 25, 3) keypoints.

    patch_share: share of a square picture that the person fills, for a usual head; a smaller or larger head scales it.
    size: (width, height) of the picture.
    """
    seen = present(keypoints)[..., NOSE] & present(keypoints)[..., NECK]
    necks = np.linalg.norm(keypoints[seen, NOSE, :2] - keypoints[seen, NECK, :2], axis=-1)
    head_px = float(np.median(necks)) if len(necks) else HEAD_SHARE * min(size)
    side = patch_share * head_px / HEAD_SHARE
    largest = min(size) // STRIDE * STRIDE
    return int(min(max(np.ceil(side / STRIDE) * STRIDE, MIN_SIDE), largest))


def place_patch(keypoints: Keypoints, *, side: int, size: tuple[int, int]) -> Window | None:
    """The patch around the nose of (25, 3) keypoints; None if the nose is absent or outside the picture."""
    x, y = keypoints[NOSE, :2]
    if not present(keypoints)[NOSE] or not (0 <= x < size[0] and 0 <= y < size[1]):
        return None
    left, top = (int(np.clip(round(float(c) - side / 2), 0, most - side)) for c, most in zip((x, y), size, strict=True))
    return Window(left, top, side, side)


def patch_pose(keypoints: Keypoints, place: Window, *, size: tuple[int, int]) -> Picture:
    """The patch of the skeleton of (25, 3) keypoints in a picture of `size`, uint8 (side, side, 3)."""
    inside = keypoints.copy()
    inside[:, :2] -= (place.left, place.top)
    return pose_picture(inside, size=(place.width, place.height), side=min(size))


def patch_fade(side: int, device: torch.device) -> Tensor:
    """Weights of the residual (side, side): 1 in the middle, falling to 0 at the edge over an eighth of the side."""
    at = torch.arange(side, device=device) + 0.5
    ramp = (torch.minimum(at, side - at) / (side / 8)).clamp(0, 1)
    return torch.minimum(ramp[:, None], ramp[None, :])


def face_strength(keypoints: Keypoints) -> NDArray[np.float32]:
    """The weight of the residual in each frame of a dance, (T,) in 0..1: `faces_camera`, smoothed over 5 frames.

    It is 0 wherever the face cannot be seen.
    """
    front = faces_camera(keypoints).astype(np.float32)
    if not len(front):
        return front
    padded = np.pad(front, TURN_FRAMES // 2, mode="edge")
    return front * np.convolve(padded, np.full(TURN_FRAMES, 1 / TURN_FRAMES, np.float32), "valid").astype(np.float32)
