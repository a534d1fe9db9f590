"""Samples of a target's video: small frames and the joints in them (not in the paper)."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from danceit_core.imagination.plate.hides import typical_size
from danceit_core.imagination.target.region import person_and_shadow, person_region
from danceit_core.media.letterbox import resize
from danceit_core.media.video import each_frame, probe
from danceit_core.pose.passages import kept_frames
from danceit_core.pose.skeleton import Keypoints
from danceit_core.pose.table import PoseTable

Frames = NDArray[np.int64]
# Number of samples, and the longer side of their pictures, fixed so that sharpness does not depend on the video's size.
SAMPLES, SAMPLE_PX = 48, 512
RIM_PX = 4  # pixels next to the black bars that are ignored: the edge of the bars is not sharpness of the room
BARE_WALL = 25.0  # variance of the Laplacian below which a room has hardly any edges; four real rooms: 200 to 2000


@dataclass(frozen=True)
class Samples:
    """Frames `numbers` (n,) of a frame store: pictures (n, h, w, 3) uint8, joints (n, 25, 3) in their pixels.

    scale: pixels of these pictures for one of the store.
    """

    numbers: Frames
    pictures: NDArray[np.uint8]
    joints: Keypoints
    scale: float


def spread_frames(cleaned: PoseTable, *, count: int = SAMPLES) -> Frames:
    """Numbers of at most `count` kept frames, evenly spaced from the first to the last."""
    kept = np.flatnonzero(kept_frames(cleaned))
    return kept[np.unique(np.linspace(0, len(kept) - 1, min(count, len(kept))).round().astype(int))]


def take_samples(frames_path: str | Path, table: PoseTable) -> Samples:
    """Some frames of a store, spread over those that cleaning kept; table: keypoints on the plate."""
    numbers = spread_frames(table)
    info = probe(frames_path)
    scale = min(1.0, SAMPLE_PX / max(info.width, info.height))
    size = max(1, round(info.width * scale)), max(1, round(info.height * scale))
    pictures = np.empty((len(numbers), size[1], size[0], 3), np.uint8)
    for at, picture in enumerate(each_frame(frames_path, numbers)):
        pictures[at] = resize(picture, size)
    joints = in_store(table)[numbers]
    joints[..., :2] *= scale
    return Samples(numbers, pictures, joints, scale)


def in_store(table: PoseTable) -> Keypoints:
    """The joints (T, 25, 3) of a table on the plate in pixels of the frame store."""
    keypoints = table.keypoints.astype(np.float32)
    if "camera" in table.columns:
        for frame, camera in enumerate(table.columns["camera"].astype(np.float64)):
            points = keypoints[frame : frame + 1, :, :2].astype(np.float64)
            keypoints[frame, :, :2] = cv2.perspectiveTransform(points, np.linalg.inv(camera))[0]
    return np.where(table.keypoints[..., 2:] > 0, keypoints, np.float32(0))


def relative_sharpness(
    pictures: NDArray[np.uint8], keypoints: Keypoints, *, bars: ArrayLike = (0, 0)
) -> NDArray[np.float64]:
    """Sharpness of the person relative to the room, (T,): variance of the Laplacian in one over that in the other.

    pictures: (T, H, W, 3); keypoints: (T, 25, 3) in their pixels; bars: width of the black bars left and right, and
    above and below, (2,) or (T, 2). Resolution, noise and codec affect both and cancel. A bare wall has nothing to
    compare with; the person's own edges are used instead. NaN if either is not in view.
    """
    height, width = pictures.shape[1:3]
    body_px = typical_size(keypoints, otherwise=height / 4)
    rims = RIM_PX + np.broadcast_to(np.asarray(bars, int), (len(pictures), 2))
    ratios = np.full(len(pictures), np.nan)
    for frame, (picture, joints, (left, top)) in enumerate(zip(pictures, keypoints, rims, strict=True)):
        inside = np.zeros((height, width), bool)
        inside[top : height - top, left : width - left] = True
        edges = cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_32F)
        person = inside & person_region(joints, size=(width, height), body_px=body_px)
        room = inside & ~person_and_shadow(joints, size=(width, height), body_px=body_px)
        if person.any() and room.any():
            ratios[frame] = edges[person].var(dtype=np.float64) / (BARE_WALL + edges[room].var(dtype=np.float64))
    return ratios
