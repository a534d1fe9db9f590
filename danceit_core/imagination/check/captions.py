"""Writing that appears and disappears over the feet of a target person (not in the paper).

Captions stand still for seconds, have dense, sharp edges, and are not part of the room. Edges near the feet that are
the same in two pictures half a second apart, and are neither the person's nor the room's, are taken for a caption.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.imagination.check.samples import in_store
from danceit_core.imagination.plate.exposure import small_frames
from danceit_core.imagination.plate.hides import typical_size
from danceit_core.imagination.target.region import person_region
from danceit_core.media.letterbox import resize
from danceit_core.media.video import probe
from danceit_core.pose.skeleton import FEET, Keypoints, present
from danceit_core.pose.table import PoseTable

# Longer side of the pictures that are compared.
SIDE_PX = 640
# Least grey levels from pixel to pixel at an edge of writing, and most by which it changes in half a second.
EDGE_LEVELS, SAME_LEVELS = 24.0, 10.0
# The edges of the room are excluded with this many pixels around them.
ROOM_PX = 2
# The area around the feet, torso lengths: beside, above, below. The share of it that edges of writing cover.
AROUND, DENSE = (1.2, 0.5, 0.6), 0.03


def writing_near_feet(frames_path: str | Path, table: PoseTable, plate: NDArray[np.uint8]) -> float:
    """Seconds in which writing that is not part of the room covers the feet; sampled twice per second.

    table: keypoints on the plate; plate: the room (H, W, 3). Meaningless if the camera moves and was not solved.
    """
    joints, moves = in_store(table), "camera" in table.columns
    body_px = typical_size(joints, otherwise=table.size[1] / 4)
    before: NDArray[np.float32] | None = None
    store_width = probe(frames_path).width
    room = None if moves else _edges(_grey(resize(plate, _small(table.size))))
    found, looked_at = 0, 0
    for number, small in small_frames(frames_path, side_px=SIDE_PX, key_frames=True, of=len(table)):
        grey = _grey(small)
        scale = small.shape[1] / store_width
        here = joints[number].copy()
        here[:, :2] *= scale
        if before is not None:
            if moves:
                room = _edges(_grey(_room_of(plate, table.columns["camera"][number], scale, small.shape)))
            if room is not None and _dense(grey, before, room, here, body_px=body_px * scale):
                found += 1
        before, looked_at = grey, looked_at + 1
    return found / max(1, looked_at) * len(table) / table.fps


def _small(size: tuple[int, int]) -> tuple[int, int]:
    shrink = max(1.0, max(size) / SIDE_PX)
    return max(2, round(size[0] / shrink)), max(2, round(size[1] / shrink))


def _grey(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)


def _edges(grey: NDArray[np.float32]) -> NDArray[np.bool_]:
    across, down = (np.abs(cv2.Sobel(grey, cv2.CV_32F, *way, scale=1 / 4)) for way in ((1, 0), (0, 1)))
    return np.maximum(across, down) > EDGE_LEVELS


def _room_of(
    plate: NDArray[np.uint8], camera: NDArray[np.float32], scale: float, shape: tuple[int, ...]
) -> NDArray[np.uint8]:
    """What a frame shows of the plate, as a small picture of the given shape (h, w, 3)."""
    to_plate = np.asarray(camera, np.float64) @ np.diag([1 / scale, 1 / scale, 1.0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpPerspective(plate, to_plate, (shape[1], shape[0]), flags=flags)


def _dense(
    grey: NDArray[np.float32],
    before: NDArray[np.float32],
    room: NDArray[np.bool_],
    joints: Keypoints,
    *,
    body_px: float,
) -> bool:
    """Whether edges of writing lie around the feet of (25, 3) joints."""
    feet = [joint for joint in FEET if present(joints)[joint]]
    if not feet:
        return False
    height, width = grey.shape
    beside, above, below = (int(reach * body_px) for reach in AROUND)
    low, high = joints[feet, :2].min(0).astype(int), joints[feet, :2].max(0).astype(int)
    rows = slice(max(0, low[1] - above), min(height, high[1] + below))
    columns = slice(max(0, low[0] - beside), min(width, high[0] + beside))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return False
    same = np.abs(grey - before)[rows, columns] < SAME_LEVELS
    person = person_region(joints, size=(width, height), body_px=body_px, widen=1.2)[rows, columns]
    around = np.ones((2 * ROOM_PX + 1, 2 * ROOM_PX + 1), np.uint8)
    own = cv2.dilate(room.astype(np.uint8), around).astype(bool)[rows, columns]
    writing = _edges(grey)[rows, columns] & same & ~person & ~own
    looked_at = (~person).sum()
    return bool(looked_at and writing.sum() > DENSE * looked_at)
