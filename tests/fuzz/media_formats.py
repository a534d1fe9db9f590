"""Videos and songs: each container and codec that people have, through `normalise_video` and the rules of sound."""

from functools import partial
from pathlib import Path

import numpy as np
from formats import Format
from media_files import clicks, write_file

from danceit_core.config import MusicSettings, VideoSettings
from danceit_core.media.source import ingest_video
from danceit_core.music.track import analyse_dance, analyse_song

FPS = 24.0
SOUND = clicks((0.5, 1.0, 1.5, 2.0), length_s=2.2, sample_rate_hz=48000)
QUICK = {
    "libx264": {"preset": "ultrafast"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:pools=none:frame-threads=1"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
    "libsvtav1": {"preset": "12", "svtav1-params": "lp=1"},
    "mpeg4": {"bf": "2"},
    "mjpeg": {"qmin": "2", "qmax": "8"},
}
VIDEOS = (
    ("mp4", "libx264", "aac"), ("mov", "libx265", "pcm_s16le"), ("mkv", "libvpx-vp9", "libopus"),
    ("webm", "libsvtav1", "libopus"), ("avi", "mpeg4", "libmp3lame"), ("ts", "libx264", "aac"),
)  # fmt: skip
SONGS = (
    ("wav", "pcm_s16le"), ("flac", "flac"), ("mp3", "libmp3lame"), ("m4a", "aac"), ("ogg", "vorbis"),
    ("opus", "libopus"),
)  # fmt: skip


def make_video(folder: Path, *, suffix: str, codec: str, sound: str) -> Path:
    pictures = np.random.default_rng(1).integers(0, 256, (30, 6, 8, 3)).astype(np.uint8)
    return write_file(
        folder / f"clip.{suffix}",
        pictures=[np.kron(picture, np.ones((8, 8, 1), np.uint8)) for picture in pictures],
        times_s=np.arange(30) / 24,
        rate=24,
        codec=codec,
        options=QUICK[codec],
        sound=SOUND[:60_000],
        sound_codec=sound,
    )


def make_song(folder: Path, *, suffix: str, codec: str) -> Path:
    return write_file(folder / f"song.{suffix}", sound=np.stack([SOUND, SOUND]), sound_codec=codec)


def read_video(path: Path) -> None:
    report = ingest_video(path, path.parent / "store.mp4", settings=VideoSettings(size=64), tolerant=False)
    assert report.frames >= 1
    music = analyse_dance(path, settings=MusicSettings(), fps=FPS)
    assert np.isfinite(music.features).all()


def read_song(path: Path) -> None:
    music = analyse_song(path, settings=MusicSettings(), fps=FPS, fragment_s=1.0)
    assert np.isfinite(music.features).all()
    assert np.isfinite(music.loudness).all()


FORMATS = [
    *(
        Format(f"{suffix} {codec}", "video", partial(make_video, suffix=suffix, codec=codec, sound=sound), read_video)
        for suffix, codec, sound in VIDEOS
    ),
    *(Format(suffix, "song", partial(make_song, suffix=suffix, codec=codec), read_song) for suffix, codec in SONGS),
]  # fmt: skip
