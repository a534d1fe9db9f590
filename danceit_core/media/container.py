"""Opening a media file and its common timeline: what picture and sound have in common.

Time 0 of a file is the earliest start of its picture and sound streams; every frame's time is its presentation
timestamp x time base minus that start. Cover pictures of sound files are no picture stream.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av

from danceit_core.errors import MediaError

FILE = "file:"
# Each thread of a decoder holds pictures of its own: on a machine of many cores 4K would take gigabytes.
DECODER_THREADS = 4
# 8K is 33 million pixels. A header that announces more is damaged, and its pictures would fill the memory.
MOST_PIXELS = 2**26
# FFmpeg paints text on a screen of characters: a readme.txt would be a video.
TEXT_CODECS = {"ansi", "bintext", "xbin", "idf"}
# Where the first chunk of a WebP file in its extended form has its flags, and the flag of an animation.
WEBP_FLAGS_AT, WEBP_ANIMATION = 20, 2
# A damaged timestamp would have years of one picture or of silence written.
LONGEST_GAP_S = 600


@contextlib.contextmanager
def open_media(path: str | Path) -> Iterator[Any]:
    """An open PyAV input container, decoding on a few threads, closed on exit. MediaError if it is no media file."""
    try:
        # `file:`, lest a name such as `12:30 dance.mp4` or `http:/x` be taken for a protocol; nothing else is opened.
        container = av.open(f"{FILE}{path}", metadata_errors="ignore", options={"protocol_whitelist": "file"})
    except FileNotFoundError:
        raise MediaError(f"{path}: no such file; check the path in the table") from None
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MediaError(f"{path} cannot be opened ({reason}); is it a video or sound file, copied whole?") from error
    with container:
        if kind := _undecodable_kind(container, path):
            raise MediaError(f"{path} is {kind}")
        for stream in container.streams.video:
            if stream.codec_context is not None:
                width, height = stream.codec_context.width, stream.codec_context.height
                if width * height > MOST_PIXELS:
                    raise MediaError(
                        f"{path} has pictures of {width} x {height}, more than {MOST_PIXELS} pixels; shrink it"
                    )
                stream.thread_type = "AUTO"
                stream.codec_context.thread_count = min(DECODER_THREADS, os.cpu_count() or 1)
        yield container


def _undecodable_kind(container: Any, path: str | Path) -> str:
    """What a file is that FFmpeg opens, but that holds nothing to dance or cannot be decoded, and the remedy; or ""."""
    if any(stream.codec_context and stream.codec_context.name in TEXT_CODECS for stream in container.streams.video):
        return "text, no video; leave it out"
    if container.format.name == "webp_pipe":
        with Path(path).open("rb") as file:
            head = file.read(WEBP_FLAGS_AT + 1)
        if head[12:16] == b"VP8X" and head[WEBP_FLAGS_AT] & WEBP_ANIMATION:
            return "an animated WebP, which FFmpeg cannot decode; convert it to a video, an animated PNG or a GIF"
    return ""


def picture_stream(container: Any) -> Any | None:
    """The first picture stream that is no cover picture, or None."""
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic and stream.codec_context is not None:
            return stream
    return None


def sound_stream(container: Any) -> Any | None:
    """The first sound stream, or None."""
    return next((stream for stream in container.streams.audio if stream.codec_context is not None), None)


def common_start_s(container: Any) -> float:
    """Start of the earliest of the picture and sound streams, in seconds of the container's own clock."""
    streams = [stream for stream in (picture_stream(container), sound_stream(container)) if stream is not None]
    starts = [float(stream.start_time * stream.time_base) for stream in streams if stream.start_time is not None]
    return min(starts, default=0.0)


def check_gap(container: Any, seconds: float, *, at_s: float) -> None:
    """Raise MediaError for a time between pictures or sounds that no dance has."""
    if not seconds <= LONGEST_GAP_S:
        name = container.name.removeprefix(FILE)
        raise MediaError(
            f"{name}: nothing is shown or heard for {seconds:.0f} s after {at_s:.0f} s, more than {LONGEST_GAP_S} s: "
            "its timestamps are damaged; convert it, or cut that part out"
        )


def decode_stream(container: Any, stream: Any) -> Iterator[Any]:
    """Frames of one stream in order; damaged packets are passed over and a cut file ends where it was cut."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        # IndexError: PyAV knows no stream that begins after the file was opened.
        except (StopIteration, av.FFmpegError, IndexError):
            return
        try:
            yield from packet.decode()
        except (av.FFmpegError, EOFError):
            continue
