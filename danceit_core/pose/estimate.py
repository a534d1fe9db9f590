"""What a detector of keypoints gives, and the loop of those that look at one picture after the other."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from danceit_core.media.ahead import made_ahead
from danceit_core.media.letterbox import Picture
from danceit_core.media.video import decode_frames, probe
from danceit_core.pose.skeleton import JOINTS, Keypoints

Progress = Callable[[int, int], None]
# Pictures decoded ahead: enough that neither side waits for the other, few enough to weigh nothing.
DECODED_AHEAD = 8


@dataclass(frozen=True)
class Detection:
    """Keypoints (T, 25, 3) of one person, and how many persons are seen around each frame, int16 (T,).

    people is None where they were not counted.
    """

    keypoints: Keypoints
    people: NDArray[np.int16] | None


@dataclass(frozen=True)
class Hindsight:
    """What a picture tells of those before it.

    people: for how many pictures back there were as many persons as now; withdrawn: in how many the keypoints may be
    another person's.
    """

    people: int = 0
    withdrawn: int = 0


class PoseEstimator(Protocol):
    """Follows one person through the pictures of one video."""

    def estimate(self, picture: Picture) -> Keypoints:
        """BODY_25 keypoints (25, 3) of the next picture, uint8 RGB; all 0 if there is no person."""

    @property
    def people(self) -> int | None:
        """How many persons are seen around the last picture, None if this estimator does not count."""

    @property
    def hindsight(self) -> Hindsight:
        """What the last picture tells of those before it."""


def estimate_frames(
    frames_path: str | Path, *, make: Callable[[float], PoseEstimator], progress: Progress | None = None
) -> Detection:
    """Run an estimator over every frame of a frame store; the next frames are decoded meanwhile.

    make: makes the estimator, given the frame rate. Raises MediaError for a file that is no video.
    """
    info = probe(frames_path)
    estimator = make(info.fps)
    total = max(1, round(info.duration_s * info.fps))
    keypoints: list[Keypoints] = []
    people: list[int | None] = []
    with made_ahead(decode_frames(frames_path, fps=info.fps, size=None), most=DECODED_AHEAD) as pictures:
        for picture in pictures:
            keypoints.append(estimator.estimate(picture))
            people.append(estimator.people)
            look_back(keypoints, people, estimator.hindsight)
            if progress is not None:
                progress(len(keypoints), max(total, len(keypoints)))
    counts = None if None in people else np.array(people, np.int16)
    return Detection(np.stack(keypoints).reshape(-1, JOINTS, 3), counts)


def look_back(keypoints: list[Keypoints], people: list[int | None], hindsight: Hindsight) -> None:
    """Correct what was found in the pictures before the last one."""
    last, now = len(people) - 1, people[-1]
    for frame in range(max(0, last - hindsight.withdrawn), last):
        keypoints[frame] = np.zeros((JOINTS, 3), np.float32)
    if now is not None:
        for frame in range(max(0, last - hindsight.people), last):
            people[frame] = max(people[frame] or 0, now)
