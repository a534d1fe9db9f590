"""BlazePose: where the body's joints are in a picture, by the two networks of MediaPipe Pose on LiteRT.

A detector (224 x 224) finds a person and the square, upright region around the body; a landmark network (256 x 256)
finds 33 points in that region, refined on its heat maps, and two alignment points from which the region of the next
frame follows, so that the detector runs only when the person is lost. Bazarevsky et al., "BlazePose: On-device
Real-time Body Pose tracking", 2020; smoothing: Casiez et al., "1 Euro Filter", 2012.

Confidence is BlazePose's visibility: a hidden joint is guessed with low visibility, where OpenPose leaves it out.
One person a picture, the most confident; the same pictures give the same numbers.
"""

from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from danceit_core.errors import AssetError
from danceit_core.media.letterbox import Letterbox, Picture, letterbox
from danceit_core.pose.skeleton import JOINTS, Keypoints

DETECTOR_FILE, LANDMARK_FILE = "pose_detection.tflite", "pose_landmark_full.tflite"
DETECTOR_SIDE, CROP_SIDE, HEATMAP_SIDE = 224, 256, 64
POINTS = 33
MIN_DETECTION, MIN_PRESENCE, MIN_OVERLAP = 0.5, 0.5, 0.3
# The square region is this much wider than twice the distance from the hips' middle to the body's outline.
REGION_MARGIN = 1.25
# Heat maps refine a point within +-3 cells if one of those cells is at least this sure.
HEATMAP_REACH, HEATMAP_FLOOR = 3, 0.5

# BlazePose points each BODY_25 joint is the mean of; the small toes have none.
BODY25_POINTS = {
    0: (0,), 1: (11, 12), 2: (12,), 3: (14,), 4: (16,), 5: (11,), 6: (13,), 7: (15,), 8: (23, 24), 9: (24,),
    10: (26,), 11: (28,), 12: (23,), 13: (25,), 14: (27,), 15: (5,), 16: (2,), 17: (8,), 18: (7,), 19: (31,),
    21: (29,), 22: (32,), 24: (30,),
}  # fmt: skip
MAPPED = np.array(list(BODY25_POINTS))
FIRST_POINT = np.array([points[0] for points in BODY25_POINTS.values()])
LAST_POINT = np.array([points[-1] for points in BODY25_POINTS.values()])

Array = NDArray[np.float64]


class BlazePose:
    """Follows one person through the pictures of a video.

    weights: folder with the two .tflite files. fps: rate of the pictures, for smoothing. confidence_floor: joints less
    visible than this (0..1) are absent. smooth: one-euro filter on the points, as MediaPipe does. threads: of the CPU.
    Raises AssetError if the weights are missing or damaged.
    """

    def __init__(self, weights: Path, *, fps: float, confidence_floor: float, smooth: bool, threads: int = 1) -> None:
        self._detector = Network(weights / DETECTOR_FILE, threads=threads)
        self._landmarks = Network(weights / LANDMARK_FILE, threads=threads)
        self._anchors = detector_anchors()
        self._fps = fps
        self._confidence_floor = confidence_floor
        self._smooth = smooth
        self._region: Array | None = None
        self._filters: tuple[OneEuro, OneEuro] | None = None

    def estimate(self, picture: Picture) -> Keypoints:
        """BODY_25 keypoints (25, 3) of the next picture, uint8 RGB (H, W, 3); all 0 if there is no person."""
        points = self._points_in(picture, self._region) if self._region is not None else None
        if points is None:
            self._region, self._filters = None, None
            region = self._find_person(picture)
            points = self._points_in(picture, region) if region is not None else None
        if points is None:
            return np.zeros((JOINTS, 3), np.float32)
        return to_body25(*points, confidence_floor=self._confidence_floor)

    def _find_person(self, picture: Picture) -> Array | None:
        """Region (centre x, centre y, side, rotation) of the most confident person, None if there is none."""
        source, size = (picture.shape[1], picture.shape[0]), (DETECTOR_SIDE, DETECTOR_SIDE)
        small = letterbox(picture, source=source, size=size)
        outputs = self._detector(small[None].astype(np.float32) / 127.5 - 1)
        scores = sigmoid(outputs["Identity_1"][0, :, 0])
        sure = scores >= MIN_DETECTION
        if not sure.any():
            return None
        scores, raw, anchors = scores[sure], outputs["Identity"][0][sure] / DETECTOR_SIDE, self._anchors[sure]
        centres, sides = raw[:, :2] + anchors, raw[:, 2:4]
        boxes = np.concatenate([centres - sides / 2, centres + sides / 2], axis=1)
        same = overlap(boxes[scores.argmax()], boxes) > MIN_OVERLAP
        # (n, 12) -> (n, 4 points, xy): hips' middle, a point on the body's outline, and two of the upper body
        corners = raw[:, 4:].reshape(-1, 4, 2) + anchors[:, None]
        middle, outline = np.average(corners[same, :2], axis=0, weights=scores[same]) * DETECTOR_SIDE
        place = Letterbox.fit(source, size)
        return region_around(place.to_source(middle), place.to_source(outline))

    def _points_in(self, picture: Picture, region: Array) -> tuple[Array, Array] | None:
        """Points (33, 2) in pixels and visibilities (33,); None if the region shows no person. Moves the region."""
        to_picture = crop_transform(region)
        crop = cv2.warpAffine(
            picture, to_picture, (CROP_SIDE, CROP_SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        outputs = self._landmarks(crop[None].astype(np.float32) * np.float32(1 / 255))
        if float(outputs["Identity_1"].ravel()[0]) < MIN_PRESENCE:
            return None
        # (1, 195) -> (39 points, x y z visibility presence)
        raw = outputs["Identity"].reshape(39, 5).astype(np.float64)
        xy = refine_on_heatmaps(raw[:, :2], outputs["Identity_3"][0]) @ to_picture[:, :2].T + to_picture[:, 2]
        if self._smooth:
            if self._filters is None:
                self._filters = OneEuro(min_cutoff_hz=0.05, speed_gain=80.0), OneEuro(min_cutoff_hz=0.01, speed_gain=10)
            body, aligner = self._filters
            xy = np.concatenate([
                body.smooth(xy[:POINTS], scale_px=region[2], fps=self._fps),
                aligner.smooth(xy[POINTS:], scale_px=region[2], fps=self._fps),
            ])  # fmt: skip
        self._region = region_around(xy[POINTS], xy[POINTS + 1])
        return xy[:POINTS], sigmoid(raw[:POINTS, 3])


class Network:
    """A .tflite file on the LiteRT interpreter: one float32 array in, a dict of named arrays out."""

    def __init__(self, path: Path, *, threads: int) -> None:
        if not path.is_file():
            raise AssetError(f"{path}: the pose weights are missing; `make assets` fetches them")
        try:
            self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise AssetError(f"{path} is damaged ({error}); delete it and run `make assets`") from error
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = {detail["name"]: detail["index"] for detail in self._interpreter.get_output_details()}

    def __call__(self, values: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run the network once."""
        self._interpreter.set_tensor(self._input, values)
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(index) for name, index in self._outputs.items()}


class OneEuro:
    """Low-pass filter whose cutoff rises with speed: still points do not tremble, fast ones do not lag."""

    def __init__(self, *, min_cutoff_hz: float, speed_gain: float, speed_cutoff_hz: float = 1.0) -> None:
        self._min_cutoff_hz, self._speed_gain, self._speed_cutoff_hz = min_cutoff_hz, speed_gain, speed_cutoff_hz
        self._raw: Array | None = None
        self._smoothed = self._speed = np.zeros(0)

    def smooth(self, xy: Array, *, scale_px: float, fps: float) -> Array:
        """The filtered (n, 2) points; speeds count in units of `scale_px`, the person's size."""
        if self._raw is None:
            self._raw, self._smoothed, self._speed = xy, xy, np.zeros_like(xy)
            return xy
        change = (xy - self._raw) / scale_px * fps
        self._speed = self._speed + low_pass_share(self._speed_cutoff_hz, fps) * (change - self._speed)
        cutoff_hz = self._min_cutoff_hz + self._speed_gain * np.abs(self._speed)
        self._smoothed = self._smoothed + low_pass_share(cutoff_hz, fps) * (xy - self._smoothed)
        self._raw = xy
        return self._smoothed


def low_pass_share(cutoff_hz: Array | float, fps: float) -> Array | float:
    """Share of the new value that a first-order low pass of this cutoff takes in, 0..1."""
    return 1 / (1 + fps / (2 * np.pi * cutoff_hz))


def detector_anchors() -> Array:
    """Centres (2254, 2) of the detector's anchors in 0..1: 2 a cell at strides 8 and 16, 6 a cell at stride 32."""
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


def region_around(middle: Array, outline: Array) -> Array:
    """Square region (centre x, centre y, side, rotation) from the hips' middle and a point straight up the body."""
    dx, dy = outline - middle
    return np.array([middle[0], middle[1], 2 * np.hypot(dx, dy) * REGION_MARGIN, np.arctan2(dx, -dy)])


def crop_transform(region: Array) -> Array:
    """Affine matrix (2, 3) from the pixels of the 256 x 256 crop to those of the picture."""
    x, y, side, rotation = region
    cos, sin = np.cos(rotation) * side / CROP_SIDE, np.sin(rotation) * side / CROP_SIDE
    half = CROP_SIDE / 2
    return np.array([[cos, -sin, x - (cos - sin) * half], [sin, cos, y - (sin + cos) * half]])


def refine_on_heatmaps(xy: Array, heatmaps: NDArray[np.float32]) -> Array:
    """Points (n, 2) in crop pixels, moved to the centre of mass of their heat map (64, 64, n) nearby, if it is sure."""
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


def sigmoid(values: NDArray) -> NDArray:
    """1 / (1 + exp(-values)), without overflow."""
    return 1 / (1 + np.exp(-np.clip(values, -60, 60)))


def to_body25(xy: Array, visibility: Array, *, confidence_floor: float) -> Keypoints:
    """BlazePose's points (33, 2) and visibilities (33,) as BODY_25 (25, 3); a mean of two has the lesser visibility."""
    keypoints = np.zeros((JOINTS, 3), np.float32)
    keypoints[MAPPED, :2] = (xy[FIRST_POINT] + xy[LAST_POINT]) / 2
    keypoints[MAPPED, 2] = np.minimum(visibility[FIRST_POINT], visibility[LAST_POINT])
    keypoints[keypoints[:, 2] < confidence_floor] = 0
    return keypoints
