"""What the matcher trains on: fragments with sound, normalised batch by batch (paper IV-B).

Poses are centred on the hip of each frame, so that a moving camera does not count, and measured in torso lengths. The
arrays may be memory maps (see `database.mapped`): nothing here copies more than a batch of them.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from danceit_core.database.mapped import take
from danceit_core.database.split import held_out
from danceit_core.database.table import Database
from danceit_core.music.columns import Features
from danceit_core.pose.skeleton import MID_HIP, Keypoints, present, torso_length

# Features further from the mean than this many deviations carry no more news (digital silence is at -30).
FEATURE_LIMIT = 5.0
VALIDATION_SHARE = 0.15
FEWEST_FOR_VALIDATION = 10
# Fragments whose features are summed up at once.
CHUNK = 4096


@dataclass(frozen=True)
class FeatureScale:
    """Mean and deviation of each audio feature over the training fragments, (D,) each."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    def apply(self, features: Features) -> Features:
        """(N, F, D) to zero mean and unit deviation, limited to +-5."""
        return np.clip((features - self.mean) / self.deviation, -FEATURE_LIMIT, FEATURE_LIMIT).astype(np.float32)


@dataclass(frozen=True)
class Pairs:
    """N fragments with sound, as rows of larger arrays.

    keypoints: (M, F, 25, 3), and features: (M, F, D), raw, in memory or memory-mapped; rows (N,): which of them.
    For each of the N: video (a number), start_s, tempo_bpm (NaN: unknown) and part ("train", "validation", "test").
    about: the database's `fps`, `seconds` and `feature_set`.
    """

    keypoints: Keypoints
    features: Features
    rows: NDArray[np.int64]
    video: NDArray[np.int64]
    start_s: NDArray[np.float64]
    tempo_bpm: NDArray[np.float64]
    part: NDArray[np.str_]
    about: dict[str, Any]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def seconds(self) -> float:
        """Length of a fragment."""
        return float(self.about["seconds"])

    def only(self, chosen: NDArray[Any]) -> "Pairs":
        """The pairs at `chosen` (a mask or numbers), without a copy of keypoints or features."""
        columns = ("rows", "video", "start_s", "tempo_bpm", "part")
        return dataclasses.replace(self, **{name: getattr(self, name)[chosen] for name in columns})

    def take_poses(self, chosen: NDArray[np.int64]) -> Tensor:
        """Normalised poses (B, F, 25, 3) float32."""
        return torch.from_numpy(normalise_poses(take(self.keypoints, self.rows[chosen])))

    def take_sounds(self, chosen: NDArray[np.int64], *, scale: FeatureScale) -> Tensor:
        """Standardised features (B, F, D) float32."""
        return torch.from_numpy(scale.apply(take(self.features, self.rows[chosen])))


def measure_features(pairs: Pairs) -> FeatureScale:
    """Statistics of the features of some pairs; a feature that never changes keeps deviation 1."""
    width = pairs.features.shape[-1]
    count, total, squares = 0, np.zeros(width), np.zeros(width)
    # Sums about a first guess: those about zero would lose the digits of a large mean.
    guess = pairs.features[pairs.rows[0], 0].astype(np.float64)
    for first in range(0, len(pairs), CHUNK):
        values = take(pairs.features, pairs.rows[first : first + CHUNK]).astype(np.float64).reshape(-1, width) - guess
        count += len(values)
        total += values.sum(axis=0)
        squares += np.square(values).sum(axis=0)
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - mean**2, 0))
    return FeatureScale((mean + guess).astype(np.float32), np.where(deviation > 1e-6, deviation, 1).astype(np.float32))


def normalise_poses(keypoints: Keypoints) -> Keypoints:
    """(N, F, 25, 3) pixels to torso lengths from each frame's hip, absent joints 0, 0, 0.

    The torso is the fragment's median. A frame without a hip takes the mean of its joints; a fragment without a torso
    takes half the height of its joints.
    """
    seen = present(keypoints)[..., None]
    counted = np.maximum(seen.sum(axis=2), 1)
    middle = np.where(seen, keypoints[..., :2], 0).sum(axis=2) / counted
    root = np.where(seen[:, :, MID_HIP], keypoints[:, :, MID_HIP, :2], middle)
    centred = np.where(seen, keypoints[..., :2] - root[:, :, None], 0)
    torsos = torso_length(keypoints)
    height = np.ptp(centred[..., 1], axis=(1, 2)) / 2 if keypoints.shape[1] else np.ones(len(keypoints))
    known = np.any(np.isfinite(torsos), axis=1)[:, None]
    scale = np.where(known[:, 0], np.nanmedian(np.where(known, torsos, 1.0), axis=1), height)
    scale = np.where(scale > 1e-3, scale, 1.0)
    confidence = np.where(seen, keypoints[..., 2:], 0)
    return np.concatenate([centred / scale[:, None, None, None], confidence], axis=-1).astype(np.float32)


def make_pairs(database: Database) -> Pairs:
    """The fragments of a database that have sound; nothing is copied."""
    table = database.table
    sounding = np.flatnonzero(table["has_sound"].to_numpy(bool))
    tempo = table["tempo_bpm"] if "tempo_bpm" in table else np.full(len(table), np.nan)
    names = table["video"].to_numpy(str)[sounding]
    return Pairs(
        keypoints=database.keypoints,
        features=database.features,
        rows=sounding,
        video=np.unique(names, return_inverse=True)[1].astype(np.int64),
        start_s=table["start_frame"].to_numpy(np.float64)[sounding] / database.fps,
        tempo_bpm=np.asarray(tempo, np.float64)[sounding],
        part=part_of(names, table["split"].to_numpy(str)[sounding]),
        about={key: database.metadata[key] for key in ("fps", "seconds", "feature_set")},
    )


def part_of(videos: NDArray[np.str_], split: NDArray[np.str_]) -> NDArray[np.str_]:
    """ "train", "validation" (some of ten or more training videos) or "test" of each fragment with sound, by video."""
    learnt = sorted(set(videos[split == "train"]))
    part = split.astype("<U10")
    if len(learnt) >= FEWEST_FOR_VALIDATION:
        # By another hash than the test videos: what is left of those all lies above the test share.
        held = held_out(learnt, share=VALIDATION_SHARE, purpose="validation ")
        part[(split == "train") & np.isin(videos, sorted(held))] = "validation"
    return part
