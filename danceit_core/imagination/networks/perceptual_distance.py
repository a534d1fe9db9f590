"""Perceptual distance of two pictures of a person: LPIPS (Zhang et al., CVPR 2018) on features of the pose network.

LPIPS compares pictures by a network's features. At each of several layers, the features of a place are divided by their
length; the squared differences are summed over channels, averaged over space and summed over the layers. This is the
form without learnt weights (all are 1), in which a layer contributes twice the mean cosine distance. The backbone is
BlazePose's landmark network `full`, which is available anyway and was trained on people. It is used whatever detector
the user has set, so that figures stay comparable. `learned_distance` is the same form on EfficientNet-Lite0; training
may use that one as a loss, so this one is the judge. For a studio frame, that one weights a blur of 1 pixel more than a
shift of 2 (0.018 and 0.012 of 1), this one less (0.017 and 0.041 of 10).

Layers: its contracting half has five resolutions; the layer used for each is the one from which the next is computed
(the last ReLU before downsampling; for the lowest, the one before heat maps and points branch off). Their sides are
128, 64, 32, 16 and 8, so a place is 1/128 to 1/8 of the square. The network's linear bottlenecks were tried instead,
but there the lowest makes up three quarters of the sum. Tests check that the distance grows with blur, noise,
compression and displacement.

Conventions: pictures uint8 RGB (H, W, 3) of one size; keypoints (25, 3) in their pixels, absent = 0, 0, 0. Both are cut
to the same square around the person, which the network sees at 256 x 256. 0 for equal pictures, at most 10 (5 layers,
features without negative values). For frames of the studio's target, 310 pixels from eyes to toes: 0.03 and 0.09 for a
blur of 1 and 2 pixels, 0.06 for a shift of 2, 0.09 without colours, 0.9 for another pose. It is almost blind to light
that changes evenly: 0.001 for 10 grey levels more, which in a pixel difference would be the largest of all these.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import ImaginationError
from danceit_core.media.letterbox import Picture
from danceit_core.pose.landmarks import REGION_MARGIN, THREADS, Array, cut_region, landmark_file
from danceit_core.pose.skeleton import Keypoints, present
from danceit_core.pose.tflite import Network, Values

MODEL = "full"
LAYERS = tuple(f"model_1/model/re_lu_{number}/Relu6" for number in (2, 6, 10, 22, 31))
# As in LPIPS, added to a squared length to avoid a division by zero if there are no features.
TINY = 1e-10
# Fewer joints do not show where the person is; frames with so few are not used for training either.
MIN_JOINTS = 8


class PerceptualDistance:
    """Distance of two pictures of a person.

    weights: folder with `pose_landmark_full.tflite`. Raises AssetError if it is missing or damaged.
    """

    def __init__(self, weights: Path) -> None:
        self._network = Network(weights / landmark_file(MODEL), threads=THREADS, layers=LAYERS)

    def __call__(self, a: Picture, b: Picture, *, square: Array) -> float:
        """Distance, 0..10, of two pictures within a square (`person_square`): LPIPS equation 1, all weights 1.

        Raises ImaginationError for pictures of different sizes.
        """
        if a.shape != b.shape:
            raise ImaginationError(f"pictures of shape {a.shape} and {b.shape} cannot be compared; resize one of them")
        pairs = zip(self.see(a, square=square), self.see(b, square=square), strict=True)
        return float(sum(np.square(p - q).sum(-1).mean() for p, q in pairs))

    def see(self, picture: Picture, *, square: Array) -> list[Values]:
        """The features of each layer, float32 (h, w, channels), with length 1 at each place (0 without features)."""
        self._network.run(cut_region(picture, square), scale=1 / 255, offset=0)
        return [_unit(self._network.output(layer)) for layer in LAYERS]


def perceptual_distance(
    pictures: NDArray[np.uint8] | list[Picture],
    real: NDArray[np.uint8] | list[Picture],
    keypoints: Keypoints,
    weights: Path,
) -> float:
    """Mean distance of (T, H, W, 3) pictures from the real ones, with the requested poses (T, 25, 3).

    Frames whose poses have fewer than MIN_JOINTS joints are left out; NaN if none is left.
    """
    return mean_distance(PerceptualDistance(weights), pictures, real, keypoints)


def mean_distance(
    distance: PerceptualDistance,
    pictures: NDArray[np.uint8] | list[Picture],
    real: NDArray[np.uint8] | list[Picture],
    keypoints: Keypoints,
) -> float:
    """`perceptual_distance` with a network that is already loaded."""
    shown = present(keypoints).sum(-1) >= MIN_JOINTS
    parts = zip(pictures, real, keypoints, shown, strict=True)
    found = [distance(a, b, square=person_square(pose)) for a, b, pose, there in parts if there]
    return float(np.mean(found)) if found else float("nan")


def person_square(pose: Keypoints) -> Array:
    """Upright square around the joints of (25, 3), with the margin that the pose network expects.

    Centre x, y, side in pixels, rotation 0. Raises ImaginationError for fewer than two joints.
    """
    xy = pose[present(pose), :2].astype(np.float64)
    if len(xy) < 2:
        raise ImaginationError(f"a pose of {len(xy)} joints has no extent; leave out frames with fewer than two joints")
    low, high = xy.min(0), xy.max(0)
    return np.array([*(low + high) / 2, (high - low).max() * REGION_MARGIN, 0.0])


def _unit(features: Values) -> Values:
    return features / np.sqrt(np.square(features).sum(-1, keepdims=True) + np.float32(TINY))
