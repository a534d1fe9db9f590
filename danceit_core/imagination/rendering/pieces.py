"""The pieces of a window that show the person: only these are computed at the picture's full size.

A person fills about a fifth of the window that holds all poses of a dance. On a CPU the rest is left out, and a piece
fits into the processor's cache; a GPU computes the whole window at once, without a search for the person.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from danceit_core.imagination.target.view import View

# Rows of a piece in pixels of the network.
STRIP = 32
# Below this opacity nothing is visible: less than a grey level.
FAINT = 1 / 255
# How many pixels of the network enlargement may spread visible pixels.
SPREAD = 3


@dataclass(frozen=True)
class Piece:
    """Rows and columns of a window, pixels of the window."""

    rows: slice
    columns: slice

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.columns.stop - self.columns.start, self.rows.stop - self.rows.start


def pieces_of(opacity: Tensor, view: View) -> Iterator[Piece]:
    """Pieces that hold all of an opacity (h, w) of the network."""
    if opacity.device.type != "cpu":
        yield Piece(slice(0, view.window[1]), slice(0, view.window[0]))
        return
    seen = (opacity > FAINT).numpy()
    for top in range(0, len(seen), STRIP):
        # Pixels just outside the strip spread into it.
        columns = np.flatnonzero(seen[max(top - SPREAD, 0) : top + STRIP + SPREAD].any(0))
        if len(columns):
            left, right = columns[0] - SPREAD, columns[-1] + 1 + SPREAD
            rows = _enlarged(top, min(top + STRIP, len(seen)), view.network[1], view.window[1])
            yield Piece(rows, _enlarged(max(left, 0), min(right, seen.shape[1]), view.network[0], view.window[0]))


def _enlarged(start: int, stop: int, few: int, many: int) -> slice:
    return slice(start * many // few, stop * many // few)
