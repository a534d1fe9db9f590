"""The database's fragments on one timeline, in torso lengths: what retrieval reads poses and speeds from.

Fragments of one video overlap or touch, so together they give back the passages they were cut from. A fragment can
then be played a little faster than recorded, running into the frames after it. Only the 15 body joints that every
detector gives take part. Poses: x from the left edge of the picture, y from the fragment's own ankle line, both in
torso lengths of the source video's dancer, y down.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danceit_core.choreography.curve import Array, hide_absent
from danceit_core.choreography.normalise import ground_line, whole_body
from danceit_core.errors import ChoreographyError
from danceit_core.pose.measure import STANDING_PERCENTILE, ground_contacts
from danceit_core.pose.movement import jerk_sizes, slide_sizes, step_sizes
from danceit_core.pose.skeleton import BODY

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Library:
    """N fragments of `frames` frames. Made by `make_library`.

    fragment_id, video, track, start_frame, tempo_bpm (NaN: unknown): (N,). poses (M, 15, 2): all passages end to end,
    in torso lengths, NaN where absent. speed (M,): mean joint step into each frame, torso lengths; jerk (M,):
    mean third difference there, torso lengths; slide (M,): step of a planted ankle there, 0 without one. first (N,):
    a fragment's row in poses; room (N,): frames from there to the end of its passage, before (N,): from its beginning;
    ground (N,): its ankle line. video_index (N,): a number for each video, whatever the track: who dances the same
    moment of a video again dances to the same music, and mostly the same steps. facing (M,): the way the body faces in
    each row of poses, degrees (`pose.facing`), NaN where unknown. painting (M,): what it costs to paint each row of
    poses, about 0 to 1 (`paintable`), None where that is not known.
    """

    frames: int
    fragment_id: NDArray[Any]
    video: NDArray[Any]
    track: Rows
    start_frame: Rows
    tempo_bpm: Array
    poses: Array
    speed: Array
    jerk: Array
    slide: Array
    first: Rows
    room: Rows
    before: Rows
    ground: Array
    video_index: Rows
    facing: Array
    painting: Array | None = None

    def __len__(self) -> int:
        return len(self.first)

    def pose(self, rows: Rows, offset: NDArray) -> Array:
        """Poses (K, 15, 2) of fragments `rows`, `offset` (K,) frames or parts of them after their start."""
        at = self.first[rows] + np.clip(offset, -self.before[rows], self.room[rows] - 1)
        before = np.floor(at).astype(int)
        after = np.minimum(before + 1, self.first[rows] + self.room[rows] - 1)
        share = (at - before)[:, None, None]
        xy = self.poses[before] + share * np.where(share > 0, self.poses[after] - self.poses[before], 0)
        xy[..., 1] -= self.ground[rows, None]
        return xy

    def frames_at(self, rows: Rows, offset: NDArray) -> Rows:
        """Rows (K, ...) of poses, speed and jerk at `offset` (K, ...) source frames after the start of `rows` (K,)."""
        shape = (-1, *[1] * (offset.ndim - 1))
        within = np.clip(np.round(offset), -self.before[rows].reshape(shape), self.room[rows].reshape(shape) - 1)
        return self.first[rows].reshape(shape) + within.astype(np.int64)


def make_library(
    keypoints: NDArray,
    *,
    fragment_id: ArrayLike,
    video: ArrayLike,
    start_frame: ArrayLike,
    track: ArrayLike | None = None,
    passage_end: ArrayLike | None = None,
    tempo_bpm: ArrayLike | None = None,
    facing: ArrayLike | None = None,
    painting: ArrayLike | None = None,
) -> Library:
    """Library of N fragments: keypoints (N, F, 25, 3) in pixels, absent = 0, and columns (N,) of the database.

    track: of each fragment in its video (`pose.tracks`), None: one dancer a video. passage_end: frame of the video at
    which each fragment's passage ends, None: with the last fragment that touches. tempo_bpm: of each fragment's music;
    None or values that are not positive and finite mean unknown. facing (N, F): degrees, NaN where unknown; None: of no
    fragment. painting (N, F): cost of painting each frame, None: not known.
    Raises ChoreographyError when there is no fragment.
    """
    if keypoints.ndim != 4 or not len(keypoints) or not keypoints.shape[1]:
        raise ChoreographyError(
            f"the fragment database holds keypoints of shape {keypoints.shape}: no fragment to dance; "
            "add dance videos, or use a shorter fragment_s"
        )
    count, frames = keypoints.shape[:2]
    videos, starts = np.asarray(video, object), np.asarray(start_frame, np.int64)
    tracks = np.zeros(count, np.int64) if track is None else np.asarray(track, np.int64)
    tempo = np.full(count, np.nan) if tempo_bpm is None else np.asarray(tempo_bpm, np.float64)
    first, room, before = (np.zeros(count, np.int64) for _ in range(3))
    ground = np.zeros(count)
    poses: list[Array] = []
    speeds: list[Array] = []
    jerks: list[Array] = []
    slides: list[Array] = []
    ways = np.full((count, frames), np.nan) if facing is None else np.asarray(facing)
    facings: list[Array] = []
    painted = None if painting is None else np.asarray(painting, np.float64)
    paintings: list[Array] = []
    length = 0
    for name, number in dict.fromkeys(zip(videos.tolist(), tracks.tolist(), strict=True)):
        rows = np.flatnonzero((videos == name) & (tracks == number))
        begin = int(starts[rows].min())
        span = int(starts[rows].max()) - begin + frames
        whole, filled = np.zeros((span, *keypoints.shape[2:]), np.float32), np.zeros(span, bool)
        way, price = np.full(span, np.nan), np.zeros(span)
        for row in rows:
            place = slice(starts[row] - begin, starts[row] - begin + frames)
            whole[place], filled[place], way[place] = keypoints[row], True, ways[row]
            if painted is not None:
                price[place] = painted[row]
        body = whole_body(whole[filled], name=f"video {name}" if number == 0 else f"video {name}, track {number}")
        xy = hide_absent(whole)[:, BODY, :2] / body.torso_px  # (span, 15, 2)
        holes = np.flatnonzero(~filled)
        offset = starts[rows] - begin
        first[rows] = length + offset
        stops, begins = np.append(holes, span), np.append(-1, holes) + 1
        if passage_end is not None:  # fragments of two camera shots may touch
            stops = np.union1d(stops, np.asarray(passage_end, np.int64)[rows] - begin)
            begins = np.union1d(begins, stops[stops < span])
        room[rows] = stops[np.searchsorted(stops, offset, side="right")] - offset
        before[rows] = offset - begins[np.searchsorted(begins, offset, side="right") - 1]
        ground[rows] = _ground_lines(xy, offset, frames=frames, otherwise=body.ground_y / body.torso_px)
        poses.append(xy)
        facings.append(way)
        paintings.append(price)
        speeds.append(step_sizes(xy))
        jerks.append(jerk_sizes(xy))
        slides.append(slide_sizes(xy, height=body.height_px / body.torso_px))
        length += len(xy)
    return Library(
        frames=frames,
        fragment_id=np.asarray(fragment_id, object),
        video=videos,
        track=tracks,
        start_frame=starts,
        tempo_bpm=np.where(np.isfinite(tempo) & (tempo > 0), tempo, np.nan),
        poses=np.concatenate(poses),
        speed=np.concatenate(speeds),
        jerk=np.concatenate(jerks),
        slide=np.concatenate(slides),
        first=first,
        room=room,
        before=before,
        ground=ground,
        video_index=np.unique(videos.astype(str), return_inverse=True)[1],
        facing=np.concatenate(facings),
        painting=None if painted is None else np.concatenate(paintings),
    )


def _ground_lines(xy: Array, starts: Rows, *, frames: int, otherwise: float) -> Array:
    """`ground_line` of each passage of `frames` frames that begins at a frame of `starts` (K,), all at once."""
    windows = ground_contacts(xy)[starts[:, None] + np.arange(frames)]  # (K, F)
    lines = np.percentile(windows, STANDING_PERCENTILE, axis=1)
    for row in np.flatnonzero(np.isnan(lines)):
        lines[row] = ground_line(xy[starts[row] : starts[row] + frames], otherwise=otherwise)
    return lines
