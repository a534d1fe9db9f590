"""Data augmentation: changes of a batch that keep dance and music matching (not in the paper).

    mirror   left and right of half of the dances exchanged, at any strength above 0
    shift    dances and sounds cut to a slightly later or earlier window, together
    tempo    dances and sounds played faster or slower, together; the lags of the rhythm change accordingly
    body     wider, taller, and jittering joints
    sound    another key (chroma), another equaliser and loudness, noise, and blocks of features silenced

A whole batch has the same shift, tempo and key: differences within it would reveal the pairs without the music.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from danceit_core.config import MatcherSettings
from danceit_core.music.columns import FEATURE_BLOCKS, PARTS, RHYTHM_S
from danceit_core.pose.skeleton import MIRROR

# At augmentation 1: spread of the body's width and height, joint jitter (torsos), equaliser and noise (deviations).
BODY_SPREAD, JITTER, EQUALISER, NOISE, SILENCED = 0.1, 0.02, 0.3, 0.3, 0.15
LOG_RHYTHM_STEP = float(np.log(RHYTHM_S[1] / RHYTHM_S[0]))


@dataclass(frozen=True)
class Augmentation:
    """The strengths of the changes to a batch of `feature_set` at `fps`; see the settings of the same names."""

    strength: float
    tempo_spread: float
    max_shift: int
    feature_set: str

    @classmethod
    def of(cls, settings: MatcherSettings, *, fps: float, frames: int, feature_set: str) -> "Augmentation":
        """From the settings, for windows of `frames`; the shift is at most a quarter of a window."""
        max_shift = min(round(settings.max_shift_s * fps), frames // 4)
        return cls(settings.augmentation, settings.tempo_spread, max_shift, feature_set)


def augment(poses: Tensor, sounds: Tensor, how: Augmentation, *, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Changed copies of poses (B, F, 25, 3) and standardised sounds (B, F, D), with another number of frames.

    The shift cuts max_shift frames from every window, some at its start and the rest at its end: the encoders accept
    any length, and padding would add artificial movement.
    """
    first = int(rng.integers(how.max_shift + 1))
    window = slice(first, poses.shape[1] - how.max_shift + first)
    poses, sounds = poses[:, window], sounds[:, window]
    if how.tempo_spread > 0:
        rate = float(np.exp(rng.uniform(-1, 1) * np.log1p(how.tempo_spread)))
        poses, sounds = _play_faster(poses, sounds, rate=rate, feature_set=how.feature_set)
    generator = torch.Generator(device=poses.device).manual_seed(int(rng.integers(2**62)))
    if how.strength > 0:
        poses = _change_bodies(poses, how.strength, generator)
        sounds = _change_sounds(sounds, how, generator, key=int(rng.integers(12)))
    return poses, sounds


def mirror_poses(poses: Tensor) -> Tensor:
    """Left and right exchanged in normalised poses (..., 25, 3): a mirrored dance still matches its music."""
    swapped = poses[..., list(MIRROR), :]
    return swapped * torch.tensor([-1.0, 1.0, 1.0], device=poses.device)


def feature_columns(feature_set: str) -> dict[str, slice]:
    """The columns of each block of a feature set; none for an unknown set."""
    columns, first = {}, 0
    for name, width in FEATURE_BLOCKS.get(feature_set, {}).items():
        columns[name] = slice(first, first + width)
        first += width
    return columns


def _play_faster(poses: Tensor, sounds: Tensor, *, rate: float, feature_set: str) -> tuple[Tensor, Tensor]:
    """Both resampled to 1 / rate of their frames, the lags of the rhythm shortened by `rate`."""
    frames = max(2, round(poses.shape[1] / rate))
    places = torch.linspace(0, poses.shape[1] - 1, frames, device=poses.device)
    poses, sounds = _at(poses, places, dim=1), _at(sounds, places, dim=1)
    rhythm = feature_columns(feature_set).get("rhythm")
    if rhythm is not None:
        lags = torch.arange(len(RHYTHM_S), device=sounds.device, dtype=sounds.dtype)
        moved = (lags + np.log(rate) / LOG_RHYTHM_STEP).clamp(0, len(RHYTHM_S) - 1)
        parts = sounds[..., rhythm].reshape(*sounds.shape[:-1], len(PARTS), len(RHYTHM_S))
        sounds = torch.cat([sounds[..., : rhythm.start], _at(parts, moved, dim=-1).flatten(-2)], dim=-1)
    return poses, sounds


def _at(values: Tensor, places: Tensor, *, dim: int) -> Tensor:
    """Linear interpolation of `values` at fractional `places` along `dim`."""
    low = places.floor().long().clamp(max=max(values.shape[dim] - 2, 0))
    high = (low + 1).clamp(max=values.shape[dim] - 1)
    share = (places - low).reshape([-1 if d == dim % values.ndim else 1 for d in range(values.ndim)])
    return torch.lerp(values.index_select(dim, low), values.index_select(dim, high), share.to(values.dtype))


def _change_bodies(poses: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Half of the dances mirrored, each stretched, and every present joint moved slightly."""
    device = poses.device
    mirrored = torch.rand(len(poses), 1, 1, 1, device=device, generator=generator) < 0.5
    poses = torch.where(mirrored, mirror_poses(poses), poses)
    spread = torch.randn(len(poses), 1, 1, 2, device=device, generator=generator)
    noise = torch.randn(*poses.shape[:-1], 2, device=device, generator=generator)
    seen = (poses[..., 2:] > 0).to(poses.dtype)
    places = poses[..., :2] * (1 + BODY_SPREAD * strength * spread.clamp(-2, 2)) + JITTER * strength * noise * seen
    return torch.cat([places, poses[..., 2:]], dim=-1)


def _change_sounds(sounds: Tensor, how: Augmentation, generator: torch.Generator, *, key: int) -> Tensor:
    """Chroma rotated by `key` semitones, then an equaliser per window, noise, and silenced feature blocks."""
    device, (count, _, width) = sounds.device, sounds.shape
    columns = feature_columns(how.feature_set)
    if "chroma" in columns:
        chroma = columns["chroma"]
        parts = [sounds[..., : chroma.start], sounds[..., chroma].roll(key, dims=-1), sounds[..., chroma.stop :]]
        sounds = torch.cat(parts, dim=-1)
    equaliser = torch.randn(count, 1, width, device=device, generator=generator)
    noise = torch.randn(sounds.shape, device=device, generator=generator)
    sounds = sounds + how.strength * (EQUALISER * equaliser + NOISE * noise)
    for block in columns.values():
        if block.stop - block.start < width:
            kept = torch.rand(count, 1, 1, device=device, generator=generator) >= SILENCED * how.strength
            sounds = torch.cat([sounds[..., : block.start], sounds[..., block] * kept, sounds[..., block.stop :]], -1)
    return sounds
