"""The database's fragments as retrieval reads them: where each lies in the frames of all dances, and how it moves.

Nothing is copied: poses and moves are looked up in the arrays of `database.frames`, mapped or in memory, for the
requested fragments. A fragment can be played a little faster than recorded; it then continues into the frames after it.
Only the 15 body joints that every detector gives are used. Poses: x from the left edge of the picture, y from the
fragment's own ankle line, both in torso lengths of the source video's dancer, y down.

N fragments have 2 N rows: row N + k is fragment k with left and right exchanged, x mirrored about the left edge.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danceit_core.choreography.curve import Array, hide_absent
from danceit_core.database.frames import FACING, JERK, SLIDE, SPEED
from danceit_core.database.mapped import release
from danceit_core.database.table import SECONDS, Database
from danceit_core.database.windows import fragment_names
from danceit_core.errors import ChoreographyError
from danceit_core.pose.skeleton import BODY, MIRROR, Keypoints

if TYPE_CHECKING:
    from danceit_core.choreography.paintable import FrameCosts

Rows = NDArray[np.int64]
# Columns of the fragment table that a library is made of; all are numeric, which keeps memory small.
COLUMNS = ("row", "frames", "beats", "place", "passage_start", "passage_end", "ground")
MIRROR_BODY = list(MIRROR[: len(BODY)])


@dataclass(frozen=True)
class Dances:
    """The D dances of the frames, in the order of their rows; all arrays (D,).

    name: `pose.tracks.dance_name`; video and track: the parts of the name. first_row: in the arrays of frames;
    first_frame: in the video. torso_px: the dancer's. tempo_bpm: the music's, NaN: unknown. video_index: a number for
    each video, whatever the track: dancers at the same moment of a video dance to the same music and mostly the same
    steps.
    """

    name: NDArray[Any]
    video: NDArray[Any]
    track: Rows
    first_row: Rows
    first_frame: Rows
    torso_px: Array
    tempo_bpm: Array
    video_index: Rows

    @classmethod
    def of(cls, dances: pd.DataFrame) -> "Dances":
        """The dances of a table of `database.frames` that have at least one frame."""
        table = dances[dances["rows"] > 0].sort_values("first_row", kind="stable")
        tempo, video = table["tempo_bpm"].to_numpy(np.float64), table["video"].to_numpy(object)
        return cls(
            name=table["dance"].to_numpy(object),
            video=video,
            track=table["track"].to_numpy(np.int64),
            first_row=table["first_row"].to_numpy(np.int64),
            first_frame=table["first_frame"].to_numpy(np.int64),
            torso_px=table["torso_px"].to_numpy(np.float64),
            tempo_bpm=np.where(np.isfinite(tempo) & (tempo > 0), tempo, np.nan),
            video_index=np.unique(video.astype(str), return_inverse=True)[1],
        )

    def at(self, rows: NDArray[np.integer]) -> Rows:
        """The number of the dance that each row of the frames belongs to, of the shape of `rows`."""
        return np.searchsorted(self.first_row, rows, side="right") - 1


@dataclass(frozen=True)
class Library:
    """N fragments over the frames of their dances. Made by `Library.of`.

    frames: length of each fragment, 0 if they are in counts, with individual lengths (N,) and beats (N,); place (N,):
    place in the bar of their first beat, 1 the downbeat; beats and place are 0 where unknown. keypoints (M, 25, 3),
    moves (M, 4): those of `database.frames`. first (N,): a fragment's row in them; room (N,): frames from there to the
    end of its passage, before (N,): from the passage's beginning; ground (N,): its ankle line, torso lengths. dance
    (N,): number of its dance. painting: cost of painting each frame, None if unknown; a mirrored frame is assumed to
    cost the same. Methods take rows (K,) below 2 N.
    """

    frames: int
    lengths: NDArray[np.integer]
    beats: NDArray[np.integer]
    place: NDArray[np.integer]
    keypoints: Keypoints
    moves: NDArray[np.float32]
    dances: Dances
    dance: Rows
    first: Rows
    room: Rows
    before: Rows
    ground: Array
    painting: "FrameCosts | None" = None

    @classmethod
    def of(cls, database: Database, *, painting: "FrameCosts | None" = None) -> "Library":
        """The fragments of a database; its table needs only COLUMNS.

        Raises ChoreographyError if there is no fragment, and for a dancer whose size is unknown.
        """
        if not len(database):
            raise ChoreographyError("the database has no fragment to dance; add dance videos, or use shorter fragments")
        table, frames, first = database.table, database.frames, database.starts
        dances = Dances.of(frames.dances)
        dance = dances.at(first)
        used = np.flatnonzero(np.bincount(dance, minlength=len(dances.name)))
        if len(unknown := used[~(dances.torso_px[used] > 0)]):
            raise ChoreographyError(
                f"dance {dances.name[unknown[0]]} has fragments but no frame that shows neck and hip; "
                "film the whole body, head to feet"
            )
        start = first - dances.first_row[dance] + dances.first_frame[dance]
        return cls(
            frames=database.length if database.unit == SECONDS else 0,
            lengths=table["frames"].to_numpy(np.int32),
            beats=table["beats"].to_numpy(np.int16),
            place=table["place"].to_numpy(np.int16),
            keypoints=frames.keypoints,
            moves=frames.moves,
            dances=dances,
            dance=dance,
            first=first,
            room=table["passage_end"].to_numpy(np.int64) - start,
            before=start - table["passage_start"].to_numpy(np.int64),
            ground=table["ground"].to_numpy(np.float64),
            painting=painting,
        )

    def __len__(self) -> int:
        return len(self.first)

    @property
    def speed(self) -> NDArray[np.float32]:
        """Mean joint step into each of the M frames, torso lengths."""
        return self.moves[:, SPEED]

    @property
    def jerk(self) -> NDArray[np.float32]:
        """Mean third difference round each of the M frames, torso lengths."""
        return self.moves[:, JERK]

    @property
    def slide(self) -> NDArray[np.float32]:
        """Step of a planted ankle into each of the M frames, torso lengths; 0 without one."""
        return self.moves[:, SLIDE]

    @property
    def facing(self) -> NDArray[np.float32]:
        """The direction that the body faces in each of the M frames, degrees (`pose.facing`), NaN if unknown."""
        return self.moves[:, FACING]

    def fragments(self, rows: Rows) -> Rows:
        """The numbers (K,) of the fragments of rows (K,)."""
        return np.where(rows < len(self), rows, rows - len(self))

    def mirrored(self, rows: Rows) -> NDArray[np.bool_]:
        """Whether left and right are exchanged in rows (K,)."""
        return rows >= len(self)

    def pose(self, rows: Rows, offset: NDArray) -> Array:
        """Poses (K, 15, 2) of fragments `rows`, `offset` (K,) frames (may be fractional) after their start."""
        of, turned = self.fragments(rows), self.mirrored(rows)
        at = self.first[of] + np.clip(offset, -self.before[of], self.room[of] - 1)
        before = np.floor(at).astype(np.int64)
        after = np.minimum(before + 1, self.first[of] + self.room[of] - 1)
        share = (at - before)[:, None, None]
        torso_px = self.dances.torso_px[self.dance[of]][:, None, None]
        here, there = (hide_absent(self.keypoints[frame])[:, BODY, :2] / torso_px for frame in (before, after))
        xy = here + share * np.where(share > 0, there - here, 0)
        xy[..., 1] -= self.ground[of, None]
        if turned.any():
            xy[turned] = xy[turned][:, MIRROR_BODY] * [-1, 1]
        return xy

    def facing_at(self, rows: Rows, offset: NDArray) -> NDArray[np.float32]:
        """The direction that the body faces (K,), degrees (`pose.facing`), `offset` (K,) frames after the start."""
        facing = self.facing[self.frames_at(rows, offset)]
        return np.where(self.mirrored(rows), -facing, facing)

    def release(self) -> None:
        """Release the pages of mapped keypoints: reads are scattered, and each of them also maps its neighbours."""
        release(self.keypoints)

    def frames_at(self, rows: Rows, offset: NDArray) -> Rows:
        """Rows (K, ...) of the frames at `offset` (K, ...) source frames after the start of `rows` (K,)."""
        shape, of = (-1, *[1] * (offset.ndim - 1)), self.fragments(rows)
        within = np.clip(np.round(offset), -self.before[of].reshape(shape), self.room[of].reshape(shape) - 1)
        return self.first[of].reshape(shape) + within.astype(np.int64)

    def start_frame(self, rows: Rows) -> Rows:
        """First frames of fragments `rows` (K,) in their videos."""
        of = self.fragments(rows)
        dance = self.dance[of]
        return self.first[of] - self.dances.first_row[dance] + self.dances.first_frame[dance]

    def fragment_id(self, rows: Rows) -> NDArray[Any]:
        """Names (K,) of fragments `rows` (K,), as in the table (`windows.fragment_names`), mirrored or not."""
        of = self.fragments(rows)
        names = self.dances.name[self.dance[of]].tolist()
        lengths = None if self.frames else self.lengths[of].astype(np.int64)
        return np.array(fragment_names(names, self.start_frame(of), lengths), object)

    def video(self, rows: Rows) -> NDArray[Any]:
        """Videos (K,) of fragments `rows` (K,)."""
        return self.dances.video[self.dance[self.fragments(rows)]]

    def track(self, rows: Rows) -> Rows:
        """Dancers (K,) of fragments `rows` (K,), 0 if the video has only one."""
        return self.dances.track[self.dance[self.fragments(rows)]]

    def rows_named(self, fragment_id: str) -> Rows:
        """The numbers of the fragments with a name (may be none); in counts, a name without an end fits any length."""
        name, _, where = fragment_id.rpartition(":")
        frame, _, end = where.partition("-")
        dance = np.flatnonzero(self.dances.name == name)
        if not len(dance) or not _is_number(frame) or (end and (self.frames or not _is_number(end))):
            return np.zeros(0, np.int64)
        first = int(frame) - self.dances.first_frame[dance[0]] + self.dances.first_row[dance[0]]
        found = (self.first == first) & (self.dance == dance[0])
        return np.flatnonzero(found & (self.lengths == int(end) - int(frame)) if end else found)

    def row_of(self, fragment_id: str) -> int | None:
        """The number of a fragment; None if there is none with that name."""
        rows = self.rows_named(fragment_id)
        return int(rows[0]) if len(rows) and (self.frames or "-" in fragment_id.rpartition(":")[2]) else None

    def rows_of(self, fragment_ids: Iterable[Any], mirrored: NDArray[np.bool_] | None = None) -> Rows:
        """The rows of a plan's fragments. Raises ChoreographyError for a fragment that is not in the library."""
        names = [str(name) for name in fragment_ids]
        rows = {name: self.row_of(name) for name in names}
        if missing := [name for name, row in rows.items() if row is None]:
            raise ChoreographyError(
                f"the plan dances fragment {missing[0]!r}, which is not in the database; run retrieve_fragments again"
            )
        found = np.array([rows[name] for name in names], np.int64)
        return found if mirrored is None else found + len(self) * mirrored


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
