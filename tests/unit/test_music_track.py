"""Songs that cannot be danced to are refused in one line; silent dances are not."""

from pathlib import Path

import numpy as np
import pytest

from danceit_core.config import MusicSettings
from danceit_core.errors import MediaError, MusicError
from danceit_core.media.audio import write_sound
from danceit_core.media.video import VideoWriter
from danceit_core.music.track import analyse_dance, analyse_song

RATE_HZ = 22050


def clicks(path: Path, seconds: float, level: float = 0.8) -> Path:
    samples = np.zeros(round(seconds * RATE_HZ), np.float32)
    for beat in np.arange(0, seconds, 0.5):
        at = round(beat * RATE_HZ)
        samples[at : at + 200] = level * np.hanning(200)[: len(samples) - at]
    write_sound(path, samples, sample_rate_hz=RATE_HZ)
    return path


def song(path: Path, fragment_s: float = 2.0):
    return analyse_song(path, settings=MusicSettings(), fps=24, fragment_s=fragment_s)


def test_a_song_has_features_loudness_and_beats(tmp_path):
    music = song(clicks(tmp_path / "song.flac", 10))
    assert len(music) == len(music.loudness) == 240
    assert abs(music.beats.tempo_bpm - 120) < 1
    # The frame of a click is louder than the one between two clicks.
    assert music.loudness[24] > music.loudness[30] + 20


def test_a_song_shorter_than_a_fragment(tmp_path):
    with pytest.raises(MusicError, match=r"song\.flac lasts 1\.50 s, less than one fragment"):
        song(clicks(tmp_path / "song.flac", 1.5))


def test_a_silent_song(tmp_path):
    with pytest.raises(MusicError, match=r"song\.flac is silent"):
        song(clicks(tmp_path / "song.flac", 5, level=0.0))


def test_a_song_that_is_no_sound(tmp_path):
    path = tmp_path / "song.flac"
    path.write_text("la la la")
    with pytest.raises(MediaError, match=r"song\.flac"):
        song(path)


def test_a_dance_without_sound_is_silent_not_refused(tmp_path):
    path = tmp_path / "mute.mp4"
    with VideoWriter(path, fps=24, size=(64, 64), crf=30) as writer:
        for _ in range(24):
            writer.write(np.zeros((64, 64, 3), np.uint8))
    assert analyse_dance(path, settings=MusicSettings(), fps=24).silent
