"""Keypoints that are given instead of detected: OpenPose's JSON (BODY_25), NumPy archives, our own tables.

OpenPose writes one JSON file a frame, `NAME_000000000012_keypoints.json`, with `people[].pose_keypoints_2d` = 25 x
(x, y, confidence); it leaves absent joints at 0, 0, 0. Frames are ordered by the number in their names, and numbers
that are missing in between become frames without a person. Of several people one is followed through the video, and
those beside that one are counted.
"""

import json
import lzma
import re
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import PoseError
from danceit_core.files import whole_file
from danceit_core.pose.estimate import Detection
from danceit_core.pose.skeleton import JOINTS, Keypoints, present
from danceit_core.pose.table import read_pose_table
from danceit_core.tables import DAMAGE, one_line

FORMATS = "a folder or .zip of OpenPose JSON (BODY_25), an .npz with array `keypoints` (frames, 25, 3), or a .parquet"
FRAME_NUMBER = re.compile(r"(?<![0-9])0*([0-9]{1,18})(?:_keypoints)?\.json$", re.IGNORECASE)
# A hole in the numbering longer than this is no dance with lost frames but files of several videos.
LONGEST_HOLE = 100_000
# A frame of a crowd has some 100 kB; an archive of an hour at 60 frames a second 65 MB. More is a trap, or a mistake.
MOST_JSON_BYTES, MOST_ARRAY_BYTES = 16 * 2**20, 2**29
LOST_FRAMES = 12
FARTHEST_PX = 1e6
# What a damaged zip makes its reader and its decompressors raise.
UNREADABLE = (*DAMAGE, EOFError, NotImplementedError, RuntimeError, lzma.LZMAError, zipfile.BadZipFile, zlib.error)
# OpenPose takes odd shapes for people; someone counts as one beside the dancer with half the joints that limbs hang on
# and a third of the dancer's height.
COUNTED_JOINTS, COUNTED_HEIGHT = 8, 1 / 3


def read_given_keypoints(path: str | Path) -> Keypoints:
    """The keypoints (T, 25, 3) of `read_given`."""
    return read_given(path).keypoints


def read_given(path: str | Path) -> Detection:
    """Keypoints (T, 25, 3) float32: pixels of the video they come with, confidence 0..1, absent joints 0, 0, 0.

    path: a folder or .zip of OpenPose JSON, an .npz with array `keypoints`, or a Parquet table of ours.
    Raises PoseError naming the file and what is wrong with it.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if not path.exists():
        raise PoseError(f"{path}: no such file or folder; check column `keypoints` (it may name {FORMATS})")
    if path.is_dir():
        return read_json_folder(path)
    if suffix == ".zip":
        return _read_json_zip(path)
    if suffix == ".npz":
        return Detection(_read_archive(path), None)
    if suffix == ".parquet":
        table = read_pose_table(path)
        return Detection(_as_keypoints(table.keypoints, path), table.columns.get("people"))
    raise PoseError(f"{path} holds no keypoints that can be read; give {FORMATS}")


def write_openpose_zip(path: str | Path, keypoints: Keypoints, *, name: str) -> None:
    """Write (T, 25, 3) keypoints as a zip of OpenPose's JSON: `NAME_000000000000_keypoints.json`, ... one a frame.

    Coordinates are rounded to a thousandth, as OpenPose does; the same keypoints give the same bytes.
    """
    with whole_file(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for number, frame in enumerate(keypoints):
            numbers = [round(float(value), 3) for value in frame.reshape(-1)]
            people = [{"person_id": [-1], "pose_keypoints_2d": numbers}] if present(frame).any() else []
            entry = zipfile.ZipInfo(f"{name}_{number:012d}_keypoints.json")
            archive.writestr(entry, json.dumps({"version": 1.3, "people": people}), zipfile.ZIP_DEFLATED)


def follow_person(people: Sequence[Keypoints]) -> Keypoints:
    """One person (T, 25, 3) out of those of each frame, T arrays (n, 25, 3), n may be 0.

    The first is the largest and surest; then the one nearest to where that person was last seen, no farther away than
    half that person's height. After LOST_FRAMES without such a one, the largest and surest is taken again.
    """
    followed = np.zeros((len(people), JOINTS, 3), np.float32)
    last: Keypoints | None = None
    lost = 0
    for index, candidates in enumerate(people):
        chosen: Keypoints | None = None
        if last is not None and lost < LOST_FRAMES:
            distances = [_distance(candidate, last) for candidate in candidates]
            if distances and min(distances) <= _height(last) / 2:
                chosen = candidates[int(np.argmin(distances))]
        elif len(candidates):
            chosen = max(candidates, key=lambda person: _height(person) * person[:, 2].mean())
        lost = 0 if chosen is not None else lost + 1
        if chosen is not None and present(chosen).any():
            followed[index] = last = chosen
    return followed


def count_people(people: Sequence[Keypoints], followed: Keypoints) -> NDArray[np.int16]:
    """How many persons are in each frame, (T,): the one of `followed` (T, 25, 3) and those of about that size."""
    counts = np.zeros(len(people), np.int16)
    height = 0.0
    for index, candidates in enumerate(people):
        height = _height(followed[index]) or height
        counted = [
            _height(person) >= COUNTED_HEIGHT * height and present(person).sum() >= COUNTED_JOINTS
            for person in candidates
        ]
        counts[index] = max(sum(counted), int(present(followed[index]).any()))
    return counts


def read_json_folder(folder: Path) -> Detection:
    """The person followed through a folder of OpenPose JSON, and how many there are. Raises PoseError."""
    files = {file.name: file for file in folder.iterdir() if file.suffix.lower() == ".json"}
    return _read_frames(folder, ((name, file.read_bytes()) for name, file in files.items()))


def _height(person: Keypoints) -> float:
    """Height in pixels of the joints that are present, 0 if none is."""
    y = person[present(person), 1]
    return float(np.ptp(y)) if len(y) else 0.0


def _distance(person: Keypoints, last: Keypoints) -> float:
    """Median distance in pixels of the joints that both have; infinite if they share none."""
    both = present(person) & present(last)
    return float(np.median(np.linalg.norm(person[both, :2] - last[both, :2], axis=-1))) if both.any() else np.inf


def _read_json_zip(path: Path) -> Detection:
    return _read_frames(path, _zipped_files(path))


def _zipped_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and contents of each JSON file of a zip. Raises PoseError for one that is damaged or a bomb."""
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if not entry.filename.lower().endswith(".json") or "__MACOSX" in entry.filename:
                    continue
                if entry.file_size > MOST_JSON_BYTES:
                    raise PoseError(
                        f"{path}: {entry.filename[:80]!r} has {entry.file_size} bytes, a frame at most "
                        f"{MOST_JSON_BYTES}; give the files that OpenPose wrote"
                    )
                yield PurePosixPath(entry.filename).name, archive.read(entry)
    except UNREADABLE as error:
        raise PoseError(
            f"{path} is not a readable zip file ({one_line(error)}); zip the folder of JSON files again"
        ) from error


def _read_frames(source: Path, files: Iterator[tuple[str, bytes]]) -> Detection:
    """Frames of OpenPose JSON by the number in the file names, followed through as one person."""
    frames: dict[int, Keypoints] = {}
    for name, data in files:
        match = FRAME_NUMBER.search(name)
        if match is None:
            raise PoseError(
                f"{source}: {name[:80]} has no frame number in its name; OpenPose writes NAME_0012_keypoints.json"
            )
        number = int(match.group(1))
        if number in frames:
            raise PoseError(f"{source}: frame {number} is there twice ({name}); give the files of one video")
        frames[number] = _parse_people(source, name, data)
    if not frames:
        raise PoseError(f"{source} holds no .json file; give {FORMATS}")
    first, last = min(frames), max(frames)
    if last > len(frames) + LONGEST_HOLE:
        raise PoseError(f"{source}: its last frame is {last} but it has {len(frames)} files; give those of one video")
    absent = np.zeros((0, JOINTS, 3), np.float32)
    # OpenPose counts from 0, like our frames. A numbering from 1 is another tool's and means the same first frame.
    people = [frames.get(number, absent) for number in range(1 if first == 1 else 0, last + 1)]
    followed = follow_person(people)
    return Detection(followed, count_people(people, followed))


def _parse_people(source: Path, name: str, data: bytes) -> Keypoints:
    """People (n, 25, 3) of one JSON file."""
    try:
        content: Any = json.loads(data)
        rows = [person["pose_keypoints_2d"] for person in content["people"]]
        with np.errstate(over="ignore"):
            people = [np.asarray(row, np.float32) for row in rows if len(row)]
    except DAMAGE as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else one_line(error)
        raise PoseError(
            f"{source}: {name} is not OpenPose JSON ({reason}); it has people[].pose_keypoints_2d"
        ) from error
    for numbers in people:
        if numbers.shape != (JOINTS * 3,):
            raise PoseError(
                f"{source}: {name} has {numbers.size} numbers a person, BODY_25 has 75; run OpenPose with its default "
                "model BODY_25"
            )
    # n x (75,) -> (n, 25, 3)
    return _as_keypoints(np.reshape(people, (-1, JOINTS, 3)), f"{source}: {name}")


def _read_archive(path: Path) -> Keypoints:
    try:
        with np.load(path, allow_pickle=False) as archive:
            if "keypoints" not in archive.files:
                names = ", ".join(archive.files) or "none"
                raise PoseError(f"{path} has no array `keypoints` (arrays: {names}); save it under that name")
            size = archive.zip.getinfo("keypoints.npy").file_size
            if size > MOST_ARRAY_BYTES:
                raise PoseError(f"{path}: `keypoints` has {size} bytes, at most {MOST_ARRAY_BYTES} are read; cut it up")
            values = archive["keypoints"]
    # A damaged header is read by NumPy as if it were Python.
    except (*UNREADABLE, SyntaxError, tokenize.TokenError) as error:
        raise PoseError(
            f"{path} is not a readable .npz of plain arrays ({one_line(error)}); save it with numpy.savez"
        ) from error
    if values.ndim != 3 or values.shape[1:] != (JOINTS, 3) or values.dtype.kind not in "fiu":
        raise PoseError(
            f"{path}: `keypoints` is {values.dtype} {values.shape}; numbers of shape (frames, 25, 3) are expected"
        )
    return _as_keypoints(values, path)


def _as_keypoints(values: Any, source: str | Path) -> Keypoints:
    """float32 keypoints with absent joints (without confidence, or nowhere near a picture) at 0, 0, 0."""
    with np.errstate(over="ignore"):
        keypoints = np.array(values, np.float32)
    # NaN compares false.
    keypoints[~((np.abs(keypoints) < FARTHEST_PX).all(axis=-1) & (keypoints[..., 2] > 0))] = 0
    if keypoints.size and keypoints[..., 2].max() > 1.5:
        raise PoseError(f"{source}: confidences reach {keypoints[..., 2].max():.0f}; they are 0..1, the third number")
    return keypoints
