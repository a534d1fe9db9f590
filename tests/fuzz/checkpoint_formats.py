"""Checkpoints, finished and unfinished: matcher, poseGAN, FaceGAN, states of trainings, weights of VGG19, the mesh."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch._dynamo  # the optimisers' first step imports it: seconds, once instead of in each case
from damage import spoil_tree, strange_array, strange_value
from formats import Format, Rng
from matched_dances import matched_pairs
from pose_formats import ROOT
from safetensors import safe_open
from safetensors.torch import save_file
from tiny_gans import face_gan, pose_gan
from tiny_training import train_tiny

from danceit_core.assets import fetch_body_mesh
from danceit_core.config import MatcherSettings
from danceit_core.imagination.networks.checkpoint import (
    load_face_gan,
    load_pose_gan,
    save_face_gan,
    save_pose_gan,
    training_path,
)  # fmt: skip
from danceit_core.imagination.networks.perceptual import load_perceptual_loss
from danceit_core.matcher.model import load_matcher, save_matcher
from danceit_core.matcher.train import train_matcher
from danceit_core.studio.body import load_body

CPU = torch.device("cpu")
TINY = MatcherSettings(hidden_size=4, embedding_size=4, epochs=2, batch_size=16, canonical_start=False)


class _KilledError(Exception):
    """A training that is killed after its first saved state."""


def _kill(done: int, total: int) -> None:
    if 1 <= done < total:
        raise _KilledError


def train_tiny_matcher(state: Path | None, *, kill: bool = False):
    pairs = matched_pairs(videos=4, fragments=4, frames=8)
    progress = _kill if kill else None
    return train_matcher(pairs, settings=TINY, seed=0, device=CPU, state=state, progress=progress)


def make_matcher(folder: Path) -> Path:
    path = folder / "matcher.pt"
    save_matcher(path, train_tiny_matcher(None).checkpoint)
    return path


def read_matcher(path: Path) -> None:
    matcher = load_matcher(path, device=CPU, feature_set="mfcc")
    matcher.embed_pairs(matched_pairs(videos=4, fragments=2, frames=8))


def make_matcher_state(folder: Path) -> Path:
    path = folder / "matcher.pt.state"
    try:
        train_tiny_matcher(path, kill=True)
    except _KilledError:
        return path
    raise AssertionError("the training was not killed")


def read_matcher_state(path: Path) -> None:
    assert len(train_tiny_matcher(path).history) == TINY.epochs


def make_gan_state(folder: Path) -> Path:
    def kill(done: int, total: int) -> None:
        if training_path(folder / "gan.pt").exists():
            raise _KilledError

    try:
        train_tiny(folder / "gan.pt", progress=kill)
    except _KilledError:
        return training_path(folder / "gan.pt")
    raise AssertionError("the training was not killed")


def read_gan_state(path: Path) -> None:
    train_tiny(path.with_name("gan.pt"))


def make_pose_gan(folder: Path) -> Path:
    path = folder / "pose_gan.safetensors"
    save_pose_gan(path, pose_gan())
    return path


def make_face_gan(folder: Path) -> Path:
    path = folder / "face_gan.safetensors"
    save_face_gan(path, face_gan())
    return path


def make_vgg(folder: Path) -> Path:
    path = folder / "vgg19.pth"
    torch.save({f"features.{number}.weight": torch.zeros(4, 3, 3, 3) for number in (0, 2, 5)}, path)
    return path


def make_mesh(folder: Path) -> Path:
    path = folder / "body_mesh.zip"
    path.write_bytes(fetch_body_mesh(ROOT / "resources" / "body").read_bytes())
    return path


def spoil_torch(rng: Rng, path: Path) -> None:
    torch.save(spoil_tree(rng, torch.load(path, weights_only=True), leaf=_strange_tensor), path)


def spoil_safetensors(rng: Rng, path: Path) -> None:
    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["about"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if rng.random() < 0.6:
        about = spoil_tree(rng, about)
    else:
        name = str(rng.choice(list(tensors)))
        tensors[name] = _strange_tensor(rng, tensors[name])
    kept = {name: value for name, value in tensors.items() if isinstance(value, torch.Tensor)}
    save_file(kept, path, metadata={"about": json.dumps(about)})


def _strange_tensor(rng: Rng, value: Any) -> Any:
    if isinstance(value, torch.Tensor) and rng.random() < 0.9:
        values = strange_array(rng, value.numpy())
        return torch.from_numpy(np.ascontiguousarray(values)) if values.dtype.kind not in "U" else "text"
    return strange_value(rng, str(value))


FORMATS = [
    Format("matcher", "checkpoints", make_matcher, read_matcher, spoil_torch),
    Format("matcher state", "checkpoints", make_matcher_state, read_matcher_state),
    Format("poseGAN", "checkpoints", make_pose_gan, lambda path: load_pose_gan(path, device=CPU), spoil_safetensors),
    Format("FaceGAN", "checkpoints", make_face_gan, lambda path: load_face_gan(path, device=CPU), spoil_safetensors),
    Format("GAN state", "checkpoints", make_gan_state, read_gan_state),
    Format(
        "VGG19", "checkpoints", make_vgg, lambda path: load_perceptual_loss(path, device=CPU), spoil_torch, valid=False
    ),
    Format("body mesh", "networks", make_mesh, lambda path: load_body(path, shapes={})),
]
