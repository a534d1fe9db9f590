"""Keypoints of a frame store by a detector of the user's choice (paper III-A uses OpenPose; any that gives BODY_25).

A detector is a class that is made once a video and estimates picture after picture. To add one, write a module with
such a class and enter a function that makes it in `DETECTORS`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from danceit_core.config import PoseSettings
from danceit_core.errors import PoseError
from danceit_core.media.letterbox import Picture
from danceit_core.media.video import decode_frames, probe
from danceit_core.pose.blazepose import BlazePose
from danceit_core.pose.skeleton import JOINTS, Keypoints

MIN_PERSON_SHARE = 0.1
# Twice as fast as one thread, with the same numbers; more gain little on networks this small.
DETECTOR_THREADS = 2


class PoseEstimator(Protocol):
    """Follows one person through the pictures of one video."""

    def estimate(self, picture: Picture) -> Keypoints:
        """BODY_25 keypoints (25, 3) of the next picture, uint8 RGB; all 0 if there is no person."""


def _make_blazepose(weights: Path, fps: float, settings: PoseSettings) -> PoseEstimator:
    return BlazePose(
        weights, fps=fps, confidence_floor=settings.confidence_floor, smooth=settings.smooth, threads=DETECTOR_THREADS
    )


DETECTORS: dict[str, Callable[[Path, float, PoseSettings], PoseEstimator]] = {"blazepose": _make_blazepose}


def detect_keypoints(
    frames_path: str | Path,
    *,
    settings: PoseSettings,
    weights: Path,
    progress: Callable[[int, int], None] | None = None,
) -> Keypoints:
    """BODY_25 keypoints (T, 25, 3) of every frame of a frame store, pixels of its frames; no person: all 0.

    weights: folder of the detector's weights. Raises PoseError for an unknown detector, MediaError for a file that is
    no video, AssetError for missing weights.
    """
    if settings.detector not in DETECTORS:
        raise PoseError(f"pose.detector is {settings.detector!r}; known detectors: {', '.join(sorted(DETECTORS))}")
    info = probe(frames_path)
    estimator = DETECTORS[settings.detector](Path(weights), info.fps, settings)
    total = max(1, round(info.duration_s * info.fps))
    rows = []
    for frame in decode_frames(frames_path, fps=info.fps, size=None):
        rows.append(estimator.estimate(frame))
        if progress is not None:
            progress(len(rows), max(total, len(rows)))
    return np.stack(rows).reshape(-1, JOINTS, 3)


def check_person(keypoints: Keypoints, path: str | Path) -> None:
    """Raise PoseError if a person is found in fewer than a tenth of the frames of (T, 25, 3) keypoints."""
    found = int((keypoints[..., 2] > 0).any(axis=-1).sum())
    if found < max(1, MIN_PERSON_SHARE * len(keypoints)):
        raise PoseError(
            f"{path}: no person in it: found in {found} of {len(keypoints)} frames, {MIN_PERSON_SHARE:.0%} are needed; "
            "one person should be in view from head to feet"
        )
