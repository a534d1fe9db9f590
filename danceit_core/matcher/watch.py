"""Scores during training: the scores of each part of the videos in each epoch's line of the history."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from danceit_core.errors import MatcherError
from danceit_core.matcher import scores
from danceit_core.matcher.data import Pairs
from danceit_core.matcher.learner import Learner
from danceit_core.matcher.model import embed
from danceit_core.matcher.negatives import choose_others, other_dances, weigh_pairs
from danceit_core.matcher.windows import FeatureScale

# Scoring every epoch costs as much as training on as many fragments; this many of each part are enough.
SCORED = 512


@dataclass(frozen=True)
class Watched:
    """Some pairs with a non-matching partner for each, drawn once, so that epochs can be compared.

    apart (A,): those that do not overlap; ignored (A, A): which of them do not count as wrong for each other.
    """

    pairs: Pairs
    poses: torch.Tensor
    sounds: torch.Tensor
    others: NDArray[np.int64]
    apart: NDArray[np.int64]
    ignored: NDArray[np.bool_]


def choose_watched(pairs: Pairs, *, scale: FeatureScale, delay_s: float, rng: np.random.Generator) -> Watched | None:
    """At most SCORED of the pairs with fixed partners; None if there is no pair or no partner (one short song)."""
    rows = np.sort(rng.permutation(len(pairs))[:SCORED])
    if len(rows) < 2:
        return None
    chosen = pairs.only(rows)
    every = np.arange(len(chosen))
    try:
        others = choose_others(chosen, every, delay_s=delay_s, rng=rng)
    except MatcherError:
        return None
    alone = np.flatnonzero(scores.apart(chosen.video, chosen.start_s, seconds=chosen.seconds))
    ignored = other_dances(chosen, alone, delay_s=delay_s)
    return Watched(chosen, chosen.take_poses(every), chosen.take_sounds(every, scale=scale), others, alone, ignored)


@torch.no_grad()
def score_epoch(learner: Learner, watched: dict[str, Watched]) -> dict[str, float]:
    """Loss and scores of each part, keys like `test_auc`."""
    result: dict[str, float] = {}
    for name, part in watched.items():
        poses = embed(learner.averaged.pose, part.poses, device=learner.device)
        sounds = embed(learner.averaged.audio, part.sounds, device=learner.device)
        matching = scores.pair_distances(poses, sounds)
        others = scores.pair_distances(poses, sounds[part.others])
        ranks = scores.match_ranks(poses[part.apart], sounds[part.apart], ignored=part.ignored)
        result |= {
            f"{name}_loss": _loss(learner, part, poses, sounds),
            f"{name}_distance": float(matching.mean()),
            f"{name}_accuracy": scores.balanced_accuracy(matching, others, threshold=scores.PAPER_THRESHOLD),
            f"{name}_auc": scores.roc_auc(matching, others),
            f"{name}_recall_at_10": scores.recall_at(ranks, 10),
        }
        if name == "train":
            result["train_threshold"] = scores.best_threshold(matching, others)
    return result


def _loss(learner: Learner, part: Watched, poses: np.ndarray, sounds: np.ndarray) -> float:
    """Mean loss over batches of the training's size, as InfoNCE depends on the batch size."""
    settings = learner.settings
    order = np.random.default_rng(0).permutation(len(poses))
    total = 0.0
    for rows in np.array_split(order, max(1, len(order) // settings.batch_size)):
        batch = [torch.from_numpy(values) for values in (poses[rows], sounds[rows], sounds[part.others[rows]])]
        weights = weigh_pairs(part.pairs, rows, delay_s=settings.delay_s, delayed_weight=settings.delayed_weight)
        loss = learner.loss(*(values.to(learner.device) for values in batch), weights.to(learner.device))
        total += float(loss) * len(rows)
    return total / len(order)
