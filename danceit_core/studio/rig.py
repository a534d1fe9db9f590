"""From a dancer's stance in each frame to the place of every bone: forward kinematics, and inverse kinematics for legs.

All frames of a clip are solved at once. Bones keep their lengths: a leg that cannot reach its foot lowers the pelvis.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from danceit_core.studio import rotation as rot
from danceit_core.studio.body import Skeleton
from danceit_core.studio.rotation import Array

SIDES = ("l", "r")
OUTWARD = np.array([[1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])  # mirrors a direction of the left side to each side
REACH_FRAMES = 5  # how many frames ahead the pelvis begins to go down for a foot that is out of reach
MAX_REACH = 0.985  # share of the straight leg, so that a knee is never locked
FINGERS = ("index", "middle", "ring", "pinky")
# How far the three joints of a finger bend in a fist, radians.
FIST = (1.15, 1.45, 0.95)
TWIST_LIMIT = 1.5
PALM_TO_ELBOW = 0.45  # share of the hand's twist that the forearm's skin follows


@dataclass(frozen=True)
class Stances:
    """The dancer's stances, one row per frame; metres, radians, "relative" = in the system turned by `facing`.

    pelvis (T, 2): x, z in the room. dip (T,): how much lower than upright. facing (T,): yaw, 0 to the camera.
    hips, chest, head (T, 3): yaw, pitch, roll, relative. arms (T, 2, 3, 3): left and right; direction of upper arm,
    of forearm and of the palm's face, in the chest's frame with x outward. curl (T, 2): 0 flat hand, 1 fist.
    balls (T, 2, 3): balls of the feet in the room, y = lift over the ground. foot_yaw (T, 2): where the toes point.
    heel (T, 2): pitch of the foot about its ball, positive lifts the heel.
    """

    pelvis: Array
    dip: Array
    facing: Array
    hips: Array
    chest: Array
    head: Array
    arms: Array
    curl: Array
    balls: Array
    foot_yaw: Array
    heel: Array


@dataclass(frozen=True)
class Solved:
    """Bones in every frame: rotations (T, B, 3, 3) and positions of their heads (T, B, 3), both in the room."""

    rotations: Array
    positions: Array

    def transforms(self, skeleton: Skeleton) -> Array:
        """Matrices (T, B, 3, 4) that map points at rest to points in the room."""
        shift = self.positions - np.einsum("tbij,bj->tbi", self.rotations, skeleton.heads)
        return np.concatenate([self.rotations, shift[..., None]], axis=-1)


class _Chain:
    """Bones while they are placed, parents first."""

    def __init__(self, skeleton: Skeleton, frames: int) -> None:
        self.skeleton = skeleton
        self.rotations = np.tile(np.eye(3), (frames, len(skeleton.names), 1, 1))
        self.positions = np.zeros((frames, len(skeleton.names), 3))

    def place(self, name: str, rotations: Array | None = None) -> Array:
        """Attach a bone to its parent, with its own rotation or its parent's; returns the positions of its head."""
        bone = self.skeleton.index(name)
        parent = self.skeleton.parents[bone]
        offset = self.skeleton.heads[bone] - self.skeleton.heads[parent]
        self.positions[:, bone] = self.positions[:, parent] + rot.turn(self.rotations[:, parent], offset)
        self.rotations[:, bone] = self.rotations[:, parent] if rotations is None else rotations
        return self.positions[:, bone]


def solve(skeleton: Skeleton, stances: Stances) -> Solved:
    """Place every bone of the skeleton in every frame."""
    chain = _Chain(skeleton, len(stances.dip))
    faced = rot.yaw(stances.facing)
    hips = faced @ rot.euler(stances.hips)
    ankles, feet = _feet(skeleton, stances)
    root, pelvis = skeleton.index("Root"), skeleton.index("pelvis")
    chain.rotations[:, root] = faced
    chain.rotations[:, pelvis] = hips
    chain.positions[:, pelvis] = _pelvis(skeleton, stances, hips, ankles)
    chain.positions[:, root] = chain.positions[:, pelvis] * [1, 0, 1]
    chest = faced @ rot.euler(stances.chest)
    _spine(chain, hips, chest, faced @ rot.euler(stances.head))
    for side, name in enumerate(SIDES):
        _leg(chain, side, name, ankles[:, side], feet[:, side], stances)
        _arm(chain, side, name, chest, stances)
        _hand(chain, side, name, stances.curl[:, side])
    return Solved(chain.rotations, chain.positions)


def _feet(skeleton: Skeleton, stances: Stances) -> tuple[Array, Array]:
    """Ankles (T, 2, 3) and rotations of the feet (T, 2, 3, 3)."""
    ankles, feet = [], []
    for side, name in enumerate(SIDES):
        arm = skeleton.head(f"foot_{name}") - skeleton.head(f"ball_{name}")
        rest_yaw = np.arctan2(-arm[0], -arm[2])
        level = rot.yaw(stances.foot_yaw[:, side] - rest_yaw)
        foot = level @ rot.about(_foot_axis(skeleton, name, len(level)), stances.heel[:, side])
        ball = stances.balls[:, side] + [0, skeleton.head(f"ball_{name}")[1], 0]
        ankles.append(ball + rot.turn(foot, arm))
        feet.append(foot)
    return np.stack(ankles, 1), np.stack(feet, 1)


def _leg_lengths(skeleton: Skeleton, name: str) -> tuple[float, float]:
    hip, knee, ankle = (skeleton.head(f"{bone}_{name}") for bone in ("thigh", "calf", "foot"))
    return float(np.linalg.norm(knee - hip)), float(np.linalg.norm(ankle - knee))


def _pelvis(skeleton: Skeleton, stances: Stances, hips: Array, ankles: Array) -> Array:
    """The pelvis (T, 3): at its place and dip, and lower where a foot would be out of reach."""
    rest = skeleton.head("pelvis")
    pelvis = np.stack([stances.pelvis[:, 0], rest[1] - stances.dip, stances.pelvis[:, 1]], axis=1)
    need = np.zeros(len(pelvis))
    for side, name in enumerate(SIDES):
        hip = pelvis + rot.turn(hips, skeleton.head(f"thigh_{name}") - rest)
        reach = MAX_REACH * sum(_leg_lengths(skeleton, name))
        gap = hip - ankles[:, side]
        level = np.maximum(reach**2 - gap[:, 0] ** 2 - gap[:, 2] ** 2, 0.05 * reach**2)
        need = np.maximum(need, gap[:, 1] - np.sqrt(level))
    pelvis[:, 1] -= gaussian_filter1d(maximum_filter1d(need, 2 * REACH_FRAMES + 1), REACH_FRAMES / 2)
    return pelvis


def _spine(chain: _Chain, hips: Array, chest: Array, head: Array) -> None:
    """Spread the turn from the hips to the chest over three bones, and from the chest to the head over two."""
    bend = rot.share_of(np.swapaxes(hips, 1, 2) @ chest, 1 / 3)
    chain.place("spine_01", hips @ bend)
    chain.place("spine_02", hips @ bend @ bend)
    chain.place("spine_03", chest)
    chain.place("neck_01", chest @ rot.share_of(np.swapaxes(chest, 1, 2) @ head, 0.45))
    chain.place("head", head)


def _leg(chain: _Chain, side: int, name: str, ankle: Array, foot: Array, stances: Stances) -> None:
    skeleton = chain.skeleton
    thigh, calf = _leg_lengths(skeleton, name)
    hip = chain.place(f"thigh_{name}")
    along = ankle - hip
    distance = np.clip(np.linalg.norm(along, axis=1), abs(thigh - calf) + 0.02, 0.999 * (thigh + calf))[:, None]
    along = rot.unit(along)
    # The knee points in the direction of the toes, and a little in that of the hips.
    toes = np.stack([np.sin(stances.foot_yaw[:, side]), np.zeros(len(ankle)), np.cos(stances.foot_yaw[:, side])], 1)
    ahead = rot.unit(
        toes + 0.5 * rot.turn(chain.rotations[:, skeleton.index("pelvis")], [OUTWARD[side, 0] * 0.2, 0, 1])
    )
    pole = rot.unit(ahead - (ahead * along).sum(1, keepdims=True) * along)
    cosine = np.clip((thigh**2 + distance**2 - calf**2) / (2 * thigh * distance), -1, 1)
    upper = cosine * along + np.sqrt(1 - cosine**2) * pole
    lower = distance * along - thigh * upper
    hinge = np.cross(pole, along)
    rest_upper = skeleton.head(f"calf_{name}") - skeleton.head(f"thigh_{name}")
    rest_lower = skeleton.head(f"foot_{name}") - skeleton.head(f"calf_{name}")
    across = np.array([1.0, 0.0, 0.0])
    bone = skeleton.index(f"thigh_{name}")
    chain.rotations[:, bone] = rot.frame(upper, hinge) @ rot.frame(rest_upper, across).T
    chain.place(f"calf_{name}", rot.frame(lower, hinge) @ rot.frame(rest_lower, across).T)
    chain.place(f"foot_{name}", foot)
    # Toes stay flat on the ground while the heel lifts.
    flat = foot @ rot.about(_foot_axis(skeleton, name, len(foot)), -np.maximum(stances.heel[:, side], 0) * 0.8)
    chain.place(f"ball_{name}", flat)


def _foot_axis(skeleton: Skeleton, name: str, frames: int) -> Array:
    """The axis about which a foot at rest lifts its heel, once for each frame, (frames, 3)."""
    arm = skeleton.head(f"ball_{name}") - skeleton.head(f"foot_{name}")
    return np.tile(rot.unit(np.cross([0.0, 1.0, 0.0], arm)), (frames, 1))


def _arm(chain: _Chain, side: int, name: str, chest: Array, stances: Stances) -> None:
    skeleton = chain.skeleton
    upper, fore, palm = (rot.unit(stances.arms[:, side, k] * OUTWARD[side]) for k in range(3))
    # A raised arm lifts the shoulder.
    lift = OUTWARD[side, 0] * 0.34 * np.maximum(upper[:, 1] + 0.25, 0)
    chain.place(f"clavicle_{name}", chest @ rot.about(np.broadcast_to([0.0, 0.0, 1.0], upper.shape), lift))
    rest_upper = rot.unit(skeleton.head(f"lowerarm_{name}") - skeleton.head(f"upperarm_{name}"))
    rest_fore = rot.unit(skeleton.head(f"hand_{name}") - skeleton.head(f"lowerarm_{name}"))
    raised = rot.shortest(rest_upper, upper)
    # Twist the upper arm so that the elbow bends about its own hinge.
    hinge, wanted = rot.turn(raised, np.cross(rest_upper, rest_fore)), np.cross(upper, fore)
    bent = np.clip((np.linalg.norm(wanted, axis=1) - 0.05) / 0.45, 0, 1)
    twist = np.clip(rot.angle_about(upper, hinge, wanted), -1.9, 1.9) * 0.8 * bent
    raised = rot.about(upper, twist) @ raised
    chain.place(f"upperarm_{name}", chest @ raised)
    bend = rot.shortest(rot.turn(raised, rest_fore), fore) @ raised
    face = rot.turn(bend, palm_of(skeleton, name))
    sine = np.linalg.norm(np.cross(fore, palm), axis=1)
    twist = np.clip(rot.angle_about(fore, face, palm), -TWIST_LIMIT, TWIST_LIMIT) * np.clip(sine / 0.5, 0, 1)
    chain.place(f"lowerarm_{name}", chest @ rot.about(fore, PALM_TO_ELBOW * twist) @ bend)
    chain.place(f"hand_{name}", chest @ rot.about(fore, twist) @ bend)


def palm_of(skeleton: Skeleton, name: str) -> Array:
    """The direction that the palm of a hand faces at rest, (3,)."""
    wrist = skeleton.head(f"hand_{name}")
    normal = rot.unit(np.cross(skeleton.head(f"index_01_{name}") - wrist, skeleton.head(f"pinky_01_{name}") - wrist))
    inward = np.array([-1.0 if name == "l" else 1.0, -1.0, 0.0])
    return normal if normal @ inward > 0 else -normal


def _hand(chain: _Chain, side: int, name: str, curl: Array) -> None:
    skeleton = chain.skeleton
    hand = chain.rotations[:, skeleton.index(f"hand_{name}")]
    palm = palm_of(skeleton, name)
    for order, finger in enumerate(FINGERS):
        along = rot.unit(skeleton.tail(f"{finger}_03_{name}") - skeleton.head(f"{finger}_01_{name}"))
        axis = np.broadcast_to(np.cross(along, palm), (len(curl), 3))
        bend = np.zeros(len(curl))
        for joint in range(3):
            bend = bend + curl * FIST[joint] * (0.85 + 0.08 * order)
            chain.place(f"{finger}_0{joint + 1}_{name}", hand @ rot.about(axis, bend))
    along = rot.unit(skeleton.tail(f"thumb_03_{name}") - skeleton.head(f"thumb_01_{name}"))
    axis = np.broadcast_to(np.cross(along, palm), (len(curl), 3))
    for joint in range(3):
        chain.place(f"thumb_0{joint + 1}_{name}", hand @ rot.about(axis, curl * 0.3 * (joint + 1)))
