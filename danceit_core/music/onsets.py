"""Find onsets and move beats onto them: a tracker places beats on analysis windows, but a dancer hears the attack.

The onset strength peaks before the sound, since a window of 30 ms contains an attack as soon as it touches it. Measured
on clicks, tones, drums and noise bursts at known times (20 s each, 70 to 160 beats per minute, 16 to 44.1 kHz), the
median is 9 to 11 ms early for every tempo, rate and sound; LATENCY_S corrects this constant.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.music.columns import PARTS, Features
from danceit_core.music.features import log_mel, onset_strength
from danceit_core.music.sound import Sound

WINDOW_S = 0.03
# Windows per second. Beats of usual tempi are not a whole number of windows apart, which would round all one way.
RATE_HZ = 172.27
LATENCY_S = 0.011
# A beat may move this many windows (35 ms) to its onset: less than the shortest note, more than the networks' frames of
# 20 ms; TRACKER_REACH, 23 ms, is more than the rounding of librosa's tracker.
REACH, TRACKER_REACH = 6, 4
# Onset strength ignores sound this far below the loudest moment: noise after digital silence is not a beat.
RANGE_DB = 60.0
# A beat is inaudible if the strongest onset within HEARD_S is weaker than the share FAINT of the others.
HEARD_S, FAINT = 0.05, 0.25


@dataclass(frozen=True)
class Onsets:
    """Onset strength (T,) at RATE_HZ of all sound and of its bass. Window k is at k / RATE_HZ + LATENCY_S seconds."""

    all: Features
    bass: Features


def find_onsets(samples: Sound, *, sample_rate_hz: int) -> Onsets:
    """The onset strength of (N,) mono samples."""
    windows = int(len(samples) / sample_rate_hz * RATE_HZ)
    mel = log_mel(samples, sample_rate_hz=sample_rate_hz, rate_hz=RATE_HZ, frames=windows, window_s=WINDOW_S)
    np.maximum(mel, mel.max(initial=-RANGE_DB) - RANGE_DB, out=mel)
    return Onsets(onset_strength(mel), onset_strength(mel[:, PARTS[0]]))


def refine(times_s: NDArray[np.float64], onsets: Onsets, *, reach: int = REACH) -> NDArray[np.float64]:
    """Move each beat (B,) to the strongest onset within `reach` windows, at the vertex of the parabola through it;
    without a peak, the beat is unchanged."""
    at = (times_s - LATENCY_S) * RATE_HZ
    near = np.round(at).astype(int)[:, None] + np.arange(-reach, reach + 1)  # (B, 2 reach + 1)
    near = near.clip(1, len(onsets.all) - 2)
    peak = near[np.arange(len(near)), onsets.all[near].argmax(axis=1)]
    left, top, right = (onsets.all[peak + step].astype(np.float64) for step in (-1, 0, 1))
    bend = left - 2 * top + right
    is_peak = (bend < 0) & (top >= left) & (top >= right)
    return np.where(is_peak, peak + 0.5 * (left - right) / np.where(is_peak, bend, 1.0), at) / RATE_HZ + LATENCY_S


def sounding(times_s: NDArray[np.float64], onsets: Onsets) -> slice:
    """The range of beats from the first to the last audible one: trackers also place beats in silence."""
    nothing = slice(0, 0)
    if len(times_s) == 0:
        return nothing
    reach = round(HEARD_S * RATE_HZ)
    near = np.round((times_s - LATENCY_S) * RATE_HZ).astype(int)[:, None] + np.arange(-reach, reach + 1)
    strength = onsets.all[near.clip(0, len(onsets.all) - 1)].max(axis=1)
    if not (strength > 0).any():
        return nothing
    heard = np.flatnonzero(strength > FAINT * np.median(strength[strength > 0]))
    return slice(int(heard[0]), int(heard[-1]) + 1)
