"""The studio's camera: its position, direction and view; and the same camera turned, moved or zoomed.

Right-handed rooms in metres: x to the right, y up, z towards the camera's usual place. A picture's pixels count from
its upper left corner; the middle of the first pixel is at 0.5.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danceit_core.studio.surface import Floats

DISTANCE, AIM, HEIGHT = 3.15, 0.63, 0.72  # in body heights
VIEW = 1.48  # body heights that the picture shows at the dancer's spot vertically, and at least horizontally


@dataclass(frozen=True)
class Camera:
    """axes (3, 3): right, down, ahead; eye (3,); focal: focal length in shares of the picture's height."""

    axes: Floats
    eye: Floats
    focal: float

    @classmethod
    def for_height(cls, height_m: float, *, side_m: float = 0.0, aspect: float = 1.0) -> "Camera":
        """A camera that shows a person of this height from feet to raised hands, standing `side_m` off the middle.

        aspect: width of the picture over its height. A wide picture shows more room at the sides; in an upright one the
        person is smaller, because the arms need width.
        """
        eye = np.array([side_m, HEIGHT * height_m, DISTANCE * height_m])
        ahead = np.array([0, AIM * height_m, 0]) - eye
        distance = np.linalg.norm(ahead)
        ahead /= distance
        right = np.cross(ahead, [0, 1, 0])
        right /= np.linalg.norm(right)
        axes = np.stack([right, np.cross(ahead, right), ahead])
        focal = float(distance / (VIEW * height_m)) * min(1.0, aspect)
        return cls(axes.astype(np.float32), eye.astype(np.float32), focal)

    @property
    def matrix(self) -> Floats:
        """World to camera, (3, 4)."""
        return np.concatenate([self.axes, -(self.axes @ self.eye)[:, None]], axis=1)

    def pixels(self, points: ArrayLike, *, size: int | tuple[int, int]) -> NDArray[np.float64]:
        """Where points (..., 3) appear in a picture of `size`, (..., 2) x, y; size as for `picture_size`."""
        width, height = picture_size(size)
        seen = (np.asarray(points, np.float64) - self.eye) @ self.axes.T.astype(np.float64)
        return height * (self.focal * seen[..., :2] / seen[..., 2:]) + np.array([width / 2, height / 2])

    def lens(self, size: int | tuple[int, int]) -> NDArray[np.float64]:
        """The matrix (3, 3) that maps directions of the camera (right, down, ahead) to pixels of a picture.

        For two cameras with the same eye, the pixels of `a` are mapped to those of `b` by
        ``b.lens(size) @ b.axes @ a.axes.T @ inv(a.lens(size))``.
        """
        width, height = picture_size(size)
        return np.array([[self.focal * height, 0, width / 2], [0, self.focal * height, height / 2], [0, 0, 1]])

    def turned(self, yaw_deg: float = 0.0, pitch_deg: float = 0.0, roll_deg: float = 0.0) -> "Camera":
        """The camera turned about its eye: to the right, then up, then clockwise about its line of sight, degrees.

        The contents of the picture move the other way: with yaw > 0 left, pitch > 0 down, roll > 0 counter-clockwise.
        """
        yaw, pitch, roll = np.deg2rad([yaw_deg, pitch_deg, roll_deg])
        about_down = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
        about_right = np.array([[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]])
        about_ahead = np.array([[np.cos(roll), np.sin(roll), 0], [-np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
        axes = about_ahead @ about_right @ about_down @ self.axes.astype(np.float64)
        return replace(self, axes=axes.astype(np.float32))

    def moved(self, by_m: ArrayLike) -> "Camera":
        """The camera moved by metres (3,) to its right, down and ahead; its direction stays the same."""
        eye = self.eye + np.asarray(by_m, np.float64) @ self.axes.astype(np.float64)
        return replace(self, eye=eye.astype(np.float32))

    def zoomed(self, factor: float) -> "Camera":
        """The camera with a longer (factor > 1) or shorter lens."""
        return replace(self, focal=self.focal * factor)

    def sees_as(self, other: "Camera") -> bool:
        """Whether the other camera has the same view of the room."""
        same = np.array_equal(self.axes, other.axes) and np.array_equal(self.eye, other.eye)
        return same and self.focal == other.focal


def picture_size(size: int | tuple[int, int]) -> tuple[int, int]:
    """(width, height) of a picture whose size is given in this form or as the side of a square."""
    return (size, size) if isinstance(size, int) else size
