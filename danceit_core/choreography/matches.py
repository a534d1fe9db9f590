"""What the matcher finds for each part of a song, before its movement is considered (paper Eq. 2)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danceit_core.choreography.library import Rows
from danceit_core.choreography.slots import Slots
from danceit_core.config import RetrievalSettings

# Candidates are chosen by all their own costs from this many times as many nearest matches.
POOL = 5
# In counts, slots overlap: each gets this share of the candidates, a slot of half a bar fewer.
SHARE, HALF_SHARE = 0.6, 0.2
# This many times a slot's pool is searched, since not all fragments fit.
SEARCHED = 4


@dataclass(frozen=True)
class Matches:
    """The K nearest fragments of each of S slots, nearest first: rows (S, K) of the library, distance (S, K) >= 0.

    Without a matcher (`undecided_matches`) all distances are NaN.
    """

    rows: Rows
    distance: NDArray[np.floating]


def sort_matches(distance: ArrayLike) -> Matches:
    """Matches of all N fragments, from the distances (S, N) of every slot's music to every fragment."""
    table = np.asarray(distance, np.float64)
    rows = np.argsort(table, axis=1, kind="stable")
    return Matches(rows, np.take_along_axis(table, rows, 1))


def undecided_matches(clips: int, fragments: int, *, count: int, rng: np.random.Generator) -> Matches:
    """Matches without a matcher: for each slot, `count` random fragments at unknown distance."""
    if count < fragments // 100:  # drawing a few of very many, repetitions are rare and harmless
        rows = rng.integers(fragments, size=(clips, count))
    else:
        rows = np.stack([rng.permutation(fragments)[:count] for _ in range(clips)])
    return Matches(rows, np.full(rows.shape, np.nan))


def candidates_of(slots: Slots, settings: RetrievalSettings, *, in_counts: bool) -> NDArray[np.int64]:
    """How many fragments the path may choose from in each slot (S,)."""
    if not in_counts:
        return np.full(len(slots), max(1, settings.candidates))
    half = ~slots.whole & (slots.last == slots.first + 1)
    share = np.where(half, HALF_SHARE, SHARE) * settings.candidates
    return np.maximum(2, np.round(share)).astype(np.int64)


def pool_size(settings: RetrievalSettings, *, in_counts: bool = False) -> int:
    """How many nearest fragments of each slot retrieval examines."""
    if settings.variant == "argmin":
        return 1
    return round(POOL * max(1, settings.candidates) * (SHARE * SEARCHED if in_counts else 1))
