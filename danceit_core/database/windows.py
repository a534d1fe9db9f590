"""Windows of the frames of all dances: copies of one length, lists of several lengths, centred windows, names."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from danceit_core.database.mapped import release

Rows = NDArray[np.int64]


def take_windows(values: NDArray[Any], starts: Rows, length: int, *, ends: Rows | None = None) -> NDArray[Any]:
    """Windows (K, length, ...) of an array, in memory or mapped, from `starts` (K,) on; a copy.

    ends (K,): one past the last frame that a window may take; beyond it that frame is held.
    """
    copied = np.empty((len(starts), length, *values.shape[1:]), values.dtype)
    stops = starts + length if ends is None else np.minimum(starts + length, ends)
    for place, start, stop in zip(copied, starts.tolist(), stops.tolist(), strict=True):
        place[: stop - start] = values[start:stop]
        place[stop - start :] = values[stop - 1]
    release(values)
    return copied


def take_lists(values: NDArray[Any], starts: Rows, lengths: Rows) -> pa.ListArray:
    """Windows of individual lengths (K,) as K lists of all their numbers."""
    ends = np.cumsum(lengths)
    rows = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)
    flat = np.ascontiguousarray(values[rows], np.float32)
    release(values)
    bounds = np.concatenate([[0], ends]) * int(np.prod(values.shape[1:]))
    return pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), pa.array(flat.reshape(-1), from_pandas=False))


def centre_windows(starts: Rows, frames: Rows, *, first: Rows | int, end: Rows | int, length: int) -> Rows:
    """The starts of windows (K,) of `length` frames centred on the spans that begin at `starts`, of `frames` each (K,).

    They are kept between `first` and `end`, the bounds of each span's passage, or of the song. If there are fewer
    frames than `length` between these, the window begins at `first`, and `take_windows` holds the last frame.
    """
    return np.maximum(np.minimum(starts + (frames - length) // 2, np.asarray(end) - length), first)


def fragment_names(dances: Sequence[str], starts: Rows, frames: Rows | None) -> list[str]:
    """Names of fragments that begin at frames `starts` (K,) of the videos of `dances`: `dance:start`.

    frames (K,): their lengths, if several may begin at one frame: `dance:start-end`, with end one past the last frame.
    """
    if frames is None:
        return [f"{dance}:{start}" for dance, start in zip(dances, starts.tolist(), strict=True)]
    ends = (starts + frames).tolist()
    return [f"{dance}:{start}-{end}" for dance, start, end in zip(dances, starts.tolist(), ends, strict=True)]
