import numpy as np
import pytest

from danceit_core.config import MusicSettings
from danceit_core.errors import MusicError
from danceit_core.music.beats import Beats
from danceit_core.music.table import MusicTable, analyse_music, read_music_table, write_music_table


def test_what_is_written_is_read(tmp_path):
    features = np.random.default_rng(0).standard_normal((7, 13)).astype(np.float32)
    music = MusicTable(features, Beats(np.array([0.1, 0.6]), 120.0), 24.0, "mfcc", 0.3, False)
    write_music_table(tmp_path / "a.parquet", music)
    back = read_music_table(tmp_path / "a.parquet")
    np.testing.assert_array_equal(back.features, features)
    np.testing.assert_array_equal(back.beats.times_s, [0.1, 0.6])
    assert (back.beats.tempo_bpm, back.fps, back.feature_set) == (120.0, 24.0, "mfcc")
    assert (back.duration_s, back.silent) == (0.3, False)
    assert [p.name for p in tmp_path.iterdir()] == ["a.parquet"]


def test_empty_table(tmp_path):
    music = MusicTable(np.zeros((0, 69), np.float32), Beats(np.zeros(0), 0.0), 24.0, "rich", 0.0, True)
    write_music_table(tmp_path / "a.parquet", music)
    assert read_music_table(tmp_path / "a.parquet").features.shape == (0, 69)


def test_a_song_is_covered_and_a_video_gets_its_own_frames():
    sound = (0.1 * np.random.default_rng(0).standard_normal(22050 * 3 + 1)).astype(np.float32)
    settings = MusicSettings()
    song = analyse_music(sound, sample_rate_hz=22050, fps=24.0, settings=settings)
    assert len(song) == 73
    assert not song.silent
    video = analyse_music(sound, sample_rate_hz=22050, fps=24.0, settings=settings, frames=60)
    np.testing.assert_array_equal(video.features, song.features[:60])


def test_a_silent_video_has_zero_features_and_a_short_one_no_beats():
    silent = analyse_music(np.zeros(44100, np.float32), sample_rate_hz=22050, fps=24.0, settings=MusicSettings())
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
