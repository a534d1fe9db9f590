"""Keypoints by OpenPose's Caffe network on OpenCV, from the user's prototxt and caffemodel.

The network (BODY_25: Cao et al., "OpenPose", TPAMI 2021) gives one heat map per joint, at an eighth of its input size.
Its limb maps, which separate the joints of several persons, are not used: each joint is the maximum of its heat map, so
only one person should be in view. Persons are not counted.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.config import PoseSettings
from danceit_core.errors import ConfigError
from danceit_core.media.letterbox import Picture
from danceit_core.pose.estimate import Detection, Estimate, Hindsight, Progress, estimate_frames
from danceit_core.pose.skeleton import JOINTS

INPUT_HEIGHT, INPUT_MULTIPLE = 368, 16
# A lower peak is the map's noise (OpenPose's own threshold is 0.05, and its limbs then leave such joints out).
MIN_PEAK = 0.1


def detect_with_opencv(
    frames_path: str | Path, *, settings: PoseSettings, weights: Path, progress: Progress | None = None
) -> Detection:
    """Keypoints of every frame by the network of `settings.prototxt` and `settings.caffemodel`; `weights` is not used.

    Joints below `settings.confidence_floor` and MIN_PEAK are absent. Raises ConfigError if the network cannot be read.
    """

    def make(fps: float) -> "OpenPoseNetwork":
        return OpenPoseNetwork(
            settings.prototxt, settings.caffemodel, confidence_floor=max(MIN_PEAK, settings.confidence_floor)
        )

    return estimate_frames(frames_path, make=make, progress=progress)


class OpenPoseNetwork:
    """One person's joints in picture after picture.

    prototxt, caffemodel: paths of a BODY_25 network. confidence_floor: heat (0..1) below which a joint is absent.
    Raises ConfigError if a file is missing or is no such network.
    """

    people, hindsight = None, Hindsight()

    def __init__(self, prototxt: str, caffemodel: str, *, confidence_floor: float) -> None:
        for key, path in (("prototxt", prototxt), ("caffemodel", caffemodel)):
            if not path or not Path(path).is_file():
                raise ConfigError(f"pose.{key} is {path!r}: no such file; give the path of OpenPose's BODY_25 {key}")
        try:
            self._network = cv2.dnn.readNetFromCaffe(prototxt, caffemodel)
        except cv2.error as error:
            raise ConfigError(
                f"pose.prototxt {prototxt} and pose.caffemodel {caffemodel} are not a Caffe network that OpenCV reads "
                f"({error.err}); download both again"
            ) from error
        self._files, self._confidence_floor = f"{prototxt} with {caffemodel}", confidence_floor

    def estimate(self, picture: Picture) -> Estimate:
        """BODY_25 keypoints (25, 3) of a uint8 RGB picture (H, W, 3)."""
        height, width = picture.shape[:2]
        input_width = max(1, round(INPUT_HEIGHT * width / height / INPUT_MULTIPLE)) * INPUT_MULTIPLE
        # As OpenPose does: channels blue, green, red, values / 256 - 0.5.
        blob = cv2.dnn.blobFromImage(picture, 1 / 256, (input_width, INPUT_HEIGHT), (128, 128, 128), swapRB=True)
        self._network.setInput(blob)
        try:
            maps = self._network.forward()
        except cv2.error as error:
            raise ConfigError(
                f"the network of pose.prototxt {self._files} cannot run ({error.err}); download both again"
            ) from error
        if maps.ndim != 4 or maps.shape[1] < JOINTS:
            raise ConfigError(f"pose.prototxt {self._files} gives {maps.shape}; BODY_25 gives at least 25 heat maps")
        xy, heat = find_peaks(maps[0, :JOINTS])
        # A cell's heat belongs to the middle of the square of the picture that it covers.
        xy = (xy + 0.5) * (width / maps.shape[3], height / maps.shape[2])
        keypoints = np.concatenate([xy, np.clip(heat, 0, 1)[:, None]], axis=1).astype(np.float32)
        keypoints[heat < self._confidence_floor] = 0
        return Estimate(keypoints)

    def estimate_before(self, picture: Picture, after: Estimate) -> None:
        """Return None: each picture is processed alone, and the following one adds nothing."""


def find_peaks(maps: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Position (n, 2) x, y and value (n,) of the maximum of each map (n, H, W), in cells, to a fraction of a cell.

    The fraction comes from the parabola through the highest cell and its two neighbours along each axis.
    """
    count, height, width = maps.shape
    row, column = np.divmod(maps.reshape(count, -1).argmax(axis=1), width)
    each = np.arange(count)
    top = maps[each, row, column].astype(np.float64)
    # A neighbour outside the map counts as if it were as low as the one inside.
    before_x, after_x = maps[each, row, np.abs(column - 1)], maps[each, row, _mirrored(column + 1, width)]
    before_y, after_y = maps[each, np.abs(row - 1), column], maps[each, _mirrored(row + 1, height), column]
    x, rise_x = _parabola_peak(before_x, top, after_x)
    y, rise_y = _parabola_peak(before_y, top, after_y)
    return np.stack([column + x, row + y], axis=1), top + rise_x + rise_y


def _mirrored(index: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    """The index reflected at the map's last cell."""
    return size - 1 - np.abs(size - 1 - index)


def _parabola_peak(
    before: NDArray[np.float32], top: NDArray[np.float64], after: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Position (-0.5..0.5) of the maximum of the parabola through values at -1, 0, 1, and its rise above the middle."""
    slope = (after.astype(np.float64) - before) / 2
    bend = 2 * top - before - after
    place = np.divide(slope, bend, out=np.zeros_like(slope), where=bend > 0)
    return place, slope * place / 2
