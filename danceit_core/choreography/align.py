"""A plan turned into a dance: read from the sources, normalise, join, put on the beats (paper IV-C, V-D2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danceit_core.choreography.curve import Array, fit_curve, hide_absent, show_absent
from danceit_core.choreography.footlock import lock_feet
from danceit_core.choreography.normalise import (
    ROAM_TORSOS,
    carry_place,
    fit_to_target,
    ground_line,
    keep_inside,
    mirror,
    whole_body,
)
from danceit_core.choreography.plan import Plan
from danceit_core.choreography.proportions import Lengths, Proportions, compare, measure_lengths
from danceit_core.choreography.reshape import reshape
from danceit_core.choreography.spatial import context_frames, join_clips
from danceit_core.choreography.temporal import align_beats
from danceit_core.config import SpatialSettings, TemporalSettings
from danceit_core.errors import ChoreographyError
from danceit_core.pose.measure import Body
from danceit_core.pose.passages import find_passages
from danceit_core.pose.skeleton import Keypoints
from danceit_core.pose.table import write_pose_table
from danceit_core.pose.tracks import dance_name

# Frames read beyond the requested ones, to keep the end effects of a spline out of the result.
SPLINE_FRAMES = 4


@dataclass(frozen=True)
class Source:
    """A whole cleaned dance: keypoints (T, 25, 3) in its video's pixels, absent = 0. Read by `movements`.

    kept (T,): which frames may be danced; shot (T,): changes at each camera cut, None for a video without one. world
    (T, 25, 3): the joints in space (see `pose.table`), None if the detector gives none. first: the frame of the video
    at which the dance begins, 0 except for one of several dancers (`pose.tracks`).
    """

    keypoints: Keypoints
    kept: NDArray[np.bool_]
    shot: NDArray[np.int32] | None = None
    world: NDArray[np.floating] | None = None
    first: int = 0


@dataclass(frozen=True)
class Aligned:
    """A finished dance of T frames, with the source of each.

    keypoints (T, 25, 3) in pixels of the picture, absent = 0. source_video (T,) names, source_frame (T,) the
    nearest frame there, match_distance (T,) of the clip; source_track (T,) the dancer in the video, -1 where there is
    only one, None if all videos have only one. seams: first frames of the clips, without the first. source_mirrored
    (T,): whether left and right are exchanged, None: nowhere.
    """

    keypoints: Keypoints
    source_video: NDArray[Any]
    source_frame: NDArray[np.int32]
    match_distance: NDArray[np.float64]
    seams: NDArray[np.int64]
    source_track: NDArray[np.int32] | None = None
    source_mirrored: NDArray[np.bool_] | None = None


def align(
    plan: Plan,
    sources: Mapping[str, Source],
    *,
    target: Body,
    size: tuple[int, int],
    beats_s: ArrayLike,
    fps: float,
    spatial: SpatialSettings,
    temporal: TemporalSettings,
    picture_px: float | None = None,
    roam_torsos: float = ROAM_TORSOS,
    lengths: Lengths | None = None,
    shown_fps: float | None = None,
) -> Aligned:
    """The dance that `plan` describes, danced by the target's body, exactly as many frames long as the song.

    sources: every dance of the plan, by the name of its video or, for several dancers, by `dance_name`. target: in
    pixels of the part of the room of `size` (width, height) that the dance may use, see `floor`. picture_px: longer
    side of the finished picture, None: that of `size`. roam_torsos: see `keep_inside`. lengths: those of the target's
    bones, None: only the size is known. beats_s: the song's beats, seconds. shown_fps: frame rate of the finished
    video, None: fps. Raises ChoreographyError if a source is missing or does not contain a fragment of the plan.
    """
    where: Any = {
        "target": target, "size": size, "picture_px": picture_px, "roam_torsos": roam_torsos, "lengths": lengths
    }  # fmt: skip
    inside = join(plan, sources, **where, fps=fps, spatial=spatial)
    dance, origin = align_beats(inside, beats_s, fps=fps, settings=temporal, shown_fps=shown_fps, seams=plan.seams)
    frame = np.round(origin).astype(np.int64)
    clip = np.searchsorted(plan.start_frame, frame, side="right") - 1
    source_frame = plan.source_start_frame[clip] + plan.rate[clip] * (origin - plan.start_frame[clip])
    names = [source_name(plan, row, sources) for row in range(len(plan))]
    first = np.array([sources[name].first for name in names])
    last = first + [len(sources[name].keypoints) - 1 for name in names]
    several = np.array([name != video for name, video in zip(names, plan.source_video, strict=True)])
    return Aligned(
        keypoints=show_absent(dance),
        source_video=plan.source_video[clip],
        source_frame=np.clip(np.round(source_frame), first[clip], last[clip]).astype(np.int32),
        match_distance=plan.match_distance[clip],
        seams=np.flatnonzero(np.diff(clip)) + 1,
        source_track=np.where(several, plan.source_track, -1)[clip].astype(np.int32) if several.any() else None,
        source_mirrored=plan.mirrored[clip] if plan.mirrored.any() else None,
    )


def source_name(plan: Plan, row: int, sources: Mapping[str, Source]) -> str:
    """The key of a clip's dance among the sources. Raises ChoreographyError if it is missing."""
    video = str(plan.source_video[row])
    name = video if video in sources else dance_name(video, int(plan.source_track[row]))
    if name not in sources:
        raise ChoreographyError(f"the plan dances video {video!r}, which is not among the cleaned videos; run again")
    return name


def join(
    plan: Plan,
    sources: Mapping[str, Source],
    *,
    target: Body,
    size: tuple[int, int],
    fps: float,
    spatial: SpatialSettings,
    picture_px: float | None = None,
    roam_torsos: float = ROAM_TORSOS,
    lengths: Lengths | None = None,
) -> Array:
    """The dance (T, 25, 3) before its beats are aligned: clips joined, inside the picture; absent joints are NaN."""
    context = context_frames(spatial)
    own = lengths if spatial.own_proportions else None
    clips = read_clips(plan, sources, target=target, context=context, fps=fps, lengths=own)
    placed = carry_place(clips, context=context, centre_x=target.centre_x)
    joined = join_clips(placed, picture_px=picture_px or max(size), settings=spatial)
    inside = keep_inside(joined, target=target, size=size, fps=fps, roam_torsos=roam_torsos)
    if spatial.foot_lock:  # before the beats are aligned: motion beats are measured on the dance that is seen
        inside = lock_feet(inside, fps=fps, height_px=target.height_px)
    return inside


def read_clips(
    plan: Plan,
    sources: Mapping[str, Source],
    *,
    target: Body,
    context: int,
    fps: float,
    lengths: Lengths | None = None,
) -> list[Array]:
    """The plan's clips (context + frames + context, 25, 3) in the target's size, on the target's ground line.

    lengths: those of the target's bones, None: bodies are scaled as a whole.
    """
    bodies: dict[str, Body] = {}
    shapes: dict[str, Proportions] = {}
    clips = []
    for row in range(len(plan)):
        video = source_name(plan, row, sources)
        source = sources[video]
        start = int(plan.source_start_frame[row])
        if video not in bodies:
            kept = source.keypoints[source.kept]
            bodies[video] = body = whole_body(kept, name=f"video {video}")
            if lengths is not None:
                scale = target.height_px / body.height_px
                shapes[video] = compare(measure_lengths(kept), lengths, scale=scale)
        frames, rate = int(plan.frames[row]), float(plan.rate[row])
        clip = read_clip(source, start, frames, rate=rate, context=context, name=str(video))
        if plan.mirrored[row]:
            clip = mirror(clip, about_x=bodies[video].centre_x)
        ground_y = ground_line(clip[context : context + frames, :, :2], otherwise=bodies[video].ground_y)
        fit: Any = {"source": bodies[video], "ground_y": ground_y, "target": target}
        if (to := shapes.get(video)) is None:
            clips.append(fit_to_target(clip, **fit))
            continue
        sized = fit_to_target(clip, **fit, legs=to.legs)
        clips.append(reshape(sized, to, fps=fps, torso_px=target.torso_px))
    return clips


def read_clip(source: Source, start: int, frames: int, *, rate: float, context: int, name: str) -> Array:
    """A clip (context + frames + context, 25, 3) of a source from frame `start` of its video on.

    rate: source frames per frame. Frames of context that cleaning dropped, or that the source does not have, continue
    the movement of the others, dying out.
    """
    from_video = start
    start = start - source.first
    first, stop = passage(source, start)
    needed = int(rate * (frames - 1)) + 1
    if stop - start < needed:
        raise ChoreographyError(
            f"video {name}: cleaning keeps {stop - start} frames from frame {from_video} on, but the plan dances "
            f"{needed} there; the database is older than the cleaned keypoints, build it again"
        )
    times = start + rate * np.arange(-context, frames + context)
    first = max(first, int(times[0]) - SPLINE_FRAMES)
    stop = min(stop, int(times[-1]) + 1 + SPLINE_FRAMES)
    piece = source.keypoints[first:stop]
    return fit_curve(hide_absent(piece)).at(times - first)


def passage(source: Source, frame: int) -> tuple[int, int]:
    """First and one past the last row of the source's passage that contains row `frame`; (frame, frame) without one."""
    within = (p for p in find_passages(source.kept, source.shot) if p[0] <= frame < p[1])
    return next(within, (frame, frame))


def write_dance(
    path: str | Path,
    dance: Aligned,
    *,
    fps: float,
    size: tuple[int, int],
    corners: ArrayLike | None = None,
) -> None:
    """Write a finished dance as a pose table whose every frame names its source video, frame and match distance.

    The track is written if any source is one of several dancers, and whether a frame is mirrored if any frame is.

    dance: in pixels of the picture of `size` (width, height). corners: where the picture's upper left corner lies on
    the plate in each frame, (T, 2) pixels; None: at 0, 0.
    """
    tracks: dict[str, ArrayLike] = {} if dance.source_track is None else {"source_track": dance.source_track}
    turned: dict[str, ArrayLike] = {} if dance.source_mirrored is None else {"source_mirrored": dance.source_mirrored}
    columns: dict[str, ArrayLike] = {
        "source_video": dance.source_video.astype(str),
        "source_frame": dance.source_frame,
        **tracks,
        **turned,
        "match_distance": dance.match_distance,
    }
    if corners is not None and np.any(corners):
        at = np.asarray(corners, np.float32)
        columns |= {"plate_x": at[:, 0], "plate_y": at[:, 1]}
    about = {"seams": dance.seams.tolist()}
    write_pose_table(path, dance.keypoints, fps=fps, size=size, columns=columns, metadata=about)
