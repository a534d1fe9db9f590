"""Form: how a dance fits its song's bars. The paper does not treat it: its fragments begin anywhere in the bar.

Scores of a plan, with the beats of its song and of the dances that it takes its movements from:

- seams on bars: share of the borders between clips that lie on a bar line;
- starts on bars: the same for the borders at which the movement does not simply continue its own dance;
- downbeats met: share of the clips whose own first downbeat falls on one of the song's;
- danced before: share of the clips whose movement an earlier clip of the plan has danced;
- lengths: the movements' lengths in counts (beats of the song), their histogram beside that of choreographers.

Conventions. A border at frame k is seen when frame k appears, at k / fps (`motion_beats.seen_s`), and is on a bar line
if the line's beat is heard at most HIT_FRAMES from it (`motion_beats.within`: one and a half frames). The first frame
of a dance is not a border, nor is the first frame of the pose held at its end. Chance is the share of the song's beats,
and of its frames, that lie on bar lines. Scores are 0 to 1, NaN where there is nothing to judge: unknown bars, or a
dance of one clip.

`choreographers` has the scores of choreographers; `repeats` measures whether movements recur with the music.
"""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danceit_core.choreography.clips import in_counts
from danceit_core.choreography.curve import Array
from danceit_core.choreography.form import without_hold
from danceit_core.choreography.motion_beats import HIT_FRAMES, within
from danceit_core.choreography.plan import Plan
from danceit_core.music.table import Beats
from danceit_core.pose.tracks import dance_name

# Lengths are counted up to this many beats; the last class holds longer ones.
LONGEST = 16
# A clip whose movement overlaps an earlier one's by this share of its own length has been danced before.
SAME_SHARE = 0.5
# A movement continues if the next clip begins at most this many frames of their dance from where the last one ended.
GOES_ON_FRAMES = 1.5


def form_scores(
    plan: Plan, beats: Beats, *, fps: float, dances: Mapping[str, Beats], seams: ArrayLike | None = None
) -> dict[str, float]:
    """The scores of one plan, without lengths.

    beats: those of its song. dances: the beats of each dance by its name, in seconds of its video. seams (S,): first
    frames of the clips, without the first clip, in the finished dance, as the alignment to the beats has moved them;
    None: those of the plan. Keys: `seams_on_bars`, `starts_on_bars`, `downbeats_met`, `danced_before`,
    `seams_seen_on_bars` (of `seams`), `beats_on_bars` and `frames_on_bars` (chance).
    """
    whole = plan.song_frames
    plan, held = without_hold(plan)
    starts = plan.start_frame[movement_starts(plan)]
    seen = plan.seams if seams is None else np.asarray(seams, np.int64)[: -1 if held else None]
    return {
        "seams_on_bars": on_bars(plan.seams / fps, beats, fps=fps),
        "starts_on_bars": on_bars(starts / fps, beats, fps=fps),
        "seams_seen_on_bars": on_bars(seen / fps, beats, fps=fps),
        "downbeats_met": on_bars(own_downbeats(plan, dances, fps=fps), beats, fps=fps),
        "danced_before": float(danced_before(plan).mean()),
        "beats_on_bars": on_bars(beats.times_s, beats, fps=fps),
        "frames_on_bars": on_bars(np.arange(1, whole) / fps, beats, fps=fps),
    }


def on_bars(times_s: ArrayLike, beats: Beats, *, fps: float) -> float:
    """Share of times (N,) that lie on a bar line; NaN without a time or a bar."""
    at, lines = np.asarray(times_s, np.float64), beats.downbeats_s
    if not len(at) or not len(lines):
        return float("nan")
    return float(within(_nearest(at, lines) * fps, HIT_FRAMES).mean())


def movement_starts(plan: Plan) -> NDArray[np.int64]:
    """The clips (M,), without the first, that begin a new movement instead of continuing the previous one."""
    ends = plan.source_start_frame + plan.rate * plan.frames
    same = (plan.source_video[1:] == plan.source_video[:-1]) & (plan.source_track[1:] == plan.source_track[:-1])
    same &= plan.mirrored[1:] == plan.mirrored[:-1]
    goes_on = same & (np.abs(plan.source_start_frame[1:] - ends[:-1]) <= GOES_ON_FRAMES)
    return np.flatnonzero(~goes_on) + 1


def own_downbeats(plan: Plan, dances: Mapping[str, Beats], *, fps: float) -> Array:
    """Time of each clip's first own downbeat, seconds of the song; (K,) for the clips that have one."""
    found = []
    for row in range(len(plan)):
        video, track = str(plan.source_video[row]), int(plan.source_track[row])
        beats = dances.get(video) or dances.get(dance_name(video, track))
        if beats is None:
            continue
        # Frames of the song from the clip's start; half a frame allows for the rounding of the start to a frame.
        into = (beats.downbeats_s * fps - plan.source_start_frame[row]) / plan.rate[row]
        inside = into[(into >= -0.75) & (into < plan.frames[row] - 0.75)]
        if len(inside):
            found.append((plan.start_frame[row] + inside[0]) / fps)
    return np.array(found)


def danced_before(plan: Plan) -> NDArray[np.bool_]:
    """Whether an earlier clip has danced at least SAME_SHARE of each clip's movement, (C,)."""
    first, length = plan.source_start_frame.astype(np.float64), plan.rate * plan.frames
    last = first + length
    common = np.minimum(last[:, None], last) - np.maximum(first[:, None], first)  # (C, C)
    same = (plan.source_video[:, None] == plan.source_video) & (plan.source_track[:, None] == plan.source_track)
    before = np.tri(len(plan), k=-1, dtype=bool)
    return (before & same & (common >= SAME_SHARE * length[:, None])).any(1)


def movement_lengths(plan: Plan, beats: Beats, *, fps: float) -> Array:
    """Lengths (M,) of a plan's movements in beats of its song, without those cut by the song's start or end."""
    plan, _ = without_hold(plan)
    return np.diff(in_counts(plan.start_frame[movement_starts(plan)] / fps, beats.times_s))


def length_shares(lengths: ArrayLike) -> Array:
    """Histogram (LONGEST + 1,) of lengths in whole beats, 1 to LONGEST and longer; sums to 1, NaN without a length."""
    known = np.asarray(lengths, np.float64)
    whole = np.clip(np.round(known[~np.isnan(known)]), 1, LONGEST + 1).astype(np.int64)
    counts = np.bincount(whole - 1, minlength=LONGEST + 1)
    return counts / counts.sum() if len(whole) else np.full(LONGEST + 1, np.nan)


def lengths_apart(lengths: Mapping[int, Iterable[float]], real: Mapping[int, Mapping[int, float]]) -> float:
    """Total variation distance (0..1) of lengths from real ones: half the summed difference of their shares.

    lengths: those of the songs of each metre; real: for each metre, the shares of whole lengths. Metres are weighted by
    their numbers of movements; those without a real histogram do not count. NaN if none counts.
    """
    parts: list[tuple[float, int]] = []
    for meter, found in lengths.items():
        known = np.asarray(list(found), np.float64)
        known = known[~np.isnan(known)]
        if meter in real and len(known):
            shares = np.array([real[meter].get(beats, 0.0) for beats in range(1, LONGEST + 2)])
            parts.append((float(np.abs(length_shares(known) - shares).sum() / 2), len(known)))
    weight = sum(count for _, count in parts)
    return sum(apart * count for apart, count in parts) / weight if weight else float("nan")


def _nearest(times: Array, marks: Array) -> Array:
    """Distance (N,) from each of `times` to the nearest of `marks` (increasing, at least one)."""
    after = np.clip(np.searchsorted(marks, times), 0, len(marks) - 1)
    return np.minimum(np.abs(times - marks[after]), np.abs(times - marks[np.maximum(after - 1, 0)]))
