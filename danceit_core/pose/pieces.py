"""Pieces of dance: one person followed without a break, from where they are found to where they may be mixed up.

Within a piece the person stays the same by all evidence: the region moves from picture to picture, the look stays alike
and nobody comes so near that joints could be exchanged. `linking` decides which pieces belong to one dancer.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from danceit_core.media.letterbox import Picture
from danceit_core.pose.apart import Figure, far_apart
from danceit_core.pose.appearance import Look, likeness, look_at
from danceit_core.pose.estimate import Estimate, Values, row_of
from danceit_core.pose.identity import MIN_LIKENESS
from danceit_core.pose.lookout import content_box

# Why a piece ended: lost from sight, mixed up, changed look, left the picture, camera cut, end of the video.
LOST, MIXED, UNLIKE, LEFT, CUT, OVER = "lost", "mixed", "unlike", "left", "cut", "over"
# Maximum movement and growth from one picture to the next at 24 frames per second (in distances from hips to outline).
FARTHEST_STEP, MOST_GROWTH = 0.6, 1.5
# Hips nearer than this to the picture's edge, in distances from hips to outline, are leaving it.
RIM = 0.25

Array = NDArray[np.float64]


@dataclass
class Piece:
    """One person in the frames `first`, `first` + 1, ...: in `found` an estimate each, or its numbers (`row_of`).

    starts, ends: figure of the first and last of them. look: mean of `looks` looks, None before the first. ended: why,
    "" while it continues. unsure: frames since the look was last confirmed. continues: the piece that this one turned
    out to be part of when the previous pictures were searched.
    """

    number: int
    first: int
    starts: Figure
    ends: Figure
    found: list[Estimate | Values] = field(default_factory=list)
    look: Look | None = None
    looks: int = 0
    ended: str = ""
    unsure: int = 0
    continues: int | None = None

    @property
    def end(self) -> int:
        """One past the last frame."""
        return self.first + len(self.found)

    def add(self, estimate: Estimate, figure: Figure) -> None:
        """The next frame."""
        self.found.append(estimate)
        self.ends = figure
        self.unsure += 1

    def add_before(self, estimate: Estimate, figure: Figure) -> None:
        """The frame before the first."""
        self.found.insert(0, estimate)
        self.first -= 1
        self.starts = figure

    def estimate(self, frame: int) -> Estimate:
        """The estimate of a frame that is not settled yet."""
        found = self.found[frame - self.first]
        if not isinstance(found, Estimate):
            raise TypeError(f"frame {frame} is already settled")
        return found

    def settle(self, frame: int) -> None:
        """Settle a frame: it does not change any more, and only its numbers are kept."""
        if self.first <= frame < self.end:
            self.found[frame - self.first] = row_of(self.estimate(frame))

    def close(self, why: str, *, withdrawn: int = 0) -> None:
        """End the piece; its last `withdrawn` frames may show another person."""
        self.ended = why
        if withdrawn:
            del self.found[max(0, len(self.found) - withdrawn) :]

    def remember(self, picture: Picture, figure: Figure) -> None:
        """Add a look of the person."""
        person = figure.person
        new = look_at(picture, person.middle, person.outline)
        share = np.float32(1 / (self.looks + 1))
        self.look = new if self.look is None else self.look + share * (new - self.look)
        self.looks += 1
        self.unsure = 0

    def is_like(self, picture: Picture, figure: Figure) -> bool:
        """Whether a figure looks like the person of this piece."""
        person = figure.person
        return self.look is None or likeness(self.look, look_at(picture, person.middle, person.outline)) >= MIN_LIKENESS


def steps_on(before: Figure, after: Figure, *, fps: float) -> bool:
    """Whether a figure may be the same person one picture later (or earlier)."""
    reach = max(1.0, min(before.reach_px, after.reach_px))
    step = float(np.hypot(*(after.trunk - before.trunk))) / reach
    growth = max(before.reach_px, after.reach_px) / reach
    return step <= FARTHEST_STEP * 24 / min(fps, 24) and growth <= MOST_GROWTH


def are_doubles(one: Piece, other: Piece, *, nearer: float) -> bool:
    """Whether two dancers who are near each other look so alike that they could be confused."""
    if far_apart(one.ends, other.ends) >= nearer:
        return False
    return one.look is None or other.look is None or likeness(one.look, other.look) >= MIN_LIKENESS


def is_at_rim(figure: Figure, picture: Picture) -> bool:
    """Whether a person's hips are at the edge of the picture, so that a loss means they have left it."""
    left, top, right, bottom = content_box(picture)
    x, y = figure.person.middle
    near = RIM * figure.reach_px
    return bool(x < left + near or x > right - near or y < top + near or y > bottom - near)
