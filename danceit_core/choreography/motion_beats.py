"""Speed of a dance, and the window of each beat (paper Eq. 14).

Speed is that of the step *into* a frame: `speed[j]` = mean over body joints of `|p_j - p_(j-1)|`. A window
reaches from half-way to the previous beat to half-way to the next; intervals may differ. Windows of under three frames
hold no extremum and are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danceit_core.choreography.curve import Array, hide_absent
from danceit_core.pose.movement import step_sizes
from danceit_core.pose.skeleton import BODY

# A motion beat this near to the music's is called a hit: at 24 frames a second within 42 ms.
HIT_FRAMES = 1


@dataclass(frozen=True)
class BeatWindow:
    """A beat's frame and its window first..stop - 1, frames of the song."""

    beat: int
    first: int
    stop: int


def step_speed(keypoints: NDArray, *, joints: Sequence[int] = BODY) -> Array:
    """Mean step of the joints into each frame (T,), pixels a frame, of (T, 25, 3) keypoints, absent = 0."""
    return step_sizes(hide_absent(keypoints)[:, list(joints), :2])


def beat_windows(beats_s: ArrayLike, *, frames: int, fps: float) -> list[BeatWindow]:
    """The windows of the beats (increasing seconds) within a dance of `frames` frames; [] for fewer than 2 beats."""
    at = np.asarray(beats_s, np.float64) * fps
    if len(at) < 2:
        return []
    middle = (at[1:] + at[:-1]) / 2
    first = np.concatenate([[2 * at[0] - middle[0]], middle])
    stop = np.concatenate([middle, [2 * at[-1] - middle[-1]]])
    windows = [
        BeatWindow(round(float(b)), max(1, int(np.ceil(f))), min(frames, int(np.ceil(s))))
        for b, f, s in zip(at, first, stop, strict=True)
    ]
    return [w for w in windows if w.stop - w.first >= 3 and w.first <= w.beat < w.stop]


def extreme_frames(speed: NDArray[np.float64], windows: Sequence[BeatWindow], *, kind: str) -> NDArray[np.int64]:
    """The motion beat of each window (B,): the frame where `speed` (T,) is least (kind `min`) or greatest (`max`)."""
    pick = np.argmin if kind == "min" else np.argmax
    return np.array([w.first + int(pick(speed[w.first : w.stop])) for w in windows], np.int64)


@dataclass(frozen=True)
class BeatHits:
    """The frames (B,) of a song's beats that have a window, and of the motion beat in each window."""

    music: NDArray[np.int64]
    motion: NDArray[np.int64]

    @property
    def hit(self) -> NDArray[np.bool_]:
        """Which motion beats lie within HIT_FRAMES of the music's, (B,)."""
        return np.abs(self.motion - self.music) <= HIT_FRAMES

    @property
    def share(self) -> float:
        """Of the beats that are hit; NaN where there are none."""
        return float(self.hit.mean()) if len(self.music) else float("nan")


def find_hits(speed: NDArray[np.float64], beats_s: ArrayLike, *, fps: float, kind: str) -> BeatHits:
    """The motion beats of `kind` of a dance of `speed` (T,) beside the music's, increasing seconds."""
    windows = beat_windows(beats_s, frames=len(speed), fps=fps)
    return BeatHits(np.array([w.beat for w in windows], np.int64), extreme_frames(speed, windows, kind=kind))
