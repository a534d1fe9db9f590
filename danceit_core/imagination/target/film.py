"""The target's video on the plate: any frame, or a part of it, in pixels and exposure of the plate.

A frame of the store is mapped to the plate by the camera's homography at that moment (none for a static camera) and
multiplied by its exposure gains. Nothing is kept in memory: each requested frame is decoded, together with the frames
that its group of pictures needs, and passed on.

Coordinates are continuous: (0, 0) is the outer corner of the upper left pixel, whose middle is at 0.5.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import ImaginationError
from danceit_core.imagination.target.view import Window
from danceit_core.media.letterbox import Picture
from danceit_core.media.mask_video import Mask, each_mask
from danceit_core.media.video import each_frame
from danceit_core.pose.plate import store_size
from danceit_core.pose.table import PoseTable

# In cv2, the middle of the first pixel is at 0.
HALF = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
MINUS_HALF = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])


class Film(Protocol):
    """Pictures by their number, all of one size (width, height)."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the plate, pixels."""

    def cuts(self, numbers: Sequence[int] | NDArray[np.int64], windows: Iterable[Window]) -> Iterator[Picture]:
        """A window of each of the frames `numbers`, ascending, uint8 RGB (h, w, 3)."""

    def pictures(self, numbers: Sequence[int] | NDArray[np.int64]) -> Iterator[Picture]:
        """The frames `numbers`, ascending, uint8 RGB (H, W, 3)."""

    @property
    def has_outlines(self) -> bool:
        """Whether the person's outlines are known."""

    def outline_cuts(self, numbers: Sequence[int] | NDArray[np.int64], windows: Iterable[Window]) -> Iterator[Mask]:
        """A window of the person's outline in each of the frames `numbers`, ascending, uint8 (h, w)."""


@dataclass(frozen=True)
class StoredFilm:
    """A frame store on its plate of `size` (width, height).

    camera: (T, 3, 3), from pixels of the store to those of the plate, None if it is static. exposure: (T, 3), gains of
    red, green and blue, None if the light is steady. plate: (H, W, 3), shown outside what the camera shows; None:
    black. store: (width, height) of the frame store, known if the camera moves. outlines: the file of the person's
    outlines, a mask per frame; None if there is none.
    """

    path: Path
    size: tuple[int, int]
    camera: NDArray[np.float64] | None = None
    exposure: NDArray[np.float32] | None = None
    plate: NDArray[np.uint8] | None = None
    store: tuple[int, int] = (0, 0)
    outlines: Path | None = None

    @property
    def has_outlines(self) -> bool:
        """Whether the person's outlines are known."""
        return self.outlines is not None

    def outline_cuts(self, numbers: Sequence[int] | NDArray[np.int64], windows: Iterable[Window]) -> Iterator[Mask]:
        """A window of the outline of each frame, uint8 (h, w): 255 is the person. Raises MediaError as `each_mask`."""
        if self.outlines is None:
            raise ImaginationError(f"{self.path}: the person's outlines are unknown; give their file")
        for number, window, mask in zip(numbers, windows, each_mask(self.outlines, numbers), strict=True):
            if self.camera is None:
                yield mask[window.slices]
            else:
                size = (window.width, window.height)
                yield cv2.warpPerspective(mask, self._to_window(int(number), window), size, flags=cv2.INTER_LINEAR)

    def pictures(self, numbers: Sequence[int] | NDArray[np.int64]) -> Iterator[Picture]:
        """Whole frames on the plate."""
        whole = Window(0, 0, *self.size)
        return self.cuts(numbers, [whole] * len(numbers))

    def cuts(self, numbers: Sequence[int] | NDArray[np.int64], windows: Iterable[Window]) -> Iterator[Picture]:
        """A window of the plate of each frame, uint8 (h, w, 3). Raises MediaError for a number the store lacks."""
        for number, window, frame in zip(numbers, windows, each_frame(self.path, numbers), strict=True):
            yield self._cut(frame, int(number), window)

    def _cut(self, frame: Picture, number: int, window: Window) -> Picture:
        if self.camera is None:
            return self._exposed(frame[window.slices], number)
        size = (window.width, window.height)
        moved = cv2.warpPerspective(frame, self._to_window(number, window), size, flags=cv2.INTER_LINEAR)
        moved = self._exposed(moved, number)
        if self.plate is None:
            return moved
        seen = self._seen(number, window)
        return np.where(seen[..., None] > 0, moved, self.plate[window.slices])

    def _seen(self, number: int, window: Window) -> NDArray[np.uint8]:
        """1 where a frame shows the window, 0 elsewhere, (h, w)."""
        # The outermost pixels are mixed with missing ones.
        shown = np.zeros(self.store[::-1], np.uint8)
        shown[1:-1, 1:-1] = 1
        size = (window.width, window.height)
        return cv2.warpPerspective(shown, self._to_window(number, window), size, flags=cv2.INTER_NEAREST)

    def _to_window(self, number: int, window: Window) -> NDArray[np.float64]:
        """From pixels of the store to those of a window in cv2's coordinates, (3, 3)."""
        if self.camera is None:
            raise ValueError("the camera is static")
        shift = np.array([[1, 0, -window.left], [0, 1, -window.top], [0, 0, 1.0]])
        return MINUS_HALF @ shift @ self.camera[number] @ HALF

    def _exposed(self, picture: Picture, number: int) -> Picture:
        """The picture at the plate's exposure."""
        if self.exposure is None:
            return picture
        gains = self.exposure[number].astype(np.float64)
        return cv2.convertScaleAbs(cv2.multiply(picture, (*gains.tolist(), 0.0), dtype=cv2.CV_32F))


def film_of(
    frames_path: str | Path,
    table: PoseTable,
    *,
    plate: NDArray[np.uint8] | None = None,
    outlines: str | Path | None = None,
) -> StoredFilm:
    """The film of a frame store and its table on the plate (`results/camera/{target}.parquet`).

    plate: the room (H, W, 3), shown where the camera did not look. Raises ImaginationError if the sizes differ.
    """
    if plate is not None and plate.shape[1::-1] != table.size:
        raise ImaginationError(
            f"{frames_path}: the plate has {plate.shape[1]} x {plate.shape[0]} pixels, but its table says "
            f"{table.size[0]} x {table.size[1]}; delete both files and run again"
        )
    camera = table.columns.get("camera")
    return StoredFilm(
        Path(frames_path),
        table.size,
        None if camera is None else camera.astype(np.float64),
        table.columns.get("exposure"),
        plate,
        store_size(table),
        None if outlines is None else Path(outlines),
    )
