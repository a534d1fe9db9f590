"""Script glue: what every rule's script needs around one call into the library.

    with stage(snakemake) as run:
        train_matcher(..., device=run.device, progress=run.progress)

A `DanceItError` becomes one line `error: ...`, the last of the rule's log, and exit status 1.
"""

import contextlib
import logging
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tqdm import tqdm

from danceit_core.errors import DanceItError, DeviceError

if TYPE_CHECKING:
    import torch

log = logging.getLogger("danceit")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Stage:
    """What a script hands on: a `progress(done, total)` callback, and the device to compute on."""

    gpus: int
    gpu_required: bool
    progress: Progress

    @property
    def device(self) -> "torch.device":
        """See `choose_device`."""
        return choose_device(self.gpus, required=self.gpu_required)


def count_gpus(resources: Mapping[str, Any]) -> int:
    """How many GPUs a job was given: by its resource `gpu`, or by a site's `gres`: `gpu`, `gpu:2`, `gpu:a100:2`."""
    kind, *more = str(resources.get("gres") or "").split(":")
    by_name = (int(more[-1]) if more and more[-1].isdigit() else 1) if kind == "gpu" else 0
    return int(resources.get("gpu") or by_name)


def choose_device(gpus: int, *, required: bool = False) -> "torch.device":
    """The GPU when the rule was given one and there is one, else the CPU, with a warning if one was promised.

    required: a promised GPU that is not there is a DeviceError. The profiles of clusters say so (`gpu_required=1`).
    """
    import torch  # noqa: PLC0415 (seconds, which most jobs need not wait for)

    if gpus and torch.cuda.is_available():
        return torch.device("cuda")
    if gpus and required:
        build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "the CPU only"
        raise DeviceError(
            f"a GPU was asked for, but PyTorch {torch.__version__}, built for {build}, finds none on "
            f"{platform.node()}; see what nvidia-smi says there, install PyTorch for CUDA, or set gpu_required=0 in "
            "the profile to compute on the CPU"
        )
    if gpus:
        log.warning("no GPU found; computing on the CPU")
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
        yield Stage(count_gpus(job.resources), bool(job.resources.get("gpu_required")), make_progress(name, path))
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
