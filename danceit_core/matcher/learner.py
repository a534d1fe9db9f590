"""What an epoch of training changes, and a step of it: two encoders, their running average, the loss, the optimiser.

The average follows the weights with `average_decay` a step; it is what is scored and kept. On a GPU the encoders run
in bfloat16 where that helps (autocast); the loss and the weights stay float32. A CPU always computes in float32, and
each encoder has a core of its own: networks of this size do not get faster by sharing two.
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

# Steps until the average looks back as far as average_decay says: fresh weights are not worth remembering.
WARM_UP = 10
Result = TypeVar("Result")
# Poses, sounds, places of sounds that do not match, weights of the pairs, and a seed.
Batch = tuple[Tensor, Tensor, Tensor, Tensor, int]


class Encoders(nn.Module):
    """Both encoders, to be moved, copied and saved together."""

    def __init__(self, audio: Encoder, pose: Encoder) -> None:
        super().__init__()
        self.audio, self.pose = audio, pose

    def reseed(self, seed: int) -> None:
        """Begin new rows of draws of what is dropped."""
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
        # Decay pulls on the matrices alone: biases, norms and the temperature have no need of it.
        weights = list(self.encoders.parameters())
        groups = [
            {"params": [w for w in weights if w.ndim > 1], "weight_decay": settings.weight_decay},
            {"params": [w for w in weights if w.ndim <= 1] + list(self.loss.parameters()), "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)
        self._second_core = ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,))

    def start(self, pairs: Pairs, *, scale: FeatureScale, rng: np.random.Generator) -> None:
        """Begin where the statistics of dance and music correlate most, if the settings say so."""
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
        """What each step needs, changed copies already."""
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
        """The same batches, the next one made while this one is learnt from."""
        waiting = self._second_core.submit(next, batches, None)
        while (batch := waiting.result()) is not None:
            waiting = self._second_core.submit(next, batches, None)
            yield batch

    def _augmentation(self, pairs: Pairs) -> Augmentation:
        """How batches of these pairs are changed."""
        fps, feature_set = float(pairs.about["fps"]), str(pairs.about["feature_set"])
        return Augmentation.of(self.settings, fps=fps, frames=pairs.windows.length, feature_set=feature_set)

    def _step(self, poses: Tensor, sounds: Tensor, others: Tensor, weights: Tensor, seed: int) -> None:
        """One step of the optimiser and of the average. seed: of what is dropped."""
        self.encoders.reseed(seed)
        with torch.autocast("cuda", dtype=torch.bfloat16, enabled=self.device.type == "cuda"):
            danced, heard = self._both(lambda: self.encoders.pose(poses), lambda: self.encoders.audio(sounds))
        # The loss has leaves of its own, so that each encoder goes back on its own core as well.
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
            # The statistics of batch normalisation are averages already.
            for kept, current in zip(self.averaged.buffers(), self.encoders.buffers(), strict=True):
                kept.copy_(current)

    def _both(self, first: Callable[[], Result], second: Callable[[], Result]) -> tuple[Result, Result]:
        """The results of both calls; on a CPU at the same time, on a GPU they would queue up all the same."""
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
        """All that the next step depends on."""
        parts = {name: getattr(self, name).state_dict() for name in ("encoders", "averaged", "loss", "optimiser")}
        return {**parts, "steps": self.steps}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        for name in ("encoders", "averaged", "loss", "optimiser"):
            getattr(self, name).load_state_dict(state[name])
        self.steps = state["steps"]
