"""One step of the poseGAN's training: a batch of the target's frames is painted, judged and learnt from (paper IV-D).

Every iteration draws its frames, jitter and window moves from its own random generator, seeded by seed and iteration: a
training that was interrupted and resumed gives the same weights as one that was not (same machine, CPU).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from danceit_core.imagination.networks.checkpoint import PoseGan
from danceit_core.imagination.networks.perceptual import LearnedLoss, PerceptualLoss
from danceit_core.imagination.networks.precision import half_precision
from danceit_core.imagination.recall.casting import Casting
from danceit_core.imagination.recall.choose import choose_apart
from danceit_core.imagination.recall.layers import recall_layers
from danceit_core.imagination.recall.library import Held, Shelf, boxes_of
from danceit_core.imagination.rendering.batches import (
    Past,
    Weights,
    carried,
    make_condition,
    to_tensor,
)
from danceit_core.imagination.rendering.render import blank, paint, paint_before
from danceit_core.imagination.target.crops import Crops, cut_crops
from danceit_core.imagination.target.data import TargetFrames
from danceit_core.imagination.target.held import HeldFrames
from danceit_core.imagination.target.view import Window
from danceit_core.imagination.training.adversarial import Duel
from danceit_core.imagination.training.distributed import processes, sum_over_parts
from danceit_core.imagination.training.losses import outline_loss, pixel_loss, temporal_loss
from danceit_core.imagination.training.memory import MemoryPlan, fit_batch
from danceit_core.media.letterbox import Picture
from danceit_core.pose.skeleton import Keypoints

# With the previous frame as input: a dance began up to this many frames ago, so that the network sees its own output.
MOST_STEPS = 2
TEMPORAL_WEIGHT = 10.0
# Weight of the difference between opacity and outline, mean over the window.
OUTLINE_WEIGHT = 5.0
PAINTED_AT_ONCE = 4
# The body size that `pose_jitter_px` refers to: that of a person who fills four fifths of a picture of 512 pixels.
BODY_PX = 100.0


@dataclass(frozen=True)
class Batch:
    """Frames `chosen` (N,) of the target and their jittered poses (N, 25, 3).

    steps: how many frames ago the dance began, for a network that sees the previous frame.
    """

    chosen: NDArray[np.int64]
    poses: Keypoints
    steps: int

    def part(self, where: slice) -> "Batch":
        """A range of its samples."""
        return Batch(self.chosen[where], self.poses[where], self.steps)


@dataclass
class PoseStep:
    """Call it with the number of an iteration. crops: the target's; gan: holds the average of the duel's generator.

    held: the stored crops that a step reads; lending: the frames that lend to a painter that recalls.
    """

    target: TargetFrames
    crops: Crops
    gan: PoseGan
    duel: Duel
    device: torch.device
    seed: int
    perceptual: PerceptualLoss | LearnedLoss | None
    plan: MemoryPlan | None = None
    lending: Held | None = None
    held: HeldFrames = field(init=False)

    def __post_init__(self) -> None:
        """Keep the frames on the networks' device."""
        self.held = HeldFrames.of(self.crops.planes, self.device) if self.lending is None else self.lending.frames

    def __call__(self, iteration: int) -> dict[str, Tensor]:
        """One step of both networks; returns the mean losses of this process's part of the batch."""
        plan, settings = self.plan or self.fit(), self.gan.settings
        batch = self.draw(iteration)
        losses = sum_over_parts(
            lambda part, share: self.learn(batch.part(part), share),
            samples=settings.batch_size,
            at_once=plan.micro_batch,
        )
        self.duel.update(progress=iteration / settings.iterations)
        return losses

    def fit(self, *, limit_bytes: float = math.inf) -> MemoryPlan:
        """Find out how much of a batch fits into memory at once. Raises ImaginationError if no sample fits."""

        def trial(samples: int) -> None:
            chosen = np.resize(np.flatnonzero(self.target.training), samples)
            self.learn(Batch(chosen, self.target.keypoints[chosen], 0), 1.0)

        self.plan = fit_batch(
            self.duel,
            trial,
            batch_size=math.ceil(self.gan.settings.batch_size / processes()),
            device=self.device,
            limit_bytes=limit_bytes,
        )
        return self.plan

    def draw(self, iteration: int) -> Batch:
        """The batch of an iteration, the same in every process."""
        settings, rng = self.gan.settings, np.random.default_rng([self.seed, iteration])
        chosen = np.sort(rng.choice(np.flatnonzero(self.target.training), settings.batch_size))
        sigma_px = settings.pose_jitter_px * self.gan.body_px / BODY_PX
        poses = jitter(self.target.keypoints[chosen], rng, sigma_px=sigma_px)
        return Batch(chosen, poses, int(rng.integers(MOST_STEPS + 1)))

    def learn(self, batch: Batch, share: float) -> dict[str, Tensor]:
        """Add the gradients of some samples; share: their share of the batch; returns the losses times `share`."""
        settings, device, view = self.gan.settings, self.device, self.gan.view
        rows = self.crops.rows[batch.chosen]
        windows = [self.crops.windows[row] for row in rows]
        before = self.painted_before(batch) if settings.previous_frame else None
        condition = make_condition(
            batch.poses,
            settings=settings,
            view=view,
            plate=self.gan.plate,
            body_px=self.gan.body_px,
            device=device,
            windows=windows,
            previous=before,
            recalled=self.recalled(batch, windows),
        )
        frames = self.held.take(rows)  # (N, 3 or 4, h, w)
        real = frames[:, :3].float().div_(127.5).sub_(1)
        keypoints = self.target.keypoints[batch.chosen]
        weights = Weights.of(keypoints, windows, view=view, body_px=self.gan.body_px, device=device)
        with half_precision(device):
            painting = self.duel.generator(condition.pose, **condition.inputs)
        pixel = pixel_loss(real, painting.picture, weights.pixels)
        own = {"pixel": (settings.pixel_weight, pixel), "opacity": (settings.opacity_weight, painting.opacity.mean())}
        if self.crops.outlines is not None and self.lending is not None:
            outlines = frames[:, 3:] * (1 / 255)
            own["opacity"] = (OUTLINE_WEIGHT, outline_loss(painting.opacity, outlines, left=weights.shadow))
        if self.perceptual is not None:
            with half_precision(device):
                own["perceptual"] = (settings.perceptual_weight, self.perceptual(real, painting.picture))
        painted = painting.picture
        if before is not None and condition.previous is not None:
            # Two consecutive frames are judged together, so that unnatural changes are detected.
            real_before = to_tensor(self.real_before(batch, windows), device)
            own["temporal"] = (
                TEMPORAL_WEIGHT,
                temporal_loss(painted, condition.previous, real, real_before, weight=weights.pixels),
            )
            real = torch.cat([real, real_before], 1)
            painted = torch.cat([painted, condition.previous], 1)
        losses = self.duel.accumulate(
            condition.pose,
            real=real,
            painted=painted,
            own_loss=torch.stack([weight * loss for weight, loss in own.values()]).sum(),
            feature_weight=settings.feature_weight,
            share=share,
        )
        return {**losses, **{name: share * loss.detach() for name, (_, loss) in own.items()}}

    def recalled(self, batch: Batch, windows: list[Window]) -> Tensor | None:
        """The layers (N, 8, h, w) that other frames lend to the poses of a batch, for a painter that recalls."""
        if self.lending is None:
            return None
        rng = np.random.default_rng([self.seed, *batch.chosen.tolist(), batch.steps])
        times_s = self.target.film_numbers[batch.chosen] / self.target.fps
        picked = choose_apart(self.lending.lenders, batch.poses, times_s=times_s, rng=rng)
        return recall_layers(
            batch.poses,
            self.lending.lent(picked),
            boxes_of(windows),
            size=self.gan.view.network,
            body_px=self.gan.body_px,
        )

    def painted_before(self, batch: Batch) -> list[Past]:
        """The frames that precede those of a batch, as the average of the generator paints them."""
        target, follows = self.target, self.target.after_another
        return paint_before(self.gan, target.keypoints, follows, batch.chosen, steps=batch.steps, device=self.device)

    def real_before(self, batch: Batch, windows: list[Window]) -> NDArray[np.uint8]:
        """The previous real frames in the same windows (N, h, w, 3), warped by the bones to the poses of a batch."""
        view, follows, start = self.gan.view, self.target.after_another, blank(self.gan)
        pictures, poses = [], []
        for number, window in zip(batch.chosen.tolist(), windows, strict=True):
            if batch.steps and follows[number] and self.crops.before is not None:
                pictures.append(self.crops.before[self.crops.rows[number]])
                poses.append(self.target.keypoints[number - 1])
            else:
                pictures.append(view.cut(start.picture, window))
                poses.append(start.pose)
        return carried(pictures, np.stack(poses), batch.poses, windows, view=view, body_px=self.gan.body_px)


def make_step(
    target: TargetFrames,
    duel: Duel,
    gan: PoseGan,
    *,
    seed: int,
    device: torch.device,
    folder: str | Path,
    perceptual: PerceptualLoss | LearnedLoss | None = None,
) -> PoseStep:
    """Cut the frames and make the step of a training. folder: where arrays too large for the memory are stored."""
    with_before = gan.settings.previous_frame
    crops = cut_crops(target, gan.view, body_px=gan.body_px, seed=seed, with_before=with_before, folder=folder)
    lending = None
    if gan.generator.recalls:
        lending = Held.of(target, crops, HeldFrames.of(crops.planes, device), body_px=gan.body_px)
    return PoseStep(target, crops, gan, duel, device, seed, perceptual, lending=lending)


def training_shelf(gan: PoseGan, target: TargetFrames) -> Shelf | None:
    """The training frames of a target as lending frames; None for a poseGAN that recalls nothing."""
    if not gan.generator.recalls:
        return None
    return Shelf.of(target, view=gan.view, body_px=gan.body_px, training_only=True)


def paint_frames(
    gan: PoseGan, target: TargetFrames, numbers: NDArray[np.int64], *, device: torch.device, shelf: Shelf | None = None
) -> Iterator[Picture]:
    """Frames `numbers` of the target as the poseGAN paints them, a few at a time to limit memory.

    shelf: the lending frames, for a poseGAN that recalls; no frame lends to itself or its neighbours.
    """
    for start in range(0, len(numbers), PAINTED_AT_ONCE):
        part, previous = numbers[start : start + PAINTED_AT_ONCE], None
        if gan.settings.previous_frame:
            previous = paint_before(gan, target.keypoints, target.after_another, part, steps=MOST_STEPS, device=device)
        loan = None
        if shelf is not None:
            times_s = target.film_numbers[part] / target.fps
            rows = choose_apart(shelf.lenders, target.keypoints[part], times_s=times_s)
            loan = shelf.lend(Casting(rows, rows, np.zeros(rows.shape, np.float32)), device)
        yield from paint(gan, target.keypoints[part], device=device, previous=previous, loan=loan)


def jitter(keypoints: Keypoints, rng: np.random.Generator, *, sigma_px: float) -> Keypoints:
    """Keypoints with Gaussian noise on every present joint, which makes the generator robust to other detectors."""
    noise = rng.normal(0, sigma_px, (*keypoints.shape[:-1], 2))
    moved = keypoints.copy()
    moved[..., :2] += np.where(keypoints[..., 2:] > 0, noise, 0)
    return moved
