"""Whatever people have: in each container and codec a flash and a click are found where they are, and together."""

import av
import cv2
import numpy as np
import pytest
from av.video.frame import PictureType
from media_files import clicks, load_sound, write_file

from danceit_core.config import MusicSettings, VideoSettings
from danceit_core.media.source import ingest_video
from danceit_core.media.video import decode_frames, read_frames
from danceit_core.music.track import analyse_dance

FPS = 24
FRAME_S = 1 / FPS
LISTEN_HZ = 22050
# The quickest that each encoder offers.
QUICK = {
    "libx264": {"preset": "ultrafast", "crf": "15"},
    "libx265": {"preset": "ultrafast", "crf": "15", "x265-params": "log-level=none:pools=none:frame-threads=1"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
    "libsvtav1": {"preset": "12", "svtav1-params": "lp=1"},
    "mpeg4": {"bf": "2"},
}
REORDERED = {"preset": "veryfast", "bf": "3", "b-adapt": "0", "crf": "15"}
EVENTS_S = (0.5, 1.0)


def stage(times_s, *, lit_s=EVENTS_S, flash_s=0.1, width=96, height=64, block=8):
    """The pictures at some times of a scene of blocks, all white for `flash_s` after each of `lit_s`."""
    blocks = np.random.default_rng(1).integers(20, 160, (height // block, width // block, 3), dtype=np.uint8)
    dark = cv2.resize(blocks, (width, height), interpolation=cv2.INTER_LINEAR)
    white = np.full_like(dark, 255)
    # A ten-thousandth, as times are sums of fractions.
    return [white if any(-1e-4 <= time - at < flash_s - 1e-4 for at in lit_s) else dark for time in times_s]


def ingest(path, folder, *, size=64):
    return ingest_video(path, folder / "store.mp4", settings=VideoSettings(size=size, crf=20), tolerant=False)


def seen_frames(store):
    """Frames of a store at which a flash begins."""
    level = np.array([_middle(frame) for frame in decode_frames(store, fps=FPS, size=None)])
    return [int(k) + 1 for k in np.flatnonzero((level[1:] > 200) & (level[:-1] <= 200))]


def _middle(frame):
    middle = len(frame) // 2
    return frame[middle - 8 : middle + 8, middle - 8 : middle + 8].mean()


def heard_s(path):
    """Seconds at which a click begins in a file's sound."""
    samples = np.abs(load_sound(path, sample_rate_hz=LISTEN_HZ))
    loud = np.flatnonzero(samples > 0.4 * samples.max()) / LISTEN_HZ
    return [float(time) for index, time in enumerate(loud) if index == 0 or time - loud[index - 1] > 0.2]


def heard_frames(path, *, near_s=EVENTS_S):
    """The loudest frame of a dance's music table within 0.2 s of each time."""
    loudness = analyse_dance(path, settings=MusicSettings(), fps=FPS).loudness
    first = [round((time - 0.2) * FPS) for time in near_s]
    return [k + int(loudness[k : k + 10].argmax()) for k in first]


@pytest.mark.parametrize(
    ("suffix", "codec", "name", "sound_codec"),
    [
        (".mp4", "libx264", "h264", "aac"),
        (".mp4", "libx265", "hevc", "libmp3lame"),
        (".mp4", "libvpx-vp9", "vp9", "libopus"),
        (".mp4", "libsvtav1", "av1", "flac"),
        (".mov", "libx264", "h264", "pcm_s24le"),
        (".mov", "libx265", "hevc", "aac"),
        (".mkv", "libx264", "h264", "vorbis"),
        (".mkv", "libx265", "hevc", "flac"),
        (".mkv", "libvpx-vp9", "vp9", "libopus"),
        (".mkv", "libsvtav1", "av1", "aac"),
        (".webm", "libvpx-vp9", "vp9", "vorbis"),
        (".webm", "libsvtav1", "av1", "libopus"),
        (".avi", "libx264", "h264", "libmp3lame"),
        (".avi", "libvpx-vp9", "vp9", "pcm_s16le"),
        (".avi", "libsvtav1", "av1", "pcm_s16le"),
        (".avi", "mpeg4", "mpeg4", "libmp3lame"),
    ],
)
def test_containers_and_codecs(tmp_path, suffix, codec, name, sound_codec):
    times = np.arange(45) / 30
    path = write_file(
        tmp_path / f"clip{suffix}",
        pictures=stage(times),
        times_s=times,
        codec=codec,
        options=REORDERED if (suffix, codec) == (".avi", "libx264") else QUICK[codec],
        sound=np.repeat(clicks(EVENTS_S, length_s=1.5, sample_rate_hz=48000)[None], 2, axis=0),
        sound_codec=sound_codec,
    )
    report = ingest(path, tmp_path)
    assert (report.codec, report.has_sound, report.width, report.height) == (name, True, 96, 64)
    assert (report.frames, report.cuts) == (36, ())
    assert seen_frames(tmp_path / "store.mp4") == [12, 24]
    assert heard_frames(path) == [12, 24]
    # Only AVI has no place for the delay of an encoder, half a frame of MP3.
    assert heard_s(path) == pytest.approx(EVENTS_S, abs=0.003 if suffix != ".avi" else FRAME_S)


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_reordered_pictures_in_avi(tmp_path, codec):
    # A bar that moves by one pixel a picture: none may be lost or out of order.
    times = np.arange(48) / 24
    bars = [
        cv2.line(np.full((64, 64, 3), 30, np.uint8), (8 + k, 0), (8 + k, 63), (230, 230, 230), 3) for k in range(48)
    ]
    options = REORDERED if codec == "libx264" else {"bf": "2", "b": "2000000"}
    path = write_file(tmp_path / "r.avi", pictures=bars, times_s=times, rate=24, codec=codec, options=options)
    with av.open(str(path)) as container:
        assert any(PictureType(frame.pict_type) is PictureType.B for frame in container.decode(video=0))
    at = [
        float(np.average(np.arange(64), weights=frame[32, :, 1].clip(90) - 90))
        for frame in decode_frames(path, fps=FPS, size=None)
    ]
    assert at == pytest.approx(8 + np.arange(48), abs=0.6)


@pytest.mark.parametrize(
    ("suffix", "sound_codec", "rate_hz", "channels"),
    [
        (".wav", "pcm_s16le", 8000, 1),
        (".wav", "pcm_s24le", 96000, 6),
        (".wav", "pcm_f32le", 44100, 2),
        (".flac", "flac", 96000, 2),
        (".mp3", "libmp3lame", 44100, 2),
        (".mp3", "libmp3lame", 8000, 1),
        (".m4a", "aac", 96000, 6),
        (".m4a", "aac", 8000, 1),
        (".ogg", "vorbis", 44100, 2),
        (".opus", "libopus", 48000, 6),
        (".opus", "libopus", 8000, 1),
    ],
)
def test_sound_in_a_file_of_its_own(tmp_path, suffix, sound_codec, rate_hz, channels):
    sound = np.repeat(clicks(EVENTS_S, length_s=1.5, sample_rate_hz=rate_hz)[None], channels, axis=0)
    path = write_file(tmp_path / f"s{suffix}", sound=sound, sample_rate_hz=rate_hz, sound_codec=sound_codec)
    assert heard_s(path) == pytest.approx(EVENTS_S, abs=0.003)
    music = analyse_dance(path, settings=MusicSettings(), fps=FPS)
    assert (music.refused, music.silent) == ("", False)
    assert music.duration_s == pytest.approx(1.5, abs=FRAME_S)
    assert heard_frames(path) == [12, 24]


@pytest.mark.parametrize(("suffix", "codec"), [(".mov", "pcm_s16le"), (".mka", "flac"), (".webm", "libopus")])
def test_a_sound_file_begins_at_its_own_beginning(tmp_path, suffix, codec):
    sound = clicks(EVENTS_S, length_s=1.5, sample_rate_hz=48000)
    path = write_file(tmp_path / f"s{suffix}", sound=sound, sound_start_s=0.7, sound_codec=codec)
    assert heard_s(path) == pytest.approx(EVENTS_S, abs=0.003)


@pytest.mark.parametrize(("picture_start_s", "sound_start_s"), [(0, 0.4), (0.4, 0), (1.0, 1.5)])
@pytest.mark.parametrize(
    ("suffix", "codec", "sound_codec"),
    [(".mp4", "libx264", "aac"), (".mov", "libx264", "pcm_s16le"), (".webm", "libvpx-vp9", "libopus")],
)
def test_streams_that_start_at_different_times(tmp_path, suffix, codec, sound_codec, picture_start_s, sound_start_s):
    zero_s = min(picture_start_s, sound_start_s)
    events_s = np.array([1.0, 1.8]) + zero_s  # on the file's own clock
    times = picture_start_s + np.arange(60) / 30
    path = write_file(
        tmp_path / f"late{suffix}",
        pictures=stage(times, lit_s=events_s),
        times_s=times,
        codec=codec,
        options=QUICK[codec],
        sound=clicks(events_s - sound_start_s, length_s=2, sample_rate_hz=48000),
        sound_start_s=sound_start_s,
        sound_codec=sound_codec,
    )
    ingest(path, tmp_path)
    # 1.8 s lie within frame 43: the first one after it is 44.
    assert seen_frames(tmp_path / "store.mp4") == [24, 44]
    assert heard_s(path) == pytest.approx(events_s - zero_s, abs=0.005)


@pytest.mark.parametrize("length_s", [66, pytest.param(606, marks=pytest.mark.long)])
def test_together_at_the_start_and_after_ten_minutes(tmp_path, length_s):
    # A phone in the dark: the seconds have four, five or six pictures.
    counts = np.random.default_rng(2).integers(4, 7, length_s)
    times = np.concatenate([second + np.arange(count) / count for second, count in enumerate(counts)])
    events_s = (1.0, length_s // 2, length_s - 1.0)
    path = write_file(
        tmp_path / "long.mp4",
        pictures=stage(times, lit_s=events_s, flash_s=0.5, width=32, height=32),
        times_s=times,
        options=QUICK["libx264"],
        sound=clicks(events_s, length_s=length_s, sample_rate_hz=8000),
        sample_rate_hz=8000,
    )
    report = ingest(path, tmp_path, size=32)
    # The last picture's length is not in the file.
    assert report.frames / FPS == pytest.approx(length_s, abs=0.25)
    expected = [round(time * FPS) for time in events_s]
    assert seen_frames(tmp_path / "store.mp4") == expected
    assert heard_frames(path, near_s=events_s) == expected


@pytest.mark.parametrize(
    ("pixels", "codec", "suffix"),
    [
        ("yuvj420p", "libx264", ".mp4"),
        ("yuv422p", "libx264", ".mov"),
        ("yuv444p", "libx264", ".mkv"),
        ("yuv420p10le", "libx264", ".mp4"),
        ("yuv422p10le", "libx265", ".mov"),
        ("yuv420p10le", "libsvtav1", ".webm"),
        ("yuvj422p", "mjpeg", ".avi"),
    ],
)
def test_colours_of_every_sampling_and_depth(tmp_path, pixels, codec, suffix):
    colours = np.array([(200, 60, 60), (60, 160, 80), (70, 80, 190), (16, 16, 16), (128, 128, 128), (240, 240, 240)])
    # (6, 3) -> (64, 96, 3), a band of 16 pixels each
    bands = np.ascontiguousarray(np.broadcast_to(np.repeat(colours, 16, axis=0), (64, 96, 3)), np.uint8)
    lit = [np.full_like(bands, 255) if 15 <= k < 18 else bands for k in range(45)]
    path = write_file(
        tmp_path / f"c{suffix}",
        pictures=lit,
        times_s=np.arange(45) / 30,
        codec=codec,
        options=QUICK.get(codec, {"qmin": "2", "qmax": "3"}),
        pixels=pixels,
    )
    ingest(path, tmp_path, size=96)
    assert seen_frames(tmp_path / "store.mp4") == [12]
    shown = read_frames(tmp_path / "store.mp4", [3])[0][48, 8::16]
    assert np.abs(shown.astype(int) - colours).max() <= 10


def test_4k_that_is_odd_and_lies_on_its_side(tmp_path):
    times = np.arange(8) / 5
    upright = stage(times, lit_s=[1.0], flash_s=0.2, width=2160, height=3840, block=240)
    upright = [np.ascontiguousarray(picture[:-1, :-1]) for picture in upright]
    path = write_file(
        tmp_path / "phone.mp4",
        pictures=[np.ascontiguousarray(np.rot90(picture, -1)) for picture in upright],
        times_s=times,
        options={"preset": "ultrafast", "crf": "25"},
        pixels="yuv444p",
        rotation=(90, False),
    )
    report = ingest(path, tmp_path, size=128)
    assert (report.width, report.height) == (2159, 3839)
    assert seen_frames(tmp_path / "store.mp4") == [24]
    expected = cv2.resize(upright[0], (72, 128), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(read_frames(tmp_path / "store.mp4", [2])[0] - expected).mean() < 5
