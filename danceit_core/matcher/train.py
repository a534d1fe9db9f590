"""Train the cross-modal matcher (paper IV-B) with AdamW and early stopping on held-out songs.

The songs of the split "train" are used for training; those of "test" are only scored. With ten or more training songs,
about 15 % of them are set aside as "validation": training stops when their loss no longer falls, and the epoch with the
lowest loss is kept. With fewer songs, validation would have a single song, which cannot be compared with another; then
all epochs are trained and the last is kept (`selected_on` is "last"). The test songs do not influence any choice.

The same pairs, settings and seed give the same weights on a CPU, with any number of torch threads, and also if the
training was interrupted after any epoch and restarted with the same `state` file.
"""

import dataclasses
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from danceit_core.config import MatcherSettings
from danceit_core.errors import MatcherError
from danceit_core.matcher.data import Pairs, measure_features
from danceit_core.matcher.enough import what_lacks
from danceit_core.matcher.learner import Learner
from danceit_core.matcher.model import CHECKPOINT_VERSION, ENCODERS, Checkpoint, Matcher
from danceit_core.matcher.negatives import OtherMoments
from danceit_core.matcher.watch import choose_watched, score_epoch
from danceit_core.plain_torch import read_plain, write_plain
from danceit_core.tables import one_line
from danceit_core.versions import STAGE_VERSIONS

log = logging.getLogger(__name__)

History = list[dict[str, Any]]
PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Trained:
    """A matcher, its checkpoint (see `model`), a dict per epoch: `epoch`, `train_...`, `validation_...`, `test_...`."""

    matcher: Matcher
    history: History

    @property
    def checkpoint(self) -> Checkpoint:
        """What `save_matcher` writes."""
        return self.matcher.checkpoint


def train_matcher(
    pairs: Pairs,
    *,
    settings: MatcherSettings,
    seed: int,
    device: torch.device,
    state: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Trained:
    """Train both encoders on the pairs of part "train". progress counts epochs.

    state: a file to resume from, written after each epoch and removed at the end. Raises MatcherError if there is
    nothing to learn from (`enough.what_lacks`), for an unknown loss, and when the loss is no longer finite.
    """
    check_settings(settings)
    if lack := what_lacks(pairs, delay_s=settings.delay_s):
        raise MatcherError(f"the matcher has nothing to learn from: {lack}; add dances with sound")
    rng = np.random.default_rng(seed)
    scale = measure_features(pairs.only(pairs.part == "train"))
    pairs = pairs.on(device)
    train = pairs.only(pairs.part == "train")
    moments = OtherMoments(train, delay_s=settings.delay_s)
    watched = {}
    for name in PARTS:
        chosen = choose_watched(pairs.only(pairs.part == name), scale=scale, delay_s=settings.delay_s, rng=rng)
        if chosen is not None:
            watched[name] = chosen
    devices = [device] if device.type == "cuda" else []
    # A training with other pairs, another version or other settings cannot be resumed.
    version, sources = STAGE_VERSIONS["matcher"], pairs.about.get("sources")
    purpose = json.dumps([version, dataclasses.asdict(settings), seed, sources, len(train), scale.mean.tolist()])
    with torch.random.fork_rng(devices=devices), _one_thread():
        torch.manual_seed(seed)
        learner = Learner(settings, feature_width=pairs.windows.feature_width, device=device)
        learner.start(train, scale=scale, rng=rng)
        run = _Run([], np.inf, 0, learner.weights())
        if state is not None:
            run = _resume(Path(state), run, learner, rng, purpose=purpose)
        while len(run.history) < settings.epochs and len(run.history) - run.best_epoch < settings.patience:
            learner.train_epoch(train, moments, scale=scale, rng=rng)
            run = _after_epoch(run, score_epoch(learner, watched), learner)
            if state is not None:
                _write_state(Path(state), run, learner, rng, purpose=purpose)
            if progress is not None:
                progress(len(run.history), settings.epochs)
    if progress is not None and len(run.history) < settings.epochs:
        progress(settings.epochs, settings.epochs)
    about = {
        "version": CHECKPOINT_VERSION,
        "settings": dataclasses.asdict(settings),
        "feature_set": str(pairs.about["feature_set"]),
        "feature_width": pairs.windows.feature_width,
        "seconds": pairs.seconds,
        "fps": float(pairs.about["fps"]),
        "epoch": run.best_epoch,
        "selected_on": "validation" if "validation" in watched else "last",
        "threshold": float(run.history[run.best_epoch - 1].get("train_threshold", np.nan)),
        "feature_mean": scale.mean,
        "feature_deviation": scale.deviation,
    }
    if state is not None:
        Path(state).unlink(missing_ok=True)
    return Trained(Matcher.from_checkpoint({**about, **run.best}, device=device), run.history)


@contextmanager
def _one_thread() -> Iterator[None]:
    """One thread per operation, as the learner expects."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def check_settings(settings: MatcherSettings) -> None:
    """Raise MatcherError naming the key and its limit for an invalid value."""
    least = {"embedding_size": 1, "hidden_size": 1, "batch_size": 2, "epochs": 1, "patience": 1}
    least |= {"weight_decay": 0, "augmentation": 0, "tempo_spread": 0}
    for key, limit in least.items():
        if getattr(settings, key) < limit:
            raise MatcherError(f"matcher.{key} is {getattr(settings, key)}; it must be {limit} or more")
    for key in ("dropout", "average_decay"):
        if not 0 <= getattr(settings, key) < 1:
            raise MatcherError(f"matcher.{key} is {getattr(settings, key)}; it must be in 0..1, below 1")
    if settings.encoder not in ENCODERS:
        raise MatcherError(f"matcher.encoder is {settings.encoder!r}; known encoders: {', '.join(ENCODERS)}")
    if settings.encoder == "paper" and settings.canonical_start:
        raise MatcherError(
            "matcher.canonical_start is true, but encoder paper has no statistics to start from: set it to false"
        )
    if not settings.learning_rate > 0:
        raise MatcherError(f"matcher.learning_rate is {settings.learning_rate}; it must be positive (the paper: 1e-4)")


@dataclass(frozen=True)
class _Run:
    """The progress of a training: its history and the best weights so far."""

    history: History
    best_loss: float
    best_epoch: int
    best: Checkpoint


def _after_epoch(run: _Run, scored: dict[str, float], learner: Learner) -> _Run:
    """Add an epoch; without validation videos the last epoch counts as the best."""
    epoch = len(run.history) + 1
    watched = scored.get("validation_loss", -float(epoch))
    if not np.isfinite([watched, scored.get("train_loss", 0.0)]).all():
        rate = learner.settings.learning_rate
        raise MatcherError(f"the loss is not finite in epoch {epoch}; lower matcher.learning_rate = {rate}")
    history = [*run.history, {"epoch": epoch, **scored}]
    if watched < run.best_loss:
        return _Run(history, watched, epoch, learner.weights())
    return dataclasses.replace(run, history=history)


def _write_state(path: Path, run: _Run, learner: Learner, rng: np.random.Generator, *, purpose: str) -> None:
    """Write atomically everything that the rest of the training depends on."""
    random = json.dumps(rng.bit_generator.state)
    progress = {field.name: getattr(run, field.name) for field in dataclasses.fields(run)}
    write_plain(path, {"purpose": purpose, "run": progress, "learner": learner.state(), "random": random})


def _resume(path: Path, run: _Run, learner: Learner, rng: np.random.Generator, *, purpose: str) -> _Run:
    """Load the state of `path` into learner and rng; returns `run` if there is none or it is of another training."""
    try:
        saved = read_plain(path)
    except FileNotFoundError:
        return run
    except (OSError, ValueError) as error:
        log.warning("%s is not a complete training state (%s); training starts from the beginning", path, error)
        return run
    if not isinstance(saved, dict) or saved.get("purpose") != purpose:
        return run
    try:
        learner.load_state(saved["learner"])
        rng.bit_generator.state = json.loads(saved["random"])
        return _Run(**saved["run"])
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise MatcherError(
            f"{path} is not a state of this training ({one_line(error)}); delete it and train again"
        ) from error
