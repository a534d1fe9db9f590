"""How near each pose of a dance is to what a target's video shows: the cost of painting it, before a dance is made.

Not in the paper. A body part is painted well if a frame of the target's video shows it in a similar way. The cost of a
pose is therefore the mean, over its parts, of the distance to the nearest frame that can lend the part. This is the
distance by which the painter chooses, including hidden and blurred parts (`choose.Lenders.distances`, squared there).
As a frame lends for a while, it is compared with three poses within `casting.LEAST_S`, so a quick turn costs more than
each of its poses. On held-out frames of a target this mean predicts the quality of pictures best of all that was tried
(`benchmarks/paintable_pictures.py`): about 0.2 means a part that the video shows nearly as requested, 1 a view or a
limb that it does not show.

Memory is bounded for large databases: at most LENDERS frames of the target and one moment in EVERY_S of each dance are
used, and dances are read one by one. Dances are scaled to the target's height, as in `choreography.normalise`.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.paintable import PoseCosts
from danceit_core.database.frames import Frames
from danceit_core.database.mapped import release
from danceit_core.errors import ImaginationError
from danceit_core.imagination.recall.casting import LEAST_S
from danceit_core.imagination.recall.choose import Lenders
from danceit_core.imagination.recall.describe import usable_parts
from danceit_core.imagination.recall.hidden import hidden_shares
from danceit_core.imagination.target.data import MIN_JOINTS
from danceit_core.imagination.target.region import body_size
from danceit_core.pose.measure import measure_body
from danceit_core.pose.passages import kept_frames
from danceit_core.pose.skeleton import Keypoints, present
from danceit_core.pose.table import PoseTable

log = logging.getLogger(__name__)

# Largest number of frames of the target that poses are compared with; neighbours look alike.
LENDERS = 600
# One moment of each dance in this many seconds is measured; this many are compared at a time.
EVERY_S, BATCH = 0.25, 1024
# A joint that a smaller share of a dancer's frames has is not compared.
RARE = 0.1


@dataclass(frozen=True)
class Shown:
    """What a target's video shows: keypoints (M, 25, 3), pixels, of the lending frames `frames` (M,).

    depth: (M, 25) or None. body_px, height_px: the person's body size and height from nose to ankles. most: largest
    number of frames to compare with.
    """

    keypoints: Keypoints
    frames: NDArray[np.int64]
    fps: float
    depth: NDArray[np.float32] | None
    body_px: float
    height_px: float
    most: int = LENDERS
    known: dict[tuple[int, ...], Lenders] = field(default_factory=dict)

    @classmethod
    def of(cls, target: PoseTable, *, most: int = LENDERS) -> "Shown | None":
        """From a cleaned target on its plate. None, with a warning, if no frame shows the whole body.

        Costs of dances are unknown then.
        """
        usable = np.flatnonzero(kept_frames(target) & (present(target.keypoints).sum(-1) >= MIN_JOINTS))
        keypoints, depth = target.keypoints[usable], target.columns.get("depth")
        height_px, sizes = measure_body(keypoints).height_px, body_size(keypoints)
        body_px = float(np.nanquantile(sizes, 0.9)) if np.isfinite(sizes).any() else float("nan")
        depth = None if depth is None else depth[usable]
        shown = cls(keypoints, usable, target.fps, depth, body_px, height_px, most)
        try:
            if not (height_px > 0 and body_px > 0):
                raise ImaginationError("no frame of the target shows the whole body; film the person from head to feet")
            shown.lenders()
        except ImaginationError as error:
            log.warning("the choice of fragments ignores what can be painted: %s", error)
            return None
        return shown

    def lenders(self, absent: tuple[int, ...] = ()) -> Lenders:
        """The frames that lend to a dancer without the joints `absent`; they are used without these joints, too.

        Otherwise feet that a detector does not give would be as far from the target's as a leg seen from another side.
        Raises ImaginationError if no frame lends some part.
        """
        if absent not in self.known:
            keypoints = self.keypoints.copy()
            keypoints[:, list(absent)] = 0
            hidden = hidden_shares(keypoints, self.depth, body_px=self.body_px)
            # Made from all frames first, because blur is estimated from the previous frame.
            whole = Lenders.of(keypoints, frames=self.frames, fps=self.fps, body_px=self.body_px, hidden=hidden)
            self.known[absent] = _thin(whole, most=self.most)
        return self.known[absent]

    def costs(self, moments: Keypoints, *, absent: tuple[int, ...] = ()) -> NDArray[np.float32]:
        """The cost of painting moments (N, W, 25, 3) of W poses, (N,) about 0 (good) to 1 (bad).

        Poses in pixels of the target. absent: joints that their dancer never has. Parts that the middle pose lacks are
        not painted and cost nothing.
        """
        count, width = moments.shape[:2]
        poses = moments.reshape(-1, *moments.shape[2:]).copy()  # (N * W, 25, 3)
        poses[:, list(absent)] = 0
        total, parts = np.zeros(count, np.float32), usable_parts(poses[width // 2 :: width])
        for part, squares in enumerate(self.lenders(absent).distances(poses)):
            nearest = squares.reshape(count, width, -1).mean(1).min(1)
            total += np.where(parts[:, part], np.sqrt(nearest), 0)
        return total / np.maximum(parts.sum(1), 1)

    def costs_of_dance(self, keypoints: Keypoints, *, fps: float, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The costs (R,) of the moments round rows (R,) of a dancer (T, 25, 3); NaN if unknown."""
        cost = np.full(len(rows), np.nan, np.float32)
        height_px = measure_body(keypoints).height_px
        absent = tuple(np.flatnonzero(present(keypoints).mean(0) < RARE).tolist()) if len(keypoints) else ()
        if not height_px > 0 or not _lends(self, absent):
            return cost
        scale = np.array([self.height_px / height_px] * 2 + [1], np.float32)
        reach = max(1, round(LEAST_S * fps / 2))
        moments = np.clip(rows[:, None] + [-reach, 0, reach], 0, len(keypoints) - 1)
        for first in range(0, len(rows), BATCH):
            batch = slice(first, first + BATCH)
            cost[batch] = self.costs(keypoints[moments[batch]] * scale, absent=absent)
        return cost


def _lends(shown: Shown, absent: tuple[int, ...]) -> bool:
    """Whether each part can be lent to a dancer without these joints."""
    try:
        shown.lenders(absent)
    except ImaginationError:
        return False
    return True


def _thin(lenders: Lenders, *, most: int) -> Lenders:
    """At most about `most` of the lending frames; of neighbours, the one whose parts are least hidden and blurred."""
    count = len(lenders.frames)
    if count <= most:
        return lenders
    edges = np.linspace(0, count, most + 1).astype(int)
    cost = np.where(lenders.able, lenders.costs, 1e3).sum(1)
    best = [first + int(cost[first:end].argmin()) for first, end in pairwise(edges)]
    # Also keep one frame for each part: thinning must not lose its only lender.
    best += np.where(lenders.able, lenders.costs, np.inf).argmin(0).tolist()
    chosen = np.unique(best)
    arrays = {name: getattr(lenders, name)[chosen] for name in ("able", "costs", "frames", "times_s")}
    features = [of_part[chosen] for of_part in lenders.features]
    lengths = {part: of_part[chosen] for part, of_part in lenders.lengths.items()}
    return replace(lenders, features=features, lengths=lengths, **arrays)


def measure_dances(target: PoseTable, frames: Frames) -> PoseCosts:
    """The costs of all dances for one target; NaN if it cannot be known.

    target: cleaned, on its plate (`results/camera/{target}.parquet`).
    """
    shown = Shown.of(target)
    return PoseCosts.join([_measure(shown, frames, dance) for dance in frames.dances.to_dict("records")])


def _measure(shown: Shown | None, frames: Frames, dance: Mapping[Any, Any]) -> PoseCosts:
    """The costs of one dance, which is read here and not kept."""
    where = slice(int(dance["first_row"]), int(dance["first_row"]) + int(dance["rows"]))
    kept = np.flatnonzero(frames.passage[where] >= 0)
    rows = np.arange(0, len(kept), max(1, round(EVERY_S * frames.fps)))
    cost = np.full(len(rows), np.nan, np.float32)
    if shown is not None:
        cost = shown.costs_of_dance(frames.keypoints[where][kept], fps=frames.fps, rows=rows)
        release(frames.keypoints)
    return PoseCosts.of(dance["video"], dance["track"], frame=kept[rows] + int(dance["first_frame"]), cost=cost)
