"""Measure one video for the database: passages, movement, sizes, and the group of its song.

    <results>/dances/{video}.parquet   one row per frame, in the order of the cleaned table

A file depends on its own video only. `gather` combines the videos, and `fragments` cuts them.
"""

import hashlib
import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from danceit_core.database.bars import checked_beats
from danceit_core.database.frames import FACING, JERK, MOVES, SCHEMA_VERSION, SLIDE, SPEED
from danceit_core.errors import DatabaseError
from danceit_core.music.table import MOST_METER, MusicTable
from danceit_core.pose.facing import facing_angles
from danceit_core.pose.measure import Body, measure_body, why_no_size
from danceit_core.pose.movement import jerk_sizes, slide_sizes, step_sizes
from danceit_core.pose.orientation import joint_places
from danceit_core.pose.passages import find_passages, kept_frames, shot_numbers
from danceit_core.pose.skeleton import BODY
from danceit_core.pose.table import MOST_FPS, MOST_PIXELS, PoseTable
from danceit_core.pose.tracks import Track, dance_name, split_tracks
from danceit_core.tables import DAMAGE, number_of, one_line, read_metadata, read_table, write_table

log = logging.getLogger(__name__)

SIZES = ("torso_px", "height_px", "ground_y")
# The entries of the metadata other than numbers.
KINDS: dict[str, type] = {
    "video": str, "group": str, "sound": str, "feature_set": str, "refused": str, "silent": bool, "has_world": bool,
    "source": dict, "dancers": list, "beats_s": list, "place": list,
}  # fmt: skip
MOST_FRAMES = 2**31 - 1


@dataclass(frozen=True)
class Measured:
    """One video of T frames: moves (T, 4), the columns of `frames.MOVES`; passage (T,), -1 for what is left out.

    about: `fps`, `feature_set`, `features` (numbers per frame), `width`, `height`, `video`, `group` (as given, or ""),
    `sound` (a hash, "" if silent), `silent`, `refused`, for the sound `tempo_bpm`, `beats_s`, the `place` of each in
    its bar and the `meter` (0: unknown), `source` (path, sha256), `has_world`, and for each of the `dancers`: `track`
    (None: only one), `first_frame`, `rows`, `torso_px`, `height_px`, `ground_y` (None if no frame shows it), `longest`
    passage in frames, and `refused`: why this dancer gives no fragments.
    """

    moves: NDArray[np.float32]
    passage: NDArray[np.int32]
    about: dict[str, Any]

    def __len__(self) -> int:
        return len(self.passage)


def measure_dance(pose: PoseTable, music: MusicTable, *, video: str, group: str = "") -> Measured:
    """Passages and movement of one video, computed within each passage, never across a cut.

    pose: a cleaned table; several dancers (`pose.tracks`) follow each other, with the same sound. group: the song's
    group in the videos table; "": by the sound. Raises DatabaseError if the tables disagree on fps.
    """
    fps = pose.fps
    if abs(fps - music.fps) > 1e-6:
        raise DatabaseError(f"{video}: keypoints have {fps:g} fps, music {music.fps:g}; run both again with one fps")
    refused = str(pose.metadata.get("refused") or music.refused)
    if refused:
        log.warning("%s gives no fragments: %s", video, refused)
    source, size = pose.metadata.get("source") or {}, pose.size
    dancers = [_measure_dancer(track, music, video=video, refused=refused) for track in split_tracks(pose)]
    about = {
        "video": video,
        "group": group,
        "sound": "" if refused or music.silent else hash_sound(music),
        "fps": fps,
        "feature_set": music.feature_set,
        "features": music.features.shape[1],
        "width": size[0],
        "height": size[1],
        "silent": music.silent,
        "refused": refused,
        "tempo_bpm": music.beats.tempo_bpm,
        "beats_s": music.beats.times_s.tolist(),
        "place": music.beats.place.tolist(),
        "meter": music.beats.meter,
        "source": {key: str(source.get(key, "")) for key in ("path", "sha256")},
        "has_world": "world" in pose.columns and bool(len(pose)),
        "dancers": [dancer.about for dancer in dancers],
    }
    moves, passage = (np.concatenate([getattr(dancer, name) for dancer in dancers]) for name in ("moves", "passage"))
    return Measured(moves, passage, about)


def hash_sound(music: MusicTable) -> str:
    """A hash of a sound as decoded and analysed: the same recording in two videos has the same hash."""
    digest = hashlib.sha256()
    for values in (music.features, music.loudness):
        digest.update(np.ascontiguousarray(values, np.float32).view(np.uint8).data)
    return digest.hexdigest()[:16]


def _measure_dancer(track: Track, music: MusicTable, *, video: str, refused: str) -> Measured:
    """One dancer of a video."""
    pose, fps, name = track.pose, track.pose.fps, dance_name(video, track.number)
    moves, passage = np.zeros((len(pose), len(MOVES)), np.float32), np.full(len(pose), -1, np.int32)
    moves[:, FACING] = np.nan
    kept, heard = kept_frames(pose), max(0, len(music) - track.first)
    if refused:
        kept[:] = False
    elif not music.silent and heard < len(pose):
        log.warning("%s: the sound ends %d frames before the picture; they are left out", name, len(pose) - heard)
        kept[heard:] = False
    body = measure_body(pose.keypoints[kept])
    # The remaining frames must show the sizes by which the choreography scales the dance.
    reason = refused or (why_no_size(body, frames=int(kept.sum())) if kept.any() else "")
    if reason and not refused:
        log.warning("%s gives no fragments: %s", name, reason)
    passages = [] if reason else find_passages(kept, shot_numbers(pose))
    world = pose.columns.get("world")
    for number, (first, end) in enumerate(passages):
        passage[first:end] = number
        there = None if world is None else world[first:end]
        moves[first:end] = move_sizes(pose.keypoints[first:end], world=there, body=body, fps=fps)
    sizes = {key: None if math.isnan(value := getattr(body, key)) else value for key in SIZES}
    longest = max((end - first for first, end in passages), default=0)
    about = {
        "track": track.number, "first_frame": track.first, "rows": len(pose), "longest": longest, **sizes,
        "refused": reason,
    }  # fmt: skip
    return Measured(moves, passage, about)


def move_sizes(
    keypoints: NDArray[np.float32], *, world: NDArray[np.floating] | None, body: Body, fps: float
) -> NDArray[np.float32]:
    """Speed, jerk, slide (torso lengths) and facing (degrees, NaN where unknown) of the frames of a passage, (T, 4).

    keypoints (T, 25, 3): in the pixels of `body`. world (T, 25, 3): joints in space, None: the facing is unknown.
    """
    xy = joint_places(keypoints)[:, BODY] / body.torso_px  # (T, 15, 2)
    moves = np.full((len(xy), len(MOVES)), np.nan, np.float32)
    moves[:, SPEED], moves[:, JERK] = step_sizes(xy), jerk_sizes(xy)
    moves[:, SLIDE] = slide_sizes(xy, height=body.height_px / body.torso_px)
    if world is not None:
        moves[:, FACING] = facing_angles(world, fps=fps)
    return moves


def write_measured(path: str | Path, measured: Measured) -> None:
    """Write the measurements of one video atomically."""
    columns = {"passage": pa.array(measured.passage, pa.int32())}
    columns |= {
        name: pa.array(measured.moves[:, place], pa.float32(), from_pandas=False) for place, name in enumerate(MOVES)
    }
    write_table(path, pa.table(columns), metadata={"version": SCHEMA_VERSION, **measured.about})


def read_measured(path: str | Path) -> Measured:
    """Read what `write_measured` wrote. Raises DatabaseError for any other file."""
    about = read_measured_about(path)
    try:
        table, _ = read_table(path, columns=["passage", *MOVES])
        passage, *moves = (table[name].to_numpy() for name in ("passage", *MOVES))
        if passage.dtype.kind != "i" or (len(passage) and passage.min() < -1):
            raise ValueError("its column passage does not number passages")
        numbers = np.stack(moves, axis=1).astype(np.float32)
        if not np.isfinite(numbers[:, :FACING]).all():
            raise ValueError("it holds movement that is not finite")
        return Measured(numbers, passage.astype(np.int32), about)
    except DAMAGE as error:
        raise _damaged(path, error) from error


def read_measured_about(path: str | Path) -> dict[str, Any]:
    """`about` of what `write_measured` wrote, without its frames. Raises DatabaseError for any other file."""
    try:
        about, rows = read_metadata(path)
        if about.get("version") != SCHEMA_VERSION:
            raise DatabaseError(
                f"{path} has version {about.get('version')}, but this DanceIt reads {SCHEMA_VERSION}; delete it and "
                "run again"
            )
        _check_about(about, rows=rows)
        return about
    except FileNotFoundError:
        raise DatabaseError(f"{path}: no such measurements of a dance; run measure_dance") from None
    except DAMAGE as error:
        raise _damaged(path, error) from error


def _damaged(path: str | Path, error: BaseException) -> DatabaseError:
    return DatabaseError(f"{path} does not hold a dance's measurements ({one_line(error)}); delete it and run again")


def _check_about(about: dict[str, Any], *, rows: int) -> None:
    """Raise one of DAMAGE for metadata that `gather` could not use."""
    number_of(about, "fps", most=MOST_FPS)
    number_of(about, "tempo_bpm", zero=True)
    for key in ("width", "height", "features"):
        _check_whole(about, key, most=MOST_PIXELS, zero=False)
    _check_whole(about, "meter", most=MOST_METER)
    for key, kind in KINDS.items():
        if not isinstance(about[key], kind):
            raise TypeError(f"{key} is {str(about[key])[:40]!r} in its metadata")
    checked_beats(about["beats_s"], about["place"])
    for key in ("path", "sha256"):
        if not isinstance(about["source"][key], str):
            raise TypeError(f"the {key} of its source is {str(about['source'][key])[:40]!r} in its metadata")
    for dancer in about["dancers"]:
        _check_dancer(dancer)
    if sum(dancer["rows"] for dancer in about["dancers"]) != rows:
        raise ValueError(f"its dancers do not share {rows} frames")


def _check_dancer(dancer: dict[str, Any]) -> None:
    """Raise one of DAMAGE for the metadata of one dancer."""
    for key in ("first_frame", "rows", "longest"):
        _check_whole(dancer, key)
    if dancer["track"] is not None:
        _check_whole(dancer, "track")
    for key in SIZES:
        if dancer[key] is not None and not math.isfinite(float(dancer[key])):
            raise ValueError(f"{key} is {dancer[key]} in its metadata")
    if not isinstance(dancer["refused"], str):
        raise TypeError("a reason in its metadata is not text")


def _check_whole(metadata: dict[str, Any], key: str, *, most: int = MOST_FRAMES, zero: bool = True) -> None:
    if number_of(metadata, key, most=most, zero=zero) % 1:
        raise ValueError(f"{key} is {metadata[key]} in its metadata")
