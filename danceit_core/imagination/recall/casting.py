"""Who lends the parts of a whole dance: a path through the lenders, for each part.

The frames' distances plus a price for each switch, so that parts do not flicker. The best path is found by dynamic
programming; stays that are too short to be seen are then given to a neighbour, and two lenders that look alike fade
into each other.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.imagination.recall.choose import Choice, Lenders
from danceit_core.imagination.recall.describe import Features
from danceit_core.imagination.recall.parts import PARTS, TRUNK
from danceit_core.pose.skeleton import Keypoints

# What a switch costs, in the unit of squared distances, and where the trunk switches in the same frame.
SWITCH, TOGETHER = 1.0, 0.3
# The shortest stay of a lender, seconds, and what a shorter one must save to be kept: a wrong arm is seen.
LEAST_S, SHORT = 0.25, 2.0
# How long both lenders show before and after a switch of a part at rest, seconds; from a speed of QUICK body sizes a
# second on there is no fade, nor between lenders that are farther apart than ALIKE: a ghost of a hand is seen more than
# a quick hand that changes, and a face on the back of a head more than a turn.
FADE_S, QUICK, ALIKE = 0.125, 2.0, 0.3


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
    return fades(lenders, choose_for_dance(lenders, poses, fps=fps), poses, fps=fps)


def fades(lenders: Lenders, rows: Choice, poses: Keypoints, *, fps: float) -> Casting:
    """Rows (T, parts) of the lenders of a dance (T, 25, 3) with fades where a slow part changes between two alike."""
    others, shares = rows.copy(), np.zeros(rows.shape, np.float32)
    speed = _speed(poses, body_px=lenders.body_px, fps=fps)
    for part in range(rows.shape[1]):
        starts = np.concatenate([[0], np.flatnonzero(np.diff(rows[:, part])) + 1, [len(rows)]])
        for before, at, after in zip(starts[:-2], starts[1:-1], starts[2:], strict=True):
            one, other = rows[at - 1, part], rows[at, part]
            if lenders.apart(one, other, part=part) >= ALIKE:
                continue
            # No fade reaches beyond the middle of a stay, where the next one begins.
            most = min(_fade_frames(speed[at, part], fps=fps), (at - before) // 2, (after - at) // 2)
            for step in range(most):
                share = 0.5 * (most - step) / (most + 0.5)
                others[at + step, part], shares[at + step, part] = one, share
                others[at - 1 - step, part], shares[at - 1 - step, part] = other, share
    return Casting(rows, others, shares)


def _speed(poses: Keypoints, *, body_px: float, fps: float) -> Features:
    """How fast each part moves, (T, parts) body sizes a second: its fastest joint since the frame before."""
    moved = np.zeros(poses.shape[:2], np.float32)
    both = (poses[1:, :, 2] > 0) & (poses[:-1, :, 2] > 0)
    moved[1:] = np.where(both, np.linalg.norm(np.diff(poses[..., :2], axis=0), axis=-1), 0) * (fps / body_px)
    return np.stack([moved[:, list(part.look)].max(-1) for part in PARTS], -1)


def _fade_frames(speed: float, *, fps: float) -> int:
    """How many frames to either side of a switch both lenders show: none in a quick movement, which hides it."""
    return round(FADE_S * fps * (1 - speed / QUICK)) if speed < QUICK else 0


def choose_for_dance(lenders: Lenders, poses: Keypoints, *, fps: float) -> Choice:
    """Rows (T, parts) of the lenders for a dance (T, 25, 3) of `fps` frames a second: the best path for each part.

    Where the trunk passes to another lender, as in a turn, the other parts do so more readily: a body whose parts face
    different ways for some frames is seen.
    """
    least = max(1, round(LEAST_S * fps))
    distances = list(lenders.distances(poses))
    price = np.full(len(poses), SWITCH, np.float32)
    paths = {TRUNK: _path(distances[TRUNK], price, least=least)}
    price[1:][np.diff(paths[TRUNK]) != 0] = TOGETHER
    for part, distance in enumerate(distances):
        if part != TRUNK:
            paths[part] = _path(distance, price, least=least)
    return np.stack([paths[part] for part in range(len(PARTS))], -1)


def _path(distance: Features, price: Features, *, least: int) -> Choice:
    """The lender (T,) of each frame: least sum of distances (T, M) and prices of switches (T,) at its frame.

    Short stays are then given up.
    """
    frames, lenders = distance.shape
    cost = np.minimum(distance, 1e6)  # infinite ones are compared, not added
    came_from = np.zeros((frames, lenders), np.int64)
    rows, best = np.arange(lenders), np.zeros(lenders, np.float32)
    for frame in range(frames):
        switched = int(best.argmin())
        stays = best <= best[switched] + price[frame]
        came_from[frame] = np.where(stays, rows, switched)
        best = np.where(stays, best, best[switched] + price[frame]) + cost[frame]
    path = np.zeros(frames, np.int64)
    at = int(best.argmin()) if frames else 0
    for frame in range(frames - 1, -1, -1):
        path[frame] = at
        at = int(came_from[frame, at])
    return _without_short_stays(path, cost, least=least)


def _without_short_stays(path: Choice, cost: Features, *, least: int) -> Choice:
    """The path (T,) with stays that are shorter than `least` frames given to the better of their neighbours."""
    path, kept = path.copy(), set[int]()
    while True:
        starts = np.concatenate([[0], np.flatnonzero(np.diff(path)) + 1, [len(path)]])
        lengths = np.diff(starts)
        short = [run for run in np.flatnonzero(lengths < least).tolist() if int(starts[run]) not in kept]
        if len(lengths) < 2 or not short:
            return path
        run = min(short, key=lambda run: int(lengths[run]))
        span = slice(starts[run], starts[run + 1])
        beside = [path[starts[k]] for k in (run - 1, run + 1) if 0 <= k < len(lengths)]
        costs = [float(cost[span, lender].sum()) for lender in beside]
        if min(costs) - float(cost[span, path[span.start]].sum()) > SHORT:
            kept.add(int(span.start))
        else:
            path[span] = beside[int(np.argmin(costs))]
