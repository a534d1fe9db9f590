"""Tracks: the dancers of one video in one keypoint table, if `cleaning.several_people` is `each`.

Such a table has a column `track` (int32, 0, 1, 2, ...), and its rows are ordered by (track, frame). Each track holds
every frame of the video from the dancer's first to the last; `frame` and `time_s` are those of the video. A table
without the column has one dancer, and its row k is frame k. `split_tracks` returns the dancers of either kind as tables
of one dancer.
"""

import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from danceit_core.pose.table import PoseTable

log = logging.getLogger(__name__)

TRACK, FRAME = "track", "frame"


@dataclass(frozen=True)
class Track:
    """One dancer of a video: number (None where the table has one dancer and no column `track`), the video's frame
    of row 0, and the rows as a table of one dancer, whose metadata `cuts` count from there."""

    number: int | None
    first: int
    pose: PoseTable

    @property
    def end(self) -> int:
        """One past the last frame, in the video."""
        return self.first + len(self.pose)


def split_tracks(pose: PoseTable) -> list[Track]:
    """The dancers of a table, in the order of their numbers; a table without tracks is one dancer."""
    if TRACK not in pose.columns or not len(pose):
        return [Track(None, 0, pose)]
    return [_track(pose, slice(start, end)) for start, end in track_bounds(np.asarray(pose.columns[TRACK], np.int32))]


def longest_track(pose: PoseTable, *, name: str) -> Track:
    """The dancer of a table who is seen longest; warns if there are others. name: of the video, for the warning."""
    tracks = split_tracks(pose)
    longest = max(tracks, key=lambda track: len(track.pose))
    if len(tracks) > 1:
        log.warning("%s shows %d dancers; number %s, who is seen longest, is used", name, len(tracks), longest.number)
    return longest


def track_bounds(track: NDArray[np.int32]) -> list[tuple[int, int]]:
    """First and one past the last row of each track of a column (R,)."""
    edges = [0, *(np.flatnonzero(np.diff(track)) + 1).tolist(), len(track)]
    return [(first, end) for first, end in itertools.pairwise(edges) if first < end]


def join_tracks(tracks: Sequence[Track], *, metadata: dict) -> PoseTable:
    """The table of a video from its dancers: inverse of `split_tracks`, but for the metadata, which are given."""
    if len(tracks) == 1 and tracks[0].number is None:
        return replace(tracks[0].pose, metadata=metadata)
    columns = {name: np.concatenate([t.pose.columns[name] for t in tracks]) for name in tracks[0].pose.columns}
    columns[TRACK] = np.concatenate([np.full(len(t.pose), t.number, np.int32) for t in tracks])
    columns[FRAME] = np.concatenate([np.arange(t.first, t.end, dtype=np.int32) for t in tracks])
    return PoseTable(np.concatenate([t.pose.keypoints for t in tracks]), metadata, columns)


def dance_name(video: str, track: int | None) -> str:
    """The name of a dancer's dance: the video, with the number of the track if there are tracks: `group.1`."""
    return video if track is None else f"{video}.{track}"


def source_names(poses: PoseTable) -> NDArray[np.str_]:
    """The source of each frame (T,) of a finished dance: a video, or a dancer of one (`dance_name`)."""
    video = poses.columns["source_video"].astype(str)
    if "source_track" not in poses.columns:
        return np.asarray(video)
    named = zip(video.tolist(), poses.columns["source_track"].tolist(), strict=True)
    return np.array([dance_name(name, None if track < 0 else track) for name, track in named])


def _track(pose: PoseTable, rows: slice) -> Track:
    first = int(pose.columns[FRAME][rows.start])
    columns = {name: values[rows] for name, values in pose.columns.items() if name not in (TRACK, FRAME)}
    frames = rows.stop - rows.start
    cuts = [int(cut) - first for cut in pose.metadata.get("cuts") or () if 0 < cut - first < frames]
    about = {**pose.metadata, "cuts": cuts}
    return Track(int(pose.columns[TRACK][rows.start]), first, PoseTable(pose.keypoints[rows], about, columns))
