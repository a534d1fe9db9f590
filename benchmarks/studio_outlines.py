"""Ways to make the outlines of the person in a video, for `keypoints_accuracy.py --outlines`."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.config import PoseSettings
from danceit_core.imagination.region import body_size, person_region
from danceit_core.media.video import probe
from danceit_core.pose.skeleton import Keypoints

Masks = Iterator[NDArray[np.uint8]]


def find_outlines(name: str, video: Path, keypoints: Keypoints, *, settings: PoseSettings, weights: Path) -> Masks:
    """Outlines (H, W), 255 = person, of every frame, made in the way of that name in MAKERS."""
    return MAKERS[name](video, keypoints, settings, weights)


def capsules(video: Path, keypoints: Keypoints, settings: PoseSettings, weights: Path) -> Masks:
    """Capsules around the limbs of cleaned keypoints, as losses and background plate take them."""
    info = probe(video)
    body_px = float(np.nanquantile(body_size(keypoints), 0.9))
    for pose in keypoints:
        yield 255 * person_region(pose, size=(info.width, info.height), body_px=body_px).astype(np.uint8)


MAKERS: dict[str, Callable[[Path, Keypoints, PoseSettings, Path], Masks]] = {"capsules": capsules}
