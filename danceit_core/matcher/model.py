"""A trained matcher: both encoders with the statistics they were trained on, its checkpoint file, and embedding.

A checkpoint is one dict of numbers, strings and tensors (`torch.load(weights_only=True)` reads it):

    version        of this layout
    settings       the MatcherSettings as a dict
    feature_set, feature_width, seconds, fps    properties of the training data
    feature_mean, feature_deviation             (D,) statistics of the training videos' features
    audio_encoder, pose_encoder                 weights, on the CPU
    epoch          the epoch whose weights these are
    selected_on    "validation" or "last": how that epoch was chosen (see `train`)
    threshold      distance that best separates the training pairs

If there was nothing to learn from, it holds `version` and `untrained` (the reason), and means that there is no matcher.
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
from danceit_core.database.table import LONGEST_S, SECONDS, Database
from danceit_core.database.windows import centre_windows, take_windows
from danceit_core.errors import ConfigError, MatcherError
from danceit_core.matcher.data import Pairs
from danceit_core.matcher.encoders import AudioEncoder, Encoder, PoseEncoder
from danceit_core.matcher.paper_encoders import PaperAudioEncoder, PaperPoseEncoder
from danceit_core.matcher.windows import FeatureScale, Windows
from danceit_core.music.columns import Features
from danceit_core.plain_torch import read_plain, write_plain
from danceit_core.pose.table import MOST_FPS
from danceit_core.tables import number_of

CHECKPOINT_VERSION = 2
BATCH = 256
ENCODERS = ("hybrid", "paper")

Checkpoint = dict[str, Any]


@dataclass(frozen=True)
class Matcher:
    """Embeds dances and sounds into one space in which matching ones are near each other."""

    audio_encoder: Encoder
    pose_encoder: Encoder
    scale: FeatureScale
    checkpoint: Checkpoint
    device: torch.device

    @classmethod
    def from_checkpoint(cls, checkpoint: Mapping[str, Any], *, device: torch.device) -> "Matcher":
        """Both encoders in evaluation mode on `device`. Raises KeyError or RuntimeError for a malformed checkpoint."""
        settings = make_settings(MatcherSettings, checkpoint["settings"])
        with torch.random.fork_rng(devices=[]):  # the initial weights are replaced below
            audio, pose = make_encoders(settings, feature_width=checkpoint["feature_width"])
        audio.load_state_dict(checkpoint["audio_encoder"])
        pose.load_state_dict(checkpoint["pose_encoder"])
        for key, most in (("seconds", LONGEST_S), ("fps", MOST_FPS)):
            number_of(checkpoint, key, most=most)
        scale = FeatureScale(checkpoint["feature_mean"].float(), checkpoint["feature_deviation"].float())
        shapes = tuple(scale.mean.shape), tuple(scale.deviation.shape)
        if shapes != ((checkpoint["feature_width"],),) * 2:
            raise ValueError(f"its statistics have shapes {shapes[0]} and {shapes[1]}")
        return cls(audio.to(device).eval(), pose.to(device).eval(), scale, dict(checkpoint), device)

    @property
    def length(self) -> int:
        """Number of frames of the training windows."""
        return round(self.checkpoint["seconds"] * self.checkpoint["fps"])

    def embed_fragments(self, database: Database) -> np.ndarray:
        """Embed the dances of all fragments of a database, (N, E) float32, with only a batch of them in memory.

        For fragments in beats, which have individual lengths, see `windows_of`.
        """
        if database.unit == SECONDS:
            windows = Windows.of(database.frames, length=database.length)
            return self._embed(self.pose_encoder, windows.poses, database.starts)
        windows = Windows.of(database.frames, length=self.length)
        spans, place = np.unique(np.stack(self.windows_of(database), axis=1), axis=0, return_inverse=True)

        def take(numbers: NDArray[np.int64]) -> Tensor:
            return windows.poses(spans[numbers, 0], ends=spans[numbers, 1])

        return self._embed(self.pose_encoder, take, np.arange(len(spans)))[place.reshape(-1)]

    def embed_sounds(self, database: Database, fragments: NDArray[np.int64]) -> np.ndarray:
        """Embed the sounds of some fragments of a database, (K, E) float32, all in memory at once."""
        if database.unit == SECONDS:
            return self.embed_audio(database.features_of(fragments))
        starts, ends = (each[fragments] for each in self.windows_of(database))
        return self.embed_audio(take_windows(database.frames.features, starts, self.length, ends=ends))

    def windows_of(self, database: Database) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For fragments in beats: the starts of their windows in the frames, and one past their last frame, both (N,).

        A fragment of any length is represented by a window of `length` frames in its middle, kept inside its passage,
        whose last frame is held if the passage is shorter than the window.
        """
        table, starts = database.table, database.starts
        begin, end = (table[f"passage_{edge}"].to_numpy(np.int64) for edge in ("start", "end"))
        first_row = starts - table["start_frame"].to_numpy(np.int64)  # of the video's frame 0
        first, stop = begin + first_row, end + first_row
        centred = centre_windows(starts, database.lengths, first=first, end=stop, length=self.length)
        return centred, np.where(stop - centred < self.length, stop, centred + self.length)

    def embed_pairs(self, pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
        """Embed the dances and sounds of some pairs, (N, E) float32 each, in batches."""
        self._check_width(pairs.windows.feature_width, (len(pairs), pairs.windows.length, pairs.windows.feature_width))
        poses = self._embed(self.pose_encoder, pairs.windows.poses, pairs.starts)
        return poses, self._embed(self.audio_encoder, self._sounds_of(pairs.windows), pairs.starts)

    def embed_audio(self, features: Features) -> np.ndarray:
        """(N, F, D) raw features to (N, E) float32. Raises MatcherError for another D than in training."""
        if features.ndim != 3:
            raise MatcherError(f"features have shape {features.shape}; (windows, frames, features) is expected")
        self._check_width(features.shape[2], features.shape)

        def take(rows: NDArray[np.int64]) -> Tensor:
            return self.scale.apply(torch.from_numpy(np.asarray(features[rows], np.float32)))

        return self._embed(self.audio_encoder, take, np.arange(len(features)))

    def _sounds_of(self, windows: Windows) -> Callable[[NDArray[np.int64]], Tensor]:
        return lambda starts: windows.sounds(starts, scale=self.scale)

    def _check_width(self, width: int, shape: tuple[int, ...]) -> None:
        """Raise MatcherError for features of another width than in training."""
        if width != self.checkpoint["feature_width"]:
            raise MatcherError(
                f"features have shape {tuple(shape)}; this matcher takes (windows, frames, "
                f"{self.checkpoint['feature_width']}), music.features {self.checkpoint['feature_set']!r}: analyse the "
                "song with that setting, or train again"
            )

    def _embed(
        self, encoder: Encoder, take: Callable[[NDArray[np.int64]], Tensor], places: NDArray[np.int64]
    ) -> np.ndarray:
        """Embeddings of the inputs at some places, batch by batch."""
        parts = [
            embed(encoder, take(places[at : at + BATCH]), device=self.device) for at in range(0, len(places), BATCH)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, encoder.fc.out_features), np.float32)


def make_encoders(settings: MatcherSettings, *, feature_width: int) -> tuple[Encoder, Encoder]:
    """Encoders of sound and dance with initial weights, drawn from torch's current random state."""
    size, dropout, unit = settings.embedding_size, settings.dropout, settings.unit_length
    audio = PaperAudioEncoder if settings.encoder == "paper" else AudioEncoder
    heard = audio(
        feature_width=feature_width,
        hidden_size=settings.hidden_size,
        embedding_size=size,
        dropout=dropout,
        unit_length=unit,
    )
    if settings.encoder == "paper":
        return heard, PaperPoseEncoder(embedding_size=size, unit_length=unit)
    return heard, PoseEncoder(embedding_size=size, dropout=dropout, unit_length=unit)


@torch.no_grad()
def embed(encoder: Encoder, inputs: Tensor, *, device: torch.device) -> np.ndarray:
    """Embeddings (N, E) of normalised inputs (N, F, ...), in batches and evaluation mode; restores the mode."""
    was_training = encoder.training
    encoder.eval()
    parts = [encoder(inputs[at : at + BATCH].to(device)).cpu() for at in range(0, len(inputs), BATCH)]
    encoder.train(was_training)
    return torch.cat(parts).numpy() if parts else np.zeros((0, encoder.fc.out_features), np.float32)


def save_matcher(path: str | Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint atomically."""
    write_plain(path, checkpoint)


def save_untrained(path: str | Path, reason: str) -> None:
    """Record atomically that there is no matcher, and why."""
    write_plain(path, {"version": CHECKPOINT_VERSION, "untrained": reason})


def load_matcher(path: str | Path, *, device: torch.device, feature_set: str | None = None) -> Matcher | None:
    """Read a checkpoint; None if there was nothing to learn from.

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
        raise MatcherError(f"{path} is not a complete matcher checkpoint ({reason}); {again}") from error
    if feature_set is not None and checkpoint["feature_set"] != feature_set:
        raise MatcherError(
            f"{path} was trained on music.features {checkpoint['feature_set']!r}, not {feature_set!r}; "
            "set music.features back or train again"
        )
    return matcher
