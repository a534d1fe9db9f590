"""Of many stretches of videos the cheapest at places of their own: not ten windows that lie one frame apart."""

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.curve import Array
from danceit_core.choreography.library import Rows

# Two stretches are at the same place where they share this much of the shorter one's time.
SAME_PLACE = 0.25
# Of one video at most so many while others have any left.
OF_VIDEO = 3


def distinct(video: Rows, start: Array, stop: Array, cost: Array, *, taken: int, count: int) -> list[int]:
    """The cheapest of K stretches at places of their own, at most `count`; numbers, cheapest first.

    video, start, stop, cost (K,): number of the video, first and one past the last frame of it, any cost. taken: the
    stretch whose place is taken. Of each video there are OF_VIDEO, and more only where too few others are left.
    """
    occupied, picked = [taken], list[int]()
    order = np.argsort(cost, kind="stable").tolist()
    for most in (OF_VIDEO, len(order)):
        for k in order:
            if len(picked) == count:
                break
            of_video = sum(video[k] == video[p] for p in picked)
            if of_video < most and not _shares_place(k, np.array(occupied), video, start, stop):
                picked.append(k)
                occupied.append(k)
    return sorted(picked, key=order.index)


def thinned(
    video: Rows, place: Array, cost: Array, *, among: NDArray[np.bool_], count: int, of_place: int
) -> NDArray[np.int64]:
    """The `count` cheapest of K stretches, of those at one place of a video `of_place` at most; cheapest first.

    place (K,): whole numbers. among (K,): those that are looked at.
    """
    numbers = np.flatnonzero(among)
    order = np.lexsort((cost[numbers], place[numbers], video[numbers]))
    numbers = numbers[order]
    new = (np.diff(video[numbers], prepend=-1) != 0) | (np.diff(place[numbers], prepend=-1) != 0)
    begins = np.flatnonzero(new)
    rank = np.arange(len(numbers)) - np.repeat(begins, np.diff(np.append(begins, len(numbers))))
    kept = numbers[rank < of_place]
    return kept[np.argsort(cost[kept], kind="stable")[:count]]


def _shares_place(k: int, others: Rows, video: Rows, start: Array, stop: Array) -> bool:
    """Whether stretch k shares more than SAME_PLACE of the shorter one's time with one of the others."""
    shared = np.minimum(stop[k], stop[others]) - np.maximum(start[k], start[others])
    shortest = np.minimum(stop[k] - start[k], stop[others] - start[others])
    return bool(((video[k] == video[others]) & (shared > SAME_PLACE * shortest)).any())
