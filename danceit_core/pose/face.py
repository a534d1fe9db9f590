"""The face: 468 points on its surface, by the face network of MediaPipe on LiteRT, where the body's points say it is.

Nose, eyes and ears of BODY_25 give a region, the network's first points a better one, and the points of the frame
before the next one, as for `hands`. The order of the points is that of MediaPipe's face mesh: 33 and 263 are the outer
corners of the right and the left eye, 61 and 291 those of the mouth, 1 the tip of the nose, 10 the forehead, 152 the
chin. Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", 2019.

A face is float32 (468, 3): x and y in pixels of the picture, and as confidence how sure the network is that this is a
face, the same for all points; all 0 where it is not: seen from the side or from behind, there is none.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.media.letterbox import Picture
from danceit_core.pose.blazepose_people import sigmoid
from danceit_core.pose.crops import cut_square, square_around, to_picture
from danceit_core.pose.skeleton import LEFT_EAR, LEFT_EYE, NECK, NOSE, RIGHT_EAR, RIGHT_EYE, Keypoints, present
from danceit_core.pose.tflite import Network

FACE_FILE = "face_landmark.tflite"
FACE_SIDE, FACE_POINTS = 192, 468
MIN_PRESENCE = 0.5
RIGHT_EYE_CORNER, LEFT_EYE_CORNER, RIGHT_MOUTH_CORNER, LEFT_MOUTH_CORNER = 33, 263, 61, 291
HEAD_JOINTS = (NOSE, RIGHT_EYE, LEFT_EYE, RIGHT_EAR, LEFT_EAR)
# Sides of the regions, as multiples of the box around the head's joints (but no less than torsos: a head that is seen
# from the side has a narrow one) and of that around the face's points.
HEAD_SHARE, LEAST_SIDE_TORSOS, FACE_SHARE = 2.5, 0.35, 1.5
# How much the way from the neck to the eyes counts beside the line between the eyes, a third as long seen from the front.
NECK_SHARE = 0.1
# Farther than this from the body's nose it is somebody else's face.
FARTHEST_TORSOS = 0.2

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Face:
    """Points (468, 2) in pixels of the picture, and how sure the network is that there is a face, 0..1."""

    points: Array
    presence: float


class FaceNetwork:
    """Finds the points of a face in a region. Raises AssetError if the weights are missing or damaged."""

    def __init__(self, weights: Path, *, threads: int = 1) -> None:
        self._network = Network(weights / FACE_FILE, threads=threads)

    def look(self, picture: Picture, region: Array) -> Face:
        """What the region (`crops`) of a uint8 RGB picture holds, taken for a face; `presence` says whether it is."""
        self._network.run(cut_square(picture, region, side=FACE_SIDE), scale=1 / 255, offset=0)
        # (1, 1, 1404) -> (468, x y z)
        xy = self._network.output("conv2d_21").reshape(FACE_POINTS, 3)[:, :2].astype(np.float64)
        presence = float(sigmoid(self._network.output("conv2d_31")).item())
        return Face(to_picture(xy, region, side=FACE_SIDE), presence)


class FaceFollower:
    """Follows the face of one person through the pictures of a video. torso_px: length of that person's torso."""

    def __init__(self, network: FaceNetwork, *, torso_px: float) -> None:
        self._network = network
        self._torso_px = torso_px
        self._before: tuple[Array, Array] | None = None

    def follow(self, picture: Picture, keypoints: Keypoints) -> NDArray[np.float32]:
        """The face (468, 3) in the next picture, given the body's (25, 3) keypoints in it."""
        nose = keypoints[NOSE, :2].astype(np.float64)
        face = self._find(picture, keypoints, nose) if present(keypoints)[list(HEAD_JOINTS)].all() else None
        if face is None:
            self._before = None
            return np.zeros((FACE_POINTS, 3), np.float32)
        self._before = face.points, nose
        return np.column_stack([face.points, np.full(FACE_POINTS, face.presence)]).astype(np.float32)

    def _find(self, picture: Picture, keypoints: Keypoints, nose: Array) -> Face | None:
        if self._before is not None:
            points, nose_before = self._before
            face = self._network.look(picture, region_of_face(points + nose - nose_before))
            if self._is_it(face, nose):
                return face
        first = self._network.look(picture, region_of_head(keypoints, torso_px=self._torso_px))
        if first.presence < MIN_PRESENCE:
            return None
        face = self._network.look(picture, region_of_face(first.points))
        return face if self._is_it(face, nose) else None

    def _is_it(self, face: Face, nose: Array) -> bool:
        away_px = float(np.hypot(*(face.points[1] - nose)))
        return face.presence >= MIN_PRESENCE and away_px <= FARTHEST_TORSOS * self._torso_px


def region_of_head(keypoints: Keypoints, *, torso_px: float) -> Array:
    """Region of a face from the (25, 3) keypoints of the body: around nose, eyes and ears.

    Up is across the line of the eyes, away from the neck; seen from the side that line is short, and the neck decides.
    """
    xy = keypoints[:, :2].astype(np.float64)
    across = xy[LEFT_EYE] - xy[RIGHT_EYE]
    up = np.array([across[1], -across[0]])
    if present(keypoints)[NECK]:
        from_neck = (xy[LEFT_EYE] + xy[RIGHT_EYE]) / 2 - xy[NECK]
        up = (up if up @ from_neck >= 0 else -up) + NECK_SHARE * from_neck
    x, y, side, rotation = square_around(xy[list(HEAD_JOINTS)], up=up, share=HEAD_SHARE)
    return np.array([x, y, max(side, LEAST_SIDE_TORSOS * torso_px), rotation])


def region_of_face(points: Array) -> Array:
    """Region in which to look again for a face of which points (468, 2) are known: upright from mouth to eyes."""
    eyes = (points[RIGHT_EYE_CORNER] + points[LEFT_EYE_CORNER]) / 2
    mouth = (points[RIGHT_MOUTH_CORNER] + points[LEFT_MOUTH_CORNER]) / 2
    return square_around(points, up=eyes - mouth, share=FACE_SHARE)
