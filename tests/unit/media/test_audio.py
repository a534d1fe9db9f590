"""Sound: amplitude, time, gaps and channels are what the file says; errors name file and remedy."""

import numpy as np
import pytest
import soundfile
from media_files import clicks, flashes, load_sound, write_file

from danceit_core.errors import MediaError
from danceit_core.media.audio import duration_s, open_sound, write_sound

RATE_HZ = 48000


def tone(frequency_hz, *, length_s, sample_rate_hz=RATE_HZ, amplitude=0.5):
    return amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(round(length_s * sample_rate_hz)) / sample_rate_hz)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_round_trip(tmp_path, suffix):
    samples = np.random.default_rng(0).uniform(-1, 1, 5000).astype(np.float32)
    write_sound(tmp_path / f"s{suffix}", samples, sample_rate_hz=8000)
    read = load_sound(tmp_path / f"s{suffix}", sample_rate_hz=8000)
    assert read.dtype == np.float32
    np.testing.assert_allclose(read, samples, atol=1e-4)
    assert duration_s(tmp_path / f"s{suffix}") == pytest.approx(0.625)
    assert [file.name for file in tmp_path.iterdir()] == [f"s{suffix}"]


@pytest.mark.parametrize("target_hz", [16000, 22050, 48000])
def test_resampling_keeps_frequency_amplitude_and_length(tmp_path, target_hz):
    write_sound(tmp_path / "s.wav", tone(440, length_s=2, sample_rate_hz=44100), sample_rate_hz=44100)
    read = load_sound(tmp_path / "s.wav", sample_rate_hz=target_hz)
    assert abs(len(read) - 2 * target_hz) <= 2
    expected = tone(440, length_s=2, sample_rate_hz=target_hz)
    middle = slice(target_hz // 4, 7 * target_hz // 4)
    assert np.abs(read[middle] - expected[middle]).max() < 0.01


def test_mono_is_the_mean_of_the_channels(tmp_path):
    left, right = tone(300, length_s=0.5), tone(500, length_s=0.5, amplitude=0.2)
    soundfile.write(tmp_path / "two.wav", np.stack([left, right], axis=1), RATE_HZ)
    np.testing.assert_allclose(load_sound(tmp_path / "two.wav", sample_rate_hz=RATE_HZ), (left + right) / 2, atol=1e-3)
    soundfile.write(tmp_path / "six.wav", np.stack([left, right] * 3, axis=1), RATE_HZ)
    np.testing.assert_allclose(load_sound(tmp_path / "six.wav", sample_rate_hz=RATE_HZ), (left + right) / 2, atol=1e-3)


@pytest.mark.parametrize("late_s", [0.02, 0.7])
def test_a_late_track_begins_with_silence(tmp_path, late_s):
    times = np.arange(30) / 10
    path = write_file(
        tmp_path / "v.mkv",
        pictures=flashes(times, flash_s=[]),
        times_s=times,
        sound=clicks([0.0, 1.0], length_s=2, sample_rate_hz=RATE_HZ),
        sound_start_s=late_s,
    )
    read = load_sound(path, sample_rate_hz=RATE_HZ)
    loud = np.flatnonzero(np.abs(read) > 0.4) / RATE_HZ
    assert loud.min() == pytest.approx(late_s, abs=0.002)
    assert loud.max() == pytest.approx(late_s + 1, abs=0.003)
    assert duration_s(path) == pytest.approx(late_s + 2, abs=0.002)


def test_a_gap_in_the_timestamps_is_silence(tmp_path):
    sound = clicks([0.5, 1.5], length_s=2, sample_rate_hz=RATE_HZ)
    path = write_file(tmp_path / "v.mkv", sound=sound, gaps_s=[(1.0, 0.6)])
    read = load_sound(path, sample_rate_hz=RATE_HZ)
    loud = np.flatnonzero(np.abs(read) > 0.4) / RATE_HZ
    assert (loud.min(), loud.max()) == (pytest.approx(0.5, abs=0.002), pytest.approx(2.1, abs=0.003))
    assert len(read) == pytest.approx(2.6 * RATE_HZ, abs=50)


def test_aac_has_no_delay(tmp_path):
    path = write_file(tmp_path / "v.mp4", sound=clicks([0.25, 1.0], length_s=1.5, sample_rate_hz=RATE_HZ))
    read = load_sound(path, sample_rate_hz=RATE_HZ)
    loud = np.flatnonzero(np.abs(read) > 0.3) / RATE_HZ
    assert loud.min() == pytest.approx(0.25, abs=0.002)
    assert len(read) == 1.5 * RATE_HZ


def test_no_sound_and_no_file(tmp_path):
    path = write_file(tmp_path / "mute.mp4", pictures=flashes([0, 0.1], flash_s=[]), times_s=[0, 0.1])
    with pytest.raises(MediaError, match=r"mute\.mp4 has no sound; name a sound file in column `audio`"):
        load_sound(path, sample_rate_hz=RATE_HZ)
    with pytest.raises(MediaError, match="has no sound"):
        duration_s(path)
    with pytest.raises(MediaError, match=r"none\.wav: no such file"):
        load_sound(tmp_path / "none.wav", sample_rate_hz=RATE_HZ)
    (tmp_path / "bad.mp3").write_bytes(b"nothing like sound" * 50)
    with pytest.raises(MediaError, match=r"bad\.mp3"):
        load_sound(tmp_path / "bad.mp3", sample_rate_hz=RATE_HZ)


def test_only_lossless_files_are_written_and_loud_ones_clipped(tmp_path):
    with pytest.raises(MediaError, match=r"s\.mp3: sound is written as \.flac or \.wav"):
        write_sound(tmp_path / "s.mp3", np.zeros(10, np.float32), sample_rate_hz=8000)
    write_sound(tmp_path / "s.wav", np.array([3.0, -3.0, 0.0], np.float32), sample_rate_hz=8000)
    np.testing.assert_allclose(load_sound(tmp_path / "s.wav", sample_rate_hz=8000), [1, -1, 0], atol=1e-4)


def test_a_sound_is_read_where_it_is_sliced(tmp_path):
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 30000).astype(np.float32)
    write_sound(tmp_path / "a.wav", samples, sample_rate_hz=22050)
    whole = load_sound(tmp_path / "a.wav", sample_rate_hz=22050)
    with open_sound(tmp_path / "a.wav", sample_rate_hz=22050) as sound:
        assert len(sound) == len(whole) == 30000
        for piece in (slice(10, 20), slice(29990, 40000), slice(40000, 50000), slice(-5, None), slice(20, 10)):
            np.testing.assert_array_equal(sound[piece], whole[piece])
