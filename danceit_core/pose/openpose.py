"""Read and write OpenPose's JSON (BODY_25), and follow one person through it.

OpenPose writes one JSON file per frame (`json_frames` finds them), with `people[].pose_keypoints_2d` = 25 x (x, y,
confidence); absent joints are 0, 0, 0. Frames are ordered by the number in their names, and missing numbers become
frames without a person. If there are several people, one is followed through the video and the others are counted.
"""

import json
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import PoseError
from danceit_core.files import whole_file
from danceit_core.pose.estimate import Detection
from danceit_core.pose.json_frames import Frame, folder_frames, zip_frames
from danceit_core.pose.skeleton import JOINTS, Keypoints, present
from danceit_core.pose.table import PoseTable
from danceit_core.pose.tracks import split_tracks
from danceit_core.pose.units import as_keypoints
from danceit_core.tables import DAMAGE, one_line

# More than OpenPose finds on a full stage; and twenty people in each frame of an hour at 60 frames per second (1.5 GB).
MOST_PEOPLE, MOST_PEOPLE_IN_ALL = 100, 5_000_000
LOST_FRAMES = 12
# OpenPose mistakes odd shapes for people; another person counts with half of the main joints and a third of the
# dancer's height.
COUNTED_JOINTS, COUNTED_HEIGHT = 8, 1 / 3


def write_openpose_zip(path: str | Path, keypoints: Keypoints, *, name: str) -> None:
    """Write (T, 25, 3) keypoints as a zip of OpenPose's JSON, one file per frame: `NAME_000000000000_keypoints.json`.

    Coordinates are rounded to a thousandth, as OpenPose does; the same keypoints give the same bytes.
    """
    _write_frames(path, ([(-1, frame)] for frame in keypoints), name=name)


def write_openpose_table(path: str | Path, table: PoseTable, *, name: str) -> None:
    """Write a keypoint table likewise; with several dancers (`tracks`), each frame lists its persons by `person_id`."""
    tracks = split_tracks(table)
    frames = (
        [
            (-1 if track.number is None else track.number, track.pose.keypoints[number - track.first])
            for track in tracks
            if track.first <= number < track.end
        ]
        for number in range(max((track.end for track in tracks), default=0))
    )
    _write_frames(path, frames, name=name)


def _write_frames(path: str | Path, frames: Iterable[list[tuple[int, Keypoints]]], *, name: str) -> None:
    """Write one file per frame with its persons: ID and (25, 3) keypoints; persons without joints are left out."""
    with whole_file(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for number, persons in enumerate(frames):
            people = [
                {"person_id": [who], "pose_keypoints_2d": [round(float(value), 3) for value in keypoints.reshape(-1)]}
                for who, keypoints in persons
                if present(keypoints).any()
            ]
            entry = zipfile.ZipInfo(f"{name}_{number:012d}_keypoints.json")
            archive.writestr(entry, json.dumps({"version": 1.3, "people": people}), zipfile.ZIP_DEFLATED)


def follow_person(people: Sequence[Keypoints]) -> Keypoints:
    """Follow one person (T, 25, 3) among those of each frame, given as T arrays (n, 25, 3); n may be 0.

    The first is the largest and most confident person; then the one nearest to where that person was last seen, within
    half of their height. After LOST_FRAMES without a match, the largest and most confident person is chosen again.
    """
    followed = np.zeros((len(people), JOINTS, 3), np.float32)
    last: Keypoints | None = None
    lost = 0
    for index, candidates in enumerate(people):
        chosen: Keypoints | None = None
        if last is not None and lost < LOST_FRAMES:
            distances = _distances(candidates, last)
            if len(distances) and distances.min() <= _height(last) / 2:
                chosen = candidates[int(distances.argmin())]
        elif len(candidates):
            chosen = max(candidates, key=lambda person: _height(person) * person[:, 2].mean())
        lost = 0 if chosen is not None else lost + 1
        if chosen is not None and present(chosen).any():
            followed[index] = last = chosen
    return followed


def count_people(people: Sequence[Keypoints], followed: Keypoints) -> NDArray[np.int16]:
    """The number of persons in each frame, (T,): the one of `followed` (T, 25, 3) and those of about that size."""
    counts = np.zeros(len(people), np.int16)
    height = 0.0
    for index, candidates in enumerate(people):
        height = _height(followed[index]) or height
        counted = _heights(candidates) >= COUNTED_HEIGHT * height
        counted &= present(candidates).sum(axis=1) >= COUNTED_JOINTS
        counts[index] = max(counted.sum(), present(followed[index]).any())
    return counts


def read_json_folder(folder: Path) -> Detection:
    """The person followed through a folder of OpenPose JSON, and how many there are. Raises PoseError."""
    return _read_frames(folder, folder_frames(folder))


def read_json_zip(path: Path) -> Detection:
    """The same as `read_json_folder`, for a zip of OpenPose JSON."""
    return _read_frames(path, zip_frames(path))


def _heights(people: Keypoints) -> NDArray[np.float32]:
    """Heights (n,) in pixels spanned by the present joints of (n, 25, 3), 0 without any."""
    seen, y = present(people), people[..., 1]
    heights: NDArray[np.float32] = np.where(seen, y, -np.inf).max(axis=1) - np.where(seen, y, np.inf).min(axis=1)
    return np.maximum(heights, 0)


def _height(person: Keypoints) -> float:
    return float(_heights(person[None])[0])


def _distances(people: Keypoints, last: Keypoints) -> NDArray[np.float32]:
    """Median distances (n,) in pixels of the joints that (n, 25, 3) and (25, 3) both have; infinite without one."""
    both = present(people) & present(last)
    apart = np.where(both, np.linalg.norm(people[..., :2] - last[:, :2], axis=-1), np.inf)
    # The middle of those that count; numpy.nanmedian takes ten times as long, and a crowd has millions of them.
    ascending, count, each = np.sort(apart, axis=1), both.sum(axis=1), np.arange(len(people))
    return np.where(count > 0, (ascending[each, (count - 1) // 2] + ascending[each, count // 2]) / 2, np.inf)


def _read_frames(source: Path, frames: Iterable[Frame]) -> Detection:
    """Frames of OpenPose JSON in the order of their numbers, followed through as one person."""
    people: list[Keypoints] = []
    absent = np.zeros((0, JOINTS, 3), np.float32)
    first, counted = 0, 0
    for number, name, data in frames:
        # OpenPose counts from 0, as DanceIt does. A numbering from 1 comes from another tool; 1 is its first frame.
        first = 1 if not people and number == 1 else first
        people += [absent] * (number - first - len(people))
        people.append(_parse_people(source, name, data))
        counted += len(people[-1])
        if counted > MOST_PEOPLE_IN_ALL:
            raise PoseError(
                f"{source} has more than {MOST_PEOPLE_IN_ALL} people in its first {len(people)} frames; run OpenPose "
                "with --number_people_max 20, or split the video"
            )
    followed = follow_person(people)
    return Detection(followed, count_people(people, followed))


def _parse_people(source: Path, name: str, data: bytes) -> Keypoints:
    """People (n, 25, 3) of one JSON file, those of whom a joint was seen."""
    try:
        content: Any = json.loads(data)
        rows = [person["pose_keypoints_2d"] for person in content["people"][: MOST_PEOPLE + 1]]
        with np.errstate(over="ignore"):
            people = [np.asarray(row, np.float32) for row in rows if len(row)]
    except DAMAGE as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else one_line(error)
        raise PoseError(
            f"{source}: {name} is not OpenPose JSON ({reason}); it has people[].pose_keypoints_2d"
        ) from error
    if len(rows) > MOST_PEOPLE:
        raise PoseError(
            f"{source}: {name} has more than {MOST_PEOPLE} people, the maximum per frame; run OpenPose with "
            "--number_people_max 20"
        )
    for numbers in people:
        if numbers.shape != (JOINTS * 3,):
            raise PoseError(
                f"{source}: {name} has {numbers.size} numbers per person, BODY_25 has 75; run OpenPose with "
                "its default model BODY_25"
            )
    # n x (75,) -> (n, 25, 3)
    keypoints = as_keypoints(np.reshape(people, (-1, JOINTS, 3)), f"{source}: {name}")
    return keypoints[present(keypoints).any(axis=-1)]
