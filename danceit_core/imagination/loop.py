"""The loop around a training: resume, steps, averages, checkpoints, history, progress."""

import hashlib
import json
import logging
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from danceit_core.errors import ImaginationError
from danceit_core.imagination.adversarial import Duel
from danceit_core.imagination.checkpoint import TRAINING, resume, training_path, write

log = logging.getLogger(__name__)

History = list[dict[str, float]]
Progress = Callable[[int, int], None]


def fingerprint(*arrays: NDArray[Any], about: dict[str, Any]) -> str:
    """Digest of the data, the settings and the seed that a training belongs to."""
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for array in arrays:
        digest.update(str(array.shape).encode())
        # 64 evenly spaced entries tell one video from another; all of it would be gigabytes.
        for index in np.linspace(0, len(array) - 1, 64).astype(int):
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
) -> History:
    """Call `step(iteration)` until `iterations` are done; returns the history. The unfinished training stays.

    Every `checkpoint_every` iterations, and at the end, the losses since the last time are averaged, `review()` adds
    its figures and the state is saved beside `path`. print_of_it: fingerprint; a saved state with another is ignored.
    Raises ImaginationError if a loss is no longer finite.
    """
    history: History = []
    done, before_s = 0, 0.0
    saved = resume(path, fingerprint=print_of_it, device=device)
    if saved is not None:
        duel.restore(saved["duel"])
        history, done = saved["history"], int(saved["iteration"])
        before_s = history[-1]["seconds"]
        log.info("%s: going on after iteration %d", training_path(path), done)
    start_s = time.monotonic()
    sums: dict[str, Tensor] = {}
    counted = 0
    for iteration in range(done, iterations):
        for name, loss in step(iteration).items():
            sums[name] = sums.get(name, 0) + loss
        duel.update_average(iteration)
        counted += 1
        if progress is not None:
            progress(iteration + 1, iterations)
        if (iteration + 1) % checkpoint_every and iteration + 1 < iterations:
            continue
        row = {name: float(total) / counted for name, total in sums.items()}
        if not all(math.isfinite(value) for value in row.values()):
            raise ImaginationError(
                f"{path}: training diverged before iteration {iteration + 1} ({row}); lower learning_rate"
            )
        seconds = before_s + time.monotonic() - start_s
        history.append({"iteration": iteration + 1, "seconds": round(seconds, 2), **row, **review()})
        sums, counted = {}, 0
        state = {"fingerprint": print_of_it, "iteration": iteration + 1, "history": history, "duel": duel.state()}
        write(training_path(path), state, kind=TRAINING)
    return history
