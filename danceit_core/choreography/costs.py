"""What makes a fragment suit a clip, and two fragments suit each other; all costs are about 0 (good) to 1 (bad).

Seam costs are in torso lengths and compare poses after the supporting foot has been put on the same spot, as
`normalise.carry_place` will do. Folding to the nearest tempo octave keeps the playback rate near 1: rates far from
it drive jerk up (fast) or make the dance limp (slow).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.curve import Array, mean_present
from danceit_core.choreography.library import Library, Rows
from danceit_core.pose.skeleton import ANKLES, LEFT_HIP, LEFT_SHOULDER, MID_HIP, RIGHT_HIP, RIGHT_SHOULDER

SLOWEST, FASTEST = 0.8, 1.25
# A jump of velocity of 1 torso length a second counts as much as one of 0.15 torso lengths in pose.
VELOCITY_S = 0.15
# Cost of a seam between poses without a common joint.
UNKNOWN_SEAM = 1.0


@dataclass(frozen=True)
class Ends:
    """How K fragments begin and end: poses (K, 15, 2) torso lengths, velocities (K, 15, 2) torso lengths a second."""

    start: Array
    start_velocity: Array
    end: Array
    end_velocity: Array


def playback_rates(library: Library, tempo_bpm: float) -> Array:
    """Source frames a song frame (N,) that bring each fragment's tempo, or its octave, to the song's; 1 if unknown."""
    if not np.isfinite(tempo_bpm) or tempo_bpm <= 0:
        return np.ones(len(library))
    ratio = tempo_bpm / library.tempo_bpm
    ratio = ratio * 2.0 ** -np.round(np.log2(ratio))
    rate = np.clip(np.where(np.isnan(ratio), 1.0, ratio), SLOWEST, FASTEST)
    return np.minimum(rate, library.room / library.frames)


def find_ends(library: Library, rows: Rows, rates: Array, *, fps: float) -> Ends:
    """Poses and velocities at both ends of fragments `rows` (K,) played at `rates` (K,)."""
    zero, stop = np.zeros(len(rows)), rates * library.frames
    stop = np.minimum(stop, library.room[rows] - 1)  # the seam's own frame may be one past the passage
    start, end = library.pose(rows, zero), library.pose(rows, stop)
    per_second = (rates * fps)[:, None, None]
    return Ends(
        start,
        (library.pose(rows, zero + 1) - start) * per_second,
        end,
        (end - library.pose(rows, stop - 1)) * per_second,
    )


def foot_shifts(ends: Ends, following: Ends) -> Array:
    """Sideways shift (A, B) that puts each following clip's foot where the leaving clip's supporting foot is."""
    depth = np.nan_to_num(ends.end[:, ANKLES, 1], nan=-np.inf)  # (A, 2)
    foot = np.where(np.isinf(depth).all(1), MID_HIP, np.array(ANKLES)[depth.argmax(1)])
    shift = ends.end[np.arange(len(foot)), foot, 0][:, None] - following.start[:, foot, 0].T
    by_hip = ends.end[:, None, MID_HIP, 0] - following.start[None, :, MID_HIP, 0]
    return np.nan_to_num(np.where(np.isnan(shift), by_hip, shift))


def seam_costs(ends: Ends, following: Ends, shifts: Array) -> Array:
    """Pose and velocity jump (A, B) from each of A ends to each of B starts, with the starts moved by `shifts`."""
    gap = ends.end[:, None] - following.start[None]  # (A, B, 15, 2)
    gap[..., 0] -= shifts[..., None]
    jerk = ends.end_velocity[:, None] - following.start_velocity[None]
    cost = mean_present(np.linalg.norm(gap, axis=-1)) + VELOCITY_S * mean_present(np.linalg.norm(jerk, axis=-1))
    return np.nan_to_num(cost, nan=UNKNOWN_SEAM)


def facing_costs(ends: Ends, following: Ends) -> Array:
    """Change (A, B) of the signed width of shoulders and hips: large where a front view would meet a back view."""
    return np.nan_to_num(np.abs(signed_width(ends.end)[:, None] - signed_width(following.start)[None]))


def signed_width(poses: Array) -> Array:
    """Left minus right x of shoulders plus hips (K,), torso lengths: positive when the dancer faces the camera."""
    x = poses[..., 0]
    return x[:, LEFT_SHOULDER] - x[:, RIGHT_SHOULDER] + x[:, LEFT_HIP] - x[:, RIGHT_HIP]


def log_energy(library: Library, rows: Rows, rates: Array) -> Array:
    """Logarithm of the mean joint speed (K,) of fragments played at `rates`."""
    steps = rates[:, None] * np.arange(library.frames)
    return np.log(rates * library.speed_at(rows, steps).mean(1) + 1e-3)


def beat_misfits(library: Library, rows: Rows, rates: Array, *, beats: NDArray, kind: str) -> Array:
    """Distance (K,) from the clip's beats to the fragments' own motion beats: mean share of half a beat, 0..1.

    beats: frames after the clip's start. kind: `min` or `max` of the joints' speed. 0 for a clip without beats.
    """
    if not len(beats):
        return np.zeros(len(rows))
    interval = np.median(np.diff(beats)) if len(beats) > 1 else 12
    half = max(2, round(float(interval) / 2))
    times = beats[:, None] + np.arange(-half, half + 1)  # (B, W)
    speed = library.speed_at(rows, rates[:, None, None] * times)  # (K, B, W)
    found = speed.argmin(-1) if kind == "min" else speed.argmax(-1)
    return np.abs(found - half).mean(-1) / half
