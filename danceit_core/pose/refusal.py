"""Refuse a dance in which no person can be followed, without stopping the others.

Its keypoint table has no rows, and the metadata give the reason in one line (`refused`), which later stages pass on.
"""

from pathlib import Path
from typing import Any

import numpy as np

from danceit_core.errors import PoseError
from danceit_core.pose.estimate import Detection
from danceit_core.pose.orientation import find_turn
from danceit_core.pose.skeleton import JOINTS, Keypoints
from danceit_core.pose.table import PoseTable

MIN_PERSON_SHARE = 0.1


def check_person(keypoints: Keypoints, path: str | Path) -> None:
    """Raise PoseError if a person is found in fewer than a tenth of the frames of (T, 25, 3) keypoints."""
    found = int((keypoints[..., 2] > 0).any(axis=-1).sum())
    if found < max(1, MIN_PERSON_SHARE * len(keypoints)):
        raise PoseError(
            f"{path}: no person in it: found in {found} of {len(keypoints)} frames, {MIN_PERSON_SHARE:.0%} are needed; "
            "show one person, upright, from head to feet"
        )


def check_upright(keypoints: Keypoints, path: str | Path, *, rotate: int | None) -> None:
    """Raise PoseError if (T, 25, 3) keypoints come from a turned camera; rotate: as in `Turn.describe`."""
    turn = find_turn(keypoints)
    if turn is not None:
        raise PoseError(f"{path}: {turn.describe(rotate=rotate)}")


def reason_to_refuse(detection: Detection, path: str | Path, *, rotate: int | None = 0) -> str:
    """Why no dance can be learnt from these keypoints, in one line; empty if it can.

    rotate: degrees clockwise by which the table's column `rotate` has turned the video; None for given keypoints.
    """
    try:
        check_person(in_any_track(detection), path)
        check_upright(detection.keypoints, path, rotate=rotate)
    except PoseError as error:
        return str(error)
    return ""


def in_any_track(detection: Detection) -> Keypoints:
    """Keypoints (T, 25, 3) of the video's frames up to the last with a person, from any of several dancers."""
    if detection.frame is None:
        return detection.keypoints
    anyone = np.zeros((int(detection.frame.max(initial=-1)) + 1, JOINTS, 3), np.float32)
    seen = (detection.keypoints[..., 2] > 0).any(axis=1)
    anyone[detection.frame[seen]] = detection.keypoints[seen]
    return anyone


def make_table(
    detection: Detection | None, *, refused: str, fps: float, size: tuple[int, int], about: dict[str, Any]
) -> PoseTable:
    """A keypoint table; without rows if `refused` says why. about: further metadata."""
    if refused or detection is None:
        detection = Detection(np.zeros((0, JOINTS, 3), np.float32), None)
    names = ("people", "depth", "world", "fingers", "hands", "face", "frame", "track")
    known = {name: getattr(detection, name) for name in names}
    columns = {name: values for name, values in known.items() if values is not None}
    metadata = {"fps": fps, "width": size[0], "height": size[1], "refused": refused, **about}
    return PoseTable(detection.keypoints, metadata, columns)
