"""The position of a dance's picture on the background plate.

If a target's camera moves, the room in its video, the plate, is larger than a single picture. Joints of the
target (`results/camera/{target}.parquet`) are in pixels of the plate, joints of a finished dance in pixels of the
picture. Columns `plate_x` and `plate_y` of a finished dance are the position of the picture's upper left corner on the
plate in each frame; without them plate and picture are the same.
"""

import numpy as np
from numpy.typing import NDArray

from danceit_core.pose.skeleton import Keypoints
from danceit_core.pose.table import PoseTable

Box = tuple[int, int, int, int]  # left, top, width, height, pixels of the plate


def still_picture(target: PoseTable) -> Box:
    """The part of the plate that a still camera shows; all of it if the target's camera is static."""
    left, top, width, height = target.metadata.get("picture") or (0, 0, *target.size)
    # A video has even sides.
    return int(left), int(top), int(width) // 2 * 2, int(height) // 2 * 2


def store_size(target: PoseTable) -> tuple[int, int]:
    """Width and height of the frame store of a target whose table lies on its plate."""
    width, height = target.metadata.get("store") or still_picture(target)[2:]
    return int(width), int(height)


def corners(dance: PoseTable) -> NDArray[np.float32]:
    """Positions of the picture's upper left corner on the plate, (T, 2) pixels."""
    at = np.zeros((len(dance), 2), np.float32)
    for axis, name in enumerate(("plate_x", "plate_y")):
        if name in dance.columns:
            at[:, axis] = dance.columns[name]
    return at


def on_plate(dance: PoseTable) -> Keypoints:
    """The joints of a finished dance, (T, 25, 3), in pixels of the plate."""
    keypoints = dance.keypoints.copy()
    keypoints[..., :2] += corners(dance)[:, None]
    return np.where(keypoints[..., 2:] > 0, keypoints, np.float32(0))
