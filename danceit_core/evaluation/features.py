"""Features of a piece of dance: published definitions for bodies in space, applied to joints in the picture (2D).

Kinetic: Onuma, Faloutsos, Hodgins, "FMDistance", Eurographics 2008, as in fairmotion and AIST++ (Li et al., "AI
Choreographer", ICCV 2021): for each joint the mean square of its horizontal and of its vertical velocity, and the mean
size of its acceleration; velocity and acceleration are means over WINDOW steps round a frame. 15 joints, 45 numbers.
In the picture, horizontal is x alone. Most public implementations divide only one term of a difference by the frame
time when they compute the acceleration (google-research/mint issue 62, lisiyao21/Bailando pull request 28), so that it
depends on position; here it is the second difference.

Geometric: Mueller, Roeder, Clausen, "Efficient content-based retrieval of motion capture data", SIGGRAPH 2005, as in
the same two: the share of frames in which a relation between joints holds, such as a raised hand. Of the 32 relations,
these 27 can be seen in a picture; five need a plane in space. Angles are measured in the picture. Velocities towards a
joint are those of the hand (the public implementations use another joint's), per second at the dance's frame rate (they
always assume 120 frames per second). Reference lengths are fixed shares of the torso, those of the SMPL body.

Keypoints (T, 25, 3) pixels, absent joints 0, y down. Units: torso lengths, seconds. Absent joints are left out of the
means; a joint that is never present gives NaN. Values of different frame rates are not comparable, because the windows
are in frames.
"""

from collections.abc import Sequence

import numpy as np

from danceit_core.choreography.curve import Array, hide_absent
from danceit_core.pose import skeleton as sk
from danceit_core.pose.movement import mean_present
from danceit_core.pose.skeleton import BODY, Keypoints

WINDOW = 5
KINETIC, GEOMETRIC = 3 * len(BODY), 27
# Lengths of the SMPL body at rest, in torso lengths; its neck is taken between the shoulders, as in BODY_25.
UPPER_ARM, SHOULDERS, HIPS = 0.457, 0.693, 0.229
UP = np.array([0.0, -1.0])
RIGHT_SIDE = {
    "shoulder": sk.RIGHT_SHOULDER, "elbow": sk.RIGHT_ELBOW, "wrist": sk.RIGHT_WRIST, "hip": sk.RIGHT_HIP,
    "knee": sk.RIGHT_KNEE, "ankle": sk.RIGHT_ANKLE,
}  # fmt: skip
LEFT_SIDE = {name: sk.MIRROR[joint] for name, joint in RIGHT_SIDE.items()}


def kinetic_features(keypoints: Keypoints, *, fps: float, torso_px: float) -> Array:
    """Kinetic features (45,): horizontal and vertical energy and mean acceleration magnitude of each body joint."""
    xy = hide_absent(keypoints)[:, BODY, :2] / torso_px
    velocity = _smooth(np.diff(xy, axis=0) * fps)  # (T - 1, 15, 2)
    force = _smooth(np.diff(xy, n=2, axis=0) * fps**2)  # (T - 2, 15, 2)
    energy = mean_present(velocity**2, axis=0)  # (15, 2)
    size = mean_present(np.linalg.norm(force, axis=-1), axis=0)  # (15,)
    return np.column_stack([energy, size]).reshape(-1)


def geometric_features(keypoints: Keypoints, *, fps: float, torso_px: float) -> Array:
    """Geometric features (27,): the share of frames, without the first, in which each relation holds."""
    joints = hide_absent(keypoints)[..., :2] / torso_px
    moving = np.diff(joints, axis=0) * fps  # (T - 1, 25, 2)
    body = joints[1:]
    neck, root = body[:, sk.NECK], body[:, sk.MID_HIP]
    spine = neck - root
    ground_y = np.nanmax(np.where(np.isnan(body[:, BODY, 1]), -np.inf, body[:, BODY, 1]), axis=1)
    rows: list[Array] = []
    for side in (RIGHT_SIDE, LEFT_SIDE):
        hand, elbow, shoulder = (body[:, side[name]] for name in ("wrist", "elbow", "shoulder"))
        hip, knee, ankle = (body[:, side[name]] for name in ("hip", "knee", "ankle"))
        height_hand, height_foot = ground_y - hand[:, 1], ground_y - ankle[:, 1]
        rows += [
            _above(_along(spine, hand - neck), 0.2 * UPPER_ARM),  # the hand above the neck
            _above(_along(spine, moving[:, side["wrist"]] - moving[:, sk.MID_HIP]), 1.8 * UPPER_ARM),  # moving up
            _bent(shoulder - elbow, hand - elbow, 0, 110),  # the elbow
            # The hand moving to the hip.
            _above(_along(root - hand, moving[:, side["wrist"]] - moving[:, sk.MID_HIP]), 1.4 * UPPER_ARM),
            _above(np.linalg.norm(moving[:, side["wrist"]], axis=-1), 2.5 * UPPER_ARM),  # a fast hand
            _above(height_foot, 1.2 * UPPER_ARM),  # a raised foot
            _bent(hip - knee, ankle - knee, 0, 110),  # the knee
            _above(np.linalg.norm(moving[:, side["ankle"]], axis=-1), 2.5 * UPPER_ARM),  # a fast foot
            _bent(-spine, elbow - shoulder, 25, 180),  # the arm away from the trunk
            _bent(-spine, knee - hip, 50, 180),  # the leg away from the trunk
            _above(-height_hand, -1.2 * UPPER_ARM),  # a hand near the ground
        ]
    across = {
        name: body[:, RIGHT_SIDE[name]] - body[:, LEFT_SIDE[name]] for name in ("shoulder", "hip", "wrist", "ankle")
    }
    meeting = moving[:, sk.LEFT_WRIST] - moving[:, sk.RIGHT_WRIST]
    rows += [
        _above(_along(across["shoulder"], across["wrist"]), 2.5 * SHOULDERS),  # hands apart
        _above(_along(across["wrist"], meeting), 1.4 * UPPER_ARM),  # hands approaching
        _above(_along(across["hip"], across["ankle"]), 2.1 * HIPS),  # feet apart
        _bent(-spine, np.broadcast_to(UP, spine.shape), 70, 110),  # the trunk level
        _above(np.linalg.norm(moving[:, sk.MID_HIP], axis=-1), 2.3 * UPPER_ARM),  # a fast trunk
    ]
    return mean_present(np.array(rows), axis=1)


def cut_pieces(dances: Sequence[Keypoints], *, frames: int) -> list[Keypoints]:
    """Pieces of `frames` frames, end to end, of each dance; the remainder at its end is left out."""
    return [
        dance[start : start + frames] for dance in dances for start in range(0, len(dance) - frames + 1, max(1, frames))
    ]


def _smooth(steps: Array) -> Array:
    """Mean of WINDOW steps round each of (T, J, 2), fewer at the ends; NaN where all of them are NaN."""
    reach = WINDOW // 2
    padded = np.pad(steps, ((reach, reach), (0, 0), (0, 0)), constant_values=np.nan)
    views = np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=0)  # (T, J, 2, WINDOW)
    return mean_present(views)


def _along(direction: Array, vector: Array) -> Array:
    """Component (T,) of vectors (T, 2) along directions (T, 2); NaN along a direction of zero length."""
    length = np.linalg.norm(direction, axis=-1)
    return (direction * vector).sum(-1) / np.where(length > 0, length, np.nan)


def _above(values: Array, threshold: float) -> Array:
    """1 where values (T,) exceed the threshold, else 0; NaN stays NaN."""
    return np.where(np.isnan(values), np.nan, values > threshold)


def _bent(one: Array, two: Array, least: float, most: float) -> Array:
    """1 where the angle between vectors (T, 2) is between two bounds, degrees, else 0; NaN where it is unknown."""
    cosine = _along(one, two) / np.where((size := np.linalg.norm(two, axis=-1)) > 0, size, np.nan)
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return np.where(np.isnan(angle), np.nan, (angle >= least) & (angle <= most))
