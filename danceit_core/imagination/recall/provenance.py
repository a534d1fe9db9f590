"""Where the pixels of a finished video come from: the target's frame for each frame and body part.

One Parquet file per video, one row per person, frame and part. Columns:

    person, frame, time_s          the person; the frame of the finished video and its time
    part                           one of `parts.NAMES`
    from_frame, from_s             the frame of the person's frame store that lends the part, and its time in the user's
                                   video file; empty if no frame does: the part is painted, or absent
    second_frame, second_s         the frame that also lends where the part switches from one lender to the next, and
    second_share                   its share, 0..1; empty and 0 elsewhere

The lenders are the requested ones. What a painter adds to their pixels, or paints in their place, is not in the table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from danceit_core.errors import ImaginationError
from danceit_core.imagination.recall.casting import BESIDE, Casting
from danceit_core.imagination.recall.choose import Lenders
from danceit_core.imagination.recall.describe import usable_parts
from danceit_core.imagination.recall.parts import NAMES
from danceit_core.pose.skeleton import Keypoints
from danceit_core.tables import DAMAGE, number_of, one_line, read_table, write_table

if TYPE_CHECKING:
    # Reading a table does not need torch.
    from danceit_core.imagination.recall.library import Lending

# Frame number that means: no frame lends.
NOBODY = -1
Frames = NDArray[np.int64]


@dataclass(frozen=True)
class Origins:
    """The lenders of one person's parts in a dance of T frames: frames of their frame store, NOBODY if none lends.

    lender, second: (T, P); share (T, P): that of the second, 0..1. fps: that of the dance; store_fps: that of the frame
    store, whose first frame is at `start_s` seconds of the user's file.
    """

    lender: Frames
    second: Frames
    share: NDArray[np.float32]
    fps: float
    store_fps: float
    start_s: float = 0.0

    @classmethod
    def of(
        cls, casting: Casting, lenders: Lenders, poses: Keypoints, *, fps: float, store_fps: float, start_s: float = 0.0
    ) -> "Origins":
        """The origins of a dance (T, 25, 3) with its casting."""
        there = usable_parts(poses)
        fades = there & (casting.shares > 0)
        return cls(
            np.where(there, lenders.frames[casting.rows], NOBODY),
            np.where(fades, lenders.frames[casting.others], NOBODY),
            np.where(fades, casting.shares, 0).astype(np.float32),
            fps,
            store_fps,
            start_s,
        )

    @classmethod
    def lent(cls, lending: "Lending | None", poses: Keypoints, *, fps: float, start_s: float = 0.0) -> "Origins":
        """The origins of a finished dance (T, 25, 3); lending: None if a network paints all of it."""
        if lending is None:
            return cls.painted(len(poses), fps=fps)
        shelf = lending.shelf
        return cls.of(lending.casting, shelf.lenders, poses, fps=fps, store_fps=shelf.target.fps, start_s=start_s)

    @classmethod
    def painted(cls, frames: int, *, fps: float) -> "Origins":
        """The origins of a dance that a network paints entirely: no frame lends."""
        shape = (frames, len(NAMES))
        nobody = np.full(shape, NOBODY, np.int64)
        return cls(nobody, nobody, np.zeros(shape, np.float32), fps, fps)

    def __len__(self) -> int:
        return len(self.lender)

    @property
    def recalled(self) -> bool:
        """Whether any part is lent."""
        return bool((self.lender != NOBODY).any())

    def part(self, where: slice) -> "Origins":
        """A range of the dance's frames."""
        lender, second, share = self.lender[where], self.second[where], self.share[where]
        return Origins(lender, second, share, self.fps, self.store_fps, self.start_s)

    def source_s(self, frames: Frames) -> NDArray[np.float64]:
        """Seconds of the user's file at frames of the store; NaN for NOBODY."""
        return np.where(frames == NOBODY, np.nan, self.start_s + frames / self.store_fps)

    def passing(self) -> NDArray[np.float32]:
        """Share of each part (T, P) that comes from other frames than in the previous frame, 0..1; 0 in the first.

        A lender that moves on to a neighbouring frame (`casting.BESIDE`) shows the person's own movement: no switch.
        """
        passed = np.zeros(self.lender.shape, np.float32)
        now, before = ((self.lender[a:b], self.second[a:b], self.share[a:b]) for a, b in ((1, None), (None, -1)))
        kept = np.zeros(passed[1:].shape, np.float32)
        for mine, my_share in ((now[0], 1 - now[2]), (now[1], now[2])):
            for theirs, their_share in ((before[0], 1 - before[2]), (before[1], before[2])):
                same = (mine == theirs) | ((np.abs(mine - theirs) <= BESIDE) & (mine != NOBODY) & (theirs != NOBODY))
                kept += np.where(same, np.minimum(my_share, their_share), 0)
        passed[1:] = np.clip(1 - kept, 0, 1)
        passed[passed < 1e-3] = 0
        return passed


def write_origins(path: str | Path, persons: Mapping[str, Origins]) -> None:
    """Write the table of the people in one video, by their names; the file appears complete or not at all."""
    table = pa.concat_tables([_rows(name, origins) for name, origins in persons.items()])
    about = {
        "persons": list(persons),
        "parts": list(NAMES),
        "fps": next(iter(persons.values())).fps,
        "store_fps": [origins.store_fps for origins in persons.values()],
        "start_s": [origins.start_s for origins in persons.values()],
    }
    write_table(path, table, metadata=about)


def _rows(name: str, origins: Origins) -> pa.Table:
    frames, parts = origins.lender.shape
    frame = np.repeat(np.arange(frames), parts)
    columns: dict[str, Any] = {
        "person": pa.array([name] * (frames * parts), pa.string()).dictionary_encode(),
        "frame": pa.array(frame, pa.int32()),
        "time_s": pa.array(frame / origins.fps, pa.float64()),
        "part": pa.array(list(NAMES) * frames, pa.string()).dictionary_encode(),
    }
    for what, numbers in (("from", origins.lender.reshape(-1)), ("second", origins.second.reshape(-1))):
        absent = numbers == NOBODY
        columns[f"{what}_frame"] = pa.array(numbers, pa.int32(), mask=absent)
        columns[f"{what}_s"] = pa.array(origins.source_s(numbers), pa.float64(), mask=absent)
    columns["second_share"] = pa.array(origins.share.reshape(-1), pa.float32())
    return pa.table(columns)


def read_origins(path: str | Path) -> dict[str, Origins]:
    """Read what `write_origins` wrote, by person. Raises ImaginationError if the file is not such a table."""
    try:
        table, metadata = read_table(path)
        if metadata["parts"] != list(NAMES):
            raise ValueError(f"its parts are {', '.join(map(str, metadata['parts']))}")
        fps, names = number_of(metadata, "fps"), list(metadata["persons"])
        if not all(isinstance(name, str) for name in names):
            raise TypeError(f"its persons are {names}")
        numbers = {key: _numbers(table, key) for key in ("from_frame", "second_frame", "second_share")}
        person = np.asarray(table["person"].to_pylist())
        found = {}
        for name, store_fps, start_s in zip(names, metadata["store_fps"], metadata["start_s"], strict=True):
            # (T * P,) -> (T, P)
            mine = {key: values[person == name].reshape(-1, len(NAMES)) for key, values in numbers.items()}
            if min(mine[key].min(initial=0) for key in mine) < NOBODY or mine["second_share"].max(initial=0) > 1:
                raise ValueError(f"{name} has impossible frames or shares")
            found[name] = Origins(
                mine["from_frame"].astype(np.int64),
                mine["second_frame"].astype(np.int64),
                mine["second_share"].astype(np.float32),
                fps,
                number_of({"store_fps": store_fps}, "store_fps"),
                number_of({"start_s": start_s}, "start_s", zero=True),
            )
        return found
    except FileNotFoundError:
        raise ImaginationError(f"{path} (table of pixels' origins) does not exist; render the video again") from None
    except DAMAGE as error:
        raise ImaginationError(
            f"{path} is not a table of pixels' origins ({one_line(error)}); delete it and run again"
        ) from error


def read_person(path: str | Path, name: str) -> Origins:
    """The origins of one person. Raises ImaginationError as `read_origins`, and if the video does not show them."""
    persons = read_origins(path)
    if name not in persons:
        raise ImaginationError(f"{path} is about {', '.join(persons)}, not about {name}; delete it and run again")
    return persons[name]


def _numbers(table: pa.Table, key: str) -> NDArray[Any]:
    column = table[key].combine_chunks()
    wanted = "f" if key == "second_share" else "i"
    numbers = np.asarray(column.fill_null(NOBODY).to_numpy(zero_copy_only=False))
    if numbers.dtype.kind != wanted or not np.isfinite(numbers).all():
        raise TypeError(f"column {key} holds {numbers.dtype}")
    return numbers
