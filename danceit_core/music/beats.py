"""Beats by librosa's tracker (paper IV-C2: "audio beats by librosa"): one tempo per song, no bars.

Ellis 2007: dynamic programming over the onset strength, at the tempo of its autocorrelation.
"""

import numpy as np
from librosa import autocorrelate, util
from librosa.beat import beat_track
from librosa.feature import tempo
from numpy.typing import NDArray

from danceit_core.music.columns import Features
from danceit_core.music.onsets import LATENCY_S, RATE_HZ, Onsets

TEMPO_WINDOW_S = 8.0
WINDOWS_AT_ONCE = 256
# Width of librosa's tempo prior in octaves: around the usual tempo, and around one that the user gives.
SPREAD, SPREAD_TOLD = 1.0, 0.15


def track_beats(onsets: Onsets, *, tempo_bpm: float = 0.0) -> NDArray[np.float64]:
    """Beats (B,) in seconds, on the windows of the onsets. tempo_bpm: approximate tempo, 0: any."""
    bpm = _estimate_tempo(onsets.all, about_bpm=tempo_bpm)
    _, found = beat_track(onset_envelope=onsets.all, sr=RATE_HZ, hop_length=1, bpm=bpm, trim=False)
    return np.asarray(found, np.float64) / RATE_HZ + LATENCY_S


def _estimate_tempo(onsets: Features, *, about_bpm: float) -> float:
    """librosa's tempo in beats per minute, from an 8 s autocorrelation every half second.

    librosa itself computes one per window, which takes a hundred times as long and 7 GB for an hour of music.
    """
    length, hop = round(TEMPO_WINDOW_S * RATE_HZ), round(RATE_HZ / 2)
    windows = util.frame(np.pad(onsets, length // 2), frame_length=length, hop_length=hop, axis=0)  # (n, length)
    total = np.zeros(length)
    for first in range(0, len(windows), WINDOWS_AT_ONCE):
        some = windows[first : first + WINDOWS_AT_ONCE] * np.hanning(length)
        total += util.normalize(autocorrelate(some, axis=1), axis=1).sum(axis=0)
    # librosa's tempo takes the mean over time first.
    weighed = {"start_bpm": about_bpm, "std_bpm": SPREAD_TOLD} if about_bpm else {"std_bpm": SPREAD}
    return float(tempo(tg=(total / len(windows))[:, None], sr=RATE_HZ, hop_length=1, **weighed)[0])
