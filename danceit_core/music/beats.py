"""Beats of a piece of music (paper IV-C2: "audio beats by librosa").

librosa's beat tracker (Ellis 2007: dynamic programming over the onset strength) places beats on analysis windows; here
each beat moves to the nearest peak of the onset strength, between the windows. Beats are seconds, increasing.

The onset strength peaks before the sound: a window of 30 ms already sees an attack when it first touches it. Measured
on clicks, tones, drums and noise bursts at known times (20 s each, 70 to 160 beats a minute, 16 to 44.1 kHz) the median
is 9 to 11 ms early whatever the tempo, the rate and the sound; LATENCY_S takes that constant out.
"""

import numpy as np
from librosa import autocorrelate, util
from librosa.beat import beat_track
from librosa.feature import tempo
from numpy.typing import NDArray

from danceit_core.errors import MusicError
from danceit_core.music.columns import PARTS, Features
from danceit_core.music.doubt import doubt_beats
from danceit_core.music.features import log_mel, onset_strength
from danceit_core.music.sound import Sound, check_sound, is_silent
from danceit_core.music.table import Beats

WINDOW_S = 0.03
# Windows a second. No whole number of them falls on a beat of any usual tempo, which would round all beats one way.
RATE_HZ = 172.27
LATENCY_S = 0.011
# A beat may move this many windows (23 ms) to its onset: under the shortest note, over the tracker's rounding.
REACH = 4
# Onset strength ignores what is more than this below the loudest moment: noise that follows digital silence is no beat.
RANGE_DB = 60.0
SHORTEST_S = 2.0
TEMPO_WINDOW_S = 8.0
WINDOWS_AT_ONCE = 256


def track_beats(samples: Sound, *, sample_rate_hz: int, near_bpm: float = 0.0) -> Beats:
    """Beats of (N,) mono samples; silence and sounds without onsets give empty Beats, for the caller to judge.

    near_bpm: about the tempo, where it is known; 0: it is estimated. tempo_bpm is 60 / median interval of the beats
    found, `doubt` why they may be wrong. Raises MusicError for sound under 2 s, in which a tempo cannot be told, and
    for samples that are not one finite channel. See `require_beats`.
    """
    check_sound(samples, sample_rate_hz=sample_rate_hz)
    duration_s = len(samples) / sample_rate_hz
    if duration_s < SHORTEST_S:
        raise MusicError(f"sound lasts {duration_s:.2f} s; beats need at least {SHORTEST_S:g} s: take a longer piece")
    if is_silent(samples):
        return Beats(np.zeros(0), 0.0)
    windows = int(duration_s * RATE_HZ)
    mel = log_mel(samples, sample_rate_hz=sample_rate_hz, rate_hz=RATE_HZ, frames=windows, window_s=WINDOW_S)
    onsets = onset_strength(np.maximum(mel, mel.max() - RANGE_DB, out=mel))
    tempo_bpm = near_bpm or _estimate_tempo(onsets)
    _, found = beat_track(onset_envelope=onsets, sr=RATE_HZ, hop_length=1, bpm=tempo_bpm, trim=False)
    found = _sounding(np.asarray(found, int), onsets)
    if len(found) < 2:
        return Beats(np.zeros(0), 0.0)
    times_s = (_refine(found, onsets) / RATE_HZ + LATENCY_S).clip(0, duration_s)
    bass = onset_strength(mel[:, PARTS[0]])
    doubt = doubt_beats(times_s - LATENCY_S, onsets, bass, rate_hz=RATE_HZ)
    return Beats(times_s, 60.0 / float(np.median(np.diff(times_s))), doubt)


def require_beats(beats: Beats, *, where: str) -> Beats:
    """The same beats, or MusicError naming `where` (the song's file) when there are none to dance to."""
    if len(beats.times_s) < 2:
        raise MusicError(f"{where}: no beats found; is it silent, speech or ambient sound? Choose music with a pulse")
    return beats


def _estimate_tempo(onsets: Features) -> float:
    """librosa's tempo in beats a minute, from an 8 s autocorrelation every half second.

    librosa itself takes one every window, which costs a hundred times the time and 7 GB for an hour of music.
    """
    length, hop = round(TEMPO_WINDOW_S * RATE_HZ), round(RATE_HZ / 2)
    windows = util.frame(np.pad(onsets, length // 2), frame_length=length, hop_length=hop, axis=0)  # (n, length)
    total = np.zeros(length)
    for first in range(0, len(windows), WINDOWS_AT_ONCE):
        some = windows[first : first + WINDOWS_AT_ONCE] * np.hanning(length)
        total += util.normalize(autocorrelate(some, axis=1), axis=1).sum(axis=0)
    # librosa's tempo takes the mean over time first.
    return float(tempo(tg=(total / len(windows))[:, None], sr=RATE_HZ, hop_length=1)[0])


def _sounding(found: NDArray[np.int_], onsets: Features) -> NDArray[np.int_]:
    """The beats without those before the first and after the last that can be heard (the tracker fills silence)."""
    if len(found) == 0:
        return found
    reach = round(0.05 * RATE_HZ)
    strength = np.array([onsets[max(0, k - reach) : k + reach + 1].max() for k in found])
    if not (strength > 0).any():
        return found[:0]
    heard = np.flatnonzero(strength > 0.25 * np.median(strength[strength > 0]))
    return found[heard[0] : heard[-1] + 1]


def _refine(found: NDArray[np.int_], onsets: Features) -> NDArray[np.float64]:
    """Each beat at the strongest onset within REACH windows, and there at the vertex of the parabola through it."""
    near = found[:, None] + np.arange(-REACH, REACH + 1)  # (B, 2 REACH + 1)
    near = near.clip(1, len(onsets) - 2)
    peak = near[np.arange(len(near)), onsets[near].argmax(axis=1)]
    left, top, right = (onsets[peak + step].astype(np.float64) for step in (-1, 0, 1))
    bend = left - 2 * top + right
    is_peak = (bend < 0) & (top >= left) & (top >= right)
    return np.where(is_peak, peak + 0.5 * (left - right) / np.where(is_peak, bend, 1.0), found)
