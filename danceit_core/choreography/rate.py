"""A dance at another frame rate: poses are read off their curves at the new times (`curve`).

Frame k is the pose at k / fps seconds, whatever the rate, so that nothing drifts. A dance is made and its beats are
aligned at the rate of the sources (`video.fps`); it is then read off at the rate of the finished video
(`rendering.fps`). The evaluation converts it back, so that a tolerance of one frame, a step into a frame and a second
difference mean the same at every rate.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.align import Aligned
from danceit_core.choreography.curve import fit_curve, hide_absent, show_absent
from danceit_core.errors import ChoreographyError
from danceit_core.pose.plate import on_plate
from danceit_core.pose.skeleton import Keypoints
from danceit_core.pose.table import PoseTable


def at_rate(dance: Aligned, *, fps: float, to_fps: float, seconds: float) -> Aligned:
    """A dance of `fps` frames per second, converted to `to_fps`: round(seconds * to_fps) frames.

    seconds: length of the song. The source frame of each new frame is that of the nearest frame of the dance.
    """
    if fps == to_fps:
        return dance
    keypoints, nearest = read_off(dance.keypoints, fps=fps, to_fps=to_fps, frames=round(seconds * to_fps))
    return replace(
        dance,
        keypoints=keypoints,
        source_video=dance.source_video[nearest],
        source_frame=dance.source_frame[nearest],
        match_distance=dance.match_distance[nearest],
        seams=_seams_at(dance.seams, nearest),
        source_track=None if dance.source_track is None else dance.source_track[nearest],
        source_mirrored=None if dance.source_mirrored is None else dance.source_mirrored[nearest],
    )


def danced(poses: PoseTable, *, fps: float, seconds: float | None = None) -> PoseTable:
    """A finished dance as it was made: joints in pixels of the plate, before any camera, at `fps` frames per second.

    fps: that of the music's table. seconds: length of the song, None: that of the dance. Its metadata `seams` are
    converted; other columns are those of the nearest frames.
    """
    keypoints = on_plate(poses) if "plate_x" in poses.columns else poses.keypoints
    columns = {name: values for name, values in poses.columns.items() if name not in ("plate_x", "plate_y")}
    if poses.fps == fps:
        return PoseTable(keypoints, poses.metadata, columns)
    frames = round((len(poses) / poses.fps if seconds is None else seconds) * fps)
    keypoints, nearest = read_off(keypoints, fps=poses.fps, to_fps=fps, frames=frames)
    about = poses.metadata | {"fps": fps}
    if "seams" in about:
        about["seams"] = _seams_at(np.asarray(about["seams"] or [], np.int64), nearest).tolist()
    return PoseTable(keypoints, about, {name: values[nearest] for name, values in columns.items()})


def read_off(keypoints: Keypoints, *, fps: float, to_fps: float, frames: int) -> tuple[Keypoints, NDArray[np.int64]]:
    """Keypoints (frames, 25, 3) at k / to_fps seconds, from (T, 25, 3) at `fps`, absent = 0, and the nearest old frame.

    A joint is absent if it is absent in the frame before or after.
    Raises ChoreographyError for a rate that is not positive, or for no frames.
    """
    if min(fps, to_fps) <= 0:
        raise ChoreographyError(f"frame rates are {fps} and {to_fps}; set positive ones (rendering.fps)")
    if not len(keypoints) or frames < 1:
        raise ChoreographyError(
            f"a dance of {len(keypoints)} frames cannot be converted to {frames} frames at {to_fps} per second; pass "
            "a dance and a length of at least one frame"
        )
    times = np.arange(frames) * fps / to_fps
    nearest = np.clip(np.round(times).astype(np.int64), 0, len(keypoints) - 1)
    return show_absent(fit_curve(hide_absent(keypoints)).at(times)), nearest


def _seams_at(seams: NDArray[np.int64], nearest: NDArray[np.int64]) -> NDArray[np.int64]:
    """First frames of clips among the new frames; nearest: the old frame nearest to each new one (increasing)."""
    return np.searchsorted(nearest, seams).astype(np.int64)
