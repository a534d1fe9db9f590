"""The plan of a dance: which fragment is danced during which part of the song. One row per clip."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from danceit_core.errors import ChoreographyError
from danceit_core.tables import DAMAGE, one_line, read_table, write_table

# Columns that a table has only if a clip needs them.
SOME = {"source_track": np.int64, "mirrored": np.bool_, "recalls": np.int64}


@dataclass(frozen=True)
class Plan:
    """Clips in the order of the song, without gaps; all arrays (C,).

    start_frame, frames: where the clip lies in the song, int. fragment_id: of the database. source_video,
    source_start_frame: where its movement comes from. rate: source frames played for each frame of the song.
    match_distance: from the clip's music to the fragment in the matcher's joint space (>= 0), NaN without a matcher.
    source_track: the dancer in the source video, 0 if there is only one. mirrored: left and right are exchanged.
    recalls: number of the clip whose movement this one repeats, -1: none. about: figures about the choice, such as
    those of `paintable.compare_plans`; they are metadata of the file, not a column. `about["hold"]`: the last clip
    slowly continues the previous one to the end of the song.
    """

    start_frame: NDArray[np.int64]
    frames: NDArray[np.int64]
    fragment_id: NDArray[Any]
    source_video: NDArray[Any]
    source_start_frame: NDArray[np.int64]
    rate: NDArray[np.float64]
    match_distance: NDArray[np.float64]
    source_track: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    mirrored: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    recalls: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    about: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.start_frame)
        usual = {"source_track": np.zeros(count, np.int64), "mirrored": np.zeros(count, bool),
                 "recalls": np.full(count, -1)}  # fmt: skip
        for name, values in usual.items():
            if not len(getattr(self, name)):
                object.__setattr__(self, name, values)
        ends = self.start_frame + self.frames
        if not len(self) or self.start_frame[0] != 0 or (self.start_frame[1:] != ends[:-1]).any() or ends[-1] < 1:
            raise ChoreographyError(
                f"plan with clips at frames {self.start_frame[:5].tolist()} of lengths {self.frames[:5].tolist()} "
                "leaves parts of the song without a dance; run retrieve_fragments again"
            )

    def __len__(self) -> int:
        return len(self.start_frame)

    @property
    def song_frames(self) -> int:
        """Length of the song in frames."""
        return int(self.start_frame[-1] + self.frames[-1])

    @property
    def seams(self) -> NDArray[np.int64]:
        """First frame of every clip except the first."""
        return self.start_frame[1:]

    def to_frame(self) -> pd.DataFrame:
        """A table with one row per clip, its columns named like the fields; those of SOME only if a clip needs them."""
        any_of = {"source_track": self.source_track.any(), "mirrored": self.mirrored.any(),
                  "recalls": (self.recalls >= 0).any()}  # fmt: skip
        names = [name for name in self.__dataclass_fields__ if name != "about" and any_of.get(name, True)]
        return pd.DataFrame({name: getattr(self, name) for name in names})

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> "Plan":
        """Inverse of `to_frame`. Raises ChoreographyError if a column is missing."""
        needed = [name for name in cls.__dataclass_fields__ if name not in (*SOME, "about")]
        missing = [name for name in needed if name not in frame]
        if missing:
            raise ChoreographyError(f"plan table lacks the columns {missing}; run retrieve_fragments again")
        whole: dict[str, Any] = {
            name: frame[name].to_numpy(np.int64) for name in ("start_frame", "frames", "source_start_frame")
        }
        real: dict[str, Any] = {name: frame[name].to_numpy(np.float64) for name in ("rate", "match_distance")}
        named: dict[str, Any] = {name: frame[name].to_numpy(object) for name in ("fragment_id", "source_video")}
        some: dict[str, Any] = {name: frame[name].to_numpy(kind) for name, kind in SOME.items() if name in frame}
        return cls(**whole, **real, **named, **some)


def write_plan(path: str | Path, plan: Plan) -> None:
    """Write a plan as Parquet, one row per clip; the file appears complete or not at all."""
    write_table(path, pa.Table.from_pandas(plan.to_frame(), preserve_index=False), metadata=plan.about)


def read_plan(path: str | Path) -> Plan:
    """Read what `write_plan` wrote. Raises ChoreographyError if the file is not a plan."""
    try:
        table, about = read_table(path)
        plan = replace(Plan.from_frame(table.to_pandas()), about=about)
        if not ((plan.recalls >= -1) & (plan.recalls < np.arange(len(plan)))).all():
            raise ValueError("it recalls a clip that is not an earlier one")
        known = np.isfinite(plan.match_distance) if not np.isnan(plan.match_distance).all() else True
        if not ((plan.rate > 0) & (plan.rate < np.inf) & known & (plan.frames > 0)).all():
            raise ValueError("it holds rates, distances or lengths that are impossible")
        return plan
    except (ChoreographyError, *DAMAGE) as error:
        raise ChoreographyError(f"{path} is not a plan ({one_line(error)}); delete it and run again") from error
