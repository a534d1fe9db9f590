"""Kinds of files that people bring beside ordinary videos and songs: what is taken stays taken."""

import av
import numpy as np
import pytest
from media_files import clicks, flashes, load_sound, write_file

from danceit_core.config import MusicSettings, VideoSettings
from danceit_core.media.decode import decode_frames, probe
from danceit_core.media.source import ingest_video
from danceit_core.music.track import analyse_song

FPS, FRAMES = 24, 48
FLASH_S = 1.0
RATE_HZ = 48000


def pictures():
    times_s = np.arange(FRAMES) / FPS
    return times_s, flashes(times_s, flash_s=[FLASH_S], side=64)


def brightest(path) -> int:
    return int(np.argmax([frame.mean() for frame in decode_frames(path, fps=FPS, size=None)]))


@pytest.mark.parametrize(("suffix", "codec", "pixels"), [(".gif", "gif", "rgb8"), (".apng", "apng", "rgb24")])
def test_animations_are_videos(tmp_path, suffix, codec, pixels):
    path = tmp_path / f"dance{suffix}"
    with av.open(str(path), "w", format=suffix[1:]) as container:
        stream = container.add_stream(codec, rate=FPS)
        stream.width = stream.height = 64
        stream.pix_fmt = pixels
        for picture in pictures()[1]:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    report = ingest_video(path, tmp_path / "store.mp4", settings=VideoSettings(size=64), tolerant=False)
    # GIF counts in hundredths of a second.
    assert report.frames == pytest.approx(FRAMES, abs=2)
    assert brightest(path) == pytest.approx(FLASH_S * FPS, abs=1)


@pytest.mark.parametrize(("suffix", "codec"), [(".h264", "libx264"), (".hevc", "libx265")])
def test_raw_streams_without_a_clock(tmp_path, suffix, codec):
    times_s, shown = pictures()
    options = {"x265-params": "log-level=none"} if codec == "libx265" else None
    path = write_file(tmp_path / f"dance{suffix}", pictures=shown, times_s=times_s, codec=codec, options=options)
    report = ingest_video(path, tmp_path / "store.mp4", settings=VideoSettings(size=64), tolerant=False)
    # They know no frame rate; FFmpeg takes 25 or 30 frames a second. No picture is lost.
    assert report.frames in {round(FRAMES / 25 * FPS), round(FRAMES / 30 * FPS)}


def test_a_phone_that_stood_upright(tmp_path):
    times_s, _ = pictures()
    lying = np.zeros((64, 96, 3), np.uint8)
    lying[:, :48] = 255
    path = write_file(
        tmp_path / "phone.mov",
        pictures=[lying] * FRAMES,
        times_s=times_s,
        codec="libx265",
        options={"x265-params": "log-level=none"},
        rotation=(-90, False),
    )
    assert (probe(path).width, probe(path).height) == (64, 96)
    frame = next(decode_frames(path, fps=FPS, size=None))
    assert frame[:40].mean() > 240
    assert frame[56:].mean() < 15


@pytest.mark.parametrize(("suffix", "codec"), [(".mp3", "libmp3lame"), (".flac", "flac")])
def test_a_cover_picture_is_no_video(tmp_path, suffix, codec):
    sound = clicks([0.5, 1.5], length_s=2.2, sample_rate_hz=RATE_HZ)
    path = tmp_path / f"song{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE_HZ, layout="mono")
        cover = container.add_stream("mjpeg", rate=1)
        cover.width = cover.height = 64
        cover.pix_fmt = "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        container.mux(cover.encode(av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), format="rgb24")))
        container.mux(cover.encode(None))
        frame = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
        frame.sample_rate = RATE_HZ
        context = stream.codec_context
        to_encoder = av.AudioResampler(
            format=context.format, layout="mono", rate=RATE_HZ, frame_size=context.frame_size
        )
        for converted in [*to_encoder.resample(frame), *to_encoder.resample(None)]:
            container.mux(stream.encode(converted))
        container.mux(stream.encode(None))
    info = probe(path)
    assert (info.has_video, info.has_sound) == (False, True)
    loud_s = np.flatnonzero(np.abs(load_sound(path, sample_rate_hz=RATE_HZ)) > 0.2) / RATE_HZ
    assert (loud_s.min(), loud_s.max()) == pytest.approx((0.5, 1.5), abs=0.03)
    report = ingest_video(path, tmp_path / "store.mp4", settings=VideoSettings(size=64), tolerant=True)
    assert "has no picture" in report.refused


def test_a_song_at_the_limit(tmp_path):
    sound = clicks(np.arange(0.25, 2, 0.5), length_s=2.0, sample_rate_hz=RATE_HZ)
    path = write_file(tmp_path / "song.wav", sound=sound, sound_codec="pcm_s16le", sample_rate_hz=RATE_HZ)
    music = analyse_song(path, settings=MusicSettings(), fps=FPS, fragment_s=2.0)
    assert music.duration_s == pytest.approx(2.0, abs=1e-6)
    assert len(music.features) == FRAMES
