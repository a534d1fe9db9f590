"""Which fragments fit a slot, and how fast they are played there (not in the paper).

A fragment in counts fits where its downbeat falls on the song's downbeat: in slots of as many beats as it has, or twice
or half as many, that begin at the same place in the bar. Its rate is the ratio of its frames to the slot's, so that
both its ends coincide with the slot's. If the bars of the fragment or of the song are unknown, its tempo decides: it
may begin a little earlier or later to meet the beats. A fragment in seconds fits anywhere, by its tempo.
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

# Of fragments with unknown bars, one length is used for each octave: the one nearest to the slot's.
HALF_OCTAVE = 0.5
# This many fragments are enough to choose from; if fewer of the nearest fit, the search continues in as many others.
ENOUGH, LOOKED_AT = 40, 50_000


@dataclass(frozen=True)
class Fit:
    """How K fragments fit a slot: whether they do, at which rates, and which of them by their bars; all (K,)."""

    fits: NDArray[np.bool_]
    rates: Array
    placed: NDArray[np.bool_]


def fit(library: Library, rows: Rows, slots: Slots, number: int, *, tempo_bpm: float) -> Fit:
    """How fragments `rows` (K,) fit slot `number`. tempo_bpm: the song's tempo there."""
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
    """The fragments that fit each of S slots, among its nearest: rows and distance (S, K), nearest first.

    counts (S,): how many at most. distance_of: gives the distances of other fragments to a slot's music. allowed (N,):
    fragments that may be danced at all, None: all of them. If none fits, a whole slot gets the nearest fragments as
    they are; any other slot gets none.
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
    """Up to about LOOKED_AT fragments of a library, evenly spaced."""
    rows = np.arange(len(library)) if allowed is None else np.flatnonzero(allowed)
    return rows[:: 1 + len(rows) // LOOKED_AT]
