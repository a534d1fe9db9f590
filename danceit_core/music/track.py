"""The music table of a file: a song that is to be danced to, or the sound of a dance video."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np

from danceit_core.config import MusicSettings
from danceit_core.errors import MediaError, MusicError, NoSoundError
from danceit_core.media.audio import open_sound
from danceit_core.media.part import WHOLE, SourcePart
from danceit_core.music.analyse import analyse_music
from danceit_core.music.doubt import tempo_change
from danceit_core.music.hint import NO_HINT, Hint
from danceit_core.music.table import CHECK_BEATS, MusicTable
from danceit_core.music.weights import read_beat_networks

log = logging.getLogger(__name__)

# No frame of music is that quiet; the noise of a microphone that was muted or turned away is.
QUIET_DB = -40.0
WITHOUT_NETWORKS = "beats are found without bars: the networks that hear them were not fetched; `make assets` does"
REMEDY = "if its music is in a file of its own, name that in column `audio` of videos.tsv"


def analyse_song(
    path: str | Path,
    *,
    settings: MusicSettings,
    fps: float,
    fragment_s: float,
    audio_track: int | None = None,
    weights: Path | None = None,
    hint: Hint = NO_HINT,
) -> MusicTable:
    """The music table of a song to dance to. audio_track: which of the file's sound tracks, from 1; see `open_sound`.

    weights: of the networks that hear bars; hint: what a user says of the beats; see `analyse_music`. Raises MediaError
    when the file has no sound, MusicError when it is silent or shorter than one fragment.
    """
    if settings.beats == "networks" and read_beat_networks(weights) is None:
        log.warning("%s: %s", path, WITHOUT_NETWORKS)
    music = _analyse(path, settings=settings, fps=fps, audio_track=audio_track, weights=weights, hint=hint)
    if music.silent:
        raise MusicError(f"{path} is silent; choose another song")
    if music.duration_s < fragment_s:
        raise MusicError(
            f"{path} lasts {music.duration_s:.2f} s, less than one fragment (retrieval.fragment_s = {fragment_s:g} s); "
            "choose a longer song or a smaller retrieval.fragment_s"
        )
    if music.beats.doubt:
        log.warning("%s: tempo unsure: %s; %s", path, music.beats.doubt, CHECK_BEATS)
    elif change := tempo_change(music.beats.times_s):
        log.info("%s: %s, and the beats follow it", path, change)
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
    """The music table of a dance video's sound; silent where it has none: its poses serve all the same.

    path: None for keypoints that were given without a sound. part: of its time; frame 0 is at part.start_s. weights:
    of the networks that hear bars; see `analyse_music`. Sound that cannot be read gives a table without rows whose
    `refused` says why.
    """
    if path is None:
        log.warning("only keypoints are given: nothing is learnt of the music; %s", REMEDY)
        return _no_sound(settings=settings, fps=fps)
    try:
        music = _analyse(path, settings=settings, fps=fps, audio_track=audio_track, part=part, weights=weights)
    except NoSoundError:
        log.warning("%s has no sound: nothing is learnt of its music; %s", path, REMEDY)
        return _no_sound(settings=settings, fps=fps)
    except MediaError as error:
        log.warning("%s", error)
        return replace(_no_sound(settings=settings, fps=fps), refused=str(error))
    if music.silent:
        log.warning("%s is silent: nothing is learnt of its music; %s", path, REMEDY)
    elif music.loudness.max() < QUIET_DB:
        log.warning("%s is nowhere louder than %.0f dB of full scale; %s", path, music.loudness.max(), REMEDY)
    return music


def _analyse(
    path: str | Path,
    *,
    settings: MusicSettings,
    fps: float,
    audio_track: int | None,
    weights: Path | None,
    part: SourcePart = WHOLE,
    hint: Hint = NO_HINT,
) -> MusicTable:
    rate_hz = settings.sample_rate_hz
    with open_sound(path, sample_rate_hz=rate_hz, track=audio_track, part=part) as samples:
        for note in samples.notes:
            log.warning("%s: %s", path, note)
        try:
            about = {"settings": settings, "weights": weights, "hint": hint}
            return analyse_music(samples, sample_rate_hz=rate_hz, fps=fps, **about)
        except _library_errors() as error:
            reason = " ".join(str(error).split())
            raise MediaError(f"{path}: its sound cannot be analysed ({reason}); convert it to WAV") from error


def _library_errors() -> tuple[type[Exception], ...]:
    """What librosa, SciPy and NumPy raise about a sound that they cannot take."""
    from librosa.util.exceptions import LibrosaError  # noqa: PLC0415 (`analyse` has its reasons to import it first)

    return LibrosaError, ValueError, ArithmeticError, LookupError


def _no_sound(*, settings: MusicSettings, fps: float) -> MusicTable:
    nothing = np.zeros(0, np.float32)
    return analyse_music(nothing, sample_rate_hz=settings.sample_rate_hz, fps=fps, settings=settings)
