"""A finished dance in space: the joints in space of its source frames, on a body of constant bone lengths.

Each frame of a dance names its source video and frame, so that its movement can be looked up there. The rotations of
bones are used, not the places of joints: a dance combines many dancers, and rotations fit any bones. Within
+-half_width frames of each seam, rotations blend from one source to the next along the shortest arc, as the poses in
the picture do. The path through the room is that of the dance in its picture (`pose.room`).
"""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from danceit_core.choreography.align import Source, passage
from danceit_core.errors import ChoreographyError
from danceit_core.pose.bvh import Motion
from danceit_core.pose.humanoid import (
    AT_POINT,
    BONES,
    PARENTS,
    Array,
    Humanoid,
    measure_humanoid,
    pose_humanoid,
)
from danceit_core.pose.room import fill_points, room_points, root_path
from danceit_core.pose.skeleton import MIRROR
from danceit_core.pose.table import PoseTable
from danceit_core.pose.tracks import source_names

# Source frames are whole numbers in a dance's table; smoothing over this many frames restores fractional times.
MOMENT_FRAMES = 2.0
# A clip continues beyond its ends at the rate of this many frames there.
RATE_FRAMES = 12


def dance_motion(
    dance: PoseTable, sources: Mapping[str, Source], *, half_width: int, humanoid: Humanoid | None = None, name: str
) -> Motion:
    """A finished dance as a moving humanoid with the given bones, or with the median bones of its sources.

    dance: as it was made, see `rate.danced`. half_width: that of a seam, frames. name: the dance's, for messages.
    Raises ChoreographyError naming the sources that are missing or have no joints in space.
    """
    videos, turned = source_names(dance), dance.columns.get("source_mirrored", np.zeros(len(dance), bool))
    points = _points_of(sources, sorted({*videos.tolist()}), name=name)
    if humanoid is None:
        humanoid = measure_humanoid(np.concatenate([points[video] for video in sorted(points)]))
    points = {video: fill_points(there) for video, there in points.items()}
    bounds = [0, *dance.metadata.get("seams", []), len(dance)]
    joined = np.zeros((len(dance), len(BONES), 3, 3))
    for first, end in pairwise(bounds):
        video = str(videos[first])
        low, high = max(0, first - half_width), min(len(dance), end + half_width)
        frames = dance.columns["source_frame"][first:end] - sources[video].first
        moments = clip_moments(frames, before=first - low, after=high - end)
        start, stop = passage(sources[video], round(moments[first - low]))
        within = np.clip(moments, start, max(start, stop - 1))
        there = _points_at(points[video], within)
        if turned[first]:
            there = there[:, list(MIRROR)] * [-1, 1, 1]
        own = to_parents(pose_humanoid(there, fps=dance.fps))
        if first and half_width:
            own = blend(joined[low:high], own, _smoothstep((np.arange(low, high) - first) / half_width))
        joined[low:high] = own
    rotations = to_room(joined)
    there = np.full((len(dance), 25, 3), np.nan)
    there[:, list(AT_POINT.values())] = humanoid.positions(rotations, np.zeros((len(dance), 3)))[:, list(AT_POINT)]
    root = root_path(dance.keypoints, there, humanoid, rotations, fps=dance.fps, name=name)
    return Motion(humanoid, rotations, root, dance.fps)


def clip_moments(frames: NDArray[np.integer], *, before: int, after: int) -> Array:
    """Times (before + T + after,) in the source, fractional frames, for a clip's whole frames (T,) and beyond them."""
    exact = frames.astype(np.float64)
    reach = min(RATE_FRAMES, len(exact) - 1)
    rates = ((exact[reach] - exact[0]) / reach, (exact[-1] - exact[-1 - reach]) / reach) if reach else (1.0, 1.0)
    # Beyond a clip's ends, its source continues at the rate it had there; this also keeps the ends from being smoothed.
    room = before + RATE_FRAMES, after + RATE_FRAMES
    longer = np.concatenate([
        exact[0] - rates[0] * np.arange(room[0], 0, -1), exact, exact[-1] + rates[1] * np.arange(1, room[1] + 1),
    ])  # fmt: skip
    smooth = gaussian_filter1d(longer, MOMENT_FRAMES, mode="nearest")
    return smooth[RATE_FRAMES : len(smooth) - RATE_FRAMES]


def blend(start: Array, end: Array, share: Array) -> Array:
    """Rotations (T, B, 3, 3) on the shortest arc from `start` to `end`, at `share` (T,) of it, 0 to 1."""
    out = end.copy()
    between = share < 1
    if between.any():
        a, b = (Rotation.from_matrix(part[between].reshape(-1, 3, 3)) for part in (start, end))
        way = (a.inv() * b).as_rotvec() * np.repeat(share[between], start.shape[1])[:, None]
        out[between] = (a * Rotation.from_rotvec(way)).as_matrix().reshape(-1, *start.shape[1:])
    return out


def to_parents(rotations: Array) -> Array:
    """Rotations (T, 21, 3, 3) in the room, converted to be relative to each bone's parent."""
    own = rotations.copy()
    for number, parent in enumerate(PARENTS[1:], 1):
        own[:, number] = np.swapaxes(rotations[:, parent], -1, -2) @ rotations[:, number]
    return own


def to_room(own: Array) -> Array:
    """Inverse of `to_parents`."""
    rotations = own.copy()
    for number, parent in enumerate(PARENTS[1:], 1):
        rotations[:, number] = rotations[:, parent] @ own[:, number]
    return rotations


def _points_of(sources: Mapping[str, Source], videos: list[str], *, name: str) -> dict[str, Array]:
    """Joints in space (T, 25, 3) of each of the videos, in the axes of a room. Raises ChoreographyError."""
    flat = [video for video in videos if video not in sources or sources[video].world is None]
    if flat:
        raise ChoreographyError(
            f"{name} takes movements from {', '.join(flat)}, which have no joints in space (column world); use "
            "pose.detector blazepose: openpose, opencv and imported keypoints do not give them"
        )
    return {video: room_points(sources[video].world, name=f"video {video}") for video in videos}


def _points_at(points: Array, moments: Array) -> Array:
    """Points (K, 25, 3) at fractional frames (K,) of (T, 25, 3)."""
    before = np.clip(np.floor(moments).astype(int), 0, len(points) - 1)
    after = np.minimum(before + 1, len(points) - 1)
    share = (moments - before)[:, None, None]
    return (1 - share) * points[before] + share * points[after]


def _smoothstep(t: Array) -> Array:
    """0 below -1, 1 above 1, with two vanishing derivatives at both."""
    u = np.clip((t + 1) / 2, 0, 1)
    return u**3 * (10 - 15 * u + 6 * u * u)
