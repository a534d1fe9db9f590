"""The one-euro filter: points that stand still do not tremble, fast ones do not lag.

Casiez, Roussel, Vogel, "1 Euro Filter", 2012: a low-pass filter whose cutoff rises with the speed of what it filters.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class OneEuro:
    """Filters the points of one frame after the other."""

    def __init__(self, *, min_cutoff_hz: float, speed_gain: float, speed_cutoff_hz: float = 1.0) -> None:
        self._min_cutoff_hz, self._speed_gain, self._speed_cutoff_hz = min_cutoff_hz, speed_gain, speed_cutoff_hz
        self._raw: Array | None = None
        self._smoothed = self._speed = np.zeros(0)

    def smooth(self, xy: Array, *, scale_px: float, fps: float) -> Array:
        """The filtered (n, 2) points; speeds count in units of `scale_px`, the person's size."""
        if self._raw is None:
            self._raw, self._smoothed, self._speed = xy, xy, np.zeros_like(xy)
            return xy
        change = (xy - self._raw) / scale_px * fps
        self._speed = self._speed + low_pass_share(self._speed_cutoff_hz, fps) * (change - self._speed)
        cutoff_hz = self._min_cutoff_hz + self._speed_gain * np.abs(self._speed)
        self._smoothed = self._smoothed + low_pass_share(cutoff_hz, fps) * (xy - self._smoothed)
        self._raw = xy
        return self._smoothed


def low_pass_share(cutoff_hz: Array | float, fps: float) -> Array | float:
    """Share of the new value that a first-order low pass of this cutoff takes in, 0..1."""
    return 1 / (1 + fps / (2 * np.pi * cutoff_hz))
