"""Finished generators and unfinished trainings as files (torch.save of plain dicts, read with weights_only=True).

A finished poseGAN holds the averaged generator, its settings, the background plate and what it knows of the person's
size. An unfinished training holds everything needed to go on as if nothing had happened; its fingerprint ties it to
its data, settings and seed, so that a changed one starts afresh.
"""

import dataclasses
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from danceit_core.config import FaceGanSettings, PoseGanSettings
from danceit_core.errors import ImaginationError
from danceit_core.files import whole_file
from danceit_core.imagination.face import FaceGenerator
from danceit_core.imagination.generator import PoseGenerator

log = logging.getLogger(__name__)

POSE_GAN, FACE_GAN, TRAINING = "danceit pose gan", "danceit face gan", "danceit training"
FORMAT = 1


@dataclass(frozen=True)
class PoseGan:
    """A trained poseGAN.

    plate: uint8 (S, S, 3), the room, or None where the generator paints it too. window: width and height in pixels in
    which the generator paints. body_px: body size of the target person in its pictures.
    """

    generator: PoseGenerator
    settings: PoseGanSettings
    plate: NDArray[np.uint8] | None
    window: tuple[int, int]
    body_px: float


@dataclass(frozen=True)
class FaceGan:
    """A trained FaceGAN: `side` is that of its patch in pixels of the poseGAN's picture."""

    generator: FaceGenerator
    settings: FaceGanSettings
    side: int


def save_pose_gan(path: str | Path, gan: PoseGan) -> None:
    """Write a finished poseGAN; the file appears whole or not at all."""
    content = {
        "settings": dataclasses.asdict(gan.settings),
        "generator": gan.generator.state_dict(),
        "plate": None if gan.plate is None else torch.from_numpy(gan.plate),
        "window": list(gan.window),
        "body_px": gan.body_px,
    }
    write(path, content, kind=POSE_GAN)


def load_pose_gan(path: str | Path, *, device: torch.device) -> PoseGan:
    """Read a finished poseGAN, ready to paint on `device`. Raises ImaginationError naming a file that is none."""
    content = read(path, kind=POSE_GAN, device=device)
    try:
        settings = PoseGanSettings(**content["settings"])
        generator = PoseGenerator(settings)
        generator.load_state_dict(content["generator"])
        plate = None if content["plate"] is None else content["plate"].cpu().numpy()
        width, height = content["window"]
        return PoseGan(generator.to(device).eval(), settings, plate, (width, height), content["body_px"])
    except (KeyError, TypeError, RuntimeError) as error:
        raise _damaged(path, POSE_GAN, error) from error


def save_face_gan(path: str | Path, gan: FaceGan) -> None:
    """Write a finished FaceGAN; the file appears whole or not at all."""
    content = {
        "settings": dataclasses.asdict(gan.settings),
        "generator": gan.generator.state_dict(),
        "side": gan.side,
    }
    write(path, content, kind=FACE_GAN)


def load_face_gan(path: str | Path, *, device: torch.device) -> FaceGan:
    """Read a finished FaceGAN. Raises ImaginationError naming a file that is none."""
    content = read(path, kind=FACE_GAN, device=device)
    try:
        settings = FaceGanSettings(**content["settings"])
        generator = FaceGenerator(channels=settings.channels)
        generator.load_state_dict(content["generator"])
        return FaceGan(generator.to(device).eval(), settings, int(content["side"]))
    except (KeyError, TypeError, RuntimeError) as error:
        raise _damaged(path, FACE_GAN, error) from error


def training_path(path: str | Path) -> Path:
    """Where the unfinished training of the checkpoint `path` is kept: a hidden file beside it."""
    path = Path(path)
    return path.with_name(f".{path.name}.training")


def resume(path: str | Path, *, fingerprint: str, device: torch.device) -> dict[str, Any] | None:
    """The unfinished training of checkpoint `path`, or None if there is none that fits the fingerprint."""
    file = training_path(path)
    if not file.exists():
        return None
    try:
        content = read(file, kind=TRAINING, device=device)
    except ImaginationError as error:
        log.warning("%s; training starts afresh", error)
        return None
    if content["fingerprint"] != fingerprint:
        log.info("%s belongs to other data or settings; training starts afresh", file)
        return None
    return content


def write(path: str | Path, content: dict[str, Any], *, kind: str) -> None:
    """Write a dict of tensors, strings and numbers as a file of `kind`, whole or not at all."""
    with whole_file(path) as partial:
        torch.save({"kind": kind, "format": FORMAT, **content}, partial)


def read(path: str | Path, *, kind: str, device: torch.device) -> dict[str, Any]:
    """Read what `write` wrote. Raises ImaginationError for a file that is missing, damaged or of another kind."""
    try:
        content = torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError:
        raise ImaginationError(f"{path}: no such checkpoint; run the rule that trains it") from None
    except Exception as error:  # half a pickle fails in any way, KeyError and IndexError included
        raise _damaged(path, kind, error) from error
    if not isinstance(content, dict) or content.get("kind") != kind:
        found = content.get("kind", "something else") if isinstance(content, dict) else "something else"
        raise ImaginationError(f"{path} holds a {found}, not a {kind}; delete it and train again")
    if content["format"] != FORMAT:
        raise ImaginationError(
            f"{path} has format {content['format']}, this program reads {FORMAT}; delete it and train again"
        )
    return content


def _damaged(path: str | Path, kind: str, error: Exception) -> ImaginationError:
    reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
    return ImaginationError(f"{path} is no readable {kind} ({reason}); delete it and train again")
