"""Decide whether the joints of two people near each other may be mixed up, and which joints belong to the other one.

A network that looks at one person's region may place an arm on the neighbour, or switch to the neighbour altogether.
Both show in the outlines that it returns with the joints. A joint belongs to the other person if it lies within their
outline but not within its own. If two outlines or two trunks cover each other so far that they could be exchanged, the
joints of neither person are trusted.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.pose.blazepose_people import Person
from danceit_core.pose.estimate import Estimate
from danceit_core.pose.landmarks import CROP_SIDE, REGION_MARGIN, Body, crop_transform
from danceit_core.pose.skeleton import LEFT_WRIST, MIRROR, RIGHT_WRIST, Keypoints, present

# The outline is sampled every CELL pixels of the crop.
CELL = 4
OUTLINE = 0.5
# In distances from hips to outline, about half a body's height: trunks nearer than NEAR_TRUNKS, and bodies whose joints
# are nearer than NEAR_BODIES on average, may be mixed up; two joints of one kind nearer than ONE_JOINT are the same.
NEAR_TRUNKS, NEAR_BODIES, ONE_JOINT = 0.35, 0.3, 0.15
# Share of one person's outline within that of another above which they may be mixed up.
COVERED = 0.5
# The same person, found twice.
ONE_BODY = 0.15
# Arms and legs from elbow and knee on, and the head: parts that may overlap another person without the trunk.
REACHING = (0, 3, 4, 6, 7, 10, 11, 13, 14, 15, 16, 17, 18, 19, 21, 22, 24)
# A trunk foreshortened to less than this does not show enough clothes (upright it is 0.6).
SHOWN_TRUNK = 0.35
FINGERS_OF = {RIGHT_WRIST: slice(0, 3), LEFT_WRIST: slice(3, 6)}
TRUNK_POINTS, BODY_POINTS = (11, 12, 23, 24), (0, *range(11, 17), *range(23, 29))

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Figure:
    """The parts of a `Body` that distinguish it from others.

    points (33, 2) pixels; region (4,) that was examined, with the outline (64, 64) of flags in it; following (4,): the
    region of the next picture.
    """

    points: Array
    region: Array
    following: Array
    outline: Flags

    @property
    def reach_px(self) -> float:
        """Distance from the hips to the outline of the stretched body: about half its height."""
        return float(self.following[2]) / 2 / REGION_MARGIN

    @property
    def trunk(self) -> Array:
        """Middle (2,) of shoulders and hips."""
        return np.asarray(self.points[list(TRUNK_POINTS)].mean(axis=0))

    @property
    def shows_clothes(self) -> bool:
        """Whether chest and thighs are visible; they are not if the person bends towards the camera or lies down."""
        shoulders, hips = self.points[list(TRUNK_POINTS)].reshape(2, 2, 2).mean(axis=1)
        return bool(np.hypot(*(shoulders - hips)) >= SHOWN_TRUNK * self.reach_px)

    @property
    def person(self) -> Person:
        """This figure in the form that the people detector returns."""
        x, y, _, rotation = self.following
        middle = np.array([x, y])
        return Person(1.0, middle, middle + self.reach_px * np.array([np.sin(rotation), -np.cos(rotation)]))


def figure_of(body: Body) -> Figure:
    """The figure of a body; without outline if the body has none."""
    side = CROP_SIDE // CELL
    inside = np.zeros((side, side), bool)
    if body.outline is not None:
        inside = body.outline[CELL // 2 :: CELL, CELL // 2 :: CELL] >= OUTLINE
    return Figure(body.points, body.region, body.following, inside)


def far_apart(one: Figure, other: Figure) -> float:
    """Distance between the trunks of two figures, in distances from hips to outline."""
    return float(np.hypot(*(one.trunk - other.trunk))) / max(1.0, (one.reach_px + other.reach_px) / 2)


def distance(one: Figure, other: Figure) -> float:
    """Mean distance between corresponding joints, in distances from hips to outline."""
    joints = list(BODY_POINTS)
    apart = np.linalg.norm(one.points[joints] - other.points[joints], axis=-1).mean()
    return float(apart) / max(1.0, (one.reach_px + other.reach_px) / 2)


def may_be_mixed(one: Figure, other: Figure) -> bool:
    """Whether the joints of two figures in one picture may have been exchanged, or belong to one person."""
    between = far_apart(one, other)
    if between > 2 * (1 + NEAR_BODIES):
        return False
    if between < NEAR_TRUNKS or distance(one, other) < NEAR_BODIES:
        return True
    return max(covered(one, other), covered(other, one)) > COVERED


def covered(one: Figure, other: Figure) -> float:
    """Share of one figure's outline that lies within the other's."""
    rows, columns = np.nonzero(one.outline)
    if not len(rows):
        return 0.0
    cells = np.stack([columns, rows], axis=1) * CELL + CELL / 2
    to_picture = crop_transform(one.region)
    return float(within(other, cells @ to_picture[:, :2].T + to_picture[:, 2]).mean())


def within(figure: Figure, places: Array) -> Flags:
    """Which of the places (N, 2) in the picture lie within the figure's outline."""
    to_crop = cv2.invertAffineTransform(crop_transform(figure.region))
    cells = np.floor((places @ to_crop[:, :2].T + to_crop[:, 2]) / CELL).astype(int)
    side = CROP_SIDE // CELL
    inside = ((cells >= 0) & (cells < side)).all(axis=1)
    column, row = cells.clip(0, side - 1).T
    return np.asarray(inside & figure.outline[row, column])


def doubtful_joints(keypoints: Keypoints, figure: Figure, other_keypoints: Keypoints, other: Figure) -> Flags:
    """Which joints (25,) of a person may belong to the other one: in the other's outline only, or claimed by both."""
    places = keypoints[:, :2].astype(np.float64)
    doubtful = within(other, places) & ~within(figure, places)
    sides = other_keypoints[:, :2], other_keypoints[list(MIRROR), :2]
    seen = present(other_keypoints), present(other_keypoints)[list(MIRROR)]
    for place, known in zip(sides, seen, strict=True):
        near = np.linalg.norm(places - place, axis=1) < ONE_JOINT * min(figure.reach_px, other.reach_px)
        doubtful |= near & known
    reaching = np.zeros(len(keypoints), bool)
    reaching[list(REACHING)] = True
    return np.asarray(doubtful & reaching & present(keypoints))


def without(estimate: Estimate, joints: Flags) -> Estimate:
    """An estimate without the given `joints` (25,); the fingers go with their wrist."""
    if not joints.any():
        return estimate
    fingers = None if estimate.fingers is None else estimate.fingers.copy()
    for wrist, hand in FINGERS_OF.items():
        if fingers is not None and joints[wrist]:
            fingers[hand] = 0
    nan = np.float32(np.nan)
    return replace(
        estimate,
        keypoints=np.where(joints[:, None], np.float32(0), estimate.keypoints),
        depth_px=None if estimate.depth_px is None else np.where(joints, nan, estimate.depth_px),
        world=None if estimate.world is None else np.where(joints[:, None], nan, estimate.world),
        fingers=fingers,
    )
