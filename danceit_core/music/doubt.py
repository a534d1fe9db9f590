"""Whether the beats that were found can be trusted: the tempo is one for a song, and any tracker hears some doubled.

Compared are the onsets at the beats, between them and, as every second beat may be one too many, at even and odd beats;
of all sound and of the bass, where the beat mostly lies. The limits are set so that composed and real songs whose beats
are right pass and those whose beats are wrong do not (docs/music.md has the figures); what the right beats are is not
said for sure by any of it.
"""

import numpy as np
from numpy.typing import NDArray

from danceit_core.music.columns import Features

# Fewer beats than this say nothing.
FEWEST = 8
# An onset belongs to a moment this near to it.
REACH_S = 0.025
# Local tempo: over windows of so many seconds, every half window.
LOCAL_S = 8.0
# Ratio of the fastest local tempo to the slowest; share of beats at which next to nothing is heard.
CHANGED, UNHEARD, FAINT = 1.1, 0.2, 0.3
# Onsets half-way between the beats as strong as the beats'; of every second beat, in all sound and in the bass; at
# thirds between the beats, all sound and bass added.
BETWEEN, EVERY_SECOND, EVERY_SECOND_BASS, THIRDS = 0.8, 0.7, 0.6, 0.8
# Where next to nothing sounds half-way between, a smaller difference of every second beat says that it is half-way.
NOTHING_BETWEEN, EVERY_SECOND_BARE = 0.2, 0.8
# A bass whose onsets are weaker than this share of all sound's says nothing.
SOME_BASS = 0.1


def doubt_beats(
    times_s: NDArray[np.float64], onsets: Features, bass: Features, *, rate_hz: float, follows: bool = False
) -> str:
    """Why beats (B,) may be wrong, as a clause; "" where they seem right or are fewer than FEWEST.

    onsets, bass: onset strength (T,) at rate_hz of all sound and of its lowest bands; times_s: on their clock.
    follows: whether what found them follows a tempo that changes.
    """
    if len(times_s) < FEWEST:
        return ""
    beat_s = np.diff(times_s)
    tempo_bpm = 60 / float(np.median(beat_s))
    change = tempo_change(times_s)
    if change and not follows:
        return change
    at = [_strength(curve, times_s, rate_hz) for curve in (onsets, bass)]
    if float(np.mean(at[0] < FAINT * np.median(at[0]))) > UNHEARD:
        return f"at {tempo_bpm:.0f} beats a minute many beats fall where next to nothing is heard"
    low = bass if at[1].mean() > SOME_BASS * at[0].mean() else onsets
    return _doubt_share([_shares(curve, times_s, rate_hz) for curve in (onsets, low)], tempo_bpm)


def tempo_change(times_s: NDArray[np.float64]) -> str:
    """Between what the tempo of beats (B,) changes, as a clause; "" if it does not."""
    slowest, fastest = _local_tempi(times_s)
    if fastest <= CHANGED * slowest:
        return ""
    return f"the tempo changes between about {slowest:.0f} and {fastest:.0f} beats a minute"


def _doubt_share(shares: list[tuple[float, float, float]], tempo_bpm: float) -> str:
    """Whether the tempo may be half, twice or another share of the right one. shares: of all sound, of the bass."""
    between, second, third = zip(*shares, strict=True)
    if min(between) > BETWEEN:
        return f"{tempo_bpm:.0f} beats a minute may be half the tempo, {2 * tempo_bpm:.0f}"
    bare = between[0] < NOTHING_BETWEEN and second[0] < EVERY_SECOND_BARE
    if bare or (second[0] < EVERY_SECOND and second[1] < EVERY_SECOND_BASS):
        return f"{tempo_bpm:.0f} beats a minute may be twice the tempo, {tempo_bpm / 2:.0f}"
    if sum(third) > THIRDS:
        return (
            f"{tempo_bpm:.0f} beats a minute may be two thirds or three halves of the tempo, {1.5 * tempo_bpm:.0f} or "
            f"{tempo_bpm / 1.5:.0f}"
        )
    return ""


def _local_tempi(times_s: NDArray[np.float64]) -> tuple[float, float]:
    """The slowest and the fastest tempo that lasts, beats a minute."""
    beat_s, middle_s = np.diff(times_s), (times_s[1:] + times_s[:-1]) / 2
    firsts = np.arange(times_s[0], max(times_s[-1] - LOCAL_S, times_s[0]) + 1e-9, LOCAL_S / 2)
    local = [beat_s[(middle_s >= first) & (middle_s < first + LOCAL_S)] for first in firsts]
    tempi = [60 / float(np.median(part)) for part in local if len(part) > 2]
    return (min(tempi), max(tempi)) if tempi else (1.0, 1.0)


def _shares(curve: Features, times_s: NDArray[np.float64], rate_hz: float) -> tuple[float, float, float]:
    """Strength half-way between beats and at thirds, as shares of that at the beats; of the weaker half of the beats,
    every second one, as a share of that of the stronger half: (half-way, every second, thirds)."""
    first, beat_s = times_s[:-1], np.diff(times_s)
    at = _strength(curve, times_s, rate_hz)
    usual = max(float(at.mean()), 1e-9)
    halfway, one, two = (
        float(_strength(curve, first + part * beat_s, rate_hz).mean()) for part in (1 / 2, 1 / 3, 2 / 3)
    )
    even, odd = float(at[::2].mean()), float(at[1::2].mean())
    return halfway / usual, (min(even, odd) + 1e-9) / (max(even, odd) + 1e-9), (one + two) / 2 / usual


def _strength(curve: Features, times_s: NDArray[np.float64], rate_hz: float) -> NDArray[np.float32]:
    """The strongest onset within REACH_S of each moment."""
    reach = round(REACH_S * rate_hz)
    near = np.round(times_s * rate_hz).astype(int)[:, None] + np.arange(-reach, reach + 1)
    return curve[near.clip(0, len(curve) - 1)].max(axis=1)
