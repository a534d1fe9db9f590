"""Check whether a file can be used as a dance or a song, from its first pictures or its first second of sound.

A folder may hold notes, photos, playlists and covers beside the videos, and FFmpeg opens most of these. A video needs
several pictures and, if its duration is known (a raw stream has none), at least a second; a song needs a second of
sound; for a person, one photograph is enough. Only that much is decoded, in a child process: a decoder crash excludes
only one file.
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

# Formats of playlists: the files that they list are in the folder, too.
PLAYLISTS = {"hls", "concat", "dash", "imf"}
JPEG_START = b"\xff\xd8"


def fault_of_video(path: Path) -> str:
    """Why a file cannot be used as a dance video; empty if it can."""
    return _fault(path, _video_fault, what="video")


def fault_of_person(path: Path) -> str:
    """Why a file cannot be used as a target person; empty if it can: a video, or one photograph."""
    return _told(path, lambda: _photograph_fault(path)) if is_photograph(path) else fault_of_video(path)


def fault_of_song(path: Path) -> str:
    """Why a file cannot be used as a song; empty if it can. A video with sound can be used."""
    return _fault(path, _sound_fault, what="sound")


def _fault(path: Path, look: Callable[[Any, Path], str], *, what: str) -> str:
    return _told(path, partial(_opened, path, look, what=what))


def _told(path: Path, look: Callable[[], str]) -> str:
    """What `look` returns in a child process, or the text of its error."""
    try:
        return in_child(look, reading=path)
    except Exception as error:  # a crash or any library error concerns one file only: the others go on
        return str(error).removeprefix(f"{path}: ") or type(error).__name__


def _opened(path: Path, look: Callable[[Any, Path], str], *, what: str) -> str:
    """What `look` returns for the opened file, or a short description of why it cannot be opened."""
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
        return "no video"  # photos inside a PDF, for example
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
