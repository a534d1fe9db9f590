"""The movements that a plan dances, looked up in the frames of all dances: a few of possibly thousands of videos."""

from collections.abc import Iterable

import numpy as np

from danceit_core.choreography.align import Source
from danceit_core.choreography.plan import Plan
from danceit_core.database.frames import Frames


def read_movement(frames: Frames, dance: str) -> Source:
    """A whole dance (`pose.tracks.dance_name`) as a source of movement; its arrays are views of those of the frames.

    Frames that are left out of the database are left out of the movement. Raises DatabaseError for an unknown dance.
    """
    rows = frames.rows_of(dance)
    passage = np.asarray(frames.passage[rows])
    world = None if frames.world is None else frames.world[rows]
    if world is not None and not np.isfinite(world).any():
        world = None
    first = frames.dances["first_frame"].to_numpy(np.int64)[(frames.dances["dance"] == dance).to_numpy()]
    return Source(frames.keypoints[rows], passage >= 0, passage, world, int(first[0]))


def read_movements(frames: Frames, dances: Iterable[str] | None = None) -> dict[str, Source]:
    """Several dances by their name; None: all dances."""
    names = frames.dances["dance"] if dances is None else dances
    return {str(name): read_movement(frames, str(name)) for name in names}


def movements_of(plan: Plan, frames: Frames) -> dict[str, Source]:
    """The dances that a plan takes its clips from, without those that are missing from the frames."""
    used = set(zip(plan.source_video.astype(str).tolist(), plan.source_track.tolist(), strict=True))
    table = frames.dances
    pairs = zip(table["video"], table["track"].tolist(), table["dance"], strict=True)
    return read_movements(frames, [dance for video, track, dance in pairs if (video, track) in used])
