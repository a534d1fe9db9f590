"""The parts of a body that are recalled one by one, each from its own frame.

`fit` parts (trunk, head) are warped as a whole, by the joints that they are fitted to; `limb` parts bone by bone.
Lengths are in body sizes (`target.region.body_size`).
"""

from dataclasses import dataclass

from danceit_core.pose.skeleton import (
    LEFT_ANKLE,
    LEFT_EAR,
    LEFT_ELBOW,
    LEFT_EYE,
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
    RIGHT_EYE,
    RIGHT_HIP,
    RIGHT_KNEE,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)

BODY_LAYER, ARM_LAYER = 0, 1
LAYERS = 2


@dataclass(frozen=True)
class Part:
    """root: the joint relative to which it is described. look: the joints that describe it; for a limb, bones' ends.

    reach: how far from its joints its pixels may lie. radius: that of the bone, whose pixels belong only to the part.
    beyond: how far a limb continues beyond its last joint (hand, foot). layer: body or arms.
    """

    name: str
    root: int
    look: tuple[int, ...]
    reach: float
    radius: float
    layer: int = BODY_LAYER
    fit: tuple[int, ...] = ()
    bones: tuple[tuple[int, int], ...] = ()
    beyond: float = 0.0


TRUNK_JOINTS = (NECK, RIGHT_SHOULDER, LEFT_SHOULDER, MID_HIP, RIGHT_HIP, LEFT_HIP)
HEAD_JOINTS = (NOSE, RIGHT_EYE, LEFT_EYE, RIGHT_EAR, LEFT_EAR)


def _arm(name: str, shoulder: int, elbow: int, wrist: int) -> Part:
    bones = ((shoulder, elbow), (elbow, wrist))
    return Part(name, shoulder, (elbow, wrist), 0.35, 0.06, ARM_LAYER, bones=bones, beyond=0.3)


def _leg(name: str, hip: int, knee: int, ankle: int, toe: int, heel: int) -> Part:
    return Part(name, hip, (knee, ankle, toe, heel), 0.4, 0.1, bones=((hip, knee), (knee, ankle)), beyond=0.26)


PARTS = (
    Part("trunk", MID_HIP, TRUNK_JOINTS, 0.55, 0.0, fit=TRUNK_JOINTS),
    _leg("right_leg", RIGHT_HIP, RIGHT_KNEE, RIGHT_ANKLE, 22, 24),
    _leg("left_leg", LEFT_HIP, LEFT_KNEE, LEFT_ANKLE, 19, 21),
    Part("head", NECK, HEAD_JOINTS, 0.6, 0.22, fit=(NECK, *HEAD_JOINTS)),
    _arm("right_arm", RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST),
    _arm("left_arm", LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST),
)
NAMES = tuple(part.name for part in PARTS)
LIMBS = tuple(number for number, part in enumerate(PARTS) if part.bones)
TRUNK, HEAD = NAMES.index("trunk"), NAMES.index("head")
# The trunk is covered by capsules along lines between its sides, at these shares from right to left.
TRUNK_LINES = (0.0, 0.25, 0.5, 0.75, 1.0)
