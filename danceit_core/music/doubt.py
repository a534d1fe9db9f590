"""Whether the beats that were found can be trusted: any tracker hears some songs doubled.

Compared are the onsets at the beats, between them and, as every second beat may be one too many, at even and odd beats;
of all sound and of the bass, where the beat mostly lies. The limits are set so that composed and real songs whose beats
are right pass and those whose beats are wrong do not (docs/music.md has the figures); what the right beats are is not
said for sure by any of it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.music.columns import Features
from danceit_core.music.tempo import Times, tempo_change, tempo_of

# Fewer beats than this say nothing.
FEWEST = 8
# An onset belongs to a moment this near to it.
REACH_S = 0.025
# Share of beats at which next to nothing is heard, FAINT of the usual; the networks count on where the music pauses.
UNHEARD, UNHEARD_FOLLOWED, FAINT = 0.2, 0.35, 0.3
# Onsets half-way between the beats as strong as the beats'; of every second beat, in all sound and in the bass; at
# thirds between the beats, all sound and bass added.
BETWEEN, EVERY_SECOND, EVERY_SECOND_BASS, THIRDS = 0.8, 0.7, 0.6, 0.8
# Where next to nothing sounds half-way between, a smaller difference of every second beat says that it is half-way.
NOTHING_BETWEEN, EVERY_SECOND_BARE = 0.2, 0.8
# A bass whose onsets are weaker than this share of all sound's says nothing.
SOME_BASS = 0.1
# Nats a second by which the networks are sure of an octave.
SURE = 7.0


@dataclass(frozen=True)
class Shares:
    """Strength half-way between beats and at thirds, as shares of that at the beats; of the weaker half of the beats,
    every second one, as a share of that of the stronger half."""

    between: float
    second: float
    thirds: float


def doubt_tracked(times_s: Times, onsets: Features, bass: Features, *, rate_hz: float) -> str:
    """Why beats (B,) of a tracker of one tempo may be wrong, as a clause; "" where they seem right or are fewer than
    FEWEST.

    onsets, bass: onset strength (T,) at rate_hz of all sound and of its lowest bands; times_s: on their clock.
    """
    if len(times_s) < FEWEST:
        return ""
    if change := tempo_change(times_s):
        return change
    tempo_bpm = tempo_of(times_s)
    if _unheard(times_s, onsets, rate_hz) > UNHEARD:
        return f"at {tempo_bpm:.0f} beats a minute many beats fall where next to nothing is heard"
    shares = beat_shares(times_s, onsets, bass, rate_hz=rate_hz)
    return _may_be_half(shares, tempo_bpm) or _may_be_twice(shares, tempo_bpm) or _may_be_thirds(shares, tempo_bpm)


def doubt_followed(
    times_s: Times, onsets: Features, bass: Features, *, rate_hz: float, split_bpm: float, faster_by: float
) -> str:
    """The same of beats of the networks, which follow a tempo that changes and rarely mistake two beats for three.

    split_bpm: between the octaves; faster_by: how much likelier the beats of the faster one are, nats a second. What
    the networks are sure of is not doubted.
    """
    if len(times_s) < FEWEST:
        return ""
    tempo_bpm = tempo_of(times_s)
    if _unheard(times_s, onsets, rate_hz) > UNHEARD_FOLLOWED:
        return f"at {tempo_bpm:.0f} beats a minute many beats fall where next to nothing is heard"
    shares = beat_shares(times_s, onsets, bass, rate_hz=rate_hz)
    if tempo_bpm < split_bpm:
        return _may_be_half(shares, tempo_bpm) if faster_by > -SURE else ""
    return _may_be_twice(shares, tempo_bpm) if faster_by < SURE else ""


def beat_shares(times_s: Times, onsets: Features, bass: Features, *, rate_hz: float) -> tuple[Shares, Shares]:
    """How beats (B,) and what lies between them sound, in all sound and in the bass; see `doubt_tracked`."""
    at = [_strength(curve, times_s, rate_hz).mean() for curve in (onsets, bass)]
    low = bass if at[1] > SOME_BASS * at[0] else onsets
    return _shares(onsets, times_s, rate_hz), _shares(low, times_s, rate_hz)


def _unheard(times_s: Times, onsets: Features, rate_hz: float) -> float:
    """The share of beats at which next to nothing is heard."""
    at = _strength(onsets, times_s, rate_hz)
    return float(np.mean(at < FAINT * np.median(at)))


def _may_be_half(shares: tuple[Shares, Shares], tempo_bpm: float) -> str:
    if min(part.between for part in shares) <= BETWEEN:
        return ""
    return f"{tempo_bpm:.0f} beats a minute may be half the tempo, {2 * tempo_bpm:.0f}"


def _may_be_twice(shares: tuple[Shares, Shares], tempo_bpm: float) -> str:
    overall, low = shares
    bare = overall.between < NOTHING_BETWEEN and overall.second < EVERY_SECOND_BARE
    if not bare and (overall.second >= EVERY_SECOND or low.second >= EVERY_SECOND_BASS):
        return ""
    return f"{tempo_bpm:.0f} beats a minute may be twice the tempo, {tempo_bpm / 2:.0f}"


def _may_be_thirds(shares: tuple[Shares, Shares], tempo_bpm: float) -> str:
    if sum(part.thirds for part in shares) <= THIRDS:
        return ""
    return (
        f"{tempo_bpm:.0f} beats a minute may be two thirds or three halves of the tempo, {1.5 * tempo_bpm:.0f} or "
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
