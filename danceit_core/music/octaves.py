"""Choose the tempo: bars can be read at half and at twice the tempo, and the tempo may change.

The octave is decided once for all music of one tempo, as the danced tempo of a song hardly changes. The song is decoded
in both octaves, and the onsets half-way between the beats of the slower one determine how much more likely the faster
one must be. A change of tempo is accepted if bars that may move through both octaves are clearly more likely than those
in one octave. Where the tempo jumps, as in joined recordings, each part is decoded separately.
"""

import itertools
from dataclasses import astuple, dataclass, replace

import numpy as np

from danceit_core.music.bars import METERS, Array, Bars, decode_bars
from danceit_core.music.doubt import Shares, beat_shares
from danceit_core.music.onsets import LATENCY_S, RATE_HZ, Onsets, refine

# The border between the octaves, which span 53.75 to 215 beats per minute.
SPLIT_BPM = 107.5
# The slower of two tempi is chosen unless the faster is more likely by this much, nats per second;
FASTER_BY = 2.0
# by more if the onsets half-way between the slower beats are weaker than WEAK of those at the beats, and by less if
# they are stronger than STRONG in all sound and in the bass; WEAKER nats per unit, at most MOST.
WEAK, WEAKER, MOST = 0.8, 50.0, 9.0
STRONG, STRONGER, LEAST = 0.85, 30.0, -2.5
# A changing tempo must be more likely than a constant one by CHANGE_BY, nats; one that drifts across the octaves, where
# the faster one is penalised, by DRIFT_BY.
CHANGE_BY, DRIFT_BY = 15.0, 40.0
# The tempo jumps where JUMP_BEATS beats differ by the ratio JUMP from the previous ones, and not by an octave.
JUMP_BEATS, JUMP, NEAR_OCTAVE = 4, 1.2, 0.08
# Minimum length of a part; weight of the similarity of its beats' sound to that of the longest part, nats per second.
SHORTEST_PART_S, ALIKE = 6.0, 15.0
# A tempo given by the user is right within this ratio.
TOLD_WITHIN = 1.25


@dataclass(frozen=True)
class Reading:
    """bars; faster_by: how much more likely they are at the faster of two octaves, nats per second, None if the user
    gave the tempo."""

    bars: Bars
    faster_by: float | None = None


def follow_bars(
    active: Array, *, fps: float, onsets: Onsets | None = None, tempo_bpm: float = 0.0, meter: int = 0
) -> Reading:
    """The bars in (T, 2) probabilities of (beat that is not a downbeat, downbeat) at fps, following their tempo.

    onsets: of the same sound, for the choice between octaves. tempo_bpm: approximate tempo, 0: any; meter: beats per
    bar, 0: the most likely of METERS.
    """
    meters = (meter,) if meter else METERS
    if tempo_bpm:
        limits = (tempo_bpm / TOLD_WITHIN, tempo_bpm * TOLD_WITHIN)
        return Reading(decode_bars(active, fps=fps, tempi_bpm=limits, meters=meters))
    slow, fast = _octaves(active, fps=fps, meters=meters)
    if not slow.scores:
        return Reading(slow)
    gain, least = (fast.score - slow.score) / slow.heard_s, _least_gain(slow, onsets)
    steady = fast if gain > least else slow
    limits, meters_found = (SPLIT_BPM / 2, 2 * SPLIT_BPM), (steady.meter,)
    free = decode_bars(active, fps=fps, tempi_bpm=limits, meters=meters_found)
    if free.score - max(slow.score, fast.score) < CHANGE_BY:
        return Reading(steady, gain)
    if borders_s := _jumps(free.times_s):
        return Reading(_read_parts(active, borders_s, fps=fps, onsets=onsets, meters=meters), gain)
    dear = max(least, 0.0)
    drifting = decode_bars(active, fps=fps, tempi_bpm=limits, meters=meters_found, dear_bpm=SPLIT_BPM, dear=dear)
    is_drift = drifting.score - max(slow.score, fast.score - dear * slow.heard_s) > DRIFT_BY
    return Reading(drifting if is_drift else steady, gain)


def _octaves(active: Array, *, fps: float, meters: tuple[int, ...]) -> tuple[Bars, Bars]:
    """The bars at the slower and at the faster octave."""
    limits = ((SPLIT_BPM / 2, SPLIT_BPM), (SPLIT_BPM, 2 * SPLIT_BPM))
    slow, fast = (decode_bars(active, fps=fps, tempi_bpm=tempi, meters=meters) for tempi in limits)
    return slow, fast


def _least_gain(slow: Bars, onsets: Onsets | None) -> float:
    """How much more likely the faster octave must be than the slower one's bars, nats per second."""
    if onsets is None or len(slow.times_s) < 2:
        return FASTER_BY
    overall, bass = (part.between for part in _shares(slow.times_s, onsets))
    if overall < WEAK:
        return min(FASTER_BY + WEAKER * (WEAK - overall), MOST)
    return max(FASTER_BY - STRONGER * max(min(overall, bass) - STRONG, 0.0), LEAST)


def _shares(times_s: Array, onsets: Onsets) -> tuple[Shares, Shares]:
    return beat_shares(refine(times_s, onsets) - LATENCY_S, onsets.all, onsets.bass, rate_hz=RATE_HZ)


def _jumps(times_s: Array) -> list[float]:
    """The moments at which the tempo of beats (B,) jumps, seconds."""
    lengths = np.log2(np.diff(times_s))
    if len(lengths) < 2 * JUMP_BEATS:
        return []
    runs = np.median(np.lib.stride_tricks.sliding_window_view(lengths, JUMP_BEATS), axis=1)
    change = runs[JUMP_BEATS:] - runs[:-JUMP_BEATS]  # at beat JUMP_BEATS + k
    off_octave = np.abs(change - np.round(change))
    size = np.where(off_octave > NEAR_OCTAVE, np.abs(change), 0.0)
    found: list[float] = []
    for beat in np.argsort(-size, kind="stable"):
        at_s = float(times_s[beat + JUMP_BEATS])
        inside = times_s[0] + SHORTEST_PART_S <= at_s <= times_s[-1] - SHORTEST_PART_S
        if size[beat] > np.log2(JUMP) and inside and all(abs(at_s - other) >= SHORTEST_PART_S for other in found):
            found.append(at_s)
    return sorted(found)


def _read_parts(
    active: Array, borders_s: list[float], *, fps: float, onsets: Onsets | None, meters: tuple[int, ...]
) -> Bars:
    """The bars of each part between the borders: the longest part in its own octave, the others in the octave in which
    their beats also sound most like those of the longest."""
    octaves = []
    for begin_s, end_s in itertools.pairwise([0.0, *borders_s, len(active) / fps]):
        both = _octaves(active[round(begin_s * fps) : round(end_s * fps)], fps=fps, meters=meters)
        octaves.append([replace(bars, times_s=bars.times_s + begin_s) for bars in both])
    longest = max(range(len(octaves)), key=lambda number: octaves[number][0].heard_s)
    model = _choose(*octaves[longest], onsets=onsets)
    parts = [
        model if number == longest else _choose(slow, fast, onsets=onsets, like=model)
        for number, (slow, fast) in enumerate(octaves)
    ]
    times_s, place = (np.concatenate([getattr(part, name) for part in parts]) for name in ("times_s", "place"))
    # A beat at the border may be found from both sides.
    kept = np.diff(times_s, prepend=-np.inf) > 0.5 * np.median(np.diff(times_s))
    return replace(model, times_s=times_s[kept], place=place[kept])


def _choose(slow: Bars, fast: Bars, *, onsets: Onsets | None, like: Bars | None = None) -> Bars:
    """Choose one of the octaves; like: bars to whose beats' sound the similarity counts ALIKE nats per second."""
    if min(len(slow.times_s), len(fast.times_s)) < 2:
        return slow
    gain = (fast.score - slow.score) / slow.heard_s - _least_gain(slow, onsets)
    if like is not None and onsets is not None and len(like.times_s) > 1:
        sound = [np.array([astuple(part)[:2] for part in _shares(bars.times_s, onsets)]) for bars in (slow, fast, like)]
        unlike_slow, unlike_fast = (float(np.linalg.norm(other - sound[2])) for other in sound[:2])
        gain += ALIKE * (unlike_slow - unlike_fast)
    return fast if gain > 0 else slow
