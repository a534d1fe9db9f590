"""An excerpt of a song: cut to the sample, faded where it was cut; and the song beside a control video."""

import numpy as np
import pytest
import soundfile
from media_files import clicks, flashes, load_sound

from danceit_core.errors import MediaError
from danceit_core.media.audio import write_sound
from danceit_core.media.excerpt import write_excerpt
from danceit_core.media.part import WHOLE, SourcePart
from danceit_core.media.sound_source import SoundSource, source_of
from danceit_core.media.video import VideoWriter, decode_frames


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


# An excerpt of the song, whose second 0 is one of the song's clicks.
PART = SourcePart(None, 0.5, 2.5)


def steady(path, *, seconds):
    """A sound of one level, as quick as can be."""
    write_sound(path, np.tile(np.float32([0.5, -0.5]), round(seconds * 24000)), sample_rate_hz=48000)
    return path


def test_an_excerpt_begins_at_its_start_to_the_sample(tmp_path):
    sound = np.zeros(4 * 48000, np.float32)
    sound[[48000 + 48 * 7 + 960, 2 * 48000]] = 0.5
    soundfile.write(tmp_path / "song.wav", sound, 48000, subtype="FLOAT")
    with SoundSource(tmp_path / "song.wav", None, SourcePart(None, 1.007, None)).open(sample_rate_hz=48000) as stored:
        heard = stored.stereo(slice(0, 48000))[0]
        np.testing.assert_array_equal(np.flatnonzero(heard), [960, 48000 - 48 * 7])
        np.testing.assert_array_equal(np.flatnonzero(stored[:]), [960, 48000 - 48 * 7])
        assert len(stored) == 3 * 48000 - 48 * 7


def test_an_excerpt_is_faded_where_it_was_cut_and_analysed_as_it_is(tmp_path):
    song = steady(tmp_path / "song.wav", seconds=10)
    with SoundSource(song, None, SourcePart(None, 1, 9)).open(sample_rate_hz=48000) as stored:
        # By pieces of any length the same.
        pieces = [stored.stereo(slice(at, at + 7001)) for at in range(0, len(stored), 7001)]
        whole = stored.stereo(slice(0, len(stored)))
        np.testing.assert_allclose(np.abs(stored[:]), 0.5, atol=1e-4)
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), whole)
    left = np.abs(whole[0])
    assert len(left) == 8 * 48000
    assert max(left[0], left[-1]) < 1e-4
    assert (np.diff(left[:960]) > 0).all()
    assert (np.diff(left[-72000:]) <= 0).all()
    np.testing.assert_allclose(left[960:-72000], 0.5, atol=1e-4)
    assert left[480] == pytest.approx(0.25, abs=0.01)
    assert left[-36000] == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("part", [WHOLE, SourcePart(None, 0, None), SourcePart(None, 0, 10.5)])
def test_a_songs_own_beginning_and_end_are_not_faded(tmp_path, part):
    with SoundSource(steady(tmp_path / "song.wav", seconds=10), None, part).open(sample_rate_hz=48000) as stored:
        np.testing.assert_allclose(np.abs(stored.stereo(slice(0, 480000))), 0.5, atol=1e-4)


def test_a_short_excerpt_is_heard_between_its_fades(tmp_path):
    part = SourcePart(None, 1, 2)
    with SoundSource(steady(tmp_path / "song.wav", seconds=10), None, part).open(sample_rate_hz=48000) as stored:
        left = np.abs(stored.stereo(slice(0, 48000))[0])
    np.testing.assert_allclose(left[960:36000], 0.5, atol=1e-4)
    assert (np.diff(left[36000:]) < 0).all()


def test_an_excerpt_of_a_song_as_a_file(song, tmp_path):
    write_excerpt(tmp_path / "cut.wav", SoundSource(song, None, PART), frames=48, fps=24)
    heard, _ = soundfile.read(tmp_path / "cut.wav")
    assert len(heard) == 96000
    starts = np.flatnonzero(np.abs(heard[:, 0]) > 0.1)
    # Clicks at 0.5 (faded in), 1, 1.5 and, halfway through its fade, 2 s of the song.
    assert [starts[starts > after][0] / 48000 for after in (12000, 36000)] == pytest.approx([0.5, 1.0], abs=5e-4)


def test_picture_and_sound_of_an_excerpt_are_in_step(tmp_path):
    """A flash at each click, in the finished file."""
    song = tmp_path / "song.wav"
    write_sound(song, clicks([1.75, 2.5, 3.0], length_s=6, sample_rate_hz=44100), sample_rate_hz=44100)
    source = SoundSource(song, None, SourcePart(None, 1.25, 5.25))
    with VideoWriter(tmp_path / "v.mp4", fps=24, size=(32, 32), crf=16, sound=source) as writer:
        for picture in flashes(np.arange(96) / 24, flash_s=[0.5, 1.25, 1.75]):
            writer.write(picture)
    lit = [frame for frame, picture in enumerate(decode_frames(tmp_path / "v.mp4", fps=24, size=None))
           if picture.mean() > 200]  # fmt: skip
    sound = load_sound(tmp_path / "v.mp4", sample_rate_hz=48000)
    loud = np.flatnonzero(np.abs(sound) > 0.3)
    heard_s = loud[np.r_[True, np.diff(loud) > 4800]] / 48000
    assert len(sound) == 4 * 48000
    assert lit == [12, 30, 42]
    assert heard_s == pytest.approx(np.array(lit) / 24, abs=0.002)


@pytest.mark.parametrize(
    ("cells", "source"),
    [
        ({}, SoundSource("a.ogg")),
        ({"audio_track": "", "start_s": "", "end_s": ""}, SoundSource("a.ogg")),
        (
            {"audio_track": "2", "start_s": "1.5", "end_s": "60"},
            SoundSource("a.ogg", 2, SourcePart(None, 1.5, 60.0)),
        ),
    ],
)
def test_a_source_is_what_the_cells_say(cells, source):
    assert source_of("a.ogg", cells) == source
