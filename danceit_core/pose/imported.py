"""Keypoints that the user already has, brought to the frame rate and the picture of the frame store.

At how many frames a second they were taken and how large their picture was is known, in this order, from the table of
videos, from their own file (our tables; annotations of AIST++ know both for certain), or from the video beside them;
otherwise that of the frame store is assumed. They are resampled by time (linearly, between frames in which the joint
was seen) and letterboxed like a video.
"""

import hashlib
import logging
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import ConfigError, PoseError
from danceit_core.media.letterbox import Letterbox
from danceit_core.pose import aistpp, units
from danceit_core.pose.beside import HIGHEST_FPS, LOWEST_FPS, Beside, find_fps, look_beside
from danceit_core.pose.estimate import Detection
from danceit_core.pose.given import Given, read_given
from danceit_core.pose.json_frames import MOST_FRAME_BYTES, MOST_FRAMES, frame_files
from danceit_core.pose.refusal import make_table, reason_to_refuse
from danceit_core.pose.skeleton import Keypoints, present
from danceit_core.pose.table import PoseTable

log = logging.getLogger(__name__)


def import_keypoints(
    path: str | Path,
    *,
    row: Mapping[str, str],
    fps: float,
    size: int,
    tolerant: bool,
    video: str = "",
    sound: str = "",
) -> PoseTable:
    """The keypoint table of a file or folder of keypoints, at `fps` and in a square picture of `size` pixels.

    row: the cells `fps`, `width`, `height`, `camera` of the table of videos, empty where unknown. video, sound: the
    files that the keypoints come with, empty without one. tolerant: what cannot be read or shows nobody gives a table
    without rows whose metadata say why; otherwise that is a PoseError. Raises ConfigError for cells that cannot be.
    """
    path = Path(path)
    _check_cells(path, row)
    detection, refused, picture = None, "", (size, size)
    try:
        beside = look_beside(video, sound)
        if path.suffix.lower() == ".pkl":
            given = _read_annotation(path, row=row, size=size)
        else:
            given = _with_cells(read_given(path), row=row, beside=beside, path=path)
        source_fps = find_fps(len(given.keypoints), known=given.fps, beside=beside, assumed=fps, source=path)
        keypoints, picture = _to_pixels(given, beside=beside, size=size, path=path)
        _say_assumed(path, given, fps=None if beside and beside.fps else source_fps, picture=picture, beside=beside)
        detection = fit_to_frame_store(
            Detection(keypoints, given.people), source_fps=source_fps, source_size=picture, fps=fps, size=size
        )
        refused = reason_to_refuse(detection, path, rotate=None)
    except PoseError as error:
        refused = str(error)
    if refused and not tolerant:
        raise PoseError(refused)
    place = Letterbox.fit(picture, (size, size))
    about = {
        "cuts": [],
        "letterbox": [place.scale, place.offset_x, place.offset_y],
        "source": {"path": str(path), "sha256": checksum(path)},
    }
    return make_table(detection, refused=refused, fps=fps, size=(size, size), about=about)


def _check_cells(path: Path, row: Mapping[str, str]) -> None:
    if bool(row["width"]) != bool(row["height"]):
        raise ConfigError(f"{path} has a width or a height alone; fill in both columns or none")
    if row["fps"] and not LOWEST_FPS <= float(row["fps"]) <= HIGHEST_FPS:
        raise ConfigError(
            f"{path}: column fps is {row['fps']}; keypoints have {LOWEST_FPS:g} to {HIGHEST_FPS:g} frames a second"
        )


def _read_annotation(path: Path, *, row: Mapping[str, str], size: int) -> Given:
    """An annotation of AIST++, whose rate and picture are the data set's."""
    keypoints, picture = aistpp.read_aistpp(path, camera=row["camera"], size=size)
    if row["width"] or float(row["fps"] or aistpp.FPS) != aistpp.FPS:
        log.warning(
            "%s: an annotation of AIST++ has %g frames a second and its camera's picture; columns fps, width and "
            "height are not used", path, aistpp.FPS,
        )  # fmt: skip
    return Given(keypoints, None, aistpp.FPS, picture)


def _with_cells(given: Given, *, row: Mapping[str, str], beside: Beside | None, path: Path) -> Given:
    """What is given, with the rate and picture that the table says, which win; contradictions are warnings."""
    fps = float(row["fps"]) if row["fps"] else given.fps
    size = (int(row["width"]), int(row["height"])) if row["width"] else given.size
    if given.fps not in (None, fps):
        log.warning("%s: %g frames a second by the table, %g by the file; check column fps", path, fps, given.fps)
    for other, whose in ((given.size, "the file itself"), (beside.size if beside else None, "its video")):
        if row["width"] and other not in (None, size):
            log.warning(
                "%s: a picture of %s by the table, of %s by %s; check columns width and height",
                path, _words(size), _words(other), whose,
            )  # fmt: skip
    return Given(given.keypoints, given.people, fps, size)


def _words(size: units.Size | None) -> str:
    return " x ".join(map(str, size or ()))


def _to_pixels(given: Given, *, beside: Beside | None, size: int, path: Path) -> tuple[Keypoints, units.Size]:
    """Keypoints in pixels of their picture, and its size. Raises PoseError if they cannot be."""
    keypoints, store = given.keypoints, (size, size)
    picture = given.size or (beside.size if beside else None)
    low = units.normalised_from(keypoints, path)
    if low is not None and picture is None:
        raise PoseError(
            f"{path}: coordinates are normalised ({low} to 1), not pixels; fill in columns width and height, or path, "
            "or run OpenPose with --keypoint_scale 0"
        )
    if low is not None and picture is not None:
        log.warning("%s: normalised coordinates (%d to 1), taken as shares of %s", path, low, _words(picture))
        keypoints = units.from_normalised(keypoints, low=low, picture=picture)
    elif picture is None:
        picture = units.picture_around(keypoints, least=store)
        units.check_pixels(keypoints, picture=picture, store=size, source=path)
        return keypoints, picture
    elif given.size is None and _of_frame_store(keypoints, picture, store=store):
        log.warning(
            "%s: all joints lie within %s, so they are taken for those of a frame store, not of the %s of its video; "
            "fill in columns width and height if that is wrong", path, _words(store), _words(picture),
        )  # fmt: skip
        picture = store
    units.check_pixels(keypoints, picture=picture, store=size, source=path)
    units.warn_of_doubtful(keypoints, picture=picture, source=path)
    return keypoints, picture


def _of_frame_store(keypoints: Keypoints, picture: units.Size, *, store: units.Size) -> bool:
    """Whether joints lie in the square of a frame store, as our own exports do, rather than in the video's picture."""
    smaller = store[0] < picture[0] and store[1] < picture[1]
    return units.within(keypoints, store) and (smaller or not units.within(keypoints, picture))


def _say_assumed(path: Path, given: Given, *, fps: float | None, picture: units.Size, beside: Beside | None) -> None:
    """One warning for what nobody has told."""
    assumed = []
    if given.fps is None and fps is not None:
        assumed.append(f"{fps:g} frames a second (column fps)")
    if given.size is None and not (beside and beside.size):
        assumed.append(f"a picture of {picture[0]} x {picture[1]} (columns width and height)")
    if assumed:
        log.warning("%s: assumed, as nothing tells: %s", path, ", ".join(assumed))


def fit_to_frame_store(
    given: Detection, *, source_fps: float, source_size: tuple[int, int], fps: float, size: int
) -> Detection:
    """Keypoints at `source_fps` in a picture of `source_size` at `fps` in a square of `size` pixels.

    Raises PoseError if these would be more than MOST_FRAMES.
    """
    if (frames := len(given.keypoints) / source_fps * fps) > MOST_FRAMES:
        raise PoseError(
            f"{len(given.keypoints)} frames at {source_fps:g} a second become {frames:.0f} at {fps:g}, more than "
            f"{MOST_FRAMES}; check column fps, or cut it up"
        )
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
    """SHA-256 of a file, or of the names and contents of a folder's JSON files; empty if it cannot be read."""
    try:
        if path.is_dir():
            return _checksum_of_folder(path)
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _checksum_of_folder(path: Path) -> str:
    total = hashlib.sha256()
    for file_path in frame_files(path):
        total.update(os.fsencode(file_path.name) + b"\0")
        with file_path.open("rb") as file:
            # What is longer was refused.
            total.update(file.read(MOST_FRAME_BYTES))
    return total.hexdigest()
