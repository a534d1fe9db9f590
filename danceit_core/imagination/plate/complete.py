"""Fill a hole as large as a person, where no frame shows the room, with patches of the rest (not in the paper).

A single photograph shows nothing of what is behind the person. From coarse to fine, the most similar patch outside the
hole is searched for each patch inside it (Barnes et al., "PatchMatch", 2009), and each pixel becomes the mean of the
patches that cover it (Wexler et al., "Space-Time Completion of Video", 2007). Rooms continue sideways (skirting,
horizon, floor), so patches of the same height are tried first. The patches found in a small picture are then copied
from the large one.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.imagination.target.region import Mask

# Side of a patch; longer sides of the pictures in which patches are searched.
PATCH, SIDES = 7, (48, 96, 192)
# Rounds at each size, and search passes in each round.
ROUNDS, LOOKS = 5, 2
# Cost of taking a patch from another height, squared grey levels per pixel for the height of the whole picture.
DOWN_COST = 400.0
HALF = PATCH // 2
# How many patches along each side are averaged for a pixel of the large picture.
VOTES = 3

Values = NDArray[np.float32]
Numbers = NDArray[np.int64]


@dataclass
class _Search:
    """Patches around `places` (n, 2: row, column) of a picture, and places of the most similar ones, `from_` (n, 2).

    picture (h, w, 3): the current state; usable (h, w): where the middle of a copied patch may be.
    """

    picture: Values
    usable: Mask
    places: Numbers
    from_: Numbers
    rng: np.random.Generator
    cost: Values

    @classmethod
    def begin(
        cls, picture: Values, known: Mask, before: "tuple[Numbers, tuple[int, int]] | None", rng: np.random.Generator
    ) -> "_Search | None":
        """before: the source of each pixel of a smaller picture, (h', w', 2), and its (h', w'); None if unknown."""
        disc = np.ones((PATCH, PATCH), np.uint8)
        near = cv2.dilate((~known).astype(np.uint8), disc) > 0
        usable = ~near
        usable[:HALF] = usable[-HALF:] = usable[:, :HALF] = usable[:, -HALF:] = False
        if not usable.any():
            return None
        inside = np.zeros_like(near)
        inside[HALF:-HALF, HALF:-HALF] = True
        places = np.argwhere(near & inside)
        search = cls(picture, usable, places, places.copy(), rng, np.full(len(places), np.inf, np.float32))
        if before is not None:
            shape = np.array(picture.shape[:2])
            scale = shape / before[1]
            small = np.minimum((places / scale).astype(int), np.array(before[1]) - 1)
            moved = (before[0][small[:, 0], small[:, 1]] - small) * scale
            search.look(places + moved.round().astype(int))
        for _ in range(4):
            search.look(search.sideways())
        return search

    def distance(self, at: Numbers) -> Values:
        """Difference of the patches at `at` (n, 2) from those in their places; infinite for unusable ones."""
        height, width = self.usable.shape
        bounded = np.clip(at, 0, [height - 1, width - 1])
        able = self.usable[bounded[:, 0], bounded[:, 1]] & (bounded == at).all(1)
        cost = np.full(len(at), np.inf, np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(self.picture, (PATCH, PATCH), axis=(0, 1))
        (here,) = np.nonzero(able)
        mine, theirs = self.places[here] - HALF, at[here] - HALF
        change = windows[mine[:, 0], mine[:, 1]] - windows[theirs[:, 0], theirs[:, 1]]
        cost[here] = np.einsum("nkij,nkij->n", change, change) / PATCH**2
        cost[here] += DOWN_COST * np.abs(mine[:, 0] - theirs[:, 0]) / height
        return cost

    def look(self, at: Numbers) -> None:
        """Use the patches at `at` (n, 2) where they are more similar."""
        cost = self.distance(at)
        better = cost < self.cost
        self.from_[better], self.cost[better] = at[better], cost[better]

    def sideways(self) -> Numbers:
        """Places of the same height anywhere in the picture."""
        columns = self.rng.integers(0, self.usable.shape[1], len(self.places))
        rows = self.places[:, 0] + self.rng.integers(-1, 2, len(self.places))
        return np.stack([rows, columns], 1)

    def around(self) -> None:
        """One search pass: try what the neighbours found, and places around the current ones."""
        for step in (1, 3):
            for move in ((step, 0), (-step, 0), (0, step), (0, -step)):
                field = self.field()
                beside = np.clip(self.places + move, 0, np.array(self.usable.shape) - 1)
                self.look(field[beside[:, 0], beside[:, 1]] - move)
        reach = max(self.usable.shape) // 4
        while reach >= 1:
            self.look(self.from_ + self.rng.integers(-reach, reach + 1, self.from_.shape))
            reach //= 3
        self.look(self.sideways())

    def field(self) -> Numbers:
        """The source of each pixel (h, w, 2): the pixel itself outside the places."""
        rows, columns = np.indices(self.usable.shape)
        field = np.stack([rows, columns], -1)
        field[self.places[:, 0], self.places[:, 1]] = self.from_
        return field

    def vote(self, hole: Mask) -> None:
        """Set each pixel of the hole (h, w) to the mean of the patches that cover it; similar patches weigh more."""
        scale = max(float(np.quantile(self.cost, 0.75)), 1.0)
        weight = np.exp(-self.cost / scale)
        total, weights = np.zeros_like(self.picture), np.zeros(hole.shape, np.float32)
        for down in range(-HALF, HALF + 1):
            for across in range(-HALF, HALF + 1):
                shift = np.array((down, across))
                mine, theirs = self.places + shift, self.from_ + shift
                # For one pair of shifts, all places are different.
                total[mine[:, 0], mine[:, 1]] += weight[:, None] * self.picture[theirs[:, 0], theirs[:, 1]]
                weights[mine[:, 0], mine[:, 1]] += weight
        told = hole & (weights > 0)
        self.picture[told] = total[told] / weights[told, None]


def complete(picture: NDArray[np.uint8], known: Mask, hole: Mask, *, smeared: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`picture` uint8 (H, W, 3) with a large `hole` (H, W) filled from what is `known` (H, W).

    smeared: (H, W, 3), the picture with provisionally filled holes; it is kept where nothing is found.
    """
    rng = np.random.default_rng(0)
    before: tuple[Numbers, tuple[int, int]] | None = None
    start = cv2.GaussianBlur(smeared, (0, 0), max(picture.shape) / 200)
    start[known] = picture[known]
    for side in SIDES:
        shrink = max(1.0, max(picture.shape[:2]) / side)
        size = tuple(max(4 * PATCH, round(length / shrink)) for length in picture.shape[1::-1])
        small_known = cv2.resize(known.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 1 - 1e-3
        small_hole = cv2.resize(hole.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
        small = cv2.resize(start, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        search = _Search.begin(small, small_known, before, rng)
        if search is None:
            return smeared
        if before is not None:
            search.vote(~small_known & small_hole)
        for _ in range(ROUNDS):
            search.cost = search.distance(search.from_)
            for _ in range(LOOKS):
                search.around()
            search.vote(~small_known & small_hole)
        before = search.field(), small.shape[:2]
    return _copied(picture, known, hole, smeared=smeared, field=before) if before is not None else smeared


def _copied(
    picture: NDArray[np.uint8],
    known: Mask,
    hole: Mask,
    *,
    smeared: NDArray[np.uint8],
    field: tuple[Numbers, tuple[int, int]],
) -> NDArray[np.uint8]:
    """The pixels that the small picture's `field` names, copied from the large picture."""
    from_, small = field
    scale = np.array(picture.shape[:2]) / small
    rows, columns = np.indices(small)
    offset = ((from_ - np.stack([rows, columns], -1)) * scale).astype(np.float32)
    places = np.argwhere(hole)
    total, weights = np.zeros((len(places), 3), np.float32), np.zeros(len(places), np.float32)
    most = np.array(picture.shape[:2]) - 1
    for down in range(-(VOTES // 2), VOTES // 2 + 1):
        for across in range(-(VOTES // 2), VOTES // 2 + 1):
            cell = np.clip(((places + 0.5) / scale).astype(int) + 2 * np.array((down, across)), 0, np.array(small) - 1)
            there = np.clip(np.round(places + offset[cell[:, 0], cell[:, 1]]).astype(int), 0, most)
            able = known[there[:, 0], there[:, 1]]
            total[able] += picture[there[able, 0], there[able, 1]]
            weights[able] += 1
    out = smeared.copy()
    told = weights > 0
    out[places[told, 0], places[told, 1]] = np.round(total[told] / weights[told, None])
    return out
