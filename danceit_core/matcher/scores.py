"""Scores of how well dance and music match in the joint space (paper Table III, and common scores).

Distances are Euclidean. Non-matching pairs are those drawn by `choose_others`: other songs and the same song delayed.
These are plain functions of arrays; `evaluation.matching` adds chance levels.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

Distances = NDArray[np.float64]
PAPER_THRESHOLD = 1.0
RECALL_AT = (1, 5, 10)


def pair_distances(a: ArrayLike, b: ArrayLike) -> Distances:
    """Distance of each row of (N, E) to the same row of another (N, E): (N,)."""
    return np.linalg.norm(np.asarray(a, np.float64) - np.asarray(b, np.float64), axis=1)


def balanced_accuracy(matching: Distances, others: Distances, *, threshold: float) -> float:
    """Mean of the shares of matching pairs below the threshold and of others above; 0.5 is chance, NaN without pairs.

    At threshold 1 this is the paper's correlation accuracy, which uses as many pairs of either kind.
    """
    if not len(matching) or not len(others):
        return float("nan")
    return float((np.mean(matching < threshold) + np.mean(others >= threshold)) / 2)


def best_threshold(matching: Distances, others: Distances) -> float:
    """The threshold with the highest balanced accuracy, halfway between two distances; NaN without pairs."""
    if not len(matching) or not len(others):
        return float("nan")
    values = np.unique(np.concatenate([matching, others]))
    thresholds = np.concatenate([values[:1], (values[1:] + values[:-1]) / 2, values[-1:] + 1])
    near = np.searchsorted(np.sort(matching), thresholds) / len(matching)
    far = 1 - np.searchsorted(np.sort(others), thresholds) / len(others)
    return float(thresholds[np.argmax(near + far)])


def roc_auc(matching: Distances, others: Distances) -> float:
    """Probability that a matching pair is nearer than another, ties count half; 0.5 for noise, NaN without pairs."""
    if not len(matching) or not len(others):
        return float("nan")
    ranks = rankdata(np.concatenate([others, matching]))[: len(others)]
    wins = ranks.sum() - len(others) * (len(others) + 1) / 2
    return float(wins / (len(matching) * len(others)))


def match_ranks(poses: ArrayLike, sounds: ArrayLike, *, ignored: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """Rank, from 1, of each sound's own dance among all N dances, (N,); ties get the worse rank.

    ignored (N, N): dances (columns) that are not wrong for a sound (row), such as another one to the same song.
    """
    p, s = np.asarray(poses, np.float64), np.asarray(sounds, np.float64)
    squared = (s**2).sum(axis=1)[:, None] - 2 * s @ p.T + (p**2).sum(axis=1)
    nearer = squared <= np.diagonal(squared)[:, None]
    return (nearer if ignored is None else nearer & ~ignored).sum(axis=1)


def recall_at(ranks: NDArray[np.int64], k: int) -> float:
    """Share of sounds whose own dance is among the k nearest; NaN without sounds. Chance is k / N."""
    return float(np.mean(ranks <= k)) if len(ranks) else float("nan")


def apart(video: ArrayLike, start_s: ArrayLike, *, seconds: float) -> NDArray[np.bool_]:
    """Which fragments to keep so that none overlap, (N,): greedily from the first one in each video."""
    names, starts = np.asarray(video), np.asarray(start_s, np.float64)
    keep = np.zeros(len(names), bool)
    end: dict[object, float] = {}
    for row in np.argsort(starts, kind="stable"):
        if starts[row] >= end.get(names[row], -np.inf) - 1e-9:
            keep[row] = True
            end[names[row]] = starts[row] + seconds
    return keep
