"""The size of a body in a picture, measured so that neither jumps and crouches nor single wrong frames count.

The paper (V-D2) takes the greatest nose-to-feet distance. A plain maximum is broken by one wrong frame, and feet that
a detector does not give everywhere (toes, heels) change its meaning; so each measure is the 90th percentile over the
frames, and height ends at the lower *ankle*. Coordinates are pixels, x right, y down.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.pose.skeleton import ANKLES, MID_HIP, NOSE, Keypoints, present, torso_length

STANDING_PERCENTILE = 90.0


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

    90th percentiles of lower ankle minus nose, neck to mid-hip and the y of the lower ankle; median x of the hip.
    """
    xy = np.where(present(keypoints)[..., None], keypoints[..., :2].astype(np.float64), np.nan)
    lower_ankle = lower_ankles(xy)
    hip_x = xy[:, MID_HIP, 0]
    return Body(
        height_px=standing(lower_ankle - xy[:, NOSE, 1]),
        torso_px=standing(torso_length(keypoints)),
        ground_y=standing(lower_ankle),
        centre_x=float(np.median(hip_x[np.isfinite(hip_x)])) if np.isfinite(hip_x).any() else float("nan"),
    )


def lower_ankles(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """y of the lower ankle (T,) of positions (T, 15 or 25, 2), NaN where absent; NaN where both are."""
    return np.fmax(xy[:, ANKLES[0], 1], xy[:, ANKLES[1], 1])


def standing(values: NDArray[np.float64]) -> float:
    """The 90th percentile of the finite ones of (T,) values, NaN if there are none."""
    finite = values[np.isfinite(values)]
    return float(np.percentile(finite, STANDING_PERCENTILE)) if len(finite) else float("nan")
