"""Onsets, and beats moved onto them: a tracker places beats on analysis windows, a dancer hears the attack.

The onset strength peaks before the sound: a window of 30 ms already sees an attack when it first touches it. Measured
on clicks, tones, drums and noise bursts at known times (20 s each, 70 to 160 beats a minute, 16 to 44.1 kHz) the median
is 9 to 11 ms early whatever the tempo, the rate and the sound; LATENCY_S takes that constant out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.music.columns import PARTS, Features
from danceit_core.music.features import log_mel, onset_strength
from danceit_core.music.sound import Sound

WINDOW_S = 0.03
# Windows a second. No whole number of them falls on a beat of any usual tempo, which would round all beats one way.
RATE_HZ = 172.27
LATENCY_S = 0.011
# A beat may move this many windows (35 ms) to its onset: under the shortest note, over the networks' frames of 20 ms;
# 23 ms are over the rounding of librosa's tracker.
REACH, TRACKER_REACH = 6, 4
# Onset strength ignores what is more than this below the loudest moment: noise that follows digital silence is no beat.
RANGE_DB = 60.0
# Next to nothing sounds within this of a beat that is weaker than this share of the others.
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
    """Each beat (B,) at the strongest onset within `reach` windows, and there at the vertex of the parabola through it;
    where there is no peak, where it was."""
    at = (times_s - LATENCY_S) * RATE_HZ
    near = np.round(at).astype(int)[:, None] + np.arange(-reach, reach + 1)  # (B, 2 reach + 1)
    near = near.clip(1, len(onsets.all) - 2)
    peak = near[np.arange(len(near)), onsets.all[near].argmax(axis=1)]
    left, top, right = (onsets.all[peak + step].astype(np.float64) for step in (-1, 0, 1))
    bend = left - 2 * top + right
    is_peak = (bend < 0) & (top >= left) & (top >= right)
    return np.where(is_peak, peak + 0.5 * (left - right) / np.where(is_peak, bend, 1.0), at) / RATE_HZ + LATENCY_S


def sounding(times_s: NDArray[np.float64], onsets: Onsets) -> slice:
    """Which beats remain without those before the first and after the last that can be heard: trackers fill silence."""
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
