"""What the matcher trains on: normalised fragments, non-matching partners, augmentation (paper IV-B, Fig. 7).

A dance's non-matching sound is, in turn, that of the same video at least `delay_s` away (Fig. 7: the pose delayed) and
that of another video. Poses are centred on the hip of each frame, so that a moving camera does not count, and measured
in torso lengths.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from danceit_core.database.table import Database
from danceit_core.errors import MatcherError
from danceit_core.music.features import Features
from danceit_core.pose.skeleton import MID_HIP, MIRROR, Keypoints, present, torso_length

# Features further from the mean than this many deviations carry no more news (digital silence is at -30).
FEATURE_LIMIT = 5.0


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
    """N fragments with sound: poses (N, F, 25, 3) and sounds (N, F, D), normalised; source video number and start."""

    poses: Tensor
    sounds: Tensor
    video: NDArray[np.int64]
    start_s: NDArray[np.float64]
    seconds: float

    def __len__(self) -> int:
        return len(self.poses)


def measure_features(features: Features) -> FeatureScale:
    """Statistics of (N, F, D) features; a feature that never changes keeps deviation 1."""
    flat = features.reshape(-1, features.shape[-1]).astype(np.float64)
    deviation = flat.std(axis=0)
    return FeatureScale(
        flat.mean(axis=0).astype(np.float32), np.where(deviation > 1e-6, deviation, 1).astype(np.float32)
    )


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


def make_pairs(database: Database, *, scale: FeatureScale) -> Pairs:
    """The fragments of a database that have sound."""
    sounding = database.subset(database.table["has_sound"].to_numpy(bool))
    video = np.unique(sounding.table["video"].to_numpy(str), return_inverse=True)[1].astype(np.int64)
    return Pairs(
        poses=torch.from_numpy(normalise_poses(sounding.keypoints)),
        sounds=torch.from_numpy(scale.apply(sounding.features)),
        video=video,
        start_s=sounding.table["start_frame"].to_numpy(np.float64) / database.fps,
        seconds=float(database.metadata["seconds"]),
    )


def choose_others(
    pairs: Pairs, rows: NDArray[np.int64], *, delay_s: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """For each row another row whose sound does not match its dance, (B,).

    Alternately the same video at least delay_s away and another video; the one kind where the other has none. Raises
    MatcherError when a row has neither.
    """
    others = np.empty(len(rows), np.int64)
    for place, row in enumerate(rows):
        same = pairs.video == pairs.video[row]
        delayed = np.flatnonzero(same & (np.abs(pairs.start_s - pairs.start_s[row]) >= delay_s))
        foreign = np.flatnonzero(~same)
        first, second = (delayed, foreign) if place % 2 else (foreign, delayed)
        choice = first if len(first) else second
        if len(choice) == 0:
            raise MatcherError(
                f"no sound that does not match: one video with sound, shorter than matcher.delay_s = {delay_s:g} s; "
                "add a second video or lower delay_s"
            )
        others[place] = rng.choice(choice)
    return others


def related_rows(pairs: Pairs, rows: NDArray[np.int64], *, delay_s: float) -> Tensor:
    """(B, B) true off the diagonal where two rows are of one video and less than delay_s apart: no fair negatives."""
    near = np.abs(pairs.start_s[rows][:, None] - pairs.start_s[rows]) < delay_s
    related = near & (pairs.video[rows][:, None] == pairs.video[rows])
    np.fill_diagonal(related, False)
    return torch.from_numpy(related)


def mirror_poses(poses: Tensor) -> Tensor:
    """Left and right exchanged in normalised poses (..., 25, 3): a mirrored dance fits its music as well."""
    swapped = poses[..., list(MIRROR), :]
    return swapped * torch.tensor([-1.0, 1.0, 1.0], device=poses.device)


def augment(
    poses: Tensor, sounds: Tensor, others: Tensor, *, max_shift: int, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Mirror each dance with probability 1/2, and shift dances and sounds together by 0..max_shift frames.

    The shift cuts max_shift frames from every window, some at its start and the rest at its end: the encoders take any
    length, and padding would invent movement.
    """
    mirrored = torch.from_numpy(rng.random(len(poses)) < 0.5).to(poses.device)
    poses = torch.where(mirrored[:, None, None, None], mirror_poses(poses), poses)
    first = int(rng.integers(max_shift + 1))
    window = slice(first, poses.shape[1] - max_shift + first)
    return poses[:, window], sounds[:, window], others[:, window]
