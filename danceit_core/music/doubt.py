"""Decide whether detected beats can be trusted: every tracker gets twice the tempo for some songs.

The onsets at the beats are compared with those between them and, as every second beat may be wrong, at even and odd
beats; for all sound and for the bass, which usually carries the beat. The limits are set so that composed and real
songs with right beats pass and those with wrong beats do not (docs/music.md has the figures). None of this determines
the right beats with certainty.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.music.columns import Features
from danceit_core.music.tempo import Times, tempo_change, tempo_of

# Minimum number of beats for a decision.
FEWEST = 8
# An onset belongs to a moment this near to it.
REACH_S = 0.025
# Maximum share of beats with almost no onset (below FAINT of the usual); the networks continue through pauses.
UNHEARD, UNHEARD_FOLLOWED, FAINT = 0.2, 0.35, 0.3
# Limits of the onsets relative to those at the beats: half-way between; of every second beat, in all sound and in the
# bass; at thirds between the beats, all sound and bass added.
BETWEEN, EVERY_SECOND, EVERY_SECOND_BASS, THIRDS = 0.8, 0.7, 0.6, 0.8
# With almost no onset half-way between, a smaller difference of every second beat is enough.
NOTHING_BETWEEN, EVERY_SECOND_BARE = 0.2, 0.8
# A bass with onsets below this share of those of all sound is ignored.
SOME_BASS = 0.1
# Margin at which the networks are sure of an octave, nats per second.
SURE = 7.0


@dataclass(frozen=True)
class Shares:
    """Strength half-way between beats and at thirds, as shares of that at the beats; and strength of the weaker of the
    two sets of every second beat, as a share of that of the stronger set."""

    between: float
    second: float
    thirds: float


def doubt_tracked(times_s: Times, onsets: Features, bass: Features, *, rate_hz: float) -> str:
    """Why beats (B,) of a tracker with one tempo may be wrong, as a clause; "" if they seem right or are fewer than
    FEWEST.

    onsets, bass: onset strength (T,) at rate_hz of all sound and of its lowest bands; times_s: on their clock.
    """
    if len(times_s) < FEWEST:
        return ""
    if change := tempo_change(times_s):
        return change
    tempo_bpm = tempo_of(times_s)
    if _unheard(times_s, onsets, rate_hz) > UNHEARD:
        return f"at {tempo_bpm:.0f} beats per minute many beats fall where almost nothing is heard"
    shares = beat_shares(times_s, onsets, bass, rate_hz=rate_hz)
    return _may_be_half(shares, tempo_bpm) or _may_be_twice(shares, tempo_bpm) or _may_be_thirds(shares, tempo_bpm)


def doubt_followed(
    times_s: Times, onsets: Features, bass: Features, *, rate_hz: float, split_bpm: float, faster_by: float
) -> str:
    """The same for beats of the networks, which follow a changing tempo and rarely mistake two beats for three.

    split_bpm: the border between the octaves; faster_by: how much more likely the faster one is, nats per second. If
    the networks are sure, the octave is not doubted.
    """
    if len(times_s) < FEWEST:
        return ""
    tempo_bpm = tempo_of(times_s)
    if _unheard(times_s, onsets, rate_hz) > UNHEARD_FOLLOWED:
        return f"at {tempo_bpm:.0f} beats per minute many beats fall where almost nothing is heard"
    shares = beat_shares(times_s, onsets, bass, rate_hz=rate_hz)
    if tempo_bpm < split_bpm:
        return _may_be_half(shares, tempo_bpm) if faster_by > -SURE else ""
    return _may_be_twice(shares, tempo_bpm) if faster_by < SURE else ""


def beat_shares(times_s: Times, onsets: Features, bass: Features, *, rate_hz: float) -> tuple[Shares, Shares]:
    """Onset strengths at beats (B,) and between them, in all sound and in the bass; see `doubt_tracked`."""
    at = [_strength(curve, times_s, rate_hz).mean() for curve in (onsets, bass)]
    low = bass if at[1] > SOME_BASS * at[0] else onsets
    return _shares(onsets, times_s, rate_hz), _shares(low, times_s, rate_hz)


def _unheard(times_s: Times, onsets: Features, rate_hz: float) -> float:
    """The share of beats with almost no onset."""
    at = _strength(onsets, times_s, rate_hz)
    return float(np.mean(at < FAINT * np.median(at)))


def _may_be_half(shares: tuple[Shares, Shares], tempo_bpm: float) -> str:
    if min(part.between for part in shares) <= BETWEEN:
        return ""
    return f"{tempo_bpm:.0f} beats per minute may be half the tempo, {2 * tempo_bpm:.0f}"


def _may_be_twice(shares: tuple[Shares, Shares], tempo_bpm: float) -> str:
    overall, low = shares
    bare = overall.between < NOTHING_BETWEEN and overall.second < EVERY_SECOND_BARE
    if not bare and (overall.second >= EVERY_SECOND or low.second >= EVERY_SECOND_BASS):
        return ""
    return f"{tempo_bpm:.0f} beats per minute may be twice the tempo, {tempo_bpm / 2:.0f}"


def _may_be_thirds(shares: tuple[Shares, Shares], tempo_bpm: float) -> str:
    if sum(part.thirds for part in shares) <= THIRDS:
        return ""
    return (
        f"{tempo_bpm:.0f} beats per minute may be two thirds or three halves of the tempo, {1.5 * tempo_bpm:.0f} or "
        f"{tempo_bpm / 1.5:.0f}"
    )


def _shares(curve: Features, times_s: Times, rate_hz: float) -> Shares:
    first, beat_s = times_s[:-1], np.diff(times_s)
    at = _strength(curve, times_s, rate_hz)
    usual = max(float(at.mean()), 1e-9)
    halfway, one, two = (
        float(_strength(curve, first + part * beat_s, rate_hz).mean()) for part in (1 / 2, 1 / 3, 2 / 3)
    )
    even, odd = float(at[::2].mean()), float(at[1::2].mean())
    second = (min(even, odd) + 1e-9) / (max(even, odd) + 1e-9)
    return Shares(halfway / usual, second, (one + two) / 2 / usual)


def _strength(curve: Features, times_s: Times, rate_hz: float) -> NDArray[np.float32]:
    """The strongest onset within REACH_S of each moment."""
    reach = round(REACH_S * rate_hz)
    near = np.round(times_s * rate_hz).astype(int)[:, None] + np.arange(-reach, reach + 1)
    return curve[near.clip(0, len(curve) - 1)].max(axis=1)
