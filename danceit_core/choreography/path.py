"""The cheapest path of fragments through the slots of a song, by dynamic programming over a few candidates a slot.

It goes from edge to edge of the slots (Viterbi), so that slots and fragments are chosen together and lengths mix.
Besides each fragment's own cost (`candidates`) and that of the slot (`slots`) a path pays for its seams: jump in pose
and velocity, a change of facing, walking away from where it began, and dancing the same frames again too soon. Two
things are deliberate: a seam below SEAM_FLOOR costs as much as one of that size, since it is not seen, so that playing
on in the same video is not preferred for its own sake; and what a path has danced is remembered along it, which makes
the search a beam rather than exact: at each edge the cheapest paths go on, at most as many as there are candidates.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography import costs
from danceit_core.choreography.candidates import Candidates
from danceit_core.choreography.curve import Array
from danceit_core.choreography.library import Library, Rows
from danceit_core.choreography.matches import SHARE
from danceit_core.choreography.slots import Slots
from danceit_core.config import RetrievalSettings
from danceit_core.pose.skeleton import MID_HIP

SEAM_FLOOR = 0.2
REPETITION = 1e3
FLIP = 10.0
# Beyond this distance from the start, in torso lengths, walking further away is charged for.
ROAM_TORSOS = 1.0


@dataclass(frozen=True)
class Chosen:
    """The C clips of a path: numbers of their slots, rows of the library, playback rates, shifts (source frames)."""

    slot: Rows
    rows: Rows
    rates: Array
    shifts: Rows


@dataclass(frozen=True)
class _Danced:
    """What each of K paths danced in its last D clips: videos, first and one past the last frame, all (K, D).

    until: the frame of the song up to which.
    """

    video: Rows
    start: Array
    stop: Array
    until: Rows

    def then(self, back: Rows, *new: NDArray) -> "_Danced":
        """The memory of paths that came from `back` and danced one clip more; the oldest is forgotten."""
        old = (self.video, self.start, self.stop, self.until)
        return _Danced(*(np.concatenate([a[back][:, 1:], b[:, None]], 1) for a, b in zip(old, new, strict=True)))

    def repeats(self, video: Rows, start: Array, stop: Array, *, since: float) -> NDArray[np.bool_]:
        """Whether each of B clips shares a frame with what each of A paths danced after frame `since`, (A, B)."""
        hit = np.zeros((len(self.video), len(video)), bool)
        for past in range(self.video.shape[1]):
            late = self.until[:, past] > since
            if late.any():
                shared = np.minimum(self.stop[:, past, None], stop) - np.maximum(self.start[:, past, None], start)
                hit |= (self.video[:, past, None] == video) & (shared > 0.5) & late[:, None]
        return hit


@dataclass(frozen=True)
class _Paths:
    """K paths that end at one edge: how they end, what they cost, how far they have carried the dance's own x, the x of
    the hip where they began, what they danced, and the number of their last clip in the trace.
    """

    ends: costs.Ends
    best: Array
    place: Array
    home: Array
    danced: _Danced
    clip: Rows

    @classmethod
    def join(cls, parts: Sequence["_Paths"], *, most: int) -> "_Paths":
        """The cheapest of several."""
        if len(parts) == 1 and len(parts[0].best) <= most:
            return parts[0]
        best = np.concatenate([part.best for part in parts])
        kept = np.argsort(best, kind="stable")[:most]

        def of(values: Sequence[NDArray]) -> NDArray:
            return np.concatenate(values)[kept]

        ends = costs.Ends(*(of([getattr(part.ends, f.name) for part in parts]) for f in fields(costs.Ends)))
        danced = _Danced(*(of([getattr(part.danced, f.name) for part in parts]) for f in fields(_Danced)))
        place, home, clip = (of([getattr(part, name) for part in parts]) for name in ("place", "home", "clip"))
        return cls(ends, best[kept], place, home, danced, clip)


def best_path(
    library: Library, slots: Slots, clips: Sequence[Candidates | None], *, fps: float, settings: RetrievalSettings
) -> Chosen:
    """The cheapest path from the first to the last edge. clips: candidates of each slot, None: it is not danced."""
    most = max(1, round(settings.candidates * (1 if library.frames else SHARE)))
    depth = int(np.ceil(settings.no_repeat_s * fps / max(1, int(slots.length.min()))))
    arriving: dict[int, list[_Paths]] = {}
    leaving: tuple[int, _Paths | None] = (-1, None)
    trace: list[tuple[int, Candidates, NDArray[np.int64]]] = []  # slot, candidates, clip before each
    offsets = [0]
    for number, here in enumerate(clips):
        edge = int(slots.first[number])
        if leaving[0] != edge:
            parts = arriving.pop(edge, [])
            leaving = edge, _Paths.join(parts, most=most) if parts else None
        if here is None or not len(here.rows) or (edge and leaving[1] is None):
            continue
        paths = _go_on(library, slots, number, here, leaving[1], fps=fps, settings=settings, depth=depth)
        trace.append((number, here, paths.clip))
        paths = _Paths(paths.ends, paths.best, paths.place, paths.home, paths.danced,
                       offsets[-1] + np.arange(len(here.rows)))  # fmt: skip
        offsets.append(offsets[-1] + len(here.rows))
        arriving.setdefault(int(slots.last[number]), []).append(paths)
    final = _Paths.join(arriving[len(slots.edges) - 1], most=1)
    at, found = int(final.clip[0]), []
    while at >= 0:
        step = int(np.searchsorted(offsets, at, side="right")) - 1
        number, here, before = trace[step]
        k = at - offsets[step]
        found.append((number, here.rows[k], here.rates[k], here.shift[k]))
        at = int(before[k])
    slot, rows, rates, shifts = (np.array(column) for column in zip(*reversed(found), strict=True))
    return Chosen(slot, rows, rates.astype(float), shifts.astype(np.int64))


def join_costs(ends: costs.Ends, following: costs.Ends, shifts: Array, *, settings: RetrievalSettings) -> list[Array]:
    """What seams from each of A ends to each of B starts cost, (A, B): the jump, and the turn where that has a weight.

    shifts (A, B): as of `costs.foot_shifts`.
    """
    parts = [settings.seam_weight * np.maximum(SEAM_FLOOR, costs.seam_costs(ends, following, shifts))]
    if settings.facing_weight:
        facing, flips = costs.facing_costs(ends, following)
        parts.append(settings.facing_weight * (facing + FLIP * flips))
    return parts


def roaming(away: Array) -> Array:
    """What it costs to end so far from where the dance began, torso lengths, of the same shape; NaN costs nothing."""
    return np.nan_to_num(np.maximum(0, np.abs(away) - ROAM_TORSOS) ** 2)


def _go_on(
    library: Library, slots: Slots, number: int, here: Candidates, paths: _Paths | None, *, fps: float,
    settings: RetrievalSettings, depth: int,
) -> _Paths:  # fmt: skip
    """Each candidate of a slot after the cheapest of the paths, none: at the song's start.

    Their `clip` is that of the path before, -1 without one.
    """
    length, count = int(slots.length[number]), len(here.rows)
    following = here.ends or costs.find_ends(library, here.rows, here.rates, here.shift, frames=length, fps=fps)
    start = library.start_frame(here.rows) + here.shift
    video = library.dances.video_index[library.dance[library.fragments(here.rows)]]
    taken = video, start, start + here.rates * length
    until = np.full(count, slots.edges[slots.last[number]])
    if paths is None:
        nothing = np.zeros((count, depth))
        danced = _Danced(nothing.astype(np.int64) - 1, nothing, nothing, nothing.astype(np.int64))
        if depth:
            danced = danced.then(np.arange(count), *taken, until)
        home = following.start[:, MID_HIP, 0]
        return _Paths(following, here.cost + slots.cost[number], np.zeros(count), home, danced, np.full(count, -1))
    shifts = costs.foot_shifts(paths.ends, following)  # (A, B)
    cost = paths.best[:, None]
    for part in join_costs(paths.ends, following, shifts, settings=settings):
        cost = cost + part
    carried = paths.place[:, None] + shifts
    cost += roaming(carried + following.end[:, MID_HIP, 0] - paths.home[:, None])
    if depth:
        since = slots.start[number] - settings.no_repeat_s * fps
        cost += REPETITION * paths.danced.repeats(*taken, since=since)
    back, every = cost.argmin(0), np.arange(count)
    danced = paths.danced.then(back, *taken, until) if depth else paths.danced
    best = cost.min(0) + here.cost + slots.cost[number]
    return _Paths(following, best, carried[back, every], paths.home[back], danced, paths.clip[back])
