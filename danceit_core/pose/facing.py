"""Measure which way the dancer faces, and count their turns: from joints in space or, without these, from the picture.

Angles are degrees about the vertical: 0 towards the camera, +90 towards the right of the picture (the dancer's left),
180 away from the camera. With joints in space, the body's front is perpendicular to its shoulders and hips and to its
spine, so it is also defined in a handstand. If the front points at the floor or the ceiling, the angle is unknown.

Without them only the order of the shoulders is known: the dancer's left shoulder is on the right of the picture as
long as they face the camera. Hysteresis keeps side views, in which the shoulders cross repeatedly, from counting. The
face confirms a turn: a view from behind shows no eyes or, if a detector guesses hidden ones, a left eye left of the
right eye.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from danceit_core.pose.passages import find_passages
from danceit_core.pose.skeleton import (
    LEFT_EYE,
    LEFT_HIP,
    LEFT_SHOULDER,
    MID_HIP,
    NECK,
    RIGHT_EYE,
    RIGHT_HIP,
    RIGHT_SHOULDER,
    Keypoints,
    present,
    torso_length,
)

Array = NDArray[np.float64]

# Within this angle of 0 the dancer faces the camera, and within this angle of 180 they face away.
VIEW_DEG = 45.0
# A turn from front to back counts once it is PAST_SIDE_DEG past the side; a turn back by BACK_DEG ends it.
PAST_SIDE_DEG, BACK_DEG = 30.0, 90.0
# A turn that lacks less than this counts as a full turn, as dancers and detectors are not exact to the degree.
SHORT_DEG = 30.0
# Standard deviation of the smoothing of directions, seconds; the direction of a front that points more up or down than
# sideways is unknown.
SMOOTH_S, LEAST_LEVEL = 0.08, 0.5
# Shoulders must be this far apart (of a torso) on the other side before the dancer counts as turned.
TURN_TORSOS = 0.2
# Eyes nearer than this (of a torso) say nothing about the side: the head is in profile.
EYES_TORSOS = 0.04


@dataclass(frozen=True)
class Facing:
    """Which way the dancer faces in some frames.

    towards, sideways, away: numbers of frames; turns: from front to back or back to front; full_turns: of 360 degrees.
    by: `depth`, or `shoulders` of the picture: sideways then includes unclear frames and full turns are unknown (0).
    """

    towards: int
    sideways: int
    away: int
    turns: int
    full_turns: int
    by: str

    @property
    def frames(self) -> int:
        """The number of frames in which it is known."""
        return self.towards + self.sideways + self.away

    def __add__(self, other: "Facing") -> "Facing":
        """The sum over both passages, without a turn between them."""
        return Facing(
            self.towards + other.towards,
            self.sideways + other.sideways,
            self.away + other.away,
            self.turns + other.turns,
            self.full_turns + other.full_turns,
            by=self.by if self.frames >= other.frames else other.by,
        )


NOBODY = Facing(0, 0, 0, 0, 0, by="")


def measure_facing(keypoints: Keypoints, *, fps: float, world: NDArray[np.floating] | None = None) -> Facing:
    """Which way the dancer of one passage faces: keypoints (T, 25, 3) in pixels, world (T, 25, 3) in metres or None."""
    if world is not None and np.isfinite(angles := facing_angles(world, fps=fps)).any():
        away = np.abs(_wrapped(angles[np.isfinite(angles)]))
        towards, behind = int((away <= VIEW_DEG).sum()), int((away >= 180 - VIEW_DEG).sum())
        turns, full = count_half_turns(angles), count_full_turns(angles)
        return Facing(towards, len(away) - towards - behind, behind, turns, full, by="depth")
    sides = shoulder_sides(keypoints)
    clear = sides[~np.isnan(sides)]
    if not len(clear):
        return NOBODY
    towards, behind = int((clear > 0).sum()), int((clear < 0).sum())
    return Facing(towards, len(clear) - towards - behind, behind, count_turns(keypoints), 0, by="shoulders")


def facing_angles(world: NDArray[np.floating], *, fps: float) -> Array:
    """The facing angle in each frame, (T,) degrees, continuous over time (beyond 360 after a spin); NaN: unknown.

    world (T, 25, 3): metres, x right, y down, z away from the camera; NaN where absent.
    """
    front = body_front(world)
    known = np.isfinite(front).all(axis=1)
    if not known.any():
        return np.full(len(front), np.nan)
    # A mean over the known frames around each: absent ones have no weight.
    weights = gaussian_filter1d(known.astype(np.float64), SMOOTH_S * fps, mode="constant")
    smooth = gaussian_filter1d(np.nan_to_num(front), SMOOTH_S * fps, axis=0, mode="constant")
    smooth = smooth / np.maximum(weights, 1e-9)[:, None]
    level = np.hypot(smooth[:, 0], smooth[:, 2])
    known &= level >= LEAST_LEVEL * np.linalg.norm(smooth, axis=1)
    angles = np.full(len(front), np.nan)
    angles[known] = np.rad2deg(np.unwrap(np.arctan2(smooth[known, 0], -smooth[known, 2])))
    return angles


def facing_in_passages(
    world: NDArray[np.floating] | None, kept: NDArray[np.bool_], shot: NDArray[np.int32] | None, *, fps: float
) -> Array:
    """`facing_angles` within each passage of a video, (T,); NaN elsewhere and without `world`."""
    angles = np.full(len(kept), np.nan)
    if world is not None:
        for first, end in find_passages(kept, shot):
            angles[first:end] = facing_angles(world[first:end], fps=fps)
    return angles


def body_front(world: NDArray[np.floating]) -> Array:
    """Unit directions (T, 3) that chest and belly face, in the axes of `world` (T, 25, 3); NaN where unknown."""
    points = np.asarray(world, np.float64)
    across = points[:, LEFT_SHOULDER] - points[:, RIGHT_SHOULDER] + points[:, LEFT_HIP] - points[:, RIGHT_HIP]
    front = np.cross(across, points[:, NECK] - points[:, MID_HIP])
    length = np.linalg.norm(front, axis=1, keepdims=True)
    return np.where(length > 0, front / np.where(length > 0, length, 1), np.nan)


def count_half_turns(angles: Array) -> int:
    """How often the facing angle, (T,) degrees, changes from towards the camera to away from it or back."""
    away = np.abs(_wrapped(angles[np.isfinite(angles)]))
    clear = np.where(away < 90 - PAST_SIDE_DEG, 1, np.where(away > 90 + PAST_SIDE_DEG, -1, 0))
    sides = clear[clear != 0]
    return int((np.diff(sides) != 0).sum())


def count_full_turns(angles: Array) -> int:
    """Full turns, each in one direction, of the dancer of (T,) continuous angles in degrees, NaN where unknown."""
    known = angles[np.isfinite(angles)]
    if not len(known):
        return 0
    turns, start, farthest = 0, float(known[0]), float(known[0])
    for angle in [*known.tolist(), None]:
        if angle is not None and abs(angle - start) >= abs(farthest - start):
            farthest = angle
        elif angle is None or abs(angle - farthest) > BACK_DEG:
            turns += int((abs(farthest - start) + SHORT_DEG) // 360)
            start, farthest = farthest, farthest if angle is None else angle
    return int(turns)


def shoulder_sides(keypoints: Keypoints) -> Array:
    """The view by the order of the shoulders, (T,): 1 front, -1 back, 0 too near each other, NaN not seen."""
    torsos = torso_length(keypoints)
    if not (torsos > 0).any():
        return np.full(len(keypoints), np.nan)
    shoulders = _spread(keypoints, LEFT_SHOULDER, RIGHT_SHOULDER) / float(np.nanmedian(torsos))
    return np.where(np.isnan(shoulders) | (np.abs(shoulders) > TURN_TORSOS), np.sign(shoulders), 0)


def count_turns(keypoints: Keypoints) -> int:
    """How often the dancer of (T, 25, 3) keypoints turns from facing the camera to facing away or back."""
    sides = np.nan_to_num(shoulder_sides(keypoints))  # a hidden shoulder is no clear view
    clear = np.flatnonzero(sides)
    if len(clear) == 0:
        return 0
    # Each view lasts from one clear change of side to the next; unclear frames between belong to the earlier one.
    changes = clear[np.flatnonzero(np.diff(sides[clear])) + 1]
    bounds = [int(clear[0]), *changes.tolist(), len(keypoints)]
    faces = _face_sides(keypoints, float(np.nanmedian(torso_length(keypoints))))
    side, turns = 0.0, 0
    for first, end in itertools.pairwise(bounds):
        vote = faces[first:end].sum()
        if vote * sides[first] < 0:
            continue  # the face contradicts: left and right were mixed up by the detector
        turns += bool(side) and sides[first] != side
        side = sides[first]
    return int(turns)


def _spread(keypoints: Keypoints, left: int, right: int) -> Array:
    """x of a left joint minus x of its right counterpart, (T,) pixels; NaN where either is absent."""
    seen = present(keypoints)
    return np.where(seen[:, left] & seen[:, right], keypoints[:, left, 0] - keypoints[:, right, 0], np.nan)


def _face_sides(keypoints: Keypoints, torso_px: float) -> NDArray[np.int_]:
    """The view by the face in each frame, (T,): 1 towards the camera, -1 away from it, 0 unknown."""
    seen = present(keypoints)[:, [LEFT_EYE, RIGHT_EYE]]
    if not seen.any():
        return np.zeros(len(keypoints), int)  # a detector or capture without eyes
    spread = np.nan_to_num(_spread(keypoints, LEFT_EYE, RIGHT_EYE)) / torso_px
    sides = np.where(np.abs(spread) > EYES_TORSOS, np.sign(spread), 0).astype(int)
    return np.where(seen.any(axis=1), sides, -1)


def _wrapped(angles: Array) -> Array:
    """The same angles in -180..180."""
    return (angles + 180) % 360 - 180
