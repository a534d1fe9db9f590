"""What it costs to paint the poses of the dances, as a table, and what a plan makes of it (not in the paper).

It is measured for each target from what their video shows (`imagination.recall.nearness`). A row of
`results/paintable/{target}.parquet` is one of the poses looked at: columns `video`, `track` (0 where there is one
dancer), `frame` and `cost`, about 0 (good) to 1 (bad), NaN where it cannot be known. A song's plan is shared by all
targets, so a fragment costs the mean over them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from danceit_core.choreography.curve import Array
from danceit_core.choreography.library import Library
from danceit_core.choreography.plan import Plan
from danceit_core.database.table import Database
from danceit_core.errors import ChoreographyError
from danceit_core.tables import DAMAGE, one_line, read_table, write_table

# Up to here a pose is like one that the video shows: nine tenths of the demo's target's own frames have such a one in
# the rest of their video, a second away or farther.
NEAR = 0.6


@dataclass(frozen=True)
class PoseCosts:
    """Costs (N,) of poses of dances: video names, track and frame numbers, cost 0 (good) to 1 (bad), NaN unknown."""

    video: NDArray[Any]
    track: NDArray[np.int32]
    frame: NDArray[np.int32]
    cost: NDArray[np.float32]

    @classmethod
    def of(cls, video: str, track: int, *, frame: NDArray[np.int64], cost: NDArray[np.float32]) -> "PoseCosts":
        """Of one dancer of a video; frames increasing."""
        count = len(frame)
        names, tracks = np.full(count, video, object), np.full(count, track, np.int32)
        return cls(names, tracks, frame.astype(np.int32), cost.astype(np.float32))

    @classmethod
    def join(cls, parts: Sequence["PoseCosts"]) -> "PoseCosts":
        """Of several dances, one after the other."""
        parts = [cls.of("", 0, frame=np.zeros(0, int), cost=np.zeros(0, np.float32)), *parts]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__))

    def __len__(self) -> int:
        return len(self.cost)

    @property
    def near_share(self) -> float:
        """The share of the known poses that are near to one of the target's, 0..1; NaN if none is known."""
        known = self.cost[np.isfinite(self.cost)]
        return float((known <= NEAR).mean()) if len(known) else float("nan")


def write_costs(path: str | Path, costs: PoseCosts) -> None:
    """Write the costs as Parquet; appears whole or not at all."""
    data = {
        "video": pa.array(costs.video, pa.string()).dictionary_encode(),
        "track": pa.array(costs.track),
        "frame": pa.array(costs.frame),
        "cost": pa.array(costs.cost, from_pandas=False),
    }
    write_table(path, pa.table(data), metadata={})


def read_costs(path: str | Path) -> PoseCosts:
    """Read what `write_costs` wrote. Raises ChoreographyError when the file is none of it."""
    try:
        table, _ = read_table(path)
        video = np.asarray(table["video"].to_pandas().astype(object), object)
        numbers = [table[name].to_numpy() for name in ("track", "frame", "cost")]
        if [column.dtype.kind for column in numbers] != ["i", "i", "f"]:
            raise TypeError("its columns are of other kinds")
        return PoseCosts(video, *numbers)
    except FileNotFoundError:
        raise ChoreographyError(f"{path}: no such table of costs; run measure_paintable") from None
    except DAMAGE as error:
        raise ChoreographyError(
            f"{path} holds no costs of poses ({one_line(error)}); delete it and run again"
        ) from error


def costs_of_fragments(database: Database, targets: Sequence[PoseCosts]) -> Array | None:
    """What each frame of each fragment costs, (N, F): the mean over the targets; None without any.

    Frames between those that were measured are interpolated; what is unknown costs nothing, as one cannot choose by it.
    """
    if not targets:
        return None
    table, frames = database.table, database.keypoints.shape[1]
    videos = table["video"].to_numpy(object)
    tracks = table["track"].to_numpy(np.int64) if "track" in table else np.zeros(len(table), np.int64)
    starts = table["start_frame"].to_numpy(np.int64)
    total = np.zeros((len(table), frames))
    lookups = [_by_dancer(costs) for costs in targets]
    for name in dict.fromkeys(zip(videos.tolist(), tracks.tolist(), strict=True)):
        rows = np.flatnonzero((videos == name[0]) & (tracks == name[1]))
        at = starts[rows, None] + np.arange(frames)
        for lookup in lookups:
            if name in lookup:
                total[rows] += np.interp(at, *lookup[name]) / len(targets)
    return total


def _by_dancer(costs: PoseCosts) -> Mapping[tuple[str, int], tuple[Array, Array]]:
    """Frames and known costs of each dancer, by name of the video and number of the track."""
    edges = np.flatnonzero((costs.video[1:] != costs.video[:-1]) | (costs.track[1:] != costs.track[:-1])) + 1
    found = {}
    for rows in np.split(np.arange(len(costs)), edges):
        known = rows[np.isfinite(costs.cost[rows])]
        if len(known):
            name = str(costs.video[known[0]]), int(costs.track[known[0]])
            found[name] = costs.frame[known].astype(float), costs.cost[known].astype(float)
    return found


def plan_cost(plan: Plan, library: Library) -> float:
    """What it costs to paint the frames of a plan, their mean; NaN where the library knows no costs."""
    if library.painting is None:
        return float("nan")
    row_of = {str(name): row for row, name in enumerate(library.fragment_id)}
    rows = np.array([row_of[str(name)] for name in plan.fragment_id])
    shift = plan.source_start_frame - library.start_frame[rows]
    at = library.frames_at(rows, shift[:, None] + plan.rate[:, None] * np.arange(library.frames))
    danced = np.arange(library.frames) < plan.frames[:, None]
    return float(library.painting[at][danced].mean())


def compare_plans(plan: Plan, without: Plan, library: Library) -> dict[str, float]:
    """What the cost of painting changed of a plan: figures for its file's metadata.

    cost, cost_without: mean over the frames of the plan, and of the one that is made where that cost has no weight;
    changed: clips that dance another fragment for it, of all `clips`.
    """
    return {
        "cost": plan_cost(plan, library),
        "cost_without": plan_cost(without, library),
        "changed": int((plan.fragment_id != without.fragment_id).sum()),
        "clips": len(plan),
    }
