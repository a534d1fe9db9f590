"""Sample a few pictures spread over a video to find its dark bars before it is decoded.

Seeking to key frames costs as much as decoding that many pictures. A short file with few key frames is decoded
instead. A long one, or one whose clock jumps, which makes seeking unreliable, gives no samples.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from danceit_core.errors import MediaError
from danceit_core.media.bars import BarFinder
from danceit_core.media.container import common_start_s, one_line_errors, open_media, picture_stream
from danceit_core.media.convert import Geometry, GeometryReader
from danceit_core.media.crop import shown_box
from danceit_core.media.decode import shown_frames
from danceit_core.media.part import WHOLE, Box, SourcePart

MOST_SAMPLES, LEAST_SAMPLES = 40, 8
# Maximum length of a file that is worth decoding twice, seconds.
LONGEST_S = 60.0
# Side of the small picture used for colours, pixels.
SMALL = 8


def find_bars(path: str | Path, *, duration_s: float, rotate: int = 0, part: SourcePart = WHOLE) -> Box | None:
    """The part of the picture inside constant dark bars, pixels as shown; None without bars.

    duration_s: length of the video. part: the time range to examine; with a chosen rectangle the result is None. A file
    that cannot be read here is left to `decode_stills`, whose errors say why.
    """
    length_s = part.length_s(duration_s)
    if part.crop is not None or length_s <= 0:
        return None
    times_s = part.start_s + length_s * (np.arange(MOST_SAMPLES) + 0.5) / MOST_SAMPLES
    with contextlib.suppress(MediaError), one_line_errors(path, "bars cannot be detected", remedy="convert it"):
        return _found(path, times_s, rotate=rotate, start_s=part.start_s, length_s=length_s)
    return None


def _found(path: str | Path, times_s: Any, *, rotate: int, start_s: float, length_s: float) -> Box | None:
    for frames in (_key_frames, _decoded_frames):
        if frames is _decoded_frames and length_s > LONGEST_S:
            return None
        finder, shown, samples = BarFinder(), None, 0
        stored = (0, 0)
        for frame, geometry in frames(path, times_s, start_s=start_s, rotate=rotate):
            if shown is not None and (geometry, (frame.width, frame.height)) != (shown, stored):
                return None
            shown, stored = geometry, (frame.width, frame.height)
            samples += 1
            finder.add(*_looked_at(frame))
            if not finder.possible:
                return None
        if shown is not None and samples >= LEAST_SAMPLES:
            box = finder.find()
            return None if box is None else shown_box(box, shown, stored)
    return None


def _looked_at(frame: Any) -> tuple[Any, Any]:
    """Brightness of a frame (H, W), and a small colour picture of it (h, w, 3)."""
    width, height = max(2, frame.width // SMALL), max(2, frame.height // SMALL)
    grey = frame.to_ndarray(format="gray", dst_color_range="JPEG")
    return grey, frame.to_ndarray(
        width=width, height=height, format="rgb24", dst_color_range="JPEG", interpolation="AREA"
    )


def _key_frames(path: str | Path, times_s: Any, *, start_s: float, rotate: int) -> Iterator[tuple[Any, Geometry]]:
    """The key frames at or before these times, each once, none before start_s."""
    with open_media(path) as container:
        stream = picture_stream(container)
        if stream is None:
            return
        # Frame threading would need further frames before it returns the first.
        stream.thread_type = "SLICE"
        context, reader = stream.codec_context, GeometryReader(stream, rotate=rotate)
        zero_s, last_s = common_start_s(container), -np.inf
        for time_s in times_s:
            try:
                container.seek(round((zero_s + time_s) / stream.time_base), stream=stream, backward=True)
                packet = next((p for p in container.demux(stream) if p.is_keyframe and p.pts is not None), None)
                at_s = -np.inf if packet is None else float(packet.pts * packet.time_base) - zero_s
                if packet is None or not max(last_s, start_s - 1e-3) < at_s <= time_s + 1e-3:
                    continue
                frames = [*packet.decode(), *context.decode(None)]
                context.flush_buffers()
            except (av.FFmpegError, EOFError, IndexError):
                continue
            last_s = at_s
            if frames:
                yield frames[0], reader.read(frames[0])


def _decoded_frames(path: str | Path, times_s: Any, *, start_s: float, rotate: int) -> Iterator[tuple[Any, Geometry]]:
    """The frames at these times, found by decoding up to the last."""
    with open_media(path) as container:
        stream = picture_stream(container)
        if stream is None:
            return
        waiting = list(times_s)
        for shown in shown_frames(container, stream, rotate=rotate, start_s=start_s):
            if waiting and shown.end_s > waiting[0]:
                waiting = [time_s for time_s in waiting if time_s >= shown.end_s]
                yield shown.item.decoded, shown.item.geometry
            if not waiting:
                return
