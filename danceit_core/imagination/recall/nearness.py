"""How near each pose of a dance is to what a target's video shows: what it costs to paint it, before there is a dance.

Not in the paper. A part of the body is painted well where a frame of the target's video shows it alike. So a pose costs
the mean, over its parts, of the distance to the nearest frame that can lend the part: the distance by which the painter
chooses, hidden and blurred parts included (`choose.Lenders.distances`, squared there). On held-out frames of a target
this mean orders pictures best of what was tried (`benchmarks/paintable_pictures.py`): about 0.1 is a part that is there
nearly as asked for, 1 a view or a limb that the video does not show.

Bounded for large databases: at most LENDERS frames of the target and one pose in EVERY_S of each dance, which is read
and forgotten one by one. Dances are brought to the target's height, as `choreography.normalise` does.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.paintable import PoseCosts
from danceit_core.errors import ImaginationError
from danceit_core.imagination.recall.choose import Lenders
from danceit_core.imagination.recall.describe import usable_parts
from danceit_core.imagination.recall.hidden import hidden_shares
from danceit_core.imagination.target.data import MIN_JOINTS
from danceit_core.imagination.target.region import body_size
from danceit_core.pose.measure import measure_body
from danceit_core.pose.passages import kept_frames
from danceit_core.pose.skeleton import Keypoints, present
from danceit_core.pose.table import PoseTable, read_pose_table
from danceit_core.pose.tracks import split_tracks

log = logging.getLogger(__name__)

# Frames of the target that are compared with, at most: neighbours look alike.
LENDERS = 600
# Of each dance one pose in so many seconds; as many are compared at a time.
EVERY_S, BATCH = 0.25, 2048


@dataclass(frozen=True)
class Shown:
    """What a target's video shows: the frames that lend, and the person's height from nose to ankles, pixels."""

    lenders: Lenders
    height_px: float

    @classmethod
    def of(cls, target: PoseTable, *, most: int = LENDERS) -> "Shown | None":
        """Of a cleaned target on its plate; `most` of its frames. None, with a warning, where it cannot be known.

        That is where no frame shows the whole body: nothing can be said of the dances then.
        """
        usable = np.flatnonzero(kept_frames(target) & (present(target.keypoints).sum(-1) >= MIN_JOINTS))
        keypoints = target.keypoints[usable]
        height_px, sizes = measure_body(keypoints).height_px, body_size(keypoints)
        try:
            if not height_px > 0:
                raise ImaginationError("no frame of the target shows them from head to feet; film the whole body")
            body_px = float(np.nanquantile(sizes, 0.9))
            depth = target.columns.get("depth")
            hidden = hidden_shares(keypoints, None if depth is None else depth[usable], body_px=body_px)
            # Of all frames first: blur is told from the frame before.
            whole = Lenders.of(keypoints, frames=usable, fps=target.fps, body_px=body_px, hidden=hidden)
        except ImaginationError as error:
            log.warning("%s; the choice of the dance's fragments does not go by what can be painted", error)
            return None
        return cls(_thin(whole, most=most), height_px)

    def costs(self, poses: Keypoints) -> NDArray[np.float32]:
        """What it costs to paint each of (N, 25, 3) poses in pixels of the target, (N,) about 0 (good) to 1 (bad).

        Parts that a pose lacks are not painted and cost nothing.
        """
        total, parts = np.zeros(len(poses), np.float32), usable_parts(poses)
        for part, squares in enumerate(self.lenders.distances(poses)):
            total += np.where(parts[:, part], np.sqrt(squares.min(1)), 0)
        return total / np.maximum(parts.sum(1), 1)


def _thin(lenders: Lenders, *, most: int) -> Lenders:
    """At most `most` of the frames that lend, of neighbours the one whose parts are least hidden and blurred."""
    count = len(lenders.frames)
    if count <= most:
        return lenders
    edges = np.linspace(0, count, most + 1).astype(int)
    cost = np.where(lenders.able, lenders.costs, 1e3).sum(1)
    best = np.array([first + int(cost[first:end].argmin()) for first, end in pairwise(edges)])
    chosen = np.unique(np.concatenate([best, _least_able(lenders)]))
    return Lenders(
        [features[chosen] for features in lenders.features],
        lenders.able[chosen],
        lenders.costs[chosen],
        lenders.frames[chosen],
        lenders.times_s[chosen],
        lenders.body_px,
    )


def _least_able(lenders: Lenders) -> NDArray[np.int64]:
    """A frame for each part that lends it: thinning must not lose the only one."""
    return np.where(lenders.able, lenders.costs, np.inf).argmin(0)


def measure_dances(target: PoseTable, dances: Iterable[tuple[str, str | Path]]) -> PoseCosts:
    """The costs of the dances (name of the video, path of its cleaned table) for one target; NaN if it cannot be known.

    target: cleaned, on its plate (`results/camera/{target}.parquet`).
    """
    shown = Shown.of(target)
    parts = [part for video, path in dances for part in _measure(shown, video, read_pose_table(path))]
    return PoseCosts.join(parts)


def _measure(shown: Shown | None, video: str, table: PoseTable) -> Iterator[PoseCosts]:
    """The costs of each dancer of one video."""
    for track in split_tracks(table):
        kept = kept_frames(track.pose)
        body = measure_body(track.pose.keypoints[kept])
        rows = np.flatnonzero(kept)[:: max(1, round(EVERY_S * table.fps))]
        cost = np.full(len(rows), np.nan, np.float32)
        if shown is not None and body.height_px > 0:
            scale = np.array([shown.height_px / body.height_px] * 2 + [1], np.float32)
            for first in range(0, len(rows), BATCH):
                batch = slice(first, first + BATCH)
                cost[batch] = shown.costs(track.pose.keypoints[rows[batch]] * scale)
        yield PoseCosts.of(video, track.number or 0, frame=rows + track.first, cost=cost)
