"""Detect a camera that was held upside down or on its side without a flag in the video (not in the paper).

The body's axis goes from the ankles over hips and neck to the nose, without absent joints. Its direction is the nearest
of up, right, down and left, so bent and tilted bodies count as upright. Single frames prove nothing: handstands and
floor work are part of a dance. A camera was turned if the body points in one constant direction other than up in nearly
all frames of a video or of one of its shots.

Measured (benchmarks/orientation.py): upright dances point up in at least 98 % of the frames, motion capture always. The
same videos turned by 90, 180 or 270 degrees and detected again point that way in at least 93 %.
Coordinates are pixels, x right, y down.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.pose.skeleton import ANKLES, MID_HIP, NECK, NOSE, Keypoints, present

# Minimum share of the frames with a known direction.
TURNED_SHARE = 0.8
# A shorter shot may consist of a handstand only.
SHORTEST_TURNED_SHOT_S = 3.0
UNKNOWN, UP, RIGHT, DOWN, LEFT = -1, 0, 1, 2, 3
WORDS = {
    RIGHT: "the person lies, head to the right,",
    DOWN: "the person is upside down",
    LEFT: "the person lies, head to the left,",
}

Array = NDArray[np.float64]
Directions = NDArray[np.int64]


@dataclass(frozen=True)
class Turn:
    """The direction of a turned person: RIGHT, DOWN or LEFT, in this share of the frames, 0..1."""

    direction: int
    share: float

    @property
    def remedy_deg(self) -> int:
        """The clockwise rotation of the picture in degrees that makes the person upright."""
        return (4 - self.direction) % 4 * 90

    def describe(self, *, rotate: int | None) -> str:
        """The finding and its remedy in one line.

        rotate: degrees clockwise by which column `rotate` has already turned the picture; None for given keypoints,
        which no column turns.
        """
        seen = f"{WORDS[self.direction]} in {self.share:.0%} of the frames (limit {TURNED_SHARE:.0%})"
        how = f"by {self.remedy_deg} degrees clockwise"
        if rotate is None:
            return f"{seen}: turn the keypoints {how}"
        whole = (rotate + self.remedy_deg) % 360
        column = f"column `rotate`: {whole}" if whole else "empty its column `rotate`"
        return f"{seen}: turn the video {how} ({column})"


def find_turn(keypoints: Keypoints) -> Turn | None:
    """How the camera of (T, 25, 3) keypoints was turned; None if it was not, or if nobody is seen."""
    known = directions(joint_places(keypoints))
    known = known[known != UNKNOWN]
    if not len(known):
        return None
    shares = np.bincount(known, minlength=4) / len(known)
    direction = int(shares.argmax())
    turned = direction != UP and shares[direction] >= TURNED_SHARE
    return Turn(direction, float(shares[direction])) if turned else None


def is_turned_shot(keypoints: Keypoints, *, fps: float) -> bool:
    """Whether the camera was turned in the (T, 25, 3) keypoints of one shot; a short one is never sure."""
    return len(keypoints) >= SHORTEST_TURNED_SHOT_S * fps and find_turn(keypoints) is not None


def share_not_upright(keypoints: Keypoints) -> float:
    """Share of (T, 25, 3) keypoints, 0..1, in which the body points another way than up; 0 if nobody is seen."""
    known = directions(joint_places(keypoints))
    return float((known[known != UNKNOWN] != UP).mean()) if (known != UNKNOWN).any() else 0.0


def directions(xy: Array) -> Directions:
    """Direction from the feet to the head (T,): UP, RIGHT, DOWN, LEFT or UNKNOWN, of (T, 15 or 25, 2) places.

    Places are NaN where absent; without torso and legs the direction is UNKNOWN.
    """
    right, left = (xy[:, joint] for joint in ANKLES)
    ankles = (np.fmin(right, left) + np.fmax(right, left)) / 2
    legs, torso, head = xy[:, MID_HIP] - ankles, xy[:, NECK] - xy[:, MID_HIP], xy[:, NOSE] - xy[:, NECK]
    axis = np.nan_to_num(legs) + np.nan_to_num(torso) + np.nan_to_num(head)
    quarter = np.round(np.arctan2(axis[:, 0], -axis[:, 1]) / (np.pi / 2)).astype(np.int64) % 4
    unknown = np.isnan(legs[:, 0]) & np.isnan(torso[:, 0])
    return np.where(unknown, UNKNOWN, quarter)


def along_body(xy: Array, directions: Directions) -> Array:
    """Coordinate (T, J) that grows from head to feet, pixels: y of upright bodies, else -x, -y or x."""
    x, y, to = xy[..., 0], xy[..., 1], directions[:, None]
    return np.select([to == RIGHT, to == DOWN, to == LEFT], [-x, -y, x], default=y)


def joint_places(keypoints: Keypoints) -> Array:
    """Places (T, 25, 2) of the joints in pixels, NaN where absent."""
    return np.where(present(keypoints)[..., None], keypoints[..., :2].astype(np.float64), np.nan)
