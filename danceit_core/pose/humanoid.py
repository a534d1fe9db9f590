"""Pose a humanoid with constant bone lengths after points in space, as motion capture files require.

Conventions: space is that of motion capture: metres, x to the right of the picture, y up, z towards the camera.
At rest the humanoid stands in a T, its face towards +z, its left arm along +x. A bone's rotation turns its rest pose
into the room; rotations are (..., 3, 3) matrices that turn column vectors. Joints of points are BODY_25.

The points determine the direction of each bone, but not the rotation of an arm or leg about its own axis. That is taken
from the plane in which elbow or knee bend, with a smooth transition to the least rotation as the limb is stretched. The
plane is smoothed over time, so that no bone flips from one frame to the next.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from danceit_core.errors import PoseError
from danceit_core.pose.skeleton import (
    JOINT_NAMES,
    LEFT_ANKLE,
    LEFT_EAR,
    LEFT_ELBOW,
    LEFT_HIP,
    LEFT_KNEE,
    LEFT_SHOULDER,
    LEFT_WRIST,
    MID_HIP,
    NECK,
    NOSE,
    RIGHT_ANKLE,
    RIGHT_EAR,
    RIGHT_ELBOW,
    RIGHT_HIP,
    RIGHT_KNEE,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)

Array = NDArray[np.float64]

LEFT_BIG_TOE, RIGHT_BIG_TOE = 19, 22
# The points that the humanoid is posed after.
POSED_AFTER = (*range(15), RIGHT_EAR, LEFT_EAR, LEFT_BIG_TOE, RIGHT_BIG_TOE)


@dataclass(frozen=True)
class Bone:
    """A joint of the humanoid. parent: its number, -1 for the root. end: whether an end site hangs on it.

    order: of its Euler angles. The middle one must stay far from a right angle: of limbs it is the turn about the
    limb's own axis, of the root the lean forwards, so that turns about the vertical have no limit.
    """

    name: str
    parent: int
    order: str = "ZXY"
    end: bool = False


BONES = (
    Bone("Hips", -1), Bone("Spine", 0), Bone("Spine1", 1), Bone("Neck", 2), Bone("Head", 3, end=True),
    Bone("LeftShoulder", 2), Bone("LeftArm", 5), Bone("LeftForeArm", 6), Bone("LeftHand", 7, end=True),
    Bone("RightShoulder", 2), Bone("RightArm", 9), Bone("RightForeArm", 10), Bone("RightHand", 11, end=True),
    Bone("LeftUpLeg", 0, "ZYX"), Bone("LeftLeg", 13, "ZYX"), Bone("LeftFoot", 14, "YZX"),
    Bone("LeftToeBase", 15, end=True),
    Bone("RightUpLeg", 0, "ZYX"), Bone("RightLeg", 17, "ZYX"), Bone("RightFoot", 18, "YZX"),
    Bone("RightToeBase", 19, end=True),
)  # fmt: skip
PARENTS = tuple(bone.parent for bone in BONES)
# Bones whose head is one of the points, and that point.
AT_POINT = {
    0: MID_HIP, 3: NECK, 6: LEFT_SHOULDER, 7: LEFT_ELBOW, 8: LEFT_WRIST, 10: RIGHT_SHOULDER, 11: RIGHT_ELBOW,
    12: RIGHT_WRIST, 13: LEFT_HIP, 14: LEFT_KNEE, 15: LEFT_ANKLE, 16: LEFT_BIG_TOE, 17: RIGHT_HIP, 18: RIGHT_KNEE,
    19: RIGHT_ANKLE, 20: RIGHT_BIG_TOE,
}  # fmt: skip
# Down and forwards: where the toes are from the ankle at rest.
FOOT_AT_REST = np.array([0.0, -0.45, 0.893]) / np.hypot(0.45, 0.893)
# Lengths without points: the hand as a share of the forearm, toes of the foot, crown above the ears of the neck.
HAND_SHARE, TOE_SHARE, CROWN_SHARE = 0.35, 0.3, 0.8
# Standard deviation of the smoothing of the plane of elbow or knee, seconds; below the sine STRAIGHT of the bend, the
# least rotation counts more.
PLANE_S, STRAIGHT = 0.15, 0.15
TINY = 1e-9


@dataclass(frozen=True)
class Humanoid:
    """Offsets (21, 3) of each bone's head from its parent's at rest, metres; ends: end sites by bone."""

    offsets: Array
    ends: dict[int, Array]

    def positions(self, rotations: Array, root: Array) -> Array:
        """Heads of all bones (T, 21, 3) in the room, of rotations (T, 21, 3, 3) there and the root's path (T, 3)."""
        heads = np.zeros((len(rotations), len(BONES), 3))
        heads[:, 0] = root
        for number, parent in enumerate(PARENTS[1:], 1):
            heads[:, number] = heads[:, parent] + rotations[:, parent] @ self.offsets[number]
        return heads

    def lowest(self, rotations: Array) -> Array:
        """How far below the hips the lowest joint or toe is, (T,) metres."""
        heads = self.positions(rotations, np.zeros((len(rotations), 3)))
        tips = [heads[:, bone] + rotations[:, bone] @ end for bone, end in self.ends.items()]
        return -np.concatenate([heads[..., 1], np.stack([tip[:, 1] for tip in tips], 1)], axis=1).min(axis=1)


def measure_humanoid(points: Array) -> Humanoid:
    """The humanoid with the median bone lengths of points (T, 25, 3), the same on both sides; NaN is ignored.

    Raises PoseError naming two joints that no frame has both of, on either side.
    """
    ears = (points[:, LEFT_EAR] + points[:, RIGHT_EAR]) / 2
    places = np.concatenate([points, ears[:, None]], axis=1)
    names = (*JOINT_NAMES, "both ears")

    def length(*pairs: tuple[int, int]) -> float:
        spans = np.concatenate([np.linalg.norm(places[:, a] - places[:, b], axis=-1) for a, b in pairs])
        spans = spans[np.isfinite(spans)]
        if not len(spans):
            a, b = pairs[0]
            raise PoseError(f"no frame has {names[a]} and {names[b]} in space; a humanoid needs the whole body")
        return float(np.median(spans))

    torso, hips = length((NECK, MID_HIP)), length((LEFT_HIP, RIGHT_HIP)) / 2
    shoulders = length((LEFT_SHOULDER, RIGHT_SHOULDER)) / 2
    upper = length((LEFT_SHOULDER, LEFT_ELBOW), (RIGHT_SHOULDER, RIGHT_ELBOW))
    fore = length((LEFT_ELBOW, LEFT_WRIST), (RIGHT_ELBOW, RIGHT_WRIST))
    thigh = length((LEFT_HIP, LEFT_KNEE), (RIGHT_HIP, RIGHT_KNEE))
    shank = length((LEFT_KNEE, LEFT_ANKLE), (RIGHT_KNEE, RIGHT_ANKLE))
    foot = length((LEFT_ANKLE, LEFT_BIG_TOE), (RIGHT_ANKLE, RIGHT_BIG_TOE))
    neck = length((NECK, len(JOINT_NAMES)))
    right, up = np.array([1.0, 0, 0]), np.array([0, 1.0, 0])
    offsets = np.zeros((len(BONES), 3))
    offsets[[2, 3, 5, 9]], offsets[4] = torso / 2 * up, neck * up
    ends = {4: CROWN_SHARE * neck * up}
    for side, arm, leg in ((1, 6, 13), (-1, 10, 17)):
        offsets[arm : arm + 3] = np.outer(side * np.array([shoulders, upper, fore]), right)
        offsets[leg], offsets[leg + 3] = side * hips * right, foot * FOOT_AT_REST
        offsets[leg + 1 : leg + 3] = np.outer([-thigh, -shank], up)
        ends[arm + 2], ends[leg + 3] = side * HAND_SHARE * fore * right, TOE_SHARE * foot * np.array([0, 0, 1.0])
    return Humanoid(offsets, dict(sorted(ends.items())))


def pose_humanoid(points: Array, *, fps: float) -> Array:
    """Rotations (T, 21, 3, 3) in the room of all bones, after points (T, 25, 3) without NaN in POSED_AFTER."""
    rotations = np.zeros((len(points), len(BONES), 3, 3))
    spine = _unit(points[:, NECK] - points[:, MID_HIP])
    hips, shoulders = points[:, LEFT_HIP] - points[:, RIGHT_HIP], points[:, LEFT_SHOULDER] - points[:, RIGHT_SHOULDER]
    ears, head = points[:, LEFT_EAR] - points[:, RIGHT_EAR], (points[:, LEFT_EAR] + points[:, RIGHT_EAR]) / 2
    rotations[:, 0] = axes_of(hips, spine, first="x")
    rotations[:, 1] = axes_of(_unit(hips) + _unit(shoulders), spine, first="y")
    rotations[:, 2] = axes_of(shoulders, spine, first="y")
    rotations[:, 3] = axes_of(_unit(shoulders) + _unit(ears), head - points[:, NECK], first="y")
    # The nose is in front of the ears: the upward axis is perpendicular to it and to the line through the ears.
    rotations[:, 4] = axes_of(ears, np.cross(points[:, NOSE] - head, ears), first="x")
    for side, arm, leg in ((1, 6, 13), (-1, 10, 17)):
        _pose_arm(rotations, points, side=side, arm=arm, fps=fps)
        _pose_leg(rotations, points, leg=leg, fps=fps)
    return rotations


def _pose_arm(rotations: Array, points: Array, *, side: int, arm: int, fps: float) -> None:
    """Set the rotations of a collarbone, upper arm, forearm and hand; an elbow bends the forearm forwards."""
    shoulder, elbow, wrist = (points[:, AT_POINT[arm + number]] for number in range(3))
    outward = np.array([float(side), 0, 0])
    rotations[:, arm - 1] = axes_of(side * (shoulder - points[:, NECK]), rotations[:, 2, :, 1], first="x")
    swung = _swing(rotations[:, arm - 1], outward, elbow - shoulder)
    axis = -side * np.cross(_unit(elbow - shoulder), _unit(wrist - elbow))
    rotations[:, arm] = _twist(swung, axis, about=0, fps=fps)
    # The elbow is a hinge: its axis is the same for forearm and upper arm at any bend.
    rotations[:, arm + 1] = axes_of(side * (wrist - elbow), rotations[:, arm, :, 1], first="x")
    rotations[:, arm + 2] = rotations[:, arm + 1]


def _pose_leg(rotations: Array, points: Array, *, leg: int, fps: float) -> None:
    """Set the rotations of a thigh, shank, foot and toes; a knee bends the shank backwards."""
    hip, knee, ankle, toe = (points[:, AT_POINT[leg + number]] for number in range(4))
    down = np.array([0, -1.0, 0])
    swung = _swing(rotations[:, 0], down, knee - hip)
    axis = np.cross(_unit(knee - hip), _unit(ankle - knee))
    rotations[:, leg] = _twist(swung, axis, about=1, fps=fps)
    rotations[:, leg + 1] = axes_of(rotations[:, leg, :, 0], knee - ankle, first="y")
    rotations[:, leg + 2] = rotations[:, leg + 3] = _swing(rotations[:, leg + 1], FOOT_AT_REST, toe - ankle)


def _twist(swung: Array, axis: Array, *, about: int, fps: float) -> Array:
    """Rotations turned about their own axis `about` (0: x, 1: y), so that the next one, y or x, lies along `axis`.

    axis: (T, 3), of the length of the sine of the limb's bend. The twist of a straight limb is unchanged.
    """
    own = np.einsum("tji,tj->ti", swung, axis)  # in the limb's own frame, where it has no part along the limb
    other, third = (1, 2) if about == 0 else (0, 2)
    # A joint that seems to bend backwards is an error of its points.
    own[:, other] = np.maximum(own[:, other], 0) + STRAIGHT
    smooth = gaussian_filter1d(own, PLANE_S * fps, axis=0, mode="nearest")
    sign = 1 if about == 0 else -1
    angles = sign * np.arctan2(smooth[:, third], smooth[:, other])
    return swung @ Rotation.from_euler("xy"[about], angles[:, None]).as_matrix()


def _swing(parents: Array, rest: Array, directions: Array) -> Array:
    """The rotations nearest to `parents` (T, 3, 3) that turn the direction `rest` (3,) into `directions` (T, 3)."""
    start, end = parents @ rest, _unit(directions)
    axes = np.cross(start, end)
    sine = np.linalg.norm(axes, axis=-1, keepdims=True)
    angles = np.arctan2(sine, (start * end).sum(-1, keepdims=True))
    return Rotation.from_rotvec(axes / np.maximum(sine, TINY) * angles).as_matrix().reshape(-1, 3, 3) @ parents


def axes_of(x: ArrayLike, y: ArrayLike, *, first: str) -> Array:
    """Rotations (T, 3, 3) of these x and y axes (T, 3), exactly along the `first`; the other as near as can be."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if first == "x":
        x = _unit(x)
        y = _unit(y - (y * x).sum(-1, keepdims=True) * x)
    else:
        y = _unit(y)
        x = _unit(x - (x * y).sum(-1, keepdims=True) * y)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def _unit(vectors: Array) -> Array:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), TINY)
