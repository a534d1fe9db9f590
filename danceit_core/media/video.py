"""Video in and out: probe, decode at a constant rate, write, and the frame store.

The frame store of a video is an H.264 file of constant rate and one size with a key frame every half second:
it takes the place of a folder of pictures (9 h of dance are 706,463 frames) and gives any frame by its number.
`media.source` writes it.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import MediaError
from danceit_core.media.container import decode_stream, open_media, picture_stream
from danceit_core.media.decode import VideoInfo, decode_frames, probe
from danceit_core.media.encode import VideoWriter
from danceit_core.media.letterbox import Letterbox

__all__ = ["Letterbox", "VideoInfo", "VideoWriter", "decode_frames", "probe", "read_frames"]

STORE_GOP = 12


def read_frames(frames_path: str | Path, indices: Iterable[int]) -> NDArray[np.uint8]:
    """Frames of a frame store by number, in the order asked (repeats allowed); uint8 RGB (N, H, W, 3).

    Only the groups of pictures that hold them are decoded. Raises MediaError for a number that the store lacks.
    """
    asked = [int(index) for index in indices]
    wanted = sorted(set(asked))
    found: dict[int, NDArray[np.uint8]] = {}
    with open_media(frames_path) as container:
        stream = picture_stream(container)
        if stream is None or not stream.average_rate:
            raise MediaError(f"{frames_path} is no frame store; delete it and let the workflow write it again")
        ticks = 1 / (stream.average_rate * stream.time_base)
        start = stream.start_time or 0
        at = -1
        frames = None
        for index in wanted:
            if index < 0:
                break
            if frames is None or index - at > STORE_GOP:
                container.seek(start + round(index * ticks), stream=stream, backward=True)
                frames = decode_stream(container, stream)
            for frame in frames:
                at = round((frame.pts - start) / ticks)
                if at == index:
                    found[index] = frame.to_ndarray(format="rgb24", dst_color_range="JPEG")
                if at >= index:
                    break
        # A stream of a closed container is freed memory.
        shape, count = (0, stream.height, stream.width, 3), stream.frames
    missing = [index for index in wanted if index not in found]
    if missing:
        raise MediaError(f"{frames_path} holds no frame {missing[0]}; its {count} frames are numbered from 0")
    return np.stack([found[index] for index in asked]) if asked else np.zeros(shape, np.uint8)
