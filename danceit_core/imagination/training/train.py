"""Training of the poseGAN on one target person (paper IV-D): networks, view of the person, reviews, files."""

import dataclasses
import logging
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from danceit_core.config import PoseGanSettings
from danceit_core.imagination.networks.checkpoint import PoseGan, save_pose_gan, training_path
from danceit_core.imagination.networks.complexity import count_flops
from danceit_core.imagination.networks.discriminator import MultiScaleDiscriminator, smallest_side
from danceit_core.imagination.networks.generator import POSE_CHANNELS, PoseGenerator
from danceit_core.imagination.networks.perceptual import perceptual_loss
from danceit_core.imagination.recall.layers import CHANNELS
from danceit_core.imagination.rendering.batches import make_condition
from danceit_core.imagination.rendering.render import blank
from danceit_core.imagination.target.data import TargetFrames, read_target
from danceit_core.imagination.target.view import View
from danceit_core.imagination.training.adversarial import Duel
from danceit_core.imagination.training.distributed import is_first
from danceit_core.imagination.training.held_out import FAULT, HeldOutJudge
from danceit_core.imagination.training.loop import History, Progress, fingerprint, run_training
from danceit_core.imagination.training.pose_settings import check_settings
from danceit_core.imagination.training.pose_step import make_step, paint_frames, training_shelf
from danceit_core.media.letterbox import Picture
from danceit_core.media.picture import write_picture
from danceit_core.pose.draw import contact_sheet, pose_picture
from danceit_core.pose.skeleton import Keypoints

log = logging.getLogger(__name__)

WINDOW_SHARE = 0.99
# Fewer frames than REVIEWED are used if the pictures would take more memory than this.
REVIEWED, SHOWN, REVIEWED_BYTES = 24, 8, 300_000_000
SHEET_PX = 256
# Maps painted pictures, real ones and poses to figures, including the one that patience watches.
Judge = Callable[[NDArray[np.uint8], NDArray[np.uint8], Keypoints], dict[str, float]]


def train_from_files(
    *,
    frames: str | Path,
    poses: str | Path,
    plate: str | Path | None,
    outlines: str | Path | None = None,
    settings: Mapping[str, Any],
    seed: int,
    device: torch.device,
    checkpoint_path: str | Path,
    samples_path: str | Path,
    history_path: str | Path,
    curves_path: str | Path,
    pose_weights: str | Path = "",
    learned_weights: str | Path = "",
    progress: Progress | None = None,
) -> None:
    """`train_pose_gan` on a frame store, its table on the plate and the plate: the job of each of several processes.

    pose_weights: folder of the networks that judge held-out frames (`HeldOutJudge`); empty: judge by grey levels alone.
    learned_weights: folder of EfficientNet-Lite0's, for settings with perceptual: efficientnet.
    """
    gan = PoseGanSettings(**settings)
    train_pose_gan(
        read_target(frames, poses, plate, settings=gan, outlines=outlines),
        settings=gan,
        seed=seed,
        device=device,
        checkpoint_path=checkpoint_path,
        samples_path=samples_path,
        judge=HeldOutJudge(Path(pose_weights)) if pose_weights else None,
        learned_weights=learned_weights,
        progress=progress,
        history_path=history_path,
        curves_path=curves_path,
    )


def train_pose_gan(
    target: TargetFrames,
    *,
    settings: PoseGanSettings,
    seed: int,
    device: torch.device,
    checkpoint_path: str | Path,
    samples_path: str | Path,
    judge: Judge | None = None,
    learned_weights: str | Path = "",
    progress: Progress | None = None,
    history_path: str | Path | None = None,
    curves_path: str | Path | None = None,
    limit_bytes: float = math.inf,
) -> History:
    """Train on the target's training frames and write the finished poseGAN to `checkpoint_path`.

    samples_path: PNG of held-out frames (pose, painted, real), rewritten at each review, as are history_path (JSON
    lines) and curves_path (PNG). An unfinished training beside checkpoint_path is resumed and removed at the end.
    limit_bytes: memory that may be used, if less than the free memory. Returns one dict per review: iteration, seconds,
    mean losses, and `held_out`, the mean absolute difference of held-out frames in grey levels.
    judge: gives further figures of held-out frames, the same for the same pictures; settings.patience watches its
    `held_out_fault`, or `held_out` without a judge. With several processes all need one; only the first uses it.
    learned_weights: folder of `assets.fetch_efficientnet`, for settings with perceptual: efficientnet.
    Raises ImaginationError for settings that do not suit the target, or if the training diverges; AssetError if the
    weights are missing or damaged.
    """
    check_settings(target, settings)
    duel, gan = begin(target, settings=settings, seed=seed, device=device)
    perceptual = perceptual_loss(settings, learned_weights=learned_weights, device=device)
    folder = Path(checkpoint_path).parent
    step = make_step(target, duel, gan, seed=seed, device=device, folder=folder, perceptual=perceptual)
    shelf = training_shelf(gan, target)
    step.fit(limit_bytes=limit_bytes)
    reviewed = review_frames(target)
    poses, real = target.keypoints[reviewed], target.pictures(reviewed)

    def review() -> dict[str, float]:
        painted = np.empty_like(real)
        pictures = paint_frames(gan, target, reviewed, device=device, shelf=shelf)
        for place, picture in zip(painted, pictures, strict=True):
            place[:] = picture
        shown = np.unique(np.linspace(0, len(reviewed) - 1, SHOWN).round().astype(int))
        write_picture(samples_path, sample_sheet(poses[shown], painted[shown], real[shown]))
        # One by one, because differences of large pictures would take several times their memory.
        errors = [np.abs(ours.astype(np.int16) - theirs).mean() for ours, theirs in zip(painted, real, strict=True)]
        figures = {"held_out": float(np.mean(errors))}
        if judge is not None:
            start_s = time.monotonic()
            figures |= judge(painted, real, poses)
            said = ", ".join(f"{name} {figure:.3f}" for name, figure in figures.items())
            log.info("%d frames judged in %.1f s: %s", len(reviewed), time.monotonic() - start_s, said)
        return figures

    watched = "held_out" if judge is None else FAULT
    about = {**dataclasses.asdict(settings), "seed": seed, "watched": watched}
    del about["checkpoint_minutes"]  # how often the state is saved does not change the result
    history = run_training(
        duel,
        step=step,
        review=review,
        iterations=settings.iterations,
        checkpoint_every=settings.checkpoint_every,
        path=Path(checkpoint_path),
        print_of_it=fingerprint(
            step.crops.pictures,
            target.keypoints,
            target.after_another,
            stage="pose_gan",
            source=target.source,
            about=about,
        ),
        device=device,
        progress=progress,
        checkpoint_minutes=settings.checkpoint_minutes,
        patience=settings.patience,
        watched=watched,
        history_path=history_path,
        curves_path=curves_path,
    )
    if is_first():
        save_pose_gan(checkpoint_path, gan)
        training_path(checkpoint_path).unlink(missing_ok=True)
    return history


def begin(target: TargetFrames, *, settings: PoseGanSettings, seed: int, device: torch.device) -> tuple[Duel, PoseGan]:
    """The networks before their first step, and the poseGAN made of the generator's average."""
    body_px, size = target.body_px, target.size
    plate = target.plate if settings.background_plate else None
    generator = PoseGenerator(settings)
    view = View.whole(size, image_size=settings.image_size, stride=generator.stride)
    if settings.crop:
        view = View.around(
            target.keypoints,
            body_px=body_px,
            size=size,
            image_size=settings.image_size,
            stride=generator.stride,
            share=WINDOW_SHARE,
            least=smallest_side(settings.discriminators),
        )
    frames = 2 if settings.previous_frame else 1
    discriminator = MultiScaleDiscriminator(
        POSE_CHANNELS[settings.pose_input] + 3 * frames,
        channels=settings.discriminator_channels,
        scales=settings.discriminators,
        norm=settings.discriminator_norm,
    )
    duel = Duel.begin(
        generator,
        discriminator,
        learning_rate=settings.learning_rate,
        average_decay=settings.average_decay,
        seed=seed,
        device=device,
    )
    gan = PoseGan(cast(PoseGenerator, duel.average), settings, plate, view, body_px)
    shape = make_condition(
        target.keypoints[:1],
        settings=settings,
        view=view,
        plate=plate,
        body_px=body_px,
        device=device,
        previous=[blank(gan)] if settings.previous_frame else None,
        recalled=torch.zeros(1, CHANNELS, *view.network[::-1], device=device) if settings.painter == "recall" else None,
    )
    log.info(
        "poseGAN: %.1f million weights, %.1f GFLOPs per picture of %d x %d for a window of %d x %d",
        sum(value.numel() for value in generator.parameters()) / 1e6,
        count_flops(generator, shape.pose, **shape.inputs) / 1e9,
        *view.network,
        *view.window,
    )
    return duel, gan


def review_frames(target: TargetFrames) -> NDArray[np.int64]:
    """Up to REVIEWED frames spread over the held-out ones (over all if none is held out), ascending."""
    pool = np.flatnonzero(~target.training)
    pool = pool if len(pool) else np.arange(len(target.training))
    held = REVIEWED_BYTES // (3 * target.size[0] * target.size[1])
    number = max(SHOWN, min(REVIEWED, held))
    return np.unique(pool[np.linspace(0, len(pool) - 1, number).round().astype(int)])


def sample_sheet(poses: Keypoints, painted: NDArray[np.uint8], real: NDArray[np.uint8]) -> Picture:
    """Pose, painted and real picture side by side, two frames per row."""
    width, height = real.shape[2], real.shape[1]
    drawn = [pose_picture(pose, size=(width, height)) for pose in poses]
    tiles = [tile for triple in zip(drawn, painted, real, strict=True) for tile in triple]
    return contact_sheet(tiles, columns=6, width=6 * min(width, SHEET_PX))
