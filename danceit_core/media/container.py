"""Open a media file and find the common timeline of its picture and sound.

Time 0 of a file is the earliest start of its picture and sound streams; every frame's time is its presentation
timestamp x time base minus that start. Cover pictures of sound files do not count as a picture stream.
"""

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import cv2

from danceit_core.errors import MediaError
from danceit_core.media.photograph_kind import WEBP_ANIMATION, WEBP_FLAGS_AT

if TYPE_CHECKING:
    from danceit_core.media.clock import Clock
    from danceit_core.media.late import LateStart

log = logging.getLogger(__name__)

FILE = "file:"
# Each decoder thread holds its own pictures: on a machine with many cores, 4K video would take gigabytes.
DECODER_THREADS = 4
# 8K is 33 million pixels. A header that announces more is damaged, and its pictures would fill the memory.
MOST_PIXELS = 2**26
MOST_FPS = 1000
# FFmpeg renders text as a screen of characters, so that a readme.txt would be a video.
TEXT_CODECS = {"ansi", "bintext", "xbin", "idf"}
# A damaged timestamp could produce years of one picture or of silence.
LONGEST_GAP_S = 600


@contextlib.contextmanager
def open_media(path: str | Path) -> Iterator[Any]:
    """An open PyAV input container, decoding on a few threads, closed on exit. MediaError if it is not a media file."""
    try:
        # `file:` keeps FFmpeg from reading a protocol in a name such as `12:30 dance.mp4`; only files are opened.
        # merge_pmt_versions: later parts of a joined MPEG-TS, under other numbers, belong to the same streams.
        options = {"protocol_whitelist": "file", "merge_pmt_versions": "1"}
        container = av.open(f"{FILE}{path}", metadata_errors="ignore", options=options)
    except FileNotFoundError:
        raise MediaError(f"{path}: no such file; check the path in the table") from None
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MediaError(
            f"{path} cannot be opened ({reason}); check that it is a video or sound file, copied completely"
        ) from error
    with container:
        if kind := _undecodable_kind(container, path):
            raise MediaError(f"{path} is {kind}")
        for stream in container.streams.video:
            if stream.codec_context is not None:
                check_size(container, stream.codec_context.width, stream.codec_context.height)
                stream.thread_type = "AUTO"
                stream.codec_context.thread_count = min(DECODER_THREADS, os.cpu_count() or 1)
        yield container


@contextlib.contextmanager
def one_line_errors(path: str | Path, what: str, *, remedy: str) -> Iterator[None]:
    """Turn errors of PyAV and OpenCV into a MediaError that says `what` went wrong and why.

    MemoryError and system errors pass unchanged, as they say nothing about the file.
    """
    try:
        yield
    except (av.FFmpegError, cv2.error, ValueError, ArithmeticError) as error:
        if isinstance(error, MemoryError | OSError) or (isinstance(error, cv2.error) and "memory" in str(error)):
            raise
        reason = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise MediaError(f"{path}: {what} ({reason}); {remedy}") from error


def _undecodable_kind(container: Any, path: str | Path) -> str:
    """The kind of a file that FFmpeg opens but that cannot be used or decoded, with the remedy; otherwise ""."""
    if any(stream.codec_context and stream.codec_context.name in TEXT_CODECS for stream in container.streams.video):
        return "a text file, not a video; leave it out"
    if container.format.name == "webp_pipe":
        with Path(path).open("rb") as file:
            head = file.read(WEBP_FLAGS_AT + 1)
        if head[12:16] == b"VP8X" and head[WEBP_FLAGS_AT] & WEBP_ANIMATION:
            return "an animated WebP, which FFmpeg cannot decode; convert it to a video, an animated PNG or a GIF"
    return ""


def picture_stream(container: Any) -> Any | None:
    """The picture stream that a player shows: the first one marked as default, else the first; None without any.

    Cover pictures, and thumbnails beside a video, do not count.
    """
    streams = [
        stream
        for stream in container.streams.video
        if not stream.disposition & av.stream.Disposition.attached_pic and stream.codec_context is not None
    ]
    # max returns the first of equals.
    return max(
        streams,
        key=lambda stream: (stream.frames != 1, bool(stream.disposition & av.stream.Disposition.default)),
        default=None,
    )


def sound_streams(container: Any) -> list[Any]:
    """The sound streams that can be decoded; the one marked as default comes first."""
    streams = [stream for stream in container.streams.audio if stream.codec_context is not None]
    return sorted(streams, key=lambda stream: not stream.disposition & av.stream.Disposition.default)


def sound_stream(container: Any) -> Any | None:
    """The sound stream marked as default, else the first; None without any."""
    return next(iter(sound_streams(container)), None)


def common_start_s(container: Any) -> float:
    """Start of the earliest of the picture and sound streams, in seconds of the container's own clock."""
    picture = picture_stream(container)
    streams = [*([picture] if picture is not None else []), *sound_streams(container)]
    starts = [float(stream.start_time * stream.time_base) for stream in streams if stream.start_time is not None]
    return min(starts, default=0.0)


def name_of(container: Any) -> str:
    """The path that a container was opened with."""
    return str(container.name).removeprefix(FILE)


def check_size(container: Any, width: int, height: int) -> None:
    """Raise MediaError for pictures that are too large for the memory."""
    if width * height > MOST_PIXELS:
        raise MediaError(
            f"{name_of(container)} has pictures of {width} x {height}, more than {MOST_PIXELS} pixels; shrink it"
        )


def check_gap(container: Any, seconds: float, *, at_s: float) -> None:
    """Raise MediaError for a gap between pictures or sounds that is too long for a dance."""
    if not seconds <= LONGEST_GAP_S:
        raise MediaError(
            f"{name_of(container)}: nothing is shown or heard for {seconds:.0f} s after {at_s:.0f} s, more than "
            f"{LONGEST_GAP_S} s: its timestamps are damaged; convert the file, or cut that part out"
        )


def period_s(stream: Any) -> float:
    """Duration of one picture at the stream's average rate, seconds, as far as it is known.

    Where the times are useless, FFmpeg mistakes the ticks of the clock for a rate.
    """
    rates = (stream.average_rate, stream.guessed_rate, stream.codec_context.framerate)
    return float(1 / next((rate for rate in rates if rate and rate <= MOST_FPS), 25))


def decode_stream(
    container: Any, stream: Any, *, clock: "Clock | None" = None, late: "LateStart | None" = None
) -> Iterator[Any]:
    """Frames of one stream in order; damaged packets are skipped, and a truncated file ends where it was cut.

    clock: corrects their times; without it they are the times of the file, from the current position. late: says which
    packets to decode.
    """
    packets = container.demux(stream if clock is None else clock.streams)
    while True:
        try:
            packet = next(packets)
        except av.PatchWelcomeError as error:  # an Ogg file whose parts differ
            name = container.name.removeprefix(FILE)
            log.warning("%s: FFmpeg cannot read it to the end (%s); join its parts differently", name, error.strerror)
            return
        # IndexError: PyAV does not know streams that begin after the file was opened.
        except (StopIteration, av.FFmpegError, IndexError):
            return
        if clock is not None and not clock.takes(packet):
            continue
        for due in (packet,) if late is None else late.due(packet):
            try:
                yield from due.decode()
            except (av.FFmpegError, EOFError):
                continue
