"""Whether the painted person is recognisable: distances between painted and real faces.

    identity_distance      mean distance of the painted faces from the person's own faces
    identity_distance_own  mean distance of the person's own faces from one another: effect of expression, light, size
    identity_share         share of the painted faces that lie within SAME of the person's own, 0..1
    identity_faces         number of painted faces judged

Distance: Euclidean, between descriptors of dlib's face network (`face_descriptor`), which was trained to place faces of
one person within 0.6 of each other and faces of two persons farther apart; from one face to several, the mean. A face
is judged if its joints show it towards the camera, MediaPipe's face network confirms a face, and the outer corners of
its eyes are at least MIN_EYES_PX apart; with fewer pixels, real faces of one person are already 0.55 apart. NaN if no
face can be judged.

On real videos: the frames of one portrait are 0.31 apart (35 px from eye to eye), those of another 0.29 (52 px); these
two women are 0.51 apart, and 0.7 to 0.9 from three other people. The threshold of 0.6 does not separate two people who
look alike: compare the distance with that of the person's own faces rather than with the threshold.

Pictures uint8 RGB (H, W, 3); poses (N, 25, 3) in their pixels.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.imagination.networks.face import faces_camera
from danceit_core.imagination.networks.face_descriptor import DESCRIPTOR, cut_face, load_face_descriptor
from danceit_core.media.letterbox import Picture
from danceit_core.media.video import each_frame, probe
from danceit_core.pose.crops import square_around
from danceit_core.pose.face import LEFT_EYE, MIN_PRESENCE, RIGHT_EYE, FaceNetwork, region_of_face
from danceit_core.pose.skeleton import NECK, NOSE, Keypoints, present
from danceit_core.pose.table import PoseTable

SAME = 0.6
MIN_EYES_PX = 16.0
# Faces that are examined in a video, spread over it.
FACES = 24
HEAD = (0, 15, 16, 17, 18)
# Side of the first search region for a face, as a multiple of the box of the head's joints and of nose to neck.
HEAD_SHARE, NECK_SHARE = 2.2, 1.2
Descriptors = NDArray[np.float32]


class FaceJudge:
    """Describes faces and compares them.

    pose_weights: folder with `face_landmark.tflite`; face_weights: folder of `assets.fetch_face_network`. Raises
    AssetError if a file is missing or damaged.
    """

    def __init__(self, pose_weights: str | Path, face_weights: str | Path) -> None:
        self._finder = FaceNetwork(Path(pose_weights))
        self._network = load_face_descriptor(Path(face_weights))

    def __call__(self, painted: Iterable[Picture], real: Iterable[Picture], poses: Keypoints) -> dict[str, float]:
        """The module's figures for painted pictures, compared with the real pictures of the same poses."""
        return identity_scores(self.describe(painted, poses), self.describe(real, poses))

    def describe(self, pictures: Iterable[Picture], poses: Keypoints) -> Descriptors:
        """Descriptors (M, 128) of the faces that can be judged, M <= N."""
        chips = [
            chip
            for picture, pose, seen in zip(pictures, poses, faces_camera(poses), strict=True)
            if seen and (chip := self._cut(picture, pose)) is not None
        ]
        return self._network.describe(np.stack(chips)) if chips else np.zeros((0, DESCRIPTOR), np.float32)

    def describe_video(self, path: str | Path, poses: PoseTable) -> Descriptors:
        """Descriptors of up to FACES frames of a video that show the face; poses: its table, of any size."""
        info = probe(path)
        keypoints = poses.keypoints.copy()
        keypoints[..., :2] *= np.array([info.width / poses.size[0], info.height / poses.size[1]], np.float32)
        numbers = np.flatnonzero(faces_camera(keypoints))
        if len(numbers):
            numbers = np.unique(numbers[np.linspace(0, len(numbers) - 1, FACES).round().astype(int)])
        return self.describe(each_frame(path, numbers), keypoints[numbers])

    def _cut(self, picture: Picture, pose: Keypoints) -> Picture | None:
        face = self._finder.look(picture, _region_of_head(pose))
        if face.presence < MIN_PRESENCE:
            return None
        face = self._finder.look(picture, region_of_face(face.points))
        apart_px = np.hypot(*(face.points[LEFT_EYE] - face.points[RIGHT_EYE]))
        if face.presence < MIN_PRESENCE or apart_px < MIN_EYES_PX:
            return None
        return cut_face(picture, face.points)


def identity_scores(shown: Descriptors, own: Descriptors) -> dict[str, float]:
    """The module's figures for the faces shown (M, 128), compared with the person's own (K, 128)."""
    nothing = float("nan")
    scores = {"identity_distance": nothing, "identity_share": nothing, "identity_faces": float(len(shown))}
    if len(shown) and len(own):
        apart = _distances(shown, own).mean(1)
        scores |= {"identity_distance": float(apart.mean()), "identity_share": float((apart <= SAME).mean())}
    pairs = _distances(own, own)[np.triu_indices(len(own), 1)]
    return scores | {"identity_distance_own": float(pairs.mean()) if len(pairs) else nothing}


def _distances(a: Descriptors, b: Descriptors) -> NDArray[np.float64]:
    return np.linalg.norm(a[:, None].astype(np.float64) - b[None], axis=-1)


def _region_of_head(pose: Keypoints) -> NDArray[np.float64]:
    """Where to look for the face of a pose (25, 3) that has a nose and a neck."""
    up = (pose[NOSE, :2] - pose[NECK, :2]).astype(np.float64)
    there = [joint for joint in HEAD if present(pose)[joint]]
    x, y, side, rotation = square_around(pose[there, :2].astype(np.float64), up=up, share=HEAD_SHARE)
    return np.array([x, y, max(side, NECK_SHARE * np.hypot(*up)), rotation])
