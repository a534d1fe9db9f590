"""Rhythm and naturalness of one row of dances compared with real ones: the numbers of the choreography's tables.

Ratios compare with a Yardstick: real dances that were not used for any choice. Jerk is also compared with the chosen
fragments at their own speed, since a row may choose calm ones. Beat scores are means over dances; the rest is pooled
over frames, seams or clips, so that songs are weighted by their length.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.align import Source, source_name
from danceit_core.choreography.form import without_hold
from danceit_core.choreography.plan import Plan
from danceit_core.evaluation.beats import beat_scores
from danceit_core.evaluation.motion import (
    compare_motion,
    facing_flips,
    foot_sliding,
    frozen,
    jerk_series,
    kinetic_diversity,
    mean_speed,
    seam_jerk,
)
from danceit_core.evaluation.trial import Song, Trial, dances_of
from danceit_core.pose.skeleton import BODY, HANDS, Keypoints

REPEAT_S = 8.0
# What speed is measured on: if the alignment only exploits one definition, the others show it.
SPEEDS: dict[str, tuple[Sequence[int], bool]] = {"body": (BODY, False), "hands": (HANDS, False), "smooth": (BODY, True)}


@dataclass(frozen=True)
class Yardstick:
    """Real dances and their means. seam_share: share of their places whose 14 frames hold jerk above its p99."""

    dances: Sequence[Keypoints]
    jerk_mean: float
    jerk_p99: float
    seam_share: float
    foot_sliding: float
    mean_speed: float


def measure_real(dances: Sequence[Keypoints], *, fps: float, rng: np.random.Generator) -> Yardstick:
    """Measure the yardstick that `dances` define."""
    jerks = [jerk_series(dance, fps=fps) for dance in dances]
    pooled = np.concatenate(jerks)
    p99 = float(np.percentile(pooled, 99))
    peaks = [seam_jerk(jerk, rng.integers(7, max(8, len(jerk) - 7), 4)) for jerk in jerks]
    frames = np.array([len(dance) for dance in dances], float)
    return Yardstick(
        dances=dances,
        jerk_mean=float(pooled.mean()),
        jerk_p99=p99,
        seam_share=float((np.concatenate(peaks) > p99).mean()),
        foot_sliding=weighted_mean([foot_sliding(dance, fps=fps) for dance in dances], frames),
        mean_speed=weighted_mean([mean_speed(dance, fps=fps) for dance in dances], frames),
    )


def score_beats(dances: Sequence[Keypoints], songs: Sequence[Song], *, fps: float, seed: int) -> dict[str, float]:
    """Means of `beat_scores` over dances; those for hands alone or smoothed speed have prefix `hands_` or `smooth_`."""
    rows = []
    for dance, song in zip(dances, songs, strict=True):
        row: dict[str, float] = {}
        for name, (joints, smooth) in SPEEDS.items():
            rng = np.random.default_rng(seed)
            found = beat_scores(dance, song.beats_s, fps=fps, joints=joints, smooth=smooth, rng=rng)
            row |= {key if name == "body" else f"{name}_{key}": value for key, value in found.items()}
        rows.append(row)
    return {key: float(np.nanmean([row[key] for row in rows])) for key in rows[0]} if rows else {}


def score_motion(
    trials: Sequence[Trial], sources: Mapping[str, Source], real: Yardstick, *, fps: float
) -> dict[str, float]:
    """Movement scores of trials compared with the real dances.

    Keys: `jerk_real`, `speed_ratio`, `slide_ratio` (1: as the real dances), `jerk_own` (1: as the chosen fragments),
    `seam_share` (of seams over the real p99), `seam_median` (torsos / s^3), those of `compare_motion` (Eq. 18),
    `flips`, `seams`, `repeats` (counts), `frozen_share`, `frozen_s` (the longest), `diversity`, `off_length` (number of
    songs whose length is not matched to the frame).
    """
    dances = dances_of(trials)
    frames = np.array([len(dance) for dance in dances], float)
    jerks = [jerk_series(dance, fps=fps) for dance in dances]
    peaks = np.concatenate([seam_jerk(j, t.dance.seams) for j, t in zip(jerks, trials, strict=True)])
    flips = [facing_flips(t.dance.keypoints, t.dance.seams) for t in trials]
    jerk = float(np.concatenate(jerks).mean())
    distances = compare_motion(dances, real.dances)
    sliding = weighted_mean([foot_sliding(d, fps=fps) for d in dances], frames)
    return {
        "jerk_real": jerk / real.jerk_mean,
        "jerk_own": jerk / chosen_jerk([t.plan for t in trials], sources, fps=fps),
        "seam_share": float((peaks > real.jerk_p99).mean()) if len(peaks) else float("nan"),
        "seam_median": float(np.median(peaks)) if len(peaks) else float("nan"),
        "slide_ratio": _ratio(sliding, real.foot_sliding),
        "speed_ratio": _ratio(weighted_mean([mean_speed(d, fps=fps) for d in dances], frames), real.mean_speed),
        **distances,
        "flips": float(sum(f.sum() for f in flips)),
        "seams": float(len(peaks)),
        "frozen_share": weighted_mean([frozen(d, fps=fps)[0] for d in dances], frames),
        "frozen_s": max(frozen(d, fps=fps)[1] for d in dances),
        "repeats": float(sum(count_repeats(t.plan, fps=fps) for t in trials)),
        "diversity": weighted_mean([kinetic_diversity(d, fps=fps) for d in dances], frames),
        "off_length": float(sum(len(t.dance.keypoints) != t.song.frames for t in trials)),
    }


def score_real(real: Yardstick, *, fps: float) -> dict[str, float]:
    """The same for the real dances themselves; the distances are those of every second dance from the others."""
    halves = real.dances[::2], real.dances[1::2]
    frames = np.array([len(dance) for dance in real.dances], float)
    still = [frozen(dance, fps=fps) for dance in real.dances]
    return {
        "jerk_real": 1.0,
        "jerk_own": 1.0,
        "seam_share": real.seam_share,
        "slide_ratio": 1.0,
        "speed_ratio": 1.0,
        **(compare_motion(*halves) if halves[1] else {}),
        "frozen_share": weighted_mean([share for share, _ in still], frames),
        "frozen_s": max(longest_s for _, longest_s in still),
        "diversity": weighted_mean([kinetic_diversity(dance, fps=fps) for dance in real.dances], frames),
    }


def chosen_jerk(plans: Sequence[Plan], sources: Mapping[str, Source], *, fps: float) -> float:
    """Mean jerk (torso lengths / s^3) of the frames that plans use, at their original speed."""
    series: dict[str, NDArray[np.float64]] = {}
    parts = []
    for plan in plans:
        for row in range(len(plan)):
            video = source_name(plan, row, sources)
            start = int(plan.source_start_frame[row]) - sources[video].first
            if video not in series:
                series[video] = jerk_series(sources[video].keypoints, fps=fps)
            parts.append(series[video][start : start + round(plan.frames[row] * plan.rate[row])])
    return float(np.concatenate(parts).mean())


def count_repeats(plan: Plan, *, fps: float) -> int:
    """Clips that share frames of a video with an earlier clip that ended under REPEAT_S before they begin.

    The pose held at the end does not count.
    """
    plan, _ = without_hold(plan)
    stop = plan.source_start_frame + plan.rate * plan.frames
    ends = plan.start_frame + plan.frames
    count = 0
    for row in range(len(plan)):
        near = np.flatnonzero(ends[:row] > plan.start_frame[row] - REPEAT_S * fps)
        same = plan.source_video[near] == plan.source_video[row]
        later = np.maximum(plan.source_start_frame[near], plan.source_start_frame[row])
        # Half a frame more or less is rounding, not a repeated movement.
        count += bool((same & (later + 0.5 < np.minimum(stop[near], stop[row]))).any())
    return count


def weighted_mean(values: Sequence[float], weights: NDArray[np.float64]) -> float:
    """Weighted mean of the values that are not NaN."""
    known = ~np.isnan(values)
    return float(np.average(np.array(values)[known], weights=weights[known])) if known.any() else float("nan")


def _ratio(value: float, real: float) -> float:
    """Ratio of a score to that of the real dances; NaN where theirs is 0, as for feet that never slide."""
    return value / real if real else float("nan")
