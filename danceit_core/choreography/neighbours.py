"""What fragments in one clip of a plan cost beside the clips round it: seams, the way, dancing the same again.

The costs are those of the search's path (`path`), to the digit: a fragment that carries the dance elsewhere pays for
what all clips after it then cost more.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from danceit_core.choreography import costs
from danceit_core.choreography.candidates import Candidates
from danceit_core.choreography.curve import Array
from danceit_core.choreography.library import Library, Rows
from danceit_core.choreography.path import REPETITION, join_costs, roaming
from danceit_core.choreography.plan import Plan
from danceit_core.choreography.slots import Slots
from danceit_core.config import RetrievalSettings
from danceit_core.pose.skeleton import MID_HIP

# Frames that two clips may share unseen, as on the search's path.
HALF_A_FRAME = 0.5


@dataclass(frozen=True)
class Neighbours:
    """The C clips of a plan as they are danced. rows, shifts (C,): of the library, source frames after their start.

    slots: the clips. fps: of the song.
    """

    plan: Plan
    rows: Rows
    shifts: Array
    slots: Slots
    library: Library
    fps: float
    settings: RetrievalSettings

    def taken(self, found: Candidates, clip: int) -> tuple[Rows, Array, Array]:
        """Video (number), first and one past the last frame that candidates (K,) play in a clip."""
        library = self.library
        video = library.dances.video_index[library.dance[library.fragments(found.rows)]]
        start = library.start_frame(found.rows) + found.shift
        return video, start, start + found.rates * self.slots.length[clip]

    def beside(self, clip: int, found: Candidates) -> dict[str, Array]:
        """What candidates (K,) cost beside the other clips: seams, the way the dance is carried, dancing it again."""
        ends, last = found.ends, len(self.plan) - 1
        assert ends is not None
        before, after = np.zeros(len(found.rows)), np.zeros(len(found.rows))
        carried, home = np.zeros(len(found.rows)), ends.start[:, MID_HIP, 0]
        place = np.zeros(len(found.rows))
        if clip:
            shifts = costs.foot_shifts(self._ends[clip - 1], ends)
            before = np.sum(join_costs(self._ends[clip - 1], ends, shifts, settings=self.settings), axis=0)[0]
            carried, home = self._carried[clip - 1] + shifts[0], self._ends[0].start[:, MID_HIP, 0]
            place = roaming(carried + ends.end[:, MID_HIP, 0] - home)
        if clip < last:
            shifts = costs.foot_shifts(ends, self._ends[clip + 1])
            after = np.sum(join_costs(ends, self._ends[clip + 1], shifts, settings=self.settings), axis=0)[:, 0]
            # All clips after this one move along with it.
            moved = carried + shifts[:, 0] - self._carried[clip + 1]
            ahead = self._carried[clip + 1 :] + self._hips[clip + 1 :]
            place = place + (
                roaming(ahead + moved[:, None] - home[:, None]) - roaming(ahead - self._ends[0].start[:, MID_HIP, 0])
            ).sum(1)
        return {"seam_before": before, "seam_after": after, "place": place, "repeats": self._repeats(clip, found)}

    def _repeats(self, clip: int, found: Candidates) -> Array:
        """What it costs that candidates (K,) share frames with clips that are danced shortly before or after."""
        near = self.settings.no_repeat_s * self.fps
        starts, stops = self.plan.start_frame, self.plan.start_frame + self.plan.frames
        gap = np.maximum(starts[clip] - stops, starts - stops[clip])
        others = np.flatnonzero((gap < near) & (np.arange(len(self.plan)) != clip))
        as_danced = Candidates(self.rows, self.plan.rate, self.shifts, np.zeros(len(self.plan)))
        video, start, stop = self.taken(found, clip)
        count = np.zeros(len(found.rows))
        for other in others.tolist():
            of, first, end = (each[other] for each in self.taken(as_danced, other))
            count += (video == of) & (np.minimum(stop, end) - np.maximum(start, first) > HALF_A_FRAME)
        return REPETITION * count

    @cached_property
    def _ends(self) -> list[costs.Ends]:
        """How each clip begins and ends as it is danced: of each by itself, since they last differently long."""
        return [
            costs.find_ends(
                self.library, self.rows[at], self.plan.rate[at], self.shifts[at], frames=int(frames), fps=self.fps
            )
            for at, frames in zip(np.arange(len(self.plan))[:, None], self.slots.length, strict=True)
        ]

    @cached_property
    def _carried(self) -> Array:
        """How far each clip's own x is carried, (C,), as on the search's path."""
        steps = [costs.foot_shifts(a, b)[0, 0] for a, b in zip(self._ends, self._ends[1:], strict=False)]
        return np.concatenate([[0.0], np.cumsum(steps)])

    @cached_property
    def _hips(self) -> Array:
        """Where the hip is at each clip's end, (C,), its own x."""
        return np.array([ends.end[0, MID_HIP, 0] for ends in self._ends])
