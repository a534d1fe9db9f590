"""One step of adversarial training, the same for poseGAN and FaceGAN, and the average of the generator's weights.

Both networks learn from one pass of the discriminator (simultaneous gradient descent), at half the cost of a second
pass after its update. The finished generator is the exponential moving average of the trained one, which averages out
the noise of small batches.
"""

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from danceit_core.imagination.networks.discriminator import MultiScaleDiscriminator
from danceit_core.imagination.networks.generator import initialise
from danceit_core.imagination.networks.precision import half_precision
from danceit_core.imagination.training.distributed import add_up
from danceit_core.imagination.training.losses import adversarial_loss, discriminator_loss, feature_loss

BETAS = (0.5, 0.999)


@dataclass
class Duel:
    """Generator, discriminator, the generator's average, and the optimisers; trained in place by `step`."""

    generator: nn.Module
    discriminator: MultiScaleDiscriminator
    average: nn.Module
    optimisers: tuple[torch.optim.Adam, torch.optim.Adam]
    learning_rate: float
    average_decay: float

    @classmethod
    def begin(
        cls,
        generator: nn.Module,
        discriminator: MultiScaleDiscriminator,
        *,
        learning_rate: float,
        average_decay: float,
        seed: int,
        device: torch.device,
    ) -> "Duel":
        """Initialise both networks from `seed` and move them to `device`."""
        rng = torch.Generator().manual_seed(seed)
        for network in (generator, discriminator):
            initialise(network, rng)
        discriminator.constrain(seed=seed)
        for network in (generator, discriminator):
            network.to(device)
        optimisers = tuple(
            torch.optim.Adam(network.parameters(), lr=learning_rate, betas=BETAS, fused=True)
            for network in (generator, discriminator)
        )
        average = copy.deepcopy(generator).requires_grad_(False).eval()
        return cls(generator, discriminator, average, (optimisers[0], optimisers[1]), learning_rate, average_decay)

    def step(
        self,
        condition: Tensor,
        *,
        real: Tensor,
        painted: Tensor,
        own_loss: Tensor,
        feature_weight: float,
        progress: float,
    ) -> dict[str, Tensor]:
        """Improve both networks once with a whole batch: `accumulate`, then `update`."""
        losses = self.accumulate(
            condition, real=real, painted=painted, own_loss=own_loss, feature_weight=feature_weight, share=1.0
        )
        self.update(progress=progress)
        return losses

    def accumulate(
        self,
        condition: Tensor,
        *,
        real: Tensor,
        painted: Tensor,
        own_loss: Tensor,
        feature_weight: float,
        share: float,
    ) -> dict[str, Tensor]:
        """Add the gradients of some samples of a batch; returns the losses times `share`.

        condition: (N, C, h, w); real, painted: (N, 3 or, with the previous frame, 6, h, w), `painted` with its graph.
        own_loss: the generator's losses besides the discriminator's verdict and feature matching, a mean over the
        samples. share: the share of the batch that these samples are, 0..1; over all its parts the losses add up to the
        batch's.
        """
        leaf = painted.detach().requires_grad_()
        with half_precision(painted.device):
            seen_real, seen_painted = self.discriminator(condition, real), self.discriminator(condition, leaf)
        losses = {
            "discriminator": share * discriminator_loss(seen_real, seen_painted),
            "adversarial": share * adversarial_loss(seen_painted),
            "feature": share * feature_loss(seen_real, seen_painted),
        }
        verdict = losses["adversarial"] + feature_weight * losses["feature"]
        (pull,) = torch.autograd.grad(verdict, leaf, retain_graph=True)
        torch.autograd.backward(losses["discriminator"], inputs=list(self.discriminator.parameters()))
        torch.autograd.backward([painted, share * own_loss], [pull, None])
        return {name: loss.detach() for name, loss in losses.items()}

    def update(self, *, progress: float) -> None:
        """Update both networks by the gradients of all processes, then clear the gradients.

        progress: share of the training done, 0..1; the learning rate falls in the second half.
        """
        for network, optimiser in zip((self.generator, self.discriminator), self.optimisers, strict=True):
            add_up(value.grad for value in network.parameters() if value.grad is not None)
            for group in optimiser.param_groups:
                group["lr"] = self.learning_rate * min(1.0, 2 * (1 - progress))
            optimiser.step()
        self.forget()

    def forget(self) -> None:
        """Drop the gradients."""
        for optimiser in self.optimisers:
            optimiser.zero_grad()

    @torch.no_grad()
    def update_average(self, iteration: int) -> None:
        """Move the average towards the generator; an average of few iterations moves faster."""
        decay = min(self.average_decay, (1 + iteration) / (10 + iteration))
        for mean, value in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            mean.lerp_(value, 1 - decay)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs to continue exactly here."""
        return {
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "average": self.average.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue where `state` was taken."""
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["discriminator"])
        self.average.load_state_dict(state["average"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
