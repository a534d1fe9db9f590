"""Finished generators and unfinished trainings as files.

A finished poseGAN or FaceGAN is a safetensors file, which any program can read and which cannot contain code. It holds
the averaged generator's weights as `generator.*`, the empty room as `plate` (uint8), and in the metadata, as JSON under
`about`, its kind, its settings, the person's size and the SHA-256 of all its numbers, which the format itself does not
check (a file without that checksum is of an earlier version and is accepted). An unfinished training (torch.save of
plain values, see `plain_torch`) holds everything needed to continue as if it had not been interrupted. Its fingerprint
ties it to its data, settings, seed and stage version; if any of them changes, training starts afresh.
"""

import dataclasses
import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from danceit_core.config import FaceGanSettings, PoseGanSettings
from danceit_core.errors import ImaginationError
from danceit_core.files import whole_file
from danceit_core.imagination.networks.face import FaceGenerator
from danceit_core.imagination.networks.generator import PoseGenerator
from danceit_core.imagination.target.view import View
from danceit_core.plain_torch import read_plain, write_plain
from danceit_core.tables import DAMAGE, number_of

log = logging.getLogger(__name__)

POSE_GAN, FACE_GAN, TRAINING = "danceit pose gan", "danceit face gan", "danceit training"
FORMAT = 2
PREFIX = "generator."
MOST_SIDE = 2048
Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class PoseGan:
    """A trained poseGAN.

    plate: uint8 (H, W, 3), the room, or None if the generator paints it too. view: how it looks at pictures of that
    size. body_px: body size of the target person in them.
    """

    generator: PoseGenerator
    settings: PoseGanSettings
    plate: NDArray[np.uint8] | None
    view: View
    body_px: float


@dataclass(frozen=True)
class FaceGan:
    """A trained FaceGAN; `side` is the side of its patch in pixels of the poseGAN's picture."""

    generator: FaceGenerator
    settings: FaceGanSettings
    side: int


def save_pose_gan(path: str | Path, gan: PoseGan) -> None:
    """Write a finished poseGAN; the file appears complete or not at all, and the same poseGAN gives the same bytes."""
    about = {"settings": dataclasses.asdict(gan.settings), "view": dataclasses.asdict(gan.view), "body_px": gan.body_px}
    extra = {} if gan.plate is None else {"plate": torch.from_numpy(gan.plate)}
    _save(path, gan.generator, kind=POSE_GAN, about=about, extra=extra)


def load_pose_gan(path: str | Path, *, device: torch.device) -> PoseGan:
    """Read a finished poseGAN, ready to paint on `device`. Raises ImaginationError naming a file that is not one."""
    about, tensors = _load(path, kind=POSE_GAN)
    try:
        settings = PoseGanSettings(**about["settings"])
        plate = tensors.pop("plate").numpy().copy() if "plate" in tensors else None
        seen = about["view"]
        view = View(tuple(seen["size"]), tuple(seen["window"]), tuple(seen["network"]), seen["scale"])
        generator = _ready(PoseGenerator(settings), tensors, device)
        return PoseGan(generator, settings, plate, view, number_of(about, "body_px"))
    except (*DAMAGE, RuntimeError) as error:
        raise _damaged(path, POSE_GAN, error) from error


def save_face_gan(path: str | Path, gan: FaceGan) -> None:
    """Write a finished FaceGAN; the file appears complete or not at all."""
    about = {"settings": dataclasses.asdict(gan.settings), "side": gan.side}
    _save(path, gan.generator, kind=FACE_GAN, about=about, extra={})


def load_face_gan(path: str | Path, *, device: torch.device) -> FaceGan:
    """Read a finished FaceGAN. Raises ImaginationError naming a file that is not one."""
    about, tensors = _load(path, kind=FACE_GAN)
    try:
        settings = FaceGanSettings(**about["settings"])
        generator = _ready(FaceGenerator(channels=settings.channels), tensors, device)
        return FaceGan(generator, settings, int(number_of(about, "side", most=MOST_SIDE)))
    except (*DAMAGE, RuntimeError) as error:
        raise _damaged(path, FACE_GAN, error) from error


def training_path(path: str | Path) -> Path:
    """The path of the unfinished training of checkpoint `path`: a hidden file next to it."""
    path = Path(path)
    return path.with_name(f".{path.name}.training")


def resume(path: str | Path, *, fingerprint: str, device: torch.device) -> dict[str, Any] | None:
    """The unfinished training of checkpoint `path`, or None if there is none with the same fingerprint."""
    file = training_path(path)
    if not file.exists():
        return None
    try:
        content = read(file, kind=TRAINING, device=device)
    except ImaginationError as error:
        log.warning("%s; training starts afresh", error)
        return None
    if content["fingerprint"] != fingerprint:
        log.info("%s belongs to other data, settings or versions; training starts afresh", file)
        return None
    return content


def write(path: str | Path, content: dict[str, Any], *, kind: str) -> None:
    """Write a dict of tensors, strings and numbers as a file of `kind`; it appears complete or not at all."""
    write_plain(path, {"kind": kind, "format": FORMAT, **content})


def read(path: str | Path, *, kind: str, device: torch.device) -> dict[str, Any]:
    """Read what `write` wrote. Raises ImaginationError for a file that is missing, damaged or of another kind."""
    try:
        content = read_plain(path, device=device)
    except (OSError, ValueError) as error:
        raise _damaged(path, kind, error) from error
    _check_kind(path, content if isinstance(content, dict) else {}, kind=kind)
    return content


def _save(
    path: str | Path, generator: nn.Module, *, kind: str, about: dict[str, Any], extra: dict[str, Tensor]
) -> None:
    tensors = {PREFIX + name: value.contiguous() for name, value in generator.state_dict().items()} | extra
    # A single entry, because safetensors writes several in an order that changes from run to run.
    known = {"kind": kind, "format": FORMAT, "sha256": _digest(tensors), **about}
    with whole_file(path) as partial:
        save_file(tensors, partial, metadata={"about": json.dumps(known, sort_keys=True)})


def _load(path: str | Path, *, kind: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read what `_save` wrote as a `kind`: about and tensors, on the CPU."""
    if not Path(path).exists():
        raise ImaginationError(f"checkpoint {path} does not exist; run the rule that trains it")
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {}).get("about", "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is not a dict)
        if about.get("sha256") not in (None, _digest(tensors)):
            raise ValueError("the SHA-256 of its numbers is wrong")
    except Exception as error:  # the package's error has no useful base class; JSON may fail as well
        raise _damaged(path, kind, error) from error
    _check_kind(path, about, kind=kind)
    return about, tensors


def _digest(tensors: dict[str, Tensor]) -> str:
    """SHA-256 over the names and numbers of all tensors."""
    total = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        total.update(name.encode() + b"\0")
        # (...) -> (bytes,)
        total.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return total.hexdigest()


def _ready(generator: Network, tensors: dict[str, Tensor], device: torch.device) -> Network:
    """The generator with the weights among `tensors`, on `device`."""
    generator.load_state_dict({name.removeprefix(PREFIX): value for name, value in tensors.items()})
    return generator.to(device).eval()


def _check_kind(path: str | Path, content: dict[str, Any], *, kind: str) -> None:
    if content.get("kind") != kind:
        found = content.get("kind", "something else")
        raise ImaginationError(f"{path} contains {found}, not a {kind}; delete it and train again")
    if content.get("format") != FORMAT:
        raise ImaginationError(
            f"{path} has format {content.get('format')}, but this version reads {FORMAT}; delete it and train again"
        )


def _damaged(path: str | Path, kind: str, error: Exception) -> ImaginationError:
    reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
    return ImaginationError(f"{path} is not a readable {kind} ({reason}); delete it and train again")
