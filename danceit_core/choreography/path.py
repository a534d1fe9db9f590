"""The cheapest path of fragments over a whole song, by dynamic programming (Viterbi) over a few candidates a clip.

Besides each fragment's own cost (`candidates`) a path pays for its seams: jump in pose and velocity, a change of
facing, walking away from where it began, and dancing the same frames again too soon. Two things are deliberate: a seam
below SEAM_FLOOR costs as much as one of that size, since it is not seen, so that playing on in the same video is not
preferred for its own sake; and what a path has danced is remembered along it, which makes the search a beam rather
than exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography import costs
from danceit_core.choreography.candidates import Candidates
from danceit_core.choreography.curve import Array
from danceit_core.choreography.library import Library, Rows
from danceit_core.config import RetrievalSettings
from danceit_core.pose.skeleton import MID_HIP

SEAM_FLOOR = 0.2
REPETITION = 1e3
FLIP = 10.0
# Beyond this distance from the start, in torso lengths, walking further away is charged for.
ROAM_TORSOS = 1.0


@dataclass(frozen=True)
class _Danced:
    """What each of K paths danced in its last D clips: videos, first and one past the last frame, all (K, D)."""

    video: Rows
    start: Array
    stop: Array

    def then(self, back: Rows, video: Rows, start: Array, stop: Array) -> "_Danced":
        """The memory of paths that came from `back` and danced one clip more; the oldest is forgotten."""
        pairs = ((self.video, video), (self.start, start), (self.stop, stop))
        return _Danced(*(np.concatenate([old[back][:, 1:], new[:, None]], 1) for old, new in pairs))

    def repeats(self, video: Rows, start: Array, stop: Array) -> NDArray[np.bool_]:
        """Whether each of B clips shares a frame with what each of A paths danced, (A, B)."""
        hit = np.zeros((len(self.video), len(video)), bool)
        for past in range(self.video.shape[1]):
            shared = np.minimum(self.stop[:, past, None], stop) - np.maximum(self.start[:, past, None], start)
            hit |= (self.video[:, past, None] == video) & (shared > 0.5)
        return hit


def best_path(
    library: Library, clips: Sequence[Candidates], *, fps: float, settings: RetrievalSettings
) -> tuple[Rows, Array, Rows]:
    """Library rows, playback rates and shifts (source frames), each (C,), of the cheapest path through C clips."""
    depth = int(np.ceil(settings.no_repeat_s * fps / library.frames))
    here = clips[0]
    ends = costs.find_ends(library, here.rows, here.rates, here.shift, fps=fps)
    best = here.cost
    place = np.zeros(len(here.rows))  # how far each path has carried the dance's own x
    home = ends.start[:, MID_HIP, 0]  # x of the hip where each path began
    nothing = np.zeros((len(here.rows), depth))
    danced = _Danced(nothing.astype(np.int64) - 1, nothing, nothing)
    if depth:
        danced = danced.then(np.arange(len(here.rows)), *_taken(library, here))
    steps = [np.zeros(len(here.rows), int)]
    for here in clips[1:]:
        following = costs.find_ends(library, here.rows, here.rates, here.shift, fps=fps)
        shifts = costs.foot_shifts(ends, following)  # (A, B)
        seam = np.maximum(SEAM_FLOOR, costs.seam_costs(ends, following, shifts))
        cost = best[:, None] + settings.seam_weight * seam
        if settings.facing_weight:
            facing, flips = costs.facing_costs(ends, following)
            cost += settings.facing_weight * (facing + FLIP * flips)
        carried = place[:, None] + shifts
        away = np.abs(carried + following.end[:, MID_HIP, 0] - home[:, None])
        cost += np.nan_to_num(np.maximum(0, away - ROAM_TORSOS) ** 2)
        taken = _taken(library, here)
        if depth:
            cost += REPETITION * danced.repeats(*taken)
        back, every = cost.argmin(0), np.arange(len(here.rows))
        best, place, home = cost.min(0) + here.cost, carried[back, every], home[back]
        if depth:
            danced = danced.then(back, *taken)
        ends = following
        steps.append(back)
    last, chosen = int(best.argmin()), []
    for back in reversed(steps):
        chosen.append(last)
        last = int(back[last])
    pairs = list(zip(clips, reversed(chosen), strict=True))
    rows, rates, shifts = (np.array([getattr(c, name)[k] for c, k in pairs]) for name in ("rows", "rates", "shift"))
    return rows, rates, shifts.astype(np.int64)


def _taken(library: Library, clip: Candidates) -> tuple[Rows, Array, Array]:
    """Video, first and one past the last frame that each candidate plays, (K,) each."""
    start = library.start_frame(clip.rows) + clip.shift
    return library.dances.video_index[library.dance[clip.rows]], start, start + clip.rates * library.frames
