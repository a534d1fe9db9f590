"""Hands: 21 points each, by the hand network of MediaPipe on LiteRT, in a region derived from the body's points.

BlazePose finds the wrist and the knuckles of index and little finger. They give the position, size and direction of a
hand, so no palm detector is needed, and its owner (MediaPipe Holistic does the same). The network (224 x 224) runs
twice, as its first points give a better region than the body's. While a hand is
followed, the region comes from its points in the frame before, moved along with the body's. Zhang et al., "MediaPipe
Hands: On-device Real-time Hand Tracking", 2020.

A hand is float32 (21, 3): x and y in pixels of the picture, and as confidence how sure the network is that this is a
hand, the same for all points; all 0 where it is not. Point 0 is the wrist, 1 to 4 the thumb, then four a finger, from
knuckle to tip: index, middle, ring, little finger.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.media.letterbox import Picture
from danceit_core.pose.crops import cut_square, square_around, to_picture
from danceit_core.pose.landmarks import Body
from danceit_core.pose.tflite import Network

HAND_FILE = "hand_landmark_full.tflite"
HAND_SIDE, HAND_POINTS = 224, 21
MIN_PRESENCE = 0.5
# BlazePose's points of wrist, index and little finger.
PALMS = {"right": (16, 20, 18), "left": (15, 19, 17)}
# The first region's side: palms (wrist to knuckles), but no less than this share of the side of the body's region (half
# a torso), since a hand that points at the camera has a short palm.
SIDE_PALMS, LEAST_SIDE = 3.2, 0.11
# The next region: the box around the palm and the fingers' first joints, larger and moved towards the tips.
BOX_POINTS = (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)
BOX_SHARE, BOX_LIFT = 2.0, 0.1
# A hand farther from the body's wrist than this share (0.3 torsos) is the other hand, or somebody else's.
FARTHEST = 0.065
HAND_LIMBS = tuple(
    (0 if joint == 0 else first + joint - 1, first + joint) for first in (1, 5, 9, 13, 17) for joint in range(4)
)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Hand:
    """Points (21, 2) in pixels of the picture, and how sure the network is that there is a hand, 0..1."""

    points: Array
    presence: float


class HandNetwork:
    """Finds the points of a hand in a region. Raises AssetError if the weights are missing or damaged."""

    def __init__(self, weights: Path, *, threads: int = 1) -> None:
        self._network = Network(weights / HAND_FILE, threads=threads)

    def look(self, picture: Picture, region: Array) -> Hand:
        """The points of a hand in the region (`crops`) of a uint8 RGB picture; `presence` says whether it is one."""
        self._network.run(cut_square(picture, region, side=HAND_SIDE), scale=1 / 255, offset=0)
        # (63,) -> (21, x y z)
        xy = self._network.output("Identity").reshape(HAND_POINTS, 3)[:, :2].astype(np.float64)
        return Hand(to_picture(xy, region, side=HAND_SIDE), float(self._network.output("Identity_1")[0]))


class HandFollower:
    """Follows one hand of one person through the pictures of a video; `side` is "right" or "left"."""

    def __init__(self, network: HandNetwork, *, side: str) -> None:
        self._network = network
        self._palm = list(PALMS[side])
        self._before: tuple[Array, Array] | None = None

    def follow(self, picture: Picture, body: Body | None) -> NDArray[np.float32]:
        """The hand (21, 3) of the person in the next picture. body: None if there is nobody."""
        hand = None if body is None else self._find(picture, body.points[self._palm], float(body.region[2]))
        if hand is None or body is None:
            self._before = None
            return np.zeros((HAND_POINTS, 3), np.float32)
        self._before = hand.points, body.points[self._palm]
        return np.column_stack([hand.points, np.full(HAND_POINTS, hand.presence)]).astype(np.float32)

    def _find(self, picture: Picture, palm: Array, body_px: float) -> Hand | None:
        """The hand at a wrist and two knuckles (3, 2), found again or tracked; body_px: side of the body's region."""
        if self._before is not None:
            points, palm_before = self._before
            moved = points + (palm - palm_before).mean(axis=0)
            hand = self._network.look(picture, region_of_hand(moved))
            if is_at_wrist(hand, palm, body_px=body_px):
                return hand
        first = self._network.look(picture, region_of_palm(palm, body_px=body_px))
        hand = self._network.look(picture, region_of_hand(first.points))
        return hand if is_at_wrist(hand, palm, body_px=body_px) else None


def region_of_palm(palm: Array, *, body_px: float) -> Array:
    """Region of a hand from its wrist and the knuckles of index and little finger, (3, 2) in pixels.

    body_px: side of the region of the whole body.
    """
    wrist, index, little = palm
    middle = (2 * index + little) / 3
    along = middle - wrist
    side = max(SIDE_PALMS * float(np.hypot(*along)), LEAST_SIDE * body_px)
    return np.array([*middle, side, np.arctan2(along[0], -along[1])])


def region_of_hand(points: Array) -> Array:
    """Region in which to search again for a hand with known points (21, 2)."""
    knuckles = points[9] / 2 + (points[5] + points[13]) / 4
    return square_around(points[list(BOX_POINTS)], up=knuckles - points[0], share=BOX_SHARE, lift=BOX_LIFT)


def is_at_wrist(hand: Hand, palm: Array, *, body_px: float) -> bool:
    """Whether this is a hand, and the one at the wrist of `palm`: (3, 2) as in `region_of_palm`."""
    return hand.presence >= MIN_PRESENCE and float(np.hypot(*(hand.points[0] - palm[0]))) <= FARTHEST * body_px
