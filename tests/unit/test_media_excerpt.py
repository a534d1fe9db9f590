"""The song beside a control video."""

import numpy as np
import pytest
import soundfile
from media_files import clicks, load_sound

from danceit_core.errors import MediaError
from danceit_core.media.audio import write_sound
from danceit_core.media.excerpt import write_excerpt


@pytest.fixture
def song(tmp_path):
    """Three seconds with a click every half second."""
    path = tmp_path / "song.flac"
    write_sound(path, clicks(np.arange(0, 3, 0.5), length_s=3, sample_rate_hz=22050), sample_rate_hz=22050)
    return path


@pytest.mark.parametrize(("frames", "fps"), [(24, 24), (50, 25), (71, 30), (72, 23.976), (1, 60)])
def test_it_is_as_long_as_the_video_to_the_sample(song, tmp_path, frames, fps):
    write_excerpt(tmp_path / "cut.wav", song, frames=frames, fps=fps)
    info = soundfile.info(tmp_path / "cut.wav")
    assert (info.samplerate, info.channels, info.subtype) == (48000, 2, "PCM_16")
    assert info.frames == round(frames / fps * 48000)


def test_its_clicks_are_where_the_songs_are(song, tmp_path):
    write_excerpt(tmp_path / "cut.wav", song, frames=60, fps=24)
    heard, _ = soundfile.read(tmp_path / "cut.wav")
    given = load_sound(song, sample_rate_hz=48000)
    np.testing.assert_allclose(heard.mean(1), given[: len(heard)], atol=1e-3)


def test_a_song_that_is_too_short_ends_in_silence(song, tmp_path):
    write_excerpt(tmp_path / "cut.wav", song, frames=240, fps=24)
    heard, _ = soundfile.read(tmp_path / "cut.wav")
    assert len(heard) == 480000
    assert np.abs(heard[: 3 * 48000]).max() > 0.5
    assert not heard[3 * 48000 + 100 :].any()


@pytest.mark.parametrize(("name", "frames", "fps"), [("cut.mp3", 24, 24), ("cut.wav", 0, 24), ("cut.wav", 24, 0)])
def test_what_cannot_be_written_is_one_line_and_leaves_nothing(song, tmp_path, name, frames, fps):
    with pytest.raises(MediaError, match=name) as raised:
        write_excerpt(tmp_path / name, song, frames=frames, fps=fps)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / name).exists()
