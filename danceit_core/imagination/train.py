"""Training of the poseGAN on one target person (paper IV-D).

Every iteration draws its frames, jitter and window offsets from a generator of its own, made of seed and iteration:
a training that was interrupted and resumed gives the same weights as one that was not (same machine, CPU).
"""

import dataclasses
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from danceit_core.config import PoseGanSettings
from danceit_core.errors import ImaginationError
from danceit_core.imagination.adversarial import Duel, half_precision
from danceit_core.imagination.background import background_plate
from danceit_core.imagination.batches import loss_weights, make_condition, to_tensor
from danceit_core.imagination.checkpoint import PoseGan, save_pose_gan, training_path
from danceit_core.imagination.data import TargetFrames
from danceit_core.imagination.discriminator import MultiScaleDiscriminator, smallest_side
from danceit_core.imagination.generator import PoseGenerator
from danceit_core.imagination.loop import History, Progress, fingerprint, run_training
from danceit_core.imagination.losses import pixel_loss
from danceit_core.imagination.region import window_size
from danceit_core.imagination.render import paint
from danceit_core.media.letterbox import Picture
from danceit_core.media.picture import write_picture
from danceit_core.pose.draw import contact_sheet, pose_picture
from danceit_core.pose.skeleton import Keypoints

WINDOW_SHIFT_PX = 8
WINDOW_SHARE = 0.99
REVIEWED = 8


def train_pose_gan(
    target: TargetFrames,
    *,
    settings: PoseGanSettings,
    seed: int,
    device: torch.device,
    checkpoint_path: str | Path,
    samples_path: str | Path,
    progress: Progress | None = None,
) -> History:
    """Train on the target's training frames and write the finished poseGAN to `checkpoint_path`.

    samples_path: PNG of held-out frames (pose, painted, real), rewritten at each checkpoint. An unfinished training
    beside checkpoint_path is resumed and removed at the end. Returns one dict a checkpoint: iteration, seconds, mean
    losses, and `held_out`, the mean absolute difference of held-out frames in grey levels.
    Raises ImaginationError for frames of another size than settings.image_size, or if the training diverges.
    """
    _check(target, settings)
    training = np.flatnonzero(target.training)
    body_px, size = target.body_px, target.image_size
    plate = background_plate(target.pictures, target.keypoints)[0] if settings.background_plate else None
    generator = PoseGenerator(settings)
    window = (size, size)
    if plate is not None:
        window = window_size(
            target.keypoints,
            body_px=body_px,
            image_size=size,
            stride=generator.stride,
            share=WINDOW_SHARE,
            least=smallest_side(settings.discriminators),
        )
    discriminator = MultiScaleDiscriminator(6, channels=settings.discriminator_channels, scales=settings.discriminators)
    duel = Duel.begin(
        generator,
        discriminator,
        learning_rate=settings.learning_rate,
        average_decay=settings.average_decay,
        seed=seed,
        device=device,
    )
    gan = PoseGan(cast(PoseGenerator, duel.average), settings, plate, window, body_px)

    def step(iteration: int) -> dict[str, Tensor]:
        rng = np.random.default_rng([seed, iteration])
        chosen = np.sort(rng.choice(training, settings.batch_size))
        poses = jitter(target.keypoints[chosen], rng, sigma_px=settings.pose_jitter_px * size / 512)
        offsets = rng.integers(-WINDOW_SHIFT_PX, WINDOW_SHIFT_PX + 1, (len(poses), 2))
        condition = make_condition(
            poses,
            image_size=size,
            plate=plate,
            window=window,
            charted=settings.body_chart,
            body_px=body_px,
            device=device,
            offsets=offsets,
        )
        pictures = [target.pictures[i][place.slices] for i, place in zip(chosen, condition.windows, strict=True)]
        real = to_tensor(np.stack(pictures), device)
        weights = loss_weights(target.keypoints[chosen], condition.windows, image_size=size, body_px=body_px)
        with half_precision(device):
            painting = generator(condition.pose, chart=condition.chart, plate=condition.plate, limit=condition.limit)
        pixel = pixel_loss(real, painting.picture, torch.from_numpy(weights).to(device))
        opacity = painting.opacity.mean()
        own_loss = settings.pixel_weight * pixel + settings.opacity_weight * opacity
        losses = duel.step(
            condition.pose,
            real=real,
            painted=painting.picture,
            own_loss=own_loss,
            feature_weight=settings.feature_weight,
            progress=iteration / settings.iterations,
        )
        return {**losses, "pixel": pixel.detach(), "opacity": opacity.detach()}

    reviewed = review_frames(target)

    def review() -> dict[str, float]:
        painted = paint(gan, target.keypoints[reviewed], device=device)
        real = np.stack([target.pictures[i] for i in reviewed])
        write_picture(samples_path, sample_sheet(target.keypoints[reviewed], painted, real))
        return {"held_out": float(np.abs(painted.astype(np.float32) - real).mean())}

    about = {**dataclasses.asdict(settings), "seed": seed}
    history = run_training(
        duel,
        step=step,
        review=review,
        iterations=settings.iterations,
        checkpoint_every=settings.checkpoint_every,
        path=Path(checkpoint_path),
        print_of_it=fingerprint(target.pictures, target.keypoints, about=about),
        device=device,
        progress=progress,
    )
    save_pose_gan(checkpoint_path, gan)
    training_path(checkpoint_path).unlink(missing_ok=True)
    return history


def jitter(keypoints: Keypoints, rng: np.random.Generator, *, sigma_px: float) -> Keypoints:
    """Keypoints with Gaussian noise on every joint that is present: the generator learns to bear other detectors."""
    noise = rng.normal(0, sigma_px, (*keypoints.shape[:-1], 2))
    moved = keypoints.copy()
    moved[..., :2] += np.where(keypoints[..., 2:] > 0, noise, 0)
    return moved


def review_frames(target: TargetFrames) -> NDArray[np.int64]:
    """Up to 8 frames spread over the held-out ones (over all, where none is held out), ascending."""
    pool = np.flatnonzero(~target.training)
    pool = pool if len(pool) else np.arange(len(target.training))
    return np.unique(pool[np.linspace(0, len(pool) - 1, REVIEWED).round().astype(int)])


def sample_sheet(poses: Keypoints, painted: NDArray[np.uint8], real: NDArray[np.uint8]) -> Picture:
    """Pose, painted and real picture side by side, two frames a row."""
    size = real.shape[1]
    drawn = [pose_picture(pose, size=(size, size)) for pose in poses]
    tiles = [tile for triple in zip(drawn, painted, real, strict=True) for tile in triple]
    return contact_sheet(tiles, columns=6, width=6 * size)


def _check(target: TargetFrames, settings: PoseGanSettings) -> None:
    stride = 2 ** (settings.downsamplings + 1)
    if settings.image_size % stride or settings.image_size < 2 * stride:
        raise ImaginationError(
            f"pose_gan: image_size is {settings.image_size}; with downsamplings {settings.downsamplings} it must be a "
            f"multiple of {stride}, at least {2 * stride}"
        )
    if settings.image_size < smallest_side(settings.discriminators):
        raise ImaginationError(
            f"pose_gan: {settings.discriminators} discriminators need pictures of at least "
            f"{smallest_side(settings.discriminators)} pixels, image_size is {settings.image_size}; use fewer of them"
        )
    if settings.kernel % 2 == 0:
        raise ImaginationError(f"pose_gan: kernel is {settings.kernel}; it must be odd, such as 5 or 7")
    if target.image_size != settings.image_size:
        raise ImaginationError(
            f"pose_gan: frames of {target.image_size} pixels for image_size {settings.image_size}; load them at it"
        )
    if not target.training.any():
        raise ImaginationError("pose_gan: holdout_share leaves no frame to train on; lower it below 1")
