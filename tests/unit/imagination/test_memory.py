"""What a step costs, what fits, and that a batch taken in parts or computed twice gives the same gradients."""

import contextlib
import math
from unittest import mock

import pytest
import torch
from torch import nn

from danceit_core.config import PoseGanSettings
from danceit_core.errors import ImaginationError
from danceit_core.imagination.networks.discriminator import MultiScaleDiscriminator
from danceit_core.imagination.networks.generator import PoseGenerator
from danceit_core.imagination.training import adversarial, memory
from danceit_core.imagination.training.adversarial import Duel
from danceit_core.imagination.training.losses import pixel_loss
from danceit_core.imagination.training.memory import (
    LiveBytes,
    MemoryPlan,
    SampleCost,
    checkpoint_stages,
    fit_batch,
    free_bytes,
    measure_sample,
    plan_memory,
)

CPU = torch.device("cpu")
BATCH = 4
TINY = PoseGanSettings(
    painter="paint", image_size=32, crop=False, channels=8, kernel=3, downsamplings=1, blocks=2, enhancer_blocks=1,
    background_plate=False, body_chart=False,
)  # fmt: skip
PLAIN, CHECKPOINTED = SampleCost(100.0, 1000.0), SampleCost(200.0, 400.0)


@pytest.fixture(autouse=True)
def single_precision(monkeypatch):
    """Equal to the rounding of a sum: half precision would round each part's weights on their own."""
    monkeypatch.setattr(adversarial, "half_precision", lambda _device: contextlib.nullcontext())


def tiny_duel(device=CPU):
    with torch.device(device):
        networks = PoseGenerator(TINY), MultiScaleDiscriminator(6, channels=8, scales=1)
    if device == CPU:
        return Duel.begin(*networks, learning_rate=1e-3, average_decay=0.9, seed=1, device=CPU)
    optimisers = tuple(torch.optim.SGD(network.parameters(), lr=0.0) for network in networks)
    return Duel(*networks, networks[0], optimisers, 1e-3, 0.9)


def accumulate(duel, part, *, share):
    rng = torch.Generator().manual_seed(5)
    pose, real = torch.rand(2, BATCH, 3, 32, 32, generator=rng)
    weight = torch.rand(BATCH, 1, 32, 32, generator=rng)
    device = next(duel.generator.parameters()).device
    pose, real, weight = (value[part].to(device) for value in (pose, real, weight))
    painted = duel.generator(pose).picture
    return duel.accumulate(
        pose, real=real, painted=painted, own_loss=pixel_loss(real, painted, weight), feature_weight=1.0, share=share
    )


def gradients(duel):
    values = [*duel.generator.named_parameters(), *duel.discriminator.named_parameters()]
    return {name: value.grad.clone() for name, value in values}


def assert_same_gradients(a, b):
    for name, value in a.items():
        # A bias before a normalisation has no gradient but rounding.
        torch.testing.assert_close(value, b[name], rtol=1e-4, atol=1e-5, msg=name)


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_batch_in_parts_gives_the_gradients_and_losses_of_the_whole(at_once):
    whole, parts = tiny_duel(), tiny_duel()
    losses = accumulate(whole, slice(None), share=1.0)
    summed = dict.fromkeys(losses, 0.0)
    for start in range(0, BATCH, at_once):
        part = slice(start, min(start + at_once, BATCH))
        for name, loss in accumulate(parts, part, share=(part.stop - part.start) / BATCH).items():
            summed[name] += float(loss)
    assert summed == pytest.approx({name: float(loss) for name, loss in losses.items()}, rel=1e-4)
    assert_same_gradients(gradients(whole), gradients(parts))


def test_what_is_computed_twice_gives_the_same_gradients_under_the_same_names():
    plain, twice = tiny_duel(), tiny_duel()
    checkpoint_stages(twice.generator, on=True)
    for duel in (plain, twice):
        accumulate(duel, slice(None), share=1.0)
    assert_same_gradients(gradients(plain), gradients(twice))
    assert plain.generator.state_dict().keys() == twice.generator.state_dict().keys()
    checkpoint_stages(twice.generator, on=False)
    assert not any("forward" in vars(part) for part in twice.generator.modules())


@pytest.mark.parametrize(
    ("free", "plan"),
    [
        (1e9, MemoryPlan(8, 1, False)),
        (math.inf, MemoryPlan(8, 1, False)),
        (9_000 / 0.9, MemoryPlan(8, 1, False)),
        (8_599 / 0.9, MemoryPlan(4, 2, False)),  # seven would fit: two parts of four rather than seven and one
        (3_700 / 0.9, MemoryPlan(3, 3, False)),
        (1_600 / 0.9, MemoryPlan(1, 8, False)),
        (1_599 / 0.9, MemoryPlan(2, 4, True)),  # not one in full: two with checkpoints
        (1_101 / 0.9, MemoryPlan(1, 8, True)),
    ],
)
def test_the_plan_has_the_fewest_parts_that_fit(free, plan):
    found = plan_memory(8, free_bytes=free, reserved_bytes=500, plain=PLAIN, checkpointed=CHECKPOINTED)
    assert found == plan
    cost = CHECKPOINTED if plan.checkpointing else PLAIN
    assert cost.fixed + plan.micro_batch * cost.sample + 500 <= 0.9 * free + 1
    assert plan.micro_batch * plan.accumulation >= 8


def test_too_little_memory_is_refused_in_one_line():
    with pytest.raises(ImaginationError, match=r"needs 9\.0 GB of memory per picture, but 8\.0 GB are free; "):
        plan_memory(
            1, free_bytes=8e9, reserved_bytes=4e9, plain=SampleCost(0, math.inf), checkpointed=SampleCost(0, 4.1e9)
        )


def test_live_bytes_are_those_of_tensors_that_exist():
    with LiveBytes() as live:
        a = torch.zeros(1000)  # 4,000 bytes
        b = a.view(10, 100)[2:].mul_(2)  # nothing new
        assert (live.now, live.peak) == (4000, 4000)
        c = a + 1
        del a, b
        assert (live.now, live.peak) == (4000, 8000)
        del c
        assert (live.now, live.peak) == (0, 8000)


def test_the_cost_of_a_sample_is_what_the_layers_keep():
    network = nn.Sequential(nn.Linear(100, 100), nn.Tanh(), nn.Linear(100, 1))

    def trial(samples):
        network(torch.zeros(samples, 100)).sum().backward()

    # With many samples the most is held at the end of the way forth: input, first layer, tanh, a number or two.
    many = measure_sample(trial, device=CPU, samples=2000)
    assert 300 * 4 <= many.sample <= 420 * 4
    # With few of them it is held when the first layer's weights have got their gradient.
    few = measure_sample(trial, device=CPU)
    assert few.sample < many.sample
    assert 100 * 100 * 4 <= few.fixed <= sum(value.numel() * 4 for value in network.parameters()) + 100


def test_cost_is_measured_without_computing_and_is_linear():
    meta = torch.device("meta")
    duel = tiny_duel(meta)

    def trial(samples):
        accumulate(duel, slice(0, samples), share=1.0)

    plain = measure_sample(trial, device=meta)
    with LiveBytes() as live:
        trial(1)
        before = live.peak = live.now
        trial(4)
    assert live.peak - before == pytest.approx(plain.fixed + 4 * plain.sample, rel=0.02)
    checkpoint_stages(duel.generator, on=True)
    assert measure_sample(trial, device=meta).sample < 0.9 * plain.sample


def fit(duel, free):
    with mock.patch.object(memory, "free_bytes", return_value=free):
        return fit_batch(duel, lambda n: accumulate(duel, slice(0, n), share=n / BATCH), batch_size=BATCH, device=CPU)


def test_a_duel_is_fitted_to_what_is_free():
    duel = tiny_duel()
    before = {name: value.clone() for name, value in duel.generator.state_dict().items()}
    assert fit(duel, 1e9) == MemoryPlan(BATCH, 1, False)
    assert all(value.grad is None for value in duel.generator.parameters())
    assert all(torch.equal(value, before[name]) for name, value in duel.generator.state_dict().items())
    held = 3 * sum(v.numel() * 4 for net in (duel.generator, duel.discriminator) for v in net.parameters())
    plain = measure_sample(lambda n: accumulate(duel, slice(0, n), share=1.0), device=CPU)
    duel.forget()
    enough = (held + plain.fixed + 2.5 * plain.sample) / 0.9
    assert fit(duel, enough) == MemoryPlan(2, 2, False)
    scarce = (held + plain.fixed + 0.95 * plain.sample) / 0.9
    assert fit(duel, scarce) == MemoryPlan(1, 4, True)
    assert any("forward" in vars(part) for part in duel.generator.modules())
    with pytest.raises(ImaginationError, match="of memory per picture"):
        fit(duel, held)


def test_what_is_free_is_bounded_by_what_is_allowed(tmp_path):
    assert 0 < free_bytes(CPU) < 1e15
    assert free_bytes(CPU, limit_bytes=5e6) == 5e6
    (tmp_path / "meminfo").write_text("MemTotal: 900 kB\nMemAvailable:     100 kB\n")
    assert memory._available(tmp_path / "meminfo") == 102400
    assert memory._available(tmp_path / "none") == math.inf
    assert memory._left_to_container(tmp_path) == math.inf
    (tmp_path / "memory.current").write_text("700\n")
    for limit, left in (("max\n", math.inf), ("1000\n", 300)):
        (tmp_path / "memory.max").write_text(limit)
        assert memory._left_to_container(tmp_path) == left
