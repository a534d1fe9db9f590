"""What stands beside dances and songs in a user's folder is told from these."""

import faulthandler
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from media_files import clicks, flashes, write_file
from PIL import Image

from danceit_core.config import VideoSettings
from danceit_core.errors import MediaError
from danceit_core.media import suitable
from danceit_core.media.source import ingest_video
from danceit_core.media.suitable import fault_of_song, fault_of_video

TIMES_S = np.arange(48) / 24


def grey(count: int) -> list[Image.Image]:
    return [Image.fromarray(np.full((64, 64, 3), 8 * level, np.uint8)) for level in range(count)]


def write_pictures(path: Path, *, count: int) -> Path:
    first, *rest = grey(count)
    first.save(path, **({"save_all": True, "append_images": rest, "duration": 50} if rest else {}))
    return path


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi", "raw.h264", "no_ending"])
def test_videos(tmp_path, name):
    written = tmp_path / (name if "." in name else "b.mp4")
    write_file(written, pictures=flashes(TIMES_S, flash_s=[]), times_s=TIMES_S)
    assert fault_of_video(written.rename(tmp_path / name)) == ""


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.apng"])
def test_moving_pictures_are_videos(tmp_path, name):
    assert fault_of_video(write_pictures(tmp_path / name, count=30)) == ""


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("a.gif", "a single picture"),
        ("a.ico", "a single picture"),
        ("a.avif", "a single picture"),
        ("a.png", "no video"),
        ("a.webp", "no video"),
        ("a.jpg", "no video"),
        ("a.bmp", "no video"),
        ("a.pdf", "no video"),
    ],
)
def test_a_photo_is_no_video(tmp_path, name, fault):
    assert fault_of_video(write_pictures(tmp_path / name, count=1)) == fault
    assert fault_of_song(tmp_path / name) == "no sound"


def test_photos_in_a_document_are_no_video(tmp_path):
    assert fault_of_video(write_pictures(tmp_path / "photos.pdf", count=30)) == "no video"


def test_a_video_of_one_picture_and_one_of_half_a_second(tmp_path):
    pictures = flashes(TIMES_S, flash_s=[])
    one = write_file(tmp_path / "one.mp4", pictures=pictures[:1], times_s=TIMES_S[:1])
    assert fault_of_video(one) == "a single picture"
    short = write_file(tmp_path / "short.mp4", pictures=pictures[:12], times_s=TIMES_S[:12])
    assert fault_of_video(short) == "lasts 0.49 s, less than 1 s"


def test_an_animated_webp_is_named_as_such(tmp_path):
    path = write_pictures(tmp_path / "a.webp", count=30)
    assert fault_of_video(path) == "an animated WebP; convert it to a video"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("readme.txt", "to be danced\n" * 100),
        ("x.nfo", "\x1b[31mred\n" * 100),
        ("x.diz", "words\n" * 100),
        ("s.srt", "1\n00:00:01,000 --> 00:00:02,000\nla\n\n" * 10),
        ("s.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nla\n"),
        ("s.lrc", "[00:01.00]la\n[00:02.00]lu\n"),
        ("l.m3u", "#EXTM3U\n#EXTINF:3,a\na.ts\n"),
        ("x.json", "{}"),
        ("empty.mp4", ""),
        ("x.xbin", "XBIN\x1aP\0\x19\0\x10\0" + "ab" * 4000),
    ],
)
def test_text_is_neither_video_nor_sound(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert (fault_of_video(tmp_path / name), fault_of_song(tmp_path / name)) == ("no video", "no sound")


@pytest.mark.parametrize(
    ("name", "words"),
    [("a.webp", "is an animated WebP, which FFmpeg cannot decode; convert it"), ("a.nfo", "is a text file, not")],
)
def test_in_a_table_they_are_named_too(tmp_path, name, words):
    if name.endswith("webp"):
        write_pictures(tmp_path / name, count=30)
    else:
        (tmp_path / name).write_text("words\n" * 100)
    with pytest.raises(MediaError) as caught:
        ingest_video(tmp_path / name, tmp_path / "store.mp4", settings=VideoSettings(size=64), tolerant=False)
    assert str(caught.value).startswith(f"{tmp_path / name} {words}")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("l.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:2,a\na.ts\n#EXT-X-ENDLIST\n"),
        ("l.txt", "ffconcat version 1.0\nfile a.ts\n"),
    ],
)
def test_a_playlist_lists_what_is_there_anyway(tmp_path, name, text):
    write_file(tmp_path / "a.ts", pictures=flashes(TIMES_S, flash_s=[]), times_s=TIMES_S)
    (tmp_path / name).write_text(text)
    assert fault_of_video(tmp_path / name) == "a playlist"


def test_songs_have_a_second_of_sound(tmp_path):
    song = write_file(tmp_path / "song.mkv", sound=clicks([0.5], length_s=2, sample_rate_hz=8000), sample_rate_hz=8000)
    assert (fault_of_song(song), fault_of_video(song)) == ("", "no video")
    sound = clicks([], length_s=0.1, sample_rate_hz=48000)
    ping = write_file(tmp_path / "ping.wav", sound=sound, sound_codec="pcm_s16le")
    assert fault_of_song(ping) == "holds 0.1 s of sound, less than 1 s"
    silent = write_file(tmp_path / "silent.mp4", pictures=flashes(TIMES_S, flash_s=[]), times_s=TIMES_S)
    assert fault_of_song(silent) == "no sound"


def test_what_crashes_a_library_is_left_out(tmp_path, monkeypatch):
    path = write_file(tmp_path / "a.mp4", pictures=flashes(TIMES_S, flash_s=[]), times_s=TIMES_S)

    def crash(*_):
        faulthandler.disable()  # pytest's own, which would print pages
        os.kill(os.getpid(), signal.SIGSEGV)

    monkeypatch.setattr(suitable, "decode_stream", crash)
    assert fault_of_video(path).startswith("the decoding library crashed (SIGSEGV)")
    monkeypatch.setattr(suitable, "decode_stream", lambda *_: 1 / 0)
    assert "division by zero" in fault_of_video(path)
