"""Training of the FaceGAN on one target person, with the poseGAN frozen (paper IV-D)."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from danceit_core.config import FaceGanSettings
from danceit_core.errors import ImaginationError
from danceit_core.imagination.networks.checkpoint import FaceGan, PoseGan, save_face_gan, training_path
from danceit_core.imagination.networks.discriminator import MultiScaleDiscriminator
from danceit_core.imagination.networks.face import (
    FaceGenerator,
    faces_camera,
    patch_fade,
    patch_pose,
    patch_side,
    place_patch,
)
from danceit_core.imagination.networks.precision import half_precision
from danceit_core.imagination.rendering.batches import to_pictures, to_tensor
from danceit_core.imagination.target.data import TargetFrames
from danceit_core.imagination.training.adversarial import Duel
from danceit_core.imagination.training.loop import History, Progress, fingerprint, run_training
from danceit_core.imagination.training.losses import pixel_loss
from danceit_core.imagination.training.pose_step import paint_frames, training_shelf
from danceit_core.media.picture import write_picture
from danceit_core.pose.draw import contact_sheet

CHECKPOINTS = 4
MIN_FACES = 8
MAX_FACES = 400  # evenly spaced, because neighbours are redundant and each has to be painted first
REVIEWED = 8
SHEET_PX = 96


@dataclass(frozen=True)
class FacePatches:
    """Patches uint8 (N, s, s, 3) of the frames that show the face, and which of them are trained on (N,)."""

    pose: NDArray[np.uint8]
    painted: NDArray[np.uint8]
    real: NDArray[np.uint8]
    training: NDArray[np.bool_]


def train_face_gan(
    target: TargetFrames,
    *,
    pose_gan: PoseGan,
    settings: FaceGanSettings,
    seed: int,
    device: torch.device,
    checkpoint_path: str | Path,
    samples_path: str | Path,
    progress: Progress | None = None,
) -> History:
    """Train the residual on the faces that `pose_gan` paints and write the FaceGAN to `checkpoint_path`.

    samples_path: PNG of held-out patches (pose, painted, refined, real). Resumes and returns as `train_pose_gan`:
    `held_out` is the mean difference on held-out patches, in grey levels, `held_out_painted` that without FaceGAN.
    Raises ImaginationError if fewer than 8 training frames show the face.
    """
    side = patch_side(target.keypoints, patch_share=settings.patch_share, size=target.size)
    patches = cut_patches(target, pose_gan, side=side, device=device)
    generator = FaceGenerator(channels=settings.channels)
    duel = Duel.begin(
        generator,
        MultiScaleDiscriminator(6, channels=settings.channels, scales=1, layers=2),
        learning_rate=settings.learning_rate,
        average_decay=settings.average_decay,
        seed=seed,
        device=device,
    )
    average = cast(FaceGenerator, duel.average)
    training, reviewed = np.flatnonzero(patches.training), _reviewed(patches)
    fade = patch_fade(side, device)

    def step(iteration: int) -> dict[str, Tensor]:
        rng = np.random.default_rng([seed, iteration])
        chosen = rng.choice(training, settings.batch_size)
        pose, painted, real = (to_tensor(p[chosen], device) for p in (patches.pose, patches.painted, patches.real))
        with half_precision(device):
            residual = generator(painted, pose)
        refined = painted + fade * residual
        pixel = pixel_loss(real, refined, fade.expand(len(chosen), 1, side, side))
        losses = duel.step(
            pose,
            real=real,
            painted=refined,
            own_loss=settings.pixel_weight * pixel,
            feature_weight=settings.feature_weight,
            progress=iteration / settings.iterations,
        )
        return {**losses, "pixel": pixel.detach()}

    @torch.inference_mode()
    def review() -> dict[str, float]:
        pose, painted, real = (p[reviewed] for p in (patches.pose, patches.painted, patches.real))
        before = to_tensor(painted, device)
        with half_precision(device):
            residual = average(before, to_tensor(pose, device))
        refined = to_pictures(before + fade * residual)
        tiles = [tile for row in zip(pose, painted, refined, real, strict=True) for tile in row]
        write_picture(samples_path, contact_sheet(tiles, columns=8, width=8 * SHEET_PX))
        return {"held_out": _difference(refined, real), "held_out_painted": _difference(painted, real)}

    history = run_training(
        duel,
        step=step,
        review=review,
        iterations=settings.iterations,
        checkpoint_every=max(1, settings.iterations // CHECKPOINTS),
        path=Path(checkpoint_path),
        print_of_it=fingerprint(
            patches.painted,
            patches.real,
            stage="face_gan",
            source=target.source,
            about={**dataclasses.asdict(settings), "seed": seed, "side": side},
        ),
        device=device,
        progress=progress,
    )
    save_face_gan(checkpoint_path, FaceGan(average, settings, side))
    training_path(checkpoint_path).unlink(missing_ok=True)
    return history


def cut_patches(target: TargetFrames, pose_gan: PoseGan, *, side: int, device: torch.device) -> FacePatches:
    """Patches of `side` pixels around the nose of every frame that shows the face, painted by `pose_gan` and real.

    Raises ImaginationError if fewer than 8 training frames show the face.
    """
    size = target.size
    places = {
        int(number): place
        for number in np.flatnonzero(faces_camera(target.keypoints))
        if (place := place_patch(target.keypoints[number], side=side, size=size))
    }
    numbers = np.array(list(places), np.int64)
    numbers = numbers[np.unique(np.linspace(0, len(numbers) - 1, MAX_FACES).astype(int))] if len(numbers) else numbers
    if target.training[numbers].sum() < MIN_FACES:
        raise ImaginationError(
            f"face_gan: {int(target.training[numbers].sum())} training frames of the target show the face, but at "
            f"least {MIN_FACES} are needed: film the person from the front, or set face_gan: enabled: false"
        )
    pose, painted, real = [], [], []
    windows = [places[number] for number in numbers.tolist()]
    seen = target.film.cuts(target.film_numbers[numbers], windows)
    shelf = training_shelf(pose_gan, target)
    drawn = paint_frames(pose_gan, target, numbers, device=device, shelf=shelf)
    for number, place, picture, cut in zip(numbers.tolist(), windows, drawn, seen, strict=True):
        pose.append(patch_pose(target.keypoints[number], place, size=size))
        painted.append(picture[place.slices].copy())
        real.append(cut.copy())  # a view of a part would keep the whole frame in memory
    return FacePatches(np.stack(pose), np.stack(painted), np.stack(real), target.training[numbers])


def _reviewed(patches: FacePatches) -> NDArray[np.int64]:
    pool = np.flatnonzero(~patches.training)
    pool = pool if len(pool) else np.flatnonzero(patches.training)
    return np.unique(pool[np.linspace(0, len(pool) - 1, REVIEWED).round().astype(int)])


def _difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    return float(np.abs(a.astype(np.float32) - b).mean())
