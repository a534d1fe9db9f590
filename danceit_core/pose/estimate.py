"""The result of a keypoint detector, and the loop for detectors that process picture by picture.

The loop works in both directions. Where a person is found, the previous pictures without one are searched again,
backwards from there; and keypoints that later pictures show to be another person's are withdrawn. So a frame is settled
only after the following `SETTLED_S` seconds have been seen; their pictures are kept in memory.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from danceit_core.media.ahead import made_ahead
from danceit_core.media.letterbox import Picture
from danceit_core.media.video import decode_frames, probe
from danceit_core.pose.landmarks import Body
from danceit_core.pose.skeleton import JOINTS, Keypoints, torso_length

Progress = Callable[[int, int], None]
# Receives each picture with the body in it, or None, in order, as soon as the frame is settled.
FrameSink = Callable[[Picture, Body | None], None]
# Pictures decoded ahead: enough that neither side waits for the other, and few enough to need little memory.
DECODED_AHEAD = 8
# Later pictures do not affect a frame this long ago; a little longer than `identity` waits between checks.
SETTLED_S = 1.1
# Maximum confidence of a joint outside the picture.
GUESSED = 0.01
FINGERS = 6
KEYPOINTS = 3 * JOINTS

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Detection:
    """One person in every frame of a video.

    keypoints: (T, 25, 3); people: number of persons seen around each frame, int16 (T,), None if not counted. If the
    detector provides them, else None: depth (T, 25) in torso lengths (the median torso of the video's frames in
    pixels), positive towards the camera, relative to the hips' middle, NaN where absent; world (T, 25, 3) in metres
    relative to the hips' middle (x right, y down, z away from the camera), NaN where absent; fingers (T, 6, 3) like
    keypoints: thumb, index, little finger of the right, then of the left hand. If requested, else None: hands
    (T, 2, 21, 3), the right one first, and face (T, 468, 3), as described in `hands` and `face`.

    If each of several dancers is followed (`tracks`): rows R instead of frames T, with the frame and the track of each
    row, int32 (R,); otherwise both are None and row k is frame k.
    """

    keypoints: Keypoints
    people: NDArray[np.int16] | None
    depth: Values | None = None
    world: Values | None = None
    fingers: Keypoints | None = None
    hands: Keypoints | None = None
    face: Keypoints | None = None
    frame: NDArray[np.int32] | None = None
    track: NDArray[np.int32] | None = None


@dataclass(frozen=True)
class Estimate:
    """The person in one picture: as in `Detection`, of one frame; depth_px is in pixels. body: for `FrameSink`."""

    keypoints: Keypoints
    depth_px: Values | None = None
    world: Values | None = None
    fingers: Keypoints | None = None
    body: Body | None = None


@dataclass(frozen=True)
class Hindsight:
    """What a picture reveals about the previous ones.

    people: the number of previous pictures with as many persons as now; withdrawn: the number in which the keypoints
    may be another person's.
    """

    people: int = 0
    withdrawn: int = 0


class PoseEstimator(Protocol):
    """Follows one person through the pictures of one video."""

    def estimate(self, picture: Picture) -> Estimate | None:
        """The person in the next picture, uint8 RGB; None if there is none."""

    def estimate_before(self, picture: Picture, after: Estimate) -> Estimate | None:
        """The person in the picture before that of `after`; None if not in view or unknown."""

    @property
    def people(self) -> int | None:
        """The number of persons seen around the last picture, None if this estimator does not count."""

    @property
    def hindsight(self) -> Hindsight:
        """What the last picture reveals about the previous ones."""


@dataclass
class _Frame:
    picture: Picture
    found: Estimate | None
    # What is withdrawn stays so.
    withdrawn: bool = False


def estimate_frames(
    frames_path: str | Path,
    *,
    make: Callable[[float], PoseEstimator],
    sink: FrameSink | None = None,
    progress: Progress | None = None,
) -> Detection:
    """Run an estimator over every frame of a frame store, decoding the next frames meanwhile.

    make: makes the estimator, given the frame rate. Raises MediaError for a file that is not a video.
    """
    info = probe(frames_path)
    total = max(1, round(info.duration_s * info.fps))
    told = None if progress is None else lambda done: progress(done, max(total, done))
    with made_ahead(decode_frames(frames_path, fps=info.fps, size=None), most=DECODED_AHEAD) as pictures:
        return estimate_pictures(pictures, make(info.fps), fps=info.fps, sink=sink, done=told)


def estimate_pictures(
    pictures: Iterable[Picture],
    estimator: PoseEstimator,
    *,
    fps: float,
    sink: FrameSink | None = None,
    done: Callable[[int], None] | None = None,
) -> Detection:
    """Run an estimator over the pictures of a video, uint8 RGB (H, W, 3) each. done: gets the number of them so far."""
    pending: deque[_Frame] = deque()
    rows: list[Values | None] = []
    people: list[int | None] = []

    def settle() -> None:
        frame = pending.popleft()
        rows.append(None if frame.found is None else row_of(frame.found))
        if sink is not None:
            sink(frame.picture, None if frame.found is None else frame.found.body)

    for picture in pictures:
        pending.append(_Frame(picture, estimator.estimate(picture)))
        people.append(estimator.people)
        look_back(pending, people, estimator.hindsight)
        fill_before(pending, estimator)
        if len(pending) > SETTLED_S * fps:
            settle()
        if done is not None:
            done(len(people))
    while pending:
        settle()
    return gather(rows, people)


def look_back(pending: "deque[_Frame]", people: list[int | None], hindsight: Hindsight) -> None:
    """Correct the results of the previous pictures."""
    last, now = len(people) - 1, people[-1]
    for frame in range(max(0, len(pending) - 1 - hindsight.withdrawn), len(pending) - 1):
        pending[frame].found, pending[frame].withdrawn = None, True
    if now is not None:
        for number in range(max(0, last - hindsight.people), last):
            people[number] = max(people[number] or 0, now)


def fill_before(pending: "deque[_Frame]", estimator: PoseEstimator) -> None:
    """Search the pictures without a person just before the last one, backwards from there."""
    after = pending[-1].found
    for frame in list(pending)[-2::-1]:
        if after is None or frame.found is not None or frame.withdrawn:
            return
        after = frame.found = estimator.estimate_before(frame.picture, after)


def gather(rows: list[Values | None], people: list[int | None]) -> Detection:
    """The frames' numbers (`row_of`, None where there is nobody) as arrays."""
    counts = None if None in people else np.array(people, np.int16)
    found = np.array([row is not None for row in rows], bool)
    values = np.stack([row for row in rows if row is not None]) if found.any() else np.zeros((0, KEYPOINTS))
    keypoints = _spread(values[:, :KEYPOINTS], found, absent=0).reshape(-1, JOINTS, 3)
    if values.shape[1] == KEYPOINTS:
        return Detection(keypoints, counts)
    fingers, depth_px, world = np.split(values[:, KEYPOINTS:], np.cumsum([3 * FINGERS, JOINTS]), axis=1)
    torso_px = torso_length(keypoints)
    torso_px = torso_px[torso_px > 0]
    depth = np.asarray(depth_px, np.float32) / np.float32(np.median(torso_px) if len(torso_px) else np.nan)
    return Detection(
        keypoints,
        counts,
        depth=_spread(depth, found, absent=np.nan),
        world=_spread(world, found, absent=np.nan).reshape(-1, JOINTS, 3),
        fingers=_spread(fingers, found, absent=0).reshape(-1, FINGERS, 3),
    )


def row_of(estimate: Estimate) -> Values:
    """All numbers of a frame in one array: separate objects would need more memory than the numbers of an hour."""
    parts = (estimate.keypoints, estimate.fingers, estimate.depth_px, estimate.world)
    return np.concatenate([part.ravel() for part in parts if part is not None])


def _spread(values: NDArray[Any], found: NDArray[np.bool_], *, absent: float) -> Values:
    """Rows (n, k) at the n frames of (T,) that are `found`, `absent` in the others: (T, k)."""
    spread = np.full((len(found), values.shape[1]), absent, np.float32)
    spread[found] = values
    return spread
