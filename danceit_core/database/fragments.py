"""Cut fragments of the dances: short windows of their poses with their sound (paper III-A), never across a cut.

A window lies inside one passage: frames that cleaning kept, from one camera shot and one dancer. It is stored as a
range of the frames of all dances (`table`), so another length is another table and nothing is copied. This module cuts
fragments of one length in seconds and contains what they share with those in counts (`counts`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danceit_core.config import FragmentSettings
from danceit_core.database.frames import SPEED, Frames
from danceit_core.database.mapped import release
from danceit_core.database.split import settled_split
from danceit_core.database.table import COLUMNS, SECONDS, Database
from danceit_core.database.windows import fragment_names
from danceit_core.errors import DatabaseError
from danceit_core.pose.measure import STANDING_PERCENTILE, ground_contacts, standing
from danceit_core.pose.orientation import joint_places
from danceit_core.pose.passages import find_passages

Rows = NDArray[np.int64]
# Columns of a fragment that come from its dance.
OF_DANCE = (
    "video", "track", "source_path", "source_sha256", "has_sound", "tempo_bpm", "torso_px", "height_px", "ground_y",
    "group",
)  # fmt: skip


@dataclass(frozen=True)
class Spans:
    """K windows of a dance: first frame, number of frames, and first and one past the last of its passage; all (K,).

    Frames are those of the dance. beats, place, meter: columns of the table, 0 where the windows are in seconds.
    """

    start: Rows
    frames: Rows
    begin: Rows
    end: Rows
    beats: Rows
    place: Rows
    meter: Rows

    def __len__(self) -> int:
        return len(self.start)


def cut_fragments(frames: Frames, *, seconds: float, settings: FragmentSettings) -> Database:
    """Windows of `seconds` inside the passages of all dances; there may be none.

    They follow each other at settings.hop_s, or without overlap if that is 0 (the paper). Column `split` is determined
    over the groups that have fragments with sound. Raises DatabaseError if a fragment would have fewer than 2 frames.
    """
    fps = frames.fps
    length = round(seconds * fps)
    if length < 2:
        raise DatabaseError(f"fragments of {seconds:g} s have {length} frames at {fps:g} fps; at least 2 are needed")
    hop = max(1, round(settings.hop_s * fps)) if settings.hop_s > 0 else length

    def windows_of(_: pd.Series, passages: Sequence[tuple[int, int]], __: NDArray[np.float32]) -> Spans:
        return _windows(passages, length=length, hop=hop)

    database = cut_dances(frames, windows_of, about={"unit": SECONDS, SECONDS: float(seconds)}, settings=settings)
    database.table[SECONDS] = float(seconds)
    return database


def cut_dances(
    frames: Frames,
    spans_of: Callable[[pd.Series, Sequence[tuple[int, int]], NDArray[np.float32]], Spans],
    *,
    about: dict[str, Any],
    settings: FragmentSettings,
) -> Database:
    """The fragments at the spans of each dance, one dance in memory at a time.

    spans_of: the spans of a dance, from its row of the table, its passages (first and one past the last frame) and its
    speed (T,). about: the entries of the metadata that depend on the unit.
    """
    fps, named_by_length = frames.fps, about["unit"] != SECONDS
    parts, longest = [], 0
    for _, dance in frames.dances.iterrows():
        rows = slice(int(dance["first_row"]), int(dance["first_row"] + dance["rows"]))
        passage = np.asarray(frames.passage[rows])
        passages = find_passages(passage >= 0, passage)
        longest = max([longest, *(end - first for first, end in passages)])
        spans = spans_of(dance, passages, frames.moves[rows, SPEED])
        if len(spans):
            ground = _ground_of(frames.keypoints[rows], spans, dance=dance)
            parts.append(_table_of(dance, spans, ground=ground, fps=fps, named_by_length=named_by_length))
        for array in (frames.keypoints, frames.moves, frames.passage):
            release(array)
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))
    groups, sounding = table["group"].to_numpy(object), table["has_sound"].to_numpy(bool)
    table["split"] = settled_split(groups, sounding, test_share=settings.test_share)
    metadata = {
        "fps": fps, **about, "feature_set": frames.metadata["feature_set"], "test_share": settings.test_share,
        "longest_s": longest / fps, "videos": frames.dances["video"].nunique(),
    }  # fmt: skip
    return Database(frames, table[list(COLUMNS)], metadata)


def ground_lines(contacts: NDArray[np.float64], starts: Rows, *, length: int, otherwise: float) -> NDArray[np.float64]:
    """The ground line (K,) of windows of `length` frames that begin at `starts` (K,), `otherwise` if none is seen.

    contacts (T,): the ground contact in each frame (`pose.measure.ground_contacts`), NaN where unknown.
    """
    windows = contacts[starts[:, None] + np.arange(length)]  # (K, F)
    lines = np.percentile(windows, STANDING_PERCENTILE, axis=1)
    for row in np.flatnonzero(np.isnan(lines)):
        lines[row] = standing(windows[row])
    return np.where(np.isnan(lines), otherwise, lines)


def _windows(passages: Sequence[tuple[int, int]], *, length: int, hop: int) -> Spans:
    """Windows of one length, each `hop` frames after the previous one."""
    found = [
        np.stack(np.broadcast_arrays(np.arange(first, end - length + 1, hop), first, end), axis=1)
        for first, end in passages
        if end - first >= length
    ]
    start, begin, end = (np.concatenate(found) if found else np.zeros((0, 3), np.int64)).T
    zero = np.zeros(len(start), np.int64)
    return Spans(start, zero + length, begin, end, beats=zero, place=zero, meter=zero)


def _ground_of(keypoints: NDArray[np.float32], spans: Spans, *, dance: pd.Series) -> NDArray[np.float64]:
    """Ground lines (K,) of the windows of a dance, torso lengths."""
    contacts = ground_contacts(joint_places(keypoints)) / dance["torso_px"]
    ground = np.zeros(len(spans))
    for length in np.unique(spans.frames).tolist():
        some = spans.frames == length
        otherwise = dance["ground_y"] / dance["torso_px"]
        ground[some] = ground_lines(contacts, spans.start[some], length=length, otherwise=otherwise)
    return ground


def _table_of(
    dance: pd.Series, spans: Spans, *, ground: NDArray[np.float64], fps: float, named_by_length: bool
) -> pd.DataFrame:
    """The rows of one dance's windows."""
    first, count = int(dance["first_frame"]), len(spans)
    start, lengths = spans.start + first, spans.frames if named_by_length else None
    whole = {
        "start_frame": start, "frames": spans.frames, "beats": spans.beats, "place": spans.place, "meter": spans.meter,
        "passage_start": spans.begin + first, "passage_end": spans.end + first,
    }  # fmt: skip
    own: dict[str, Any] = {
        "fragment_id": fragment_names([dance["dance"]] * count, start, lengths),
        "seconds": spans.frames / fps,
        "row": spans.start + int(dance["first_row"]),
        "ground": ground,
        **{name: np.broadcast_to(np.asarray(values, np.int32), count) for name, values in whole.items()},
    }
    return pd.DataFrame(own | {name: dance[name] for name in OF_DANCE})
