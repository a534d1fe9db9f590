"""Audio features, one vector per video frame (paper III-A and III-B).

Vector k describes the sound in [k / fps, (k + 1) / fps) seconds. Each window is cut at its own rounded absolute time:
1/24 s of sound at 22050 Hz is 918.75 samples, and a hop rounded to 919 would drift 10 ms in 37 s. One extractor
is used for the training videos and the song. Nothing is normalised here: the statistics belong to the matcher, whose
checkpoint stores them.

    mfcc  13 numbers of python_speech_features (the paper): log energy and cepstra 1 to 12
    rich  152 numbers: 40 log-mel bands (dB), onset strength of all and of three parts of them, 12 chroma, and the
          rhythm: how strongly each of the three parts (bass, middle, treble) repeats after 32 times from 0.2 to 3.2 s

The lags of the rhythm extend beyond a bar, since a tempo alone does not distinguish a waltz from a rumba of that tempo.
"""

import numpy as np
import scipy.fft
from librosa.feature import tempogram as autocorrelation
from librosa.filters import chroma as chroma_filters
from librosa.filters import mel as mel_filters
from librosa.onset import onset_strength as spectral_flux
from numpy.typing import NDArray
from python_speech_features import base, sigproc

from danceit_core.errors import MusicError
from danceit_core.music.columns import CHUNK, FEATURE_WIDTHS, MEL_BANDS, PARTS, RHYTHM_S, Features
from danceit_core.music.sound import Sound, check_sound, cut_windows

# python_speech_features' defaults, which the paper uses.
MFCC_FILTERS, MFCC_LIFTER, MFCC_PREEMPHASIS = 26, 22, 0.97
RHYTHM_WINDOW_S = 8.0


def audio_features(samples: Sound, *, sample_rate_hz: int, fps: float, frames: int, kind: str) -> Features:
    """Features of each frame, (frames, D) float32, D = 13 for kind `mfcc`, 152 for `rich`.

    samples: (N,) mono in -1..1, starting at time 0 of the frames; samples beyond `frames` are ignored, missing ones
    count as silence. Raises MusicError for an unknown kind, an invalid rate or frame count, and samples that are not
    one finite channel.
    """
    check_sound(samples, sample_rate_hz=sample_rate_hz)
    if not fps > 0 or frames < 0:
        raise MusicError(f"{frames} frames at {fps} fps requested; frames must be at least 0 and fps positive")
    if kind == "mfcc":
        return _mfcc(samples, sample_rate_hz=sample_rate_hz, fps=fps, frames=frames)
    if kind == "rich":
        return _rich(samples, sample_rate_hz=sample_rate_hz, fps=fps, frames=frames)
    raise MusicError(f"music.features is {kind!r}; known feature sets: {', '.join(FEATURE_WIDTHS)}")


def log_mel(samples: Sound, *, sample_rate_hz: int, rate_hz: float, frames: int, window_s: float) -> Features:
    """Log-mel spectrogram (frames, 40) in dB, at least -100, of windows centred on (k + 0.5) / rate_hz seconds."""
    bank = mel_filters(sr=sample_rate_hz, n_fft=_power_of_two(window_s * sample_rate_hz), n_mels=MEL_BANDS)
    power = _band_power(samples, bank, sample_rate_hz=sample_rate_hz, rate_hz=rate_hz, frames=frames, window_s=window_s)
    np.log10(np.maximum(power, 1e-10, out=power), out=power)
    return np.multiply(power, 10, out=power)


def onset_strength(mel: Features) -> Features:
    """How fast the log-mel (frames, 40) rises, (frames,) dB, 0 for the first frame (librosa's spectral flux)."""
    strength = np.zeros(len(mel), np.float32)
    for first in range(1, len(mel), CHUNK):
        rising = spectral_flux(S=mel[first - 1 : first + CHUNK].T, center=False)
        strength[first : first + CHUNK] = rising[1:]
    return strength


def _mfcc(samples: Sound, *, sample_rate_hz: int, fps: float, frames: int) -> Features:
    """python_speech_features' mfcc() from its own parts, but framed by absolute time and with nfft >= the window."""
    window = sigproc.round_half_up(sample_rate_hz / fps)
    size = _power_of_two(window)
    bank = base.get_filterbanks(MFCC_FILTERS, size, sample_rate_hz)
    width = FEATURE_WIDTHS["mfcc"]
    result = np.empty((frames, width), np.float32)
    smallest = np.finfo(np.float64).eps
    for rows, windows in cut_windows(
        samples, sample_rate_hz, fps, frames, window, shift_s=0.0, emphasis=MFCC_PREEMPHASIS
    ):
        power = sigproc.powspec(windows.astype(np.float64), size)
        energy = power.sum(axis=1)
        bands = power @ bank.T
        log_bands = np.log(np.where(bands == 0, smallest, bands))
        cepstra = base.lifter(scipy.fft.dct(log_bands, type=2, axis=1, norm="ortho")[:, :width], MFCC_LIFTER)
        cepstra[:, 0] = np.log(np.where(energy == 0, smallest, energy))
        result[rows] = cepstra
    return result


def _rich(samples: Sound, *, sample_rate_hz: int, fps: float, frames: int) -> Features:
    """Log-mel, onset strength, chroma and tempo strength of each frame."""
    if frames == 0:
        return np.zeros((0, FEATURE_WIDTHS["rich"]), np.float32)
    # Twice the frame rate, for an accurate tempo; a window of one frame, so that an onset stays in its frame.
    mel = log_mel(samples, sample_rate_hz=sample_rate_hz, rate_hz=2 * fps, frames=2 * frames, window_s=1 / fps)
    onsets = np.stack([onset_strength(mel), *(onset_strength(mel[:, part]) for part in PARTS)], axis=1)
    rhythm = np.concatenate([_rhythm(onsets[:, 1 + part], 2 * fps) for part in range(len(PARTS))], axis=1)
    # Pitch needs a longer window than rhythm: neighbouring semitones at 200 Hz are 12 Hz apart.
    window_s = 4 / fps
    bank = chroma_filters(sr=sample_rate_hz, n_fft=_power_of_two(window_s * sample_rate_hz))
    pitch = _band_power(samples, bank, sample_rate_hz=sample_rate_hz, rate_hz=fps, frames=frames, window_s=window_s)
    chroma = pitch / np.maximum(pitch.max(axis=1, keepdims=True), 1e-10)
    # (2 frames, D) -> (frames, D): the mean of the two halves of each frame
    halves = [part.reshape(frames, 2, -1).mean(axis=1) for part in (mel, onsets, rhythm)]
    return np.concatenate([halves[0], halves[1], chroma, halves[2]], axis=1).astype(np.float32)


def _rhythm(onsets: Features, rate_hz: float) -> Features:
    """Autocorrelation of the onsets within 8 s of each moment, at the lags of RHYTHM_S: (frames,) to (frames, 32)."""
    longest = round(RHYTHM_WINDOW_S * rate_hz)
    repeats = autocorrelation(onset_envelope=onsets, sr=rate_hz, hop_length=1, win_length=longest)
    lags = RHYTHM_S * rate_hz
    low = np.floor(lags).astype(int)
    share = (lags - low)[:, None]
    return ((1 - share) * repeats[low] + share * repeats[low + 1]).T


def _band_power(
    samples: Sound, bank: NDArray, *, sample_rate_hz: int, rate_hz: float, frames: int, window_s: float
) -> Features:
    """Hann-windowed power spectra, windows centred on (k + 0.5) / rate_hz, through a filter bank: (frames, bands)."""
    window = round(window_s * sample_rate_hz)
    taper = np.hanning(window + 2)[1:-1].astype(np.float32)
    result = np.empty((frames, len(bank)), np.float32)
    shift_s = 0.5 / rate_hz - window_s / 2
    for rows, windows in cut_windows(samples, sample_rate_hz, rate_hz, frames, window, shift_s=shift_s):
        power = np.abs(np.fft.rfft(windows * taper, _power_of_two(window_s * sample_rate_hz))) ** 2
        result[rows] = power @ bank.T
    return result


def _power_of_two(samples: float) -> int:
    """The smallest power of two that is not less than `samples`, rounded."""
    return 1 << max(round(samples) - 1, 0).bit_length()
