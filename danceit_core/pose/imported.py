"""Keypoints that the user already has, brought to the frame rate and the picture of the frame store.

The table of videos may say at how many frames a second they were taken and how large their picture was; they are
then resampled by time (linearly, between frames in which the joint was seen) and letterboxed like a video.
"""

from collections.abc import Mapping

import numpy as np

from danceit_core.media.letterbox import Letterbox
from danceit_core.pose.skeleton import Keypoints, present


def fit_to_frame_store(keypoints: Keypoints, *, row: Mapping[str, str], fps: float, size: int) -> Keypoints:
    """Resample and scale (T, 25, 3) keypoints to `fps` and a square picture of `size` pixels.

    row: the cells `fps`, `width`, `height` of the table of videos; an empty cell means that the keypoints are already
    at that rate or of that size.
    """
    source_fps = float(row["fps"] or fps)
    source_size = int(row["width"] or size), int(row["height"] or size)
    fitted = resample(keypoints, source_fps=source_fps, fps=fps)
    seen = present(fitted)
    fitted[seen, :2] = Letterbox.fit(source_size, (size, size)).from_source(fitted[seen, :2])
    return fitted


def resample(keypoints: Keypoints, *, source_fps: float, fps: float) -> Keypoints:
    """Keypoints (T, 25, 3) at another rate: frame k is at k / fps. A joint unseen on either side stays absent."""
    if source_fps == fps or not len(keypoints):
        return keypoints.copy()
    frames = max(1, round(len(keypoints) / source_fps * fps))
    position = np.minimum(np.arange(frames) / fps * source_fps, len(keypoints) - 1)
    before = np.floor(position).astype(int)
    after = np.minimum(before + 1, len(keypoints) - 1)
    weight = (position - before)[:, None, None].astype(np.float32)
    mixed = keypoints[before] * (1 - weight) + keypoints[after] * weight
    # On a source frame itself its neighbour does not matter.
    seen = present(keypoints[before]) & (present(keypoints[after]) | (weight[..., 0] == 0))
    return np.where(seen[..., None], mixed, 0).astype(np.float32)
