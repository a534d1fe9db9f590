"""Analyse sound into a music table: features per frame, beats, bars and sections (paper III).

librosa (see `compiled`) and torch are imported only where needed: this takes seconds, and most jobs only read tables.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.config import MusicSettings
from danceit_core.errors import MusicError
from danceit_core.music.columns import CHUNK, feature_width
from danceit_core.music.compiled import prepare_librosa
from danceit_core.music.hint import NO_HINT, Hint
from danceit_core.music.sound import Sound, frame_count, is_silent
from danceit_core.music.table import Beats, MusicTable, Section
from danceit_core.music.weights import read_beat_networks

FINDERS = ("networks", "tracker")
SHORTEST_S = 2.0


def analyse_music(
    samples: Sound,
    *,
    sample_rate_hz: int,
    fps: float,
    settings: MusicSettings,
    frames: int | None = None,
    weights: Path | None = None,
    hint: Hint = NO_HINT,
) -> MusicTable:
    """Features, beats and sections of (N,) mono samples.

    frames: number of frames of the video that the sound belongs to; None (a song): as many as cover the sound.
    weights: the file of `weights.fetch_beat_networks`; None, or a file that could not be fetched: librosa's tracker
    finds the beats, without bars. hint: the user's information about the beats. Sound that never exceeds -60 dB of full
    scale gives a silent table; sound shorter than 2 s gives a table without beats. Raises AssetError for damaged
    weights, MusicError for unknown settings and for samples that are not one finite channel.
    """
    width = feature_width(settings.features)
    if settings.beats not in FINDERS:
        raise MusicError(f"music.beats is {settings.beats!r}; set it to one of: {', '.join(FINDERS)}")
    count = frame_count(samples, sample_rate_hz=sample_rate_hz, fps=fps) if frames is None else frames
    silent = is_silent(samples)
    features, beats = np.zeros((count, width), np.float32), Beats(np.zeros(0), 0.0)
    sections: tuple[Section, ...] = ()
    if not silent:
        networks = read_beat_networks(weights) if settings.beats == "networks" else None
        prepare_librosa(tracker=networks is None)
        from danceit_core.music.features import audio_features  # noqa: PLC0415

        kind = settings.features
        features = audio_features(samples, sample_rate_hz=sample_rate_hz, fps=fps, frames=count, kind=kind)
        beats, sections = _rhythm(samples, sample_rate_hz=sample_rate_hz, networks=networks, hint=hint)
    loudness = frame_loudness(samples, sample_rate_hz=sample_rate_hz, fps=fps, frames=count)
    duration_s = len(samples) / sample_rate_hz
    return MusicTable(features, loudness, beats, fps, settings.features, duration_s, silent, sections=sections)


def _rhythm(
    samples: Sound, *, sample_rate_hz: int, networks: Mapping[str, bytes] | None, hint: Hint
) -> tuple[Beats, tuple[Section, ...]]:
    """Beats and sections of sound that is not silent; none if it is too short for a tempo."""
    from danceit_core.music.tracking import find_rhythm  # noqa: PLC0415

    if len(samples) < SHORTEST_S * sample_rate_hz:
        return Beats(np.zeros(0), 0.0), ()
    rhythm = find_rhythm(samples, sample_rate_hz=sample_rate_hz, networks=networks, hint=hint)
    return rhythm.beats, rhythm.sections


def frame_loudness(samples: Sound, *, sample_rate_hz: int, fps: float, frames: int) -> NDArray[np.float32]:
    """Root mean square of the sound per frame in decibels of full scale, (frames,), at least -60."""
    edges = np.round(np.arange(frames + 1) / fps * sample_rate_hz).astype(int).clip(0, len(samples))
    power = np.zeros(frames)
    for first in range(0, frames, CHUNK):
        some = edges[first : first + CHUNK + 1]
        squares = np.square(samples[int(some[0]) : int(some[-1])], dtype=np.float64)
        energy = np.concatenate([[0.0], np.cumsum(squares)])[some - some[0]]
        power[first : first + CHUNK] = np.diff(energy) / np.maximum(np.diff(some), 1)
    return (10 * np.log10(np.maximum(power, 1e-6))).astype(np.float32)
