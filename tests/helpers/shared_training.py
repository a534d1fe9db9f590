"""A training that several processes share out; they import it by its name."""

import contextlib
import os
import signal
from pathlib import Path
from unittest import mock

import torch

from danceit_core.config import PoseGanSettings
from danceit_core.errors import ImaginationError
from danceit_core.imagination.networks.discriminator import MultiScaleDiscriminator
from danceit_core.imagination.networks.generator import PoseGenerator
from danceit_core.imagination.training import adversarial
from danceit_core.imagination.training.adversarial import Duel
from danceit_core.imagination.training.distributed import is_first, sum_over_parts
from danceit_core.imagination.training.loop import run_training
from danceit_core.imagination.training.losses import pixel_loss

CPU = torch.device("cpu")
ITERATIONS, BATCH = 4, 3
TINY = PoseGanSettings(
    painter="paint", image_size=32, crop=False, channels=8, kernel=3, downsamplings=1, blocks=1, enhancer_blocks=1,
    background_plate=False, body_chart=False,
)  # fmt: skip


def train_toy(*, folder, device, progress, at_once=1, trouble=""):
    """A tiny GAN; every process draws the batch and paints its own part. Leaves the averaged weights, a file each."""
    rank = torch.distributed.get_rank() if torch.distributed.is_initialized() else 0
    duel = Duel.begin(
        PoseGenerator(TINY),
        MultiScaleDiscriminator(6, channels=8, scales=1),
        learning_rate=1e-3,
        average_decay=0.5,
        seed=1,
        device=device,
    )
    # Plain descent: Adam would take a whole step for the rounding of a gradient that is zero.
    networks = (duel.generator, duel.discriminator)
    duel.optimisers = tuple(torch.optim.SGD(network.parameters(), lr=0.0) for network in networks)

    def step(iteration):
        if trouble and rank == 1 and iteration == 2:
            if trouble == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            raise ImaginationError(trouble) if trouble != "bug" else RuntimeError("a bug")
        rng = torch.Generator().manual_seed(iteration)
        pose, real = torch.rand(2, BATCH, 3, 32, 32, generator=rng)
        weight = torch.rand(BATCH, 1, 32, 32, generator=rng)

        def learn(part, share):
            painted = duel.generator(pose[part]).picture
            pixel = pixel_loss(real[part], painted, weight[part])
            losses = duel.accumulate(
                pose[part], real=real[part], painted=painted, own_loss=pixel, feature_weight=1.0, share=share
            )
            return {**losses, "pixel": share * pixel.detach()}

        losses = sum_over_parts(learn, samples=BATCH, at_once=at_once)
        duel.update(progress=iteration / ITERATIONS)
        return losses

    def step_in_single_precision(iteration):
        with mock.patch.object(adversarial, "half_precision", return_value=contextlib.nullcontext()):
            return step(iteration)

    history = run_training(
        duel,
        step=step_in_single_precision,
        review=lambda: {"held_out": 1.0, "reviewed_by": float(rank)},
        iterations=ITERATIONS,
        checkpoint_every=2,
        path=Path(folder) / "toy",
        print_of_it="toy",
        device=device,
        progress=progress,
        checkpoint_minutes=0.0,
    )
    left = {"state": duel.state(), "history": history, "first": is_first()}
    torch.save({**left, "cards": os.environ.get("CUDA_VISIBLE_DEVICES")}, Path(folder) / f"{rank}.pt")
