"""The instruments of the studio's songs: each gives one note or stroke as float64 samples at SAMPLE_RATE_HZ."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

SAMPLE_RATE_HZ = 44100
Sound = NDArray[np.float64]


def _times(seconds: float) -> Sound:
    return np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ


def _lowpass(samples: Sound, cutoff_hz: float) -> Sound:
    """A one-pole low-pass filter."""
    keep = float(np.exp(-2 * np.pi * cutoff_hz / SAMPLE_RATE_HZ))
    return lfilter([1 - keep], [1, -keep], samples)


def kick() -> Sound:
    """Bass drum: a sine that falls from 150 to 48 Hz, with a click."""
    t = _times(0.32)
    phase = 48 * t + 102 / 30 * (1 - np.exp(-30 * t))
    return np.sin(2 * np.pi * phase) * np.exp(-9 * t) + 0.4 * np.sin(2 * np.pi * 1800 * t) * np.exp(-300 * t)


def snare(rng: np.random.Generator) -> Sound:
    """Snare drum: noise over a 190 Hz body."""
    t = _times(0.22)
    return 0.7 * rng.normal(size=len(t)) * np.exp(-20 * t) + 0.8 * np.sin(2 * np.pi * 190 * t) * np.exp(-26 * t)


def clap(rng: np.random.Generator) -> Sound:
    """Hand clap: three bursts of noise within 30 ms."""
    t = _times(0.25)
    envelope = sum(np.where(t >= s, np.exp(-(90 if s < 0.02 else 18) * (t - s)), 0) for s in (0.0, 0.012, 0.024))
    noise = rng.normal(size=len(t))
    return 0.6 * (noise - _lowpass(noise, 900)) * envelope


def hat(rng: np.random.Generator, *, seconds: float) -> Sound:
    """Hi-hat: bright noise; `seconds` makes it closed (0.04) or open (0.25)."""
    t = _times(seconds * 2)
    return 0.5 * np.diff(rng.normal(size=len(t) + 1)) * np.exp(-2.5 * t / seconds)


def crash(rng: np.random.Generator) -> Sound:
    """Cymbal at the start of a section."""
    t = _times(1.6)
    return 0.3 * np.diff(rng.normal(size=len(t) + 1)) * np.exp(-2.4 * t)


def bass(frequency_hz: float, seconds: float) -> Sound:
    """Round bass: a saw through a closing filter."""
    t = _times(seconds)
    saw = 2 * ((frequency_hz * t) % 1) - 1
    body = _lowpass(_lowpass(saw, 7 * frequency_hz), 9 * frequency_hz) + 0.6 * np.sin(2 * np.pi * frequency_hz * t)
    return body * np.exp(-1.5 * t / seconds) * _fade(t, seconds)


def pad(frequencies_hz: list[float], seconds: float) -> Sound:
    """Soft chord: three slightly detuned saws for each note."""
    t = _times(seconds)
    total = np.zeros(len(t))
    for frequency in frequencies_hz:
        for detune in (0.997, 1.0, 1.004):
            total += 2 * ((frequency * detune * t + 0.37 * detune) % 1) - 1
    return _lowpass(_lowpass(total, 1400), 2200) / len(frequencies_hz) * np.minimum(1, t / 0.08) * _fade(t, seconds)


def stab(frequencies_hz: list[float], seconds: float) -> Sound:
    """Short bright chord on the off-beat."""
    t = _times(seconds)
    total = sum(np.sign(np.sin(2 * np.pi * f * t)) + np.sin(4 * np.pi * f * t) for f in frequencies_hz)
    return _lowpass(np.asarray(total), 2600) / len(frequencies_hz) * np.exp(-9 * t) * _fade(t, seconds)


def pluck(frequency_hz: float, seconds: float) -> Sound:
    """Plucked lead: harmonics that decay faster the higher they are."""
    t = _times(seconds)
    total = np.zeros(len(t))
    for k in range(1, 8):
        total += np.sin(2 * np.pi * k * frequency_hz * t) / k * np.exp(-(3 + 2 * k) * t)
    return total * _fade(t, seconds)


def _fade(t: Sound, seconds: float) -> Sound:
    """Attack of 4 ms and release of 20 ms, which avoids clicks."""
    return np.clip(t / 0.004, 0, 1) * np.clip((seconds - t) / 0.02, 0, 1)
