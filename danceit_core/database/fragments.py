"""Fragments of the dances: short windows of their poses with their sound (paper III-A), never across a cut.

A window lies inside one passage: frames that cleaning kept, of one shot of the camera and of one dancer. It is a row
over the frames of all dances (`table`): another length is another table, and nothing is copied.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danceit_core.config import FragmentSettings
from danceit_core.database.frames import Frames
from danceit_core.database.mapped import release
from danceit_core.database.split import settled_split
from danceit_core.database.table import COLUMNS, Database
from danceit_core.errors import DatabaseError
from danceit_core.pose.measure import STANDING_PERCENTILE, ground_contacts, standing
from danceit_core.pose.orientation import joint_places
from danceit_core.pose.passages import find_passages

Rows = NDArray[np.int64]
# Columns of a fragment that are those of its dance.
OF_DANCE = (
    "video", "track", "source_path", "source_sha256", "has_sound", "tempo_bpm", "torso_px", "height_px", "ground_y",
    "group",
)  # fmt: skip


def cut_fragments(frames: Frames, *, seconds: float, settings: FragmentSettings) -> Database:
    """Windows of `seconds` inside the passages of all dances; there may be none.

    They follow each other at settings.hop_s, or without overlap where that is 0 (the paper). Column `split` is settled
    over the groups that have fragments with sound. Raises DatabaseError if a fragment would have fewer than 2 frames.
    """
    fps = frames.fps
    length = round(seconds * fps)
    if length < 2:
        raise DatabaseError(f"fragments of {seconds:g} s have {length} frames at {fps:g} fps; 2 or more are needed")
    hop = max(1, round(settings.hop_s * fps)) if settings.hop_s > 0 else length
    parts, longest = [], 0
    for _, dance in frames.dances.iterrows():
        rows = slice(int(dance["first_row"]), int(dance["first_row"] + dance["rows"]))
        passage = np.asarray(frames.passage[rows])
        passages = find_passages(passage >= 0, passage)
        longest = max([longest, *(end - first for first, end in passages)])
        windows = _windows(passages, length=length, hop=hop)
        if len(windows):
            ground = _ground_of(frames.keypoints[rows], windows[:, 0], length=length, dance=dance)
            parts.append(_table_of(dance, windows, ground=ground, length=length))
            release(frames.keypoints)
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))
    table["seconds"] = float(seconds)
    groups, sounding = table["group"].to_numpy(object), table["has_sound"].to_numpy(bool)
    table["split"] = settled_split(groups, sounding, test_share=settings.test_share)
    about = {
        "fps": fps, "seconds": float(seconds), "feature_set": frames.metadata["feature_set"],
        "test_share": settings.test_share, "longest_s": longest / fps, "videos": frames.dances["video"].nunique(),
    }  # fmt: skip
    return Database(frames, table[list(COLUMNS)], about)


def ground_lines(contacts: NDArray[np.float64], starts: Rows, *, length: int, otherwise: float) -> NDArray[np.float64]:
    """The ground line (K,) of windows of `length` frames that begin at `starts` (K,), `otherwise` where none is seen.

    contacts (T,): what is on the ground in each frame (`pose.measure.ground_contacts`), NaN where nothing is seen.
    """
    windows = contacts[starts[:, None] + np.arange(length)]  # (K, F)
    lines = np.percentile(windows, STANDING_PERCENTILE, axis=1)
    for row in np.flatnonzero(np.isnan(lines)):
        lines[row] = standing(windows[row])
    return np.where(np.isnan(lines), otherwise, lines)


def _windows(passages: Sequence[tuple[int, int]], *, length: int, hop: int) -> Rows:
    """First frame, and the first and one past the last of its passage, of each window: (K, 3), of the dance."""
    found = [
        np.stack(np.broadcast_arrays(np.arange(first, end - length + 1, hop), first, end), axis=1)
        for first, end in passages
        if end - first >= length
    ]
    return np.concatenate(found) if found else np.zeros((0, 3), np.int64)


def _ground_of(keypoints: NDArray[np.float32], starts: Rows, *, length: int, dance: pd.Series) -> NDArray[np.float64]:
    """Ground lines (K,) of the windows of a dance, torso lengths."""
    contacts = ground_contacts(joint_places(keypoints)) / dance["torso_px"]
    return ground_lines(contacts, starts, length=length, otherwise=dance["ground_y"] / dance["torso_px"])


def _table_of(dance: pd.Series, windows: Rows, *, ground: NDArray[np.float64], length: int) -> pd.DataFrame:
    """The rows of one dance's windows."""
    first, (start, begin, end) = int(dance["first_frame"]), windows.T
    own: dict[str, Any] = {
        "fragment_id": [f"{dance['dance']}:{frame}" for frame in (start + first).tolist()],
        "start_frame": (start + first).astype(np.int32),
        "frames": np.int32(length),
        "beats": np.int32(0),
        "place": np.int32(0),
        "meter": np.int32(0),
        "row": start + int(dance["first_row"]),
        "passage_start": (begin + first).astype(np.int32),
        "passage_end": (end + first).astype(np.int32),
        "ground": ground,
    }
    return pd.DataFrame(own | {name: dance[name] for name in OF_DANCE})
