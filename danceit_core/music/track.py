"""Make the music table of a file: a song to dance to, or the sound of a dance video."""

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from danceit_core.config import MusicSettings
from danceit_core.errors import MediaError, MusicError, NoSoundError
from danceit_core.media.audio import LOWEST_RATE_HZ
from danceit_core.media.part import WHOLE, SourcePart
from danceit_core.media.sound_source import SoundSource, as_source
from danceit_core.media.stored import StoredSound
from danceit_core.music.analyse import analyse_music
from danceit_core.music.hint import NO_HINT, Hint
from danceit_core.music.table import CHECK_BEATS, MusicTable
from danceit_core.music.tempo import tempo_change
from danceit_core.music.weights import read_beat_networks

log = logging.getLogger(__name__)

# Music is never this quiet throughout; the noise of a microphone that was muted or turned away is.
QUIET_DB = -40.0
# An excerpt may end this much later than its file, as players show whole seconds.
ROUNDED_S = 1.0
# If more given beats than this are missing at the song's beginning or end, their times may have another origin.
MOST_MISSING = 16
WITHOUT_NETWORKS = "beats are found without bars, as the beat networks are missing; to fetch them, run `make assets`"
REMEDY = "if its music is in a separate file, name that file in column `audio` of videos.tsv"


def analyse_song(
    song: str | Path | SoundSource,
    *,
    settings: MusicSettings,
    fps: float,
    fragment_s: float,
    weights: Path | None = None,
    hint: Hint = NO_HINT,
) -> MusicTable:
    """The music table of a song to dance to: a file, or a part of one, whose start is second 0 of the table.

    weights: those of the beat networks, see `analyse_music`. hint: the user's information about its beats, in seconds
    of the whole file. Raises MediaError when the file has no sound, MusicError when the song is silent, shorter than
    one fragment, or not entirely in the file.
    """
    source = as_source(song)
    if settings.beats == "networks" and read_beat_networks(weights) is None:
        log.warning("%s: %s", source.path, WITHOUT_NETWORKS)
    with _opened(source, settings=settings) as samples:
        seconds = len(samples) / settings.sample_rate_hz
        _check_excerpt(source, seconds=seconds)
        said = hint.within(source.part.start_s, seconds=seconds, song=source)
        _warn_of_gaps(source, said, seconds=seconds)
        music = _analyse(samples, settings=settings, fps=fps, path=source.path, weights=weights, hint=said)
    if music.silent:
        raise MusicError(f"{source} is silent; choose another song")
    if music.duration_s < fragment_s:
        raise MusicError(
            f"{source} lasts {music.duration_s:.2f} s, less than one fragment (retrieval.fragment_s = {fragment_s:g} "
            "s); choose a longer song or a smaller retrieval.fragment_s"
        )
    if music.beats.doubt:
        log.warning("%s: the tempo is uncertain: %s; %s", source.path, music.beats.doubt, CHECK_BEATS)
    elif change := tempo_change(music.beats.times_s):
        log.info("%s: %s; the beats follow it", source.path, change)
    return music


def analyse_dance(
    path: str | Path | None,
    *,
    settings: MusicSettings,
    fps: float,
    audio_track: int | None = None,
    part: SourcePart = WHOLE,
    weights: Path | None = None,
) -> MusicTable:
    """The music table of a dance video's sound; without sound, a silent table: the poses are still used.

    path: None for keypoints that were given without sound. part: the time range; frame 0 is at part.start_s. weights:
    those of the beat networks, see `analyse_music`. Sound that cannot be read gives a table without rows whose
    `refused` says why.
    """
    if path is None:
        log.warning("only keypoints are given, so the matcher does not learn from this dance; %s", REMEDY)
        return _no_sound(settings=settings, fps=fps)
    try:
        with _opened(SoundSource(path, audio_track, part), settings=settings) as samples:
            music = _analyse(samples, settings=settings, fps=fps, path=path, weights=weights)
    except NoSoundError:
        log.warning("%s has no sound, so the matcher does not learn from it; %s", path, REMEDY)
        return _no_sound(settings=settings, fps=fps)
    except MediaError as error:
        log.warning("%s", error)
        return replace(_no_sound(settings=settings, fps=fps), refused=str(error))
    if music.silent:
        log.warning("%s is silent, so the matcher does not learn from it; %s", path, REMEDY)
    elif music.loudness.max() < QUIET_DB:
        log.warning("%s never exceeds %.0f dB of full scale; %s", path, music.loudness.max(), REMEDY)
    return music


@contextlib.contextmanager
def _opened(source: SoundSource, *, settings: MusicSettings) -> Iterator[StoredSound]:
    """A sound's samples at the rate of the analysis; logs the corrections made to it."""
    with source.open(sample_rate_hz=settings.sample_rate_hz) as samples:
        for note in samples.notes:
            log.warning("%s: %s", source.path, note)
        yield samples


def _check_excerpt(source: SoundSource, *, seconds: float) -> None:
    """Raise MusicError if a song's file ends before the part that was requested. seconds: those found of the part."""
    part, end_s = source.part, source.part.start_s + seconds
    if part == WHOLE or (seconds > 0 and (part.end_s is None or end_s >= part.end_s - ROUNDED_S)):
        return
    if seconds > 0:
        said = f"column end_s of songs.tsv is {part.end_s:g}"
    else:
        said = f"column start_s of songs.tsv is {part.start_s:g}"
        with SoundSource(source.path, source.track).open(sample_rate_hz=LOWEST_RATE_HZ) as whole:
            end_s = len(whole) / LOWEST_RATE_HZ
    raise MusicError(f"{source.path} lasts {end_s:.2f} s, but {said}; choose a part inside it, or empty the cell")


def _warn_of_gaps(source: SoundSource, hint: Hint, *, seconds: float) -> None:
    """Warn if the user's beats leave much of a song without beats."""
    if hint.beats is None:
        return
    before_s, after_s = hint.beats.times_s[0], seconds - hint.beats.times_s[-1]
    if max(before_s, after_s) > MOST_MISSING * 60 / hint.beats.tempo_bpm:
        log.warning(
            "%s: the beats that column `beats` of songs.tsv gives leave %.1f s at its beginning and %.1f s at its end "
            "without beats; check that they are seconds from the beginning of the file",
            source, before_s, after_s,
        )  # fmt: skip


def _analyse(
    samples: StoredSound,
    *,
    settings: MusicSettings,
    fps: float,
    path: str | Path,
    weights: Path | None,
    hint: Hint = NO_HINT,
) -> MusicTable:
    rate_hz = settings.sample_rate_hz
    try:
        return analyse_music(samples, sample_rate_hz=rate_hz, fps=fps, settings=settings, weights=weights, hint=hint)
    except _library_errors() as error:
        reason = " ".join(str(error).split())
        raise MediaError(f"{path}: its sound cannot be analysed ({reason}); convert it to WAV") from error


def _library_errors() -> tuple[type[Exception], ...]:
    """The errors that librosa, SciPy and NumPy raise for a sound that they cannot process."""
    from librosa.util.exceptions import LibrosaError  # noqa: PLC0415 (`analyse` has its reasons to import it first)

    return LibrosaError, ValueError, ArithmeticError, LookupError


def _no_sound(*, settings: MusicSettings, fps: float) -> MusicTable:
    nothing = np.zeros(0, np.float32)
    return analyse_music(nothing, sample_rate_hz=settings.sample_rate_hz, fps=fps, settings=settings)
