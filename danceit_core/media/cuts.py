"""Find camera cuts in one pass over a video: a dance fragment must not span two shots (paper III-A).

PySceneDetect's adaptive detector proposes frames whose change stands out from that of their neighbours; fast movement
of the dancer or the camera changes all of them. A proposal is confirmed if no picture just before it shows the same
view as one just after it: after a flash the old view returns, and a change of light leaves edges in place. Fades and
dissolves are not detected, nor are cuts in the first three and last two pictures.
"""

import collections

import cv2
import numpy as np
from numpy.typing import NDArray
from scenedetect import AdaptiveDetector, FrameTimecode

from danceit_core.media.letterbox import Picture

DETECTOR_SIDE = 128
VIEW_SIDE = 48
REACH_S = 1 / 3
# Minimum correlation of the fine structure of two pictures of one view; for two shots it stays below 0.4.
SAME_VIEW = 0.6
# Minimum mean change of hue, saturation and brightness at a cut: PySceneDetect's default.
MIN_CHANGE = 15.0
# A picture that is shown for longer is a still, not part of a slow video.
SLOWEST_FPS = 4

View = NDArray[np.float32]


class CutFinder:
    """Takes the pictures of a video one after the other and names the frames at which a new shot begins.

    threshold: ratio of the change at a cut to that of its neighbours, > 0. fps: frames per second.
    """

    def __init__(self, *, threshold: float, fps: float) -> None:
        self._fps = float(fps)
        self._reach = max(2, round(REACH_S * fps))
        self._detector = AdaptiveDetector(adaptive_threshold=threshold, min_scene_len=1, min_content_val=MIN_CHANGE)
        self._frames = 0
        # Frame number and view of the examined pictures (repeated pictures are skipped).
        self._seen = 0
        self._looked_at: dict[int, tuple[int, View]] = {}
        self._repeats = 0
        self._last: Picture | None = None
        self._proposed: collections.deque[int] = collections.deque()
        self._confirmed: list[int] = []

    def add(self, picture: Picture) -> None:
        """The next picture, uint8 RGB (H, W, 3) without bars; all are of one size."""
        small = _shrink(picture, DETECTOR_SIDE)
        number, self._frames = self._frames, self._frames + 1
        # Video of a lower frame rate repeats pictures: between repeats any movement would stand out.
        repeated = self._last is not None and np.array_equal(small, self._last)
        self._repeats = self._repeats + 1 if repeated else 0
        if 0 < self._repeats < self._fps / SLOWEST_FPS:
            return
        self._last = small
        self._looked_at[self._seen] = number, _view_of(small)
        self._looked_at.pop(self._seen - 2 * self._reach - self._detector.event_buffer_length, None)
        self._propose(self._seen, small)
        self._seen += 1
        while self._proposed and self._proposed[0] + self._reach <= self._seen:
            self._judge(self._proposed.popleft())

    def finish(self) -> tuple[int, ...]:
        """The frames at which a new shot begins, ascending; to be called once, after the last picture."""
        while self._proposed:
            self._judge(self._proposed.popleft())
        return tuple(self._confirmed)

    def _propose(self, index: int, small: Picture) -> None:
        found = self._detector.process_frame(FrameTimecode(index, self._fps), cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
        # The first picture has no change value: frames compared with it stand out too easily.
        earliest = 1 + self._detector.event_buffer_length
        self._proposed.extend(time.frame_num for time in found if time.frame_num >= earliest)

    def _judge(self, index: int) -> None:
        before = [self._looked_at[k][1] for k in range(max(0, index - self._reach), index)]
        after = [self._looked_at[k][1] for k in range(index, min(self._seen, index + self._reach))]
        # (B, V) @ (V, A) -> (B, A)
        if (np.stack(before) @ np.stack(after).T).max() < SAME_VIEW:
            self._confirmed.append(self._looked_at[index][0])


def _shrink(picture: Picture, side: int) -> Picture:
    scale = side / max(picture.shape[:2])
    height, width = (max(1, round(length * scale)) for length in picture.shape[:2])
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def _view_of(small: Picture) -> View:
    """The fine structure of a picture, (V,), of length 1 (0 for an even picture): brightness without its blur."""
    grey = cv2.cvtColor(_shrink(small, VIEW_SIDE), cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = (grey - cv2.GaussianBlur(grey, (0, 0), 3)).ravel()
    fine -= fine.mean()
    length = float(np.linalg.norm(fine))
    return fine / length if length > 0 else fine
