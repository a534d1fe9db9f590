"""Keypoints that the user already has, brought to the frame rate and the picture of the frame store.

The table of videos may say at how many frames a second they were taken and how large their picture was; they are
then resampled by time (linearly, between frames in which the joint was seen) and letterboxed like a video. Annotations
of AIST++ know both themselves.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import PoseError
from danceit_core.media.letterbox import Letterbox
from danceit_core.pose import aistpp
from danceit_core.pose.estimate import Detection
from danceit_core.pose.openpose import read_given
from danceit_core.pose.refusal import make_table, reason_to_refuse
from danceit_core.pose.skeleton import Keypoints, present
from danceit_core.pose.table import PoseTable


def import_keypoints(path: str | Path, *, row: Mapping[str, str], fps: float, size: int, tolerant: bool) -> PoseTable:
    """The keypoint table of a file or folder of keypoints, at `fps` and in a square picture of `size` pixels.

    row: the cells `fps`, `width`, `height`, `camera` of the table of videos; empty cells mean that the keypoints are
    at that rate and of that size already (AIST++: what the data set says). tolerant: what cannot be read or shows
    nobody gives a table without rows whose metadata say why; otherwise that is a PoseError.
    """
    path = Path(path)
    source_size = int(row["width"] or size), int(row["height"] or size)
    source_fps = float(row["fps"] or fps)
    detection, refused = None, ""
    try:
        if path.suffix.lower() == ".pkl":
            keypoints, source_size = aistpp.read_aistpp(path, camera=row["camera"], size=size)
            given, source_fps = Detection(keypoints, None), aistpp.FPS
        else:
            given = read_given(path)
        detection = fit_to_frame_store(given, source_fps=source_fps, source_size=source_size, fps=fps, size=size)
        refused = reason_to_refuse(detection, path, rotate=None)
    except PoseError as error:
        refused = str(error)
    if refused and not tolerant:
        raise PoseError(refused)
    place = Letterbox.fit(source_size, (size, size))
    about = {
        "cuts": [],
        "letterbox": [place.scale, place.offset_x, place.offset_y],
        "source": {"path": str(path), "sha256": checksum(path)},
    }
    return make_table(detection, refused=refused, fps=fps, size=(size, size), about=about)


def fit_to_frame_store(
    given: Detection, *, source_fps: float, source_size: tuple[int, int], fps: float, size: int
) -> Detection:
    """Keypoints at `source_fps` in a picture of `source_size` at `fps` in a square of `size` pixels."""
    fitted = resample(given.keypoints, source_fps=source_fps, fps=fps)
    seen = present(fitted)
    fitted[seen, :2] = Letterbox.fit(source_size, (size, size)).from_source(fitted[seen, :2])
    people = given.people
    if people is not None and len(people):
        people = people[np.round(_positions(len(people), source_fps=source_fps, fps=fps)).astype(int)]
    return Detection(fitted, people)


def resample(keypoints: Keypoints, *, source_fps: float, fps: float) -> Keypoints:
    """Keypoints (T, 25, 3) at another rate: frame k is at k / fps. A joint unseen on either side stays absent."""
    if source_fps == fps or not len(keypoints):
        return keypoints.copy()
    position = _positions(len(keypoints), source_fps=source_fps, fps=fps)
    before = np.floor(position).astype(int)
    after = np.minimum(before + 1, len(keypoints) - 1)
    weight = (position - before)[:, None, None].astype(np.float32)
    mixed = keypoints[before] * (1 - weight) + keypoints[after] * weight
    # On a source frame itself its neighbour does not matter.
    seen = present(keypoints[before]) & (present(keypoints[after]) | (weight[..., 0] == 0))
    return np.where(seen[..., None], mixed, 0).astype(np.float32)


def _positions(source_frames: int, *, source_fps: float, fps: float) -> NDArray[np.float64]:
    """Where each frame at `fps` lies among the source's frames."""
    frames = max(1, round(source_frames / source_fps * fps))
    return np.minimum(np.arange(frames) / fps * source_fps, source_frames - 1)


def checksum(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of a folder's files; empty if there is nothing."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    total = hashlib.sha256()
    for file_path in sorted(path.glob("*")):
        if file_path.is_file():
            total.update(file_path.name.encode() + b"\0" + file_path.read_bytes())
    return total.hexdigest() if path.is_dir() else ""
