"""Speed of a dance, the time at which a step is seen, and the motion beat of each window (paper Eq. 14).

Speed is that of the step *into* a frame: `speed[j]` = mean over body joints of `|p_j - p_(j-1)|`. Steps are numbered by
that frame, and a beat is a fractional step: a beat of the music by `step_seen_at`, a motion beat by a parabola through
the least (or greatest) speed and its two neighbours. Nothing is rounded to a frame.

A window reaches from half-way to the previous beat to half-way to the next; intervals may differ. Windows of fewer than
three steps have no extremum and are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danceit_core.choreography.curve import Array, hide_absent
from danceit_core.pose.movement import step_sizes
from danceit_core.pose.skeleton import BODY

# A motion beat this near to the music's is a hit, see `within`.
HIT_FRAMES = 1


@dataclass(frozen=True)
class BeatWindow:
    """The (fractional) step that is seen on a beat, and the steps first..stop - 1 of its window."""

    beat: float
    first: int
    stop: int


def seen_s(step: ArrayLike, *, fps: float, shown_fps: float | None = None) -> Array:
    """When a step of a dance of `fps` frames per second is seen in its video, seconds. The convention of all beats.

    Frame k of a video is on the screen from k / shown_fps to (k + 1) / shown_fps. The step from frame k to k + 1 is
    therefore seen at (k + 1) / shown_fps, when the new frame appears: half a frame after the middle of the movement
    that it stands for. This holds for every movement, since a frame stays on the screen until the next: movement is
    seen half a frame later than the poses say. If the video has the rate of the dance, step j is seen at j / fps. A
    dance that is read off at another rate (`rate`) is late by half a frame of the video, not of the dance.

    step: number of the frame that it leads into, may be fractional. shown_fps: the video's frame rate, None: fps.
    """
    return (np.asarray(step, np.float64) - 0.5) / fps + 0.5 / (shown_fps or fps)


def step_seen_at(time_s: ArrayLike, *, fps: float, shown_fps: float | None = None) -> Array:
    """Inverse of `seen_s`: the (fractional) step that is seen at `time_s`; its movement is at step - 1/2 (frames)."""
    return (np.asarray(time_s, np.float64) - 0.5 / (shown_fps or fps)) * fps + 0.5


def within(distance_frames: NDArray[np.float64], frames: int) -> NDArray[np.bool_]:
    """Which distances are at most `frames` whole frames, plus less than half a frame, so that 0 is "the same frame"."""
    return np.abs(distance_frames) <= frames + 0.5


def step_speed(keypoints: NDArray, *, joints: Sequence[int] = BODY) -> Array:
    """Mean step of the joints into each frame (T,), pixels per frame, of (T, 25, 3) keypoints, absent = 0."""
    return step_sizes(hide_absent(keypoints)[:, list(joints), :2])


def beat_windows(beats_s: ArrayLike, *, frames: int, fps: float, shown_fps: float | None = None) -> list[BeatWindow]:
    """The windows of the beats (increasing seconds) within a dance of `frames` frames; [] for fewer than 2 beats."""
    at = step_seen_at(beats_s, fps=fps, shown_fps=shown_fps)
    if len(at) < 2:
        return []
    middle = (at[1:] + at[:-1]) / 2
    first = np.concatenate([[2 * at[0] - middle[0]], middle])
    stop = np.concatenate([middle, [2 * at[-1] - middle[-1]]])
    windows = [
        BeatWindow(float(b), max(1, int(np.ceil(f))), min(frames, int(np.ceil(s))))
        for b, f, s in zip(at, first, stop, strict=True)
    ]
    # For the first and last beat, only their own step has to exist, with a tolerance of a quarter.
    return [w for w in windows if w.stop - w.first >= 3 and w.first - 0.25 <= w.beat <= w.stop - 0.75]


def extreme_steps(speed: NDArray[np.float64], windows: Sequence[BeatWindow], *, kind: str) -> Array:
    """The motion beat of each window (B,): the fractional step where `speed` (T,) is least (`min`) or greatest (`max`).

    It is refined to the vertex of the parabola through the extremum and its neighbours, at most half a step away.
    """
    pick = np.argmin if kind == "min" else np.argmax
    steps = np.array([w.first + int(pick(speed[w.first : w.stop])) for w in windows], np.int64)
    return steps + vertex_offsets(speed, steps)


def vertex_offsets(speed: NDArray[np.float64], steps: NDArray[np.int64]) -> Array:
    """Offset from each of `steps` (N,) to the vertex of the parabola through it and its neighbours, -1/2 to 1/2.

    It is 0 at the first and last step, which have one neighbour, and where the speed has no curvature.
    """
    inner = (steps > 1) & (steps < len(speed) - 1)
    at = np.where(inner, steps, 0)
    before, here, after = (speed[np.clip(at + k, 0, len(speed) - 1)] for k in (-1, 0, 1))
    bend = before - 2 * here + after
    offset = (before - after) / np.where(bend == 0, np.inf, 2 * bend)
    return np.where(inner, np.clip(offset, -0.5, 0.5), 0.0)


@dataclass(frozen=True)
class BeatHits:
    """Times at which the song's beats with a window are heard and their motion beats are seen, seconds (B,).

    fps: frame rate of the dance; distances are measured in its frames.
    """

    music_s: Array
    motion_s: Array
    fps: float

    @property
    def late_frames(self) -> Array:
        """Delay of each motion beat in (fractional) frames of the dance; negative if early."""
        return (self.motion_s - self.music_s) * self.fps

    @property
    def hit(self) -> NDArray[np.bool_]:
        """Which motion beats are at most HIT_FRAMES from the music's, (B,)."""
        return within(self.late_frames, HIT_FRAMES)

    @property
    def share(self) -> float:
        """Share of the beats that are hit; NaN without beats."""
        return float(self.hit.mean()) if len(self.music_s) else float("nan")


def find_hits(
    speed: NDArray[np.float64], beats_s: ArrayLike, *, fps: float, kind: str, shown_fps: float | None = None
) -> BeatHits:
    """The motion beats of `kind` of a dance with `speed` (T,), paired with the music's beats in increasing seconds.

    shown_fps: frame rate of the video that shows the dance, None: that of the dance.
    """
    windows = beat_windows(beats_s, frames=len(speed), fps=fps, shown_fps=shown_fps)
    music = np.array([w.beat for w in windows], np.float64)
    motion = extreme_steps(speed, windows, kind=kind)
    music_s, motion_s = (seen_s(steps, fps=fps, shown_fps=shown_fps) for steps in (music, motion))
    return BeatHits(music_s, motion_s, fps)
