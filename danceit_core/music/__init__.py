"""What is heard: audio features and beats (paper III).

librosa's compiled functions are cached by numba beside librosa. Processes that fill this cache at the same time load
each other's half of it and crash (seen: segmentation faults in librosa's beat tracker in two of six parallel first
runs). So one process of a user at a time imports and tries out what this package uses; the others find it all cached.
"""

import getpass
import tempfile
from pathlib import Path

import numpy as np
from filelock import FileLock

with FileLock(Path(tempfile.gettempdir()) / f"danceit-librosa-{getpass.getuser()}.lock"):
    from danceit_core.music.beats import track_beats
    from danceit_core.music.features import audio_features

    _clicks = np.zeros(3 * 22050, np.float32)
    _clicks[::11025] = 1
    track_beats(_clicks, sample_rate_hz=22050)
    audio_features(_clicks, sample_rate_hz=22050, fps=24.0, frames=72, kind="rich")

__all__ = ["audio_features", "track_beats"]
