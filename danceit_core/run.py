"""Script glue: what every rule's script needs around one call into the library.

    with stage(snakemake) as run:
        train_matcher(..., device=run.device, progress=run.progress)

A `DanceItError` becomes one line `error: ...`, the last of the rule's log, and exit status 1.
"""

import contextlib
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tqdm import tqdm

from danceit_core.errors import DanceItError

if TYPE_CHECKING:
    import torch

log = logging.getLogger("danceit")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Stage:
    """What a script hands on: a `progress(done, total)` callback, and the device to compute on."""

    gpus: int
    progress: Progress

    @property
    def device(self) -> "torch.device":
        """See `choose_device`."""
        return choose_device(self.gpus)


def choose_device(gpus: int) -> "torch.device":
    """The GPU when the rule was given one and there is one, else the CPU, with a warning if one was promised."""
    import torch  # noqa: PLC0415 (seconds, which most jobs need not wait for)

    if gpus and torch.cuda.is_available():
        return torch.device("cuda")
    if gpus:
        log.info("no GPU found; computing on the CPU")
    return torch.device("cpu")


def make_progress(name: str, log_path: Path) -> Progress:
    """A progress bar on the terminal, and at most one line in ten seconds in the log."""
    bar: tqdm | None = None
    last_s = 0.0
    # A terminal shows a moving bar; a file that catches the output should not fill with it.
    interval_s = 1.0 if sys.stderr.isatty() else 30.0

    def progress(done: int, total: int) -> None:
        nonlocal bar, last_s
        if bar is None:
            bar = tqdm(total=total, desc=name, unit="", dynamic_ncols=True, mininterval=interval_s)
        bar.total = total
        bar.update(done - bar.n)
        if done >= total:
            bar.refresh()
            bar.close()
            bar = None
        if time.monotonic() - last_s > 10 or done >= total:
            last_s = time.monotonic()
            with log_path.open("a") as file:
                file.write(f"{name}: {done} of {total}\n")

    return progress


class Job(Protocol):
    """What a workflow's script knows of its job: `snakemake` has all of it."""

    rule: str
    log: Sequence[str]
    threads: int
    resources: Any


@contextlib.contextmanager
def stage(job: Job) -> Iterator[Stage]:
    """Run one stage: log to the job's log, choose the device, limit threads, turn a known error into one line."""
    name, path = job.rule, Path(job.log[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    # Appending: progress, the last line of an error and the libraries' messages go to the same file.
    handler = logging.FileHandler(path, mode="a")
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)
    if (torch := sys.modules.get("torch")) is not None:  # a script that uses it has imported it by now
        torch.set_num_threads(max(1, min(job.threads, torch.get_num_threads())))
    start_s = time.monotonic()
    try:
        yield Stage(job.resources.get("gpu", 0), make_progress(name, path))
        log.info("%s took %.1f s", name, time.monotonic() - start_s)
    except DanceItError as error:
        fail(path, str(error))
    except OSError as error:
        fail(path, f"{error.filename or name}: {error.strerror or error}")
    except Exception:
        log.exception("%s failed", name)
        fail(path, f"{name} failed unexpectedly; the lines above say where. Please report them with your configuration")


def fail(log_path: Path, message: str) -> None:
    """Write the one line that says what went wrong, to the log and the terminal, and exit with status 1."""
    line = "error: " + " ".join(message.split())
    with log_path.open("a") as file:
        file.write(line + "\n")
    sys.exit(1)
