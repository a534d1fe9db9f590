"""Other fragments for one clip of a plan, and what each would cost there with its neighbours as they are.

The costs are those of the search: of the fragment by itself (`candidates`), of both its seams, of where the dance is
carried to by it and of dancing the same frames again (`path`). What a clip may dance is what an edit would choose from
(`edits.clip_choice`), so that pinning an alternative dances it. Fragments that lie at the same place of a video are
shown once, and of each video a few at most as long as there are others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography import costs
from danceit_core.choreography.candidates import Candidates, Wanted, find_candidates, wanted_movement
from danceit_core.choreography.curve import Array
from danceit_core.choreography.distinct import distinct, thinned
from danceit_core.choreography.edits import Edit, clip_choice, clips_of
from danceit_core.choreography.fitting import fit
from danceit_core.choreography.library import Library
from danceit_core.choreography.neighbours import Neighbours
from danceit_core.choreography.plan import Plan
from danceit_core.choreography.song import embed_slots, lay_plan
from danceit_core.config import RetrievalSettings
from danceit_core.music.table import MusicTable

if TYPE_CHECKING:  # PyTorch and FAISS
    from danceit_core.matcher.index import FragmentIndex
    from danceit_core.matcher.model import Matcher

# So many are shown.
SHOWN = 10
# Both seams are looked at of the cheapest by themselves: of so many, and of so many that begin in the same half clip.
LOOKED_AT, OF_PLACE = 400, 3


@dataclass(frozen=True)
class Alternative:
    """A fragment in a clip: name, video and dancer in it, first frame of the video, rate of playback, mirrored.

    costs: by part, about 0 (good) to 1 (bad), weighted as the search weighs them; `match` NaN without a matcher.
    """

    fragment: str
    video: str
    track: int
    source_start_frame: int
    rate: float
    mirrored: bool
    costs: Mapping[str, float]

    @property
    def total(self) -> float:
        """The sum of the known costs."""
        return float(np.nansum(list(self.costs.values())))


@dataclass(frozen=True)
class Alternatives:
    """What a clip dances and the best others, cheapest first. frames: of the song that the clip lasts."""

    chosen: Alternative
    others: tuple[Alternative, ...]
    frames: int


class PlannedDance:
    """A plan on its song, whose clips may be exchanged one by one. What does not depend on the clip is computed once.

    matcher: None where none could be trained. beat_kind: `min` or `max` of speed. styles: of each video; style: of the
    song, "": any. Raises ChoreographyError for a plan of another song.
    """

    def __init__(
        self,
        plan: Plan,
        music: MusicTable,
        library: Library,
        *,
        matcher: "Matcher | None",
        index: "FragmentIndex",
        settings: RetrievalSettings,
        beat_kind: str,
        styles: Mapping[str, str],
        style: str = "",
    ) -> None:
        self._music, self._library, self._matcher, self._index = music, library, matcher, index
        self._settings, self._beat_kind = settings, beat_kind
        self._styles, self._style = styles, style
        laid = lay_plan(plan, music, library)
        self.plan, self._slots, self._song = laid.whole, laid.slots, laid.song
        self._rows = library.rows_of(self.plan.fragment_id, self.plan.mirrored)
        self._shifts = (self.plan.source_start_frame - library.start_frame(self._rows)).astype(float)
        self._neighbours = Neighbours(
            self.plan, self._rows, self._shifts, self._slots, library, self._song.fps, settings
        )

    def __len__(self) -> int:
        return len(self.plan)

    @property
    def fps(self) -> float:
        """Frames per second of the song and of the dances."""
        return self._song.fps

    def alternatives(self, clip: int, *, edits: Sequence[Edit] = (), count: int = SHOWN) -> Alternatives:
        """The best other fragments for clip number `clip`, at most `count`.

        edits: of the song, whose bans and styles hold for alternatives, too. Raises ChoreographyError where they leave
        nothing to dance.
        """
        found, chosen = self._looked_at(clip, edits)
        parts = {**found.parts, **self._neighbours.beside(clip, found)}
        total = np.sum([np.nan_to_num(part) for part in parts.values()], axis=0)
        picked = distinct(*self._neighbours.taken(found, clip), total, taken=chosen, count=count)
        made = [self._alternative(found, parts, k) for k in [chosen, *picked]]
        return Alternatives(made[0], tuple(made[1:]), int(self._slots.length[clip]))

    @cached_property
    def _queries(self) -> NDArray[np.float32] | None:
        """Where in the joint space the music of each clip lies, (C, E)."""
        return None if self._matcher is None else embed_slots(self._music, self._slots, matcher=self._matcher)

    @cached_property
    def _wanted(self) -> Wanted:
        return wanted_movement(self._library, self._song, self._slots, rng=np.random.default_rng(0))

    def _looked_at(self, clip: int, edits: Sequence[Edit]) -> tuple[Candidates, int]:
        """The candidates whose seams are worth looking at, both ways round where that is allowed, and which of them the
        clip dances. `parts` are weighted, with what painting costs.
        """
        library, slots = self._library, self._slots
        row = int(library.fragments(self._rows[clip : clip + 1])[0])
        choice = self._choice(clip, row, edits)
        how = fit(library, choice.rows, slots, clip, tempo_bpm=self._song.tempo_in(slots, clip))
        is_chosen = choice.rows == row
        how = replace(how, rates=np.where(is_chosen, self.plan.rate[clip], how.rates))
        about: Any = {"how": how, "wanted": self._wanted, "beat_kind": self._beat_kind, "settings": self._settings}
        found = find_candidates(library, choice, self._song, slots, clip, **about)
        weight = float(slots.weight[clip])
        parts = {name: np.broadcast_to(part, len(choice.rows)) * weight for name, part in found.parts.items()}
        del parts["extra"]
        if self._matcher is None:
            parts["match"] = np.full(len(choice.rows), np.nan)
        painting = np.zeros(len(choice.rows)) if found.painting is None else found.painting
        parts["painting"] = self._settings.paintable_weight * painting
        cost = np.sum([np.nan_to_num(part) for part in parts.values()], axis=0)
        # In counts a pin dances what lasts as long as the clip, no slower than the slowest rate.
        possible = (how.rates >= costs.SLOWEST - 1e-9) | bool(library.frames) | is_chosen
        video, start, _ = self._neighbours.taken(found, clip)
        half = max(1, int(slots.length[clip]) // 2)
        keep = thinned(video, start // half, cost, among=possible, count=LOOKED_AT, of_place=OF_PLACE)
        keep = np.union1d(keep, np.flatnonzero(is_chosen))
        turned = not library.frames and self._settings.mirror
        ways = [found.rows[keep], found.rows[keep] + len(library)] if turned else [found.rows[keep]]
        rows, keep = np.concatenate(ways), np.tile(keep, len(ways))
        # What is danced may be mirrored although nothing is mirrored any more.
        if not (here := np.flatnonzero(rows == self._rows[clip])).size:
            rows, keep = np.append(rows, self._rows[clip]), np.append(keep, np.flatnonzero(is_chosen)[0])
            here = np.array([len(rows) - 1])
        shift = found.shift[keep]
        shift[here[0]] = self._shifts[clip]
        some = {name: part[keep] for name, part in parts.items()}
        looked = Candidates(rows, how.rates[keep], shift, cost[keep], parts=some)
        return looked.looked_at(library, frames=int(slots.length[clip]), fps=self._song.fps), int(here[0])

    def _choice(self, clip: int, row: int, edits: Sequence[Edit]) -> Any:
        """What the clip may dance, and fragment `row`, which it dances."""
        touching = [
            edit
            for edit in edits
            if edit.action in ("ban", "style") and clip in clips_of(edit, self.plan, fps=self._song.fps)
        ]
        distance = np.full(len(self._library), np.nan, np.float32)
        if self._queries is not None:
            distance = self._index.all_distances(self._queries[clip : clip + 1])[0]
        choice = clip_choice(
            touching, distance, self._library, song=self._song, slots=self._slots, clip=clip, styles=self._styles,
            style=self._style,
        )  # fmt: skip
        if (choice.rows == row).any():
            return choice
        # It is no farther than the farthest of them, or it alone would tell what is far.
        own = min(float(distance[row]), float(choice.distance.max()))
        extra = np.zeros(len(choice.rows) + 1)
        return replace(choice, rows=np.append(choice.rows, row), distance=np.append(choice.distance, own), extra=extra)

    def _alternative(self, found: Candidates, parts: Mapping[str, Array], k: int) -> Alternative:
        row, library = found.rows[k : k + 1], self._library
        return Alternative(
            fragment=str(library.fragment_id(row)[0]),
            video=str(library.video(row)[0]),
            track=int(library.track(row)[0]),
            source_start_frame=int(library.start_frame(row)[0] + found.shift[k]),
            rate=float(found.rates[k]),
            mirrored=bool(library.mirrored(row)[0]),
            costs={name: float(part[k]) for name, part in parts.items()},
        )
