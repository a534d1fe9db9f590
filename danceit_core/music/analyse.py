"""Sound to music table: features and beats of each frame (paper III).

Nothing else of this package imports librosa (see `compiled`): it takes seconds, and most jobs only read tables.
"""

import numpy as np
from numpy.typing import NDArray

from danceit_core.config import MusicSettings
from danceit_core.music.columns import CHUNK, Features, feature_width
from danceit_core.music.compiled import prepare_librosa
from danceit_core.music.hint import NO_HINT, Hint
from danceit_core.music.sound import Sound, frame_count, is_silent
from danceit_core.music.table import Beats, MusicTable


def analyse_music(
    samples: Sound,
    *,
    sample_rate_hz: int,
    fps: float,
    settings: MusicSettings,
    frames: int | None = None,
    hint: Hint = NO_HINT,
) -> MusicTable:
    """Features and beats of (N,) mono samples.

    frames: the number of frames of the video that the sound belongs to; None (a song): as many as cover the sound.
    hint: what the user says about the beats; beats that are given are taken as they are.
    Sound that never exceeds -60 dB of full scale gives a silent table, sound under 2 s one without beats.
    """
    count = frame_count(samples, sample_rate_hz=sample_rate_hz, fps=fps) if frames is None else frames
    silent = is_silent(samples)
    if silent:
        features = np.zeros((count, feature_width(settings.features)), np.float32)
        beats = Beats(np.zeros(0), 0.0)
    else:
        features, beats = _hear(
            samples, sample_rate_hz=sample_rate_hz, fps=fps, kind=settings.features, frames=count, hint=hint
        )
    loudness = frame_loudness(samples, sample_rate_hz=sample_rate_hz, fps=fps, frames=count)
    return MusicTable(features, loudness, beats, fps, settings.features, len(samples) / sample_rate_hz, silent)


def _hear(
    samples: Sound, *, sample_rate_hz: int, fps: float, kind: str, frames: int, hint: Hint
) -> tuple[Features, Beats]:
    """Features and beats of sound that is not silent."""
    prepare_librosa()
    from danceit_core.music.beats import SHORTEST_S, track_beats  # noqa: PLC0415
    from danceit_core.music.features import audio_features  # noqa: PLC0415

    features = audio_features(samples, sample_rate_hz=sample_rate_hz, fps=fps, frames=frames, kind=kind)
    if hint.beats is not None:
        return features, hint.beats
    if len(samples) < SHORTEST_S * sample_rate_hz:
        return features, Beats(np.zeros(0), 0.0)
    return features, track_beats(samples, sample_rate_hz=sample_rate_hz, near_bpm=hint.tempo_bpm)


def frame_loudness(samples: Sound, *, sample_rate_hz: int, fps: float, frames: int) -> NDArray[np.float32]:
    """Root mean square of each frame's sound in decibels of full scale, (frames,), not below -60."""
    edges = np.round(np.arange(frames + 1) / fps * sample_rate_hz).astype(int).clip(0, len(samples))
    power = np.zeros(frames)
    for first in range(0, frames, CHUNK):
        some = edges[first : first + CHUNK + 1]
        squares = np.square(samples[int(some[0]) : int(some[-1])], dtype=np.float64)
        energy = np.concatenate([[0.0], np.cumsum(squares)])[some - some[0]]
        power[first : first + CHUNK] = np.diff(energy) / np.maximum(np.diff(some), 1)
    return (10 * np.log10(np.maximum(power, 1e-6))).astype(np.float32)
