"""Check that the followed person is still the same while others are in view.

A network that follows one body may switch to another that comes near. While there are others, everybody around the
followed person is detected several times per second and compared with that person by looks (`appearance`) and by place;
a person alone is checked once per second. If a check fails, the frames since the last successful one are withdrawn.
"""

import numpy as np
from numpy.typing import NDArray

from danceit_core.media.letterbox import Picture
from danceit_core.pose.appearance import Look, likeness, look_at
from danceit_core.pose.blazepose_people import Person

CHECKS_PER_S = 8.0
# Looks of the same person are rarely less alike than this; those of two persons in different clothes rarely more.
MIN_LIKENESS = 0.55
# Another person is chosen if more alike by MARGIN; each hips-to-outline distance lowers the likeness by PLACE.
MARGIN, PLACE, FARTHEST = 0.15, 0.3, 0.3
# Share of a new look in the remembered look of the person, if it is certainly theirs.
FRESH, SURE_LIKENESS = 0.1, 0.7

Array = NDArray[np.float64]


class Identity:
    """Remembers the look and the place of the person who is followed. fps: rate of the pictures."""

    def __init__(self, *, fps: float) -> None:
        self._fps = fps
        self._look: Look | None = None
        self._place, self._reach_px = np.zeros(2), 1.0
        self.unsure = 0

    @property
    def knows_somebody(self) -> bool:
        """Whether a person was followed before."""
        return self._look is not None

    def is_due(self, figure: Person, *, company: bool) -> bool:
        """Go to the next picture; whether a check is due, or the figure moved implausibly with others in view."""
        self.unsure += 1
        if not company:
            return self.unsure >= self._fps
        return self.unsure >= self._fps / CHECKS_PER_S or self._distance(figure) > MARGIN / PLACE

    def meet(self, picture: Picture, figure: Person) -> None:
        """Follow a new person from here on."""
        self._look = None
        self.remember(picture, figure)

    def remember(self, picture: Picture, figure: Person) -> None:
        """Remember this figure as the followed person."""
        new = look_at(picture, figure.middle, figure.outline)
        if self._look is None:
            self._look = new
        elif likeness(self._look, new) >= SURE_LIKENESS:
            self._look = (1 - FRESH) * self._look + FRESH * new
        self._place, self._reach_px, self.unsure = figure.middle, figure.reach_px, 0

    def choose(self, picture: Picture, found: list[Person]) -> Person | None:
        """The previously followed person among those found; None if nobody looks like that person."""
        rated = [(self._rate(picture, person), person) for person in found]
        alike = [(rating, person) for (rating, look), person in rated if look >= MIN_LIKENESS]
        return max(alike, key=lambda pair: pair[0])[1] if alike else None

    def confirm(self, picture: Picture, figure: Person, found: list[Person]) -> bool:
        """Whether the figure is the followed person rather than one of those found around it."""
        rating, look = self._rate(picture, figure)
        elsewhere = [person for person in found if not person.is_at(figure.middle, reach_px=figure.reach_px)]
        best = max((self._rate(picture, person)[0] for person in elsewhere), default=-np.inf)
        if look < MIN_LIKENESS or best > rating + MARGIN:
            return False
        self.remember(picture, figure)
        return True

    def _rate(self, picture: Picture, person: Person) -> tuple[float, float]:
        """How well a person matches the followed one, by look and place, and by look alone."""
        look = 1.0 if self._look is None else likeness(self._look, look_at(picture, person.middle, person.outline))
        return look - min(FARTHEST, PLACE * self._distance(person)), look

    def _distance(self, person: Person) -> float:
        """Distance from the last confirmed place of the followed person, in distances from hips to outline."""
        return float(np.hypot(*(person.middle - self._place))) / max(1.0, self._reach_px)
