"""Sound as it comes: many channels, formats that change, inverted channels, silent tracks, levels that cannot be."""

import faulthandler
import os
import signal
import sys

import numpy as np
import pytest
import soundfile
from media_files import clicks, flashes, load_sound, write_file, write_tracks

from danceit_core.config import VideoSettings
from danceit_core.errors import MediaError
from danceit_core.media import audio, source
from danceit_core.media.audio import open_sound, read_peaks, stream_sound, write_sound
from danceit_core.media.channels import mix_to_pair
from danceit_core.media.sound_source import SoundSource
from danceit_core.media.source import ingest_video
from danceit_core.media.video import VideoWriter

RATE_HZ = 48000
MIDDLE = slice(4800, -4800)


def tone(frequency_hz=300, *, length_s=1.0, amplitude=0.4):
    times_s = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    return (amplitude * np.sin(2 * np.pi * frequency_hz * times_s)).astype(np.float32)


def wav(path, *channels, subtype="FLOAT", kind="WAV"):
    soundfile.write(path, np.stack(channels, axis=1), RATE_HZ, subtype=subtype, format=kind)
    return path


def heard(path, *, track=None):
    """A file's sound: mono, stereo, what is said of it."""
    with open_sound(path, sample_rate_hz=RATE_HZ, track=track) as sound:
        return sound[:], sound.stereo(slice(None)), " / ".join(sound.notes)


def written(path, sound):
    """The sound of a video made with that of a file, (channels, n)."""
    with VideoWriter(path, fps=24, size=(32, 32), crf=30, sound=sound) as writer:
        for _ in range(24):
            writer.write(np.zeros((32, 32, 3), np.uint8))
    return np.concatenate(list(stream_sound(path, sample_rate_hz=RATE_HZ)), axis=1)


@pytest.mark.parametrize("channels", range(1, 17))
@pytest.mark.parametrize(
    ("kind", "subtype"), [("WAV", "PCM_16"), ("WAVEX", "FLOAT"), ("W64", "DOUBLE"), ("OGG", "VORBIS")]
)
def test_one_to_sixteen_channels(tmp_path, channels, kind, subtype):
    path = wav(tmp_path / f"s.{kind.lower()}", *[tone()] * channels, subtype=subtype, kind=kind)
    mono, stereo, notes = heard(path)
    assert len(mono) == RATE_HZ
    # Vorbis is no exact copy, and filters the channel that holds the bass.
    if kind != "OGG":
        np.testing.assert_allclose(mono[MIDDLE], tone()[MIDDLE], atol=1e-3)
    assert 0.28 < np.abs(mono).max() < 0.42
    assert 0.35 < np.abs(stereo).max() <= 1.0
    assert notes == (f"its {channels} channels are mixed to two" if channels > 2 else "")


@pytest.mark.parametrize(
    ("suffix", "codec"), [("flac", "flac"), ("mp4", "aac"), ("ogg", "libopus"), ("mkv", "pcm_s24le")]
)
def test_eight_channels_of_any_codec_are_as_stereo(tmp_path, suffix, codec):
    loud = clicks([0.2, 0.7], length_s=1, sample_rate_hz=RATE_HZ)
    path = write_file(tmp_path / f"s.{suffix}", sound=np.stack([loud] * 8), sound_codec=codec)
    stereo = write_file(tmp_path / f"two.{suffix}", sound=np.stack([loud] * 2), sound_codec=codec)
    mono, two = load_sound(path, sample_rate_hz=RATE_HZ), load_sound(stereo, sample_rate_hz=RATE_HZ)
    assert abs(len(mono) - len(two)) <= 1024
    assert np.flatnonzero(np.abs(mono) > 0.3)[0] == pytest.approx(np.flatnonzero(np.abs(two) > 0.3)[0], abs=100)
    video = written(tmp_path / "v.mp4", path)
    assert video.shape == (2, RATE_HZ)
    assert np.abs(video).max() > 0.5


def test_sides_stay_and_nothing_gets_quiet(tmp_path):
    front = np.stack([tone(300), tone(500, amplitude=0.2), *np.zeros((6, RATE_HZ), np.float32)])
    path = write_file(tmp_path / "s.flac", sound=front, sound_codec="flac")
    assert np.abs(heard(path)[1] - front[:2]).max() < 1e-3
    names = ["FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"]
    weights = mix_to_pair(names)
    np.testing.assert_allclose(weights.sum(axis=0), 1, atol=1e-6)
    assert [name for name, (left, right) in zip(names, weights, strict=True) if not left] == ["FR", "BR", "SR"]
    assert (weights.max(axis=1) > 0.1).all()
    # Of unknown place: in pairs.
    assert (mix_to_pair(["NONE"] * 16)[::2, 0] > 0).all()
    assert mix_to_pair(["FC", "LFE"]) is None


@pytest.mark.parametrize("mask", [0, 0b1000, 0b1100, 0b11, 0b11 << 16, 0xFFFFFFFF])
def test_layouts_that_are_flagged_oddly(tmp_path, mask):
    """The channel mask of WAVEFORMATEXTENSIBLE, at byte 40."""
    path = wav(tmp_path / "s.wav", tone(), tone(), kind="WAVEX")
    data = bytearray(path.read_bytes())
    assert data[40:44] == b"\x03\x00\x00\x00"
    data[40:44] = mask.to_bytes(4, "little")
    path.write_bytes(data)
    np.testing.assert_allclose(load_sound(path, sample_rate_hz=RATE_HZ), tone(), atol=1e-3)


@pytest.mark.parametrize(
    ("suffix", "codec", "channels"),
    [
        ("mp3", "libmp3lame", (2, 2, 1)),
        ("aac", "aac", (1, 2, 6)),
        ("ac3", "ac3", (6, 2, 1)),
        ("ogg", "flac", (2, 1, 6)),
    ],
)
def test_rates_and_layouts_that_change(tmp_path, suffix, codec, channels):
    rates = (44100, 48000, 32000)
    parts = []
    for number, (rate_hz, count) in enumerate(zip(rates, channels, strict=True)):
        sound = np.stack([clicks([0.25, 0.75, 1.25, 1.75], length_s=2, sample_rate_hz=rate_hz)] * count)
        part = write_file(tmp_path / f"{number}.{suffix}", sound=sound, sample_rate_hz=rate_hz, sound_codec=codec)
        parts.append(part.read_bytes())
    (tmp_path / f"all.{suffix}").write_bytes(b"".join(parts))
    mono = load_sound(tmp_path / f"all.{suffix}", sample_rate_hz=22050)
    at_s = np.flatnonzero(np.abs(mono) > 0.15) / 22050
    first = at_s[np.concatenate([[True], np.diff(at_s) > 0.1])]
    assert len(first) == 12
    # An encoder's own delay stands between two parts.
    np.testing.assert_allclose(np.diff(first), 0.5, atol=0.09)
    np.testing.assert_allclose(np.diff(first)[[0, 1, 2, 4, 5, 6, 8, 9, 10]], 0.5, atol=0.003)


def test_flac_files_of_two_formats_joined_are_one_line(tmp_path):
    for rate_hz in (44100, 48000):
        sound = clicks([0.5], length_s=2, sample_rate_hz=rate_hz)
        write_file(tmp_path / f"{rate_hz}.flac", sound=sound, sample_rate_hz=rate_hz, sound_codec="flac")
    (tmp_path / "all.flac").write_bytes(b"".join((tmp_path / f"{rate}.flac").read_bytes() for rate in (44100, 48000)))
    with pytest.raises(MediaError, match=r"all\.flac: its sound changes format at 2\.0 s; convert its parts"):
        load_sound(tmp_path / "all.flac", sample_rate_hz=RATE_HZ)


def test_more_channels_than_ffmpeg_takes_are_one_line(tmp_path):
    path = wav(tmp_path / "s.wav", *[tone(length_s=0.1)] * 100, subtype="PCM_16")
    with pytest.raises(MediaError, match=r"s\.wav: its sound cannot be decoded \(.*\); convert it to WAV") as caught:
        load_sound(path, sample_rate_hz=22050)
    assert "\n" not in str(caught.value)


def crash(*_, **__):
    """As native code does on a damaged file."""
    faulthandler.disable()
    os.kill(os.getpid(), signal.SIGSEGV)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is isolated")
def test_a_crash_of_the_decoder_is_one_line(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(audio, "decode_stream", crash)
    path = wav(tmp_path / "s.wav", tone())
    with pytest.raises(MediaError, match=r"s\.wav: the decoding library crashed \(SIGSEGV\); convert the file, e\.g\."):
        load_sound(path, sample_rate_hz=22050)
    monkeypatch.setattr(source, "decode_stills", crash)
    times = np.arange(30) / 24
    video = write_file(tmp_path / "v.mp4", pictures=flashes(times, flash_s=[]), times_s=times)
    store, settings = tmp_path / "out" / "v.mp4", VideoSettings(size=64)
    with pytest.raises(MediaError, match=r"v\.mp4: .* crashed \(SIGSEGV\)"):
        ingest_video(video, store, settings=settings, tolerant=False)
    assert not store.exists()
    report = ingest_video(video, store, settings=settings, tolerant=True)
    assert "crashed (SIGSEGV)" in report.refused
    assert [file.name for file in store.parent.iterdir()] == ["v.mp4"]
    assert "left out" in caplog.text


def test_a_channel_that_is_inverted(tmp_path):
    path = wav(tmp_path / "s.wav", tone(), -tone())
    mono, stereo, notes = heard(path)
    np.testing.assert_allclose(mono, tone(), atol=1e-4)
    np.testing.assert_allclose(stereo, [tone(), -tone()], atol=1e-4)
    assert "its channels cancel each other out" in notes
    assert "the analysis inverts the right one" in notes
    assert read_peaks(path, per_s=100)[10:-10].min() > 0.35


def test_channels_that_are_inverted_for_a_while(tmp_path):
    """The choice is that of the whole file: one channel, where neither sum nor difference keeps it all."""
    left = tone(length_s=8)
    right = left * np.repeat([1, -1], 4 * RATE_HZ)
    mono, _, notes = heard(wav(tmp_path / "s.wav", left, right))
    np.testing.assert_allclose(mono, left, atol=1e-4)
    assert "the analysis uses the left one alone" in notes


@pytest.mark.parametrize("right", [0 * tone(), tone(500), 0.3 * tone(), -0.2 * tone(), tone() + tone(500)])
def test_usual_stereo_is_its_mean(tmp_path, right):
    mono, _, notes = heard(wav(tmp_path / "s.wav", tone(), right))
    np.testing.assert_allclose(mono, (tone() + right) / 2, atol=1e-4)
    assert not notes


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_the_default_track_is_taken(tmp_path, suffix):
    path = write_tracks(tmp_path / f"s.{suffix}", tone(500), tone(300), default=2)
    np.testing.assert_allclose(heard(path)[0], tone(300), atol=1e-3)
    assert heard(path)[2] == ""
    np.testing.assert_allclose(heard(path, track=1)[0], tone(500), atol=1e-3)


@pytest.mark.parametrize("default", [1, None])
def test_a_silent_track_gives_way_to_one_that_is_heard(tmp_path, default):
    path = write_tracks(tmp_path / "s.mkv", 0 * tone(), 0 * tone(), tone(), default=default)
    mono, _, notes = heard(path)
    np.testing.assert_allclose(mono, tone(), atol=1e-3)
    assert notes == "its sound track 1 is silent, track 3 is used; choose with column `audio_track`"
    # Whoever asks for it gets it.
    assert not heard(path, track=1)[0].any()
    assert np.abs(written(tmp_path / "v.mp4", path)).max() > 0.3
    assert np.abs(written(tmp_path / "w.mp4", SoundSource(path, 2))).max() < 0.01


def test_all_tracks_silent_and_a_track_that_is_not_there(tmp_path):
    path = write_tracks(tmp_path / "s.mkv", 0 * tone(length_s=2), 0 * tone(), default=1)
    mono, _, notes = heard(path)
    assert (len(mono), notes) == (2 * RATE_HZ, "")
    with pytest.raises(MediaError, match=r"s\.mkv has 2 sound tracks, not 3; correct column `audio_track`"):
        heard(path, track=3)
    with pytest.raises(MediaError, match="has 1 sound track, not 2"):
        heard(wav(tmp_path / "s.wav", tone()), track=2)


def test_a_later_track_is_in_time_with_the_picture(tmp_path):
    """Time 0 does not depend on the track that is chosen."""
    sounds = [clicks([0.5], length_s=1, sample_rate_hz=RATE_HZ) for _ in range(2)]
    path = write_tracks(tmp_path / "s.mkv", *sounds, default=2)
    at = [np.flatnonzero(np.abs(heard(path, track=track)[0]) > 0.4)[0] for track in (1, 2)]
    assert at[0] == at[1] == RATE_HZ // 2


@pytest.mark.parametrize(("bits", "loudness"), [(16, 1.0), (16, 0.05), (16, 1.6), (24, 1.0), (32, 0.3)])
def test_floats_at_the_scale_of_integers(tmp_path, bits, loudness):
    path = wav(tmp_path / "s.wav", 2.0 ** (bits - 1) * loudness * tone(amplitude=1), subtype="DOUBLE")
    mono, stereo, notes = heard(path)
    np.testing.assert_allclose(mono, loudness * tone(amplitude=1), atol=1e-3)
    assert f"floats at the scale of {bits}-bit integers; they are divided by {2 ** (bits - 1):,}" in notes
    assert np.abs(stereo).max() == pytest.approx(loudness, rel=0.01)
    video = written(tmp_path / "v.mp4", path)
    assert min(loudness, 1) * 0.8 < np.abs(video).max() < 1.1


def test_far_beyond_full_scale_but_no_scale_of_integers(tmp_path):
    mono, _, notes = heard(wav(tmp_path / "s.wav", 30 * tone(amplitude=1)))
    assert np.abs(mono).max() == pytest.approx(1, abs=0.01)
    assert "its samples reach 30 times full scale; they are divided by 30" in notes


def test_samples_that_are_no_numbers(tmp_path):
    sound = tone()
    sound[[1000, 20000, 30000]] = np.nan, np.inf, -np.inf
    path = wav(tmp_path / "s.wav", sound, tone())
    for rate_hz in (22050, RATE_HZ):
        assert np.isfinite(load_sound(path, sample_rate_hz=rate_hz)).all()
    mono, _, notes = heard(path)
    assert notes == "3 of its samples are not numbers and become silence; the file may be damaged"
    assert np.abs(mono - tone())[20010:29990].max() < 1e-3
    mono, _, notes = heard(wav(tmp_path / "all.wav", np.full(RATE_HZ, np.nan, np.float32)))
    assert not mono.any()


def test_single_samples_far_beyond_full_scale(tmp_path):
    sound = tone()
    sound[[1000, 20000]] = 1e30, -1e6
    mono, _, notes = heard(wav(tmp_path / "s.wav", sound))
    assert "single samples are far beyond full scale (up to 1e+30)" in notes
    assert np.abs(mono).max() == pytest.approx(0.4, abs=0.01)
    assert np.abs(mono - tone())[20010:].max() < 1e-3


def test_a_waveform_that_is_off_centre(tmp_path):
    mono, stereo, notes = heard(wav(tmp_path / "s.wav", tone() + 0.3, tone() - 0.1))
    np.testing.assert_allclose(mono, tone(), atol=1e-3)
    np.testing.assert_allclose(stereo, [tone(), tone()], atol=1e-3)
    assert "off centre by 0.30 of full scale; it is centred" in notes
    with open_sound(wav(tmp_path / "c.wav", np.full(RATE_HZ, 0.3, np.float32)), sample_rate_hz=RATE_HZ) as sound:
        assert sound.correction.silent


def test_what_merely_exceeds_full_scale_is_limited_where_it_is_written(tmp_path):
    sound = tone(length_s=1, amplitude=0.5)
    sound[20000:24000] *= 4
    path = wav(tmp_path / "s.wav", sound)
    mono, stereo, notes = heard(path)
    np.testing.assert_allclose(mono, sound, atol=1e-4)
    np.testing.assert_allclose(stereo[0], sound, atol=1e-4)
    assert not notes
    video = written(tmp_path / "v.mp4", path)
    # AAC itself adds some per cent.
    assert 0.9 < np.abs(video).max() < 1.1
    assert np.abs(video[0] - sound)[4800:19000].max() < 0.02
    assert video.shape == (2, RATE_HZ)


def test_sound_is_written_at_full_scale_at_most(tmp_path, caplog):
    write_sound(tmp_path / "a.wav", 32768 * tone(), sample_rate_hz=RATE_HZ)
    np.testing.assert_allclose(load_sound(tmp_path / "a.wav", sample_rate_hz=RATE_HZ), tone(), atol=1e-3)
    assert "a.wav: its samples reach 13,107 times full scale, floats at the scale of 16-bit integers" in caplog.text
    sound = tone()
    sound[500] = np.nan
    write_sound(tmp_path / "b.wav", sound, sample_rate_hz=RATE_HZ)
    assert "b.wav: 1 of its samples are not numbers" in caplog.text
    assert np.isfinite(soundfile.read(tmp_path / "b.wav")[0]).all()
    write_sound(tmp_path / "c.wav", np.zeros(0, np.float32), sample_rate_hz=RATE_HZ)
    with pytest.raises(MediaError, match=r"c\.wav: the samples to be written are int16; give floats in -1\.\.1"):
        write_sound(tmp_path / "c.wav", np.zeros(9, np.int16), sample_rate_hz=RATE_HZ)


@pytest.mark.parametrize("rate_hz", [1, 999])
def test_a_rate_that_nothing_is_recorded_at(tmp_path, rate_hz):
    path = tmp_path / "s.wav"
    soundfile.write(path, np.zeros(2000, np.float32), rate_hz)
    with pytest.raises(
        MediaError, match=rf"s\.wav: its sound has {rate_hz} samples per second, but at least 4000 are needed"
    ):
        load_sound(path, sample_rate_hz=22050)
