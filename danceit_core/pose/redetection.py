"""Compare the joints re-detected in painted pictures with the requested ones (paper V).

PCK: Yang and Ramanan, IEEE PAMI 35(12), 2013, here with the torso as the unit. Keypoints are (T, 25, 3) in pixels,
absent = 0, 0, 0.
"""

import numpy as np

from danceit_core.errors import PoseError
from danceit_core.pose.skeleton import Keypoints, present, torso_length


def detection_share(found: Keypoints) -> float:
    """Share of frames, 0..1, in which any joint of (T, 25, 3) was found; NaN without frames."""
    return float(present(found).any(-1).mean()) if len(found) else float("nan")


def redetection(asked: Keypoints, found: Keypoints, *, share: float) -> dict[str, float]:
    """Compare requested with re-detected joints, for those present in both (T, 25, 3) arrays.

    share: tolerance in torso lengths of the requested pose. Returns `pck`, the share of compared joints within the
    tolerance, and `mean_error_px`, their mean distance in pixels; NaN where no joint could be compared.
    Raises PoseError for arrays of different lengths.
    """
    if asked.shape != found.shape:
        raise PoseError(
            f"{len(asked)} poses were requested but {len(found)} found; detect them in the video made from these poses"
        )
    torso = torso_length(asked)
    both = np.asarray(present(asked) & present(found)) & np.isfinite(torso)[:, None]
    if not both.any():
        return {"pck": float("nan"), "mean_error_px": float("nan")}
    distance = np.linalg.norm(asked[..., :2] - found[..., :2], axis=-1)
    hit = distance <= share * np.nan_to_num(torso)[:, None]
    return {"pck": float(hit[both].mean()), "mean_error_px": float(distance[both].mean())}
