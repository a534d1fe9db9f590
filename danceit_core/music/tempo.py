"""The tempo of beats, and whether it changes."""

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]

# Local tempo: over windows of LOCAL_S, every half window. It changes if the fastest is CHANGED times the slowest.
LOCAL_S, CHANGED = 8.0, 1.1


def tempo_of(times_s: Times) -> float:
    """60 / median interval of beats (B,), beats per minute; 0 for fewer than two."""
    return 60.0 / float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.0


def tempo_change(times_s: Times) -> str:
    """The range over which the tempo of beats (B,) changes, as a clause; "" if it does not."""
    slowest, fastest = _local_tempi(times_s)
    if fastest <= CHANGED * slowest:
        return ""
    return f"the tempo changes between about {slowest:.0f} and {fastest:.0f} beats per minute"


def _local_tempi(times_s: Times) -> tuple[float, float]:
    """The slowest and the fastest lasting tempo, beats per minute."""
    if len(times_s) < 2:
        return 1.0, 1.0
    beat_s, middle_s = np.diff(times_s), (times_s[1:] + times_s[:-1]) / 2
    firsts = np.arange(times_s[0], max(times_s[-1] - LOCAL_S, times_s[0]) + 1e-9, LOCAL_S / 2)
    local = [beat_s[(middle_s >= first) & (middle_s < first + LOCAL_S)] for first in firsts]
    tempi = [60 / float(np.median(part)) for part in local if len(part) > 2]
    return (min(tempi), max(tempi)) if tempi else (1.0, 1.0)
