"""Training on several GPUs of one machine: one process per GPU, all with the same weights.

Every process draws the whole batch of a step from the same generator and paints its own part of it (`my_parts`). The
gradients and losses, weighted by their share of the batch, are summed over the processes, so that all take the step
that one process would take with the whole batch, up to the rounding of a sum. Only the first process reviews and writes
files. In a training of one process, these functions have no effect.

`spawn` starts the processes through torchrun. They are separate programs, because a workflow script cannot be imported
by a child process, and reading frames is better than sending them.
"""

import contextlib
import datetime
import json
import logging
import os
import pkgutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed

from danceit_core.cards import visible_devices
from danceit_core.errors import DanceItError, ImaginationError

log = logging.getLogger(__name__)

# The longest time that the others wait for the first process, which reviews and saves, before they give up.
TIMEOUT = datetime.timedelta(minutes=10)
# Numbers per message: enough for the full speed of the connection, few enough to need little memory.
BUCKET = 25_000_000
PROGRESS = "progress"
Value = TypeVar("Value")


def processes() -> int:
    """How many processes train together; 1 outside `together`."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def is_first() -> bool:
    """Whether this process is the one that reviews and writes files."""
    return not distributed.is_initialized() or distributed.get_rank() == 0


def my_parts(samples: int, *, at_once: int) -> list[slice]:
    """The parts of a batch of `samples` that this process paints, each of at most `at_once` samples.

    Over all processes they make up the batch. Raises ImaginationError for fewer samples than processes.
    """
    if samples < processes():
        raise ImaginationError(
            f"batch_size is {samples}, less than the {processes()} GPUs; raise it, or give the training fewer GPUs "
            f"(--set-resources train_pose_gan:gpu={samples})"
        )
    rank = distributed.get_rank() if distributed.is_initialized() else 0
    first, last = samples * rank // processes(), samples * (rank + 1) // processes()
    return [slice(start, min(start + at_once, last)) for start in range(first, last, at_once)]


def sum_over_parts(
    learn: Callable[[slice, float], dict[str, Tensor]], *, samples: int, at_once: int
) -> dict[str, Tensor]:
    """The sum of the losses that `learn(part, share)` gives for each of `my_parts`; share: that of the batch, 0..1."""
    total: dict[str, Tensor] = {}
    for part in my_parts(samples, at_once=at_once):
        for name, loss in learn(part, (part.stop - part.start) / samples).items():
            total[name] = total[name] + loss if name in total else loss
    return total


@torch.no_grad()
def add_up(tensors: Iterable[Tensor]) -> None:
    """Replace each tensor by its sum over all processes, with the same bits in all of them."""
    if processes() == 1:
        return
    for bucket in _buckets(tensors):
        flat = torch.cat([tensor.flatten() for tensor in bucket])
        distributed.all_reduce(flat)
        for tensor, total in zip(bucket, torch.split(flat, [tensor.numel() for tensor in bucket]), strict=True):
            tensor.copy_(total.view(tensor.shape))


def add_up_losses(losses: dict[str, Tensor]) -> dict[str, Tensor]:
    """Scalar losses summed over all processes; each process gives the same names in the same order."""
    if processes() == 1:
        return losses
    total = torch.stack([loss.float() for loss in losses.values()])
    distributed.all_reduce(total)
    return dict(zip(losses, total, strict=True))


def from_first(make: Callable[[], Value]) -> Value:
    """The result of `make`, which is called only in the first process, in every process."""
    if processes() == 1:
        return make()
    box = [make() if is_first() else None]
    distributed.broadcast_object_list(box, src=0)
    return box[0]  # type: ignore[return-value]


def wait_for_all() -> None:
    """Wait until every process has reached this point."""
    if processes() > 1:
        distributed.barrier()


@contextlib.contextmanager
def together(kind: str) -> Iterator[torch.device]:
    """Join the processes that torchrun started; yields this one's device. kind: `cuda` or `cpu`."""
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if kind == "cuda" else torch.device("cpu")
    if kind == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group(
        "nccl" if kind == "cuda" else "gloo", timeout=TIMEOUT, device_id=device if kind == "cuda" else None
    )
    yield device
    # Not after an error, because the others may never get here; torchrun ends them.
    distributed.destroy_process_group()


def spawn(
    function: str,
    arguments: dict[str, Any],
    *,
    number: int,
    kind: str = "cuda",
    cards: Sequence[int] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Call `function(**arguments, device=, progress=)` in `number` processes and wait until all have ended.

    function: `module:name`. arguments: JSON values. kind: `cuda`, one GPU each, or `cpu`. cards: which of the GPUs that
    this process sees, `number` of them; None: the first. The function's return value is lost: it has to write files. An
    error in one process ends them all. Raises ImaginationError with the message of a known error, or with a reference
    to the log.
    """
    with tempfile.TemporaryDirectory() as folder:
        job, refusal = Path(folder) / "job.json", Path(folder) / "error"
        job.write_text(json.dumps({"function": function, "arguments": arguments, "kind": kind, "error": str(refusal)}))
        # 127.0.0.1, because the machine may not be able to resolve its own name; the port is a free one.
        launcher = ["-m", "torch.distributed.run", "--standalone", "--local-addr=127.0.0.1", "--shutdown-timeout=5"]
        command = [sys.executable, *launcher, f"--nproc-per-node={number}", "-m", __name__, str(job)]
        threads = max(1, torch.get_num_threads() // number)
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        if cards is not None:
            seen = os.environ.get("CUDA_VISIBLE_DEVICES")
            environment["CUDA_VISIBLE_DEVICES"] = visible_devices(cards, now=seen)
        running = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=environment
        )
        said = ""  # the last line of an error, as Python writes it
        try:
            for line in running.stdout or ():
                words = line.split()
                if words[:1] != [PROGRESS]:
                    log.info("%s", line.rstrip())
                    said = line.strip() if "Error" in line and not said else said
                elif progress is not None:
                    progress(int(words[1]), int(words[2]))
        except BaseException:
            running.terminate()  # torchrun passes it on
            raise
        finally:
            status = running.wait()
        if refusal.exists():
            raise ImaginationError(refusal.read_text())
        if status != 0:
            raise ImaginationError(
                f"one of {number} training processes failed ({said or f'status {status}'}); see the lines above in the "
                "log"
            )


def main() -> None:
    """What torchrun runs in each process: the job whose file is the one argument."""
    job = json.loads(Path(sys.argv[1]).read_text())
    first = os.environ["RANK"] == "0"
    logging.basicConfig(level=logging.INFO if first else logging.WARNING, format="%(levelname)s: %(message)s")

    def tell(done: int, total: int) -> None:
        # If nobody listens any more, the broken pipe ends this process.
        print(PROGRESS, done, total, flush=True)

    try:
        with together(job["kind"]) as device:
            work = pkgutil.resolve_name(job["function"])
            work(**job["arguments"], device=device, progress=tell if first else None)
    except DanceItError as error:
        with contextlib.suppress(FileExistsError), Path(job["error"]).open("x") as file:
            file.write(str(error))
        sys.exit(1)


def _buckets(tensors: Iterable[Tensor]) -> Iterator[list[Tensor]]:
    bucket: list[Tensor] = []
    numbers = 0
    for tensor in tensors:
        if bucket and numbers + tensor.numel() > BUCKET:
            yield bucket
            bucket, numbers = [], 0
        bucket.append(tensor)
        numbers += tensor.numel()
    if bucket:
        yield bucket


if __name__ == "__main__":
    main()
