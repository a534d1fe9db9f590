"""Keypoints of a frame store by a detector of the user's choice (paper III-A uses OpenPose; any that gives BODY_25).

A detector is a function from a frame store to a `Detection`. To add one, write a module with such a function and add it
to `DETECTORS`; for a detector that processes picture by picture, `estimate.estimate_frames` provides the loop.
"""

from collections.abc import Callable
from pathlib import Path

from danceit_core.config import PoseSettings
from danceit_core.errors import PoseError
from danceit_core.pose.blazepose import detect_with_blazepose
from danceit_core.pose.estimate import Detection, FrameSink, Progress
from danceit_core.pose.opencv_network import detect_with_opencv
from danceit_core.pose.openpose_binary import detect_with_openpose

DETECTORS: dict[str, Callable[..., Detection]] = {
    "blazepose": detect_with_blazepose,
    "openpose": detect_with_openpose,
    "opencv": detect_with_opencv,
}


def detect_keypoints(
    frames_path: str | Path,
    *,
    settings: PoseSettings,
    weights: Path,
    is_target: bool = False,
    at_px: float | None = None,
    sink: FrameSink | None = None,
    outline: bool = True,
    progress: Progress | None = None,
) -> Detection:
    """BODY_25 keypoints of every frame of a frame store, pixels of its frames, and the number of persons seen.

    weights: folder of the weights that this project fetches (`blazepose`); the others have paths in the settings.
    at_px: first follow the person nearest to this x in pixels (`blazepose` only); None: the largest person. is_target:
    whether this is a target person, for whom `pose.mirror` may request more accuracy. sink: receives the picture and
    body of each frame (`blazepose` only); outline: whether with the outline.
    Raises PoseError for an unknown detector, MediaError for a file that is not a video, AssetError for missing weights,
    ConfigError for a program or network that is not where the settings say.
    """
    if settings.detector not in DETECTORS:
        raise PoseError(f"pose.detector is {settings.detector!r}; known detectors: {', '.join(sorted(DETECTORS))}")
    detect = DETECTORS[settings.detector]
    if settings.detector != "blazepose":
        return detect(frames_path, settings=settings, weights=Path(weights), progress=progress)
    given = {"is_target": is_target, "at_px": at_px, "sink": sink, "outline": outline}
    return detect(frames_path, settings=settings, weights=Path(weights), progress=progress, **given)
