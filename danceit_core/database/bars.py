"""Find the regular bars of a dance's or a song's beats: complete bars with steady beats.

A bar extends from one downbeat (place 1) to the next. It is regular if the beats between them have the places 1, 2, ...
in order and its longest beat is at most STEADY times its shortest: a missed beat would be twice as long.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danceit_core.music.table import MOST_METER

STEADY = 1.6
# A bar of fewer beats has no rhythm to count.
FEWEST_BEATS = 2

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Bars:
    """B regular bars: index of the first beat of each, and its number of beats (the metre); both (B,).

    shortest, longest (B,): length of the shortest and the longest beat of each, seconds.
    """

    first: Rows
    meter: Rows
    shortest: NDArray[np.float64]
    longest: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.first)

    @property
    def pairs(self) -> Rows:
        """The bars (P,) that are followed by a bar of the same metre with equally steady beats."""
        last, then = np.arange(max(0, len(self) - 1)), np.arange(1, max(1, len(self)))
        follows = (self.first[last] + self.meter[last] == self.first[then]) & (self.meter[last] == self.meter[then])
        longest = np.maximum(self.longest[last], self.longest[then])
        return last[follows & (longest <= STEADY * np.minimum(self.shortest[last], self.shortest[then]))]


def find_bars(beats_s: NDArray[np.float64], place: NDArray[np.integer]) -> Bars:
    """The regular bars of beats (B,), seconds, with their places in the bar (B,), 0 where unknown."""
    down = np.flatnonzero(place == 1)
    if len(down) < 2:
        none = np.zeros(0, np.int64)
        return Bars(none, none, np.zeros(0), np.zeros(0))
    first, last = down[0], down[-1]
    bar = np.cumsum(place[first:last] == 1) - 1  # of each beat
    wrong = place[first:last] != np.arange(first, last) - down[bar] + 1
    beat_s = np.diff(beats_s)[first:last]
    shortest, longest = (extreme.reduceat(beat_s, down[:-1] - first) for extreme in (np.minimum, np.maximum))
    meter = np.diff(down)
    regular = np.bincount(bar[wrong], minlength=len(meter)) == 0
    regular &= (meter >= FEWEST_BEATS) & (longest <= STEADY * shortest)
    return Bars(down[:-1][regular], meter[regular], shortest[regular], longest[regular])


def checked_beats(beats_s: Sequence[Any], place: Sequence[Any]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Beats and their places from a file's metadata. Raises ValueError or TypeError for invalid ones."""
    times, places = np.array(beats_s, np.float64), np.array(place, np.float64)
    if times.ndim != 1 or not ((times >= 0) & (times < np.inf)).all() or (np.diff(times) <= 0).any():
        raise ValueError("its beats are not increasing seconds")
    if places.shape != times.shape or not ((places >= 0) & (places <= MOST_METER) & (places % 1 == 0)).all():
        raise ValueError("its beats have no places in bars")
    return times, places.astype(np.int32)
