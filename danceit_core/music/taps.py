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
# The tempo is looked for up to so many times as fast or slow as the median interval says.
TEMPO_REACH = 1.15
# Taps are steady where they are so concentrated on the circle of a beat, 0 to 1.
STEADY = 0.7
# Beats a bar where nothing is known of it.
USUAL_METER = 4
LONGEST_BEAT_S, LONGEST_SPAN_S = 4.0, 600.0


def tapped_beats(taps_s: ArrayLike, *, end_s: float, meter: int = 0) -> Beats:
    """An even grid of beats from 0 to end_s through taps (N,), of which the first one is a downbeat.

    The tempo is near the median of the intervals, so that most taps lie on the grid, and made exact by a line through
    these; missed and double taps and slips do not change it. meter: beats a bar, 0: 4. Raises MusicError for fewer than
    FEWEST_TAPS taps, for taps of longer than LONGEST_SPAN_S, and for taps at no beat.
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
    if (span_s := float(taps[-1] - taps[0])) > LONGEST_SPAN_S:
        raise MusicError(f"the taps last {span_s:.0f} s; tap for {LONGEST_SPAN_S:g} s at most, half a minute is enough")
    slope, start = _grid(taps, beat_s)
    number = np.round((taps - start) / slope)
    near = np.abs(taps - (start + number * slope)) <= SLIP * slope
    slope, start = np.polyfit(number[near], taps[near], 1)
    # The first tap is number 0 of the grid.
    start += slope * round(float(taps[0] - start) / slope)
    first = int(np.ceil(-start / slope - 1e-9))
    count = np.arange(first, int(np.floor((end_s - start) / slope)) + 1)
    return counted(np.maximum(0.0, start + count * slope), downbeat=-first, meter=meter)


def _grid(taps: NDArray[np.float64], beat_s: float) -> tuple[float, float]:
    """Interval and phase, seconds, of the even grid near to most taps, its interval near to beat_s.

    Raises MusicError where there is none.
    """
    span = float(taps[-1] - taps[0])
    least, most = beat_s / TEMPO_REACH, beat_s * TEMPO_REACH
    steps = int(np.ceil(16 * span * (1 / least - 1 / most))) + 1
    rates = np.linspace(1 / most, 1 / least, steps)
    # The mean of the taps on a circle of one beat: 1 where all are at the same place of it.
    mean = np.exp(2j * np.pi * rates[:, None] * (taps - taps[0])).mean(1)
    best = int(np.abs(mean).argmax())
    if abs(mean[best]) < STEADY:
        raise MusicError("the taps follow no steady beat; tap again, at least eight beats in a row")
    return float(1 / rates[best]), float(taps[0] + np.angle(mean[best]) / (2 * np.pi * rates[best]))


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
