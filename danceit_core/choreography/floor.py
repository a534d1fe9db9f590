"""Where a dance takes place: the part of the plate that it may use, and what the finished picture shows of it.

There are three pixel coordinates: those of the plate (the room behind the target person), of the floor (the part of the
plate that the dance may use) and of the picture (the finished video). With a static camera, floor and picture are the
same. A camera that follows the dancer (`rendering.camera: follow`) moves sideways only: the floor is as wide as the
plate and as high as the picture.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.align import Aligned
from danceit_core.choreography.curve import hide_absent, show_absent
from danceit_core.choreography.normalise import ROAM_TORSOS, shift_sideways, whole_body
from danceit_core.choreography.proportions import Lengths, measure_lengths
from danceit_core.errors import ChoreographyError
from danceit_core.pose.follow import follow_camera
from danceit_core.pose.measure import Body
from danceit_core.pose.passages import kept_frames
from danceit_core.pose.plate import Box, still_picture
from danceit_core.pose.skeleton import MID_HIP
from danceit_core.pose.table import PoseTable

CAMERAS = ("still", "follow")


@dataclass(frozen=True)
class Floor:
    """The part `box` (left, top, width, height) of a plate of size `plate` that a dance may use.

    body: the target person's, in pixels from the corner of the box. picture: what a static camera shows of the plate.
    lengths: those of the person's bones, None if they are unknown.
    """

    body: Body
    box: Box
    picture: Box
    plate: tuple[int, int]
    lengths: Lengths | None = None

    @property
    def follows(self) -> bool:
        """Whether the camera follows the dancer."""
        return self.box[2] > self.picture[2]

    @property
    def place(self) -> dict[str, Any]:
        """Arguments of `align` and `join`: the dancer's body and place."""
        return {
            "target": self.body,
            "size": self.size,
            "picture_px": max(self.shown),
            "roam_torsos": math.inf if self.follows else ROAM_TORSOS,
            "lengths": self.lengths,
        }

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the floor, pixels."""
        return self.box[2:]

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height of the finished picture, pixels."""
        return self.picture[2:]


def floor_of(target: PoseTable, *, camera: str) -> Floor:
    """The floor of a target person. target: its table on the plate; camera: `rendering.camera`.

    Raises ChoreographyError for an unknown camera, and for a person whose size no frame shows.
    """
    if camera not in CAMERAS:
        raise ChoreographyError(f"rendering.camera is {camera!r}; use one of {', '.join(map(repr, CAMERAS))}")
    picture = still_picture(target)
    box = picture if camera == "still" else (0, picture[1], target.size[0], picture[3])
    kept = target.keypoints[kept_frames(target)]
    body = whole_body(kept, name="the target person")
    at_box = replace(body, centre_x=body.centre_x - box[0], ground_y=body.ground_y - box[1])
    return Floor(at_box, box, picture, target.size, measure_lengths(kept))


def film(dance: Aligned, floor: Floor, *, fps: float) -> tuple[Aligned, NDArray[np.float32]]:
    """A dance on the floor as the picture shows it, and where the picture's corner lies on the plate, (T, 2) pixels.

    fps: frame rate of the dance, which is that of the finished video.
    """
    at = np.array(floor.box[:2], np.float32)
    if not floor.follows:
        return dance, np.tile(at, (len(dance.keypoints), 1))
    seen = hide_absent(dance.keypoints)
    corners = follow_camera(at[0] + seen[:, MID_HIP, 0], plate=floor.plate, picture=floor.picture, fps=fps)
    seen[..., :2] += (at - corners)[:, None]
    # If the dancer is too quick for the camera, keep them inside the picture.
    shift = shift_sideways(seen, target=floor.body, width=floor.shown[0], fps=fps, roam_torsos=math.inf)
    seen[..., 0] += shift[:, None]
    return replace(dance, keypoints=show_absent(seen)), corners
