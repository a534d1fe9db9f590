"""Hands and face of the person whose body is known, in a second pass over the frames, where the settings ask for them.

A pass of its own, since the body's points are then known from before and after each frame, whatever detector gave
them; it decodes the frame store again, which takes far less time than the networks.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.config import PoseSettings
from danceit_core.errors import ConfigError
from danceit_core.media.ahead import made_ahead
from danceit_core.media.letterbox import Picture
from danceit_core.media.video import decode_frames, probe
from danceit_core.pose.estimate import DECODED_AHEAD, Detection, Progress
from danceit_core.pose.face import FACE_POINTS, FaceFollower, FaceNetwork
from danceit_core.pose.hands import HAND_POINTS, HandFollower, HandNetwork
from danceit_core.pose.skeleton import HANDS, Keypoints, present, torso_length

Array = NDArray[np.float32]
Look = Callable[[Picture, int], Array]


def add_details(
    frames_path: str | Path,
    detection: Detection,
    *,
    settings: PoseSettings,
    weights: Path,
    progress: Progress | None = None,
) -> Detection:
    """The detection with `hands` (T, 2, 21, 3) and `face` (T, 468, 3), each if the settings ask for it.

    weights: folder of the networks. Raises ConfigError for hands of a detector that gives no fingers, AssetError for
    missing weights, MediaError for a file that is no video.
    """
    if not (settings.hands or settings.face):
        return detection
    torso_px = _usual_torso(detection.keypoints)
    looks: dict[str, Look] = {}
    found: dict[str, Array] = {}
    if settings.hands:
        looks["hands"] = _hand_look(detection, settings=settings, weights=weights, torso_px=torso_px)
        found["hands"] = np.zeros((len(detection.keypoints), len(HANDS), HAND_POINTS, 3), np.float32)
    if settings.face:
        looks["face"] = _face_look(detection.keypoints, weights=weights, torso_px=torso_px)
        found["face"] = np.zeros((len(detection.keypoints), FACE_POINTS, 3), np.float32)
    frames = decode_frames(frames_path, fps=probe(frames_path).fps, size=None)
    with made_ahead(frames, most=DECODED_AHEAD) as pictures:
        for frame, picture in enumerate(pictures):
            for name, look in looks.items():
                found[name][frame] = look(picture, frame)
            if progress is not None:
                progress(frame + 1, len(detection.keypoints))
    return replace(detection, **found)


def _hand_look(detection: Detection, *, settings: PoseSettings, weights: Path, torso_px: float) -> Look:
    """Both hands (2, 21, 3) of a frame, the right one first."""
    if detection.fingers is None:
        raise ConfigError(
            f"pose.hands is true, but the detector {settings.detector} does not say where index and little finger "
            "are; set pose.detector to blazepose, or pose.hands to false"
        )
    bodies = palms(detection.keypoints, detection.fingers)
    network = HandNetwork(weights)
    followers = [HandFollower(network, torso_px=torso_px) for _ in HANDS]

    def look(picture: Picture, frame: int) -> Array:
        return np.stack(
            [follower.follow(picture, body) for follower, body in zip(followers, bodies[frame], strict=True)]
        )

    return look


def _face_look(keypoints: Keypoints, *, weights: Path, torso_px: float) -> Look:
    """The face (468, 3) of a frame."""
    follower = FaceFollower(FaceNetwork(weights), torso_px=torso_px)
    return lambda picture, frame: follower.follow(picture, keypoints[frame])


def palms(keypoints: Keypoints, fingers: Array) -> NDArray[np.float64]:
    """Wrist, index and little finger (T, 2, 3, 2) in pixels, the right hand first; NaN where one of them is absent.

    keypoints: (T, 25, 3); fingers: (T, 6, 3), thumb, index and little finger of the right, then of the left hand.
    """
    # (T, 6, 3) -> (T, 2 hands, 3 fingers, 3)
    sides = fingers.reshape(len(fingers), 2, 3, 3)
    points = np.concatenate([keypoints[:, HANDS, None], sides[:, :, 1:]], axis=2)
    known = (points[..., 2] > 0).all(axis=2)
    return np.where(known[..., None, None], points[..., :2].astype(np.float64), np.nan)


def _usual_torso(keypoints: Keypoints) -> float:
    """Median torso length in pixels; 1 where no torso is seen."""
    lengths = torso_length(keypoints)
    seen = lengths[present(keypoints).any(axis=-1) & (lengths > 0)]
    return float(np.median(seen)) if len(seen) else 1.0
