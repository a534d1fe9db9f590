"""Whether a file can serve as a dance or as a song, told from its first pictures or its first second of sound.

A folder holds notes, photos, playlists and covers beside the videos, and FFmpeg opens most of these. A video has
several pictures and lasts a second or longer, where it says how long it lasts (a raw stream does not); a song has a
second of sound; of a person one photograph will do. No more is decoded than that, in a child process: a crash of a
decoder leaves one file out.
"""

import itertools
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from danceit_core.errors import MediaError
from danceit_core.isolated import in_child
from danceit_core.media.container import decode_stream, open_media, picture_stream, sound_stream
from danceit_core.media.part import SHORTEST_S
from danceit_core.media.photograph import read_photograph
from danceit_core.media.photograph_kind import is_photograph

# They list files that stand in the folder, too.
PLAYLISTS = {"hls", "concat", "dash", "imf"}
JPEG_START = b"\xff\xd8"


def fault_of_video(path: Path) -> str:
    """Why a file is no video to dance or to learn from; empty if it is one."""
    return _fault(path, _video_fault, what="video")


def fault_of_person(path: Path) -> str:
    """Why a file shows no person who could dance; empty if it may: a video, or one photograph."""
    return _told(path, lambda: _photograph_fault(path)) if is_photograph(path) else fault_of_video(path)


def fault_of_song(path: Path) -> str:
    """Why a file holds no sound to dance to; empty if it does. The sound of a video serves."""
    return _fault(path, _sound_fault, what="sound")


def _fault(path: Path, look: Callable[[Any, Path], str], *, what: str) -> str:
    return _told(path, partial(_opened, path, look, what=what))


def _told(path: Path, look: Callable[[], str]) -> str:
    """What `look` finds in a file in a child process, or why it cannot."""
    try:
        return in_child(look, reading=path)
    except Exception as error:  # a crash, or whatever a library says of one file: the others go on
        return str(error).removeprefix(f"{path}: ") or type(error).__name__


def _opened(path: Path, look: Callable[[Any, Path], str], *, what: str) -> str:
    """What `look` finds in the open file; the words of an error that no other file of its kind has."""
    try:
        with open_media(path) as container:
            if container.format.name in PLAYLISTS:
                return "a playlist"
            return look(container, path)
    except MediaError as error:
        return "an animated WebP; convert it to a video" if "animated WebP" in str(error) else f"no {what}"


def _photograph_fault(path: Path) -> str:
    read_photograph(path)
    return ""


def _video_fault(container: Any, path: Path) -> str:
    name, stream = container.format.name, picture_stream(container)
    if stream is None or "image2" in name or name.endswith("_pipe"):
        return "no video"
    if name == "mjpeg" and _first_bytes(path, len(JPEG_START)) != JPEG_START:
        return "no video"  # but photos inside a PDF
    pictures = sum(1 for _ in itertools.islice(decode_stream(container, stream), 2))
    if pictures < 2:
        return "a single picture" if pictures else "no picture of it can be decoded"
    length_s = float(stream.duration * stream.time_base) if stream.duration else (container.duration or 0) / 1e6
    return f"lasts {length_s:.2g} s, less than {SHORTEST_S:g} s" if 0 < length_s < SHORTEST_S else ""


def _sound_fault(container: Any, path: Path) -> str:
    stream = sound_stream(container)
    if stream is None:
        return "no sound"
    length_s = 0.0
    for frame in decode_stream(container, stream):
        length_s += frame.samples / (frame.sample_rate or 1)
        if length_s >= SHORTEST_S:
            return ""
    return f"holds {length_s:.2g} s of sound, less than {SHORTEST_S:g} s" if length_s else "no sound can be decoded"


def _first_bytes(path: Path, count: int) -> bytes:
    with path.open("rb") as file:
        return file.read(count)
