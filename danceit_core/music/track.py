"""The music table of a file: a song that is to be danced to, or the sound of a dance video."""

from pathlib import Path

import numpy as np

from danceit_core.config import MusicSettings
from danceit_core.errors import MusicError
from danceit_core.media.audio import load_sound
from danceit_core.media.video import probe
from danceit_core.music.table import MusicTable, analyse_music


def analyse_song(path: str | Path, *, settings: MusicSettings, fps: float, fragment_s: float) -> MusicTable:
    """The music table of a song to dance to.

    Raises MediaError when the file has no sound, MusicError when it is silent or shorter than one fragment.
    """
    music = _analyse(path, settings=settings, fps=fps)
    if music.silent:
        raise MusicError(f"{path} is silent; choose another song")
    if music.duration_s < fragment_s:
        raise MusicError(
            f"{path} lasts {music.duration_s:.2f} s, less than one fragment (retrieval.fragment_s = {fragment_s:g} s); "
            "choose a longer song or a smaller retrieval.fragment_s"
        )
    return music


def analyse_dance(path: str | Path, *, settings: MusicSettings, fps: float) -> MusicTable:
    """The music table of a dance video's sound; silent where it has none: its poses serve all the same."""
    if Path(path).is_file() and not probe(path).has_sound:
        return analyse_music(
            np.zeros(0, np.float32), sample_rate_hz=settings.sample_rate_hz, fps=fps, settings=settings
        )
    return _analyse(path, settings=settings, fps=fps)


def _analyse(path: str | Path, *, settings: MusicSettings, fps: float) -> MusicTable:
    samples = load_sound(path, sample_rate_hz=settings.sample_rate_hz)
    return analyse_music(samples, sample_rate_hz=settings.sample_rate_hz, fps=fps, settings=settings)
