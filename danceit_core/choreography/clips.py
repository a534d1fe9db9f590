"""The clips of a finished dance as a page shows them: the movement, its start and end, its length in counts.

Counts are the song's beats. Times are seconds of the song.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danceit_core.choreography.curve import Array
from danceit_core.pose.table import PoseTable
from danceit_core.pose.tracks import source_names

# A length this near to a whole number of counts is shown as that number.
WHOLE = 0.15


@dataclass(frozen=True)
class ShownClip:
    """A movement of `name` (dance and second in it) from start_s to end_s, `counts` long, NaN without beats."""

    start_s: float
    end_s: float
    name: str
    counts: float

    @property
    def length(self) -> str:
        """The counts as text, such as `4` or `3.5`; "" if they are unknown."""
        if np.isnan(self.counts):
            return ""
        whole = round(self.counts)
        return f"{whole}" if abs(self.counts - whole) <= WHOLE else f"{self.counts:.1f}"


def stretches(poses: PoseTable) -> list[tuple[int, int]]:
    """First and one past the last frame of each clip of a finished dance, by its metadata `seams`."""
    edges = [0, *(poses.metadata.get("seams") or []), len(poses)]
    return [(int(a), int(b)) for a, b in pairwise(edges) if b > a]


def shown_clips(poses: PoseTable, beats_s: ArrayLike, *, source_fps: float) -> list[ShownClip]:
    """The clips of a finished dance; none if its table does not name its sources.

    beats_s: the song's beats. source_fps: frame rate of the source dances.
    """
    if "source_frame" not in poses.columns:
        return []
    names, frames = source_names(poses), poses.columns["source_frame"]
    found = []
    for first, end in stretches(poses):
        start_s, end_s = first / poses.fps, end / poses.fps
        begins, ends = in_counts([start_s, end_s], beats_s)
        name = f"{names[first]} {frames[first] / source_fps:.1f} s"
        found.append(ShownClip(start_s, end_s, name, float(ends - begins)))
    return found


def in_counts(times_s: ArrayLike, beats_s: ArrayLike) -> Array:
    """Positions of times (N,) among beats (B,), in beats from the first one, fractional; NaN for fewer than two beats.

    Before the first and after the last beat, the nearest interval is continued.
    """
    at, beats = np.asarray(times_s, np.float64), np.asarray(beats_s, np.float64)
    if len(beats) < 2:
        return np.full(at.shape, np.nan)
    inner: NDArray[np.int64] = np.clip(np.searchsorted(beats, at, side="right") - 1, 0, len(beats) - 2)
    return inner + (at - beats[inner]) / (beats[inner + 1] - beats[inner])
