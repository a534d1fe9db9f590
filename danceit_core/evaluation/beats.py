"""How well a dance keeps to the music's beats: S_BA (paper Eq. 17) and the field's Beat Align Score.

S_BA: the window of a beat runs from half-way to the previous beat to half-way to the next
(`choreography.motion_beats`, which also defines when a step is seen). A beat is matched when the window's extremum of
speed is seen within a tolerance of frames: tolerance 0, the paper's "same frame", is at most half a frame away, 1 at
most one and a half. The extremum is the `max` (the paper) or the `min` of speed: real dancers arrive on the beat, so
theirs are minima.

Beat Align Score: motion beats are the local minima of speed smoothed by a Gaussian of SMOOTHING_FRAMES; a pair of
beats dt apart counts exp(-dt^2 / (2 SIGMA_S^2)). Music form: mean over music beats of the nearest motion beat's
count; motion form: over motion beats. Values are comparable only with the same smoothing. Sigma is in seconds, so
values of different frame rates are comparable.

Seen and heard: a beat is heard at its time in the sound file; a step is seen when the frame that it leads into
appears, at k / fps (`choreography.motion_beats.seen_s`), half a frame after the movement that it stands for. The
alignment, these scores, the preview and the figures all use this convention; `benchmarks/video_timing.py` measures
it in finished videos of songs whose beats are known.

Chance is the same score with all beats shifted by fractions of their interval. A score that the alignment
optimises proves little: compare it with chance, and read it beside the movement scores of `motion`.

Conventions: keypoints (T, 25, 3) pixels, absent joints 0; beats in seconds, increasing; scores 0..1, NaN where
there is no beat to judge. shown_fps: frame rate of the video that shows the dance, None: fps.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter1d

from danceit_core.choreography.motion_beats import (
    beat_windows,
    find_hits,
    seen_s,
    step_speed,
    vertex_offsets,
    within,
)
from danceit_core.errors import MusicError
from danceit_core.pose.skeleton import BODY, Keypoints

KINDS = ("min", "max")
SIGMA_S = 0.05
SMOOTHING_FRAMES = 1.5
CHANCE_DRAWS = 20


def beat_scores(
    keypoints: Keypoints,
    beats_s: ArrayLike,
    *,
    fps: float,
    tolerances: Sequence[int] = (0, 1, 2),
    joints: Sequence[int] = BODY,
    smooth: bool = False,
    shown_fps: float | None = None,
    rng: np.random.Generator,
) -> dict[str, float]:
    """All scores of this module and their chances, as a flat dict.

    joints: the joints whose speed is used, `HANDS` for the hands alone. smooth: smooth the speed by SMOOTHING_FRAMES
    for S_BA too. The alignment optimises the unsmoothed speed of the body; these two options show whether it only
    exploits that definition.

    Keys: `s_ba_<kind>_<tolerance>`, `beat_align_music`, `beat_align_motion`, each also with the prefix `chance_`;
    `beats`, the number of beats judged. Raises MusicError when beats are not increasing seconds.
    """
    beats = check_beats(beats_s, frames=len(keypoints), fps=fps)
    speed = step_speed(keypoints, joints=joints)
    judged = gaussian_filter1d(speed, SMOOTHING_FRAMES) if smooth else speed

    def score(at: NDArray[np.float64]) -> dict[str, float]:
        out = {}
        for kind in KINDS:
            distances = beat_distances(judged, at, fps=fps, kind=kind, shown_fps=shown_fps)
            for tolerance in tolerances:
                out[f"s_ba_{kind}_{tolerance}"] = _share(within(distances, tolerance))
        out["beat_align_music"], out["beat_align_motion"] = beat_align(speed, at, fps=fps, shown_fps=shown_fps)
        return out

    chance = chance_score(score, beats, rng=rng)
    windows = beat_windows(beats, frames=len(keypoints), fps=fps, shown_fps=shown_fps)
    return {**score(beats), **{f"chance_{key}": value for key, value in chance.items()}, "beats": float(len(windows))}


def beat_distances(
    speed: NDArray[np.float64],
    beats_s: NDArray[np.float64],
    *,
    fps: float,
    kind: str,
    shown_fps: float | None = None,
) -> NDArray[np.float64]:
    """Frames (B,), fractional, from each judged beat to the extremum of speed (T,) in its window, as seen (Eq. 14)."""
    return np.abs(find_hits(speed, beats_s, fps=fps, kind=kind, shown_fps=shown_fps).late_frames)


def motion_beats(speed: NDArray[np.float64], *, fps: float, shown_fps: float | None = None) -> NDArray[np.float64]:
    """Times in seconds (M,) at which the local minima of the smoothed step speed (T,) are seen."""
    if len(speed) < 4:
        return np.zeros(0)
    smooth = gaussian_filter1d(speed[1:], SMOOTHING_FRAMES)
    minima = np.flatnonzero((smooth[1:-1] < smooth[:-2]) & (smooth[1:-1] <= smooth[2:])) + 1
    # Entry i of the smoothed array is the step into frame i + 1.
    padded = np.concatenate([smooth[:1], smooth])
    return seen_s(minima + 1 + vertex_offsets(padded, minima + 1), fps=fps, shown_fps=shown_fps)


def beat_align(
    speed: NDArray[np.float64], beats_s: NDArray[np.float64], *, fps: float, shown_fps: float | None = None
) -> tuple[float, float]:
    """Beat Align Score in its music and its motion form; NaN without music beats, 0 without motion beats."""
    motion = motion_beats(speed, fps=fps, shown_fps=shown_fps)
    if not len(beats_s):
        return np.nan, np.nan
    if not len(motion):
        return 0.0, 0.0
    closeness = np.exp(-((beats_s[:, None] - motion) ** 2) / (2 * SIGMA_S**2))
    return float(closeness.max(1).mean()), float(closeness.max(0).mean())


def chance_score(
    score: Callable[[NDArray[np.float64]], dict[str, float]], beats_s: NDArray[np.float64], *, rng: np.random.Generator
) -> dict[str, float]:
    """Mean of `score` over CHANCE_DRAWS shifts of all beats by -1/2 to 1/2 of their median interval, evenly spread."""
    interval = float(np.median(np.diff(beats_s))) if len(beats_s) > 1 else 0.0
    # Evenly spaced from a random first shift, so that no part of the interval is left out by accident.
    shifts = (np.arange(CHANCE_DRAWS) + rng.random()) / CHANCE_DRAWS - 0.5
    draws = [score(beats_s + shift * interval) for shift in shifts]
    return {key: float(np.mean([draw[key] for draw in draws])) for key in draws[0]}


def check_beats(beats_s: ArrayLike, *, frames: int, fps: float) -> NDArray[np.float64]:
    """Beats as an array (B,). Raises MusicError when they are not increasing seconds of this dance."""
    beats = np.asarray(beats_s, np.float64)
    if beats.ndim != 1 or (np.diff(beats) <= 0).any():
        raise MusicError(f"beats of shape {beats.shape} are not one increasing list of seconds; analyse the song again")
    if len(beats) > 1 and beats[0] > frames / fps:
        raise MusicError(
            f"the first beat, at {beats[0]:.1f}, lies after the dance of {frames / fps:.1f} s; "
            "are the beats in frames instead of seconds, or of another song?"
        )
    return beats


def _share(matched: NDArray[np.bool_]) -> float:
    return float(matched.mean()) if len(matched) else np.nan
