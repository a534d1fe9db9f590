"""Hands: 21 points each, by the hand network of MediaPipe on LiteRT, in a region that the body's points give.

BlazePose knows the wrist and the knuckles of index and little finger; they say where a hand is, how large and which
way it points, so that no detector of palms is needed, and whose hand it is (MediaPipe Holistic does the same). The
network (224 x 224) is looked through twice: its first points give a better region than the body's. While a hand is
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
from danceit_core.pose.tflite import Network

HAND_FILE = "hand_landmark_full.tflite"
HAND_SIDE, HAND_POINTS = 224, 21
MIN_PRESENCE = 0.5
# The first region's side: palms (wrist to knuckles), but no less than torsos, for a hand that points at the camera.
SIDE_PALMS, LEAST_SIDE_TORSOS = 3.2, 0.5
# The next region: the box around the palm and the fingers' first joints, larger and moved towards the tips.
PALM_POINTS = (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)
BOX_SHARE, BOX_LIFT = 2.0, 0.1
# Farther than this from the body's wrist it is somebody else's hand or the other one.
FARTHEST_TORSOS = 0.3
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
        """What the region (`crops`) of a uint8 RGB picture holds, taken for a hand; `presence` says whether it is."""
        self._network.run(cut_square(picture, region, side=HAND_SIDE), scale=1 / 255, offset=0)
        # (63,) -> (21, x y z)
        xy = self._network.output("Identity").reshape(HAND_POINTS, 3)[:, :2].astype(np.float64)
        return Hand(to_picture(xy, region, side=HAND_SIDE), float(self._network.output("Identity_1")[0]))


class HandFollower:
    """Follows one hand of one person through the pictures of a video. torso_px: length of that person's torso."""

    def __init__(self, network: HandNetwork, *, torso_px: float) -> None:
        self._network = network
        self._torso_px = torso_px
        self._before: tuple[Array, Array] | None = None

    def follow(self, picture: Picture, body: Array) -> NDArray[np.float32]:
        """The hand (21, 3) in the next picture.

        body: wrist, knuckle of the index and of the little finger, (3, 2) in pixels, as the body's network has them;
        NaN where it has not.
        """
        hand = self._find(picture, body) if np.isfinite(body).all() else None
        if hand is None:
            self._before = None
            return np.zeros((HAND_POINTS, 3), np.float32)
        self._before = hand.points, body
        return np.column_stack([hand.points, np.full(HAND_POINTS, hand.presence)]).astype(np.float32)

    def _find(self, picture: Picture, body: Array) -> Hand | None:
        if self._before is not None:
            points, body_before = self._before
            moved = points + (body - body_before).mean(axis=0)
            hand = self._network.look(picture, region_of_hand(moved))
            if self._is_it(hand, body):
                return hand
        first = self._network.look(picture, region_of_body(body, torso_px=self._torso_px))
        hand = self._network.look(picture, region_of_hand(first.points))
        return hand if self._is_it(hand, body) else None

    def _is_it(self, hand: Hand, body: Array) -> bool:
        away_px = float(np.hypot(*(hand.points[0] - body[0])))
        return hand.presence >= MIN_PRESENCE and away_px <= FARTHEST_TORSOS * self._torso_px


def region_of_body(body: Array, *, torso_px: float) -> Array:
    """Region of a hand from its wrist and the knuckles of index and little finger, (3, 2) in pixels."""
    wrist, index, little = body
    middle = (2 * index + little) / 3
    palm = middle - wrist
    side = max(SIDE_PALMS * float(np.hypot(*palm)), LEAST_SIDE_TORSOS * torso_px)
    return np.array([*middle, side, np.arctan2(palm[0], -palm[1])])


def region_of_hand(points: Array) -> Array:
    """Region in which to look again for a hand of which points (21, 2) are known."""
    knuckles = points[9] / 2 + (points[5] + points[13]) / 4
    return square_around(points[list(PALM_POINTS)], up=knuckles - points[0], share=BOX_SHARE, lift=BOX_LIFT)
