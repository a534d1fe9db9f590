"""How well a fragment suits a clip, and how well two fragments join; all costs are about 0 (good) to 1 (bad).

Seam costs are in torso lengths and compare poses after the supporting foot has been put on the same spot, as
`normalise.carry_place` will do. Folding to the nearest tempo octave keeps the playback rate near 1: fast rates increase
jerk, slow ones make the dance look limp.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.curve import Array
from danceit_core.choreography.library import Library, Rows
from danceit_core.pose.skeleton import ANKLES, LEFT_HIP, LEFT_SHOULDER, MID_HIP, RIGHT_HIP, RIGHT_SHOULDER

SLOWEST, FASTEST = 0.8, 1.25
HASTE = 1.5
# A velocity jump of 1 torso length per second counts as much as a pose jump of 0.15 torso lengths.
VELOCITY_S = 0.15
# A jump of an ankle counts as much as jumps of this many other joints, because sliding feet are conspicuous.
ANKLE_WEIGHT = 4.0
# The dancer must not turn from front to back at a seam: shoulders this wide on both sides of it, torso lengths.
TURN_FRAMES, WIDE_TORSOS = 7, 0.2
# A seam that turns the body in space by 90 degrees costs as much as this change of width, torso lengths. Width alone is
# not enough: left and right profile look alike, and a turn from the side to the front is as sudden as one to the back.
RIGHT_ANGLE = 1.0
# Speed below which a body counts as still, torso lengths per second; holding a pose for this share of a clip is free.
STILL_SPEED, STILL_SHARE = 0.06, 0.1
# Cost of a seam between poses without a common joint.
UNKNOWN_SEAM = 1.0


@dataclass(frozen=True)
class Ends:
    """How K fragments begin and end: poses (K, 15, 2) torso lengths, velocities (K, 15, 2) torso lengths per second.

    facing_after, facing_before (K,): signed width of the shoulders TURN_FRAMES after the start and before the end.
    faces_start, faces_end (K,): the direction that the body faces, degrees, NaN if unknown.
    """

    start: Array
    start_velocity: Array
    end: Array
    end_velocity: Array
    facing_after: Array
    facing_before: Array
    faces_start: NDArray[np.floating]
    faces_end: NDArray[np.floating]


def playback_rates(library: Library, rows: Rows, tempo_bpm: float, *, frames: int) -> Array:
    """Source frames per song frame (K,) that bring each fragment's tempo, or its octave, to the song's; 1 if unknown.

    frames: how many frames of the song it fills; if its passage does not have that many left, it is played more slowly.
    """
    rate = np.ones(len(rows))
    if np.isfinite(tempo_bpm) and tempo_bpm > 0:
        ratio = tempo_bpm / library.dances.tempo_bpm[library.dance[rows]]
        ratio = ratio * 2.0 ** -np.round(np.log2(ratio))
        rate = np.clip(np.where(np.isnan(ratio), 1.0, ratio), SLOWEST, FASTEST)
    return np.minimum(rate, library.room[rows] / frames)


def stretch(rates: Array) -> Array:
    """Octaves between playback and recording (K,); faster counts HASTE times, as jerk grows with the cube of speed."""
    return np.abs(np.log2(rates)) * np.where(rates > 1, HASTE, 1.0)


def find_ends(library: Library, rows: Rows, rates: Array, shift: Array, *, frames: int, fps: float) -> Ends:
    """Poses and velocities at both ends of `rows` (K,) played at `rates` (K,) from `shift` (K,) frames on.

    frames: how many frames of the song they fill.
    """
    zero, stop = shift, shift + rates * frames
    # The frame of the seam may be one past the passage.
    stop = np.minimum(stop, library.room[library.fragments(rows)] - 1)
    start, end = library.pose(rows, zero), library.pose(rows, stop)
    per_second = (rates * fps)[:, None, None]
    after, before = (library.pose(rows, at)[..., 0] for at in (zero + rates * TURN_FRAMES, stop - rates * TURN_FRAMES))
    ends = Ends(
        start,
        (library.pose(rows, zero + 1) - start) * per_second,
        end,
        (end - library.pose(rows, stop - 1)) * per_second,
        after[:, LEFT_SHOULDER] - after[:, RIGHT_SHOULDER],
        before[:, LEFT_SHOULDER] - before[:, RIGHT_SHOULDER],
        library.facing_at(rows, zero),
        library.facing_at(rows, stop),
    )
    library.release()
    return ends


def foot_shifts(ends: Ends, following: Ends) -> Array:
    """Sideways shift (A, B) that puts each following clip's foot where the ending clip's supporting foot is."""
    depth = np.nan_to_num(ends.end[:, ANKLES, 1], nan=-np.inf)  # (A, 2)
    foot = np.where(np.isinf(depth).all(1), MID_HIP, np.array(ANKLES)[depth.argmax(1)])
    shift = ends.end[np.arange(len(foot)), foot, 0][:, None] - following.start[:, foot, 0].T
    by_hip = ends.end[:, None, MID_HIP, 0] - following.start[None, :, MID_HIP, 0]
    return np.nan_to_num(np.where(np.isnan(shift), by_hip, shift))


def seam_costs(ends: Ends, following: Ends, shifts: Array) -> Array:
    """Pose and velocity jump (A, B) from each of A ends to each of B starts, with the starts moved by `shifts`."""
    pose = _mean_distance(ends.end, following.start, shifts)
    cost = pose + VELOCITY_S * _mean_distance(ends.end_velocity, following.start_velocity, np.zeros(1))
    return np.nan_to_num(cost, nan=UNKNOWN_SEAM)


def _mean_distance(a: Array, b: Array, shifts: Array) -> Array:
    """Weighted mean distance (A, B) of the joints in both a (A, J, 2) and b (B, J, 2), b moved by `shifts` in x."""
    weight = np.ones(a.shape[1], np.float32)
    weight[list(ANKLES)] = ANKLE_WEIGHT
    ax, ay = (np.ascontiguousarray(a[..., k].T, np.float32)[:, :, None] for k in (0, 1))  # (J, A, 1)
    bx, by = (np.ascontiguousarray(b[..., k].T, np.float32)[:, None] for k in (0, 1))  # (J, 1, B)
    dx, dy = ax - bx - shifts.astype(np.float32), ay - by
    distance = np.sqrt(dx * dx + dy * dy) * weight[:, None, None]  # (J, A, B)
    seen = weight[:, None] * ~np.isnan(ax[..., 0])
    count = seen.T.astype(np.float64) @ ~np.isnan(bx[:, 0])  # weight of the joints in both, (A, B)
    total = distance.sum(0) if count.min(initial=np.inf) == weight.sum() else np.nan_to_num(distance).sum(0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def facing_costs(ends: Ends, following: Ends) -> tuple[Array, NDArray[np.bool_]]:
    """Change (A, B) of the signed width of shoulders and hips, and whether (A, B) the seam would turn the dancer round.

    The first is large where a front view meets a back view; if the facing is known, it also grows with the turn. The
    second looks TURN_FRAMES before and after the seam.
    """
    change = np.abs(signed_width(ends.end)[:, None] - signed_width(following.start)[None])
    before, after = ends.facing_before[:, None], following.facing_after[None]
    turned = (before * after < 0) & (np.minimum(np.abs(before), np.abs(after)) > WIDE_TORSOS)
    turn = ends.faces_end[:, None] - following.faces_start[None]
    turn_deg = np.abs(turn - 360 * np.round(turn / 360))
    return np.nan_to_num(change) + RIGHT_ANGLE * np.nan_to_num(turn_deg / 90), turned


def signed_width(poses: Array) -> Array:
    """Left minus right x of shoulders plus hips (K,), torso lengths: positive when the dancer faces the camera."""
    x = poses[..., 0]
    return x[:, LEFT_SHOULDER] - x[:, RIGHT_SHOULDER] + x[:, LEFT_HIP] - x[:, RIGHT_HIP]


def log_mean(steps: NDArray[np.floating]) -> Array:
    """Logarithm of the means (K,) of small positive numbers (K, F): for speed, it is a fragment's energy."""
    return np.log(steps.mean(1, dtype=np.float64) + 1e-3)


def stillness(speed: Array) -> Array:
    """Share (K,) of frames slower than STILL_SPEED, of (K, F) torso lengths per second; up to STILL_SHARE is free."""
    return np.maximum(0, (speed < STILL_SPEED).mean(1) - STILL_SHARE) / (1 - STILL_SHARE)


def beat_misfits(
    library: Library, rows: Rows, rates: Array, *, beats: NDArray, frames: int, lead: int, reach: int, kind: str
) -> Array:
    """Distance (K, 2 reach + 1) from the clip's beats to the fragments' motion beats: mean share of half a beat, 0..1.

    Column c is for fragments that begin c - reach frames of the song after frame `lead` of the clip of `frames` frames.
    beats: frames after the clip's start. kind: `min` or `max` of the joints' speed. 0 for a clip without beats.
    """
    if not len(beats):
        return np.zeros((len(rows), 2 * reach + 1))
    interval = np.median(np.diff(beats)) if len(beats) > 1 else 12
    half = max(2, round(float(interval) / 2))
    pick = np.argmin if kind == "min" else np.argmax
    if not reach:  # only the windows of the beats
        at = np.round(beats).astype(int)[:, None] + np.arange(-half, half + 1)  # (B, W)
        speed = library.speed[library.frames_at(rows, rates[:, None] * (at.ravel() - lead))].astype(np.float32)
        found = pick(speed.reshape(len(rows), *at.shape), axis=-1)
        return (np.abs(found - half) / half).mean(1, keepdims=True)
    times = np.arange(-reach - half, frames + reach + half + 1)
    speed = library.speed[library.frames_at(rows, rates[:, None] * (times - lead))].astype(np.float32)  # (K, T)
    windows = np.lib.stride_tricks.sliding_window_view(speed, 2 * half + 1, axis=1)  # (K, T - 2 half, W)
    away = np.abs(pick(windows, axis=-1) - half) / half  # entry t: of the frame t - reach of the clip
    at = np.round(beats).astype(int)[:, None] + np.arange(2 * reach + 1)  # (B, shifts)
    return away[:, at].mean(1)


def shift_limits(library: Library, rows: Rows, rates: Array, *, frames: int, lead: int) -> tuple[Array, Array]:
    """How many frames of the song fragments `rows` (K,) may begin earlier (<= 0) and later than frame `lead` of a clip.

    If a fragment's passage begins less than `lead` frames before it, the fragment must begin later.
    """
    low = lead - library.before[rows] / rates
    left = np.maximum(0, library.room[rows] - rates * (frames - lead)) / rates
    return low, np.maximum(low, left)


def accent_misfits(steps: Array, *, beats: NDArray, strength: Array) -> Array:
    """Speed of K fragments on the strong beats relative to all beats of a clip, -1 (still on them) to 1, (K,).

    steps: their speed (K, T) in each frame. beats (B,): frames after the clip's start; strength (B,): >= 0 of each. The
    least speed within one frame of a beat counts.
    """
    if not len(beats) or not strength.sum() > 0:
        return np.zeros(len(steps))
    at = np.clip(np.round(beats).astype(int)[:, None] + np.arange(-1, 2), 0, steps.shape[1] - 1)
    least = steps[:, at].min(-1)  # (K, B)
    usual = np.maximum(least.mean(1), 1e-9)
    return np.clip(least @ (strength / strength.sum()) / usual - 1, -1, 1)
