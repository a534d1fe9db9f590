"""From key poses to every frame: movement that eases into each beat, with steps, weight shift and follow-through.

Within a count the hips lead, then chest, upper arms, forearms and hands follow; all have arrived at its end, so speed
is least on the beat. A foot moves only in a step: unweighted, swung, set down; otherwise its ball stays in place.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from danceit_core.studio.arms import ARMS
from danceit_core.studio.moves import Count
from danceit_core.studio.rig import Stances
from danceit_core.studio.rotation import Array, unit
from danceit_core.studio.routine import Key

FLOW = 0.30  # share of movement that flows through a key instead of stopping there
BALL_AHEAD_M = 0.09  # the balls of the feet are this far ahead of the pelvis
TOE_OUT = 0.22
MIN_STEP_M, MIN_PIVOT = 0.03, 0.12  # smaller changes do not move a foot
JUMP_M = 0.09
LEAN = 0.15  # how far the pelvis moves over the supporting foot in a step, as a share of the stance's width
SOFT_S = 0.04  # body parts do not start or stop more suddenly than this
# When in a count each part moves, as shares of the count.
TIMING = {
    "pelvis": (0.0, 0.90), "hips": (0.0, 0.90), "chest": (0.03, 0.94), "head": (0.08, 0.98), "facing": (0.02, 0.96),
    "upper": (0.03, 0.95), "fore": (0.10, 1.0), "palm": (0.10, 1.0), "curl": (0.10, 1.0), "dip": (0.0, 0.97),
}  # fmt: skip


@dataclass(frozen=True)
class _Footing:
    """Where both feet are at a key: balls (2, 2) x, z; lift (2,) m; yaw (2,) rad."""

    balls: Array
    lift: Array
    yaw: Array


def move_through(keys: Sequence[Key], times_s: Array, *, beat_s: float, rng: np.random.Generator) -> Stances:
    """The dancer's stance at each of `times_s` (T,), which lie between the first and the last key."""
    key_times = np.array([key.time_s for key in keys])
    interval = np.clip(np.searchsorted(key_times, times_s, "right") - 1, 0, len(keys) - 2)
    share = np.clip((times_s - key_times[interval]) / np.diff(key_times)[interval], 0, 1)
    energy = np.interp(times_s, key_times, [key.energy for key in keys])

    def between(values: Array, part: str) -> Array:
        """Values (K, ...) at the keys as values (T, ...) at the frames."""
        start, end = TIMING[part]
        moved = _ease((share - start) / (end - start))
        moved = moved.reshape(-1, *([1] * (values.ndim - 1)))
        eased = values[interval] * (1 - moved) + values[interval + 1] * moved
        return (1 - FLOW) * eased + FLOW * PchipInterpolator(key_times, values, axis=0)(times_s)

    size = 0.75 + 0.35 * np.array([key.energy for key in keys])
    facing = np.radians([key.facing_deg for key in keys])
    angles = {
        part: np.array([getattr(key.count, part) for key in keys]) * size[:, None] for part in ("hips", "chest", "head")
    }
    shapes = _arm_directions(keys, rng)
    arms = np.stack([between(shapes[:, :, k], part) for k, part in enumerate(("upper", "fore", "palm"))], axis=2)
    arms = _round_the_body(unit(arms), shapes, interval, _ease(share))
    footings = _plant(keys)
    steps = _step(keys, footings, interval, share)
    weight = between(np.array([_weight(key.count) for key in keys]), "pelvis")
    pelvis = between(np.array([_centre(key, footing) for key, footing in zip(keys, footings, strict=True)]), "pelvis")
    frame_s = float(times_s[1] - times_s[0]) if len(times_s) > 1 else 1.0
    pelvis = gaussian_filter1d(pelvis + steps.lean, SOFT_S / frame_s, axis=0)
    # The heel of a foot that carries little weight rises.
    heel = steps.heel + 0.45 * np.clip((np.stack([-weight, weight], axis=1) - 0.45) / 0.5, 0, 1) ** 2
    phase = 2 * np.pi * (times_s - keys[0].time_s) / beat_s
    dip = between(np.array([key.count.dip for key in keys]) * size, "dip") + (0.010 + 0.012 * energy) * np.cos(phase)
    faced = between(facing, "facing")
    head = between(angles["head"], "head")
    # The head faces the camera as long as the neck allows.
    head[:, 0] -= 0.55 * np.sin(faced)
    alive = _small_movements(times_s, 11, rng)
    return Stances(
        pelvis=pelvis + 0.004 * alive[:, :2],
        dip=gaussian_filter1d(dip + 0.015 - steps.air, SOFT_S / frame_s),
        facing=faced,
        hips=between(angles["hips"], "hips"),
        chest=between(angles["chest"], "chest") + 0.02 * alive[:, 2:5],
        head=head + 0.025 * alive[:, 5:8] + [0, 0.02, 0],
        arms=unit(gaussian_filter1d(arms + 0.02 * alive[:, None, None, 8:11], SOFT_S / frame_s, axis=0)),
        curl=between(np.array([[ARMS[key.count.left].curl, ARMS[key.count.right].curl] for key in keys]), "curl"),
        balls=steps.balls,
        foot_yaw=steps.yaw,
        heel=heel,
    )


def _ease(share: Array) -> Array:
    """0..1 to 0..1 with minimum jerk, as hands move between two places: no speed or acceleration at either end."""
    share = np.clip(share, 0, 1)
    return share**3 * (10 - 15 * share + 6 * share**2)


def _small_movements(times_s: Array, channels: int, rng: np.random.Generator) -> Array:
    """Slow random movement (T, channels), about -1..1: nobody stands perfectly still."""
    rates, phases = rng.uniform(0.15, 0.6, (3, channels)), rng.uniform(0, 2 * np.pi, (3, channels))
    return np.sin(2 * np.pi * rates * times_s[:, None, None] + phases).mean(1)


def _arm_directions(keys: Sequence[Key], rng: np.random.Generator) -> Array:
    """Directions (K, 2, 3, 3) of upper arm, forearm and palm at each key, with random variation."""
    shapes = [[ARMS[key.count.left], ARMS[key.count.right]] for key in keys]
    exact = unit([[[arm.upper, arm.fore, arm.palm] for arm in pair] for pair in shapes])
    return unit(exact + rng.normal(0, 0.04, exact.shape))


def _round_the_body(arms: Array, shapes: Array, interval: NDArray[np.int64], moved: Array) -> Array:
    """Let an arm with a long way swing through the front, where the body is not in its way."""
    far = np.linalg.norm(shapes[interval + 1] - shapes[interval], axis=-1)[:, :, :2]
    arc = 0.35 * np.clip((far - 0.6) / 0.8, 0, 1) * np.sin(np.pi * moved)[:, None, None]
    swung = arms.copy()
    swung[:, :, :2, 2] += arc
    return unit(swung)


def _weight(count: Count) -> float:
    """Which foot carries the dancer's weight: -1 right .. 1 left; a lifted foot carries nothing."""
    if count.left_foot and count.left_foot[2] > 0:
        return -1.0
    if count.right_foot and count.right_foot[2] > 0:
        return 1.0
    return count.weight


def _toes(yaw: Array) -> Array:
    """Directions (..., 2) x, z of the yaw angles (...)."""
    return np.stack([np.sin(yaw), np.cos(yaw)], axis=-1)


def _plant(keys: Sequence[Key]) -> list[_Footing]:
    """The places of the feet at each key: as the count says, unless they are already nearly there."""
    footings: list[_Footing] = []
    for key in keys:
        facing = np.radians(key.facing_deg)
        ahead, left = _toes(facing), np.array([np.cos(facing), -np.sin(facing)])
        balls, lift, yaw = np.zeros((2, 2)), np.zeros(2), np.zeros(2)
        for side, (foot, sign) in enumerate(((key.count.left_foot, 1), (key.count.right_foot, -1))):
            if foot is None:
                balls[side], yaw[side] = footings[-1].balls[side], footings[-1].yaw[side]
                continue
            balls[side] = np.array(key.spot) + sign * foot[0] * left + (BALL_AHEAD_M + foot[1]) * ahead
            lift[side], yaw[side] = foot[2], facing + sign * TOE_OUT
            if footings and not foot[2] and not footings[-1].lift[side]:
                if np.linalg.norm(balls[side] - footings[-1].balls[side]) < MIN_STEP_M:
                    balls[side] = footings[-1].balls[side]
                if abs(yaw[side] - footings[-1].yaw[side]) < MIN_PIVOT:
                    yaw[side] = footings[-1].yaw[side]
        footings.append(_Footing(balls, lift, yaw))
    return footings


def _centre(key: Key, footing: _Footing) -> Array:
    """The place of the pelvis over the feet at a key, (2,): over the foot that carries the weight."""
    under = footing.balls - BALL_AHEAD_M * _toes(np.full(2, np.radians(key.facing_deg)))
    weight = _weight(key.count)
    return (0.5 + 0.5 * 0.75 * weight) * under[0] + (0.5 - 0.5 * 0.75 * weight) * under[1]


@dataclass(frozen=True)
class _Steps:
    """The movement of the feet, filled count by count: balls (T, 2, 3); yaw and heel pitch (T, 2); lean (T, 2) of the
    pelvis to the supporting foot; air (T,), height gained by jumping."""

    balls: Array
    yaw: Array
    heel: Array
    lean: Array
    air: Array


def _step(keys: Sequence[Key], footings: Sequence[_Footing], interval: NDArray[np.int64], share: Array) -> _Steps:
    """The feet from footing to footing; `share` (T,) of the count `interval` (T,) has passed."""
    frames = len(share)
    steps = _Steps(*(np.zeros((frames, *shape)) for shape in ((2, 3), (2,), (2,), (2,), ())))
    for k in np.unique(interval):
        rows = np.flatnonzero(interval == k)
        windows = _swing_windows(keys[k], keys[k + 1], footings[k], footings[k + 1])
        for side in range(2):
            _swing(steps, rows, side, share[rows], (footings[k], footings[k + 1]), windows)
        if keys[k + 1].count.jump:
            _jump(steps, rows, share[rows])
    return steps


def _swing(
    steps: _Steps,
    rows: NDArray[np.int64],
    side: int,
    share: Array,
    footings: tuple[_Footing, _Footing],
    windows: Sequence[tuple[float, float] | None],
) -> None:
    """Move one foot during one count: a step if it has a window, otherwise at most a turn on its ball."""
    a, b = footings
    start, end = windows[side] or (0.1, 0.9)
    raw = np.clip((share - start) / (end - start), 0, 1)
    up = np.sin(np.pi * raw) ** 2
    # The foot is off the ground before it travels.
    moved = _ease((raw - 0.1) / 0.8)
    step = b.balls[side] - a.balls[side]
    steps.balls[rows, side, 0] = a.balls[side, 0] + moved * step[0]
    steps.balls[rows, side, 2] = a.balls[side, 1] + moved * step[1]
    steps.balls[rows, side, 1] = a.lift[side] + moved * (b.lift[side] - a.lift[side])
    steps.yaw[rows, side] = a.yaw[side] + moved * (b.yaw[side] - a.yaw[side])
    if windows[side]:
        steps.balls[rows, side, 1] += min(0.09, 0.025 + 0.20 * float(np.linalg.norm(step))) * up
        # The toes leave the floor last and land last.
        steps.heel[rows, side] = 0.25 * np.sin(2 * np.pi * raw) * np.sin(np.pi * raw)
        bearing = ((a.balls + b.balls)[1 - side] - (a.balls + b.balls)[side]) / 2
        steps.lean[rows] += (LEAN / 3 if all(windows) else LEAN) * bearing * up[:, None]
    elif b.yaw[side] != a.yaw[side]:
        steps.heel[rows, side] = 0.12 * up
    steps.heel[rows, side] += 1.1 * steps.balls[rows, side, 1]


def _jump(steps: _Steps, rows: NDArray[np.int64], share: Array) -> None:
    """Bend the knees, leave the ground with both feet, land before the beat."""
    height = JUMP_M * np.sin(np.pi * _ease((share - 0.2) / 0.7)) ** 2
    steps.balls[rows, :, 1] += height[:, None]
    steps.heel[rows] += 4 * height[:, None]
    steps.lean[rows] = 0
    steps.air[rows] = height - 0.04 * np.sin(np.pi * _ease(share / 0.4)) ** 2


def _swing_windows(key: Key, following: Key, a: _Footing, b: _Footing) -> list[tuple[float, float] | None]:
    """The time that each foot is in the air during a count, as shares of it; None for a foot that stays on its ball."""
    steps = (np.linalg.norm(b.balls - a.balls, axis=1) > 0) | (a.lift != b.lift)
    if following.count.jump:
        return [(0.2, 0.9), (0.2, 0.9)]
    if steps.all():
        # The foot that carries less weight goes first.
        first, second = (0.0, 0.49), (0.49, 0.98)
        return [second, first] if _weight(key.count) > 0 else [first, second]
    return [(0.06, 0.94) if step else None for step in steps]
