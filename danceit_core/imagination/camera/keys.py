"""A moving camera tracked through a video: each frame is placed in a key view, and key views in one another.

A frame is compared with the nearest key view, never with the previous frame, so that errors do not add up while a
camera shakes. If the frame leaves the key view, another one takes over. An existing key view is preferred, so that a
pan that returns ends at the same place; otherwise the frame becomes a key view itself and is compared with all that
overlap it. `even_out` combines all these comparisons (bundle adjustment over key views).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve

from danceit_core.imagination.camera.features import Match, View, find_again, find_view
from danceit_core.imagination.camera.geometry import Floats, overlap, transform, zoom

# A key view is used while the frame covers this share of it, is enlarged by at most this factor, and keeps this share
# of its corners (a larger share for a key view with few corners).
SERVES_SHARE, SERVES_ZOOM, SERVES_CORNERS, FEW_SHARE, FEW = 0.72, 1.12, 0.4, 0.6, 30
TAKES_OVER_SHARE = 0.8  # what a key view that takes over must cover
LINKED_SHARE, MOST_LINKS = 0.4, 6
MOST_KEYS = 300
# If the camera is lost, it is searched again (by descriptors) every this many frames.
LOOK_EVERY, MOST_LOOKS = 4, 12
LINK_POINTS = 60
ROUNDS, OFF_PX = 8, 0.5


@dataclass
class Key:
    """A key view and its place: `base`, the homography from its pixels to those of the first key view."""

    frame: int
    view: View
    base: Floats


@dataclass(frozen=True)
class Link:
    """Corners (n, 2) that two key views have in common."""

    a: int
    b: int
    in_a: Floats
    in_b: Floats


@dataclass
class Follower:
    """Tracks the camera through `frames` frames. key (T,): the key view of each frame, -1 where the camera is lost.

    to_key (T, 3, 3): from each frame to its key view. residual_px, share, corners (T,): how well each frame fits there.
    """

    frames: int
    keys: list[Key] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    key: NDArray[np.int64] = field(init=False)
    to_key: Floats = field(init=False)
    residual_px: Floats = field(init=False)
    share: Floats = field(init=False)
    corners: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.key, self.corners = np.full(self.frames, -1), np.zeros(self.frames, int)
        self.to_key = np.zeros((self.frames, 3, 3))
        self.residual_px, self.share = np.full(self.frames, np.nan), np.full(self.frames, np.nan)
        self._now: Floats = np.eye(3)  # the last frame that was found, in the first key view
        self._current, self._lost = 0, 0

    def feed(self, number: int, view: View) -> None:
        """Track the camera to the next frame."""
        if not self.keys:
            if len(view.corners):
                self._begin(number, view, np.eye(3))
            return
        found = self._find(view)
        if found is None:
            self._lost += 1
            return
        self._lost = 0
        key, match = found
        self._note(number, key, match)
        if not self._serves(key, match, view):
            self._change(number, view, key, match)

    def places(self) -> Floats:
        """The place of each frame in the first key view, homographies (T, 3, 3); NaN where the camera is lost."""
        places = np.full((self.frames, 3, 3), np.nan)
        found = self.key >= 0
        if found.any():
            bases = np.stack([key.base for key in self.keys])
            places[found] = bases[self.key[found]] @ self.to_key[found]
            places[found] /= places[found][:, 2:, 2:]
        return places

    def _begin(self, number: int, view: View, base: Floats) -> None:
        self.keys.append(Key(number, view, base / base[2, 2]))
        self._current = len(self.keys) - 1
        self.key[number], self.to_key[number] = self._current, np.eye(3)
        self.residual_px[number], self.share[number], self.corners[number] = 0.0, 1.0, len(view.corners)
        self._now = self.keys[-1].base

    def _note(self, number: int, key: int, match: Match) -> None:
        self._current, self._now = key, self.keys[key].base @ match.homography
        self.key[number], self.to_key[number] = key, match.homography
        self.residual_px[number], self.share[number] = match.residual_px, match.share
        self.corners[number] = len(match.here)

    def _find(self, view: View) -> tuple[int, Match] | None:
        """The key view that contains a view, and the match: the current one, a neighbour or, if lost, any of them."""
        for key in [self._current, *self._beside(view, 0.5)[:2]]:
            match = find_view(view, self.keys[key].view, np.linalg.inv(self.keys[key].base) @ self._now)
            if match is not None:
                return key, match
        if self._lost % LOOK_EVERY:
            return None
        # Try the latest ones first: usually something has just passed in front of the camera.
        for key in sorted(range(len(self.keys)), key=lambda key: abs(key - self._current))[:MOST_LOOKS]:
            match = find_again(view, self.keys[key].view)
            if match is not None:
                return key, match
        return None

    def _beside(self, view: View, share: float) -> list[int]:
        """Key views of which the camera now shows more than `share`, those it shows most of first."""
        shares = {}
        for number, key in enumerate(self.keys):
            relative = np.linalg.inv(key.base) @ self._now
            covered = overlap(relative, view.size)
            if covered > share and 1 / SERVES_ZOOM < zoom(relative, view.size) < SERVES_ZOOM:
                shares[number] = covered
        return [number for number in sorted(shares, key=lambda n: -shares[n]) if number != self._current]

    def _serves(self, key: int, match: Match, view: View) -> bool:
        enlarged, corners = zoom(match.homography, view.size), len(self.keys[key].view.corners)
        return (
            overlap(match.homography, view.size) >= SERVES_SHARE
            and 1 / SERVES_ZOOM <= enlarged <= SERVES_ZOOM
            and len(match.here) >= max(SERVES_CORNERS * corners, min(FEW_SHARE * corners, FEW))
        )

    def _change(self, number: int, view: View, key: int, match: Match) -> None:
        """Change to another key view; if none is suitable, this view becomes one, linked to those that overlap it."""
        for other in self._beside(view, TAKES_OVER_SHARE)[:2]:
            found = find_view(view, self.keys[other].view, np.linalg.inv(self.keys[other].base) @ self._now)
            if found is not None and self._serves(other, found, view):
                self._note(number, other, found)
                return
        if len(self.keys) >= MOST_KEYS:
            return
        self._begin(number, view, self._now)
        self._link(self._current, key, match)
        for other in self._beside(view, LINKED_SHARE)[:MOST_LINKS]:
            if other != key:
                found = find_view(view, self.keys[other].view, np.linalg.inv(self.keys[other].base) @ self._now)
                if found is not None:
                    self._link(self._current, other, found)

    def _link(self, a: int, b: int, match: Match) -> None:
        step = max(1, len(match.here) // LINK_POINTS)
        self.links.append(Link(a, b, match.here[::step], match.there[::step]))


def even_out(keys: list[Key], links: list[Link]) -> None:
    """Adjust the places of all key views except the first so that their links fit best (Gauss-Newton, Huber weights).

    Each key view has the eight parameters of its homography. The distance of linked corners in the first key view is
    minimised, measured in pixels of the key view that they come from.
    """
    if not links:
        return
    for _ in range(ROUNDS):
        rows, columns, values, off, begin = [], [], [], [], 0
        for link in links:
            ends = [(link.a, link.in_a, 1.0), (link.b, link.in_b, -1.0)]
            laid = [transform(keys[key].base, points) for key, points, _ in ends]
            scale = zoom(keys[link.b].base, keys[link.b].view.size)
            distance = (laid[0] - laid[1]) / scale
            weight = np.sqrt(np.minimum(1, OFF_PX / np.maximum(np.linalg.norm(distance, axis=1), 1e-9))) / scale
            for key, points, sign in ends:
                if key:
                    slope = sign * weight[:, None, None] * _slope(keys[key].base, points)  # (n, 2, 8)
                    count = len(points)
                    row = begin + np.arange(2 * count).reshape(count, 2, 1)
                    rows.append(np.broadcast_to(row, slope.shape).ravel())
                    columns.append(np.broadcast_to(8 * (key - 1) + np.arange(8), slope.shape).ravel())
                    values.append(slope.ravel())
            off.append(((laid[0] - laid[1]) * weight[:, None]).ravel())
            begin += 2 * len(link.in_a)
        shape = begin, 8 * (len(keys) - 1)
        slopes = coo_matrix(
            (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape
        ).tocsc()
        normal = slopes.T @ slopes
        # The parameters of a homography differ by factors of millions; slight damping keeps key views without links.
        normal += _diagonal(1e-9 * normal.diagonal() + 1e-12)
        step = spsolve(normal.tocsc(), slopes.T @ np.concatenate(off)).reshape(-1, 8)
        for moved, change in zip(keys[1:], step, strict=True):
            numbers = moved.base.ravel() / moved.base[2, 2]
            numbers[:8] -= change
            moved.base = numbers.reshape(3, 3)


def _slope(homography: Floats, points: Floats) -> Floats:
    """Derivative (n, 2, 8) of the mapped points (n, 2) by a homography's parameters except the last, which is 1."""
    homogeneous = np.concatenate([points, np.ones((len(points), 1))], axis=1)
    laid = homogeneous @ homography.T
    at, near = laid[:, :2] / laid[:, 2:], homogeneous / laid[:, 2:]
    slope = np.zeros((len(points), 2, 8))
    slope[:, 0, :3], slope[:, 1, 3:6] = near, near
    slope[:, :, 6:] = -at[:, :, None] * near[:, None, :2]
    return slope


def _diagonal(values: Floats) -> coo_matrix:
    number = np.arange(len(values))
    return coo_matrix((values, (number, number)), shape=(len(values), len(values)))
