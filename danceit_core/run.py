"""What every rule's script needs around its one call into the library.

    with stage(snakemake) as run:
        train_matcher(..., device=run.device, progress=run.progress)

A `DanceItError` becomes one line `error: ...`, the last line of the rule's log, and exit status 1. The library's own
warnings go to the log and to the terminal.
"""

import contextlib
import errno
import logging
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tqdm import tqdm

from danceit_core.cards import take_cards
from danceit_core.errors import DanceItError, DeviceError
from danceit_core.unchanged import Inputs

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)
Progress = Callable[[int, int], None]
BAR_AFTER_S, LINE_EVERY_S = 2.0, 60.0
# Logs are UTF-8 in any locale; a file name may hold bytes that are not text.
LOG_TEXT: Any = {"encoding": "utf-8", "errors": "backslashreplace"}
# The messages of PyTorch on the CPU, PyTorch on the GPU, and OpenCV.
OUT_OF_MEMORY = ("can't allocate memory", "out of memory", "Insufficient memory")


@dataclass(frozen=True)
class Stage:
    """What a script passes to the library: a `progress(done, total)` callback, and the devices to compute on."""

    gpus: int
    gpu_required: bool
    progress: Progress

    @cached_property
    def device(self) -> "torch.device":
        """The device of a job that uses only one, however many it was given; see `choose_devices`, which warns once."""
        return self.devices(most=1)[0]

    def devices(self, *, most: int) -> "list[torch.device]":
        """The devices of a job that can use up to `most` of what it was given, at least one."""
        return choose_devices(min(self.gpus, max(1, most)), required=self.gpu_required)


def count_gpus(resources: Mapping[str, Any]) -> int:
    """The number of GPUs of a job, from its resource `gpu` or a cluster's `gres`: `gpu`, `gpu:2`, `gpu:a100:2`."""
    kind, *more = str(resources.get("gres") or "").split(":")
    by_name = (int(more[-1]) if more and more[-1].isdigit() else 1) if kind == "gpu" else 0
    return int(resources.get("gpu") or by_name)


def choose_devices(gpus: int, *, required: bool = False) -> "list[torch.device]":
    """The GPUs that the rule was given, as far as they exist; else the CPU, with a warning if a GPU was promised.

    No other job of this user computes on these GPUs (`cards.take_cards` waits for them, and keeps them until the
    process ends). A single GPU becomes PyTorch's current device. On SLURM they are the first ones of the job.

    required: a promised GPU that is missing raises DeviceError; cluster profiles set it (`gpu_required=1`).
    """
    import torch  # noqa: PLC0415 (seconds, which most jobs need not wait for)

    if gpus and torch.cuda.is_available():
        seen = torch.cuda.device_count()
        handed_out = "SLURM_JOB_ID" in os.environ
        cards = list(range(min(gpus, seen))) if handed_out else take_cards(gpus, names=[_card(k) for k in range(seen)])
        log.info("computing on GPU %s of %d", ", ".join(map(str, cards)), seen)
        if len(cards) == 1:  # several GPUs are used by one process each; this process then needs no GPU memory
            torch.cuda.set_device(cards[0])
        return [torch.device("cuda", card) for card in cards]
    if gpus and required:
        build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "the CPU only"
        raise DeviceError(
            f"a GPU was requested, but PyTorch {torch.__version__}, built for {build}, finds none on "
            f"{platform.node()}; run nvidia-smi there, install PyTorch for CUDA, or set gpu_required=0 in the profile "
            "to compute on the CPU"
        )
    if gpus:
        log.warning("no GPU found; computing on the CPU")
    return [torch.device("cpu")]


def _card(number: int) -> str:
    """A name for a visible card that is the same in all jobs, however CUDA numbers it."""
    import torch  # noqa: PLC0415

    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    # Parts of one card (MIG) may share its UUID.
    if number < len(visible) and visible[number].startswith("MIG-"):
        return visible[number]
    return str(torch.cuda.get_device_properties(number).uuid)


def make_progress(name: str, log_path: Path) -> Progress:
    """A progress bar with an estimate on a terminal, lines in a file; at most one line per ten seconds in the log."""
    show = _show_bar(name) if sys.stderr.isatty() else _show_lines(name)
    last_s = 0.0

    def progress(done: int, total: int) -> None:
        nonlocal last_s
        show(done, total)
        if time.monotonic() - last_s > 10 or done >= total:
            last_s = time.monotonic()
            with log_path.open("a", **LOG_TEXT) as file:
                file.write(f"{name}: {done} of {total}\n")

    return progress


def _show_bar(name: str) -> Progress:
    """A progress bar that is removed at the end; none for work that takes less than BAR_AFTER_S."""
    bar: tqdm | None = None

    def show(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            bar = tqdm(desc=name, unit="", dynamic_ncols=True, mininterval=1.0, delay=BAR_AFTER_S, leave=False)
        bar.total = total
        bar.update(done - bar.n)
        if done >= total:
            bar.close()
            bar = None

    return show


def _show_lines(name: str) -> Progress:
    """Whole lines, LINE_EVERY_S apart, so that redirected output is neither flooded nor one long line."""
    first_s = last_s = time.monotonic()
    first = 0

    def show(done: int, total: int) -> None:
        nonlocal first, first_s, last_s
        now_s = time.monotonic()
        if done <= first or done >= total:  # restarted, or finished, which Snakemake reports
            first, first_s, last_s = (0 if done >= total else done), now_s, now_s
        elif now_s - last_s >= LINE_EVERY_S:
            last_s = now_s
            left_s = (now_s - first_s) * (total - done) / (done - first)
            print(f"{name}: {done} of {total}, about {tqdm.format_interval(left_s)} left", file=sys.stderr, flush=True)

    return show


class Job(Protocol):
    """What a workflow's script needs of its job; the object `snakemake` provides all of it."""

    rule: str
    input: Sequence[str]
    output: Sequence[str]
    log: Sequence[str]
    threads: int
    resources: Any


@contextlib.contextmanager
def stage(job: Job) -> Iterator[Stage]:
    """Run one stage: log to the job's log, choose the device, limit threads, turn an error into one line.

    An input that was replaced meanwhile is an error, too: the result would match neither version.
    """
    name, path = job.rule, Path(job.log[0])
    _open_log(path, name=name)
    if (torch := sys.modules.get("torch")) is not None:  # a script that uses torch has imported it by now
        torch.set_num_threads(max(1, min(job.threads, torch.get_num_threads())))
    start_s, inputs = time.monotonic(), Inputs(job.input)
    try:
        yield Stage(count_gpus(job.resources), bool(job.resources.get("gpu_required")), make_progress(name, path))
        if changed := inputs.changed():
            fail(path, f"{changed[0]} was changed while {name} read it; run again when it is complete")
        log.info("%s took %.1f s", name, time.monotonic() - start_s)
    except Exception as error:
        message = explain(error, name=name, folder=Path(job.output[0]).parent)
        if message is None:
            log.exception("%s failed", name)
            message = f"{name} failed unexpectedly; please report the lines above with your configuration"
        if changed := inputs.changed():
            message += f" ({changed[0]} was changed while it was read)"
        fail(path, message)


def _open_log(path: Path, *, name: str) -> None:
    """Send all messages to a job's log, and the library's own warnings also to the terminal, with the job's name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    # Append: progress, the last line of an error and messages of other libraries go to the same file.
    handler = logging.FileHandler(path, mode="a", **LOG_TEXT)
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)
    terminal = logging.StreamHandler()
    terminal.addFilter(lambda record: record.levelno == logging.WARNING)  # Snakemake shows errors
    terminal.setFormatter(logging.Formatter(f"warning: {' '.join(dict.fromkeys([name, path.stem]))}: %(message)s"))
    logging.getLogger("danceit_core").handlers = [terminal]


def explain(error: Exception, *, name: str, folder: Path) -> str | None:
    """One line about an error that a user can fix; None for any other error. folder: that of the job's results."""
    if _says(error, errno.ENOSPC, "No space left on device"):
        return f"{name}: no space left on the disk of {folder} ({_free_mb(folder)}); free some space and run again"
    if _says(error, errno.EROFS, "Read-only file system"):
        return f"{name}: {folder} cannot be written to; make it writable, or set results to another folder"
    if isinstance(error, DanceItError):
        return str(error)
    if isinstance(error, MemoryError) or any(words in str(error) for words in OUT_OF_MEMORY):
        return (
            f"{name}: not enough memory ({str(error).partition(chr(10))[0] or 'none was left'}); let fewer jobs run at "
            "once (--cores), lower its section's batch_size, or use a larger machine"
        )
    if isinstance(error, OSError):
        return f"{error.filename or name}: {error.strerror or error}"
    return None


def _says(error: BaseException | None, number: int, words: str) -> bool:
    """Whether an error or one of its causes is the system error `number`; libraries pass on only its `words`."""
    while error is not None:
        if getattr(error, "errno", None) == number or words in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _free_mb(folder: Path) -> str:
    try:
        return f"{shutil.disk_usage(folder).free / 1e6:,.1f} MB are free"
    except OSError:
        return "the folder is missing"


def fail(log_path: Path, message: str) -> None:
    """Write the one line that says what went wrong, to the log and the terminal, and exit with status 1."""
    line = "error: " + " ".join(message.split())
    try:
        with log_path.open("a", **LOG_TEXT) as file:
            file.write(line + "\n")
    except OSError:  # the full disk may be that of the log
        print(line, file=sys.stderr)
    sys.exit(1)
