"""Side by side and in step: the frame that lent each pose, the pose as it was aligned, the person painted from it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import PoseError
from danceit_core.media.letterbox import Picture, resize
from danceit_core.media.video import decode_frames, read_frames
from danceit_core.pose.draw import pose_picture
from danceit_core.pose.table import PoseTable

# Side of each of the three pictures, pixels.
SIZE = 384
# Source frames that are decoded at once: they lie scattered in their stores, and neighbours share the way to them.
READ_AT_ONCE = 24


def compare_frames(
    poses: PoseTable, stores: Mapping[str, str | Path], painted: str | Path, *, size: int
) -> Iterator[Picture]:
    """Yield uint8 pictures (size, 3 * size, 3), one a frame of the dance: source, pose, painted.

    poses: a generated dance, with columns `source_video` and `source_frame`; stores: the frame store of each source
    video; painted: the finished video. Raises PoseError for a table of other columns.
    """
    if not {"source_video", "source_frame"} <= poses.columns.keys():
        raise PoseError("the pose table names no source frames; side by side needs the poses of a generated dance")
    scale = np.array([size / max(poses.size), size / max(poses.size), 1], np.float32)
    finished = decode_frames(painted, fps=poses.fps, size=(size, size))
    for source, keypoints, picture in zip(_sources(poses, stores), poses.keypoints, finished, strict=False):
        yield np.hstack([resize(source, (size, size)), pose_picture(keypoints * scale, size=(size, size)), picture])


def _sources(poses: PoseTable, stores: Mapping[str, str | Path]) -> Iterator[NDArray[np.uint8]]:
    videos, frames = poses.columns["source_video"], poses.columns["source_frame"]
    for start in range(0, len(poses), READ_AT_ONCE):
        part = slice(start, start + READ_AT_ONCE)
        found: dict[tuple[str, int], NDArray[np.uint8]] = {}
        for video in set(videos[part]):
            numbers = np.unique(frames[part][videos[part] == video]).tolist()
            found |= zip(((video, n) for n in numbers), read_frames(stores[video], numbers), strict=True)
        yield from (found[video, int(number)] for video, number in zip(videos[part], frames[part], strict=True))
