"""Decode video at a constant frame rate (paper III-A: all videos to 24 fps).

Frame k is the picture shown at k / fps seconds of the file's common timeline, by presentation timestamps. Input of
variable rate is resampled by time, never by counting, so sound and picture cannot drift apart. Pictures are upright
(display matrix applied), with square pixels, deinterlaced and in standard dynamic range, as uint8 RGB (H, W, 3).
"""

import bisect
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from danceit_core.errors import MediaError
from danceit_core.media.clock import Clock
from danceit_core.media.container import (
    check_gap,
    common_start_s,
    decode_stream,
    name_of,
    one_line_errors,
    open_media,
    period_s,
    picture_stream,
    sound_stream,
)
from danceit_core.media.convert import Geometry, GeometryReader, to_picture
from danceit_core.media.crop import Cropper
from danceit_core.media.deinterlace import deinterlaced
from danceit_core.media.hdr import is_hdr
from danceit_core.media.hold import Shown, between, hold_frames
from danceit_core.media.late import LateStart
from danceit_core.media.letterbox import Picture
from danceit_core.media.part import WHOLE, Box, Size, SourcePart, check_crop, crop_in

log = logging.getLogger(__name__)

# Timestamps in whole ticks are off by at most half a tick; a coarse tick equals the frame period, which is exact.
MAX_TOLERANCE_S = 1e-3
# Up to this many seconds of pictures may be lost without a warning: jitter of single timestamps.
LEFT_OUT_S = 0.5


@dataclass(frozen=True)
class VideoInfo:
    """Properties of a media file. width, height: pixels as shown (upright, square pixels), 0 without a picture.

    duration_s: from the common time 0 to the end of the picture (of the sound if there is no picture), according to the
    container. fps: average frame rate, 0 without a picture. codec: that of the picture, "" without one. interlaced,
    hdr: those of the first picture.
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
class Still:
    """A picture at a constant rate. size: (width, height) of its source as shown, before cropping and scaling.

    passage: 0, 1, 2, ...; rises where the file's clock jumps, as in joined recordings. crop: the part of the source
    that the picture shows, None for all of it.
    """

    picture: Picture
    size: Size
    passage: int
    crop: Box | None = None


@dataclass(frozen=True)
class Frame:
    """A decoded frame, its geometry, and its passage as in `Still`."""

    decoded: Any
    geometry: Geometry
    passage: int


def probe(path: str | Path, *, rotate: int = 0) -> VideoInfo:
    """The properties of a media file; decodes the first picture. Raises MediaError if it is not a video or sound file.

    rotate: additional clockwise rotation of its pictures in degrees, a multiple of 90.
    """
    guarded = one_line_errors(
        path, "it cannot be read", remedy="check that it is a video or sound file, copied completely"
    )
    with guarded, open_media(path) as container:
        picture, sound = picture_stream(container), sound_stream(container)
        stream = picture if picture is not None else sound
        if stream is None:
            raise MediaError(f"{path} has neither picture nor sound; name a video or sound file")
        if picture is None:
            return VideoInfo(0, 0, _duration_s(container, stream), 0.0, has_video=False, has_sound=True)
        first = next(decode_stream(container, picture), None)
        if first is None:
            raise MediaError(f"{path}: its pictures cannot be decoded; check that it is a video, copied completely")
        width, height = GeometryReader(picture, rotate=rotate).read(first).size
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


def decode_frames(path: str | Path, *, fps: float, size: tuple[int, int] | None, rotate: int = 0) -> Iterator[Picture]:
    """Yield uint8 RGB pictures at k / fps seconds, round(duration x fps) of them (at least one), in constant memory.

    fps: frames per second, > 0. size: (width, height) pixels to letterbox into, None to keep the first picture's own.
    rotate: additional clockwise rotation in degrees, a multiple of 90. A truncated file gives the pictures that it
    still holds. Raises MediaError if there is none.
    """
    return (still.picture for still in decode_stills(path, fps=fps, size=size, rotate=rotate))


def decode_stills(
    path: str | Path,
    *,
    fps: float,
    size: Size | Callable[[Size], Size] | None,
    rotate: int = 0,
    part: SourcePart = WHOLE,
) -> Iterator[Still]:
    """As `decode_frames`, for a part of the file, with the properties that may change within it.

    Pictures are those at part.start_s + k / fps seconds. size: may also be a function of the first picture's size.
    Raises MediaError for a part that the file does not have.
    """
    if fps <= 0:
        raise MediaError(f"{path}: {fps} frames per second requested; the frame rate must be positive")
    guarded = one_line_errors(path, "its pictures cannot be converted", remedy="convert it to an MP4 file of H.264")
    with guarded, open_media(path) as container:
        stream = picture_stream(container)
        if stream is None:
            raise MediaError(f"{path} has no picture; name a video")
        tolerance_s = min(float(stream.time_base) / 2, MAX_TOLERANCE_S)
        cropper = Cropper()
        last: Frame | None = None
        still: Still | None = None
        first = own = (0, 0)
        chosen: Size | None = None
        shown = between(shown_frames(container, stream, rotate=rotate, start_s=part.start_s), part, source=path)
        for frame in hold_frames(shown, fps=fps, tolerance_s=tolerance_s):
            if still is None or frame is not last:
                if still is None:
                    first = frame.geometry.size
                    if part.crop is not None:
                        check_crop(part.crop, first, source=path)
                    own = part.crop[2:] if part.crop is not None else first
                    chosen = size(own) if callable(size) else size
                crop = crop_in(frame.geometry.size, part.crop, first=first)
                decoded, geometry = cropper.cut(frame.decoded, frame.geometry, crop)
                fitted = chosen or (own if geometry.size != own else None)
                picture = to_picture(decoded, geometry, fitted)
                still, last = Still(picture, frame.geometry.size, frame.passage, crop), frame
                yield still
            else:
                yield replace(still, picture=still.picture.copy())
    if still is None:
        raise MediaError(f"{path}: its pictures cannot be decoded; check that it is a video, copied completely")


def _duration_s(container: Any, stream: Any) -> float:
    """End of the stream on the common timeline, from its header, the container's header, or its last packet."""
    zero_s = common_start_s(container)
    if stream.duration:
        return float(((stream.start_time or 0) + stream.duration) * stream.time_base) - zero_s
    if container.duration:
        return container.duration / 1e6
    packets = (packet for packet in container.demux(stream) if packet.pts is not None)
    return max(
        (float((packet.pts + (packet.duration or 0)) * stream.time_base) - zero_s for packet in packets), default=0.0
    )


def shown_frames(container: Any, stream: Any, *, rotate: int, start_s: float) -> Iterator[Shown[Frame]]:
    """The stream's frames on the common timeline; missing timestamps and durations follow from the average rate.

    start_s: frames shown before this time may be left out.
    """
    late = LateStart(container, start_s)
    clock, geometry = Clock(container, stream), GeometryReader(stream, rotate=rotate)
    zero_s, average_s = common_start_s(container), period_s(stream)
    end_s = 0.0
    before_s = -np.inf
    left_out = 0
    for frame in deinterlaced(_timed_frames(container, stream, clock, late)):
        start_s = end_s if frame.pts is None else float(frame.pts * frame.time_base) - zero_s
        if before_s == -np.inf and late.skipped:
            end_s = start_s
        if start_s <= before_s:
            left_out += 1
            continue
        duration_s = float(frame.duration * frame.time_base) if frame.duration else average_s
        check_gap(container, max(start_s - end_s, duration_s), at_s=end_s)
        before_s, end_s = start_s, start_s + duration_s
        # Add half a tick, as times are rounded sums of fractions.
        passage = bisect.bisect_right(clock.joins_s, start_s + zero_s + float(stream.time_base) / 2)
        yield Shown(start_s, end_s, Frame(frame, geometry.read(frame), passage))
    clock.tell_unread(container.size)
    if left_out * average_s > LEFT_OUT_S:
        log.warning("%s: %d pictures come too late and are left out", name_of(container), left_out)


def _timed_frames(container: Any, stream: Any, clock: Clock, late: LateStart) -> Iterator[Any]:
    """The stream's decoded frames in order. For AVI, which times packets only, times follow from the frames' order.

    FFmpeg's guesses of AVI's presentation times jump back and forth where pictures were reordered. The decoding times
    ascend, all late by the decoder's delay; the last frames have none and follow at the average rate.
    """
    is_avi = container.format.name == "avi"
    delay: int | None = None
    for frame in decode_stream(container, stream, clock=clock, late=late):
        if is_avi:
            if delay is None and frame.dts is not None:
                delay = frame.dts - (stream.start_time or 0)
            frame.pts = None if frame.dts is None or delay is None else frame.dts - delay
        yield frame
