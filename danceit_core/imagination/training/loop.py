"""The training loop: resume, steps, averages, saved states, history, best weights, progress.

The state is saved at regular times and with every row of the history. It contains everything that the rest of the
training depends on, including the sums of the unfinished row. A training that is killed at any moment continues from
its last saved state and ends with the same weights as one that was not (same machine, CPU, number of threads).
"""

import hashlib
import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from danceit_core.errors import ImaginationError
from danceit_core.files import whole_file, write_history
from danceit_core.imagination.networks.checkpoint import TRAINING, resume, training_path, write
from danceit_core.imagination.training.adversarial import Duel
from danceit_core.imagination.training.distributed import add_up_losses, from_first, is_first, wait_for_all
from danceit_core.tables import one_line
from danceit_core.versions import STAGE_VERSIONS

log = logging.getLogger(__name__)

# Arrays of up to this many bytes are digested completely, of larger ones this many entries.
WHOLE_BYTES, SAMPLES = 16_000_000, 64

History = list[dict[str, float]]
Progress = Callable[[int, int], None]


def fingerprint(*arrays: NDArray[Any], stage: str, source: str, about: dict[str, Any]) -> str:
    """Digest of a training's inputs; a saved state is resumed only if it has the same one.

    arrays: its data. stage: a key of `STAGE_VERSIONS`, so that a state of another version of DanceIt is not resumed.
    source: `TargetFrames.source`. about: its settings and random seed.
    """
    known = {"version": f"{stage} {STAGE_VERSIONS[stage]}", "source": source, **about}
    digest = hashlib.sha256(json.dumps(known, sort_keys=True).encode())
    for array in arrays:
        digest.update(str(array.shape).encode())
        if array.nbytes <= WHOLE_BYTES:
            digest.update(np.ascontiguousarray(array).tobytes())
            continue
        # For gigabytes of pictures, evenly spaced entries are enough; `source` distinguishes videos.
        for index in np.linspace(0, len(array) - 1, SAMPLES).astype(int):
            digest.update(np.ascontiguousarray(array[index]).tobytes())
    return digest.hexdigest()


def run_training(
    duel: Duel,
    *,
    step: Callable[[int], dict[str, Tensor]],
    review: Callable[[], dict[str, float]],
    iterations: int,
    checkpoint_every: int,
    path: Path,
    print_of_it: str,
    device: torch.device,
    progress: Progress | None,
    checkpoint_minutes: float = 2.0,
    patience: int = 0,
    watched: str = "held_out",
    history_path: str | Path | None = None,
    curves_path: str | Path | None = None,
) -> History:
    """Call `step(iteration)` until `iterations` are done; returns the history. The unfinished training is kept.

    Every `checkpoint_every` iterations, and at the end, the losses since the last time are averaged and `review()` adds
    its figures: a row of the history. With each row, and `checkpoint_minutes` after the last time, the state is saved
    next to `path`. print_of_it: fingerprint; a saved state with another one is ignored.

    patience: end after this many consecutive reviews in which the figure `watched` was not lower than ever before, and
    take the averaged weights of the best review; 0: train to the end and take the last. history_path, curves_path: JSON
    lines and PNG, rewritten with each row.
    With several processes, all call this, and `step` gives their part of the losses; the first reviews and writes.
    Raises ImaginationError if a loss is no longer finite.
    """
    run = _Run()
    saved = resume(path, fingerprint=print_of_it, device=device)
    if saved is not None:
        try:
            duel.restore(saved["duel"])
            run = _Run(**saved["run"])
            run.best = None if run.best is None else {name: value.cpu() for name, value in run.best.items()}
        except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ImaginationError(
                f"{training_path(path)} is not a state of this training ({one_line(error)}); delete it and train again"
            ) from error
        log.info("%s: continuing after iteration %d", training_path(path), run.iteration)
        _publish(run.history, history_path, curves_path)
    # The first process removes the state at the end; by then all processes must have read it.
    wait_for_all()
    before_s, start_s = run.seconds, time.monotonic()
    saved_s = start_s
    while run.iteration < iterations and not (patience and run.idle_reviews >= patience):
        run.count(add_up_losses(step(run.iteration)))
        duel.update_average(run.iteration - 1)
        if progress is not None:
            progress(run.iteration, iterations)
        now_s = time.monotonic()
        row_is_due = run.iteration % checkpoint_every == 0 or run.iteration == iterations
        if not row_is_due and now_s - saved_s < 60 * checkpoint_minutes:
            continue
        losses = run.mean_losses(path)
        run.seconds = before_s + now_s - start_s
        if row_is_due:
            figures = from_first(review)
            run.close_row({**losses, **figures})
            if patience:
                run.keep_best(figures[watched], duel)
        if is_first():
            state = {"fingerprint": print_of_it, "run": vars(run), "duel": duel.state()}
            write(training_path(path), state, kind=TRAINING)
            if row_is_due:
                _publish(run.history, history_path, curves_path)
        saved_s = time.monotonic()
    if run.iteration < iterations:
        log.info("%s: not better for %d reviews; ended after iteration %d", path, run.idle_reviews, run.iteration)
        if progress is not None:
            progress(run.iteration, run.iteration)
    if run.best is not None:
        duel.average.load_state_dict(run.best)
    return run.history


@dataclass
class _Run:
    """The state of a training. sums: those of the losses of `counted` iterations since the last row of the history.

    best: averaged weights at the lowest watched figure, kept only with patience; idle_reviews: reviews since then.
    """

    iteration: int = 0
    seconds: float = 0.0
    history: History = field(default_factory=list)
    sums: dict[str, Tensor] = field(default_factory=dict)
    counted: int = 0
    best: dict[str, Tensor] | None = None
    best_figure: float = math.inf
    idle_reviews: int = 0

    def count(self, losses: dict[str, Tensor]) -> None:
        """Count one more iteration with these losses."""
        for name, loss in losses.items():
            self.sums[name] = self.sums.get(name, 0) + loss
        self.counted += 1
        self.iteration += 1

    def mean_losses(self, path: Path) -> dict[str, float]:
        """Means since the last row. Raises ImaginationError if one is not finite: nothing can be saved or continued."""
        row = {name: float(total) / self.counted for name, total in self.sums.items()}
        if not all(math.isfinite(value) for value in row.values()):
            raise ImaginationError(
                f"{path}: training diverged before iteration {self.iteration} ({row}); lower learning_rate"
            )
        return row

    def close_row(self, figures: dict[str, float]) -> None:
        """Add a row to the history and begin the next."""
        self.history.append({"iteration": self.iteration, "seconds": round(self.seconds, 2), **figures})
        self.sums, self.counted = {}, 0

    def keep_best(self, figure: float, duel: Duel) -> None:
        """Keep the averaged weights if `figure` is the lowest so far (on the CPU, to save GPU memory)."""
        self.idle_reviews += 1
        if figure < self.best_figure:
            self.best_figure, self.idle_reviews = figure, 0
            self.best = {name: value.to("cpu", copy=True) for name, value in duel.average.state_dict().items()}


def _publish(history: History, history_path: str | Path | None, curves_path: str | Path | None) -> None:
    """Write the history so far, for users who watch the training."""
    if history_path is not None and is_first():
        write_history(history_path, history)
    if curves_path is not None and history and is_first():
        draw_curves(history, curves_path)


def draw_curves(history: History, path: str | Path) -> None:
    """PNG of every figure of the history by iteration, one small plot each."""
    names = [name for name in history[-1] if name not in {"iteration", "seconds"}]
    columns = min(3, len(names))
    figure = Figure(figsize=(3.2 * columns, 2.2 * math.ceil(len(names) / columns)), layout="constrained")
    plots = figure.subplots(math.ceil(len(names) / columns), columns, squeeze=False).flat
    for name, axes in zip(names, plots, strict=False):
        axes.plot([row["iteration"] for row in history], [row[name] for row in history], ".-")
        axes.set_title(name, fontsize=9)
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in list(figure.axes)[len(names) :]:
        axes.set_axis_off()
    with whole_file(path) as partial:
        figure.savefig(partial, dpi=110, format="png")
