"""Distance of two pictures of a person to a network trained on ImageNet: the form of LPIPS on EfficientNet-Lite0.

    distance = LearnedDistance("resources/efficientnet")
    distance(painted, real, poses)         one figure for (N, H, W, 3) uint8 pictures: the mean over those with a person
    distance.each(painted, real, poses)    (N,), NaN if fewer than MIN_JOINTS joints show where the person is

At each place of each of five stages (`EfficientNetLite0`) the activations are divided by their length; half the squared
difference of the two, 1 minus their cosine, is averaged over the places of the person's box, and over the stages (Zhang
et al., CVPR 2018, equation 1, without learnt weights). 0 for equal pictures, at most 1. The box is that of the pose's
joints, enlarged on all sides by a tenth of its longer side: it excludes the room but includes hands and hair.

The square around the person is seen at SIDE x SIDE pixels, which keeps most of the sharpness of a person in 720p. This
distance uses the same network as the perceptual loss of the training, so it favours a painter trained with that loss.
`perceptual_distance`, whose network is not used in any loss, is the unbiased judge of two such trainings.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from danceit_core.assets import EFFICIENTNET_FILE
from danceit_core.errors import ImaginationError
from danceit_core.imagination.networks.efficientnet import load_efficientnet
from danceit_core.imagination.networks.perceptual_distance import MIN_JOINTS, person_square
from danceit_core.media.letterbox import Picture
from danceit_core.pose.skeleton import Keypoints, present

SIDE = 384
# Margin on each side of the box, as a share of its longer side.
MARGIN = 0.1
# Added to a squared length, to avoid a division by zero if there are no activations.
TINY = 1e-6
Pictures = NDArray[np.uint8] | Sequence[Picture]


class LearnedDistance:
    """Distance of painted pictures of a person from real ones.

    weights: folder with `efficientnet_lite0.pth` (`assets.fetch_efficientnet`). Raises AssetError if it is missing or
    damaged.
    """

    def __init__(self, weights: str | Path, *, device: torch.device | str = "cpu") -> None:
        self._device = torch.device(device)
        self._network = load_efficientnet(Path(weights) / EFFICIENTNET_FILE).to(self._device)

    def __call__(self, painted: Pictures, real: Pictures, poses: Keypoints) -> float:
        """Mean distance, 0..1, of pictures (N, H, W, 3) whose poses are (N, 25, 3); NaN if none shows a person."""
        found = self.each(painted, real, poses)
        return float(np.nanmean(found)) if np.isfinite(found).any() else float("nan")

    def each(self, painted: Pictures, real: Pictures, poses: Keypoints) -> NDArray[np.float64]:
        """The distance of each pair. Raises ImaginationError for pictures of different sizes."""
        found = np.full(len(poses), np.nan)
        for number, (ours, theirs, pose) in enumerate(zip(painted, real, poses, strict=True)):
            if ours.shape != theirs.shape:
                raise ImaginationError(
                    f"pictures of shape {ours.shape} and {theirs.shape} cannot be compared; resize one of them"
                )
            if present(pose).sum() >= MIN_JOINTS:
                found[number] = self._pair(ours, theirs, pose)
        return found

    @torch.inference_mode()
    def _pair(self, painted: Picture, real: Picture, pose: Keypoints) -> float:
        crops = np.stack([cut_person(picture, pose) for picture in (painted, real)])
        seen = self._network(torch.from_numpy(crops).to(self._device).permute(0, 3, 1, 2).float() / 127.5 - 1)
        inside = torch.from_numpy(person_box(pose)).to(self._device)[None, None]
        return float(feature_distance([a[:1] for a in seen], [a[1:] for a in seen], weight=inside))


def feature_distance(a: Sequence[Tensor], b: Sequence[Tensor], *, weight: Tensor | None = None) -> Tensor:
    """Mean over stages, pictures and places of 1 - cosine of two pictures' activations, a float32 scalar.

    a, b: per stage (N, C, h, w). weight: (N, 1, H, W) >= 0, weight of each place, at any resolution; None: equal.
    """
    parts = []
    for ours, theirs in zip(a, b, strict=True):
        apart = (_unit(ours) - _unit(theirs)).square().sum(1, keepdim=True) / 2  # (N, 1, h, w)
        if weight is None:
            parts.append(apart.mean())
            continue
        counted = torch.nn.functional.adaptive_avg_pool2d(weight, (apart.shape[2], apart.shape[3]))
        parts.append(((apart * counted).sum((1, 2, 3)) / counted.sum((1, 2, 3)).clamp_min(TINY)).mean())
    return torch.stack(parts).mean()


def cut_person(picture: Picture, pose: Keypoints) -> Picture:
    """The square around the person (`person_square`), (SIDE, SIDE, 3); edge pixels are repeated beyond the picture."""
    (left, top), side = _corner(pose)
    height, width = picture.shape[:2]
    before, after = (max(0, -left), max(0, -top)), (max(0, left + side - width), max(0, top + side - height))
    inside = picture[max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)]
    whole = cv2.copyMakeBorder(inside, before[1], after[1], before[0], after[0], cv2.BORDER_REPLICATE)
    return cv2.resize(whole, (SIDE, SIDE), interpolation=cv2.INTER_AREA if side > SIDE else cv2.INTER_LINEAR)


def person_box(pose: Keypoints) -> NDArray[np.float32]:
    """1 in the box around the joints of (25, 3), 0 elsewhere in the square of `cut_person`, (SIDE, SIDE)."""
    (left, top), side = _corner(pose)
    xy = pose[present(pose), :2].astype(np.float64)
    margin = MARGIN * np.ptp(xy, axis=0).max()
    low = np.floor((xy.min(0) - margin - (left, top)) * SIDE / side).astype(int).clip(0, SIDE)
    high = np.ceil((xy.max(0) + margin - (left, top)) * SIDE / side).astype(int).clip(0, SIDE)
    box = np.zeros((SIDE, SIDE), np.float32)
    box[low[1] : high[1], low[0] : high[0]] = 1
    return box


def _corner(pose: Keypoints) -> tuple[tuple[int, int], int]:
    """Left and top edge and side of the square around a person, whole pixels."""
    x, y, side, _ = person_square(pose)
    return (round(x - side / 2), round(y - side / 2)), max(1, round(side))


def _unit(features: Tensor) -> Tensor:
    features = features.float()
    return features / (features.square().sum(1, keepdim=True) + TINY).sqrt()
