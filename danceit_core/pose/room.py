"""Convert the world points of a pose table to the movement of a humanoid in a room (for `bvh`).

The table's column `world` holds metres relative to the hips' middle in the axes of a camera (x right, y down, z away
from it). So it describes how the body moves but not where it goes. The path is read from the picture: the lengths of
torso and legs in both convert pixels to metres. A single camera does not show the distance of a dancer, so the path has
no depth, and a moving camera moves the dancer.

Hips rise and fall as they do in the picture, above a floor at y = 0. The floor is where the lowest joint usually is in
the seconds around each frame, so jumps leave it, and a dancer who walks towards the camera does not sink into it.
"""

import logging

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, percentile_filter

from danceit_core.errors import PoseError
from danceit_core.pose.bvh import Motion
from danceit_core.pose.humanoid import POSED_AFTER, Array, Humanoid, axes_of, measure_humanoid, pose_humanoid
from danceit_core.pose.skeleton import (
    JOINT_NAMES,
    LEFT_ANKLE,
    LEFT_HIP,
    LEFT_KNEE,
    LEFT_SHOULDER,
    MID_HIP,
    NECK,
    RIGHT_ANKLE,
    RIGHT_HIP,
    RIGHT_KNEE,
    RIGHT_SHOULDER,
    Keypoints,
    present,
)
from danceit_core.pose.table import PoseTable
from danceit_core.pose.tracks import longest_track

log = logging.getLogger(__name__)

# From a camera's axes (x right, y down, z away) to a room's (x right, y up, z towards the camera).
TO_ROOM = np.array([1.0, -1.0, -1.0])
MEASURED = (
    (NECK, MID_HIP), (RIGHT_HIP, RIGHT_KNEE), (RIGHT_KNEE, RIGHT_ANKLE), (LEFT_HIP, LEFT_KNEE), (LEFT_KNEE, LEFT_ANKLE),
)  # fmt: skip
TORSO = [NECK, MID_HIP, RIGHT_SHOULDER, LEFT_SHOULDER, RIGHT_HIP, LEFT_HIP]
# The floor is this percentile of the lowest joint's height over FLOOR_S seconds, as a jump is shorter.
FLOOR_PERCENTILE, FLOOR_S = 30.0, 4.0


def table_motion(table: PoseTable, *, name: str) -> Motion:
    """The dancer of a pose table as a humanoid that moves in a room; frames without a dancer are interpolated.

    name: of the video, for messages. Raises PoseError if the table has no world points.
    """
    table = longest_track(table, name=name).pose
    points = room_points(table.columns.get("world"), name=name)
    known = np.isfinite(points[:, POSED_AFTER]).all(axis=(1, 2))
    if not known.all():
        log.info("%s: %d of %d frames lack joints, which are interpolated", name, (~known).sum(), len(points))
    humanoid, filled = measure_humanoid(points), fill_points(points)
    rotations = pose_humanoid(filled, fps=table.fps)
    root = root_path(table.keypoints, points, humanoid, rotations, fps=table.fps, name=name)
    return Motion(humanoid, rotations, root, table.fps)


def table_humanoid(table: PoseTable) -> Humanoid | None:
    """The bones of the dancer of a pose table; None if the table does not show all of them in space."""
    try:
        return measure_humanoid(room_points(table.columns.get("world"), name="the target person"))
    except PoseError as error:
        log.info("%s; the bone lengths of the dances are used", error)
        return None


def room_points(world: NDArray[np.floating] | None, *, name: str) -> Array:
    """World points (T, 25, 3) of a table in the axes of a room, relative to the hips' middle.

    Raises PoseError without any.

    Each of POSED_AFTER is present in some frame; where a point is absent it is NaN.
    """
    if world is None or not len(world) or not np.isfinite(world).any():
        raise PoseError(
            f"{name} has no joints in space (column world): only pose.detector blazepose gives them, not openpose, "
            "opencv or given keypoints; detect the joints of this video with blazepose"
        )
    points = np.asarray(world, np.float64) * TO_ROOM
    points = points - points[:, [MID_HIP]]
    absent = [JOINT_NAMES[joint] for joint in POSED_AFTER if not np.isfinite(points[:, joint]).all(axis=1).any()]
    if absent:
        raise PoseError(
            f"{name} never shows {', '.join(absent)} in space; a humanoid needs the whole body, head to feet"
        )
    return points


def fill_over_time(points: Array) -> Array:
    """Replace NaN in (T, 25, 3) by linear interpolation over time, held at both ends; 0 for absent joints."""
    flat = points.reshape(len(points), -1).copy()
    time = np.arange(len(flat))
    for column in np.flatnonzero(np.isnan(flat).any(axis=0)):
        seen = np.isfinite(flat[:, column])
        flat[:, column] = np.interp(time, time[seen], flat[seen, column]) if seen.any() else 0.0
    return flat.reshape(points.shape)


def fill_points(points: Array) -> Array:
    """Points (T, 25, 3) without NaN in POSED_AFTER: absent points are interpolated over time.

    Interpolation is relative to the torso, so a hidden arm or face turns with the body. 0 for joints never present.
    """
    torso = fill_over_time(points[:, TORSO])
    whole = points.copy()
    whole[:, TORSO] = torso
    neck, _, right_shoulder, left_shoulder, right_hip, left_hip = np.moveaxis(torso, 1, 0)
    turns = axes_of(left_shoulder - right_shoulder + left_hip - right_hip, neck, first="y")
    return fill_over_time(whole @ turns) @ np.swapaxes(turns, -1, -2)


def metres_per_pixel(keypoints: Keypoints, points: Array, *, name: str) -> float:
    """Size of a pixel at the dancer, metres: projected length of torso and legs in space over that in the picture.

    The median over the frames. Raises PoseError if no frame shows them in both.
    """
    xy = np.where(present(keypoints)[..., None], keypoints[..., :2], np.nan).astype(np.float64)
    seen = sum(np.linalg.norm(xy[:, a] - xy[:, b], axis=-1) for a, b in MEASURED)
    there = sum(np.linalg.norm(points[:, a, :2] - points[:, b, :2], axis=-1) for a, b in MEASURED)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.asarray(there / seen)
    ratios = ratios[np.isfinite(ratios) & (ratios > 0)]
    if not len(ratios):
        raise PoseError(f"{name}: no frame shows torso and legs, which the path needs; film the whole body")
    return float(np.median(ratios))


def root_path(
    keypoints: Keypoints, points: Array, humanoid: Humanoid, rotations: Array, *, fps: float, name: str
) -> Array:
    """Path of the hips' middle (T, 3) in the room, metres; x = 0 is its median place, y = 0 the floor, z is 0.

    keypoints (T, 25, 3) in pixels of a static camera's picture; points (T, 25, 3) in the room's axes.
    """
    metres = metres_per_pixel(keypoints, points, name=name)
    hips = np.where(present(keypoints)[:, [MID_HIP]], keypoints[:, MID_HIP, :2], np.nan)
    x, y = (metres * fill_over_time(hips[..., None].astype(np.float64))[..., 0]).T
    # How high the lowest joint would be if y were heights over the floor.
    clearance = -y - humanoid.lowest(rotations)
    floor = percentile_filter(clearance, FLOOR_PERCENTILE, size=2 * round(FLOOR_S * fps / 2) + 1, mode="nearest")
    floor = gaussian_filter1d(floor, FLOOR_S / 4 * fps, mode="nearest")
    return np.stack([x - np.median(x), -y - floor, np.zeros(len(x))], axis=1)
