"""Decode beats and bars from the probabilities of beats and downbeats with the bar-pointer model.

F. Krebs, S. Boeck, G. Widmer: "An Efficient State-Space Model for Joint Tempo and Meter Tracking", ISMIR 2015, and
S. Boeck, F. Krebs, G. Widmer: "Joint Beat and Downbeat Tracking with Recurrent Neural Networks", ISMIR 2016 (its
section 2.2). A state consists of the beat of the bar, the length of this beat, and the elapsed part of it. Within a
beat only time passes; the next beat may be slightly longer or shorter. So all decisions are made where beats begin, and
only these are stored: a byte per frame, beat of the bar and length. No beat is shorter than the shortest length, so
that many frames are processed together.

Times are seconds from the first frame, lengths whole frames.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]

METERS = (3, 4)
# Cost of a longer or shorter next beat, nats for a change by its whole length.
STEADINESS = 100.0
# A beat is observed in the first 1 / BEAT_SHARE of its length (the papers' lambda).
BEAT_SHARE = 16
# There are no beats before the first or after the last frame with at least this probability.
THRESHOLD = 0.05


@dataclass(frozen=True)
class Bars:
    """times_s (B,) of beats, place (B,) of each in its bar from 1, meter: beats per bar. scores: log-likelihood of each
    tried meter, nats over heard_s; empty without beats."""

    times_s: Array
    place: Index
    meter: int
    scores: dict[int, float]
    heard_s: float

    @property
    def score(self) -> float:
        """The log-likelihood of the chosen meter."""
        return max(self.scores.values(), default=-np.inf)

    @property
    def margin(self) -> float:
        """How much more likely the meter is than the second best, nats per second; 0 if there is no other."""
        first, *others = sorted(self.scores.values(), reverse=True) or [0.0]
        return (first - others[0]) / self.heard_s if others else 0.0


@dataclass(frozen=True)
class _Model:
    """The states: lengths (L,) of a beat; rows: a beat of a bar of a meter, bars of all meters one after the other."""

    meters: tuple[int, ...]
    lengths: Index
    dear_frames: int
    dear: float

    @property
    def rows(self) -> int:
        return sum(self.meters)

    @cached_property
    def first_rows(self) -> Index:
        """The row of the downbeat of each meter."""
        return np.cumsum([0, *self.meters[:-1]])

    @cached_property
    def before(self) -> Index:
        """The row of the beat before each row's."""
        before = np.arange(self.rows) - 1
        before[self.first_rows] = self.first_rows + np.array(self.meters) - 1
        return before

    @cached_property
    def change(self) -> Array:
        """(to, from) log-probability of the next beat's length; penalised ones cost `dear` more per frame."""
        ratio = self.lengths[:, None] / self.lengths[None, :]
        chance = np.exp(-STEADINESS * np.abs(ratio - 1))
        chance[chance <= np.spacing(1)] = 0
        with np.errstate(divide="ignore"):
            change = np.log(chance / chance.sum(axis=0))
        return np.asarray(change - np.where(self.lengths < self.dear_frames, self.dear * self.lengths, 0)[:, None])

    @cached_property
    def heard_frames(self) -> Index:
        """The number of frames in which a beat of each length is observed, (L,)."""
        return -(-self.lengths // BEAT_SHARE)


def decode_bars(
    active: Array,
    *,
    fps: float,
    tempi_bpm: tuple[float, float],
    meters: tuple[int, ...] = METERS,
    dear_bpm: float = np.inf,
    dear: float = 0.0,
) -> Bars:
    """The most likely bars in (T, 2) probabilities of (beat that is not a downbeat, downbeat) at fps, over all meters.

    tempi_bpm: the slowest and the fastest. dear, nats per second: the penalty for tempi above dear_bpm.
    """
    strong = np.flatnonzero((active >= THRESHOLD).any(axis=1))
    if len(strong) == 0:
        return Bars(np.zeros(0), np.zeros(0, np.int64), 0, {}, 0.0)
    first, last = int(strong[0]), int(strong[-1]) + 1
    heard = active[first:last]
    slowest, fastest = tempi_bpm
    lengths = np.arange(round(60 * fps / fastest), round(60 * fps / slowest) + 1)
    dear_frames = int(np.ceil(60 * fps / dear_bpm)) if np.isfinite(dear_bpm) else 0
    model = _Model(meters, lengths, dear_frames, dear / fps)
    came_from, first_start, ending = _search(heard, model)
    scores, ends = {}, {}
    for meter, row in zip(meters, model.first_rows.tolist(), strict=True):
        own = ending[:, row : row + meter]
        start, beat, length = np.unravel_index(own.argmax(), own.shape)
        scores[meter] = float(own.max())
        ends[meter] = (first_start + int(start), row + int(beat), int(length))
    meter = max(scores, key=scores.__getitem__)
    at, rows = _trace(came_from, ends[meter], heard, model)
    place = rows - model.first_rows[meters.index(meter)] + 1
    return Bars((first + at) / fps, place, meter, scores, len(heard) / fps)


def _search(heard: Array, model: _Model) -> tuple[NDArray[np.uint8], int, Array]:
    """The best path to each beat, by Viterbi.

    Returns the length (its number) of the beat before one that begins at each frame, in each row and of each length,
    (T, rows, L); and the log-likelihoods (S, rows, L) of the last beats, which begin at S frames from the returned one
    on and do not end before the sound does; -inf for others.
    """
    lengths, rows, count = model.lengths, model.rows, len(heard)
    step, longest = int(lengths[0]), int(lengths[-1])
    gain = _BeatGains(heard, model)
    later, number = np.arange(step)[:, None], np.arange(len(lengths))
    at_first = -np.log(np.repeat(model.meters, model.meters) * lengths.sum())[:, None]  # (rows, 1)
    came_from = np.empty((-(-count // step) * step, rows, len(lengths)), np.uint8)
    # Log-likelihoods at the end of the beats that began in the `longest` frames before those that are looked at. Before
    # the first frame those may have begun that are not over then.
    starts = np.arange(-longest, 0)
    recent = np.where((lengths > -starts[:, None])[:, None, :], at_first + gain(starts), -np.inf)
    for begin in range(0, count, step):
        ended = recent[longest + later - lengths, :, number][..., model.before]  # (step, L, rows)
        arriving = ended.transpose(0, 2, 1)[:, :, None, :] + model.change  # (step, rows, to, from)
        best = arriving.argmax(axis=3)
        likelihood = np.take_along_axis(arriving, best[..., None], axis=3)[..., 0]
        if begin == 0:
            likelihood[0] = np.maximum(likelihood[0], at_first)
        came_from[begin : begin + step] = best
        recent = np.concatenate([recent[step:], likelihood + gain(np.arange(begin, begin + step))])
    first = len(came_from) - longest
    starts = np.arange(first, len(came_from))[:, None]
    lasting = (starts < count) & (starts + lengths >= count)
    return came_from, first, np.where(lasting[:, None, :], recent, -np.inf)


class _BeatGains:
    """The gain in log-likelihood by beats that begin at given frames, nats: (S,) to (S, rows, L)."""

    def __init__(self, heard: Array, model: _Model) -> None:
        quiet = np.log((1 - heard.sum(axis=1)).clip(1e-12) / (BEAT_SHARE - 1))
        loud = np.log(heard.clip(1e-12)) - quiet[:, None]
        self._sums = np.concatenate([np.zeros((1, 2)), loud.cumsum(axis=0)])  # (T + 1, 2)
        self._frames = model.heard_frames
        self._kind = np.zeros(model.rows, np.int64)
        self._kind[model.first_rows] = 1

    def __call__(self, starts: Index) -> Array:
        begin, end = (
            self._sums[frame.clip(0, len(self._sums) - 1)]
            for frame in (starts[:, None], starts[:, None] + self._frames)
        )
        return (end - begin).transpose(0, 2, 1)[:, self._kind]  # (S, L, 2) -> (S, 2, L) -> (S, rows, L)


def _trace(
    came_from: NDArray[np.uint8], last: tuple[int, int, int], heard: Array, model: _Model
) -> tuple[Index, Index]:
    """Frames and rows of the beats back from the last one (its first frame, row, number of its length).

    A beat is placed at the strongest of the moments in which it is observed.
    """
    start, row, length = last
    at, rows = [], []
    while True:
        low, high = max(start, 0), min(start + int(model.heard_frames[length]), len(heard))
        if high > low:  # otherwise the sound begins later in this beat
            at.append(low + int(heard[low:high].max(axis=1).argmax()))
            rows.append(row)
        if start <= 0:
            return np.array(at[::-1], np.int64), np.array(rows[::-1], np.int64)
        length, row = int(came_from[start, row, length]), int(model.before[row])
        start -= int(model.lengths[length])
