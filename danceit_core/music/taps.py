"""Beats corrected by ear: tapped along, doubled, halved, shifted, counted from another downbeat.

Times are seconds from wherever the beats count, places those in the bar (1 the downbeat, 0 unknown).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danceit_core.errors import MusicError
from danceit_core.music.hint import SHORTEST_BEAT_S
from danceit_core.music.table import Beats

# Fewer taps tell no tempo.
FEWEST_TAPS = 4
# A tap farther from the grid than this share of a beat is a slip.
SLIP = 0.25
# Beats a bar where nothing is known of it.
USUAL_METER = 4
LONGEST_BEAT_S = 4.0


def tapped_beats(taps_s: ArrayLike, *, end_s: float, meter: int = 0) -> Beats:
    """An even grid of beats from 0 to end_s through taps (N,), of which the first one is a downbeat.

    The tempo is the median of the intervals, made exact by a line through all taps; missed and double taps and slips do
    not change it. meter: beats a bar, 0: 4. Raises MusicError for fewer than FEWEST_TAPS taps and for taps at no beat.
    """
    taps = np.unique(np.asarray(taps_s, np.float64))
    taps = taps[np.isfinite(taps)]
    apart = np.diff(taps, prepend=-np.inf) >= SHORTEST_BEAT_S
    taps = taps[apart]
    if len(taps) < FEWEST_TAPS:
        raise MusicError(f"{len(taps)} taps tell no tempo; tap at least {FEWEST_TAPS} beats in a row")
    beat_s = float(np.median(np.diff(taps)))
    if beat_s > LONGEST_BEAT_S:
        raise MusicError(f"the taps are {beat_s:.1f} s apart; tap every beat, {LONGEST_BEAT_S:g} s apart at most")
    number = np.concatenate([[0.0], np.cumsum(np.maximum(1, np.round(np.diff(taps) / beat_s)))])
    slope, start = beat_s, float(np.median(taps - number * beat_s))
    for _ in range(3):
        near = np.abs(taps - (start + number * slope)) <= SLIP * beat_s
        if near.sum() < FEWEST_TAPS:
            raise MusicError("the taps follow no steady beat; tap again, at least eight beats in a row")
        slope, start = np.polyfit(number[near], taps[near], 1)
    first = int(np.ceil(-start / slope - 1e-9))
    count = np.arange(first, int(np.floor((end_s - start) / slope)) + 1)
    return counted(np.maximum(0.0, start + count * slope), downbeat=-first, meter=meter)


def doubled(beats: Beats) -> Beats:
    """A beat more between each two; bars have as many as before."""
    times = beats.times_s
    between = (times[1:] + times[:-1]) / 2
    made = np.sort(np.concatenate([times, between]))
    return counted(made, downbeat=2 * _downbeat(beats), meter=beats.meter, known=_known(beats))


def halved(beats: Beats) -> Beats:
    """Every second beat, downbeats among them; bars have as many as before. Raises MusicError for too few beats."""
    downbeat = _downbeat(beats)
    kept = beats.times_s[downbeat % 2 :: 2]
    if len(kept) < 2:
        raise MusicError(f"{len(beats.times_s)} beats cannot be halved")
    return counted(kept, downbeat=downbeat // 2, meter=beats.meter, known=_known(beats))


def shifted(beats: Beats, seconds: float) -> Beats:
    """All beats so much later, earlier if negative; those before 0 are left out. Raises MusicError where few are."""
    times = beats.times_s + seconds
    inside = times >= 0
    if inside.sum() < 2:
        raise MusicError(f"{seconds:+g} s leave fewer than two beats in the song")
    return Beats(times[inside], beats.tempo_bpm, place=beats.place[inside], meter=beats.meter)


def counted_from(beats: Beats, at_s: float, *, meter: int = 0) -> Beats:
    """The same beats, counted so that the one nearest to at_s is a downbeat. meter: 0: as now, or 4."""
    nearest = int(np.abs(beats.times_s - at_s).argmin())
    return counted(beats.times_s, downbeat=nearest, meter=meter or beats.meter)


def counted(times_s: NDArray[np.float64], *, downbeat: int, meter: int, known: bool = True) -> Beats:
    """Beats of these times, bars of `meter` (0: 4) counted from number `downbeat` on both ways.

    Raises MusicError for beats closer than anybody steps.
    """
    beat_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.0
    if beat_s < SHORTEST_BEAT_S:
        raise MusicError(f"beats {beat_s:.3g} s apart are none; they are at least {SHORTEST_BEAT_S:g} s apart")
    bar = meter or USUAL_METER
    place = (np.arange(len(times_s)) - downbeat) % bar + 1 if known else np.zeros(len(times_s), np.int64)
    return Beats(times_s, 60.0 / beat_s, place=place, meter=bar if known else 0)


def _downbeat(beats: Beats) -> int:
    """The number of the first downbeat, 0 where none is known."""
    ones = np.flatnonzero(beats.place == 1)
    return int(ones[0]) if len(ones) else 0


def _known(beats: Beats) -> bool:
    return bool((beats.place == 1).any())
