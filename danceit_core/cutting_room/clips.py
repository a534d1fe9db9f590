"""The clips of a song's dance as its page shows them: what is danced when, how well it goes there.

Times are seconds of the song. The seams, and which beats are hit, are those of the finished dance, where it dances what
the plan says by now; before it is made only the plan is known.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.edits import Edit, clips_of
from danceit_core.choreography.form import without_hold
from danceit_core.choreography.motion_beats import find_hits, step_speed
from danceit_core.choreography.plan import Plan
from danceit_core.choreography.rate import danced
from danceit_core.errors import ChoreographyError
from danceit_core.evaluation.motion import SEAM_FRAMES, jerk_series, seam_jerk
from danceit_core.music.table import MusicTable
from danceit_core.pose.table import PoseTable

# The jerk that a dance has itself, away from its seams: of so many of a hundred frames it is no larger.
OWN_PERCENTILE = 99
# Distance in the joint space from one end to the other: embeddings have length 1.
FARTHEST = 2.0


def whole_plan(plan: Plan) -> Plan:
    """A plan whose last clip lasts to the song's end, the last pose that is held there with it."""
    made, hold = without_hold(plan)
    if not hold:
        return made
    columns = {name: getattr(made, name) for name in Plan.__dataclass_fields__}
    columns["frames"] = np.append(made.frames[:-1], made.frames[-1] + hold)
    return Plan(**columns)


def show_clips(
    plan: Plan, music: MusicTable, poses: PoseTable | None, edits: Sequence[Edit], *, beat_kind: str
) -> list[dict[str, Any]]:
    """One object of plain values for each clip. poses: the finished dance, None: not made yet.

    edits: of the song; each clip names those that touch it, by their numbers. beat_kind: `min` or `max` of speed.
    """
    whole, fps = whole_plan(plan), music.fps
    made = None if poses is None else danced(poses, fps=fps, seconds=plan.song_frames / fps)
    starts, as_planned = _starts(plan, whole, made)
    ends = [*starts[1:], whole.song_frames]
    beats_s, hit = music.beats.times_s, None
    smooth: list[float | None] = [None] * len(whole)
    if made is not None and poses is not None:
        hits = find_hits(step_speed(made.keypoints), beats_s, fps=fps, kind=beat_kind, shown_fps=poses.fps)
        beats_s, hit = hits.music_s, hits.hit
        smooth = [None, *_smoothness(made, starts[1:], fps=fps)]
    touching = _touching(edits, whole, fps=fps)
    clips = []
    for clip, (first, end) in enumerate(zip(starts, ends, strict=True)):
        inside = (beats_s >= first / fps) & (beats_s < end / fps)
        known = bool(as_planned[clip])
        distance = float(whole.match_distance[clip])
        clips.append(
            {
                "number": clip,
                "start_s": round(first / fps, 4),
                "end_s": round(end / fps, 4),
                "fragment": str(whole.fragment_id[clip]),
                "video": str(whole.source_video[clip]),
                "track": int(whole.source_track[clip]),
                "source_s": round(float(whole.source_start_frame[clip]) / fps, 4),
                "rate": round(float(whole.rate[clip]), 4),
                "mirrored": bool(whole.mirrored[clip]),
                "recalls": int(whole.recalls[clip]),
                "match": None if np.isnan(distance) else round(match_of(distance), 4),
                "distance": None if np.isnan(distance) else round(distance, 4),
                "seam": smooth[clip] if known and clip and as_planned[clip - 1] else None,
                "beats": int(inside.sum()),
                "hits": int(hit[inside].sum()) if hit is not None and known else None,
                "edits": touching[clip],
            }
        )
    return clips


def match_of(distance: float) -> float:
    """How well music and movement go together, 0 to 1, of their distance: (1 + cosine) / 2, unrelated ones have .5."""
    return float(np.clip(1 - (distance / FARTHEST) ** 2, 0, 1))


def _starts(plan: Plan, whole: Plan, made: PoseTable | None) -> tuple[list[int], NDArray[np.bool_]]:
    """First frames of the clips, of the finished dance where it has as many, and which it dances as the plan says."""
    starts = [int(start) for start in whole.start_frame]
    nothing = np.zeros(len(whole), bool)
    seams = None if made is None else made.metadata.get("seams")
    if made is None or seams is None or "source_video" not in made.columns or len(seams) != len(plan) - 1:
        return starts, nothing
    starts = [0, *(int(seam) for seam in seams)][: len(whole)]
    bounds = [*starts, len(made)]
    same = nothing.copy()
    for clip, (first, end) in enumerate(itertools.pairwise(bounds)):
        middle = min(len(made) - 1, (first + end) // 2)
        at = whole.source_start_frame[clip] + whole.rate[clip] * (middle - whole.start_frame[clip])
        away = abs(float(made.columns["source_frame"][middle]) - float(at))
        # The warp to the beats moves what is seen in a frame by less than a clip's own length.
        same[clip] = str(made.columns["source_video"][middle]) == str(whole.source_video[clip]) and away < max(
            6.0, (end - first) / 2
        )
    return starts, same


def _smoothness(made: PoseTable, seams: Sequence[int], *, fps: float) -> list[float | None]:
    """How smooth each seam is, 0 to 1: 1 where its jerk is no larger than the dance's own is in 99 of 100 frames."""
    jerk = jerk_series(made.keypoints, fps=fps)
    away = np.ones(len(jerk), bool)
    for seam in seams:
        away[max(0, seam - SEAM_FRAMES) : seam + SEAM_FRAMES] = False
    own = float(np.percentile(jerk[away], OWN_PERCENTILE)) if away.any() else 0.0
    found: list[float | None] = []
    for seam in seams:
        peak = seam_jerk(jerk, [seam])
        found.append(round(min(1.0, own / float(peak[0])), 4) if own > 0 and len(peak) and peak[0] > 0 else None)
    return found


def _touching(edits: Sequence[Edit], whole: Plan, *, fps: float) -> list[list[int]]:
    """The numbers of the edits that touch each clip."""
    touching: list[list[int]] = [[] for _ in range(len(whole))]
    for number, edit in enumerate(edits):
        try:
            clips = clips_of(edit, whole, fps=fps)
        except ChoreographyError:  # after the song's end: planning says so
            continue
        for clip in clips:
            touching[clip].append(number)
    return touching
