"""Cut fragments in counts: half a bar, one bar and two bars of the dance's own music, beginning on its beats.

A fragment extends from one beat to another, in frames: a beat at time t belongs to frame round(t * fps), as the step
into that frame is seen on the beat. All bars of a fragment are regular (`bars`) and of one metre. Fragments of one and
two bars begin on downbeats; half bars of four beats also begin on the third beat; other metres have no half bars.

A dance without known bars (no sound, no beats, beats without bars) is cut by its own movement: windows of UNCOUNTED_S
begin on its motion beats, the minima of speed within REACH_S on both sides. Their `beats`, `place` and `meter` are 0.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, minimum_filter1d

from danceit_core.config import FragmentSettings
from danceit_core.database.bars import Bars, find_bars
from danceit_core.database.fragments import Rows, Spans, cut_dances
from danceit_core.database.frames import Frames
from danceit_core.database.table import BEATS, Database

# Seconds of the windows of a dance without known bars: half a bar, one and two bars at 120 beats per minute.
UNCOUNTED_S = (1.0, 2.0, 4.0)
# A motion beat is the minimum of speed within REACH_S on both sides; speed is smoothed first (as for Beat Align Score).
REACH_S, SMOOTHING_FRAMES = 0.25, 1.5
# Only bars with this number of beats have halves that are counted as a unit.
HALVED = 4


def cut_counts(frames: Frames, *, settings: FragmentSettings) -> Database:
    """The fragments of all dances in counts, in the order of their dances and starts; there may be none.

    The metadata have no `seconds`, as each row has its own length. Column `split` is determined as by `cut_fragments`.
    """
    fps = frames.fps

    def spans_of(dance: pd.Series, passages: Sequence[tuple[int, int]], speed: NDArray[np.float32]) -> Spans:
        bars = find_bars(dance["beats_s"], dance["beat_place"])
        edges = np.array(passages, np.int64).reshape(-1, 2)
        if not len(bars):
            return _sorted(_by_movement(speed, edges, fps=fps))
        at = np.round(dance["beats_s"] * fps).astype(np.int64) - int(dance["first_frame"])
        return _sorted(_by_bars(bars, at, edges))

    return cut_dances(frames, spans_of, about={"unit": BEATS}, settings=settings)


def motion_beats(speed: NDArray[np.floating], *, fps: float) -> Rows:
    """The frames (M,) of a passage with the smallest step within REACH_S, from `speed` (T,).

    Among equal ones, in a body at rest, those that are REACH_S apart.
    """
    if not len(speed):
        return np.zeros(0, np.int64)
    reach = max(1, round(REACH_S * fps))
    smooth = gaussian_filter1d(speed.astype(np.float64), SMOOTHING_FRAMES, mode="nearest")
    found: list[int] = []
    for frame in np.flatnonzero(smooth <= minimum_filter1d(smooth, 2 * reach + 1, mode="nearest")).tolist():
        if not found or frame - found[-1] > reach:
            found.append(frame)
    return np.array(found, np.int64)


def _by_bars(bars: Bars, at: Rows, edges: Rows) -> Spans:
    """Spans between beats at frames `at` (B,), inside one of the passages `edges` (P, 2)."""
    first, meter, pairs = bars.first, bars.meter, bars.pairs
    half = first[meter == HALVED]
    # First beat, number of beats, place and metre of each.
    kinds: list[tuple[Rows, Rows | int, int, Rows | int]] = [
        (half, HALVED // 2, 1, HALVED),
        (half + HALVED // 2, HALVED // 2, 1 + HALVED // 2, HALVED),
        (first, meter, 1, meter),
        (first[pairs], 2 * meter[pairs], 1, meter[pairs]),
    ]
    rows = np.concatenate([np.column_stack([np.broadcast_to(each, len(kind[0])) for each in kind]) for kind in kinds])
    beat, beats, place, meters = rows.T
    return _inside(Spans(at[beat], at[beat + beats] - at[beat], at[beat], at[beat], beats, place, meters), edges)


def _by_movement(speed: NDArray[np.float32], edges: Rows, *, fps: float) -> Spans:
    """Windows of each of UNCOUNTED_S that begin on the motion beats of the passages."""
    found = [first + motion_beats(speed[first:end], fps=fps) for first, end in edges.tolist()]
    start = np.concatenate(found) if found else np.zeros(0, np.int64)
    lengths = np.unique([max(2, round(seconds * fps)) for seconds in UNCOUNTED_S])
    start, frames = np.repeat(start, len(lengths)), np.tile(lengths, len(start))
    zero = np.zeros(len(start), np.int64)
    return _inside(Spans(start, frames, start, start, zero, zero, zero), edges)


def _inside(spans: Spans, edges: Rows) -> Spans:
    """The spans of at least two frames that lie inside a passage of `edges` (P, 2), with its bounds."""
    if not len(edges):
        return _some(spans, np.zeros(len(spans), bool), edges=np.zeros((len(spans), 2), np.int64))
    passage = np.maximum(np.searchsorted(edges[:, 0], spans.start, side="right") - 1, 0)
    begin, end = edges[passage].T
    whole = (spans.frames >= 2) & (spans.start >= begin) & (spans.start + spans.frames <= end)
    return _some(spans, whole, edges=edges[passage])


def _some(spans: Spans, chosen: NDArray, *, edges: Rows) -> Spans:
    """Some of the spans (a mask or numbers), with the bounds (K, 2) of their passages."""
    begin, end = edges[chosen].T
    kept = {name: getattr(spans, name)[chosen] for name in ("start", "frames", "beats", "place", "meter")}
    return Spans(begin=begin, end=end, **kept)


def _sorted(spans: Spans) -> Spans:
    """Sort by start, the shorter before the longer."""
    order = np.lexsort((spans.frames, spans.start))
    return _some(spans, order, edges=np.stack([spans.begin, spans.end], axis=1))
