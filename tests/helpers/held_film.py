"""A film in memory: drawn pictures take no file."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import ImaginationError
from danceit_core.imagination.target.view import Window
from danceit_core.media.letterbox import Picture
from danceit_core.media.mask_video import Mask


@dataclass(frozen=True)
class HeldFilm:
    """A film in memory, (T, H, W, 3): of drawn pictures, or a short one. masks: its person's outlines, (T, H, W)."""

    frames: NDArray[np.uint8]
    masks: NDArray[np.uint8] | None = None

    @property
    def has_outlines(self) -> bool:
        """Whether the person's outlines are known."""
        return self.masks is not None

    def outline_cuts(self, numbers: Sequence[int] | NDArray[np.int64], windows: Iterable[Window]) -> Iterator[Mask]:
        """A window of the outline of each frame."""
        if self.masks is None:
            raise ImaginationError("the outlines of the film's person are not known")
        return (self.masks[number][window.slices] for number, window in zip(numbers, windows, strict=True))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return int(self.frames.shape[2]), int(self.frames.shape[1])

    def pictures(self, numbers: Sequence[int] | NDArray[np.int64]) -> Iterator[Picture]:
        """Whole frames."""
        return (self.frames[number] for number in numbers)

    def cuts(self, numbers: Sequence[int] | NDArray[np.int64], windows: Iterable[Window]) -> Iterator[Picture]:
        """A window of each frame."""
        return (self.frames[number][window.slices] for number, window in zip(numbers, windows, strict=True))
