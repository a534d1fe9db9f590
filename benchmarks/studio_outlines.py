"""Methods to make the outlines of the person in a video, for `keypoints_accuracy.py --outlines`."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.config import PoseSettings
from danceit_core.imagination.target.region import body_size, person_region
from danceit_core.media.letterbox import Picture
from danceit_core.media.video import probe
from danceit_core.pose.detect import detect_keypoints
from danceit_core.pose.landmarks import Body, crop_transform
from danceit_core.pose.skeleton import Keypoints

try:
    from danceit_core.pose.outline import Outlines
except ImportError:
    Outlines = None

Mask = NDArray[np.uint8]
Masks = Iterator[Mask]


def find_outlines(name: str, video: Path, keypoints: Keypoints, *, settings: PoseSettings, weights: Path) -> Masks:
    """Outlines (H, W), 255 = person, of every frame, made by the method with that name in MAKERS."""
    return MAKERS[name](video, keypoints, settings, weights)


def capsules(video: Path, keypoints: Keypoints, settings: PoseSettings, weights: Path, *, widen: float) -> Masks:
    """Capsules around the limbs of cleaned keypoints, as used by losses (widen 1) and background plate."""
    info = probe(video)
    body_px = float(np.nanquantile(body_size(keypoints), 0.9))
    for pose in keypoints:
        region = person_region(pose, size=(info.width, info.height), body_px=body_px, widen=widen)
        yield 255 * region.astype(np.uint8)


def network(video: Path, keypoints: Keypoints, settings: PoseSettings, weights: Path) -> Masks:
    """The landmark network's output for each picture, only resized to it."""
    masks: list[Mask] = []

    def draw(picture: Picture, body: Body | None) -> None:
        mask = np.zeros(picture.shape[:2], np.uint8)
        if body is not None and body.outline is not None:
            transform = crop_transform(body.region)
            # OpenCV's coordinates count from the middle of the first pixel.
            transform[:, 2] += transform[:, :2].sum(axis=1) / 2 - 0.5
            mask = cv2.warpAffine(np.round(255 * body.outline).astype(np.uint8), transform, mask.shape[::-1])
        masks.append(mask)

    detect_keypoints(video, settings=settings, weights=weights, sink=draw)
    yield from masks


def outline(video: Path, keypoints: Keypoints, settings: PoseSettings, weights: Path) -> Masks:
    """The outlines of the project, made sharp and steady."""
    maker, masks = Outlines(), []
    detect_keypoints(
        video, settings=settings, weights=weights, sink=lambda picture, body: masks.extend(maker.feed(picture, body))
    )
    yield from [*masks, *maker.finish()]


MAKERS: dict[str, Callable[[Path, Keypoints, PoseSettings, Path], Masks]] = {
    "capsules": partial(capsules, widen=1.0),
    "narrow capsules": partial(capsules, widen=0.5),
    "network": network,
}
if Outlines is not None:
    MAKERS["outline"] = outline
