"""The face: 468 points on its surface, by the face network of MediaPipe on LiteRT, located by the body's points.

Nose, eyes, ears and mouth of BlazePose give a region, the network's first points a better one, and the points of the
frame before the next one, as for `hands`. The order of the points is that of MediaPipe's face mesh: 33 and 263 are the
outer corners of the right and the left eye, 61 and 291 those of the mouth, 1 is the tip of the nose, 10 on the
forehead, 152 on the chin. Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs",
2019.

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
from danceit_core.pose.landmarks import Body
from danceit_core.pose.tflite import Network

FACE_FILE = "face_landmark.tflite"
FACE_SIDE, FACE_POINTS = 192, 468
MIN_PRESENCE = 0.5
# Of the face's points: outer corners of the eyes, corners of the mouth.
TIP_OF_NOSE, RIGHT_EYE, LEFT_EYE, RIGHT_MOUTH, LEFT_MOUTH = 1, 33, 263, 61, 291
# BlazePose's points of nose, eyes, ears and corners of the mouth, the left one of each pair first.
NOSE, EYES, EARS, MOUTH = 0, (2, 5), (7, 8), (9, 10)
HEAD_POINTS = (NOSE, *EYES, *EARS, *MOUTH)
# Sides of the regions as multiples of the box around the head's points, but no less than this share of the side of the
# body's region (a head that is seen from the side has a narrow box), and of the box around the face's points.
HEAD_SHARE, LEAST_SIDE, FACE_SHARE = 2.5, 0.08, 1.5
# A face farther from the body's nose than this share (0.2 torsos) belongs to somebody else.
FARTHEST = 0.045

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
        """The points of a face in the region (`crops`) of a uint8 RGB picture; `presence` says whether it is one."""
        self._network.run(cut_square(picture, region, side=FACE_SIDE), scale=1 / 255, offset=0)
        # (1, 1, 1404) -> (468, x y z)
        xy = self._network.output("conv2d_21").reshape(FACE_POINTS, 3)[:, :2].astype(np.float64)
        presence = float(sigmoid(self._network.output("conv2d_31")).item())
        return Face(to_picture(xy, region, side=FACE_SIDE), presence)


class FaceFollower:
    """Follows the face of one person through the pictures of a video."""

    def __init__(self, network: FaceNetwork) -> None:
        self._network = network
        self._before: tuple[Array, Array] | None = None

    def follow(self, picture: Picture, body: Body | None) -> NDArray[np.float32]:
        """The face (468, 3) of the person in the next picture. body: None if there is nobody."""
        face = None if body is None else self._find(picture, body)
        if face is None or body is None:
            self._before = None
            return np.zeros((FACE_POINTS, 3), np.float32)
        self._before = face.points, body.points[NOSE]
        return np.column_stack([face.points, np.full(FACE_POINTS, face.presence)]).astype(np.float32)

    def _find(self, picture: Picture, body: Body) -> Face | None:
        if self._before is not None:
            points, nose_before = self._before
            face = self._network.look(picture, region_of_face(points + body.points[NOSE] - nose_before))
            if is_of_body(face, body):
                return face
        first = self._network.look(picture, region_of_head(body.points, body_px=float(body.region[2])))
        if first.presence < MIN_PRESENCE:
            return None
        face = self._network.look(picture, region_of_face(first.points))
        return face if is_of_body(face, body) else None


def region_of_head(points: Array, *, body_px: float) -> Array:
    """Region of a face from the body's points (33, 2): around the head's, upright from the mouth to the eyes.

    body_px: side of the region of the whole body.
    """
    up = points[list(EYES)].mean(axis=0) - points[list(MOUTH)].mean(axis=0)
    x, y, side, rotation = square_around(points[list(HEAD_POINTS)], up=up, share=HEAD_SHARE)
    return np.array([x, y, max(side, LEAST_SIDE * body_px), rotation])


def region_of_face(points: Array) -> Array:
    """Region in which to search again for a face with known points (468, 2)."""
    up = (points[RIGHT_EYE] + points[LEFT_EYE] - points[RIGHT_MOUTH] - points[LEFT_MOUTH]) / 2
    return square_around(points, up=up, share=FACE_SHARE)


def is_of_body(face: Face, body: Body) -> bool:
    """Whether this is a face, and belongs to this body."""
    away_px = float(np.hypot(*(face.points[TIP_OF_NOSE] - body.points[NOSE])))
    return face.presence >= MIN_PRESENCE and away_px <= FARTHEST * float(body.region[2])
