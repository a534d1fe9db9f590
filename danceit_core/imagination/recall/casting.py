"""Choice of lenders for a whole dance: for each part, a path through the lending frames.

It minimises the frames' distances plus a cost for each switch, so that parts do not flicker. Moving on to a neighbour
of the lending frame costs little: it looks similar, and a turn passes through the views in between. The best path is
found by dynamic programming. Stays that are too short to be seen are then given to a neighbour, and two lenders that
look similar are cross-faded.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.imagination.recall.choose import Choice, Lenders
from danceit_core.imagination.recall.describe import Features
from danceit_core.imagination.recall.parts import ARM_LAYER, HEAD, PARTS, TRUNK
from danceit_core.pose.skeleton import Keypoints

# Cost of a switch in the unit of squared distances, and its cost if the trunk switches in the same frame.
SWITCH, TOGETHER = 2.0, 0.6
# Cost of moving on to a frame of the video that is at most BESIDE frames away.
GO_ON, BESIDE = 0.3, 4
# The shortest stay of a lender, seconds, and how much a shorter one must save to be kept: a wrong arm is visible.
LEAST_S, SHORT = 0.25, 2.0
# How long both lenders show before and after a switch of a part at rest, seconds, and the speed, body sizes per second,
# from which on they overlap in only one frame.
FADE_S, QUICK = 0.125, 8.0
# Lenders that are farther apart are not cross-faded, because hair next to a face is more visible than a cut. Two arms
# in a quick movement look like motion blur.
ALIKE, ALIKE_HEADS, ALIKE_ARMS = 0.6, 0.25, 3.0


@dataclass(frozen=True)
class Casting:
    """The lenders of a dance's parts: rows (T, parts) of the lenders.

    Where a part switches from one lender to the next, `others` lend as well, with `shares` (T, parts) of 0..1.
    """

    rows: Choice
    others: Choice
    shares: NDArray[np.float32]

    def part(self, where: slice) -> "Casting":
        """A range of the dance's frames."""
        return Casting(self.rows[where], self.others[where], self.shares[where])


def cast_dance(lenders: Lenders, poses: Keypoints, *, fps: float) -> Casting:
    """The lenders of a dance (T, 25, 3) of `fps` frames per second, cross-faded where they change."""
    return fades(lenders, choose_for_dance(lenders, poses, fps=fps), poses, fps=fps)


def fades(lenders: Lenders, rows: Choice, poses: Keypoints, *, fps: float) -> Casting:
    """Rows (T, parts) of the lenders of a dance (T, 25, 3), with fades where a part switches between similar ones."""
    others, shares = rows.copy(), np.zeros(rows.shape, np.float32)
    speed = _speed(poses, body_px=lenders.body_px, fps=fps)
    for part in range(rows.shape[1]):
        starts = np.concatenate([[0], switches(rows[:, part], lenders.frames), [len(rows)]])
        for before, at, after in zip(starts[:-2], starts[1:-1], starts[2:], strict=True):
            one, other = rows[at - 1, part], rows[at, part]
            if lenders.apart(one, other, part=part) >= _alike(part):
                continue
            # A fade ends at the middle of a stay, where the next one may begin.
            most = min(_fade_frames(speed[at, part], fps=fps), (at - before) // 2, (after - at) // 2)
            for step in range(most):
                share = 0.5 * (most - step) / (most + 0.5)
                others[at + step, part], shares[at + step, part] = one, share
                others[at - 1 - step, part], shares[at - 1 - step, part] = other, share
    return Casting(rows, others, shares)


def _alike(part: int) -> float:
    if part == HEAD:
        return ALIKE_HEADS
    return ALIKE_ARMS if PARTS[part].layer == ARM_LAYER else ALIKE


def _speed(poses: Keypoints, *, body_px: float, fps: float) -> Features:
    """Speed of each part, (T, parts) body sizes per second: that of its fastest joint since the previous frame."""
    moved = np.zeros(poses.shape[:2], np.float32)
    both = (poses[1:, :, 2] > 0) & (poses[:-1, :, 2] > 0)
    moved[1:] = np.where(both, np.linalg.norm(np.diff(poses[..., :2], axis=0), axis=-1), 0) * (fps / body_px)
    return np.stack([moved[:, list(part.look)].max(-1) for part in PARTS], -1)


def _fade_frames(speed: float, *, fps: float) -> int:
    """Number of frames on either side of a switch that show both lenders: fewer in a quick movement, which hides it."""
    return max(1, round(FADE_S * fps * (1 - speed / QUICK)))


def choose_for_dance(lenders: Lenders, poses: Keypoints, *, fps: float) -> Choice:
    """Rows (T, parts) of the lenders for a dance (T, 25, 3) of `fps` frames per second: the best path for each part.

    When the trunk switches to another lender, as in a turn, the other parts switch more readily, because a body whose
    parts face different ways for some frames is visible.
    """
    least = max(1, round(LEAST_S * fps))
    distances = list(lenders.distances(poses))
    price = np.full(len(poses), SWITCH, np.float32)
    paths = {TRUNK: _path(distances[TRUNK], price, lenders.frames, least=least)}
    price[switches(paths[TRUNK], lenders.frames)] = TOGETHER
    for part, distance in enumerate(distances):
        if part != TRUNK:
            paths[part] = _path(distance, price, lenders.frames, least=least)
    return np.stack([paths[part] for part in range(len(PARTS))], -1)


def _path(distance: Features, price: Features, frames: Choice, *, least: int) -> Choice:
    """The lender (T,) of each frame: least sum of distances (T, M) and costs of switches (T,) at their frames.

    frames (M,): numbers of the lenders in their video. Short stays are removed afterwards.
    """
    count, lenders = distance.shape
    cost = np.minimum(distance, 1e6)  # infinite ones are compared, not added
    came_from = np.zeros((count, lenders), np.int64)
    rows, best = np.arange(lenders), np.zeros(lenders, np.float32)
    near = [(rows[max(0, k) : lenders + min(0, k)], k) for k in range(-BESIDE, BESIDE + 1) if k and abs(k) < lenders]
    beside = [(to[(np.abs(frames[to] - frames[to - k]) <= BESIDE)], k) for to, k in near]
    for frame in range(count):
        switched = int(best.argmin())
        source, least_cost = rows.copy(), best.copy()
        for to, k in beside:
            moved = best[to - k] + GO_ON
            better = moved < least_cost[to]
            source[to[better]], least_cost[to[better]] = to[better] - k, moved[better]
        stays = least_cost <= best[switched] + price[frame]
        came_from[frame] = np.where(stays, source, switched)
        best = np.where(stays, least_cost, best[switched] + price[frame]) + cost[frame]
    path = np.zeros(count, np.int64)
    at = int(best.argmin()) if count else 0
    for frame in range(count - 1, -1, -1):
        path[frame] = at
        at = int(came_from[frame, at])
    return _without_short_stays(path, cost, frames, least=least)


def switches(path: Choice, frames: Choice) -> Choice:
    """Frames of a dance at which a part switches to a lender (T,) that is not a neighbour of the previous one."""
    return np.flatnonzero(np.abs(np.diff(frames[path])) > BESIDE) + 1


def _without_short_stays(path: Choice, cost: Features, frames: Choice, *, least: int) -> Choice:
    """The path (T,) with stays that are shorter than `least` frames given to the better of their neighbours."""
    path, kept = path.copy(), set[int]()
    while True:
        starts = np.concatenate([[0], switches(path, frames), [len(path)]])
        lengths = np.diff(starts)
        short = [run for run in np.flatnonzero(lengths < least).tolist() if int(starts[run]) not in kept]
        if len(lengths) < 2 or not short:
            return path
        run = min(short, key=lambda run: int(lengths[run]))
        first, last = int(starts[run]), int(starts[run + 1])
        beside = [path[at] for at in (first - 1, last) if 0 <= at < len(path)]
        costs = [float(cost[first:last, lender].sum()) for lender in beside]
        if min(costs) - float(cost[np.arange(first, last), path[first:last]].sum()) > SHORT:
            kept.add(first)
        else:
            path[first:last] = beside[int(np.argmin(costs))]
