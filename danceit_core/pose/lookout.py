"""Look out for other people besides the followed person.

The people detector misses persons who are small in its input. So it examines the whole picture and a row of square
tiles in which a person as large as the followed one is about half as high as the tile. The tiles overlap so far that
everybody's hips are well inside one of them. They are examined in turn, a few per second; one pass over all is a round.
If another person is found, the frames since the previous look at the same place count as showing them, too, as nobody
appears out of nothing. The following frames count until nobody has been found for two seconds and a whole round. As
long as nobody was ever found in the whole picture, one additional tile of a search is examined in each picture.
"""

import sys

import numpy as np
from numpy.typing import NDArray

from danceit_core.media.letterbox import Picture
from danceit_core.pose.blazepose_people import Box, PeopleDetector, Person

# Another person counts from this score, and from this size relative to the followed one.
MIN_OTHER_SCORE, MIN_OTHER_SIZE = 0.6, 1 / 3
# In distances from the hips to the outline, about half a body's height: side of a tile, and how far tiles overlap.
TILE, OVERLAP = 3.6, 1.5
# A person with hips nearer than this to a tile's edge inside the picture is cut off: the next tile shows them better.
NEAR_EDGE = 0.6
# A tile that covers this much of the picture is no better than the whole picture.
WHOLE = 0.87
# A tile that covers this much of the picture's height is extended to all of it.
FULL = 0.85
# More frequent looks would cost more than a twentieth of the time.
LOOKS_PER_S, SHORTEST_ROUND_S = 3.0, 1.0
# A person who was seen counts for this long, whether or not they are seen again.
HOLD_S = 2.0
# Side of a search tile as a share of the picture's longer side; neighbours overlap by half.
SEARCH_TILE = 0.56
# Darker pixels are a bar beside the picture.
BAR_LEVEL, SAMPLED = 24, 8

Array = NDArray[np.float64]


class Lookout:
    """Counts the people in the pictures of a video, given where the followed one is.

    people: their number, including the followed one. before: the number of frames before the last picture with as many.
    fps: rate of the pictures.
    """

    def __init__(self, detector: PeopleDetector, *, fps: float) -> None:
        self.people, self.before = 0, 0
        self._detector, self._fps = detector, fps
        self._content: Box = (0, 0, 0, 0)
        self._boxes: list[Box] = []
        self._others: list[Person] = []
        self._next = self._searched = 0
        self._small = True
        self._middle, self._reach_px = np.zeros(2), 1.0
        # In frames; nothing has been examined yet.
        self._since_look, self._since_round, self._since_seen = 0, sys.maxsize, sys.maxsize

    @property
    def company(self) -> bool:
        """Whether others were seen so recently that they may still be there."""
        return bool(self._others)

    def tile(self, picture: Picture) -> Box:
        """A tile around the last place of the followed person."""
        return tile_around(content_box(picture), self._middle, reach_px=self._reach_px)

    def search(self, picture: Picture) -> list[Person]:
        """The persons in the whole picture or, as long as there was never one, in the next tile of the search.

        A person once large enough for the whole picture returns as large; tiles would show halves of them at the edge.
        """
        if found := self._detector.find(picture):
            self._small = False
        if found or not self._small:
            return found
        tiles = plan_search(content_box(picture))
        self._searched = (self._searched + 1) % len(tiles)
        return self._detector.find(picture, tiles[self._searched])

    def nobody(self) -> None:
        """Go to the next picture, in which there is nobody to follow."""
        self._pass_frame()
        self._count([])
        self.people -= 1

    def found(self, picture: Picture, persons: list[Person], middle: Array, *, reach_px: float) -> None:
        """Go to the next picture, in which the followed person was found again among the `persons` in all of it.

        All tiles are examined immediately, unless they were within the last second.
        """
        self._pass_frame()
        self._middle, self._reach_px = middle, reach_px
        self._plan(picture)
        self._since_look = 0
        seen = self._others_in(self._content, persons)
        if self._since_round >= SHORTEST_ROUND_S * self._fps:
            self._since_round = 0
            for box in self._boxes:
                if box != self._content:
                    seen = join_people(seen, self._others_in(box, self._detector.find(picture, box)))
        self._count(seen)

    def watch(self, picture: Picture, middle: Array, *, reach_px: float) -> None:
        """Go to the next picture, in which the hips of the followed person are at `middle`."""
        self._pass_frame()
        self._middle, self._reach_px = middle, reach_px
        seen: list[Person] = []
        if self._since_look >= self._frames_a_look():
            self._since_look = 0
            if self._next == 0:
                self._plan(picture)
            box = self._boxes[self._next]
            self._next = (self._next + 1) % len(self._boxes)
            seen = self._others_in(box, self._detector.find(picture, box))
        self._count(seen)

    def _plan(self, picture: Picture) -> None:
        """Begin a new round."""
        self._content, self._next = content_box(picture), 0
        self._boxes = plan_looks(self._content, self._middle, reach_px=self._reach_px)

    def _others_in(self, box: Box, found: list[Person]) -> list[Person]:
        return others(found, self._middle, box, self._content, reach_px=self._reach_px)

    def _pass_frame(self) -> None:
        self.before = 0
        self._since_look += 1
        self._since_round += 1
        self._since_seen += 1

    def _count(self, seen: list[Person]) -> None:
        """Update the number of people; `seen` are those seen in this picture besides the followed one."""
        round_frames = len(self._boxes) * self._frames_a_look()
        if seen:
            self._others = join_people(self._others, seen) if self._since_seen <= round_frames else seen
            self._since_seen, self.before = 0, round(round_frames)
        elif self._since_seen > max(round_frames, HOLD_S * self._fps):
            self._others = []
        self.people = 1 + len(self._others)

    def _frames_a_look(self) -> float:
        return self._fps * max(1 / LOOKS_PER_S, SHORTEST_ROUND_S / max(1, len(self._boxes)))


def plan_looks(content: Box, middle: Array, *, reach_px: float) -> list[Box]:
    """Where to look: a row of tiles at the person's height, and the whole picture unless they show all of it.

    Only the whole picture if the person is large in it.
    """
    left, _, right, _ = content
    _, top, first_right, bottom = tile_around(content, np.array([left, middle[1]]), reach_px=reach_px)
    width = first_right - left
    if max(width, bottom - top) > WHOLE * max(right - left, content[3] - content[1]):
        return [content]
    tiles = 1 + int(np.ceil((right - left - width) / max(1, width - OVERLAP * reach_px)))
    row = [(x, top, x + width, bottom) for x in np.linspace(left, right - width, tiles).round().astype(int).tolist()]
    return row if (top, bottom) == (content[1], content[3]) else [content, *row]


def plan_search(content: Box) -> list[Box]:
    """Square tiles all over the picture, to search for a person of unknown place and size."""
    left, top, right, bottom = content
    side = min(right - left, bottom - top, round(SEARCH_TILE * max(right - left, bottom - top)))
    columns, rows = (
        np.linspace(low, high - side, 1 + int(np.ceil(2 * (high - low - side) / side))).round().astype(int).tolist()
        for low, high in ((left, right), (top, bottom))
    )
    return [(x, y, x + side, y + side) for y in rows for x in columns]


def tile_around(content: Box, middle: Array, *, reach_px: float) -> Box:
    """A tile centred on a person's hips, within the picture; as high as the picture if it is nearly as high."""
    left, top, right, bottom = content
    side = round(TILE * reach_px)
    width, height = min(right - left, side), bottom - top if side > FULL * (bottom - top) else side
    x = int(np.clip(round(middle[0] - width / 2), left, right - width))
    y = int(np.clip(round(middle[1] - height / 2), top, bottom - height))
    return x, y, x + width, y + height


def others(found: list[Person], middle: Array, box: Box, content: Box, *, reach_px: float) -> list[Person]:
    """The persons in a box with a high score, large, not cut off, and not the one with these hips and reach."""
    return [
        person
        for person in found
        if person.score >= MIN_OTHER_SCORE
        and person.reach_px >= MIN_OTHER_SIZE * reach_px
        and not person.is_at(middle, reach_px=reach_px)
        and not _cut_through(person, box, content, reach_px=reach_px)
    ]


def join_people(known: list[Person], found: list[Person]) -> list[Person]:
    """The found persons, and the known persons who are not among them."""
    left = [person for person in known if not any(person.is_at(new.middle, reach_px=new.reach_px) for new in found)]
    distinct = list(found)
    for person in left:
        if not any(person.is_at(other.middle, reach_px=other.reach_px) for other in distinct):
            distinct.append(person)
    return distinct


def content_box(picture: Picture) -> Box:
    """The part of a picture, uint8 (H, W, 3), without black bars at its sides, accurate to a few pixels by sampling."""
    height, width = picture.shape[:2]
    lit = picture[::SAMPLED, ::SAMPLED].max(axis=2) > BAR_LEVEL
    rows, columns = np.flatnonzero(lit.any(axis=1)) * SAMPLED, np.flatnonzero(lit.any(axis=0)) * SAMPLED
    if not len(rows):
        return 0, 0, width, height
    low = np.maximum([columns[0], rows[0]], SAMPLED - 1) - (SAMPLED - 1)
    high = np.minimum([columns[-1] + SAMPLED, rows[-1] + SAMPLED], [width, height])
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _cut_through(person: Person, box: Box, content: Box, *, reach_px: float) -> bool:
    """Whether the edge of the box cuts through this person although the picture continues behind it."""
    near = NEAR_EDGE * min(person.reach_px, reach_px)
    x, y = person.middle
    left, top, right, bottom = box
    return bool(
        (left > content[0] and x < left + near) or (right < content[2] and x > right - near)
        or (top > content[1] and y < top + near) or (bottom < content[3] and y > bottom - near)
    )  # fmt: skip
