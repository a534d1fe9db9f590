"""A trained matcher: both encoders with the statistics they were trained on, its checkpoint file, and embedding.

A checkpoint is one dict of numbers, strings and tensors (`torch.load(weights_only=True)` reads it):

    version        of this layout
    settings       the MatcherSettings as a dict
    feature_set, feature_width, seconds, fps    what it was trained on
    feature_mean, feature_deviation             (D,) statistics of the training videos' features
    audio_encoder, pose_encoder                 weights, on the CPU
    epoch          the epoch whose weights these are
    selected_on    "validation" or "last": how that epoch was chosen (see `train`)
    threshold      distance that best separates the training pairs

Where there was nothing to learn from, it holds `version` and `untrained`, the reason, and stands for no matcher.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from danceit_core.config import MatcherSettings, make_settings
from danceit_core.database.mapped import take
from danceit_core.errors import ConfigError, MatcherError
from danceit_core.matcher.data import FeatureScale, normalise_poses
from danceit_core.matcher.encoders import AudioEncoder, PoseEncoder
from danceit_core.music.columns import Features
from danceit_core.plain_torch import read_plain, write_plain
from danceit_core.pose.skeleton import JOINTS, Keypoints

CHECKPOINT_VERSION = 2
BATCH = 256

Checkpoint = dict[str, Any]


@dataclass(frozen=True)
class Matcher:
    """Embeds dances and sounds into one space in which those that match are near each other."""

    audio_encoder: AudioEncoder
    pose_encoder: PoseEncoder
    scale: FeatureScale
    checkpoint: Checkpoint
    device: torch.device

    @classmethod
    def from_checkpoint(cls, checkpoint: Mapping[str, Any], *, device: torch.device) -> "Matcher":
        """Both encoders in evaluation mode on `device`. Raises KeyError or RuntimeError for a malformed checkpoint."""
        settings = make_settings(MatcherSettings, checkpoint["settings"])
        with torch.random.fork_rng(devices=[]):  # their fresh weights are about to be replaced
            audio, pose = make_encoders(settings, feature_width=checkpoint["feature_width"])
        audio.load_state_dict(checkpoint["audio_encoder"])
        pose.load_state_dict(checkpoint["pose_encoder"])
        scale = FeatureScale(checkpoint["feature_mean"].numpy(), checkpoint["feature_deviation"].numpy())
        if scale.mean.shape != (checkpoint["feature_width"],) or scale.deviation.shape != scale.mean.shape:
            raise ValueError(f"its statistics have shapes {scale.mean.shape} and {scale.deviation.shape}")
        return cls(audio.to(device).eval(), pose.to(device).eval(), scale, dict(checkpoint), device)

    def embed_pose(self, keypoints: Keypoints) -> np.ndarray:
        """(N, F, 25, 3) pixels to (N, E) float32."""
        if keypoints.ndim != 4 or keypoints.shape[2:] != (JOINTS, 3):
            raise MatcherError(f"keypoints have shape {keypoints.shape}; (fragments, frames, 25, 3) is expected")
        return self._embed(self.pose_encoder, keypoints, normalise_poses)

    def embed_audio(self, features: Features) -> np.ndarray:
        """(N, F, D) raw features to (N, E) float32. Raises MatcherError for another D than it was trained with."""
        width = self.checkpoint["feature_width"]
        if features.ndim != 3 or features.shape[2] != width:
            raise MatcherError(
                f"features have shape {features.shape}; this matcher takes (windows, frames, {width}), music.features "
                f"{self.checkpoint['feature_set']!r}: analyse the song so, or train again"
            )
        return self._embed(self.audio_encoder, features, self.scale.apply)

    def _embed(
        self,
        encoder: AudioEncoder | PoseEncoder,
        values: NDArray[np.float32],
        normalise: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    ) -> np.ndarray:
        """Embeddings of raw values, in memory or mapped, of which only a batch is normalised at a time."""
        parts = [
            embed(encoder, torch.from_numpy(normalise(take(values, np.arange(at, min(at + BATCH, len(values)))))),
                  device=self.device)
            for at in range(0, len(values), BATCH)
        ]  # fmt: skip
        return np.concatenate(parts) if parts else np.zeros((0, encoder.fc.out_features), np.float32)


def make_encoders(settings: MatcherSettings, *, feature_width: int) -> tuple[AudioEncoder, PoseEncoder]:
    """Both encoders with fresh weights, drawn from torch's current random state."""
    size, dropout, unit = settings.embedding_size, settings.dropout, settings.unit_length
    audio = AudioEncoder(
        feature_width=feature_width,
        hidden_size=settings.hidden_size,
        embedding_size=size,
        dropout=dropout,
        unit_length=unit,
    )
    return audio, PoseEncoder(embedding_size=size, dropout=dropout, unit_length=unit)


@torch.no_grad()
def embed(encoder: AudioEncoder | PoseEncoder, inputs: Tensor, *, device: torch.device) -> np.ndarray:
    """Embeddings (N, E) of normalised inputs (N, F, ...), in batches and evaluation mode; the mode is put back."""
    was_training = encoder.training
    encoder.eval()
    parts = [encoder(inputs[at : at + BATCH].to(device)).cpu() for at in range(0, len(inputs), BATCH)]
    encoder.train(was_training)
    return torch.cat(parts).numpy() if parts else np.zeros((0, encoder.fc.out_features), np.float32)


def save_matcher(path: str | Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; appears whole or not at all."""
    write_plain(path, checkpoint)


def save_untrained(path: str | Path, reason: str) -> None:
    """Write that there is no matcher, and why; appears whole or not at all."""
    write_plain(path, {"version": CHECKPOINT_VERSION, "untrained": reason})


def load_matcher(path: str | Path, *, device: torch.device, feature_set: str | None = None) -> Matcher | None:
    """Read a checkpoint; None where there was nothing to learn from.

    Raises MatcherError, naming the file, if it is damaged or for another feature set.
    """
    again = "delete it and run train_matcher again"
    try:
        checkpoint = read_plain(path)
        if checkpoint["version"] != CHECKPOINT_VERSION:
            raise MatcherError(f"{path} has layout {checkpoint['version']}, not {CHECKPOINT_VERSION}; {again}")
        if "untrained" in checkpoint:
            return None
        matcher = Matcher.from_checkpoint(checkpoint, device=device)
    except FileNotFoundError:
        raise MatcherError(f"{path}: no such matcher; run train_matcher") from None
    except (AttributeError, ConfigError, LookupError, TypeError, ValueError, RuntimeError, OSError) as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise MatcherError(f"{path} is not a whole matcher checkpoint ({reason}); {again}") from error
    if feature_set is not None and checkpoint["feature_set"] != feature_set:
        raise MatcherError(
            f"{path} was trained on music.features {checkpoint['feature_set']!r}, not {feature_set!r}; "
            "set music.features back or train again"
        )
    return matcher
