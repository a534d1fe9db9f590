"""Scores of movement: distances from real dances (paper Eq. 18, Table II), smoothness, sliding, stillness, variety.

Units. Distances of the paper are in pixels of a 512 x 512 picture whose person measures BODY_PX from nose to
ankles: every sequence is scaled by its own robust height, so that near and far cameras are comparable. Jerk, speed and
energy are per torso length. Sliding is in per cent of the body height per second. Time is in seconds.

Bins of Eq. 18, which the paper does not give: 1 px up to 400 px, epsilon 1e-6 added to each share, natural
logarithms; half the sum of both directions.

A dancer who stands still passes every score of smoothness, and a copy of one dance passes every distance. Read mean
speed, frozen share and diversity beside them, and compare all scores with the row of real dances.

Keypoints (T, 25, 3), absent joints 0; all means are over the joints and frames that are present.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import wasserstein_distance

from danceit_core.choreography.curve import Array, hide_absent
from danceit_core.choreography.motion_beats import step_speed
from danceit_core.choreography.normalise import whole_body
from danceit_core.pose.movement import mean_present, planted_speed
from danceit_core.pose.skeleton import ANKLES, BODY, FEET, HANDS, LEFT_SHOULDER, RIGHT_SHOULDER, Keypoints

BODY_PX = 300.0
LARGEST_PX = 400
EPSILON = 1e-6
# Table II: a step of a hand or foot between two frames, pixels.
STEP_BINS_PX = (0, 20, 40, 60, 80, 400)
# Speed below which a body counts as still, torso lengths per second.
FROZEN_SPEED = 0.05
# A seam affects the frames up to this far from it.
SEAM_FRAMES = 7
# Shoulders at least this far apart show the front or the back, torso lengths.
FACING_TORSOS = 0.25
DIVERSITY_WINDOW_S = 2.0


def compare_motion(generated: Sequence[Keypoints], real: Sequence[Keypoints]) -> dict[str, float]:
    """MDD and SDD of hands and feet (Eq. 18, nats) between two sets of dances, and Wasserstein-1 (px) of the same.

    Keys: `mdd_hands`, `mdd_feet`, `sdd_hands`, `sdd_feet`, and each with `_wasserstein`.
    """
    out = {}
    for name, measure, joints in (
        ("mdd_hands", limb_steps, HANDS),
        ("mdd_feet", limb_steps, FEET),
        ("sdd_hands", limb_spacing, HANDS),
        ("sdd_feet", limb_spacing, ANKLES),
    ):
        ours = np.concatenate([measure(dance, joints) for dance in generated])
        theirs = np.concatenate([measure(dance, joints) for dance in real])
        out[name] = symmetric_kl(ours, theirs)
        out[f"{name}_wasserstein"] = (
            float(wasserstein_distance(ours, theirs)) if len(ours) and len(theirs) else float("nan")
        )
    return out


def motion_scores(keypoints: Keypoints, *, fps: float, seams: ArrayLike = ()) -> dict[str, float]:
    """Scores of one dance that need no reference. seams: first frames of its clips, without the first clip.

    Keys: `mean_speed` (torso lengths / s), `jerk_mean`, `jerk_p99`, `seam_jerk_median`, `seam_jerk_max` (torso lengths
    / s^3; NaN without seams), `foot_sliding` (% of body height / s), `frozen_share`, `frozen_longest_s`,
    `kinetic_diversity`.
    """
    jerk = jerk_series(keypoints, fps=fps)
    peaks = seam_jerk(jerk, seams)
    share, longest_s = frozen(keypoints, fps=fps)
    return {
        "mean_speed": mean_speed(keypoints, fps=fps),
        "jerk_mean": _or_nan(np.mean, jerk),
        "jerk_p99": _or_nan(lambda values: np.percentile(values, 99), jerk),
        "seam_jerk_median": _or_nan(np.median, peaks),
        "seam_jerk_max": _or_nan(np.max, peaks),
        "foot_sliding": foot_sliding(keypoints, fps=fps),
        "frozen_share": share,
        "frozen_longest_s": longest_s,
        "kinetic_diversity": kinetic_diversity(keypoints, fps=fps),
    }


def limb_steps(keypoints: Keypoints, joints: Sequence[int]) -> Array:
    """All steps (K,) of the joints between neighbouring frames, pixels at BODY_PX."""
    steps = np.linalg.norm(np.diff(_scaled(keypoints)[:, list(joints)], axis=0), axis=-1)
    return steps[~np.isnan(steps)]


def limb_spacing(keypoints: Keypoints, pair: Sequence[int]) -> Array:
    """Distances (K,) between the two joints in every frame that shows both, pixels at BODY_PX."""
    xy = _scaled(keypoints)
    gaps = np.linalg.norm(xy[:, pair[0]] - xy[:, pair[1]], axis=-1)
    return gaps[~np.isnan(gaps)]


def symmetric_kl(x: ArrayLike, y: ArrayLike) -> float:
    """Eq. 18 for two samples of distances in pixels, nats, >= 0; NaN when one is empty. 400 px is the largest."""
    shares = []
    for sample in (np.asarray(x), np.asarray(y)):
        if not len(sample):
            return float("nan")
        counts, _ = np.histogram(np.minimum(sample, LARGEST_PX - 0.5), np.arange(LARGEST_PX + 1))
        share = counts / counts.sum() + EPSILON
        shares.append(share / share.sum())
    a, b = shares
    return float(((a - b) * np.log(a / b)).sum() / 2)


def moving_distribution(keypoints: Keypoints, joints: Sequence[int]) -> dict[str, float]:
    """Table II: share (0..1) of the joints' steps in each of the bins of STEP_BINS_PX, keys like `0-20`."""
    steps = limb_steps(keypoints, joints)
    counts, _ = np.histogram(np.minimum(steps, LARGEST_PX), STEP_BINS_PX)
    names = [f"{low}-{high}" for low, high in pairwise(STEP_BINS_PX)]
    return {name: float(count / max(1, len(steps))) for name, count in zip(names, counts, strict=True)}


def jerk_series(keypoints: Keypoints, *, fps: float) -> Array:
    """Third difference x fps^3, mean over body joints, torso lengths / s^3; entry i of (T - 3,): frames i..i + 3."""
    xy = _in_torsos(keypoints)
    if len(xy) < 4:
        return np.zeros(0)
    return np.nan_to_num(mean_present(np.linalg.norm(np.diff(xy, 3, axis=0), axis=-1))) * fps**3


def seam_jerk(jerk: Array, seams: ArrayLike) -> Array:
    """Largest jerk within SEAM_FRAMES of each seam, (S,); of the series of `jerk_series`."""
    peaks: list[float] = []
    for seam in np.asarray(seams, np.int64).tolist():
        near = jerk[max(0, seam - SEAM_FRAMES) : seam + SEAM_FRAMES]
        if len(near):
            peaks.append(float(near.max()))
    return np.array(peaks)


def facing_flips(keypoints: Keypoints, frames: ArrayLike) -> NDArray[np.bool_]:
    """Whether (S,) the shoulders swap sides within SEAM_FRAMES of each frame while wide in both views: turn or fold.

    Wide: the shoulders at least FACING_TORSOS apart on either side of the frame. Frames too near an end do not count.
    """
    xy = _in_torsos(keypoints)
    at = np.asarray(frames, np.int64)
    at = at[(at >= SEAM_FRAMES) & (at < len(xy) - SEAM_FRAMES)]
    width = xy[:, LEFT_SHOULDER, 0] - xy[:, RIGHT_SHOULDER, 0]
    before, after = width[at - SEAM_FRAMES], width[at + SEAM_FRAMES]
    return (before * after < 0) & (np.minimum(np.abs(before), np.abs(after)) > FACING_TORSOS)


def mean_speed(keypoints: Keypoints, *, fps: float) -> float:
    """Mean speed of the body joints, torso lengths / s; 0 for fewer than two frames."""
    if len(keypoints) < 2:
        return 0.0
    return float(step_speed(keypoints)[1:].mean() / whole_body(keypoints).torso_px * fps)


def frozen(keypoints: Keypoints, *, fps: float) -> tuple[float, float]:
    """Share of the steps slower than FROZEN_SPEED, and their longest run in seconds."""
    if len(keypoints) < 2:
        return 0.0, 0.0
    still = step_speed(keypoints)[1:] / whole_body(keypoints).torso_px * fps < FROZEN_SPEED
    edges = np.flatnonzero(np.diff(np.concatenate([[False], still, [False]]).astype(int)))
    runs = edges[1::2] - edges[::2]
    return float(still.mean()), float(runs.max() / fps) if len(runs) else 0.0


def foot_sliding(keypoints: Keypoints, *, fps: float) -> float:
    """Mean speed of the planted ankle, % of body height / s; NaN when no ankle is ever planted.

    Planted: the lower ankle, no faster than the other, near its lowest place of the second round it (`planted_speed`).
    """
    height = whole_body(keypoints).height_px
    speed, planted = planted_speed(hide_absent(keypoints)[..., :2], reach=round(fps) + 1, height=height)
    return _or_nan(np.mean, speed[planted] * fps / height * 100)


def kinetic_diversity(keypoints: Keypoints, *, fps: float) -> float:
    """Mean distance between the kinetic energies of all pairs of windows of DIVERSITY_WINDOW_S; 0 for fewer than two.

    A window's energy is the mean square velocity of each body joint, in x and in y, (torso lengths / s)^2: 30 numbers.
    """
    velocity = np.diff(_in_torsos(keypoints), axis=0) * fps  # (T - 1, 15, 2)
    frames = max(1, round(DIVERSITY_WINDOW_S * fps))
    count = len(velocity) // frames
    if count < 2:
        return 0.0
    windows = velocity[: count * frames].reshape(count, frames, -1)  # (windows, frames, 30)
    energy = np.nan_to_num(mean_present(windows**2, axis=1))
    distance = np.linalg.norm(energy[:, None] - energy[None], axis=-1)
    return float(distance.sum() / (count * (count - 1)))


def pool_jerk(dances: Iterable[Keypoints], *, fps: float) -> tuple[float, float]:
    """Mean and 99th percentile of jerk over all frames of several dances: the reference for one dance's jerk."""
    pooled = np.concatenate([jerk_series(dance, fps=fps) for dance in dances])
    return _or_nan(np.mean, pooled), _or_nan(lambda values: np.percentile(values, 99), pooled)


def _in_torsos(keypoints: Keypoints) -> Array:
    return hide_absent(keypoints)[:, BODY, :2] / whole_body(keypoints).torso_px


def _scaled(keypoints: Keypoints) -> Array:
    return hide_absent(keypoints)[..., :2] * (BODY_PX / whole_body(keypoints).height_px)


def _or_nan(function: Callable[[Array], Any], values: Array) -> float:
    return float(function(values)) if len(values) else float("nan")
