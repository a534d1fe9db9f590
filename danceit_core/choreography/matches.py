"""What the matcher finds for each part of a song, before it is looked at as movement (paper Eq. 2)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danceit_core.choreography.library import Rows
from danceit_core.choreography.slots import Slots
from danceit_core.config import RetrievalSettings

# Candidates are chosen by all their own costs from this many times as many nearest matches.
POOL = 5
# In counts slots overlap: each has this share of the candidates, one of half a bar fewer.
SHARE, HALF_SHARE = 0.6, 0.2
# So many times the pool of a slot is searched for, since not all of it fits.
SEARCHED = 4


@dataclass(frozen=True)
class Matches:
    """For each of S slots its K nearest fragments, nearest first: rows (S, K) of the library, distance (S, K) >= 0.

    Without a matcher (`undecided_matches`) all distances are NaN.
    """

    rows: Rows
    distance: NDArray[np.floating]


def sort_matches(distance: ArrayLike) -> Matches:
    """Matches of all N fragments from the distances (S, N) of every slot's music to every fragment."""
    table = np.asarray(distance, np.float64)
    rows = np.argsort(table, axis=1, kind="stable")
    return Matches(rows, np.take_along_axis(table, rows, 1))


def undecided_matches(clips: int, fragments: int, *, count: int, rng: np.random.Generator) -> Matches:
    """Matches where there is no matcher: for each slot `count` of the fragments at random, at unknown distance."""
    if count < fragments // 100:  # a few of very many may be drawn twice
        rows = rng.integers(fragments, size=(clips, count))
    else:
        rows = np.stack([rng.permutation(fragments)[:count] for _ in range(clips)])
    return Matches(rows, np.full(rows.shape, np.nan))


def candidates_of(slots: Slots, settings: RetrievalSettings, *, in_counts: bool) -> NDArray[np.int64]:
    """How many fragments of each slot (S,) the path may choose from."""
    if not in_counts:
        return np.full(len(slots), max(1, settings.candidates))
    half = ~slots.whole & (slots.last == slots.first + 1)
    share = np.where(half, HALF_SHARE, SHARE) * settings.candidates
    return np.maximum(2, np.round(share)).astype(np.int64)


def pool_size(settings: RetrievalSettings, *, in_counts: bool = False) -> int:
    """How many nearest fragments of each slot retrieval looks at."""
    if settings.variant == "argmin":
        return 1
    return round(POOL * max(1, settings.candidates) * (SHARE * SEARCHED if in_counts else 1))
