"""The cost of painting the poses of the dances, as a table, and its effect on a plan (not in the paper).

It is measured for each target from what their video shows (`imagination.recall.nearness`). A row of
`results/paintable/{target}.parquet` is one of the measured poses: columns `video`, `track` (0 if there is only one
dancer), `frame` and `cost`, about 0 (good) to 1 (bad), NaN if it cannot be known. A song's plan is shared by all
targets, so a fragment costs the mean over them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from danceit_core.choreography.curve import Array
from danceit_core.choreography.library import Dances, Library
from danceit_core.choreography.plan import Plan
from danceit_core.database.frames import Frames
from danceit_core.errors import ChoreographyError
from danceit_core.tables import DAMAGE, one_line, read_table, write_table

# Up to this cost, a pose resembles one that the video shows: nine tenths of the frames of the demo's target are that
# near to another frame of their video, at least a second away.
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
        """The costs of one dancer of a video; frames increasing."""
        count = len(frame)
        names, tracks = np.full(count, video, object), np.full(count, track, np.int32)
        return cls(names, tracks, frame.astype(np.int32), cost.astype(np.float32))

    @classmethod
    def join(cls, parts: Sequence["PoseCosts"]) -> "PoseCosts":
        """The costs of several dances, concatenated."""
        parts = [cls.of("", 0, frame=np.zeros(0, int), cost=np.zeros(0, np.float32)), *parts]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__))

    def __len__(self) -> int:
        return len(self.cost)

    @property
    def near_share(self) -> float:
        """The share of the known poses that are near one of the target's, 0..1; NaN if none is known."""
        known = self.cost[np.isfinite(self.cost)]
        return float((known <= NEAR).mean()) if len(known) else float("nan")


def write_costs(path: str | Path, costs: PoseCosts) -> None:
    """Write the costs as Parquet; the file appears complete or not at all."""
    data = {
        "video": pa.array(costs.video, pa.string()).dictionary_encode(),
        "track": pa.array(costs.track),
        "frame": pa.array(costs.frame),
        "cost": pa.array(costs.cost, from_pandas=False),
    }
    write_table(path, pa.table(data), metadata={})


def read_costs(path: str | Path) -> PoseCosts:
    """Read what `write_costs` wrote. Raises ChoreographyError if the file is not such a table."""
    try:
        table, _ = read_table(path)
        video = np.asarray(table["video"].to_pandas().astype(object), object)
        numbers = [table[name].to_numpy() for name in ("track", "frame", "cost")]
        if [column.dtype.kind for column in numbers] != ["i", "i", "f"]:
            raise TypeError("its columns have other types")
        return PoseCosts(video, *numbers)
    except FileNotFoundError:
        raise ChoreographyError(f"{path} does not exist; run measure_paintable to make this table of costs") from None
    except DAMAGE as error:
        raise ChoreographyError(
            f"{path} holds no costs of poses ({one_line(error)}); delete it and run again"
        ) from error


@dataclass(frozen=True)
class FrameCosts:
    """The cost of painting any frame of the dances: the mean over the targets. Made by `FrameCosts.of`.

    known: for each target, its known costs as rows (N,) of the frames, increasing, and costs (N,); for each dance (D,),
    the first and last of these rows, whose costs also hold before and after them, -1 if nothing is known.
    """

    dances: Dances
    known: Sequence[tuple[Array, Array, Array, Array]]

    @classmethod
    def of(cls, frames: Frames, targets: Sequence[PoseCosts]) -> "FrameCosts | None":
        """The costs of the frames' dances for the targets; None without targets."""
        dances = Dances.of(frames.dances)
        return cls(dances, [_by_row(dances, costs) for costs in targets]) if targets else None

    def at(self, rows: NDArray[np.integer]) -> Array:
        """Costs of rows of the frames, of the shape of `rows`.

        Costs between the measured frames are interpolated; an unknown cost is 0, so that it does not affect the choice.
        """
        dance, total = self.dances.at(rows), np.zeros(rows.shape)
        for where, cost, first, last in self.known:
            if len(where):
                near = np.clip(rows, first[dance], last[dance])
                total += np.where(first[dance] >= 0, np.interp(near, where, cost), 0) / len(self.known)
        return total


def _by_row(dances: Dances, costs: PoseCosts) -> tuple[Array, Array, Array, Array]:
    """What `FrameCosts` stores for one target."""
    changes = (costs.video[1:] != costs.video[:-1]) | (costs.track[1:] != costs.track[:-1])
    edges = [0, *(np.flatnonzero(changes) + 1).tolist(), len(costs)]
    number_of = {pair: number for number, pair in enumerate(zip(dances.video, dances.track.tolist(), strict=True))}
    dance = np.full(len(costs), -1)
    for begin, end in pairwise(edges):
        if begin < end:
            dance[begin:end] = number_of.get((costs.video[begin], int(costs.track[begin])), -1)
    use = np.flatnonzero((dance >= 0) & np.isfinite(costs.cost))
    dance = dance[use]
    rows = costs.frame[use] - dances.first_frame[dance] + dances.first_row[dance]
    order = np.argsort(rows, kind="stable")
    rows, dance, cost = rows[order].astype(np.float64), dance[order], costs.cost[use][order].astype(np.float64)
    first, last = np.full((2, len(dances.name)), -1.0)
    last[dance] = rows  # if several rows are given, the last one stays
    first[dance[::-1]] = rows[::-1]
    return rows, cost, first, last


def plan_cost(plan: Plan, library: Library) -> float:
    """Mean cost of painting the frames of a plan; NaN if the library knows no costs.

    Raises ChoreographyError for a plan of another database.
    """
    if library.painting is None:
        return float("nan")
    rows = library.rows_of(plan.fragment_id)
    shift = plan.source_start_frame - library.start_frame(rows)
    moments = np.arange(plan.frames.max())
    at = library.frames_at(rows, shift[:, None] + plan.rate[:, None] * moments)
    danced = moments < plan.frames[:, None]
    return float(library.painting.at(at)[danced].mean())


def compare_plans(plan: Plan, without: Plan, library: Library) -> dict[str, float]:
    """How the cost of painting changed a plan: figures for its file's metadata.

    cost, cost_without: mean over the frames of the plan, and of the plan made with zero weight for that cost; changed:
    how many of all `clips` dance another fragment because of it.
    """
    before = set(zip(without.start_frame.tolist(), without.fragment_id, strict=True))
    return {
        "cost": plan_cost(plan, library),
        "cost_without": plan_cost(without, library),
        "changed": sum(clip not in before for clip in zip(plan.start_frame.tolist(), plan.fragment_id, strict=True)),
        "clips": len(plan),
    }
