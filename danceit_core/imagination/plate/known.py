"""Which views of a pixel of the room count, and whether it is known by them (not in the paper)."""

import numpy as np
from numpy.typing import NDArray

from danceit_core.imagination.plate.hides import CLEAR, DARK, NEAR
from danceit_core.imagination.target.region import Mask

# Clear views from which on those near the person are left out.
CLEAR_VIEWS = 8
# Grey levels between the quartiles of a seldom seen pixel; above, sleeves and hair are among them.
MAX_UNREST = 40


def shown_of(states: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Where each view (n, h, w) counts, and how many do, (h, w)."""
    clear = (states == CLEAR).sum(0)
    near = (states <= NEAR).sum(0)
    most = np.where(clear >= CLEAR_VIEWS, CLEAR, np.where(near >= CLEAR_VIEWS, NEAR, DARK)).astype(np.uint8)
    shown = states <= most
    return shown, shown.sum(0, dtype=np.int64)


def well_known(unrest: NDArray[np.uint8], views: NDArray[np.int64], passed: NDArray[np.int64], *, least: int) -> Mask:
    """Which pixels are known: seen in enough frames, and alike in those or hidden in few of the frames that passed."""
    enough = views >= np.clip(passed // 4, 1, least)
    return enough & ((unrest < MAX_UNREST) | (views > passed // 2))
