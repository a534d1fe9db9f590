"""Songs that cannot be danced to are refused in one line; silent dances are not."""

import faulthandler
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from librosa import ParameterError
from media_files import load_sound, write_tracks

from danceit_core.config import MusicSettings
from danceit_core.errors import MediaError, MusicError
from danceit_core.media import audio
from danceit_core.media.audio import write_sound
from danceit_core.media.part import SourcePart
from danceit_core.media.sound_source import SoundSource
from danceit_core.media.video import VideoWriter
from danceit_core.music import analyse, features, sound, track
from danceit_core.music.analyse import analyse_music
from danceit_core.music.hint import NO_HINT, Hint, hint_of
from danceit_core.music.table import Beats, read_music_table, write_music_table
from danceit_core.music.track import analyse_dance, analyse_song

RATE_HZ = 22050


def clicks(path: Path, seconds: float, level: float = 0.8) -> Path:
    samples = np.zeros(round(seconds * RATE_HZ), np.float32)
    for beat in np.arange(0, seconds, 0.5):
        at = round(beat * RATE_HZ)
        samples[at : at + 200] = level * np.hanning(200)[: len(samples) - at]
    write_sound(path, samples, sample_rate_hz=RATE_HZ)
    return path


def song(path: Path | SoundSource, fragment_s: float = 2.0, hint: Hint = NO_HINT):
    return analyse_song(path, settings=MusicSettings(), fps=24, fragment_s=fragment_s, hint=hint)


def part(path: Path, start_s: float, end_s: float | None = None) -> SoundSource:
    return SoundSource(path, None, SourcePart(None, start_s, end_s))


def test_a_song_has_features_loudness_and_beats(tmp_path):
    music = song(clicks(tmp_path / "song.flac", 10))
    assert len(music) == len(music.loudness) == 240
    assert abs(music.beats.tempo_bpm - 120) < 1
    # The frame of a click is louder than the one between two clicks.
    assert music.loudness[24] > music.loudness[30] + 20


def test_one_inverted_channel_does_not_hide_the_beats(tmp_path, caplog):
    left = load_sound(clicks(tmp_path / "song.flac", 20), sample_rate_hz=RATE_HZ)
    soundfile.write(tmp_path / "inverted.wav", np.stack([left, -left], axis=1), RATE_HZ)
    music = song(tmp_path / "inverted.wav")
    assert (len(music.beats.times_s), round(music.beats.tempo_bpm)) == (39, 120)
    assert caplog.text.count("inverted.wav: its channels cancel each other out") == 1


def test_a_silent_default_track_is_said_once_and_the_table_chooses(tmp_path, caplog):
    loud = load_sound(clicks(tmp_path / "song.flac", 5), sample_rate_hz=RATE_HZ)
    path = write_tracks(tmp_path / "two.mkv", 0 * loud, loud, default=1, sample_rate_hz=RATE_HZ)
    assert len(song(path).beats.times_s) == 9
    assert caplog.text.count("two.mkv: its sound track 1 is silent, track 2 is used") == 1
    with pytest.raises(MusicError, match=r"two\.mkv is silent"):
        song(SoundSource(path, 1))
    music = analyse_dance(path, settings=MusicSettings(), fps=24, audio_track=3)
    assert "two.mkv has 2 sound tracks, not 3; correct column `audio_track`" in music.refused


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is isolated")
def test_a_dance_whose_sound_crashes_the_decoder_is_left_out(tmp_path, monkeypatch, caplog):
    def crash(*_, **__):
        faulthandler.disable()
        os.kill(os.getpid(), signal.SIGSEGV)

    monkeypatch.setattr(audio, "decode_stream", crash)
    music = analyse_dance(clicks(tmp_path / "a.wav", 3), settings=MusicSettings(), fps=24)
    assert "a.wav: the decoding library crashed (SIGSEGV); convert the file" in music.refused
    assert music.refused in caplog.text


def test_what_librosa_cannot_take_is_one_line(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise ParameterError("Audio buffer is\n odd")

    monkeypatch.setattr(track, "analyse_music", fail)
    with pytest.raises(MediaError, match=r"a\.wav: its sound cannot be analysed \(Audio buffer is odd\); convert it"):
        song(clicks(tmp_path / "a.wav", 3))


def test_a_song_shorter_than_a_fragment(tmp_path):
    with pytest.raises(MusicError, match=r"song\.flac lasts 1\.50 s, less than one fragment"):
        song(clicks(tmp_path / "song.flac", 1.5))


def test_an_excerpt_is_the_song(tmp_path):
    path = clicks(tmp_path / "song.flac", 20)
    whole, music = song(path), song(part(path, 5.25, 13.25))
    assert (music.duration_s, len(music)) == (8.0, 192)
    # At the same moments of the file.
    np.testing.assert_allclose(music.loudness, whole.loudness[126:318], atol=0.01)
    np.testing.assert_allclose(music.beats.times_s[:15] + 5.25, whole.beats.times_s[10:25], atol=0.003)


@pytest.mark.parametrize(
    ("start_s", "end_s", "message"),
    [
        (30, 60, r"song\.flac lasts 20\.00 s, but column start_s of songs\.tsv is 30; choose a part inside it"),
        (5, 25, r"song\.flac lasts 20\.00 s, but column end_s of songs\.tsv is 25; .*or empty the cell"),
        (20, None, r"lasts 20\.00 s, but column start_s of songs\.tsv is 20"),
        (18.5, None, r"song\.flac \(from 18\.5 s to its end\) lasts 1\.50 s, less than one fragment"),
    ],
)
def test_an_excerpt_that_the_file_does_not_have(tmp_path, start_s, end_s, message):
    with pytest.raises(MusicError, match=message):
        song(part(clicks(tmp_path / "song.flac", 20), start_s, end_s))


def test_the_end_that_a_player_shows_may_lie_after_the_songs(tmp_path):
    assert song(part(clicks(tmp_path / "song.flac", 9.6), 2, 10)).duration_s == pytest.approx(7.6)


def test_a_silent_excerpt_is_named_with_its_part(tmp_path):
    samples = load_sound(clicks(tmp_path / "song.flac", 5), sample_rate_hz=RATE_HZ)
    write_sound(tmp_path / "late.flac", np.r_[0 * samples, samples], sample_rate_hz=RATE_HZ)
    with pytest.raises(MusicError, match=r"late\.flac \(from 0 s to 4 s\) is silent; choose"):
        song(part(tmp_path / "late.flac", 0, 4))


def test_given_beats_are_taken_as_they_are_in_the_time_of_the_excerpt(tmp_path):
    path = clicks(tmp_path / "song.flac", 20)
    times_s = np.array([1.0, 5.3, 6.1, 7.2, 7.9, 13.25, 19.0])
    given = Beats(times_s, 60.0, place=np.array([1, 2, 3, 1, 2, 3, 1]), meter=3)
    whole = song(path, hint=Hint(beats=given))
    np.testing.assert_array_equal(whole.beats.times_s, times_s)
    music = song(part(path, 5.25, 13.25), hint=Hint(beats=given))
    np.testing.assert_allclose(music.beats.times_s, [0.05, 0.85, 1.95, 2.65])
    assert (music.beats.place.tolist(), music.beats.meter, music.beats.doubt) == ([2, 3, 1, 2], 3, "")
    assert music.beats.tempo_bpm == pytest.approx(75)


@pytest.mark.parametrize(("start_s", "warned"), [(0, False), (30, True)])
def test_beats_that_seem_to_count_from_elsewhere_are_told(tmp_path, caplog, start_s, warned):
    given = Hint(beats=Beats(np.arange(0.5, 40, 0.5), 120.0))
    music = song(part(clicks(tmp_path / "song.flac", 60), start_s, start_s + 30), hint=given)
    assert len(music.beats.times_s) == (20 if warned else 59)
    said = (
        "song.flac (from 30 s to 60 s): the beats that column `beats` of songs.tsv gives leave 0.0 s at its beginning "
    )
    assert (f"{said}and 20.5 s at its end without beats; check that they" in caplog.text) == warned


def test_beats_that_are_not_in_the_excerpt_are_one_line(tmp_path):
    path = clicks(tmp_path / "song.flac", 20)
    given = Hint(beats=Beats(np.array([1000.0, 1500.0, 2000.0]), 0.12))
    with pytest.raises(MusicError, match=r"of the 3 beats .*from 1000 to 2000 s, 0 are in it.*file, 5 to 20"):
        song(part(path, 5), hint=given)


def test_onsets_that_are_given_as_beats_are_one_line(tmp_path):
    given = Hint(beats=Beats(np.arange(1, 10, 0.1), 600.0))
    with pytest.raises(
        MusicError, match=r"half are 0\.1 s apart or less; beats must be at least 0\.15 s apart: give one"
    ):
        song(clicks(tmp_path / "song.flac", 20), hint=given)


@pytest.mark.parametrize(("said_bpm", "tempo_bpm"), [(0, 120), (62, 60), (118, 120)])
def test_a_tempo_that_is_said_settles_the_octave(tmp_path, said_bpm, tempo_bpm):
    path = clicks(tmp_path / "song.flac", 20)
    assert song(path, hint=Hint(tempo_bpm=said_bpm)).beats.tempo_bpm == pytest.approx(tempo_bpm, abs=1)


def test_a_hint_is_what_the_cells_and_the_file_say(tmp_path):
    assert hint_of({"tempo_bpm": "", "meter": ""}, beats=None) == NO_HINT
    (tmp_path / "a.beats").write_text("0.5\t1\n1.0\t2\n")
    hint = hint_of({"tempo_bpm": "88.5", "meter": "3"}, beats=tmp_path / "a.beats")
    assert (hint.tempo_bpm, hint.meter, hint.beats.place.tolist()) == (88.5, 3, [1, 2])


def test_a_silent_song(tmp_path):
    with pytest.raises(MusicError, match=r"song\.flac is silent"):
        song(clicks(tmp_path / "song.flac", 5, level=0.0))


def test_a_song_that_is_no_sound(tmp_path):
    path = tmp_path / "song.flac"
    path.write_text("la la la")
    with pytest.raises(MediaError, match=r"song\.flac"):
        song(path)


def mute_video(path: Path) -> Path:
    with VideoWriter(path, fps=24, size=(64, 64), crf=30) as writer:
        for _ in range(24):
            writer.write(np.zeros((64, 64, 3), np.uint8))
    return path


def test_what_refuses_a_song_is_one_line_with_a_remedy(tmp_path):
    (tmp_path / "text.mp3").write_text("la la la\n" * 50)
    (tmp_path / "empty.mp3").write_bytes(b"")
    mute_video(tmp_path / "mute.mp4")
    clicks(tmp_path / "still.wav", 5, level=0.0)
    clicks(tmp_path / "short.wav", 1.9)
    for name, said in {
        "text.mp3": "copied completely",
        "empty.mp3": "copied completely",
        "none.mp3": "check the path",
        "mute.mp4": "has no sound",
        "still.wav": "choose another song",
        "short.wav": "choose a longer song",
    }.items():
        with pytest.raises((MediaError, MusicError)) as caught:
            song(tmp_path / name)
        message = str(caught.value)
        assert str(tmp_path / name) in message
        assert said in message
        assert "\n" not in message


def test_a_dance_without_sound_is_silent_not_refused(tmp_path, caplog):
    music = analyse_dance(mute_video(tmp_path / "mute.mp4"), settings=MusicSettings(), fps=24)
    assert (music.silent, music.refused) == (True, "")
    assert "mute.mp4 has no sound, so the matcher does not learn from it" in caplog.text
    assert "column `audio` of videos.tsv" in caplog.text
    assert analyse_dance(None, settings=MusicSettings(), fps=24).silent


@pytest.mark.parametrize(
    ("level", "silent", "said"), [(0.0, True, "is silent"), (0.004, False, "never exceeds -"), (0.8, False, "")]
)
def test_silent_and_quiet_dances_are_named_not_refused(tmp_path, caplog, level, silent, said):
    music = analyse_dance(clicks(tmp_path / "a.wav", 3, level=level), settings=MusicSettings(), fps=24)
    assert (music.refused, music.silent, len(music)) == ("", silent, 72)
    assert said in caplog.text
    assert ("column `audio` of videos.tsv" in caplog.text) == bool(said)


@pytest.mark.parametrize("name", ["text.mp3", "none.mp3"])
def test_a_dance_whose_sound_cannot_be_read_says_why(tmp_path, name):
    (tmp_path / "text.mp3").write_bytes(b"nothing like sound" * 50)
    music = analyse_dance(tmp_path / name, settings=MusicSettings(), fps=24)
    assert name in music.refused
    assert "\n" not in music.refused
    assert (music.silent, len(music)) == (True, 0)
    write_music_table(tmp_path / "m.parquet", music)
    read = read_music_table(tmp_path / "m.parquet")
    assert (read.refused, len(read)) == (music.refused, 0)


def test_a_fault_of_the_settings_is_no_fault_of_the_dance(tmp_path):
    with pytest.raises(MusicError, match=r"music\.features is 'mfc'"):
        analyse_dance(clicks(tmp_path / "a.wav", 3), settings=MusicSettings(features="mfc"), fps=24)


def test_a_sound_in_a_file_is_analysed_as_one_in_memory(tmp_path, monkeypatch):
    path = clicks(tmp_path / "song.flac", 30)
    samples = load_sound(path, sample_rate_hz=RATE_HZ)
    whole = analyse_music(samples, sample_rate_hz=RATE_HZ, fps=24, settings=MusicSettings())
    # Pieces so small that everything is put together of many.
    for module in (features, analyse):
        monkeypatch.setattr(module, "CHUNK", 50)
    monkeypatch.setattr(sound, "PIECE", 1000)
    pieced = song(path)
    np.testing.assert_allclose(pieced.features, whole.features, atol=1e-4)
    np.testing.assert_allclose(pieced.loudness, whole.loudness, atol=1e-4)
    np.testing.assert_allclose(pieced.beats.times_s, whole.beats.times_s, atol=1e-6)
    assert len(whole.beats.times_s) > 50
