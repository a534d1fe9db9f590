"""Side-by-side video, in step: the source frame of each pose, the pose as aligned, and the person painted from it."""

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import PoseError
from danceit_core.media.letterbox import Picture, letterbox
from danceit_core.media.video import decode_frames, read_frames
from danceit_core.pose.draw import pose_picture
from danceit_core.pose.table import PoseTable

# Pixels of the whole picture: three squares of 384 x 384.
PIXELS = 3 * 384**2
# Source frames that are decoded together: they are scattered in their stores, and neighbours share the seek.
READ_AT_ONCE = 24


def panel_sizes(
    picture: tuple[int, int], stores: Iterable[tuple[int, int]], *, pixels: float = PIXELS
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Width and height of the source's panel, and of the two others, which have the shape of `picture` (width, height).

    All have one even height and together about `pixels` pixels. stores: sizes of the sources' frames; the panel is
    wide enough for the widest.
    """
    wide = picture[0] / picture[1]
    widest = max((width / height for width, height in stores), default=wide)
    height = max(2, 2 * round(math.sqrt(pixels / (widest + 2 * wide)) / 2))
    source, other = (max(2, 2 * round(height * shape / 2)) for shape in (widest, wide))
    return (source, height), (other, height)


def compare_frames(
    poses: PoseTable,
    stores: Mapping[str, str | Path],
    painted: str | Path,
    *,
    panels: tuple[tuple[int, int], tuple[int, int]],
) -> Iterator[Picture]:
    """Yield uint8 pictures side by side, one per frame of the dance: source, pose, painted.

    poses: a generated dance, with columns `source_video` and `source_frame`; stores: the frame store of each source
    video; painted: the finished video; panels: see `panel_sizes`. Raises PoseError for a table of other columns.
    """
    if not {"source_video", "source_frame"} <= poses.columns.keys():
        raise PoseError("the pose table names no source frames; pass the poses of a generated dance")
    of_source, size = panels
    scale = np.array([size[0] / poses.size[0], size[1] / poses.size[1], 1], np.float32)
    finished = decode_frames(painted, fps=poses.fps, size=size)
    for source, keypoints, picture in zip(_sources(poses, stores), poses.keypoints, finished, strict=False):
        left = letterbox(source, source=(source.shape[1], source.shape[0]), size=of_source)
        yield np.hstack([left, pose_picture(keypoints * scale, size=size), picture])


def _sources(poses: PoseTable, stores: Mapping[str, str | Path]) -> Iterator[NDArray[np.uint8]]:
    videos, frames = poses.columns["source_video"], poses.columns["source_frame"]
    for start in range(0, len(poses), READ_AT_ONCE):
        part = slice(start, start + READ_AT_ONCE)
        found: dict[tuple[str, int], NDArray[np.uint8]] = {}
        for video in set(videos[part]):
            numbers = np.unique(frames[part][videos[part] == video]).tolist()
            found |= zip(((video, n) for n in numbers), read_frames(stores[video], numbers), strict=True)
        yield from (found[video, int(number)] for video, number in zip(videos[part], frames[part], strict=True))
