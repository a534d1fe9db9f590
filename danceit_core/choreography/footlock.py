"""Foot lock: keeps planted feet still, after the seams are joined and before the beats are aligned. Not in the paper.

Seams and the perspective of another camera make standing feet creep. A foot is planted while its ankle is slow and near
its lowest place (with hysteresis, so that a trembling ankle gives one plant, not many). During a plant the ankle is
held at its mean place, blended in and out over BLEND_S; toes and heel move with it, and the knee follows:

- a bent leg by two-bone inverse kinematics, with thigh and shank as long as before;
- a nearly straight leg by turning and stretching it as a whole, usually by less than 2 %: at fixed lengths its knee
  would snap from side to side, and lengths in a picture are foreshortened anyway. In between, both are blended.

A foot that creeps farther than SLIP_SHARE while slow is meant to slide and is left alone. Coordinates as in `curve`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from danceit_core.choreography.curve import Array, fill_gaps
from danceit_core.pose.movement import LOW_SHARE
from danceit_core.pose.skeleton import LEFT_ANKLE, LEFT_HIP, LEFT_KNEE, RIGHT_ANKLE, RIGHT_HIP, RIGHT_KNEE

# Hip, knee, ankle and the joints attached to it: toes and heel.
LEGS = ((RIGHT_HIP, RIGHT_KNEE, RIGHT_ANKLE, (22, 23, 24)), (LEFT_HIP, LEFT_KNEE, LEFT_ANKLE, (19, 20, 21)))
# A plant begins below the first speed and ends above the second, body heights per second; its ankle is near its lowest
# place within one second around it.
SLOW, FAST = 0.12, 0.24
SHORTEST_S = 0.15
SLIP_SHARE = 0.06
BLEND_S = 0.25
# The ankles of real dancers give a little, and more so in a camera's picture: fully locked feet look nailed down.
HOLD = 0.6
# Distance of a knee from the line hip to ankle, leg lengths: straight below the first value, bent above the second.
STRAIGHT, BENT = 0.08, 0.2


@dataclass(frozen=True)
class Plant:
    """Frames first..stop - 1 in which an ankle stands at `place` (2,)."""

    first: int
    stop: int
    place: Array


def lock_feet(keypoints: Array, *, fps: float, height_px: float) -> Array:
    """The dance (T, 25, 3) with its planted feet held still. height_px: the dancer's height from nose to ankles."""
    out = keypoints.copy()
    if len(out) < 4:
        return out
    for hip, knee, ankle, rest in LEGS:
        track = fill_gaps(keypoints[:, ankle, :2])
        shift = hold(track, find_plants(track, fps=fps, height_px=height_px), fps=fps)
        out[:, knee, :2] = bend(keypoints[:, hip, :2], keypoints[:, knee, :2], keypoints[:, ankle, :2], shift)
        for joint in (ankle, *rest):
            out[:, joint, :2] += shift
    return out


def find_plants(ankle: Array, *, fps: float, height_px: float) -> list[Plant]:
    """When and where an ankle (T, 2) stands."""
    speed = np.linalg.norm(np.gradient(gaussian_filter1d(ankle, 1.0, axis=0), axis=0), axis=1) * fps / height_px
    low = ankle[:, 1] > maximum_filter1d(ankle[:, 1], round(fps) + 1) - LOW_SHARE * height_px
    plants = []
    for first, stop in _runs(low & (speed < FAST)):
        if stop - first < SHORTEST_S * fps or speed[first:stop].min() > SLOW:
            continue
        place = ankle[first:stop].mean(0)
        if np.linalg.norm(ankle[first:stop] - place, axis=1).max() <= SLIP_SHARE * height_px:
            plants.append(Plant(first, stop, place))
    return plants


def hold(ankle: Array, plants: list[Plant], *, fps: float) -> Array:
    """Shift (T, 2) that keeps an ankle (T, 2) at its plants; it fades in and out over BLEND_S beyond them."""
    blend = max(1, round(BLEND_S * fps))
    total, weights = np.zeros_like(ankle), np.zeros(len(ankle))
    for plant in plants:
        first, stop = max(0, plant.first - blend), min(len(ankle), plant.stop + blend)
        frames = np.arange(first, stop)
        outside = np.maximum(0, np.maximum(plant.first - frames, frames - (plant.stop - 1)))
        weight = HOLD * _smoothstep(1 - outside / (blend + 1))
        total[first:stop] += weight[:, None] * (plant.place - ankle[first:stop])
        weights[first:stop] += weight
    # If two plants are closer than their blends, their shifts are mixed.
    return total / np.maximum(1.0, weights / HOLD)[:, None]


def bend(hip: Array, knee: Array, ankle: Array, shift: Array) -> Array:
    """The knee (T, 2) of a leg whose ankle moves by `shift` (T, 2) while its hip stays; all (T, 2)."""
    old, new = (np.nan_to_num(_complex(end - hip)) for end in (ankle, ankle + shift))
    to_knee, whole = _complex(knee - hip), np.abs(old) > 1e-6
    along = to_knee / np.where(whole, old, 1.0)  # the knee in units of the leg
    turned = along * new
    thigh, shank, reach = np.abs(to_knee), np.abs(_complex(ankle - knee)), np.abs(new)
    base = (thigh**2 - shank**2 + reach**2) / (2 * np.maximum(reach, 1e-6))
    height = np.sqrt(np.maximum(0, thigh**2 - base**2))
    solved = (base + 1j * np.sign(along.imag) * height) * new / np.maximum(reach, 1e-6)
    reachable = (reach < thigh + shank) & (reach > np.abs(thigh - shank))
    share = np.where(reachable, _smoothstep((np.abs(along.imag) - STRAIGHT) / (BENT - STRAIGHT)), 0.0)
    moved = np.where(whole & (np.abs(new - old) > 0), (1 - share) * turned + share * solved, to_knee)
    return hip + np.stack([moved.real, moved.imag], -1)


def _complex(xy: Array) -> NDArray[np.complex128]:
    return xy[..., 0] + 1j * xy[..., 1]


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _smoothstep(t: Array) -> Array:
    u = np.clip(t, 0, 1)
    return u**3 * (10 - 15 * u + 6 * u * u)
