"""Undo swaps of left and right by the detector, which happen when a dancer turns or faces away (not in the paper).

A swap exchanges all left joints of the arms, the legs or the face with the right ones from one frame to the next, so
that both sides leave their paths at once and continue along each other's: a flip. Real turns and crossed limbs have no
flips, since a limb that crosses another keeps its speed. The flips of a group of joints are those of the labelling with
the least total acceleration, where each flip costs FLIP_COST (Viterbi's algorithm). Accelerations are second
differences in torsos. They are capped at WORST, so that a joint that jumps anywhere proves nothing, and weighted by the
joint's lowest confidence, since a detector guesses a hidden limb again in each frame.

Two flips in short succession are a swap that was undone: the frames between them are corrected. Any other flip splits
the dance, as it is unknown which side is right; a face is too small to split a dance.

Measured on motion capture (36,758 frames; benchmarks/swaps.py): nothing changes where there was no swap, and 93 % of
the frames with inserted swaps are corrected. Half the FLIP_COST corrects all of them, but where a real dancer spins so
fast that they are blurred, it exchanges correct sides thirteen times as often as wrong ones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.pose.passages import find_passages
from danceit_core.pose.skeleton import MIRROR, Keypoints

ARMS = (2, 3, 4, 5, 6, 7)
LEGS = (9, 10, 11, 12, 13, 14)
FEET_ENDS = (19, 20, 21, 22, 23, 24)
FACE = (15, 16, 17, 18)
FLIP_COST, WORST = 0.4, 0.6
LONGEST_SWAP_S = 1.0

Flags = NDArray[np.bool_]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Group:
    """Joints swapped together: those that show a flip, all that are then exchanged, whether it may split a dance."""

    shown_by: tuple[int, ...]
    exchanged: tuple[int, ...]
    parts: bool


GROUPS = (
    Group(shown_by=ARMS, exchanged=ARMS, parts=True),
    Group(shown_by=LEGS, exchanged=LEGS + FEET_ENDS, parts=True),
    Group(shown_by=FACE, exchanged=FACE, parts=False),
)


@dataclass(frozen=True)
class Mended:
    """keypoints (T, 25, 3) with swaps undone; broken (T,): frames just after an unexplained flip.

    exchanged: (T, 25), joints that were exchanged with their mirror joint.
    """

    keypoints: Keypoints
    broken: Flags
    exchanged: Flags


def mend_swaps(keypoints: Keypoints, xy: Array, *, fps: float) -> Mended:
    """Undo swaps of left and right in (T, 25, 3) keypoints of one shot.

    xy: (T, 25, 2) the same in torsos, short gaps filled, NaN where absent.
    """
    mended, broken = keypoints.copy(), np.zeros(len(keypoints), bool)
    exchanged = np.zeros(keypoints.shape[:2], bool)
    longest = round(LONGEST_SWAP_S * fps)
    for group in GROUPS:
        flips, visible = find_flips(xy, keypoints[..., 2], joints=group.shown_by)
        swapped, unsure = sort_flips(flips, visible, longest=longest)
        frames = np.flatnonzero(swapped)[:, None]
        exchanged[frames, list(group.exchanged)] = True
        mended[frames, list(group.exchanged)] = keypoints[frames, [MIRROR[joint] for joint in group.exchanged]]
        if group.parts:
            broken |= unsure
    return Mended(mended, broken, exchanged)


def find_flips(xy: Array, confidence: NDArray, *, joints: tuple[int, ...]) -> tuple[Flags, Flags]:
    """Between which frames left and right of `joints` change places: (T,) true at the first frame after it.

    xy: (T, 25, 2) in torsos, NaN where absent; confidence: (T, 25). Also (T,) whether any pair of the joints is there
    to show it.
    """
    others = [MIRROR[joint] for joint in joints]
    own, other = xy[:, list(joints)], xy[:, others]
    sure = np.minimum(confidence[:, list(joints)], confidence[:, others])
    return _cheapest_flips(_flip_costs(own, other, sure)), np.any(_paired(own, other), axis=1)


def sort_flips(flips: Flags, visible: Flags, *, longest: int) -> tuple[Flags, Flags]:
    """Frames (T,) to swap back, and frames (T,) at which an unexplained flip remains.

    The flips split each run of visible frames into pieces, every other one swapped. The alternating set with the
    smaller total length is assumed to be wrong. Its pieces inside a run of at most `longest` frames are swapped back.
    """
    swapped, unsure = np.zeros(len(flips), bool), np.zeros(len(flips), bool)
    for first, end in find_passages(visible):
        bounds = [first, *(first + 1 + np.flatnonzero(flips[first + 1 : end])).tolist(), end]
        lengths = np.diff(bounds)
        wrong = 0 if lengths[::2].sum() < lengths[1::2].sum() else 1
        for piece in range(wrong, len(lengths), 2):
            start, stop = bounds[piece], bounds[piece + 1]
            inside = 0 < piece < len(lengths) - 1
            if inside and stop - start <= longest:
                swapped[start:stop] = True
            elif stop - start <= longest:
                unsure[start:stop] = True
            else:
                unsure[[frame for frame in (start, stop) if first < frame < end]] = True
    return swapped, unsure


def _flip_costs(own: Array, other: Array, sure: NDArray) -> Array:
    """Acceleration (T, 2, 2) at each frame for a flip before the frame before it (0, 1) and before it (0, 1).

    Mean over the joints whose pair is there in all three frames, 0 where there is none, each by the least of how `sure`
    (T, J) the three are.
    """
    costs = np.zeros((len(own), 2, 2))
    before, now, after = own[:-2], own[1:-1], own[2:]
    known = _paired(own, other)
    known = known[:-2] & known[1:-1] & known[2:]
    count = np.maximum(known.sum(axis=1), 1)
    weights = known * np.minimum(np.minimum(sure[:-2], sure[1:-1]), sure[2:])
    for flip_before in (0, 1):
        for flip_after in (0, 1):
            start = other[:-2] if flip_before else before
            end = other[2:] if flip_after else after
            bend = np.linalg.norm(end - 2 * now + start, axis=-1)
            bend = np.where(known, np.minimum(bend, WORST), 0)
            costs[2:, flip_before, flip_after] = (weights * bend).sum(axis=1) / count
    return costs


def _paired(own: Array, other: Array) -> Flags:
    """Which joints (T, J) are present together with those of the other side, from (T, J, 2) positions."""
    return np.asarray(np.isfinite(own + other).all(axis=-1))


def _cheapest_flips(costs: Array) -> Flags:
    """Flips (T,) with the least sum of `costs` and FLIP_COST per flip."""
    flips = np.zeros(len(costs), bool)
    keep, flip = 0.0, FLIP_COST
    came_from = []
    # Plain floats: a step of two states is too small for arrays.
    for (keep_keep, keep_flip), (flip_keep, flip_flip) in costs[2:].tolist():
        to_keep, to_flip = (keep + keep_keep, flip + flip_keep), (keep + keep_flip, flip + flip_flip)
        came_from.append((to_keep[1] < to_keep[0], to_flip[1] < to_flip[0]))
        keep, flip = min(to_keep), min(to_flip) + FLIP_COST
    state = flip < keep
    for frame in range(len(costs) - 1, 1, -1):
        flips[frame] = state
        state = came_from[frame - 2][state]
    if len(costs) > 2:
        flips[1] = state
    return flips
