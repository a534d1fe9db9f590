"""Storage of training frames: on the GPU if they fit, otherwise on the host.

On a CPU they stay in the array that they were cut into. Frames on the host are copied to a GPU in page-locked batches,
while it computes something else.
"""

import logging
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

log = logging.getLogger(__name__)

# The share of free GPU memory that frames may take; what a step needs is measured once they are there.
MOST_SHARE = 0.25


@dataclass(frozen=True)
class HeldFrames:
    """uint8 (n, C, h, w), on `device` or on the host."""

    frames: Tensor
    device: torch.device

    @classmethod
    def of(cls, planes: NDArray[np.uint8], device: torch.device) -> "HeldFrames":
        """Keep frames on the device if they fit."""
        frames = torch.from_numpy(planes)
        if device.type == "cuda":
            fits = planes.nbytes <= MOST_SHARE * torch.cuda.mem_get_info(device)[0]
            log.info(
                "%d training frames, %.0f MB, %s", len(planes), planes.nbytes / 1e6, "on GPU" if fits else "on host"
            )
            frames = frames.to(device) if fits else frames
        elif device.type != "cpu":
            frames = frames.to(device)
        return cls(frames, device)

    def take(self, rows: NDArray[np.int64]) -> Tensor:
        """Frames of rows (N,), uint8 (N, C, h, w), on the device."""
        at = torch.from_numpy(rows)
        if self.frames.device.type == self.device.type:
            return self.frames.index_select(0, at.to(self.device))
        return self.frames.index_select(0, at).pin_memory().to(self.device, non_blocking=True)
