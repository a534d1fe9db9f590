"""What the network sees of the training frames: each through its window, at the network's size.

Each frame is decoded once, before the training; a step then takes what it needs from one array: 200 kB per frame at
256 x 256 pixels, 570 MB for two minutes, whatever the size of the video. Beyond a limit the array is mapped to a file.
A window is centred on the person or displaced a little, so that the network does not learn to paint only in the middle.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.database.mapped import make_array
from danceit_core.imagination.target.data import TargetFrames
from danceit_core.imagination.target.view import View, Window
from danceit_core.media.letterbox import resize

IN_MEMORY_BYTES = 1_000_000_000
# Largest displacement of a window, pixels of the network.
MOVE_PX = 8


@dataclass(frozen=True)
class Crops:
    """Training frames through their windows, uint8 (n, 3 or 4, h, w), pixels of the network.

    planes: red, green, blue and, if known, the person's outline, in the form for networks and recall. rows (T,): the
    row of each frame of the target, -1 for a frame not used for training. before: what the same windows show of the
    previous frames, (n, h, w, 3), None unless requested.
    """

    planes: NDArray[np.uint8]
    windows: list[Window]
    rows: NDArray[np.int64]
    before: NDArray[np.uint8] | None = None

    @property
    def pictures(self) -> NDArray[np.uint8]:
        """The frames, (n, h, w, 3)."""
        return self.planes[:, :3].transpose(0, 2, 3, 1)

    @property
    def outlines(self) -> NDArray[np.uint8] | None:
        """The person's outlines, (n, h, w), None if they are unknown."""
        return self.planes[:, 3] if self.planes.shape[1] == 4 else None


def cut_crops(
    target: TargetFrames, view: View, *, body_px: float, seed: int, with_before: bool = False, folder: str | Path
) -> Crops:
    """Cut the training frames of a target.

    with_before: also cut the previous frames. folder: where an array that is too large for the memory is stored.
    """
    chosen = np.flatnonzero(target.training)
    most = round(MOVE_PX / view.scale) if view.window != view.size else 0
    moves = np.random.default_rng(seed).integers(-most, most + 1, (len(chosen), 2)).tolist()
    poses = target.keypoints[chosen]
    windows = [view.place(pose, body_px=body_px, move=move) for pose, move in zip(poses, moves, strict=True)]
    rows = np.full(len(target.training), -1, np.int64)
    rows[chosen] = np.arange(len(chosen))
    shape = (len(chosen), view.network[1], view.network[0])
    planes = _room_for((shape[0], 4 if target.film.has_outlines else 3, *shape[1:]), folder)
    pictures = planes[:, :3].transpose(0, 2, 3, 1)
    before = _room_for((*shape, 3), folder) if with_before else None
    # The destination of a cut, the frame of the film, the window: in the film's order.
    cuts = []
    for row, (frame, window) in enumerate(zip(chosen.tolist(), windows, strict=True)):
        if before is not None and target.after_another[frame]:
            cuts.append((before[row], int(target.film_numbers[frame - 1]), window))
        cuts.append((pictures[row], int(target.film_numbers[frame]), window))
    places, numbers, seen = zip(*cuts, strict=True) if cuts else ((), (), ())
    for place, cut in zip(places, target.film.cuts(numbers, seen), strict=True):
        place[:] = resize(cut, view.network)
    if target.film.has_outlines:
        cuts_of = target.film.outline_cuts(target.film_numbers[chosen], windows)
        for place, outline in zip(planes[:, 3], cuts_of, strict=True):
            place[:] = cv2.resize(outline, view.network, interpolation=cv2.INTER_AREA)
    return Crops(planes, windows, rows, before)


def _room_for(shape: tuple[int, ...], folder: str | Path) -> NDArray[np.uint8]:
    fits = int(np.prod(shape, dtype=np.int64)) <= IN_MEMORY_BYTES
    return make_array(shape, folder=None if fits else folder, dtype=np.uint8)
