"""Cameras that project a dancer given in space: the real ones of AIST++ and a virtual one that sees the whole route.

Space is that of AIST++: centimetres, y up; the dancer faces along +z, where camera c01 stands. Pictures have x to the
right and y down.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import PoseError
from danceit_core.pose.table import MOST_PIXELS
from danceit_core.tables import DAMAGE, one_line

Array = NDArray[np.float64]
# A virtual camera stands this many sizes of the route away, at the height of its middle, and leaves this margin.
DISTANCE, MARGIN = 2.5, 0.08


@dataclass(frozen=True)
class RealCamera:
    """size: (width, height) pixels; matrix (3, 3); distortions (5,); rotation (3,), a vector; translation (3,)."""

    size: tuple[int, int]
    matrix: Array
    distortions: Array
    rotation: Array
    translation: Array

    def project(self, points: Array) -> Array:
        """Where points (..., 3) appear, (..., 2) pixels; NaN stays NaN."""
        flat = points.reshape(-1, 3)
        known = np.isfinite(flat).all(axis=1)
        xy = np.full((len(flat), 2), np.nan)
        if known.any():
            seen, _ = cv2.projectPoints(
                flat[known], self.rotation, self.translation, self.matrix, self.distortions
            )  # (n, 1, 2)
            xy[known] = seen[:, 0]
        return xy.reshape(*points.shape[:-1], 2)


def read_camera(folder: str | Path, *, sequence: str, camera: str) -> RealCamera:
    """The camera `camera` (c01 .. c09) that filmed a sequence, from the annotation's folder `cameras`.

    Raises PoseError if the folder does not name the sequence's setting or the setting lacks the camera.
    """
    folder = Path(folder)
    path = folder / "mapping.txt"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        settings = dict(line.split()[:2] for line in lines if line.strip())
        if sequence not in settings:
            raise PoseError(f"{path} does not name {sequence}; choose a virtual camera such as `front`")
        path = folder / f"{settings[sequence]}.json"
        cameras = {entry["name"]: entry for entry in json.loads(path.read_text(encoding="utf-8"))}
        if camera not in cameras:
            raise PoseError(f"{path} has no camera {camera!r}; it has {', '.join(cameras)}")
        found = cameras[camera]
        arrays = [np.array(found[key], np.float64) for key in ("matrix", "distortions", "rotation", "translation")]
        if [array.shape for array in arrays] != [(3, 3), (5,), (3,), (3,)]:
            raise ValueError(f"the parameters of camera {camera} are not those of a camera")
        width, height = (int(side) for side in found["size"])
        if not (0 < width <= MOST_PIXELS and 0 < height <= MOST_PIXELS):
            raise ValueError(f"camera {camera} has pictures of {width} x {height}")
        return RealCamera((width, height), *arrays)
    except DAMAGE as error:
        raise PoseError(
            f"{path} is not a camera file of AIST++'s folder `cameras` ({type(error).__name__}: {one_line(error)}); "
            "download the annotations again"
        ) from error


def project_route(points: Array, *, angle_deg: float, size: int) -> Array:
    """Points (T, J, 3) as a camera at the dancer's height sees them, (T, J, 2) pixels of a square of `size`.

    The camera is static and always shows the dancer. angle_deg: 0 is the front, 90 the side to which the left arm of a
    dancer facing the front points, 180 the back. NaN stays NaN.
    """
    angle = np.deg2rad(angle_deg)
    toward = np.array([np.sin(angle), 0, np.cos(angle)])  # from the dancer to the camera
    right = np.array([np.cos(angle), 0, -np.sin(angle)])
    low, high = np.nanmin(points.reshape(-1, 3), axis=0), np.nanmax(points.reshape(-1, 3), axis=0)
    centred = points - (low + high) / 2
    depth = DISTANCE * float(np.linalg.norm(high - low)) - centred @ toward
    seen = np.stack([centred @ right / depth, -centred[..., 1] / depth], axis=-1)
    low, high = np.nanmin(seen.reshape(-1, 2), axis=0), np.nanmax(seen.reshape(-1, 2), axis=0)
    scale = (1 - 2 * MARGIN) * size / float((high - low).max())
    return (seen - (low + high) / 2) * scale + size / 2
