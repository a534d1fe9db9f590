"""Gather the frames of all videos, each once, into the files of `frames`, with one video in memory at a time."""

import contextlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danceit_core.database.frames import ARRAYS, COLUMNS, MOVES, Frames, frame_paths, write_dances
from danceit_core.database.measure import SIZES, Measured, measure_dance, read_measured, read_measured_about
from danceit_core.database.split import settle_groups, settled_split
from danceit_core.errors import DatabaseError
from danceit_core.files import whole_file
from danceit_core.music.table import MusicTable, read_music_table
from danceit_core.pose.skeleton import JOINTS
from danceit_core.pose.table import PoseTable, read_pose_table
from danceit_core.pose.tracks import FRAME, TRACK, dance_name

# The properties that all videos of a database share.
COMMON = ("fps", "feature_set", "features")
KINDS = {"keypoints": "<f4", "world": "<f2", "features": "<f4", "moves": "<f4", "passage": "<i4"}


def gather_frames(
    folder: str | Path,
    *,
    videos: Sequence[str],
    cleaned: Sequence[str | Path],
    music: Sequence[str | Path],
    measured: Sequence[str | Path],
    test_share: float,
) -> None:
    """Write the frames of all videos into `folder`; the table of dances comes last, when the arrays are complete.

    cleaned, music, measured: the tables of each of the `videos`. test_share: share of the songs. Raises DatabaseError
    for videos that do not match each other, or if a table is older than the one it was measured from.
    """
    abouts = [read_measured_about(path) for path in measured]
    dances = make_dances(videos, abouts, paths=measured, test_share=test_share)
    paths = frame_paths(folder)
    with contextlib.ExitStack() as files:
        partial = {name: files.enter_context(whole_file(paths[name])) for name in ARRAYS}
        shapes = _shapes(abouts)
        arrays = {
            name: ArrayFile(files.enter_context(partial[name].open("wb")), shapes[name], KINDS[name])
            for name in ARRAYS
        }  # fmt: skip
        for number, about in enumerate(abouts):
            pose = _read_joints(cleaned[number], about)
            found = read_music_table(music[number]), read_measured(measured[number])
            blocks = _blocks(pose, *found, world=bool(shapes["world"][0]), path=cleaned[number])
            for name, block in blocks.items():
                arrays[name].append(block)
        described = {name: array.describe() for name, array in arrays.items()}
    about = {key: abouts[0][key] for key in ("fps", "feature_set")}
    write_dances(paths["dances"], dances, metadata=about, arrays=described)


def frames_in_memory(
    dances: Mapping[str, tuple[PoseTable, MusicTable]],
    *,
    groups: Mapping[str, str] | None = None,
    test_share: float = 0.2,
) -> Frames:
    """The frames of some videos (name: cleaned table and music) without files. groups: given groups of their songs."""
    groups = groups or {}
    found = {
        video: measure_dance(pose, music, video=video, group=groups.get(video, ""))
        for video, (pose, music) in dances.items()
    }
    abouts = [measured.about for measured in found.values()]
    table = make_dances(list(found), abouts, paths=list(found), test_share=test_share)
    world = any(about["has_world"] for about in abouts)
    blocks = [_blocks(*dances[video], measured, world=world, path=video) for video, measured in found.items()]
    arrays: dict[str, Any] = {
        name: np.concatenate([block[name] for block in blocks]) if name in blocks[0] else None for name in ARRAYS
    }
    return Frames(**arrays, dances=table, metadata={key: abouts[0][key] for key in ("fps", "feature_set")})


def make_dances(
    videos: Sequence[str], abouts: Sequence[Mapping[str, Any]], *, paths: Sequence[str | Path], test_share: float
) -> pd.DataFrame:
    """The table of dances (`frames.COLUMNS`) from the measurements of each video, with their groups and split.

    paths: those of the measurements, for errors. Raises DatabaseError for videos that do not match each other.
    """
    if not abouts:
        raise DatabaseError("a fragment database needs at least one video; list one in the videos table")
    for video, about, path in zip(videos, abouts, paths, strict=True):
        if about["video"] != video:
            raise DatabaseError(f"{path} belongs to video {about['video']}, not {video}; delete it and run again")
        for key in COMMON:
            if about[key] != abouts[0][key]:
                raise DatabaseError(
                    f"{key} is {abouts[0][key]} in {paths[0]} and {about[key]} in {path}; "
                    "run the earlier stages again so that all videos have the same"
                )
    groups = settle_groups(*({about["video"]: about[key] for about in abouts} for key in ("group", "sound")))
    rows = [
        {
            "dance": dance_name(about["video"], dancer["track"]),
            "video": about["video"],
            "track": dancer["track"] or 0,
            "source_path": about["source"]["path"],
            "source_sha256": about["source"]["sha256"],
            "has_sound": not about["silent"],
            "group": groups[about["video"]],
            "beats_s": np.array(about["beats_s"], np.float64),
            "beat_place": np.array(about["place"], np.int32),
            **{key: about[key] for key in ("width", "height", "tempo_bpm", "meter")},
            **{key: dancer[key] for key in ("rows", "first_frame", "longest", "refused")},
            **{key: np.nan if dancer[key] is None else float(dancer[key]) for key in SIZES},
        }
        for about in abouts
        for dancer in about["dancers"]
    ]
    table = pd.DataFrame(rows)
    table["first_row"] = np.cumsum(table["rows"]) - table["rows"]
    teaches = (table["has_sound"] & (table["longest"] > 0)).to_numpy(bool)
    table["split"] = settled_split(table["group"].to_numpy(object), teaches, test_share=test_share)
    return table[list(COLUMNS)]


class ArrayFile:
    """An array that is written to a file of NumPy's format in blocks of rows.

    It is written, not memory-mapped: on a full disk a mapped page would end the process without an error.
    """

    def __init__(self, file: IO[bytes], shape: tuple[int, ...], kind: str) -> None:
        self._file, self._shape, self._kind = file, shape, np.dtype(kind)
        self._crc = 0
        header = {"descr": np.lib.format.dtype_to_descr(self._kind), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)

    def append(self, block: NDArray) -> None:
        """Write the next rows."""
        data = np.ascontiguousarray(block, self._kind).view(np.uint8).data
        self._crc = zlib.crc32(data, self._crc)
        self._file.write(data)

    def describe(self) -> dict[str, Any]:
        """Shape, kind and checksum, as the table of dances holds them."""
        return {"shape": list(self._shape), "dtype": str(self._kind), "crc32": self._crc}


def _shapes(abouts: Sequence[Mapping[str, Any]]) -> dict[str, tuple[int, ...]]:
    """The shapes of the arrays: `world` has no rows if no video has joints in space."""
    rows = sum(dancer["rows"] for about in abouts for dancer in about["dancers"])
    in_space = rows if any(about["has_world"] for about in abouts) else 0
    return {
        "keypoints": (rows, JOINTS, 3),
        "world": (in_space, JOINTS, 3),
        "features": (rows, int(abouts[0]["features"])),
        "moves": (rows, len(MOVES)),
        "passage": (rows,),
    }


def _read_joints(path: str | Path, about: Mapping[str, Any]) -> PoseTable:
    """The joints of a cleaned table only: hands and faces would take much more memory."""
    columns = ["keypoints"] + (["world"] if about["has_world"] else [])
    if any(dancer["track"] is not None for dancer in about["dancers"]):
        columns += [TRACK, FRAME]
    return read_pose_table(path, columns=columns)


def _blocks(
    pose: PoseTable, music: MusicTable, measured: Measured, *, world: bool, path: str | Path
) -> dict[str, NDArray]:
    """The rows of each array from one video. world: whether any video has joints in space."""
    rows, about = len(measured), measured.about
    if len(pose) != rows:
        raise DatabaseError(f"{path} has {len(pose)} frames, but {rows} were measured; run measure_dance again")
    features = np.zeros((rows, about["features"]), np.float32)
    for dancer, first in _dancers(about):
        heard = music.features[dancer["first_frame"] : dancer["first_frame"] + dancer["rows"]]
        features[first : first + len(heard)] = heard
    blocks = {"keypoints": pose.keypoints, "features": features, "moves": measured.moves, "passage": measured.passage}
    if world:
        absent = np.full((rows, JOINTS, 3), np.nan, np.float16)
        blocks["world"] = np.asarray(pose.columns.get("world", absent), np.float16)
    return blocks


def _dancers(about: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], int]]:
    """The dancers of a video and the row at which each begins."""
    first = 0
    for dancer in about["dancers"]:
        yield dancer, first
        first += dancer["rows"]
