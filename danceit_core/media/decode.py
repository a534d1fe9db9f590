"""Decoding video at a constant frame rate (paper III-A: all videos to 24 fps).

Frame k is the picture shown at k / fps seconds of the file's common timeline, by presentation timestamps: input of
variable rate is resampled by time, never by counting, so sound and picture cannot drift apart. Pictures come upright
(display matrix applied), with square pixels, deinterlaced and in standard dynamic range, as uint8 RGB (H, W, 3).
"""

import collections
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from danceit_core.errors import MediaError
from danceit_core.media.clock import Clock
from danceit_core.media.container import (
    check_gap,
    common_start_s,
    decode_stream,
    open_media,
    picture_stream,
    sound_stream,
)
from danceit_core.media.convert import Matrix, display_matrix, shown_size, to_picture
from danceit_core.media.deinterlace import deinterlaced
from danceit_core.media.hdr import is_hdr
from danceit_core.media.letterbox import Picture

# Timestamps in whole ticks are off by half a tick at most; a coarse tick is the frame period itself, which is exact.
MAX_TOLERANCE_S = 1e-3

Item = TypeVar("Item")


@dataclass(frozen=True)
class VideoInfo:
    """A media file. width, height: pixels as shown (upright, square pixels), 0 without picture.

    duration_s: from the common time 0 to the end of the picture (of the sound if there is no picture), as far as the
    container says; fps: average rate of the pictures, 0 without picture. codec: of the picture, "" without; interlaced,
    hdr: of the first picture.
    """

    width: int
    height: int
    duration_s: float
    fps: float
    has_video: bool
    has_sound: bool
    codec: str = ""
    interlaced: bool = False
    hdr: bool = False


@dataclass(frozen=True)
class Shown(Generic[Item]):
    """Something shown from start_s until end_s, seconds."""

    start_s: float
    end_s: float
    item: Item


def probe(path: str | Path) -> VideoInfo:
    """What a media file holds; the first picture is decoded. Raises MediaError if it is no video or sound file."""
    with open_media(path) as container:
        picture, sound = picture_stream(container), sound_stream(container)
        stream = picture if picture is not None else sound
        if stream is None:
            raise MediaError(f"{path} has neither picture nor sound; is it a video or sound file?")
        if picture is None:
            return VideoInfo(0, 0, _duration_s(container, stream), 0.0, has_video=False, has_sound=True)
        first = next(decode_stream(container, picture), None)
        if first is None:
            raise MediaError(f"{path}: no picture of it can be decoded; is it a video, copied whole?")
        width, height = shown_size(first, picture, display_matrix(first))
        rate = float(picture.average_rate or picture.guessed_rate or 0)
        return VideoInfo(
            width,
            height,
            _duration_s(container, stream),
            rate,
            has_video=True,
            has_sound=sound is not None,
            codec=picture.codec_context.codec.canonical_name,
            interlaced=first.interlaced_frame,
            hdr=is_hdr(first.color_trc),
        )


def decode_frames(path: str | Path, *, fps: float, size: tuple[int, int] | None) -> Iterator[Picture]:
    """Yield uint8 RGB pictures at k / fps seconds, round(duration x fps) of them (at least one), in constant memory.

    fps: frames per second, > 0. size: (width, height) pixels to letterbox into, None to keep the video's own.
    A truncated file gives the pictures it still holds. Raises MediaError if there is none.
    """
    if fps <= 0:
        raise MediaError(f"{path}: asked for {fps} frames a second; a frame rate is positive")
    with open_media(path) as container:
        stream = picture_stream(container)
        if stream is None:
            raise MediaError(f"{path} has no picture; is it a video?")
        tolerance_s = min(float(stream.time_base) / 2, MAX_TOLERANCE_S)
        last: Any = None
        matrix: Matrix | None = None
        picture: Picture | None = None
        for frame in hold_frames(_shown_frames(container, stream), fps=fps, tolerance_s=tolerance_s):
            if picture is None or frame is not last:
                matrix = matrix or display_matrix(frame)
                picture, last = to_picture(frame, stream, matrix, size), frame
                yield picture
            else:
                yield picture.copy()
    if picture is None:
        raise MediaError(f"{path}: no picture of it can be decoded; is it a video, copied whole?")


def _duration_s(container: Any, stream: Any) -> float:
    """End of the stream on the common timeline: by its own header, the container's, or its last packet."""
    zero_s = common_start_s(container)
    if stream.duration:
        return float(((stream.start_time or 0) + stream.duration) * stream.time_base) - zero_s
    if container.duration:
        return container.duration / 1e6
    packets = (packet for packet in container.demux(stream) if packet.pts is not None)
    return max(
        (float((packet.pts + (packet.duration or 0)) * stream.time_base) - zero_s for packet in packets), default=0.0
    )


def hold_frames(shown: Iterable[Shown[Item]], *, fps: float, tolerance_s: float) -> Iterator[Item]:
    """For k = 0, 1, ...: the last item that starts by k / fps + tolerance_s (the first one before its start).

    round(end of the last item x fps) items come, at least one if there is any. `shown` ascends in time.
    """
    waiting: collections.deque[Item] = collections.deque()
    chosen = given = 0
    current: Shown[Item] | None = None
    for following in shown:
        while current is not None and chosen / fps + tolerance_s < following.start_s:
            waiting.append(current.item)
            chosen += 1
        current = following
        # A frame chosen is given only once the video is known to last that long.
        while waiting and given < _count(current.end_s, fps):
            yield waiting.popleft()
            given += 1
    if current is None:
        return
    total = max(1, _count(current.end_s, fps))
    while chosen < total:
        waiting.append(current.item)
        chosen += 1
    while given < total:
        yield waiting.popleft()
        given += 1


def _count(end_s: float, fps: float) -> int:
    return int(np.floor(end_s * fps + 0.5))


def _shown_frames(container: Any, stream: Any) -> Iterator[Shown[Any]]:
    """The stream's frames on the common timeline; a frame without timestamp or duration gets the average rate's."""
    zero_s = common_start_s(container)
    period_s = float(1 / (stream.average_rate or stream.guessed_rate or 25))
    end_s = 0.0
    before_s = -np.inf
    for frame in deinterlaced(_timed_frames(container, stream)):
        start_s = end_s if frame.pts is None else float(frame.pts * frame.time_base) - zero_s
        if start_s <= before_s:
            continue
        duration_s = float(frame.duration * frame.time_base) if frame.duration else period_s
        check_gap(container, max(start_s - end_s, duration_s), at_s=end_s)
        before_s, end_s = start_s, start_s + duration_s
        yield Shown(start_s, end_s, frame)


def _timed_frames(container: Any, stream: Any) -> Iterator[Any]:
    """The stream's decoded frames in order; those of AVI, which times packets only, get the time of their place.

    FFmpeg's guesses at AVI's presentation times jump to and fro where pictures were reordered. Decoding times ascend,
    all late by the decoder's delay; the last frames have none and follow at the average rate.
    """
    is_avi = container.format.name == "avi"
    delay: int | None = None
    for frame in decode_stream(container, stream, clock=Clock(container, stream)):
        if is_avi:
            if delay is None and frame.dts is not None:
                delay = frame.dts - (stream.start_time or 0)
            frame.pts = None if frame.dts is None or delay is None else frame.dts - delay
        yield frame
