"""Joints fitted to real pictures by a painter, to separate its error from the detector's error of some pixels.
However well it paints, a painter paints the person where the joints are, even if the joints are off. Here the joints of
each frame are moved a little until the painting agrees best with the real picture: a coordinate search over parts of
the body (`UNITS`) with decreasing steps and a prior that pulls every part to its detected place. Figures with fitted
joints must be labelled as such: the joints are fitted to the pictures that are scored, so the figures measure how well
the painter paints, not how accurate the joints are.
Conventions: keypoints (N, 25, 3) in pixels of the pictures, which are uint8 (H, W, 3) of one size.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from danceit_core.media.letterbox import Picture
from danceit_core.pose.skeleton import Keypoints, present

# Joints that move as one unit. Units of one line move at the same time: each is judged by the pixels around it.
UNITS = (
    ((0, 15, 16, 17, 18), (8, 9, 12), (4,), (7,), (11, 22, 23, 24), (14, 19, 20, 21)),
    ((1, 2, 5), (10,), (13,)),
    ((3,), (6,), (22, 23, 24), (19, 20, 21)),
)
# In body sizes: the steps, the prior's standard deviation, and the neighbourhood of a joint.
STEPS, PRIOR, ABOUT = (0.03, 0.015, 0.0075), 0.03, 0.35
# The share by which the error around a part has to fall to justify a move of one standard deviation.
WORTH = 0.02
MOVES = np.array([(1, 0), (-1, 0), (0, 1), (0, -1)], np.float32)
# Paints the poses (n, 25, 3) of the frames with the numbers (n,).
Painter = Callable[[Keypoints, NDArray[np.int64]], Sequence[Picture]]


def fit_joints(paint: Painter, real: Sequence[Picture], keypoints: Keypoints, *, body_px: float) -> Keypoints:
    """Joints (N, 25, 3) near the given ones with which the pictures of `paint` agree best with the real ones.

    body_px: body size of the person. A frame's joints change only if the error of the whole picture falls.
    """
    frames = np.arange(len(keypoints))
    best, now = keypoints.copy(), keypoints.copy()
    least = np.full(len(keypoints), np.inf)
    for step in STEPS:
        for group in UNITS:
            before = [_errors(p, q) for p, q in zip(paint(now, frames), real, strict=True)]
            _keep_better(best, least, now, before)
            now = best.copy()
            now = _moved(paint, real, now, keypoints, before, group, step_px=step * body_px, body_px=body_px)
    _keep_better(best, least, now, [_errors(p, q) for p, q in zip(paint(now, frames), real, strict=True)])
    return best


def _keep_better(best: Keypoints, least: NDArray, now: Keypoints, errors: Sequence[NDArray]) -> None:
    whole = np.array([error.mean() for error in errors])
    better = whole < least
    best[better], least[better] = now[better], whole[better]


def _moved(
    paint: Painter,
    real: Sequence[Picture],
    now: Keypoints,
    given: Keypoints,
    before: Sequence[NDArray],
    group: Sequence[tuple[int, ...]],
    *,
    step_px: float,
    body_px: float,
) -> Keypoints:
    """The joints with each unit of a group moved by one step in the best direction, or left in place."""
    frames, about = np.arange(len(now)), ABOUT * body_px
    trials = []
    for move in MOVES:
        trial = now.copy()
        joints = [joint for unit in group for joint in unit]
        trial[:, joints, :2] += np.where(present(trial)[:, joints, None], step_px * move, 0)
        trials.append((trial, [_errors(p, q) for p, q in zip(paint(trial, frames), real, strict=True)]))
    moved = now.copy()
    for frame in range(len(now)):
        for unit in group:
            joints = [joint for joint in unit if given[frame, joint, 2] > 0]
            if not joints:
                continue
            where = _box(now[frame, joints, :2], about, shape=before[frame].shape)
            options = [(now, before), *trials]
            costs = [
                errors[frame][where].mean() * (1 + WORTH * _offset(poses[frame], given[frame], joints, body_px) ** 2)
                if errors[frame][where].size
                else 0.0
                for poses, errors in options
            ]
            moved[frame, joints] = options[int(np.argmin(costs))][0][frame, joints]
    return moved


def _offset(pose: Keypoints, given: Keypoints, joints: Sequence[int], body_px: float) -> float:
    """Distance of the joints of a pose (25, 3) from the given ones, in standard deviations of the prior."""
    away = np.linalg.norm(pose[joints, :2] - given[joints, :2], axis=-1).mean()
    return float(away / (PRIOR * body_px))


def _errors(ours: Picture, theirs: Picture) -> NDArray[np.float32]:
    """Squared difference of each pixel (H, W), mean over colours."""
    return np.square(ours.astype(np.float32) - theirs).mean(-1)


def _box(points: NDArray[np.float32], about: float, *, shape: tuple[int, ...]) -> tuple[slice, slice]:
    low = np.clip(points.min(0) - about, 0, (shape[1], shape[0])).astype(int)
    high = np.clip(points.max(0) + about, 0, (shape[1], shape[0])).astype(int)
    return slice(low[1], high[1]), slice(low[0], high[0])
