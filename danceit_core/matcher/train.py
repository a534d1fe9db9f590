"""Training of the cross-modal matcher (paper IV-B): Adam, early stopping on videos it does not learn from.

Videos of the split "train" are learnt from, those of "test" only scored. With ten or more training videos some 15 %
of them are set aside as "validation": training stops when their loss no longer falls, and the epoch at which it was
lowest is kept. With fewer that would be one video, which cannot tell one song from another, so all epochs are trained
and the last is kept (`selected_on` is "last"). The test videos choose nothing: their scores are honest.
The same database, settings and seed give the same weights on a CPU with the same number of threads.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from danceit_core.config import MatcherSettings
from danceit_core.database.split import held_out
from danceit_core.database.table import Database
from danceit_core.errors import MatcherError
from danceit_core.matcher import scores
from danceit_core.matcher.data import (
    FeatureScale,
    Pairs,
    augment,
    choose_others,
    make_pairs,
    measure_features,
    related_rows,
)
from danceit_core.matcher.encoders import AudioEncoder, PoseEncoder
from danceit_core.matcher.losses import InfoNceLoss, PairLoss, make_loss
from danceit_core.matcher.model import CHECKPOINT_VERSION, Checkpoint, Matcher, embed, make_encoders

VALIDATION_SHARE = 0.15
FEWEST_FOR_VALIDATION = 10
# Scoring every epoch costs as much as training on as many fragments; this many of the training ones are enough.
SCORED = 512

History = list[dict[str, Any]]


@dataclass(frozen=True)
class Trained:
    """A matcher, its checkpoint (see `model`) and a dict an epoch: `epoch`, then train_, validation_, test_ scores."""

    matcher: Matcher
    history: History

    @property
    def checkpoint(self) -> Checkpoint:
        """What `save_matcher` writes."""
        return self.matcher.checkpoint


@dataclass(frozen=True)
class Scored:
    """A set of pairs with a partner that does not match for each, drawn once, so that epochs compare."""

    pairs: Pairs
    others: NDArray[np.int64]
    apart: NDArray[np.bool_]


@dataclass(frozen=True)
class Learner:
    """What an epoch changes: two encoders, the loss (it may learn a temperature) and their optimiser."""

    audio: AudioEncoder
    pose: PoseEncoder
    loss: PairLoss | InfoNceLoss
    optimiser: torch.optim.Optimizer
    device: torch.device


def train_matcher(
    database: Database,
    *,
    settings: MatcherSettings,
    seed: int,
    device: torch.device,
    progress: Callable[[int, int], None] | None = None,
) -> Trained:
    """Train both encoders on the fragments with sound. progress counts epochs.

    Raises MatcherError if no training video has sound, if no sound could serve as non-matching, for an unknown loss,
    and when the loss stops being finite.
    """
    check_settings(settings)
    parts = part_videos(database)
    if len(parts["train"]) < 2:
        raise MatcherError(
            f"{len(parts['train'])} fragments with sound to train on; the matcher needs 2: add videos with sound"
        )
    rng = np.random.default_rng(seed)
    scale = measure_features(parts["train"].features)
    train = make_pairs(parts["train"], scale=scale)
    scored = {}
    for name, part in parts.items():
        chosen = _choose_scored(make_pairs(part, scale=scale), settings, rng)
        if chosen is not None:
            scored[name] = chosen
    selected_on = "validation" if "validation" in scored else "last"
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        learner = _make_learner(settings, feature_width=database.features.shape[-1], device=device)
        history: History = []
        best_loss, best_epoch, best = np.inf, 0, _weights(learner)
        for epoch in range(1, settings.epochs + 1):
            _train_epoch(learner, train, settings=settings, fps=database.fps, rng=rng)
            history.append({"epoch": epoch, **_score(learner, scored, settings=settings)})
            watched = history[-1].get("validation_loss", -epoch)
            if not np.isfinite([watched, history[-1].get("train_loss", 0.0)]).all():
                rate = settings.learning_rate
                raise MatcherError(f"the loss is not finite in epoch {epoch}; lower matcher.learning_rate = {rate}")
            if watched < best_loss:
                best_loss, best_epoch, best = watched, epoch, _weights(learner)
            if progress is not None:
                progress(epoch, settings.epochs)
            if epoch - best_epoch >= settings.patience:
                break
        if progress is not None and len(history) < settings.epochs:
            progress(settings.epochs, settings.epochs)
    about = {
        "version": CHECKPOINT_VERSION,
        "settings": dataclasses.asdict(settings),
        "feature_set": str(database.metadata["feature_set"]),
        "feature_width": int(database.features.shape[-1]),
        "seconds": float(database.metadata["seconds"]),
        "fps": database.fps,
        "epoch": best_epoch,
        "selected_on": selected_on,
        "threshold": float(history[best_epoch - 1].get("train_threshold", np.nan)),
    }
    checkpoint = {**about, **_scale_tensors(scale), **best}
    return Trained(Matcher.from_checkpoint(checkpoint, device=device), history)


def part_videos(database: Database) -> dict[str, Database]:
    """The fragments with sound as "train", "validation" (from ten training videos on) and "test", by video."""
    table = database.table
    sounding = table["has_sound"].to_numpy(bool)
    part = np.where(sounding, table["split"].to_numpy(str), "silent")
    names = table["video"].to_numpy(str)
    learnt = sorted(set(names[part == "train"]))
    if len(learnt) >= FEWEST_FOR_VALIDATION:
        # By another hash than the test videos: what is left of those all lies above the test share.
        held = held_out(learnt, share=VALIDATION_SHARE, purpose="validation ")
        part = np.where((part == "train") & np.isin(names, sorted(held)), "validation", part)
    return {name: database.subset(part == name) for name in ("train", "validation", "test")}


def check_settings(settings: MatcherSettings) -> None:
    """Raise MatcherError naming the key and its limit where a value makes no sense."""
    least = {"embedding_size": 1, "hidden_size": 1, "batch_size": 2, "epochs": 1, "patience": 1}
    for key, limit in least.items():
        if getattr(settings, key) < limit:
            raise MatcherError(f"matcher.{key} is {getattr(settings, key)}; it must be {limit} or more")
    if not 0 <= settings.dropout < 1:
        raise MatcherError(f"matcher.dropout is {settings.dropout}; it must be in 0..1, below 1")
    if not settings.learning_rate > 0:
        raise MatcherError(f"matcher.learning_rate is {settings.learning_rate}; it must be positive (the paper: 1e-4)")


def _make_learner(settings: MatcherSettings, *, feature_width: int, device: torch.device) -> Learner:
    """Fresh encoders, loss and Adam."""
    audio, pose = make_encoders(settings, feature_width=feature_width)
    audio, pose = audio.to(device), pose.to(device)
    loss = make_loss(settings.loss, margin=settings.margin).to(device)
    weights = [*audio.parameters(), *pose.parameters(), *loss.parameters()]
    return Learner(audio, pose, loss, torch.optim.Adam(weights, lr=settings.learning_rate), device)


def _train_epoch(
    learner: Learner, pairs: Pairs, *, settings: MatcherSettings, fps: float, rng: np.random.Generator
) -> None:
    """One pass over the training pairs in random order."""
    learner.audio.train()
    learner.pose.train()
    order = rng.permutation(len(pairs))
    max_shift = min(round(settings.max_shift_s * fps), pairs.poses.shape[1] // 4)
    # Batches of nearly equal size: a last batch of one would break the batch normalisation.
    for rows in np.array_split(order, max(1, len(order) // settings.batch_size)):
        others = choose_others(pairs, rows, delay_s=settings.delay_s, rng=rng)
        batch = [part.to(learner.device) for part in (pairs.poses[rows], pairs.sounds[rows], pairs.sounds[others])]
        poses, sounds, foreign = augment(*batch, max_shift=max_shift, rng=rng)
        related = related_rows(pairs, rows, delay_s=settings.delay_s).to(learner.device)
        # Both kinds of sound in one go: the LSTM's time is in its steps, not in their width.
        heard, unheard = learner.audio(torch.cat([sounds, foreign])).chunk(2)
        loss = learner.loss(learner.pose(poses), heard, unheard, related)
        learner.optimiser.zero_grad()
        loss.backward()
        learner.optimiser.step()


def _choose_scored(pairs: Pairs, settings: MatcherSettings, rng: np.random.Generator) -> Scored | None:
    """At most SCORED of the pairs with fixed partners; None where there is no pair or no partner (one short video)."""
    rows = np.sort(rng.permutation(len(pairs))[:SCORED])
    chosen = Pairs(pairs.poses[rows], pairs.sounds[rows], pairs.video[rows], pairs.start_s[rows], pairs.seconds)
    if len(rows) < 2:
        return None
    try:
        others = choose_others(chosen, np.arange(len(rows)), delay_s=settings.delay_s, rng=rng)
    except MatcherError:
        return None
    return Scored(chosen, others, scores.apart(chosen.video, chosen.start_s, seconds=chosen.seconds))


@torch.no_grad()
def _score(learner: Learner, scored: dict[str, Scored], *, settings: MatcherSettings) -> dict[str, float]:
    """Loss and scores of each part, keys like `test_auc`."""
    result: dict[str, float] = {}
    for name, part in scored.items():
        poses = embed(learner.pose, part.pairs.poses, device=learner.device)
        sounds = embed(learner.audio, part.pairs.sounds, device=learner.device)
        matching = scores.pair_distances(poses, sounds)
        others = scores.pair_distances(poses, sounds[part.others])
        ranks = scores.match_ranks(poses[part.apart], sounds[part.apart])
        result |= {
            f"{name}_loss": _loss(learner, part, poses, sounds, settings),
            f"{name}_distance": float(matching.mean()),
            f"{name}_accuracy": scores.balanced_accuracy(matching, others, threshold=scores.PAPER_THRESHOLD),
            f"{name}_auc": scores.roc_auc(matching, others),
            f"{name}_recall_at_10": scores.recall_at(ranks, 10),
        }
        if name == "train":
            result["train_threshold"] = scores.best_threshold(matching, others)
    return result


def _loss(learner: Learner, part: Scored, poses: np.ndarray, sounds: np.ndarray, settings: MatcherSettings) -> float:
    """Mean loss over batches of the training's size: the size of a batch is part of what InfoNCE measures."""
    rng = np.random.default_rng(0)
    order = rng.permutation(len(poses))
    total = 0.0
    for rows in np.array_split(order, max(1, len(order) // settings.batch_size)):
        batch = [torch.from_numpy(values) for values in (poses[rows], sounds[rows], sounds[part.others[rows]])]
        related = related_rows(part.pairs, rows, delay_s=settings.delay_s)
        loss = learner.loss(*(values.to(learner.device) for values in batch), related.to(learner.device))
        total += float(loss) * len(rows)
    return total / len(order)


def _weights(learner: Learner) -> Checkpoint:
    """Copies of both encoders' weights on the CPU."""
    encoders = {"audio_encoder": learner.audio, "pose_encoder": learner.pose}
    return {
        name: {key: value.detach().cpu().clone() for key, value in encoder.state_dict().items()}
        for name, encoder in encoders.items()
    }


def _scale_tensors(scale: FeatureScale) -> dict[str, torch.Tensor]:
    """The feature statistics as a checkpoint holds them."""
    return {"feature_mean": torch.from_numpy(scale.mean), "feature_deviation": torch.from_numpy(scale.deviation)}
