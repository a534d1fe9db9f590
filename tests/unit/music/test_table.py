from dataclasses import replace

import numpy as np
import pytest

from danceit_core.config import MusicSettings
from danceit_core.errors import MusicError
from danceit_core.music.analyse import analyse_music, frame_loudness
from danceit_core.music.table import Beats, MusicTable, Section, read_music_table, write_music_table


def make_table(frames, *, width=13, silent=False):
    rng = np.random.default_rng(0)
    return MusicTable(
        features=rng.standard_normal((frames, width)).astype(np.float32),
        loudness=rng.uniform(-60, 0, frames).astype(np.float32),
        beats=Beats(np.array([0.1, 0.6]), 120.0),
        fps=24.0,
        feature_set="mfcc",
        duration_s=0.3,
        silent=silent,
    )


@pytest.mark.parametrize(("frames", "width", "silent"), [(7, 13, False), (1, 69, False), (0, 13, True)])
def test_what_is_written_is_read(tmp_path, frames, width, silent):
    music = make_table(frames, width=width, silent=silent)
    write_music_table(tmp_path / "a.parquet", music)
    back = read_music_table(tmp_path / "a.parquet")
    np.testing.assert_array_equal(back.features, music.features)
    np.testing.assert_array_equal(back.loudness, music.loudness)
    np.testing.assert_array_equal(back.beats.times_s, [0.1, 0.6])
    assert (back.beats.tempo_bpm, back.fps, back.feature_set) == (120.0, 24.0, "mfcc")
    assert (back.duration_s, back.silent, len(back)) == (0.3, silent, frames)
    assert [p.name for p in tmp_path.iterdir()] == ["a.parquet"]


def test_bars_and_sections_are_written_and_read(tmp_path):
    beats = Beats(np.array([0.1, 0.6, 1.1]), 120.0, place=np.array([3, 1, 2]), meter=3, margin=0.4)
    parts = (Section(0.0, 0.5, "A"), Section(0.5, 1.2, "B"))
    write_music_table(tmp_path / "a.parquet", replace(make_table(7), beats=beats, sections=parts))
    back = read_music_table(tmp_path / "a.parquet")
    np.testing.assert_array_equal(back.beats.place, [3, 1, 2])
    assert (back.beats.meter, back.beats.margin, back.sections) == (3, 0.4, parts)
    np.testing.assert_array_equal(back.beats.downbeats_s, [0.6])


def test_beats_without_bars_have_no_downbeats_and_half_of_the_places_is_an_error():
    assert (Beats(np.array([0.1, 0.6]), 120.0).place == 0).all()
    assert len(Beats(np.array([0.1, 0.6]), 120.0).downbeats_s) == 0
    with pytest.raises(MusicError, match="2 beats with 1 places"):
        Beats(np.array([0.1, 0.6]), 120.0, place=np.array([1]))


@pytest.mark.parametrize("sections", [[[0.5, 1.0, "A"]], [[0.0, 1.0, "A"], [1.5, 2.0, "B"]], [[0.0, 0.0, "A"]]])
def test_sections_that_do_not_follow_each_other_are_refused(tmp_path, sections):
    music = replace(make_table(7), sections=tuple(Section(*part) for part in sections))
    write_music_table(tmp_path / "a.parquet", music)
    with pytest.raises(MusicError, match="sections do not follow"):
        read_music_table(tmp_path / "a.parquet")


def test_loudness_is_that_of_each_frame_in_decibels():
    sound = np.zeros(22050, np.float32)
    sound[round(22050 * 6 / 24) : round(22050 * 12 / 24)] = 0.1
    loudness = frame_loudness(sound, sample_rate_hz=22050, fps=24.0, frames=30)
    np.testing.assert_allclose(loudness[6:12], -20, atol=0.01)
    assert (loudness[:6] == -60).all()
    assert (loudness[12:] == -60).all()  # the last six lie beyond the sound


def test_a_song_is_covered_and_a_video_gets_its_own_frames():
    sound = (0.1 * np.random.default_rng(0).standard_normal(22050 * 3 + 1)).astype(np.float32)
    settings = MusicSettings(features="mfcc")
    song = analyse_music(sound, sample_rate_hz=22050, fps=24.0, settings=settings)
    assert len(song) == 73
    assert not song.silent
    video = analyse_music(sound, sample_rate_hz=22050, fps=24.0, settings=settings, frames=60)
    np.testing.assert_array_equal(video.features, song.features[:60])


def test_a_silent_video_has_zero_features_and_a_short_one_no_beats():
    mfcc = MusicSettings(features="mfcc")
    silent = analyse_music(np.zeros(44100, np.float32), sample_rate_hz=22050, fps=24.0, settings=mfcc)
    assert silent.silent
    assert silent.features.shape == (48, 13)
    assert not silent.features.any()
    short = analyse_music(np.full(2205, 0.5, np.float32), sample_rate_hz=22050, fps=24.0, settings=MusicSettings())
    assert not short.silent
    assert len(short.beats.times_s) == 0


def test_unknown_feature_set_is_refused_for_silence_too():
    with pytest.raises(MusicError, match="'mel'; known feature sets"):
        analyse_music(np.zeros(10, np.float32), sample_rate_hz=22050, fps=24.0, settings=MusicSettings(features="mel"))


def test_errors_name_the_file(tmp_path):
    with pytest.raises(MusicError, match=r"a\.parquet: no such music table"):
        read_music_table(tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(MusicError, match=r"b\.parquet is not a music table"):
        read_music_table(tmp_path / "b.parquet")
