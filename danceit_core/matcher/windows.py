"""Gather batches of windows from the frames of all dances, in which each frame is stored once.

The frames may be memory-mapped: only a batch is copied out of them. A GPU with enough memory receives them once
(`Windows.on`), and batches are gathered there. Poses are centred on the hip in each frame, so that a moving camera has
no effect, and are in torso lengths.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from danceit_core.database.frames import Frames
from danceit_core.database.mapped import release
from danceit_core.database.windows import take_windows
from danceit_core.music.columns import Features
from danceit_core.pose.skeleton import MID_HIP, NECK, Keypoints

# Maximum size of the frames on a GPU, bytes (100 hours with rich features are 7.9e9), and as a share of the free
# memory: training needs the rest.
MOST_BYTES, FREE_SHARE = 8 * 2**30, 0.5
# Features are clipped at this many deviations from the mean (digital silence is at -30).
FEATURE_LIMIT = 5.0
# Number of frames that are read or sent at once.
CHUNK = 1 << 15

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class FeatureScale:
    """Mean and deviation of each audio feature over the training fragments, (D,) float32 each, on the CPU."""

    mean: Tensor
    deviation: Tensor

    def apply(self, features: Tensor) -> Tensor:
        """(..., D) to zero mean and unit deviation, clipped to +-5, on the device of the features."""
        mean, deviation = self.mean.to(features.device), self.deviation.to(features.device)
        return ((features - mean) / deviation).clamp(-FEATURE_LIMIT, FEATURE_LIMIT)


@dataclass(frozen=True)
class Windows:
    """Windows of `length` frames of keypoints (M, 25, 3) and raw features (M, D), in memory or memory-mapped.

    sent: both as tensors on a device, if they were copied there; windows are then gathered there.
    """

    keypoints: Keypoints
    features: Features
    length: int
    sent: tuple[Tensor, Tensor] | None = None

    @classmethod
    def of(cls, frames: Frames, *, length: int) -> "Windows":
        """Over the frames of a database; nothing is copied."""
        return cls(frames.keypoints, frames.features, length)

    @property
    def device(self) -> torch.device:
        """The device on which windows are gathered."""
        return self.sent[0].device if self.sent else torch.device("cpu")

    @property
    def feature_width(self) -> int:
        """Audio features per frame, D."""
        return int(self.features.shape[-1])

    def on(self, device: torch.device) -> "Windows":
        """The same, gathered on a GPU if it has the memory for all frames; else from the arrays."""
        if device.type != "cuda":
            return self
        free_bytes, _ = torch.cuda.mem_get_info(device)
        return self.put(device) if fits(self.keypoints.nbytes + self.features.nbytes, free_bytes=free_bytes) else self

    def put(self, device: torch.device) -> "Windows":
        """The same with all frames copied to a device."""
        return dataclasses.replace(self, sent=(_send(self.keypoints, device), _send(self.features, device)))

    def poses(self, starts: Rows, *, ends: Rows | None = None) -> Tensor:
        """Normalised poses (B, F, 25, 3) float32 of windows that begin at `starts` (B,).

        ends (B,): one past the last frame that each may use, which is held beyond; None: all are in their passage.
        """
        return normalise_poses(self._gather(self.sent[0] if self.sent else self.keypoints, starts, ends))

    def sounds(self, starts: Rows, *, scale: FeatureScale) -> Tensor:
        """Standardised features (B, F, D) float32 of windows that begin at `starts` (B,)."""
        return scale.apply(self._gather(self.sent[1] if self.sent else self.features, starts))

    def _gather(self, values: NDArray[np.float32] | Tensor, starts: Rows, ends: Rows | None = None) -> Tensor:
        """Windows (B, F, ...) of an array or of a tensor, on its device."""
        if not isinstance(values, Tensor):
            return torch.from_numpy(take_windows(values, starts, self.length, ends=ends))
        rows = torch.from_numpy(np.asarray(starts, np.int64)[:, None] + np.arange(self.length))
        if ends is not None:
            rows = torch.minimum(rows, torch.from_numpy(ends - 1)[:, None])
        return values[rows.to(values.device)]


def fits(byte_count: int, *, free_bytes: int) -> bool:
    """Whether frames of this size fit on a GPU with that much free memory."""
    return byte_count <= min(MOST_BYTES, FREE_SHARE * free_bytes)


def _send(values: NDArray[np.float32], device: torch.device) -> Tensor:
    """Copy an array to a device in parts."""
    sent = torch.empty(values.shape, dtype=torch.float32, device=device)
    for first in range(0, len(values), CHUNK):
        sent[first : first + CHUNK] = torch.from_numpy(np.array(values[first : first + CHUNK], np.float32))
        release(values)
    return sent


def normalise_poses(keypoints: Tensor) -> Tensor:
    """(N, F, 25, 3) pixels to torso lengths from each frame's hip, absent joints 0, 0, 0; F is 1 or more.

    The torso is the fragment's median. A frame without a hip takes the mean of its joints; a fragment without a torso
    takes half the height of its joints.
    """
    places, confidence = keypoints[..., :2], keypoints[..., 2:]
    seen = confidence > 0
    middle = torch.where(seen, places, 0).sum(dim=2) / seen.sum(dim=2).clamp(min=1)
    root = torch.where(seen[:, :, MID_HIP], places[:, :, MID_HIP], middle)
    centred = torch.where(seen, places - root[:, :, None], 0)
    torso = torch.linalg.vector_norm(places[:, :, NECK] - places[:, :, MID_HIP], dim=-1)  # (N, F)
    torso = torch.where((seen[:, :, NECK] & seen[:, :, MID_HIP])[..., 0], torso, torch.nan)
    height = (centred[..., 1].amax(dim=(1, 2)) - centred[..., 1].amin(dim=(1, 2))) / 2
    median = _median(torso)
    scale = torch.where(torch.isnan(median), height, median)
    scale = torch.where(scale > 1e-3, scale, 1)
    return torch.cat([centred / scale[:, None, None, None], torch.where(seen, confidence, 0)], dim=-1)


def _median(values: Tensor) -> Tensor:
    """Median of the numbers in each row (N, F), NaN without any; torch's own takes the lower of two middle values."""
    ordered = values.sort(dim=1).values  # NaN last
    count = (~torch.isnan(values)).sum(dim=1, keepdim=True)
    middle = torch.cat([(count - 1).clamp(min=0) // 2, count // 2], dim=1)
    return ordered.gather(1, middle).mean(dim=1)


def measure_frames(features: Features, starts: Rows, *, length: int) -> FeatureScale:
    """Statistics of the features in windows (a frame counts once per window that contains it), each frame read once.

    A feature that never changes keeps deviation 1.
    """
    width, count = features.shape[-1], len(features)
    covered = np.bincount(starts, minlength=count + 1) - np.bincount(starts + length, minlength=count + 1)
    weight = np.cumsum(covered)[:count].astype(np.float64)
    total, squares = np.zeros(width), np.zeros(width)
    # Sum deviations from a first guess: sums of the values would lose digits with a large mean.
    guess = np.asarray(features[starts[0]], np.float64)
    for first in range(0, count, CHUNK):
        counted = weight[first : first + CHUNK]
        if counted.any():
            values = np.asarray(features[first : first + CHUNK], np.float64) - guess
            total += counted @ values
            squares += counted @ np.square(values)
            release(features)
    mean = total / weight.sum()
    deviation = np.sqrt(np.maximum(squares / weight.sum() - mean**2, 0))
    deviation = np.where(deviation > 1e-6, deviation, 1)
    return FeatureScale(*(torch.from_numpy(each.astype(np.float32)) for each in (mean + guess, deviation)))
