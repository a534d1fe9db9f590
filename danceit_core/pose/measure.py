"""Measure the size of a body in a picture, robust to jumps, crouches and single wrong frames.

The paper (V-D2) takes the greatest nose-to-feet distance. One wrong frame breaks a plain maximum, and feet that a
detector does not always provide (toes, heels) change its meaning. So each measure is the 90th percentile over the
frames, and height ends at the lower *ankle*. Handstands and floor work have no standing height: it is taken from the
frames in which the body is upright and, only if these are rare, along the body in any direction. The ground is at the
ankles, or at the lowest joint of a body that is not upright. Coordinates are pixels, x right, y down.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.pose.orientation import UNKNOWN, UP, along_body, directions, joint_places
from danceit_core.pose.skeleton import ANKLES, BODY, MID_HIP, NOSE, Keypoints, torso_length

Array = NDArray[np.float64]

STANDING_PERCENTILE = 90.0
# From this share of the frames that show a height, the upright frames are enough to measure.
ENOUGH_UPRIGHT = 0.1


@dataclass(frozen=True)
class Body:
    """Size and place of a person in a picture, pixels: nose to ankles standing, neck to hip, ankle line, usual x."""

    height_px: float
    torso_px: float
    ground_y: float
    centre_x: float

    def scaled(self, factor: float) -> "Body":
        """The same person in a picture `factor` times as large."""
        return Body(*(factor * v for v in (self.height_px, self.torso_px, self.ground_y, self.centre_x)))


def measure_body(keypoints: Keypoints) -> Body:
    """Body of the person in (T, 25, 3) keypoints, absent joints 0, 0, 0; NaN for what no frame shows.

    90th percentiles of `body_heights`, neck to mid-hip and `ground_contacts`; median x of the hip.
    """
    xy = joint_places(keypoints)
    hip_x = xy[:, MID_HIP, 0]
    return Body(
        height_px=standing(body_heights(xy)),
        torso_px=standing(torso_length(keypoints)),
        ground_y=standing(ground_contacts(xy)),
        centre_x=float(np.median(hip_x[np.isfinite(hip_x)])) if np.isfinite(hip_x).any() else float("nan"),
    )


def why_no_size(body: Body, *, frames: int) -> str:
    """Why this body, measured in this many frames, gives no scale, in one line; empty if it does."""
    if np.isnan([body.height_px, body.torso_px]).any():
        return f"no frame of {frames} shows nose, neck, hip and an ankle; film the whole body, head to feet"
    if body.height_px <= 0 or body.torso_px <= 0:
        return (
            f"nose to ankles measures {body.height_px:.1f} px, neck to hip {body.torso_px:.1f} px; "
            "give the joints of a person, which do not all lie in one place"
        )
    return ""


def body_heights(xy: Array) -> Array:
    """Nose to lower ankle (T,), along the body, of places (T, 15 or 25, 2); NaN in frames that do not count.

    Frames that lack an end do not count and, if enough of the others are upright, those that are not upright.
    """
    to = directions(xy)
    feetwards = along_body(xy, to)
    heights = np.fmax(feetwards[:, ANKLES[0]], feetwards[:, ANKLES[1]]) - feetwards[:, NOSE]
    upright, known = (to == UP) | (to == UNKNOWN), np.isfinite(heights)
    if (upright & known).sum() >= max(1, ENOUGH_UPRIGHT * known.sum()):
        heights[~upright] = np.nan
    return heights


def ground_contacts(xy: Array) -> Array:
    """y (T,) of the ground contact, of places (T, 15 or 25, 2): the lower ankle of upright bodies, NaN if absent.

    For a body that is not upright it is the lowest joint: the hands in a handstand, the hip or shoulder on the floor.
    """
    to, y = directions(xy), xy[:, BODY, 1]
    return np.where((to == UP) | (to == UNKNOWN), lower_ankles(xy), np.fmax.reduce(y, axis=1))


def lower_ankles(xy: Array) -> Array:
    """y of the lower ankle (T,) of positions (T, 15 or 25, 2), NaN where absent; NaN where both are."""
    return np.fmax(xy[:, ANKLES[0], 1], xy[:, ANKLES[1], 1])


def standing(values: Array) -> float:
    """The 90th percentile of the finite ones of (T,) values, NaN if there are none."""
    finite = values[np.isfinite(values)]
    return float(np.percentile(finite, STANDING_PERCENTILE)) if len(finite) else float("nan")
