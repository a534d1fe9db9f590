"""Find persons who are not followed yet while several dancers are followed.

The whole picture and tiles as in `lookout`, planned here for all followed dancers together, are examined in turn, or
all at once if nobody was followed before. The place where a dancer was lost is examined in each picture for a while.
"""

import numpy as np

from danceit_core.media.letterbox import Picture
from danceit_core.pose.apart import Figure
from danceit_core.pose.blazepose_people import Box, PeopleDetector, Person
from danceit_core.pose.lookout import content_box, join_people, others, plan_looks, plan_search, tile_around

LOOKS_PER_S = 6.0
# How long the place where a dancer was lost is examined in each picture.
MISSED_S = 0.5
NOWHERE = np.full(2, -1e6)


class LookRound:
    """Finds the persons in the pictures of a video who are not followed yet. fps: rate of the pictures."""

    def __init__(self, detector: PeopleDetector, *, fps: float) -> None:
        self._detector, self._fps = detector, fps
        self._boxes: list[Box] = []
        self._missed: list[tuple[int, Figure]] = []
        self._frame = self._searched = 0
        self._since_look = float("inf")

    def miss(self, figure: Figure) -> None:
        """Remember a figure that was lost after the last picture."""
        self._missed.append((self._frame, figure))

    def find(self, picture: Picture, known: list[Figure]) -> list[Person]:
        """Persons in the next picture, uint8 RGB, besides those who are `known` in it, the largest first."""
        self._frame += 1
        self._since_look += 1
        self._missed = [miss for miss in self._missed if self._frame - miss[0] <= MISSED_S * self._fps]
        content = content_box(picture)
        found: list[Person] = []
        if not known:
            found = self._search(picture, content)
        elif self._since_look >= self._fps / LOOKS_PER_S:
            if not self._boxes:
                self._boxes = plan_round(content, [figure.person for figure in known])
            found = self._others(picture, self._boxes.pop(0), content, known)
            self._since_look = 0
        for _, figure in self._missed[-1:]:
            box = tile_around(content, figure.person.middle, reach_px=figure.reach_px)
            found = join_people(found, self._others(picture, box, content, known))
        people = [figure.person for figure in known]
        new = [p for p in found if not any(p.is_at(one.middle, reach_px=one.reach_px) for one in people)]
        return sorted(new, key=lambda person: -person.reach_px)

    def _search(self, picture: Picture, content: Box) -> list[Person]:
        """Everybody, if nobody is followed: if there is anybody, a whole round at once."""
        found = self._others(picture, content, content, [])
        if not found:
            tiles = plan_search(content)
            self._searched = (self._searched + 1) % len(tiles)
            found = self._others(picture, tiles[self._searched], content, [])
        if found:
            self._boxes = []
            for box in plan_round(content, found)[1:]:
                found = join_people(found, self._others(picture, box, content, []))
        return found

    def _others(self, picture: Picture, box: Box, content: Box, known: list[Figure]) -> list[Person]:
        """Persons in a box who count besides the known ones, including those at the place of a known one."""
        found = self._detector.find(picture, box)
        reach = max((figure.reach_px for figure in known), default=max((p.reach_px for p in found), default=1.0))
        return others(found, NOWHERE, box, content, reach_px=reach)


def plan_round(content: Box, people: list[Person]) -> list[Box]:
    """The whole picture and the tiles at the height and of the size of these people (one or more)."""
    middle = np.median([person.middle for person in people], axis=0)
    reach = float(np.median([person.reach_px for person in people]))
    return list(dict.fromkeys([content, *plan_looks(content, middle, reach_px=reach)]))
