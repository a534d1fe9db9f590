"""The training of a tiny GAN, also as a program: tiny_training.py PATH UNTIL."""

import itertools
import sys
from pathlib import Path
from types import SimpleNamespace

import torch

from danceit_core.config import PoseGanSettings
from danceit_core.imagination.networks.discriminator import MultiScaleDiscriminator
from danceit_core.imagination.networks.generator import PoseGenerator
from danceit_core.imagination.training import loop
from danceit_core.imagination.training.adversarial import Duel
from danceit_core.imagination.training.loop import run_training
from danceit_core.imagination.training.losses import pixel_loss

CPU = torch.device("cpu")
ITERATIONS, ROW, INTERVAL = 36, 15, 3
TINY = PoseGanSettings(
    painter="paint", image_size=32, crop=False, channels=8, kernel=3, downsamplings=1, blocks=1, enhancer_blocks=1,
    background_plate=False, body_chart=False,
)  # fmt: skip


def tiny_duel(seed=1):
    return Duel.begin(
        PoseGenerator(TINY),
        MultiScaleDiscriminator(6, channels=8, scales=1),
        learning_rate=1e-3,
        average_decay=0.9,
        seed=seed,
        device=CPU,
    )


def tiny_step(duel, iteration):
    rng = torch.Generator().manual_seed(iteration)
    pose, real = torch.rand(2, 2, 3, 32, 32, generator=rng)
    painted = duel.generator(pose).picture
    own_loss = pixel_loss(real, painted, torch.ones(2, 1, 32, 32))
    return duel.step(
        pose, real=real, painted=painted, own_loss=own_loss, feature_weight=1.0, progress=iteration / ITERATIONS
    )


def train_tiny(path, *, progress=None, **options):
    """A tiny GAN trained to the end; its history. What it has become is in `duel` and in the file `path`."""
    duel = tiny_duel()
    history = run_training(
        duel,
        step=lambda iteration: tiny_step(duel, iteration),
        review=lambda: {"held_out": float(sum(p.abs().sum() for p in duel.average.parameters()))},
        iterations=ITERATIONS,
        checkpoint_every=ROW,
        path=path,
        print_of_it="tiny",
        device=CPU,
        progress=progress,
        **options,
    )
    torch.save({"duel": duel.state(), "history": history}, path)
    return history


def main(path, until):
    """What `run_program` starts. Its clock goes on by a second with each look at it: every third step is saved."""

    def tell(done, _total):
        print(done, flush=True)
        if done == until + 6:
            sys.stdin.read()  # the killer is late: wait for it

    torch.set_num_threads(1)
    loop.time = SimpleNamespace(monotonic=itertools.count().__next__)
    train_tiny(path, progress=tell, checkpoint_minutes=(INTERVAL - 0.5) / 60)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) or ITERATIONS)
