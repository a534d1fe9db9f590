"""A training step that fits into memory: samples at once, number of parts, and activation checkpoints.

The batch size is that of the settings. If the batch does not fit at once, it is divided into parts whose gradients are
added (`Duel.accumulate`): networks with instance norm see each sample alone, so the step is the same. If not even one
sample fits, the stages of the generator keep only their inputs and compute the rest again in the backward pass.

Costs are measured, not estimated: by a trial step of one sample and one of two. On a GPU torch's allocator reports the
peak; elsewhere the bytes of all live tensors are counted, which misses workspaces but also works on `meta` tensors,
without computing anything. By this count the paper's network at 512 x 512 in single precision takes 3.9 GB (weights,
their average, gradients, Adam's averages) and 0.97 GB per picture, 0.61 GB with checkpoints.
"""

import contextlib
import functools
import logging
import math
import sys
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.checkpoint import checkpoint

from danceit_core.errors import ImaginationError
from danceit_core.imagination.networks.generator import ResidualBlock
from danceit_core.imagination.training.adversarial import Duel

log = logging.getLogger(__name__)

# Memory left for the allocator's gaps, workspaces of later steps, other programs.
USABLE = 0.9
MEGA, GIGA = 1e6, 1e9


@dataclass(frozen=True)
class SampleCost:
    """Peak bytes of a step besides weights and gradients: `fixed`, and `sample` for each sample."""

    fixed: float
    sample: float


@dataclass(frozen=True)
class MemoryPlan:
    """How a batch is processed: `accumulation` parts of at most `micro_batch` samples, with or without checkpoints."""

    micro_batch: int
    accumulation: int
    checkpointing: bool


def fit_batch(
    duel: Duel, trial: Callable[[int], object], *, batch_size: int, device: torch.device, limit_bytes: float = math.inf
) -> MemoryPlan:
    """Measure the trial (see `measure_sample`), choose the plan, and set the generator's checkpoints accordingly.

    batch_size: samples per step of this process. Call it before the first step and before a training is resumed.
    Raises ImaginationError if not even one sample fits into the free memory, or into limit_bytes.
    """
    free = free_bytes(device, limit_bytes=limit_bytes)
    values = [*duel.generator.parameters(), *duel.discriminator.parameters()]
    # Gradients and the two averages of Adam stay from the first step on.
    reserved = 3 * sum(value.numel() * value.element_size() for value in values)
    plain = checkpointed = measure_sample(trial, device=device)
    if _fitting(plain, free_bytes=free, reserved_bytes=reserved) < 1:
        checkpoint_stages(duel.generator, on=True)
        checkpointed = measure_sample(trial, device=device)
    room = {"free_bytes": free, "reserved_bytes": reserved}
    plan = plan_memory(batch_size, **room, plain=plain, checkpointed=checkpointed)
    if plan.micro_batch > 2:
        # Two samples say too little about many, because the peak may be at another moment of the step.
        tried = measure_sample(trial, device=device, samples=plan.micro_batch)
        plan = plan_memory(batch_size, **room, plain=plain if plan.checkpointing else tried, checkpointed=tried)
    duel.forget()
    checkpoint_stages(duel.generator, on=plan.checkpointing)
    log.info(
        "memory: %.0f MB per picture, %.0f MB free; a step of %d in %d part(s)%s",
        (checkpointed if plan.checkpointing else plain).sample / MEGA,
        free / MEGA,
        batch_size,
        plan.accumulation,
        ", the generator's stages computed twice" if plan.checkpointing else "",
    )
    return plan


def plan_memory(
    batch_size: int, *, free_bytes: float, reserved_bytes: float, plain: SampleCost, checkpointed: SampleCost
) -> MemoryPlan:
    """The plan with the fewest parts that fits, without activation checkpoints if possible (they cost time).

    free_bytes: free before the first step, with the weights loaded; reserved_bytes: what the first step will take
    permanently. Parts are as equal as possible. Raises ImaginationError if not even one sample fits.
    """
    for cost, checkpointing in ((plain, False), (checkpointed, True)):
        fitting = _fitting(cost, free_bytes=free_bytes, reserved_bytes=reserved_bytes)
        if fitting >= 1:
            accumulation = math.ceil(batch_size / min(batch_size, fitting))
            return MemoryPlan(math.ceil(batch_size / accumulation), accumulation, checkpointing)
    need = (checkpointed.fixed + checkpointed.sample + reserved_bytes) / USABLE
    raise ImaginationError(
        f"pose_gan: training needs {need / GIGA:.1f} GB of memory per picture, but {free_bytes / GIGA:.1f} GB are "
        "free; lower image_size or channels, or close other programs"
    )


def measure_sample(trial: Callable[[int], object], *, device: torch.device, samples: int = 2) -> SampleCost:
    """The cost of a step of up to `samples`, from trials of one and of `samples`: `trial(n)` adds to the gradients.

    The peak of a step is the maximum of several linear functions, so the line through both trials is an upper bound in
    between but may be too low beyond. The gradients exist after a first trial and are not part of the cost.
    """
    with contextlib.nullcontext() if device.type == "cuda" else LiveBytes() as live:
        try:
            trial(1)
            one = _peak(functools.partial(trial, 1), device, live)
        except torch.OutOfMemoryError:
            return SampleCost(0, math.inf)
        try:
            many = _peak(functools.partial(trial, samples), device, live)
        except torch.OutOfMemoryError:
            many = samples * one
    sample = max((many - one) / (samples - 1), 0)
    return SampleCost(max(one - sample, 0), sample)


def free_bytes(device: torch.device, *, limit_bytes: float = math.inf) -> float:
    """Bytes that this process may still take, at most `limit_bytes`; infinite if the system does not report it."""
    if device.type == "cuda":
        # Memory that torch holds but does not use counts as free.
        spare = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return min(limit_bytes, torch.cuda.mem_get_info(device)[0] + spare)
    return min(limit_bytes, _available(Path("/proc/meminfo")), _left_to_container(Path("/sys/fs/cgroup")))


def checkpoint_stages(network: nn.Module, *, on: bool) -> None:
    """Let the stages of a network keep only their inputs, or (on=False) all that the backward pass needs."""
    for stage in _stages(network):
        vars(stage).pop("forward", None)
        if on:
            # Set on the instance instead of wrapping it: weights keep their names, so saved trainings stay valid.
            vars(stage)["forward"] = functools.partial(
                checkpoint, stage.forward, use_reentrant=False, preserve_rng_state=False
            )


class LiveBytes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Within this context, the bytes of all live tensors made in it: `now`, and the maximum so far, `peak`."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.peak = 0
        self._alive: dict[int, weakref.ref] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operation, then count its results."""
        result = func(*args, **(kwargs or {}))
        for value in tree_leaves(result):
            if isinstance(value, Tensor):
                self._count(value.untyped_storage())
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        # A storage's Python object lives as long as the storage, so views and in-place results are not counted twice.
        key, size = id(storage), storage.nbytes()
        if key in self._alive:
            return

        def forget(_gone: weakref.ref) -> None:
            del self._alive[key]
            self.now -= size

        self._alive[key] = weakref.ref(storage, forget)
        self.now += size
        self.peak = max(self.peak, self.now)


def _fitting(cost: SampleCost, *, free_bytes: float, reserved_bytes: float) -> int:
    """How many samples fit at once, 0 or more."""
    room = USABLE * free_bytes - reserved_bytes - cost.fixed
    return int(min(max(room / max(cost.sample, 1), 0), sys.maxsize))


def _stages(network: nn.Module) -> Iterator[nn.Module]:
    """Residual blocks, and modules that consist only of layers, such as a convolution with its norm and activation."""
    for part in network.children():
        inner = list(part.children())
        if isinstance(part, ResidualBlock) or (inner and not any(list(layer.children()) for layer in inner)):
            yield part
        else:
            yield from _stages(part)


def _peak(step: Callable[[], object], device: torch.device, live: LiveBytes | None) -> int:
    """The peak bytes of `step` beyond those held before."""
    if live is not None:
        before = live.peak = live.now
        step()
        return live.peak - before
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    step()
    return torch.cuda.max_memory_allocated(device) - before


def _available(meminfo: Path) -> float:
    """Linux's MemAvailable, bytes."""
    lines = meminfo.read_text().splitlines() if meminfo.exists() else []
    return next((1024 * float(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), math.inf)


def _left_to_container(folder: Path) -> float:
    """Bytes left below a container's limit (cgroup 2)."""
    limit, used = folder / "memory.max", folder / "memory.current"
    if not limit.exists() or limit.read_text().strip() == "max":
        return math.inf
    return float(limit.read_text()) - float(used.read_text())
