"""The layout of a vector of audio features: only numbers, so that it is quick to import."""

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import MusicError

Features = NDArray[np.float32]

MEL_BANDS = 40
PITCHES = 12
# Mel bands of bass (to some 350 Hz), middle (to 1.3 kHz at 22050 Hz) and treble.
PARTS = (slice(0, 8), slice(8, 20), slice(20, MEL_BANDS))
RHYTHM_S = np.geomspace(0.2, 3.2, 32)
_WIDTHS = {"mel": MEL_BANDS, "onset": 1 + len(PARTS), "chroma": PITCHES, "rhythm": len(PARTS) * len(RHYTHM_S)}
# The blocks of a vector of each set, in this order.
FEATURE_BLOCKS: dict[str, dict[str, int]] = {"mfcc": {"mfcc": 13}, "rich": _WIDTHS}
FEATURE_WIDTHS = {name: sum(blocks.values()) for name, blocks in FEATURE_BLOCKS.items()}
# Windows analysed at once: bounds the memory of a nine-hour recording to some 70 MB.
CHUNK = 4096


def feature_width(feature_set: str) -> int:
    """Numbers per frame of a feature set; MusicError for an unknown one."""
    if feature_set not in FEATURE_WIDTHS:
        raise MusicError(f"music.features is {feature_set!r}; known feature sets: {', '.join(FEATURE_WIDTHS)}")
    return FEATURE_WIDTHS[feature_set]
