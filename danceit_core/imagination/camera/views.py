"""A target's video as views of the room: pictures of the frame store at work size, with the person hidden.

The hidden area is the person's widened outline and what their joints add to it (hair, cloth, the shadow near the feet).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import ImaginationError
from danceit_core.imagination.camera.features import Grey, Mask, View, even_contrast, work_scale, work_size
from danceit_core.imagination.target.region import body_size, person_and_shadow
from danceit_core.media.decode import decode_frames
from danceit_core.media.letterbox import Picture
from danceit_core.media.mask_video import decode_masks, read_masks
from danceit_core.media.video import STORE_GOP, read_frames
from danceit_core.pose.table import PoseTable

# The person, their shadow or compression artefacts may reach this far from the outline, in pixels at work size.
WIDER_PX = 10
AT_ONCE = 8


@dataclass
class TargetViews:
    """The views of a target's video. overlay (h, w) at work size: what does not move with the room, None: nothing."""

    frames_path: Path
    masks_path: Path | None
    table: PoseTable
    overlay: Mask | None = None
    body_px: float = field(init=False)

    def __post_init__(self) -> None:
        sizes = body_size(self.table.keypoints)
        known = sizes[np.isfinite(sizes)]
        self.body_px = float(np.quantile(known, 0.9)) if len(known) else self.table.size[1] / 4

    @property
    def scale(self) -> float:
        """The factor from pixels of the store to those of the views."""
        return work_scale(self.table.size)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the views."""
        return work_size(self.table.size)

    def spread(self, most: int) -> NDArray[np.int64]:
        """At most `most` frame numbers, evenly over the video, which the store can read without decoding others."""
        keys = np.arange(0, len(self.table), STORE_GOP)
        return keys[np.unique(np.linspace(0, len(keys) - 1, min(most, len(keys))).round().astype(int))]

    def some(self, numbers: Iterable[int]) -> Iterator[tuple[Grey, View]]:
        """Grey work pictures and views of the frames with these ascending numbers."""
        wanted = [int(number) for number in numbers]
        for first in range(0, len(wanted), AT_ONCE):
            group = wanted[first : first + AT_ONCE]
            masks = [None] * len(group) if self.masks_path is None else read_masks(self.masks_path, group)
            for number, picture, mask in zip(group, read_frames(self.frames_path, group), masks, strict=True):
                grey = self._grey(picture)
                yield grey, View(even_contrast(grey), self._hidden(number, mask))

    def all(self) -> Iterator[View]:
        """The view of each frame, one after the other. Raises ImaginationError if the store has other frames."""
        masks = iter([None] * len(self.table)) if self.masks_path is None else decode_masks(self.masks_path)
        pictures = decode_frames(self.frames_path, fps=self.table.fps, size=None)
        seen = 0
        # A store has as many masks as frames: `check_masks` has checked it.
        for number, (picture, mask) in enumerate(zip(pictures, masks, strict=False)):
            if number >= len(self.table):
                break
            yield View(even_contrast(self._grey(picture)), self._hidden(number, mask))
            seen = number + 1
        if seen < len(self.table):
            raise ImaginationError(
                f"{self.frames_path} has {seen} frames, but its keypoint table has {len(self.table)}; delete both "
                "files and run again"
            )

    def _grey(self, picture: Picture) -> Grey:
        if (picture.shape[1], picture.shape[0]) != self.table.size:
            raise ImaginationError(
                f"{self.frames_path} has frames of {picture.shape[1]} x {picture.shape[0]}, but its keypoint table is "
                f"for {self.table.size[0]} x {self.table.size[1]}; delete both files and run again"
            )
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        return cv2.resize(grey, self.size, interpolation=cv2.INTER_AREA)

    def _hidden(self, number: int, mask: NDArray[np.uint8] | None) -> Mask:
        keypoints = self.table.keypoints[number].copy()
        keypoints[:, :2] *= self.scale
        hidden = person_and_shadow(keypoints, size=self.size, body_px=self.body_px * self.scale)
        if mask is not None:
            # (H, W) -> (h, w): a pixel is hidden if any part of it is
            small = cv2.resize(mask, self.size, interpolation=cv2.INTER_AREA)
            side = 2 * WIDER_PX + 1
            hidden |= cv2.dilate(np.uint8(small > 32), np.ones((side, side), np.uint8)) > 0
        return hidden if self.overlay is None else hidden | self.overlay
