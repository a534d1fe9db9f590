"""The person detector of BlazePose: it finds the persons in a picture, their positions and sizes.

A network (224 x 224) gives for each of 2254 anchors a score, a box, the middle of the hips and a point on the body's
outline straight up from it. Anchors that mean the same person are joined, weighted by their scores. Bazarevsky et
al., "BlazePose: On-device Real-time Body Pose tracking", 2020.

The network is made for a person who fills the picture. It misses most persons less than a third as high as its input
(docs/your_videos.md has the figures), so it also runs on tiles of a picture (`lookout`).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.media.letterbox import Letterbox, Picture, letterbox
from danceit_core.pose.tflite import Network

DETECTOR_FILE = "pose_detection.tflite"
DETECTOR_SIDE = 224
MIN_DETECTION, MIN_OVERLAP = 0.5, 0.3
# The network often finds one person twice, at the head and at the legs; both then have the same hips, within this
# share of the distance from hips to outline (at most 0.3 of it in 5 minutes of real dance).
SAME_HIPS = 0.5

Array = NDArray[np.float64]
Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels of the picture


@dataclass(frozen=True)
class Person:
    """A person found: score 0..1, middle of the hips and a point on the outline, (2,) pixels of the picture."""

    score: float
    middle: Array
    outline: Array

    @property
    def reach_px(self) -> float:
        """Distance from the hips to the outline of the stretched body: about half its height."""
        return float(np.hypot(*(self.outline - self.middle)))

    def is_at(self, middle: Array, *, reach_px: float) -> bool:
        """Whether this is the person with these hips and this reach."""
        return float(np.hypot(*(self.middle - middle))) <= SAME_HIPS * max(self.reach_px, reach_px)


class PeopleDetector:
    """Finds every person in a picture. Raises AssetError if the weights are missing or damaged."""

    def __init__(self, weights: Path, *, threads: int) -> None:
        self._network = Network(weights / DETECTOR_FILE, threads=threads)
        self._anchors = detector_anchors()

    def find(self, picture: Picture, box: Box | None = None) -> list[Person]:
        """The persons in a uint8 RGB picture (H, W, 3), or in a box of it, the largest first."""
        left, top, right, bottom = box or (0, 0, picture.shape[1], picture.shape[0])
        source, size = (right - left, bottom - top), (DETECTOR_SIDE, DETECTOR_SIDE)
        seen = letterbox(picture[top:bottom, left:right], source=source, size=size)
        self._network.run(seen, scale=1 / 127.5, offset=-1)
        scores = sigmoid(self._network.output("Identity_1")[:, 0])
        sure = scores >= MIN_DETECTION
        raw, anchors = self._network.output("Identity")[sure] / DETECTOR_SIDE, self._anchors[sure]
        centres, sides = raw[:, :2] + anchors, raw[:, 2:4]
        boxes = np.concatenate([centres - sides / 2, centres + sides / 2], axis=1)
        # (n, 12) -> (n, 4 points, xy): hips' middle, a point on the body's outline, and two of the upper body
        points = (raw[:, 4:].reshape(-1, 4, 2) + anchors[:, None])[:, :2] * DETECTOR_SIDE
        place, corner = Letterbox.fit(source, size), np.array([left, top])
        found: list[Person] = []
        for score, (middle, outline) in join_boxes(scores[sure], boxes, points):
            person = Person(score, place.to_source(middle) + corner, place.to_source(outline) + corner)
            if not any(person.is_at(other.middle, reach_px=other.reach_px) for other in found):
                found.append(person)
        return sorted(found, key=lambda person: -person.reach_px)


def join_boxes(scores: Array, boxes: Array, points: Array) -> list[tuple[float, Array]]:
    """Score and points (k, 2) of each group of overlapping boxes (n, 4), the highest score first.

    scores: (n,); points: (n, k, 2), averaged by score within a group.
    """
    groups = []
    left = np.arange(len(scores))
    while len(left):
        best = left[scores[left].argmax()]
        same = overlap(boxes[best], boxes[left]) > MIN_OVERLAP
        same |= left == best
        group = left[same]
        groups.append((float(scores[best]), np.average(points[group], axis=0, weights=scores[group])))
        left = left[~same]
    return groups


def detector_anchors() -> Array:
    """Centres (2254, 2) of the detector's anchors in 0..1: 2 per cell at strides 8 and 16, 6 per cell at stride 32."""
    grids = []
    for stride, repeats in ((8, 2), (16, 2), (32, 6)):
        cells = DETECTOR_SIDE // stride
        y, x = np.mgrid[0:cells, 0:cells]
        centres = (np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) / cells
        grids.append(np.repeat(centres, repeats, axis=0))
    return np.concatenate(grids)


def overlap(box: Array, boxes: Array) -> Array:
    """Intersection over union of one box (4,) with boxes (n, 4): left, top, right, bottom."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1)
    return shared / (np.prod(np.clip(box[2:] - box[:2], 0, None)) + areas - shared + 1e-9)


def sigmoid(values: NDArray) -> NDArray:
    """1 / (1 + exp(-values)), without overflow."""
    return 1 / (1 + np.exp(-np.clip(values, -60, 60)))
