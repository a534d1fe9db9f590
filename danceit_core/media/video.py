"""Reading and writing video: probe, decode at a constant rate, write, and the frame store.

The frame store of a video is an H.264 file of constant rate and one size with a key frame every half second. It
replaces a folder of pictures (9 h of dance are 706,463 frames) and gives access to any frame by its number.
`media.source` writes it.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import MediaError
from danceit_core.media.container import decode_stream, open_media, picture_stream
from danceit_core.media.decode import VideoInfo, decode_frames, probe
from danceit_core.media.encode import VideoWriter
from danceit_core.media.letterbox import Letterbox, Picture

__all__ = ["Letterbox", "VideoInfo", "VideoWriter", "decode_frames", "each_frame", "probe", "read_frames"]

STORE_GOP = 12


def read_frames(frames_path: str | Path, indices: Iterable[int]) -> NDArray[np.uint8]:
    """Frames of a frame store by number, in the requested order (repeats allowed); uint8 RGB (N, H, W, 3).

    Only the groups of pictures that hold them are decoded. Raises MediaError for a number that the store lacks.
    """
    asked = [int(index) for index in indices]
    wanted = sorted(set(asked))
    found = dict(zip(wanted, each_frame(frames_path, wanted), strict=True))
    if not found:
        info = probe(frames_path)
        return np.zeros((0, info.height, info.width, 3), np.uint8)
    return np.stack([found[index] for index in asked])


def each_frame(frames_path: str | Path, numbers: Iterable[int]) -> Iterator[Picture]:
    """Frames of a frame store one after the other, by ascending numbers (repeats allowed); uint8 RGB (H, W, 3).

    Decodes the groups of pictures that hold them, each once, and holds one frame. Raises MediaError for a number that
    the store lacks.
    """
    with open_media(frames_path) as container:
        stream = picture_stream(container)
        if stream is None or not stream.average_rate:
            raise MediaError(f"{frames_path} is not a frame store; delete it and let the workflow write it again")
        ticks = 1 / (stream.average_rate * stream.time_base)
        start = stream.start_time or 0
        at, picture, frames = -1, None, None
        for number in map(int, numbers):
            if picture is None or number != at:
                picture = None
                if frames is None or number - at > STORE_GOP:
                    container.seek(start + round(max(number, 0) * ticks), stream=stream, backward=True)
                    frames, at = decode_stream(container, stream), -1
                for frame in frames if number > at else ():
                    at = round((frame.pts - start) / ticks)
                    if at == number:
                        picture = frame.to_ndarray(format="rgb24", dst_color_range="JPEG")
                    if at >= number:
                        break
            if picture is None:
                count = stream.frames
                raise MediaError(f"{frames_path} has no frame {number}; its {count} frames are numbered from 0")
            yield picture
