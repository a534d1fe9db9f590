"""Choose the sounds that do not match a dance: the paper's delayed ones, and other songs (IV-B, Fig. 7).

The song decides, not the video: dances of one group share it. Another song never matches. Another moment of the same
song, at least `delay_s` away, does not match either (Fig. 7: the delayed pose). The same moment of the song is not a
negative, for any dancer. Moments are times of the video, which are assumed to be the music's times in all dances of a
group.

A batch consists of anchors and, for each, another moment of its song. Each dance's non-matching sound is then found
within the batch, alternately its own other moment and another song. So the music is encoded once for both purposes.
With hard negatives, the anchors of a batch have similar tempi: only the style distinguishes their songs.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from danceit_core.errors import MatcherError
from danceit_core.matcher.data import Pairs

Rows = NDArray[np.int64]
# Relative spread of the tempo within which anchors are mixed with their neighbours.
TEMPO_MIXING = 0.05


class OtherMoments:
    """For rows of some pairs, finds other moments of the same song, at least delay_s away, and other songs."""

    def __init__(self, pairs: Pairs, *, delay_s: float) -> None:
        self.delay_s = delay_s
        self.order = np.lexsort((pairs.start_s, pairs.group))
        group, start_s = pairs.group[self.order], pairs.start_s[self.order]
        # One time axis for all: songs follow each other, farther apart than any delay.
        gap = (start_s.max(initial=0.0) - start_s.min(initial=0.0)) + 2 * delay_s + 1
        axis = group * gap + start_s
        place = np.empty(len(axis), np.int64)
        place[self.order] = np.arange(len(axis))
        at = axis[place]
        self.first = np.searchsorted(group, pairs.group, side="left")
        self.end = np.searchsorted(group, pairs.group, side="right")
        self.before = np.searchsorted(axis, at - delay_s + 1e-9, side="right") - self.first
        self.after = self.end - np.searchsorted(axis, at + delay_s - 1e-9, side="left")

    def delayed(self, rows: Rows, *, rng: np.random.Generator) -> Rows:
        """For each row, another moment of its song, or -1 if there is none."""
        draw = np.floor(rng.random(len(rows)) * (self.before + self.after)[rows]).astype(np.int64)
        before, first, end = self.before[rows], self.first[rows], self.end[rows]
        place = np.where(draw < before, first + draw, end - 1 - (draw - before))
        none = self.before[rows] + self.after[rows] == 0
        return np.where(none, -1, self.order[np.where(none, 0, place)])

    def foreign(self, rows: Rows, *, rng: np.random.Generator) -> Rows:
        """For each row, a row of another song, or -1 if there is none."""
        first, end = self.first[rows], self.end[rows]
        others = len(self.order) - (end - first)
        draw = np.floor(rng.random(len(rows)) * others).astype(np.int64)
        place = np.where(draw < first, draw, draw + (end - first))
        return np.where(others == 0, -1, self.order[np.where(others == 0, 0, place)])


def choose_others(pairs: Pairs, rows: Rows, *, delay_s: float, rng: np.random.Generator) -> Rows:
    """For each row, another row whose sound does not match its dance, (B,).

    Alternately another song and the same song at least delay_s away; one kind if the other has none. Raises
    MatcherError when a row has neither.
    """
    moments = OtherMoments(pairs, delay_s=delay_s)
    delayed, foreign = moments.delayed(rows, rng=rng), moments.foreign(rows, rng=rng)
    return _in_turn(delayed, foreign, delay_s=delay_s)


def draw_batches(
    pairs: Pairs, moments: OtherMoments, *, batch_size: int, hard: bool, rng: np.random.Generator
) -> Iterator[tuple[Rows, Rows]]:
    """Batches of an epoch: rows (B,) and, for each, the position in the batch of a non-matching sound, (B,).

    Half of the rows of a batch are other moments of the other half; a row is drawn once per epoch on average.
    """
    anchors = rng.permutation(len(pairs))[: max(1, len(pairs) // 2)]
    if hard:
        tempo = np.log(np.where(np.isfinite(pairs.tempo_bpm) & (pairs.tempo_bpm > 0), pairs.tempo_bpm, 100.0))
        anchors = anchors[np.argsort(tempo[anchors] + TEMPO_MIXING * rng.standard_normal(len(anchors)))]
    parts = np.array_split(anchors, max(1, 2 * len(anchors) // batch_size))
    for number in rng.permutation(len(parts)):
        some = parts[number]
        partners = moments.delayed(some, rng=rng)
        lone = partners < 0
        partners[lone] = moments.foreign(some[lone], rng=rng)
        if (partners < 0).any():
            raise _nothing_else(moments.delay_s)
        rows = np.concatenate([some, partners])
        yield rows, _others_within(pairs.group[rows], rng=rng, delay_s=moments.delay_s)


def same_moment(pairs: Pairs, rows: Rows, *, delay_s: float) -> NDArray[np.bool_]:
    """Which sounds are not negatives of which dances: of one song, less than delay_s apart, (B, B)."""
    group, start_s = pairs.group[rows], pairs.start_s[rows]
    return (group[:, None] == group) & (np.abs(start_s[:, None] - start_s) < delay_s - 1e-9)


def other_dances(pairs: Pairs, rows: Rows, *, delay_s: float) -> NDArray[np.bool_]:
    """Which rows are other dances to the same moment of a song, (B, B): to be left out of rankings."""
    return same_moment(pairs, rows, delay_s=delay_s) & (pairs.video[rows][:, None] != pairs.video[rows])


def weigh_pairs(pairs: Pairs, rows: Rows, *, delay_s: float, delayed_weight: float) -> Tensor:
    """(B, B) weights of each sound as a negative of each dance: logarithms, for InfoNCE's scores.

    Other songs have weight 1, other moments of one song delayed_weight, and those less than delay_s apart 0.
    """
    same = pairs.group[rows][:, None] == pairs.group[rows]
    delayed = np.log(delayed_weight) if delayed_weight > 0 else -np.inf
    near = same_moment(pairs, rows, delay_s=delay_s)
    weight = np.where(near, -np.inf, np.where(same, delayed, 0.0))
    np.fill_diagonal(weight, 0.0)
    return torch.from_numpy(weight.astype(np.float32))


def _others_within(group: Rows, *, rng: np.random.Generator, delay_s: float) -> Rows:
    """Positions of non-matching sounds in a batch of anchors and their partners."""
    count = len(group)
    partner = np.roll(np.arange(count), count // 2)
    weight = rng.random((count, count))
    weight[group[:, None] == group] = -1
    foreign = np.where(weight.max(axis=1) < 0, -1, weight.argmax(axis=1))
    # A partner from the same song is always another moment: nothing else is drawn.
    delayed = np.where(group[partner] == group, partner, -1)
    return _in_turn(delayed, foreign, delay_s=delay_s)


def _in_turn(delayed: Rows, foreign: Rows, *, delay_s: float) -> Rows:
    """Foreign and delayed alternately; one of them if the other is -1."""
    turn = np.arange(len(delayed)) % 2 == 1
    first, second = np.where(turn, delayed, foreign), np.where(turn, foreign, delayed)
    others = np.where(first >= 0, first, second)
    if (others < 0).any():
        raise _nothing_else(delay_s)
    return others


def _nothing_else(delay_s: float) -> MatcherError:
    return MatcherError(
        "a fragment has no sound that does not match: all are of one song, and no other moment of it is "
        f"matcher.delay_s = {delay_s:g} s away; add a dance to another song or lower delay_s"
    )
