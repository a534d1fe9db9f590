"""BlazePose: where the body's joints are in a picture, by the two networks of MediaPipe Pose on LiteRT.

A detector finds the square, upright region around a person's body (`blazepose_people`); a landmark network (256 x 256)
finds 33 points in that region, refined on its heat maps, and two alignment points from which the region of the next
frame follows, so that the detector runs only when the person is lost - and a few times a second on a part of the
picture, to find others (`lookout`), beside whom the person must stay the same one (`identity`). Bazarevsky et al.,
"BlazePose: On-device Real-time Body Pose tracking", 2020.

Confidence is BlazePose's visibility: a hidden joint is guessed with low visibility, where OpenPose leaves it out.
One person is followed, at first the largest; the same pictures give the same numbers, whatever the threads.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.config import PoseSettings
from danceit_core.errors import ConfigError
from danceit_core.media.letterbox import Picture
from danceit_core.pose.blazepose_people import PeopleDetector, Person, sigmoid
from danceit_core.pose.estimate import Detection, Hindsight, Progress, estimate_frames
from danceit_core.pose.identity import Identity
from danceit_core.pose.lookout import Lookout, join_people
from danceit_core.pose.one_euro import OneEuro
from danceit_core.pose.skeleton import JOINTS, Keypoints
from danceit_core.pose.tflite import Network

MODELS = ("lite", "full", "heavy")
CROP_SIDE, HEATMAP_SIDE = 256, 64
POINTS = 33
MIN_PRESENCE = 0.5
# The square region is this much wider than twice the distance from the hips' middle to the body's outline.
REGION_MARGIN = 1.25
# Heat maps refine a point within +-3 cells if one of those cells is at least this sure.
HEATMAP_REACH, HEATMAP_FLOOR = 3, 0.5
# On two cores, two videos at once with one thread each are faster than one after the other with two.
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

Array = NDArray[np.float64]
Points = tuple[Array, Array]  # (33, 2) in pixels and visibilities (33,)


def detect_with_blazepose(
    frames_path: str | Path, *, settings: PoseSettings, weights: Path, progress: Progress | None = None
) -> Detection:
    """Keypoints and number of persons of every frame by BlazePose; `settings.model` is lite, full or heavy."""

    def make(fps: float) -> BlazePose:
        floor, smooth = settings.confidence_floor, settings.smooth
        return BlazePose(weights, model=settings.model, fps=fps, confidence_floor=floor, smooth=smooth)

    return estimate_frames(frames_path, make=make, progress=progress)


class BlazePose:
    """Follows one person through the pictures of a video.

    weights: folder with the .tflite files. model: of MODELS, the larger the slower and better. fps: rate of the
    pictures, for smoothing. confidence_floor: joints less visible than this (0..1) are absent. smooth: one-euro filter
    on the points, as MediaPipe does. threads: of the CPU. Raises ConfigError for an unknown model, AssetError if the
    weights are missing or damaged.
    """

    def __init__(
        self,
        weights: Path,
        *,
        fps: float,
        confidence_floor: float,
        smooth: bool,
        model: str = "full",
        threads: int = THREADS,
    ) -> None:
        if model not in MODELS:
            raise ConfigError(f"pose.model is {model!r}; BlazePose's models are {', '.join(MODELS)}")
        self._detector = PeopleDetector(weights, threads=threads)
        self._lookout = Lookout(self._detector, fps=fps)
        self._identity = Identity(fps=fps)
        self._withdrawn = 0
        self._landmarks = Network(weights / landmark_file(model), threads=threads)
        self._fps = fps
        self._confidence_floor = confidence_floor
        self._smooth = smooth
        self._region: Array | None = None
        self._filters: tuple[OneEuro, OneEuro] | None = None

    @property
    def people(self) -> int:
        """How many persons are seen around the last picture."""
        return self._lookout.people

    @property
    def hindsight(self) -> Hindsight:
        """What the last picture tells of those before it."""
        return Hindsight(people=self._lookout.before, withdrawn=self._withdrawn)

    def estimate(self, picture: Picture) -> Keypoints:
        """BODY_25 keypoints (25, 3) of the next picture, uint8 RGB (H, W, 3); all 0 if there is no person."""
        self._withdrawn = 0
        points = self._points_in(picture, self._region) if self._region is not None else None
        figure = self._figure()
        if points is None or figure is None:
            points = self._find(picture)
        else:
            self._lookout.watch(picture, figure.middle, reach_px=figure.reach_px)
            points = self._check(picture, figure, points)
        if points is None:
            return np.zeros((JOINTS, 3), np.float32)
        return to_body25(*points, confidence_floor=self._confidence_floor)

    def forget(self) -> None:
        """Look for the person anew in the next picture, as if it were the first."""
        self._region, self._filters = None, None

    def _find(self, picture: Picture) -> Points | None:
        """Points of the person who is followed, found again, or of the largest if nobody else is in view."""
        self.forget()
        company = self._lookout.company
        found = self._lookout.search(picture)
        points = None
        if company:
            self._withdrawn = self._identity.unsure
            around = self._detector.find(picture, self._lookout.tile(picture))
            chosen = self._identity.choose(picture, join_people(found, around))
        else:
            chosen = found[0] if found else None
        if chosen is not None:
            points = self._points_in(picture, region_around(chosen.middle, chosen.outline))
        figure = self._figure()
        if chosen is None or figure is None:
            self._lookout.nobody()
            return None
        self._lookout.found(picture, found, figure.middle, reach_px=figure.reach_px)
        if not company:
            self._identity.meet(picture, chosen)
        return points

    def _check(self, picture: Picture, figure: Person, points: Points) -> Points | None:
        """The points, if they are still those of the same person; otherwise that person's, None if not in view."""
        company = self._lookout.company
        if not self._identity.is_due(figure, company=company):
            return points
        if not company:
            self._identity.remember(picture, figure)
            return points
        around = self._detector.find(picture, self._lookout.tile(picture))
        unsure = self._identity.unsure
        if self._identity.confirm(picture, figure, around):
            return points
        self._withdrawn = unsure
        self.forget()
        chosen = self._identity.choose(picture, around)
        return None if chosen is None else self._points_in(picture, region_around(chosen.middle, chosen.outline))

    def _figure(self) -> Person | None:
        """The person who is followed, as the region tells; None if nobody is."""
        if self._region is None:
            return None
        x, y, side, rotation = self._region
        middle, reach_px = np.array([x, y]), side / 2 / REGION_MARGIN
        return Person(1.0, middle, middle + reach_px * np.array([np.sin(rotation), -np.cos(rotation)]))

    def _points_in(self, picture: Picture, region: Array) -> Points | None:
        """Points (33, 2) in pixels and visibilities (33,); None if the region shows no person. Moves the region."""
        self._landmarks.run(cut_region(picture, region), scale=1 / 255, offset=0)
        if float(self._landmarks.output("Identity_1")[0]) < MIN_PRESENCE:
            return None
        # (195,) -> (39 points, x y z visibility presence)
        raw = self._landmarks.output("Identity").reshape(39, 5).astype(np.float64)
        xy = refine_on_heatmaps(raw[:, :2], self._landmarks.output("Identity_3"))
        to_picture = crop_transform(region)
        xy = xy @ to_picture[:, :2].T + to_picture[:, 2]
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


def landmark_file(model: str) -> str:
    """The file name of one of MODELS."""
    return f"pose_landmark_{model}.tflite"


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


def cut_region(picture: Picture, region: Array) -> Picture:
    """The region (`region_around`) of a picture, uint8 (256, 256, 3), as the landmark network sees it."""
    return cv2.warpAffine(
        picture, crop_transform(region), (CROP_SIDE, CROP_SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip


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


def to_body25(xy: Array, visibility: Array, *, confidence_floor: float) -> Keypoints:
    """BlazePose's points (33, 2) and visibilities (33,) as BODY_25 (25, 3); a mean of two has the lesser visibility."""
    keypoints = np.zeros((JOINTS, 3), np.float32)
    keypoints[MAPPED, :2] = (xy[FIRST_POINT] + xy[LAST_POINT]) / 2
    keypoints[MAPPED, 2] = np.minimum(visibility[FIRST_POINT], visibility[LAST_POINT])
    keypoints[keypoints[:, 2] < confidence_floor] = 0
    return keypoints
