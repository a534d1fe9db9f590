"""Resample pictures with individual durations to a constant rate: by time, never by counting."""

import collections
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from danceit_core.errors import MediaError
from danceit_core.media.part import SourcePart

Item = TypeVar("Item")


@dataclass(frozen=True)
class Shown(Generic[Item]):
    """An item shown from start_s until end_s, seconds."""

    start_s: float
    end_s: float
    item: Item


def between(shown: Iterable[Shown[Item]], part: SourcePart, *, source: object) -> Iterator[Shown[Item]]:
    """The items shown in a time range, with times relative to its start; earlier items may come first.

    `shown` ascends in time and is read no further than needed. Raises MediaError if it ends before the part begins.
    """
    start_s, end_s = part.start_s, part.end_s
    last: Shown[Item] | None = None
    for item in shown:
        if end_s is not None and item.start_s >= end_s:
            # The last item is shown until the end.
            if last is not None:
                yield Shown(end_s - start_s, end_s - start_s, last.item)
            break
        until_s = item.end_s if end_s is None else min(item.end_s, end_s)
        yield Shown(item.start_s - start_s, until_s - start_s, item.item)
        last = item
    else:
        if last is not None and start_s > 0 and last.end_s <= start_s:
            raise MediaError(
                f"{source}: column start_s is {start_s:g}, but its pictures end at {last.end_s:.1f} s; choose an "
                "earlier start"
            )


def hold_frames(shown: Iterable[Shown[Item]], *, fps: float, tolerance_s: float) -> Iterator[Item]:
    """For k = 0, 1, ...: the last item that starts by k / fps + tolerance_s (before the first start, the first item).

    Yields round(end of the last item x fps) items, at least one if there is any. `shown` ascends in time.
    """
    waiting: collections.deque[Item] = collections.deque()
    chosen = given = 0
    current: Shown[Item] | None = None
    for following in shown:
        while current is not None and chosen / fps + tolerance_s < following.start_s:
            waiting.append(current.item)
            chosen += 1
        current = following
        # Yield a chosen frame only once the video is known to last that long.
        while waiting and given < _count(current.end_s, fps):
            yield waiting.popleft()
            given += 1
    if current is None:
        return
    total = max(1, _count(current.end_s, fps))
    while chosen < total:
        waiting.append(current.item)
        chosen += 1
    while given < total:
        yield waiting.popleft()
        given += 1


def _count(end_s: float, fps: float) -> int:
    return int(np.floor(end_s * fps + 0.5))
