"""Judge of held-out frames that a poseGAN paints during training, for early stopping.

    held_out_pck         share of the requested joints that the pose network finds in the painted frames, within
                         PCK_SHARE of the torso, 0..1; if it finds nobody in a frame, no joint of it counts
    held_out_perceptual  mean distance from the real frames as the pose network sees them (`perceptual_distance`)
    held_out_fault       held_out_perceptual + 1 - held_out_pck: the figure that is watched, less is better

The mean difference in grey levels prefers a smear to a sharp limb next to its place, and depends mostly on light and
room. The two figures here are about the person: whether the body is at its requested place, and whether it looks like
the real one. They are added without weights because their ranges are similar: over two trainings of 1,500 steps on the
studio's target the distance fell from 0.50 to 0.25, the share of missed joints from 0.32 to 0.09 (in the real frames it
is 0.005). Among the reviews of the second half, the latter scatters by 0.005 (24 frames; by 0.009 with 8), the distance
by 0.001 to 0.003.

Each frame is judged by itself, without tracking, because the frames are not neighbours. The networks are always
BlazePose's detector and landmark network `full`, whatever detector found the requested joints.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.config import PoseSettings
from danceit_core.imagination.networks.perceptual_distance import MODEL, PerceptualDistance, mean_distance
from danceit_core.pose.blazepose import BlazePose
from danceit_core.pose.redetection import detection_share, redetection
from danceit_core.pose.skeleton import Keypoints

PCK_SHARE = 0.1
FAULT = "held_out_fault"


class HeldOutJudge:
    """Measures the module's three figures of painted frames.

    weights: folder with `pose_detection.tflite` and `pose_landmark_full.tflite`. Raises AssetError if one is missing or
    damaged.
    """

    def __init__(self, weights: Path) -> None:
        floor = PoseSettings().confidence_floor
        self._finder = BlazePose(weights, model=MODEL, fps=1, confidence_floor=floor)
        self._distance = PerceptualDistance(weights)

    def __call__(self, painted: NDArray[np.uint8], real: NDArray[np.uint8], asked: Keypoints) -> dict[str, float]:
        """The figures for painted pictures (N, H, W, 3), the real ones, and the requested poses (N, 25, 3)."""
        found = np.zeros_like(asked)
        for number, picture in enumerate(painted):
            self._finder.forget()
            if (estimate := self._finder.estimate(picture)) is not None:
                found[number] = estimate.keypoints
        # Joints are compared only where both exist; a painter that shows a person in one of three frames is no better.
        pck = redetection(asked, found, share=PCK_SHARE)["pck"] * detection_share(found)
        pck = float(np.nan_to_num(pck))
        perceptual = mean_distance(self._distance, list(painted), list(real), asked)
        return {"held_out_pck": pck, "held_out_perceptual": perceptual, FAULT: perceptual + 1 - pck}
