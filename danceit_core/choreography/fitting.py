"""Which fragments go into a slot, and how fast they are played there (not in the paper).

A fragment in counts goes where its own downbeat falls on the song's: into slots of as many beats as it has, or twice or
half as many, that begin on the same place of the bar. Its rate is its frames to the slot's, so that both its ends fall
on the slot's. Fragments whose bars are not known, and all of them where the song's are not, go by their tempo: they
may begin a little earlier or later to meet the beats. A fragment in seconds goes anywhere, by its tempo.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography import costs
from danceit_core.choreography.candidates import Choice, ClipSong
from danceit_core.choreography.curve import Array
from danceit_core.choreography.library import Library, Rows
from danceit_core.choreography.slots import Slots

# Fragments of unknown bars have one length for each octave: that nearest to the slot's.
HALF_OCTAVE = 0.5
# So many fragments are enough to choose from; where fewer fit among the nearest, others are looked for, in as many.
ENOUGH, LOOKED_AT = 40, 50_000


@dataclass(frozen=True)
class Fit:
    """How K fragments go into a slot: whether they do, at which rates, and which of them by their bars; all (K,)."""

    fits: NDArray[np.bool_]
    rates: Array
    placed: NDArray[np.bool_]


def fit(library: Library, rows: Rows, slots: Slots, number: int, *, tempo_bpm: float) -> Fit:
    """How fragments `rows` (K,) go into slot `number`. tempo_bpm: of the song there."""
    length, lead = int(slots.length[number]), int(slots.lead[number])
    free = costs.playback_rates(library, rows, tempo_bpm, frames=length)
    if library.frames:
        return Fit(np.ones(len(rows), bool), free, np.zeros(len(rows), bool))
    own, beats = library.lengths[rows], library.beats[rows]
    exact = own / max(1, length - lead)
    within = (exact >= costs.SLOWEST) & (exact <= costs.FASTEST) & (library.before[rows] >= lead * exact)
    counted = slots.beats[number] > 0 and slots.place[number] > 0
    times = beats / max(1, int(slots.beats[number]))
    octave = (times == 1) | (times == 2) | (times == 0.5)
    placed = counted & within & octave & (library.place[rows] == slots.place[number])
    lasts = (free >= costs.SLOWEST - 1e-9) & (library.before[rows] >= lead * free)
    loose = (np.abs(np.log2(exact)) <= HALF_OCTAVE) & lasts & ((beats == 0) | (not counted))
    return Fit(placed | loose, np.where(placed, exact, free), placed)


def fitting_choices(
    library: Library,
    rows: Rows,
    distance: NDArray[np.floating],
    *,
    song: ClipSong,
    slots: Slots,
    counts: Rows,
    distance_of: Callable[[int, Rows], NDArray[np.floating]],
    allowed: NDArray[np.bool_] | None = None,
) -> list[Choice]:
    """Of the fragments nearest to each of S slots, rows and distance (S, K), nearest first, those that go into it.

    counts (S,): how many at most. distance_of: those of other fragments to a slot's music. allowed (N,): fragments that
    may be danced at all, None: all of them. A whole slot into which none goes has the nearest as they are; another one
    has none.
    """
    choices = []
    everything: Rows | None = None
    for number in range(len(slots)):
        tempo_bpm = song.tempo_in(slots, number)
        near, away = rows[number], distance[number]
        if allowed is not None:
            near, away = near[allowed[near]], away[allowed[near]]
        good = fit(library, near, slots, number, tempo_bpm=tempo_bpm).fits
        chosen, at = near[good], away[good]
        if len(chosen) < min(ENOUGH, counts[number]):
            if everything is None:
                everything = _some(library, allowed)
            chosen = everything[fit(library, everything, slots, number, tempo_bpm=tempo_bpm).fits]
            if not len(chosen) and slots.whole[number]:
                chosen = everything if not len(near) else near
            at = distance_of(number, chosen)
            order = np.argsort(at, kind="stable")
            chosen, at = chosen[order], at[order]
        choices.append(Choice(chosen[: counts[number]], at[: counts[number]]))
    return choices


def _some(library: Library, allowed: NDArray[np.bool_] | None) -> Rows:
    """Up to about LOOKED_AT fragments of a library, evenly."""
    rows = np.arange(len(library)) if allowed is None else np.flatnonzero(allowed)
    return rows[:: 1 + len(rows) // LOOKED_AT]
