"""The training loop of one epoch and one step: two encoders, their running average, the loss, the optimiser.

The average follows the weights with `average_decay` per step; it is scored and saved. On a GPU the encoders run in
bfloat16 where that helps (autocast); the loss and the weights stay float32. A CPU always computes in float32, and each
encoder has its own core: networks of this size do not get faster by sharing two cores.
"""

import copy
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from danceit_core.config import MatcherSettings
from danceit_core.matcher.augment import Augmentation, augment
from danceit_core.matcher.canonical import start_canonical
from danceit_core.matcher.data import Pairs
from danceit_core.matcher.encoders import AudioEncoder, Encoder, PoseEncoder, SeededDropout
from danceit_core.matcher.losses import make_loss
from danceit_core.matcher.model import Checkpoint, make_encoders
from danceit_core.matcher.negatives import OtherMoments, draw_batches, weigh_pairs
from danceit_core.matcher.windows import FeatureScale

# Steps until the average reaches its full span: initial weights should not be averaged.
WARM_UP = 10
Result = TypeVar("Result")
# Poses, sounds, positions of non-matching sounds, weights of the pairs, and a seed.
Batch = tuple[Tensor, Tensor, Tensor, Tensor, int]


class Encoders(nn.Module):
    """Both encoders in one module, to move, copy and save them together."""

    def __init__(self, audio: Encoder, pose: Encoder) -> None:
        super().__init__()
        self.audio, self.pose = audio, pose

    def reseed(self, seed: int) -> None:
        """Start new random sequences for dropout."""
        layers = (layer for layer in self.modules() if isinstance(layer, SeededDropout))
        for number, layer in enumerate(layers):
            layer.reseed(seed + number)


class Learner:
    """Encoders in training, `averaged` encoders in evaluation mode, and a loss that may learn a temperature."""

    def __init__(self, settings: MatcherSettings, *, feature_width: int, device: torch.device) -> None:
        self.settings, self.device, self.steps = settings, device, 0
        audio, pose = make_encoders(settings, feature_width=feature_width)
        self.encoders = Encoders(audio, pose).to(device)
        self.averaged = copy.deepcopy(self.encoders).eval().requires_grad_(False)
        self.loss = make_loss(settings.loss, margin=settings.margin, unit_length=settings.unit_length).to(device)
        # Weight decay applies to matrices only, not to biases, norms and the temperature.
        weights = list(self.encoders.parameters())
        groups = [
            {"params": [w for w in weights if w.ndim > 1], "weight_decay": settings.weight_decay},
            {"params": [w for w in weights if w.ndim <= 1] + list(self.loss.parameters()), "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)
        self._second_core = ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,))

    def start(self, pairs: Pairs, *, scale: FeatureScale, rng: np.random.Generator) -> None:
        """Initialise where the statistics of dance and music correlate most, if the settings say so."""
        audio, pose = self.encoders.audio, self.encoders.pose
        if self.settings.canonical_start and isinstance(audio, AudioEncoder) and isinstance(pose, PoseEncoder):
            self.encoders.cpu()
            start_canonical(audio, pose, pairs, self._augmentation(pairs), scale=scale, rng=rng)
            self.encoders.to(self.device)
            self.averaged.load_state_dict(self.encoders.state_dict())

    def train_epoch(
        self, pairs: Pairs, moments: OtherMoments, *, scale: FeatureScale, rng: np.random.Generator
    ) -> None:
        """One pass over the training pairs in random order."""
        self.encoders.train()
        for batch in self._ahead(self._batches(pairs, moments, scale=scale, rng=rng)):
            self._step(*batch)

    def _batches(
        self, pairs: Pairs, moments: OtherMoments, *, scale: FeatureScale, rng: np.random.Generator
    ) -> Iterator[Batch]:
        """The batch of each step, already augmented."""
        settings = self.settings
        how = self._augmentation(pairs)
        batches = draw_batches(pairs, moments, batch_size=settings.batch_size, hard=settings.hard_negatives, rng=rng)
        for rows, others in batches:
            poses = pairs.take_poses(rows).to(self.device)
            sounds = pairs.take_sounds(rows, scale=scale).to(self.device)
            poses, sounds = augment(poses, sounds, how, rng=rng)
            weights = weigh_pairs(pairs, rows, delay_s=settings.delay_s, delayed_weight=settings.delayed_weight)
            seed = int(rng.integers(2**62))
            yield poses, sounds, torch.from_numpy(others).to(self.device), weights.to(self.device), seed

    def _ahead(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The same batches, with the next one prepared during the current step."""
        waiting = self._second_core.submit(next, batches, None)
        while (batch := waiting.result()) is not None:
            waiting = self._second_core.submit(next, batches, None)
            yield batch

    def _augmentation(self, pairs: Pairs) -> Augmentation:
        """The augmentation for batches of these pairs."""
        fps, feature_set = float(pairs.about["fps"]), str(pairs.about["feature_set"])
        return Augmentation.of(self.settings, fps=fps, frames=pairs.windows.length, feature_set=feature_set)

    def _step(self, poses: Tensor, sounds: Tensor, others: Tensor, weights: Tensor, seed: int) -> None:
        """One step of the optimiser and of the average. seed: for dropout."""
        self.encoders.reseed(seed)
        with torch.autocast("cuda", dtype=torch.bfloat16, enabled=self.device.type == "cuda"):
            danced, heard = self._both(lambda: self.encoders.pose(poses), lambda: self.encoders.audio(sounds))
        # The loss has its own leaves, so that each encoder's backward pass runs on its own core, too.
        pose_leaf, sound_leaf = (part.detach().float().requires_grad_() for part in (danced, heard))
        self.optimiser.zero_grad()
        self.loss(pose_leaf, sound_leaf, sound_leaf[others], weights).backward()
        slopes = [leaf.grad.to(part.dtype) for leaf, part in ((pose_leaf, danced), (sound_leaf, heard))]
        self._both(lambda: danced.backward(slopes[0]), lambda: heard.backward(slopes[1]))
        self.optimiser.step()
        self.steps += 1
        share = 1 - min(self.settings.average_decay, self.steps / (self.steps + WARM_UP))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.averaged.parameters()), list(self.encoders.parameters()), share)
            # The statistics of batch normalisation are already averages.
            for kept, current in zip(self.averaged.buffers(), self.encoders.buffers(), strict=True):
                kept.copy_(current)

    def _both(self, first: Callable[[], Result], second: Callable[[], Result]) -> tuple[Result, Result]:
        """The results of both calls, run in parallel on a CPU; on a GPU they would be queued anyway."""
        if self.device.type != "cpu":
            return first(), second()
        waiting = self._second_core.submit(second)
        return first(), waiting.result()

    def weights(self) -> Checkpoint:
        """Copies of both averaged encoders' weights on the CPU."""
        return {
            f"{name}_encoder": {key: value.cpu().clone() for key, value in encoder.state_dict().items()}
            for name, encoder in self.averaged.named_children()
        }

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        parts = {name: getattr(self, name).state_dict() for name in ("encoders", "averaged", "loss", "optimiser")}
        return {**parts, "steps": self.steps}

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        for name in ("encoders", "averaged", "loss", "optimiser"):
            getattr(self, name).load_state_dict(state[name])
        self.steps = state["steps"]
