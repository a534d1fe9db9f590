"""BlazePose's landmark network: the body's points, its depth and its outline in one region of a picture.

In a square region around a body, the network (256 x 256) finds 33 points, refined on its heat maps, two alignment
points that give the region of the next frame, the same 33 points in metres, and for each pixel the probability that it
belongs to the person. Bazarevsky et al., "BlazePose: On-device Real-time Body Pose tracking", 2020.

Coordinates are continuous, in the region's crop and in the picture: the middle of the first pixel is at 0.5. A flip of
the crop shows that the network's are (its points of crop and mirror image add up to 256, not to 255).
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import ConfigError
from danceit_core.media.letterbox import Picture
from danceit_core.pose.blazepose_people import sigmoid
from danceit_core.pose.skeleton import JOINTS, Keypoints
from danceit_core.pose.tflite import Network

MODELS = ("lite", "full", "heavy")
CROP_SIDE, HEATMAP_SIDE = 256, 64
POINTS, ALL_POINTS = 33, 39
MIN_PRESENCE = 0.5
# The square region is this much wider than twice the distance from the hips' middle to the body's outline.
REGION_MARGIN = 1.25
# A second run on the inner part of the region shows the joints larger, which is more accurate in side views. Alone it
# loses dancers who spin in a small picture.
CLOSER = 0.9
# Heat maps refine a point within +-3 cells if one of those cells is at least this sure.
HEATMAP_REACH, HEATMAP_FLOOR = 3, 0.5
# On two cores, two videos in parallel with one thread each are faster than one after the other with two threads.
THREADS = 1

# BlazePose points each BODY_25 joint is the mean of; the small toes have none.
BODY25_POINTS = {
    0: (0,), 1: (11, 12), 2: (12,), 3: (14,), 4: (16,), 5: (11,), 6: (13,), 7: (15,), 8: (23, 24), 9: (24,),
    10: (26,), 11: (28,), 12: (23,), 13: (25,), 14: (27,), 15: (5,), 16: (2,), 17: (8,), 18: (7,), 19: (31,),
    21: (29,), 22: (32,), 24: (30,),
}  # fmt: skip
MAPPED = np.array(list(BODY25_POINTS))
FIRST_POINT = np.array([points[0] for points in BODY25_POINTS.values()])
LAST_POINT = np.array([points[-1] for points in BODY25_POINTS.values()])
# Thumb, index and little finger of the right, then of the left hand.
FINGER_POINTS = np.array([22, 20, 18, 21, 19, 17])
# The point that takes each point's place in a mirror; the alignment points stay.
_PAIRS = ((1, 4), (2, 5), (3, 6), (7, 8), (9, 10), *((left, left + 1) for left in range(11, POINTS, 2)))
MIRROR_POINT = np.arange(ALL_POINTS)
for _left, _right in _PAIRS:
    MIRROR_POINT[[_left, _right]] = _right, _left

Array = NDArray[np.float64]
Values = NDArray[np.float32]


@dataclass(frozen=True)
class Body:
    """A person in one picture.

    points: (33, 2) pixels of the picture; visibility: (33,) 0..1; depth: (33,) pixels, positive towards the camera,
    relative to the hips' middle; world: (33, 3) metres relative to the hips' middle: x right, y down, z away from the
    camera; region: the region (4,) that was examined, following: that of the next picture; outline: (256, 256) float32,
    the probability 0..1 that each pixel of the region's crop belongs to the person, None if it was not requested.
    """

    points: Array
    visibility: Array
    depth: Array
    world: Array
    region: Array
    following: Array
    outline: Values | None = None


class LandmarkNetwork:
    """The landmark network of one of MODELS; larger models are slower and more accurate.

    weights: folder with the .tflite files. threads: of the CPU. Raises ConfigError for an unknown model, AssetError if
    the weights are missing or damaged.
    """

    def __init__(self, weights: Path, *, model: str = "full", threads: int = THREADS) -> None:
        if model not in MODELS:
            raise ConfigError(f"pose.model is {model!r}; BlazePose's models are {', '.join(MODELS)}")
        self._network = Network(weights / landmark_file(model), threads=threads)

    def look(self, picture: Picture, region: Array, *, mirror: bool = False, outline: bool = False) -> Body | None:
        """The person in a region (`region_around`) of a uint8 RGB picture (H, W, 3); None if it shows none.

        mirror: average the network's results on the region and, from closer, on its mirror image, in twice the time.
        """
        seen = self._see(picture, region, flip=False, outline=outline)
        if seen is None:
            return None
        other = self._see(picture, region * (1, 1, CLOSER, 1), flip=True, outline=outline) if mirror else None
        if other is not None:
            seen = _mean(seen, other)
        return Body(
            points=seen.xy[:POINTS],
            visibility=seen.visibility,
            depth=seen.depth,
            world=seen.world,
            region=region,
            following=region_around(seen.xy[POINTS], seen.xy[POINTS + 1]),
            outline=seen.outline,
        )

    def _see(self, picture: Picture, region: Array, *, flip: bool, outline: bool) -> "_Seen | None":
        crop = cut_region(picture, region)
        self._network.run(np.ascontiguousarray(crop[:, ::-1]) if flip else crop, scale=1 / 255, offset=0)
        if float(self._network.output("Identity_1")[0]) < MIN_PRESENCE:
            return None
        # (195,) -> (39 points, x y z visibility presence)
        raw = self._network.output("Identity").reshape(ALL_POINTS, 5).astype(np.float64)
        xy = refine_on_heatmaps(raw[:, :2], self._network.output("Identity_3"))
        world = self._network.output("Identity_4").reshape(ALL_POINTS, 3).astype(np.float64)
        person = sigmoid(self._network.output("Identity_2")[..., 0]) if outline else None
        if flip:
            xy, raw, world = xy[MIRROR_POINT], raw[MIRROR_POINT], world[MIRROR_POINT] * (-1, 1, 1)
            xy[:, 0] = CROP_SIDE - xy[:, 0]
            person = None if person is None else person[:, ::-1]
        to_picture, rotation = crop_transform(region), region[3]
        cos, sin = np.cos(rotation), np.sin(rotation)
        # The network sees the body upright; rotate it back about the axis towards the camera.
        back = np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
        return _Seen(
            xy @ to_picture[:, :2].T + to_picture[:, 2],
            -raw[:POINTS, 2] * region[2] / CROP_SIDE,
            sigmoid(raw[:POINTS, 3]),
            world[:POINTS] @ back,
            person,
        )


@dataclass(frozen=True)
class _Seen:
    """As in `Body`; xy (39, 2) with the alignment points."""

    xy: Array
    depth: Array
    visibility: Array
    world: Array
    outline: Values | None


def _mean(far: _Seen, near: _Seen) -> _Seen:
    """The mean of two results for one person, the second from a region CLOSER times as large."""
    outline = far.outline
    if outline is not None and near.outline is not None:
        # The far look's pixel c is at half + (c - half) / CLOSER in the near one's; OpenCV counts from pixels' middles.
        middle = (CROP_SIDE - 1) / 2
        place = np.array([[1 / CLOSER, 0, middle * (1 - 1 / CLOSER)], [0, 1 / CLOSER, middle * (1 - 1 / CLOSER)]])
        size, flags = (CROP_SIDE, CROP_SIDE), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        shrunk = cv2.warpAffine(
            near.outline, place, size, flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=np.nan
        )
        outline = np.where(np.isnan(shrunk), outline, (outline + shrunk) / 2)
    return _Seen(
        (far.xy + near.xy) / 2,
        (far.depth + near.depth) / 2,
        (far.visibility + near.visibility) / 2,
        (far.world + near.world) / 2,
        outline,
    )


def landmark_file(model: str) -> str:
    """The file name of one of MODELS."""
    return f"pose_landmark_{model}.tflite"


def region_around(middle: Array, outline: Array) -> Array:
    """Square region (centre x, centre y, side, rotation) from the hips' middle and a point straight up the body."""
    dx, dy = outline - middle
    return np.array([middle[0], middle[1], 2 * np.hypot(dx, dy) * REGION_MARGIN, np.arctan2(dx, -dy)])


def crop_transform(region: Array) -> Array:
    """Affine matrix (2, 3) from the coordinates of the 256 x 256 crop to those of the picture."""
    x, y, side, rotation = region
    cos, sin = np.cos(rotation) * side / CROP_SIDE, np.sin(rotation) * side / CROP_SIDE
    half = CROP_SIDE / 2
    return np.array([[cos, -sin, x - (cos - sin) * half], [sin, cos, y - (sin + cos) * half]])


def cut_region(picture: Picture, region: Array) -> Picture:
    """The region (`region_around`) of a picture, uint8 (256, 256, 3), as the landmark network sees it."""
    transform = crop_transform(region)
    # OpenCV counts from the middle of the first pixel.
    transform[:, 2] += transform[:, :2].sum(axis=1) / 2 - 0.5
    return cv2.warpAffine(
        picture, transform, (CROP_SIDE, CROP_SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip


def refine_on_heatmaps(xy: Array, heatmaps: Values) -> Array:
    """Points (n, 2) in crop pixels, moved to the local centre of mass of their heat map (64, 64, n), if it is sure."""
    cell = CROP_SIDE // HEATMAP_SIDE
    column, row = np.floor(xy / cell).astype(int).T
    reach = np.arange(-HEATMAP_REACH, HEATMAP_REACH + 1)
    rows, columns = row[:, None] + reach, column[:, None] + reach
    # (n, 7 rows, 7 columns)
    values = heatmaps[
        rows.clip(0, HEATMAP_SIDE - 1)[:, :, None],
        columns.clip(0, HEATMAP_SIDE - 1)[:, None, :],
        np.arange(len(xy))[:, None, None],
    ]
    weights = sigmoid(values) * (_on_map(rows)[:, :, None] & _on_map(columns)[:, None, :])
    total = np.maximum(weights.sum(axis=(1, 2)), 1e-9)
    centre = np.stack([(weights.sum(axis=1) * columns).sum(axis=1), (weights.sum(axis=2) * rows).sum(axis=1)], axis=1)
    sure = (weights.max(axis=(1, 2)) >= HEATMAP_FLOOR) & _on_map(row) & _on_map(column)
    return np.where(sure[:, None], centre / total[:, None] * cell, xy)


def _on_map(cells: NDArray[np.int_]) -> NDArray[np.bool_]:
    return (cells >= 0) & (cells < HEATMAP_SIDE)


def to_body25(xy: Array, visibility: Array, *, confidence_floor: float) -> Keypoints:
    """BlazePose's points (33, 2) and visibilities (33,) as BODY_25 (25, 3); a mean of two has the lesser visibility."""
    keypoints = np.zeros((JOINTS, 3), np.float32)
    keypoints[MAPPED, :2] = (xy[FIRST_POINT] + xy[LAST_POINT]) / 2
    keypoints[MAPPED, 2] = np.minimum(visibility[FIRST_POINT], visibility[LAST_POINT])
    keypoints[keypoints[:, 2] < confidence_floor] = 0
    return keypoints


def on_body25(values: Array) -> NDArray[np.float32]:
    """Values of BlazePose's points (33, ...) for the joints of BODY_25 (25, ...), NaN for joints without a point."""
    joints = np.full((JOINTS, *values.shape[1:]), np.nan, np.float32)
    joints[MAPPED] = (values[FIRST_POINT] + values[LAST_POINT]) / 2
    return joints
