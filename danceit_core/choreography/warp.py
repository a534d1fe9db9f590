"""A monotone time warp that puts a dance's motion beats on the music's beats, length unchanged.

Moving an extremum of speed onto a beat is not enough: the warp's own slope changes the speed and moves the extremum
again. The map is therefore chosen by dynamic programming over the whole song, and every half window whose *warped*
speed has its extremum elsewhere counts as missed. Between two beats the map is a cubic Hermite, given by the source
frame at each beat and the slope there: 1 - a for minima, 1 + a for maxima, with a small accent a >= 0. The warped speed
of a segment then depends only on its two ends, which makes the search exact. Jerk grows with the cube of the playback
speed, so speeding up jerky movement has a cost. A clip that begins on a beat should begin there in the finished dance
as well: each frame by which its first frame is shifted has a cost. All slopes stay within the given bounds; so does the
unwarped dance, so there is always a valid map.

Steps are numbered as in `motion_beats`: the movement of step j is at frame j - 1/2 of the dance, so a beat on which the
fractional step b is seen is anchored at b - 1/2.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicHermiteSpline

from danceit_core.choreography.curve import Array, fit_curve
from danceit_core.choreography.motion_beats import BeatWindow, extreme_steps
from danceit_core.pose.movement import mean_present, step_sizes
from danceit_core.pose.skeleton import BODY

# Speed is looked up at this many places per frame.
FINE = 4
ACCENTS = 6
STRONGEST_ACCENT = 0.9
# Weak accents are spaced more closely: the weakest sufficient accent is the least visible.
ACCENT_POWER = 1.6
# A source frame up to this share of a beat away may meet the beat.
REACH = 0.55
# An extremum must stand out from its neighbours by this factor, or resampling may lose it; below this it counts as
# partly missed.
MARGIN = {"min": 1.2, "max": 1.15}
TINY = 1e-9
# Costs of a missed half window, a squared logarithm of slope, a squared shift in beats, a squared accent, and of a peak
# of jerk, by its excess over what the dance itself hardly exceeds.
MISS, STRETCH, SHIFT, ACCENT, JERK = 4.0, 3.0, 0.2, 1.0, 2.0
# Cost of a squared shift in frames at a beat on which a clip begins, and how near to the beat it must begin, in frames.
SEAM, ON_BEAT = 2.0, 1.0
USUAL_JERK_PERCENTILE = 98


@dataclass(frozen=True)
class _Movement:
    """A dance's mean joint speed and jerk at every 1 / FINE frame, (T FINE,) each; jerk is 1 where it is usual."""

    speed: Array
    jerk: Array

    @classmethod
    def of(cls, keypoints: Array) -> "_Movement":
        times = np.arange(len(keypoints) * FINE) / FINE
        absent = np.isnan(keypoints[:, BODY, 0])[times.astype(int)]
        curve = fit_curve(keypoints)

        def mean_size(derivative: Array) -> Array:
            size = np.linalg.norm(derivative[:, BODY], axis=-1)
            return np.nan_to_num(mean_present(np.where(absent, np.nan, size)))

        jerk = mean_size(curve.spline(np.minimum(times, len(keypoints) - 1), 3))
        return cls(mean_size(curve.velocity(times)), jerk / (np.percentile(jerk, USUAL_JERK_PERCENTILE) + TINY))

    def at(self, source: Array) -> tuple[Array, Array]:
        """Speed and jerk at source frames of any shape."""
        nearest = np.clip(np.round(source * FINE).astype(int), 0, len(self.speed) - 1)
        return self.speed[nearest], self.jerk[nearest]


@dataclass(frozen=True)
class _Anchor:
    """At song time `time` the source frame may be one of `source` with slope `slope`, at `cost`; all (S,)."""

    time: float
    source: Array
    slope: Array
    cost: Array


def beat_map(
    keypoints: Array,
    windows: list[BeatWindow],
    *,
    kind: str,
    min_slope: float,
    max_slope: float,
    seams: ArrayLike = (),
) -> Array:
    """Source frame (T,) for each frame of the song that puts speed extrema of `kind` (`min`, `max`) on the beats.

    keypoints (T, 25, 3), NaN for absent. seams: first frames of clips; those on a beat stay there. The map increases
    from 0 to T - 1 with slopes within min_slope..max_slope (0 < min_slope <= 1 <= max_slope). Without windows it is the
    identity.
    """
    frames = len(keypoints)
    if not windows or frames < 3:
        return np.arange(frames, dtype=np.float64)
    movement = _Movement.of(keypoints)
    own = extreme_steps(step_sizes(keypoints[:, BODY, :2]), windows, kind=kind)
    held = near_seam(np.array([w.beat for w in windows]), np.asarray(seams, np.float64))
    anchors = _anchors(windows, own, frames, held=held, kind=kind, bounds=(min_slope, max_slope))
    best, back = anchors[0].cost, []
    for index, (a, b) in enumerate(pairwise(anchors)):
        ends = (index > 0, index < len(anchors) - 2)
        step = _segment_costs(a, b, movement, kind=kind, bounds=(min_slope, max_slope), ends=ends)
        total = best[:, None] + step + b.cost
        back.append(total.argmin(0))
        best = total.min(0)
    state, chosen = 0, []
    for index in range(len(anchors) - 1, -1, -1):
        chosen.append(state)
        state = int(back[index - 1][state]) if index else 0
    picked = list(zip(anchors, chosen[::-1], strict=True))
    spline = CubicHermiteSpline(
        [a.time for a, _ in picked], [a.source[s] for a, s in picked], [a.slope[s] for a, s in picked]
    )
    # This clips only rounding errors of the spline.
    return np.clip(spline(np.arange(frames)), 0, frames - 1)


def near_seam(beats: Array, seams: Array) -> NDArray[np.bool_]:
    """Whether a clip begins on each of the beats (B,), fractional steps. seams (S,): first frames of clips."""
    if not len(seams):
        return np.zeros(len(beats), bool)
    return np.abs(beats[:, None] - seams).min(axis=1) <= ON_BEAT


def _anchors(
    windows: list[BeatWindow],
    own: Array,
    frames: int,
    *,
    held: NDArray[np.bool_],
    kind: str,
    bounds: tuple[float, float],
) -> list[_Anchor]:
    """The dance's two ends, which stay fixed, and between them one anchor per beat with all its choices.

    own: the motion beat of each window, a fractional step; held: whether a clip begins there. The choices are whole
    frames from the motion beat, so that it may meet the beat exactly, and the unwarped dance.
    """
    zero, one = np.zeros(1), np.ones(1)
    beats = np.array([w.beat for w in windows])
    gap = float(np.median(np.diff(beats))) if len(beats) > 1 else float(windows[0].stop - windows[0].first)
    reach = max(1, round(REACH * gap))
    room = 1 - bounds[0] if kind == "min" else bounds[1] - 1
    accents = min(STRONGEST_ACCENT, room) * np.linspace(0, 1, ACCENTS) ** ACCENT_POWER
    inner = []
    for beat, away, stays in zip(beats.tolist(), (own - beats).tolist(), held.tolist(), strict=True):
        shifts = np.append(np.arange(-reach, reach + 1) + away - round(away), 0.0)
        shift, accent = (grid.ravel() for grid in np.meshgrid(shifts, accents))
        cost = SHIFT * (shift / gap) ** 2 + ACCENT * accent**2 + SEAM * stays * shift**2
        inner.append(_Anchor(beat - 0.5, beat - 0.5 + shift, 1 - accent if kind == "min" else 1 + accent, cost))
    return [_Anchor(0.0, zero, one, zero), *inner, _Anchor(frames - 1.0, zero + frames - 1, one, zero)]


def _segment_costs(
    a: _Anchor, b: _Anchor, movement: _Movement, *, kind: str, bounds: tuple[float, float], ends: tuple[bool, bool]
) -> Array:
    """Cost (A, B) of every Hermite between two anchors; infinite out of bounds. ends: whether either is a beat."""
    length = b.time - a.time
    rise = (b.source[None] - a.source[:, None]) / length  # mean slope, (A, B)
    s0, s1 = a.slope[:, None], b.slope[None]
    # The slope is square * s^2 + linear * s + s0 for s from 0 to 1: its extremes are at the ends or the vertex.
    square, linear = 3 * (s0 + s1 - 2 * rise), 2 * (3 * rise - 2 * s0 - s1)
    vertex = np.clip(-linear / np.where(square == 0, np.inf, 2 * square), 0, 1)
    middle = (square * vertex + linear) * vertex + s0
    low, high = np.minimum(np.minimum(s0, s1), middle), np.maximum(np.maximum(s0, s1), middle)
    allowed = (low >= bounds[0] - 1e-9) & (high <= bounds[1] + 1e-9)
    cost = np.full(rise.shape, np.inf)
    i, j = np.nonzero(allowed)
    cost[i, j] = STRETCH * np.log(rise[i, j]) ** 2
    count = max(1, round(length))
    s = np.arange(count + 1) / count  # (steps,)
    q, m, r, first = (np.broadcast_to(v, rise.shape)[i, j, None] for v in (square, linear, s0, a.source[:, None]))
    slope = (q * s + m) * s + r  # (allowed, steps)
    source = first + length * s * (r + s * (m / 2 + s * q / 3))
    speed, jerk = movement.at(source)
    cost[i, j] += JERK * np.maximum(0, (jerk * slope**3).max(-1) - 1)
    warped = speed * slope
    half = (count + 1) // 2
    for is_beat, at, others in ((ends[0], 0, slice(1, half + 1)), (ends[1], -1, slice(-half - 1, -1))):
        if is_beat:
            there, rest = warped[:, at], warped[:, others]
            ratio = rest.min(-1) / (there + TINY) if kind == "min" else there / (rest.max(-1) + TINY)
            cost[i, j] += MISS * np.clip((MARGIN[kind] - ratio) / (MARGIN[kind] - 1), 0, 1)
    return cost
