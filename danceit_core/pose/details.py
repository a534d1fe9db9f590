"""Find hands and face of the person whose body BlazePose follows, if the settings request them.

They are searched as soon as a frame is settled (`estimate.FrameSink`), so that no picture is decoded twice.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.config import PoseSettings
from danceit_core.errors import ConfigError
from danceit_core.media.letterbox import Picture
from danceit_core.pose.estimate import Detection, FrameSink
from danceit_core.pose.face import FACE_POINTS, FaceFollower, FaceNetwork
from danceit_core.pose.hands import HAND_POINTS, PALMS, HandFollower, HandNetwork
from danceit_core.pose.landmarks import Body

FOR_WHOM = ("none", "targets", "all")


class Details:
    """A `FrameSink` that finds hands and face, and adds them to the detection after all frames.

    hands, face: whether to find them. weights: folder of the networks. Raises AssetError if they are missing or
    damaged.
    """

    def __init__(self, *, hands: bool, face: bool, weights: Path) -> None:
        network = HandNetwork(weights) if hands else None
        self._hands = [HandFollower(network, side=side) for side in PALMS] if network else []
        self._face = FaceFollower(FaceNetwork(weights)) if face else None
        self._found_hands: list[NDArray[np.float32]] = []
        self._found_faces: list[NDArray[np.float32]] = []

    def __call__(self, picture: Picture, body: Body | None) -> None:
        """Look at the next picture, uint8 RGB, with the body that is in it."""
        if self._hands:
            self._found_hands.append(np.stack([hand.follow(picture, body) for hand in self._hands]))
        if self._face is not None:
            self._found_faces.append(self._face.follow(picture, body))

    def add_to(self, detection: Detection) -> Detection:
        """The detection with `hands` (T, 2, 21, 3) and `face` (T, 468, 3), as far as they were requested."""
        hands = np.array(self._found_hands, np.float32).reshape(-1, len(PALMS), HAND_POINTS, 3)
        face = np.array(self._found_faces, np.float32).reshape(-1, FACE_POINTS, 3)
        return replace(detection, hands=hands if self._hands else None, face=face if self._face is not None else None)


def wanted_details(settings: PoseSettings, *, weights: Path, is_target: bool) -> Details | None:
    """The details that the settings request for a video besides the joints; None if nothing.

    Raises ConfigError for an unknown choice, and if the detector is another than BlazePose.
    """
    wanted = {}
    for key in ("hands", "face"):
        choice = getattr(settings, key)
        if choice not in FOR_WHOM:
            raise ConfigError(f"pose.{key} is {choice!r}; choose one of: {', '.join(FOR_WHOM)}")
        if choice != "none" and settings.detector != "blazepose":
            raise ConfigError(
                f"pose.{key} is {choice}, but only the detector blazepose supports it, not {settings.detector}; set "
                f"pose.detector to blazepose, or pose.{key} to none"
            )
        wanted[key] = choice == "all" or (choice == "targets" and is_target)
    return Details(**wanted, weights=weights) if any(wanted.values()) else None


def share_frames(sinks: list[FrameSink]) -> FrameSink | None:
    """One sink that gives each frame to all of these; None if there are none."""
    if len(sinks) < 2:
        return sinks[0] if sinks else None

    def share(picture: Picture, body: Body | None) -> None:
        for sink in sinks:
            sink(picture, body)

    return share
