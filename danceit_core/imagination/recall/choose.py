"""Which frame of the target's video lends each part of the body, for single poses and over a whole dance.

In training a frame must not lend to itself or its neighbours, which look alike: the network would learn to copy. Over a
dance the choice is a path: the frames' distances plus a price for each switch, so that parts do not flicker. The best
path is found by dynamic programming; stays that are too short to be seen are then given to a neighbour.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import ImaginationError
from danceit_core.imagination.recall.describe import Features, describe, usable_parts
from danceit_core.imagination.recall.parts import NAMES, PARTS
from danceit_core.pose.skeleton import Keypoints

Choice = NDArray[np.int64]
# In training one of so many nearest frames is taken, none of them within a second.
NEAREST, APART_S = 4, 1.0
# What a switch costs, in the unit of squared distances, and the shortest stay of a lender, seconds.
SWITCH = 1.0
LEAST_S = 0.25
# The share of the next lender in the last frame of one, and of the last in the first frame of the next.
FADE = 1 / 3
# What a part costs that is hidden by another one.
HIDDEN = 2.0
# Of a frame whose part moves by so many body sizes a frame, blurred by it, the distance grows by 1.
BLUR = 12.0


@dataclass(frozen=True)
class Lenders:
    """Frames that lend: features of each part (M, D), whether each can lend a part (M, parts), and what that costs.

    frames (M,): their numbers; times_s (M,): of the video; costs (M, parts): squared distance that is added.
    """

    features: list[Features]
    able: NDArray[np.bool_]
    costs: NDArray[np.float32]
    frames: NDArray[np.int64]
    times_s: NDArray[np.float64]
    body_px: float

    @classmethod
    def of(
        cls,
        keypoints: Keypoints,
        *,
        frames: NDArray[np.int64],
        fps: float,
        body_px: float,
        hidden: NDArray[np.float32] | None = None,
    ) -> "Lenders":
        """Of the frames of a video with (M, 25, 3) keypoints.

        hidden (M, parts): share of each part that another one hides, 0..1; None: not known.
        Raises ImaginationError if a part can be lent by no frame at all.
        """
        able = usable_parts(keypoints)
        if missing := [name for name, any_one in zip(NAMES, np.asarray(able.any(0)), strict=True) if not any_one]:
            raise ImaginationError(
                f"no frame of the target shows the joints of its {', '.join(missing)}; film the whole body"
            )
        costs = _blur(keypoints, frames, body_px=body_px)
        if hidden is not None:
            costs = costs + HIDDEN * hidden
        return cls(describe(keypoints, body_px=body_px), able, costs, frames, frames / fps, body_px)

    def distances(self, poses: Keypoints) -> Iterator[Features]:
        """For each part the squared distances (N, M) of (N, 25, 3) poses, infinite for frames that cannot lend it."""
        pairs = zip(describe(poses, body_px=self.body_px), self.features, strict=True)
        for part, (wanted, have) in enumerate(pairs):
            squares = (wanted**2).sum(-1)[:, None] + (have**2).sum(-1) - 2 * wanted @ have.T
            whole = np.maximum(squares, 0) + self.costs[:, part]
            yield np.where(self.able[:, part], whole, np.inf).astype(np.float32)


def choose_apart(
    lenders: Lenders, poses: Keypoints, *, times_s: NDArray[np.float64], rng: np.random.Generator | None = None
) -> Choice:
    """Rows (N, parts) of the lenders for single poses (N, 25, 3) of the same video at times_s (N,), seconds.

    The nearest, or one of the NEAREST at random, but none within APART_S of the pose; where the video is too short for
    that, the farthest in time.
    """
    chosen = np.zeros((len(poses), len(PARTS)), np.int64)
    apart = np.abs(lenders.times_s - times_s[:, None])
    for part, distance in enumerate(lenders.distances(poses)):
        far = np.where(apart >= APART_S, distance, np.inf)
        short = ~np.isfinite(far).any(1)
        far[short] = np.where(np.isfinite(distance[short]), -apart[short], np.inf)
        count = min(NEAREST, far.shape[1]) if rng is not None else 1
        nearest = np.argpartition(far, count - 1, axis=1)[:, :count]
        real = np.isfinite(np.take_along_axis(far, nearest, 1))
        # The real ones first: one of them is drawn.
        order = np.argsort(~real, axis=1, kind="stable")
        drawn = np.zeros(len(poses), np.int64) if rng is None else rng.integers(0, np.maximum(real.sum(1), 1))
        chosen[:, part] = np.take_along_axis(nearest, np.take_along_axis(order, drawn[:, None], 1), 1)[:, 0]
    return chosen


@dataclass(frozen=True)
class Casting:
    """Who lends the parts of a dance: rows (T, parts) of the lenders.

    Where a part passes from one lender to the next, `others` lend as well, with `shares` (T, parts) of 0..1.
    """

    rows: Choice
    others: Choice
    shares: NDArray[np.float32]

    def part(self, where: slice) -> "Casting":
        """Some frames of the dance."""
        return Casting(self.rows[where], self.others[where], self.shares[where])


def cast_dance(lenders: Lenders, poses: Keypoints, *, fps: float) -> Casting:
    """The lenders of a dance (T, 25, 3) of `fps` frames a second, faded into each other where they change."""
    rows = choose_for_dance(lenders, poses, fps=fps)
    others, shares = rows.copy(), np.zeros(rows.shape, np.float32)
    before, part = np.nonzero(np.diff(rows, axis=0))
    others[before, part], shares[before, part] = rows[before + 1, part], FADE
    others[before + 1, part], shares[before + 1, part] = rows[before, part], FADE
    return Casting(rows, others, shares)


def choose_for_dance(lenders: Lenders, poses: Keypoints, *, fps: float) -> Choice:
    """Rows (T, parts) of the lenders for a dance (T, 25, 3) of `fps` frames a second: the best path for each part."""
    least = max(1, round(LEAST_S * fps))
    return np.stack([_path(distance, least=least) for distance in lenders.distances(poses)], -1)


def _path(distance: Features, *, least: int) -> Choice:
    """The lender (T,) of each frame: least sum of distances (T, M) and switches; then short stays are given up."""
    frames, lenders = distance.shape
    cost = np.minimum(distance, 1e6)  # infinite ones are compared, not added
    came_from = np.zeros((frames, lenders), np.int64)
    rows, best = np.arange(lenders), np.zeros(lenders, np.float32)
    for frame in range(frames):
        switched = int(best.argmin())
        stays = best <= best[switched] + SWITCH
        came_from[frame] = np.where(stays, rows, switched)
        best = np.where(stays, best, best[switched] + SWITCH) + cost[frame]
    path = np.zeros(frames, np.int64)
    at = int(best.argmin()) if frames else 0
    for frame in range(frames - 1, -1, -1):
        path[frame] = at
        at = int(came_from[frame, at])
    return _without_short_stays(path, cost, least=least)


def _without_short_stays(path: Choice, cost: Features, *, least: int) -> Choice:
    """The path (T,) with each stay that is shorter than `least` frames given to the better of its neighbours."""
    path = path.copy()
    while True:
        starts = np.concatenate([[0], np.flatnonzero(np.diff(path)) + 1, [len(path)]])
        lengths = np.diff(starts)
        if len(lengths) < 2 or lengths.min() >= least:
            return path
        run = int(lengths.argmin())
        span = slice(starts[run], starts[run + 1])
        beside = [path[starts[k]] for k in (run - 1, run + 1) if 0 <= k < len(lengths)]
        path[span] = min(beside, key=lambda lender: float(cost[span, lender].sum()))


def _blur(keypoints: Keypoints, frames: NDArray[np.int64], *, body_px: float) -> Features:
    """What the movement of each part costs, (M, parts): the square of its fastest joint's step, times BLUR."""
    step = np.zeros(keypoints.shape[:2], np.float32)
    if len(keypoints) > 1:
        moved = np.linalg.norm(np.diff(keypoints[..., :2], axis=0), axis=-1) / body_px
        both = (keypoints[1:, :, 2] > 0) & (keypoints[:-1, :, 2] > 0) & (np.diff(frames) == 1)[:, None]
        step[1:] = np.where(both, moved, 0)
    return np.stack([BLUR * np.square(step[:, list(part.look)]).max(-1) for part in PARTS], -1).astype(np.float32)
