"""Which views of a pixel of the room count, and whether they are enough to know it (not in the paper)."""

import numpy as np
from numpy.typing import NDArray

from danceit_core.imagination.plate.hides import CLEAR, DARK, NEAR
from danceit_core.imagination.target.region import Mask

# Number of clear views from which on views near the person are left out.
CLEAR_VIEWS = 8
# Grey levels between the quartiles of a rarely seen pixel; if there are more, its views include sleeves and hair.
MAX_UNREST = 40


def shown_of(states: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Where each view counts, (n, h, w), and how many do, (h, w)."""
    clear = (states == CLEAR).sum(0)
    near = (states <= NEAR).sum(0)
    most = np.where(clear >= CLEAR_VIEWS, CLEAR, np.where(near >= CLEAR_VIEWS, NEAR, DARK)).astype(np.uint8)
    shown = states <= most
    return shown, shown.sum(0, dtype=np.int64)


def well_known(unrest: NDArray[np.uint8], views: NDArray[np.int64], passed: NDArray[np.int64], *, least: int) -> Mask:
    """Which pixels are known: seen in enough frames, and either similar in them or hidden in few of the others."""
    enough = views >= np.clip(passed // 4, 1, least)
    return enough & ((unrest < MAX_UNREST) | (views > passed // 2))
