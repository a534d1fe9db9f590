"""What each frame of a video shows of the room behind the person (not in the paper).

The person's outline shows where they hide the room. It is widened a little, because hair and quick hands are at its
faint edge. If there is no outline, or if it lost a limb, capsules around the limbs are used. Floor close to the feet is
in their shadow (DARK); floor farther away may be (NEAR). Such places are used only if nothing better is known.
"""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.imagination.target.region import Mask, body_size, person_region
from danceit_core.media.mask_video import read_masks
from danceit_core.pose.skeleton import FEET, Keypoints, present

# What a pixel of a frame shows.
CLEAR, NEAR, DARK, HIDDEN, OUTSIDE = range(5)
# The states are stored on a grid of at most this side; an outline is widened by this share of the torso.
GRID_PX, WIDEN = 640, 0.12
# Factor on the half widths of capsules if there is no outline.
GENEROUS = 1.5
# Threshold of an outline, of 255; low, because hair and quick hands are in its faint part.
FAINT = 16
# How far a shadow may reach beside the feet, and above or below them, torso lengths: its dark part, and all of it.
CLOSE, SHADOW = (0.7, 0.3), (2.2, 0.6)
# Masks read at a time.
AT_ONCE = 16


def person_states(
    keypoints: Keypoints,
    masks_path: str | Path | None,
    numbers: NDArray[np.int64],
    *,
    store: tuple[int, int],
    camera: NDArray[np.float64] | None,
    body_px: float,
) -> NDArray[np.uint8]:
    """What each of the frames (n,) shows of the room, (n, h', w') uint8 on a grid; joints in pixels of the plate."""
    shrink = max(1.0, max(store) / GRID_PX)
    size = (round(store[0] / shrink), round(store[1] / shrink))
    state = np.zeros((len(numbers), size[1], size[0]), np.uint8)
    sizes = body_size(keypoints)
    for at, mask in enumerate(_masks(masks_path, numbers)):
        to_store = np.eye(3) if camera is None else np.linalg.inv(camera[at])
        joints, scale = _carried(keypoints[at], to_store)
        joints[:, :2] /= shrink
        torso_px = float(np.nanmax([sizes[at], body_px])) * scale / shrink
        hidden = _hidden(joints, mask, size=size, body_px=torso_px)
        state[at][floor_near(joints, size=size, body_px=torso_px)] = NEAR
        state[at][floor_near(joints, size=size, body_px=torso_px, reach=CLOSE)] = DARK
        state[at][hidden] = HIDDEN
        if camera is not None:
            # Pixels on the edge are interpolated from outside.
            for rim in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
                state[at][rim] = OUTSIDE
    return state


def _masks(path: str | Path | None, numbers: NDArray[np.int64]) -> Iterator[NDArray[np.uint8] | None]:
    """The masks of these frames, a few in memory at a time; None for each without a file."""
    for first in range(0, len(numbers), AT_ONCE):
        some = numbers[first : first + AT_ONCE]
        yield from [None] * len(some) if path is None else read_masks(path, some)


def _carried(keypoints: Keypoints, transform: NDArray[np.float64]) -> tuple[Keypoints, float]:
    """Joints (25, 3) mapped by a homography, and the factor by which it enlarges around them."""
    joints = keypoints.copy()
    joints[:, :2] = cv2.perspectiveTransform(keypoints[None, :, :2].astype(np.float64), transform)[0]
    return np.where(keypoints[:, 2:] > 0, joints, np.float32(0)), float(np.sqrt(abs(np.linalg.det(transform[:2, :2]))))


def _hidden(keypoints: Keypoints, mask: NDArray[np.uint8] | None, *, size: tuple[int, int], body_px: float) -> Mask:
    """Where the person of a frame hides the room, booleans (h, w) on the grid; mask: their outline, if there is one."""
    if mask is None or mask.max(initial=0) < 2 * FAINT:
        return person_region(keypoints, size=size, body_px=body_px, widen=GENEROUS)
    outline = cv2.resize(mask, size, interpolation=cv2.INTER_AREA) >= FAINT
    px = max(1, round(WIDEN * body_px))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * px + 1, 2 * px + 1))
    grown = cv2.dilate(outline.astype(np.uint8), disc).astype(bool)
    # The outline may have lost an arm, so the limbs themselves are always hidden.
    limbs = person_region(keypoints, size=size, body_px=body_px)
    return grown | limbs


def person_hides(keypoints: Keypoints, *, size: tuple[int, int]) -> Mask:
    """Where the person with (25, 3) joints may hide or shade the room, generously, booleans (H, W)."""
    body_px = float(body_size(keypoints))
    if not body_px > 0:
        return np.zeros((size[1], size[0]), bool)
    hidden = person_region(keypoints, size=size, body_px=body_px, widen=GENEROUS)
    return hidden | floor_near(keypoints, size=size, body_px=body_px)


def floor_near(
    keypoints: Keypoints, *, size: tuple[int, int], body_px: float, reach: tuple[float, float] = SHADOW
) -> Mask:
    """The floor around the feet, up to the given torso lengths beside and above or below them, booleans (H, W)."""
    region = np.zeros((size[1], size[0]), np.uint8)
    feet = [joint for joint in FEET if present(keypoints)[joint]]
    if feet:
        low, high = keypoints[feet, :2].min(0), keypoints[feet, :2].max(0)
        axes = (high - low) / 2 + np.array(reach) * body_px
        cv2.ellipse(region, tuple(map(int, (low + high) / 2)), tuple(map(int, axes)), 0, 0, 360, 1, -1)
    return region.astype(bool)


def typical_size(keypoints: Keypoints, *, otherwise: float) -> float:
    """Median torso length of (T, 25, 3) joints, pixels."""
    sizes = body_size(keypoints)
    return otherwise if np.isnan(sizes).all() else float(np.nanmedian(sizes))
