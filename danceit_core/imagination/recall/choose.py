"""Which frame of the target's video is the best lender of each body part: distances of frames from poses.

In training a frame must not lend to itself or to its neighbours, which look alike: the network would learn to copy. For
a whole dance, see `casting`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import ImaginationError
from danceit_core.imagination.recall.describe import Features, bone_lengths, describe, usable_parts
from danceit_core.imagination.recall.hidden import crowded_shares
from danceit_core.imagination.recall.parts import NAMES, PARTS
from danceit_core.pose.skeleton import Keypoints

Choice = NDArray[np.int64]
# In training, one of this many nearest frames is drawn, none of them within a second.
NEAREST, APART_S = 4, 1.0
# Cost of a part that is hidden by another one, and of a forearm and hand that lie on other parts.
HIDDEN, CROWDED = 6.0, 0.6
# A bone longer than EASILY times the lender's costs the square of the octaves beyond that, times STRETCH: a bone that
# points at the camera in one frame cannot be stretched out in another. Bones count as at least SHORTEST body sizes.
STRETCH, EASILY, SHORTEST = 4.0, 1.25, 0.05
# If a frame's part moves by this many body sizes per frame, and is blurred by it, its distance grows by 1.
BLUR = 12.0


@dataclass(frozen=True)
class Lenders:
    """Lending frames: features of each part (M, D), whether each frame can lend a part (M, parts), and the added costs.

    lengths: those of limbs' bones (M, 2), body sizes; frames (M,): their numbers; times_s (M,): times in the video;
    costs (M, parts): squared distance that is added.
    """

    features: list[Features]
    lengths: dict[int, Features]
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
        """The lenders among the frames of a video with (M, 25, 3) keypoints.

        hidden (M, parts): share of each part that another one hides, 0..1; None: not known.
        Raises ImaginationError if no frame can lend some part.
        """
        able = usable_parts(keypoints)
        if missing := [name for name, any_one in zip(NAMES, np.asarray(able.any(0)), strict=True) if not any_one]:
            raise ImaginationError(
                f"no frame of the target shows all joints of: {', '.join(missing)}; film the whole body"
            )
        costs = _blur(keypoints, frames, body_px=body_px) + CROWDED * crowded_shares(keypoints, body_px=body_px)
        if hidden is not None:
            costs = costs + HIDDEN * hidden
        lengths = bone_lengths(keypoints, body_px=body_px)
        return cls(describe(keypoints, body_px=body_px), lengths, able, costs, frames, frames / fps, body_px)

    def distances(self, poses: Keypoints) -> Iterator[Features]:
        """For each part the squared distances (N, M) of (N, 25, 3) poses, infinite for frames that cannot lend it."""
        long = bone_lengths(poses, body_px=self.body_px)
        pairs = zip(describe(poses, body_px=self.body_px), self.features, strict=True)
        for part, (wanted, have) in enumerate(pairs):
            squares = (wanted**2).sum(-1)[:, None] + (have**2).sum(-1) - 2 * wanted @ have.T
            whole = np.maximum(squares, 0) + self.costs[:, part]
            if part in long:
                whole += _stretch(long[part], self.lengths[part])
            yield np.where(self.able[:, part], whole, np.inf).astype(np.float32)

    def apart(self, one: int, other: int, *, part: int) -> float:
        """The squared distance of two of the frames for one part."""
        return float(np.square(self.features[part][one] - self.features[part][other]).sum())


def choose_apart(
    lenders: Lenders, poses: Keypoints, *, times_s: NDArray[np.float64], rng: np.random.Generator | None = None
) -> Choice:
    """Rows (N, parts) of the lenders for single poses (N, 25, 3) of the same video at times_s (N,), seconds.

    The nearest, or one of the NEAREST at random, but none within APART_S of the pose; if the video is too short for
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
        # Real candidates come first; one of them is drawn.
        order = np.argsort(~real, axis=1, kind="stable")
        drawn = np.zeros(len(poses), np.int64) if rng is None else rng.integers(0, np.maximum(real.sum(1), 1))
        chosen[:, part] = np.take_along_axis(nearest, np.take_along_axis(order, drawn[:, None], 1), 1)[:, 0]
    return chosen


def _blur(keypoints: Keypoints, frames: NDArray[np.int64], *, body_px: float) -> Features:
    """Cost of the movement of each part, (M, parts): the square of its fastest joint's step, times BLUR."""
    step = np.zeros(keypoints.shape[:2], np.float32)
    if len(keypoints) > 1:
        moved = np.linalg.norm(np.diff(keypoints[..., :2], axis=0), axis=-1) / body_px
        both = (keypoints[1:, :, 2] > 0) & (keypoints[:-1, :, 2] > 0) & (np.diff(frames) == 1)[:, None]
        step[1:] = np.where(both, moved, 0)
    return np.stack([BLUR * np.square(step[:, list(part.look)]).max(-1) for part in PARTS], -1).astype(np.float32)


def _stretch(now: Features, then: Features) -> Features:
    """Cost (N, M) of stretching bones of lengths `then` (M, B) to lengths `now` (N, B), body sizes."""
    wanted, have = (np.log2(np.fmax(lengths, SHORTEST)) for lengths in (now, then))
    beyond = wanted[:, None] - have - np.float32(np.log2(EASILY))
    return STRETCH * np.square(np.nan_to_num(beyond).clip(min=0)).sum(-1)
