"""Import existing keypoints and convert them to the frame rate and the picture of the frame store.

Their frame rate and picture size are taken, in this order, from the table of videos, from their own file (DanceIt's
tables; AIST++ annotations always know both), or from the video that comes with them; otherwise those of the frame store
are assumed. They are resampled by time (linearly, between frames in which the joint was seen) and placed where a frame
store shows them, for the same part of the picture and the same time range (`media.part`).
"""

import hashlib
import logging
import os
from collections.abc import Mapping
from pathlib import Path

from danceit_core.errors import ConfigError, MediaError, PoseError
from danceit_core.isolated import in_child
from danceit_core.media.letterbox import Letterbox
from danceit_core.media.part import WHOLE, Box, SourcePart
from danceit_core.media.samples import find_bars
from danceit_core.pose import aistpp, units
from danceit_core.pose.beside import HIGHEST_FPS, LOWEST_FPS, Beside, find_fps, look_beside
from danceit_core.pose.estimate import Detection
from danceit_core.pose.given import Given, read_given
from danceit_core.pose.json_frames import MOST_FRAME_BYTES, frame_files
from danceit_core.pose.refusal import make_table, reason_to_refuse
from danceit_core.pose.skeleton import Keypoints, present
from danceit_core.pose.store_place import StorePlace, fit_to_frame_store
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
    part: SourcePart = WHOLE,
    keep_bars: bool = False,
) -> PoseTable:
    """The keypoint table of a file or folder of keypoints, at `fps`, in a picture whose longer side is at most `size`.

    That is the picture of the frame store of their video, or of a video as large as their picture. row: the cells
    `fps`, `width`, `height`, `camera` of the table of videos, empty where unknown. video, sound: the files that the
    keypoints come with, empty without one. part: the part of the picture (that of the video, if any) and the time range
    to use; the given keypoints refer to the whole of both. keep_bars: whether the video's frame store keeps dark bars.
    tolerant: unreadable keypoints, or keypoints without a person, give a table without rows whose metadata say why;
    otherwise they raise PoseError. Raises ConfigError for invalid cells.
    """
    path = Path(path)
    _check_cells(path, row)
    detection, refused, store = None, "", StorePlace.of((size, size), long_side=size, crop=None)
    try:
        beside = look_beside(video, sound)
        crop = part.crop or _inside_bars(beside, part=part, keep_bars=keep_bars)
        if path.suffix.lower() == ".pkl":
            given = _read_annotation(path, row=row, size=size)
        else:
            given = _with_cells(read_given(path), row=row, beside=beside, path=path)
        source_fps = find_fps(len(given.keypoints), known=given.fps, beside=beside, assumed=fps, source=path)
        keypoints, picture = _to_pixels(given, beside=beside, size=size, crop=crop, path=path)
        _say_assumed(path, given, fps=None if beside and beside.fps else source_fps, picture=picture, beside=beside)
        store = StorePlace.of((beside and beside.size) or picture, long_side=size, crop=crop, source=path)
        detection = fit_to_frame_store(
            Detection(keypoints, given.people),
            source_fps=source_fps, source_size=picture, fps=fps, store=store, part=part, source=path,
        )  # fmt: skip
        refused = reason_to_refuse(detection, path, rotate=None)
    except (PoseError, MediaError) as error:
        refused = str(error)
    if refused and not tolerant:
        raise PoseError(refused)
    about = {
        "cuts": [],
        "letterbox": [store.place.scale, store.place.offset_x, store.place.offset_y],
        "source": {"path": str(path), "sha256": checksum(path)},
    }
    return make_table(detection, refused=refused, fps=fps, size=store.size, about=about)


def _inside_bars(beside: Beside | None, *, part: SourcePart, keep_bars: bool) -> Box | None:
    """The part of a video's picture that its frame store shows, None for all of it or without a video."""
    if beside is None or beside.size is None or keep_bars:
        return None
    path, duration_s = beside.path, beside.duration_s
    return in_child(lambda: find_bars(path, duration_s=duration_s, part=part), reading=path)


def _check_cells(path: Path, row: Mapping[str, str]) -> None:
    if bool(row["width"]) != bool(row["height"]):
        raise ConfigError(f"{path} has only one of width and height; fill in both columns or none")
    if row["fps"] and not LOWEST_FPS <= float(row["fps"]) <= HIGHEST_FPS:
        raise ConfigError(
            f"{path}: column fps is {row['fps']}; keypoints have {LOWEST_FPS:g} to {HIGHEST_FPS:g} frames per second"
        )


def _read_annotation(path: Path, *, row: Mapping[str, str], size: int) -> Given:
    """An annotation of AIST++, whose rate and picture are the data set's."""
    keypoints, picture = aistpp.read_aistpp(path, camera=row["camera"], size=size)
    if row["width"] or float(row["fps"] or aistpp.FPS) != aistpp.FPS:
        log.warning(
            "%s: an AIST++ annotation has %g frames per second and its camera's picture; columns fps, width and height "
            "are not used", path, aistpp.FPS,
        )  # fmt: skip
    return Given(keypoints, None, aistpp.FPS, picture)


def _with_cells(given: Given, *, row: Mapping[str, str], beside: Beside | None, path: Path) -> Given:
    """The given keypoints with the rate and picture of the table, which take precedence; warns of contradictions."""
    fps = float(row["fps"]) if row["fps"] else given.fps
    size = (int(row["width"]), int(row["height"])) if row["width"] else given.size
    if given.fps not in (None, fps):
        log.warning("%s: %g frames per second by the table, %g by the file; check column fps", path, fps, given.fps)
    for other, whose in ((given.size, "the file itself"), (beside.size if beside else None, "its video")):
        if row["width"] and other not in (None, size):
            log.warning(
                "%s: a picture of %s by the table, of %s by %s; check columns width and height",
                path, _words(size), _words(other), whose,
            )  # fmt: skip
    return Given(given.keypoints, given.people, fps, size)


def _words(size: units.Size | None) -> str:
    return " x ".join(map(str, size or ()))


def _to_pixels(
    given: Given, *, beside: Beside | None, size: int, crop: Box | None, path: Path
) -> tuple[Keypoints, units.Size]:
    """Keypoints in pixels of their picture, and its size. Raises PoseError if they cannot be converted."""
    keypoints, square = given.keypoints, (size, size)
    picture = given.size or (beside.size if beside else None)
    low = units.normalised_from(keypoints, path)
    if low is not None and picture is None:
        raise PoseError(
            f"{path}: coordinates are normalised ({low} to 1), not pixels; fill in columns width and height, or path, "
            "or run OpenPose with --keypoint_scale 0"
        )
    if low is not None and picture is not None:
        log.warning("%s: normalised coordinates (%d to 1), read as shares of %s", path, low, _words(picture))
        keypoints = units.from_normalised(keypoints, low=low, picture=picture)
    elif picture is None:
        picture = units.picture_around(keypoints, least=square)
        units.check_pixels(keypoints, picture=picture, store=size, source=path)
        return keypoints, picture
    elif given.size is None:
        store = StorePlace.of(picture, long_side=size, crop=crop, source=path)
        # Exports of older versions refer to a square.
        for frame in (store.size, square):
            if _of_frame_store(keypoints, picture, store=frame):
                log.warning(
                    "%s: all joints lie within %s, so they are assumed to be those of a frame store, not of the %s of "
                    "its video; if wrong, fill in columns width and height", path, _words(frame), _words(picture),
                )  # fmt: skip
                keypoints = keypoints.copy()
                place = store.place if frame == store.size else Letterbox.fit(picture, square)
                seen = present(keypoints)
                keypoints[seen, :2] = place.to_source(keypoints[seen, :2])
                break
    units.check_pixels(keypoints, picture=picture, store=size, source=path)
    units.warn_of_doubtful(keypoints, picture=picture, source=path)
    return keypoints, picture


def _of_frame_store(keypoints: Keypoints, picture: units.Size, *, store: units.Size) -> bool:
    """Whether joints lie in the picture of a frame store, as DanceIt's exports do, not in the video's picture."""
    smaller = store[0] < picture[0] and store[1] < picture[1]
    return units.within(keypoints, store) and (smaller or not units.within(keypoints, picture))


def _say_assumed(path: Path, given: Given, *, fps: float | None, picture: units.Size, beside: Beside | None) -> None:
    """Log one warning about all assumed values."""
    assumed = []
    if given.fps is None and fps is not None:
        assumed.append(f"{fps:g} frames per second (column fps)")
    if given.size is None and not (beside and beside.size):
        assumed.append(f"a picture of {picture[0]} x {picture[1]} (columns width and height)")
    if assumed:
        log.warning("%s: unknown, therefore assumed: %s", path, ", ".join(assumed))


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
            # Longer files were rejected.
            total.update(file.read(MOST_FRAME_BYTES))
    return total.hexdigest()
