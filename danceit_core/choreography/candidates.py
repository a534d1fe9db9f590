"""What may be danced during each clip of a song, and what each fragment costs there by itself (paper Eq. 2).

Costs are about 0 (good) to 1 (bad) and weighted by the settings: distance to the music in the joint space, playback
away from the recorded speed, energy other than the song asks for, more jerk than is usual with that energy, sliding
feet, own motion beats away from the song's, standing still, and poses that the targets' videos do not show. The energy
asked of each clip follows the song's loudness or, without it, is spread evenly over the library's: for with the costs
of seams alone the smoothest dance is to stand still.
"""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danceit_core.choreography import costs
from danceit_core.choreography.curve import Array
from danceit_core.choreography.library import Library, Rows
from danceit_core.choreography.slots import Slots
from danceit_core.config import RetrievalSettings
from danceit_core.errors import ChoreographyError

if TYPE_CHECKING:
    from danceit_core.choreography.fitting import Fit

# What a fragment costs in which nobody moves, and one whose planted feet slide twice as far as is usual.
STILLNESS, SLIDING = 1.0, 0.3
# Of a library larger than this every n-th fragment tells what is usual.
USUAL_ROWS = 10_000
# A fragment may begin this much earlier or later in its passage, to meet the beats, at a small cost.
SHIFT_S, SHIFT_COST = 0.25, 0.05
# Cross-fades and held feet take this much of the energy (log speed): so much more is asked for.
FADE_LOSS = 0.06
# One that is laid on bars may do so by this much: it is still seen to begin on its downbeat.
PLACED_SHIFT_S = 0.05
# How much a fragment pays for moving on the song's accents as on any beat, and for moving at its start and end.
ACCENT, REST, REST_FRAMES = 0.1, 1.5, 4
# Of fragments with lengths of their own so many moments tell what is usual.
MOMENTS = 48
# A clip's tempo is that of the beats up to this long before and after it.
TEMPO_REACH_S = 4.0


@dataclass(frozen=True)
class Choice:
    """Fragments that one clip may dance: rows (K,) of the library, distance (K,) >= 0 of the matcher, nearest first.

    Without a matcher all distances are NaN, which costs nothing.
    extra (K,): a cost besides those of the settings, such as an edit's. as_danced: rate and shift (see `Candidates`) of
    the one row of a clip that is not to be chosen anew.
    """

    rows: Rows
    distance: NDArray[np.floating]
    extra: Array = field(default_factory=lambda: np.zeros(1))
    as_danced: tuple[float, float] | None = None


@dataclass(frozen=True)
class ClipSong:
    """A song as the search sees it: `frames` at `fps`, beats_s (B,) seconds increasing, tempo_bpm (0: unknown).

    energy (W,): loudness of each whole slot in any unit, None: unknown. accents (B,): how strong each beat is, none:
    unknown. letters: of its sections, in their order.
    """

    frames: int
    fps: float
    beats_s: Array
    tempo_bpm: float
    energy: ArrayLike | None = None
    accents: Array = field(default_factory=lambda: np.zeros(0))
    letters: tuple[str, ...] = ()

    def tempo_in(self, slots: Slots, number: int) -> float:
        """Beats a minute round a slot, so that a mix of songs is followed; the song's own where there are few beats."""
        start = int(slots.start[number])
        first, last = start / self.fps - TEMPO_REACH_S, (start + int(slots.length[number])) / self.fps + TEMPO_REACH_S
        near = self.beats_s[np.searchsorted(self.beats_s, first) : np.searchsorted(self.beats_s, last)]
        return 60 / float(np.median(np.diff(near))) if len(near) > 2 else self.tempo_bpm


@dataclass(frozen=True)
class Wanted:
    """What each slot should move like: log mean speed and log mean jerk, torso lengths a frame and a frame^3, (S,).

    slide: what planted feet usually slide, torso lengths a frame.
    """

    energy: Array
    jerk: Array
    slide: float


@dataclass(frozen=True)
class Candidates:
    """Fragments for one clip: rows, playback rates, source frames after their start and costs, each (K,).

    painting (K,): what of the cost grows with `paintable_weight`, not in `cost` yet; None where that is not known.
    ends: how they begin and end (`costs.find_ends`), None: not looked at yet. parts: of all candidates of a slot what
    `cost` is the sum of, by name, each (K,), before the slot's weight.
    """

    rows: Rows
    rates: Array
    shift: Array
    cost: Array
    painting: Array | None = None
    ends: costs.Ends | None = None
    parts: Mapping[str, Array] = field(default_factory=dict)

    def best(self, count: int, *, paintable_weight: float) -> "Candidates":
        """The `count` that cost least when painting has so much weight."""
        cost = self.cost if self.painting is None else self.cost + paintable_weight * self.painting
        best = np.argsort(cost, kind="stable")[: max(1, count)]
        return Candidates(self.rows[best], self.rates[best], self.shift[best], cost[best])

    def those(self, keep: NDArray[np.bool_]) -> "Candidates":
        """Some of them, whose painting is in their costs."""
        ends = None if self.ends is None else costs.Ends(*(each[keep] for each in vars(self.ends).values()))
        return Candidates(self.rows[keep], self.rates[keep], self.shift[keep], self.cost[keep], ends=ends)

    def looked_at(self, library: Library, *, frames: int, fps: float) -> "Candidates":
        """The same with their ends, in a clip of so many frames of song."""
        ends = costs.find_ends(library, self.rows, self.rates, self.shift, frames=frames, fps=fps)
        return replace(self, ends=ends)

    def both_ways(self, library: Library) -> "Candidates":
        """The same, and all of them with left and right exchanged."""
        rates, shift, cost = (np.concatenate([part, part]) for part in (self.rates, self.shift, self.cost))
        return Candidates(np.concatenate([self.rows, self.rows + len(library)]), rates, shift, cost)


def find_candidates(
    library: Library,
    choice: Choice,
    song: ClipSong,
    slots: Slots,
    number: int,
    *,
    how: "Fit",
    wanted: Wanted,
    beat_kind: str,
    settings: RetrievalSettings,
) -> Candidates:
    """All fragments of `choice` with what each costs in slot `number` by itself.

    how: they go into it. wanted: see `wanted_movement`. beat_kind: `min` or `max` of speed.
    """
    rows, length, lead = choice.rows, int(slots.length[number]), int(slots.lead[number])
    rates, start = how.rates, int(slots.start[number])
    beats = song.beats_s * song.fps - start
    inside = (beats > 1) & (beats < length - 1)
    beats = beats[inside]
    distance = np.nan_to_num(choice.distance)
    spread = np.ptp(distance)
    parts = {"match": settings.match_weight * (distance - distance.min()) / (spread if spread > 0 else 1.0)}
    parts["extra"] = choice.extra
    parts["tempo"] = settings.tempo_weight * costs.stretch(rates)
    played = library.frames_at(rows, rates[:, None] * (np.arange(length) - lead))  # (K, F)
    steps, jerk = rates[:, None] * library.speed[played], rates[:, None] ** 3 * library.jerk[played]
    parts["energy"] = settings.energy_weight * np.abs(costs.log_mean(steps) - wanted.energy[number])
    parts["stillness"] = STILLNESS * costs.stillness(steps * song.fps)
    parts["jerk"] = settings.calm_weight * np.maximum(0, costs.log_mean(jerk) - wanted.jerk[number])
    sliding = (rates[:, None] * library.slide[played]).mean(1)
    parts["sliding"] = SLIDING * np.maximum(0, sliding / max(wanted.slide, 1e-9) - 1)
    if not library.frames:
        parts["rest"] = _form(steps, slots, number)
        if len(song.accents):
            parts["accents"] = ACCENT * costs.accent_misfits(steps, beats=beats, strength=song.accents[inside])
    by_bars = round(PLACED_SHIFT_S * song.fps)
    reach = by_bars if how.placed.all() else max(lead, round(SHIFT_S * song.fps))
    misfits = costs.beat_misfits(
        library, rows, rates, beats=beats, frames=length, lead=lead, reach=reach, kind=beat_kind
    )
    shifts = np.arange(-reach, reach + 1)
    earliest, latest = costs.shift_limits(library, rows, rates, frames=length, lead=lead)
    allowed = (shifts >= earliest[:, None]) & (shifts <= latest[:, None])
    allowed &= ~how.placed[:, None] | (np.abs(shifts) <= by_bars)
    allowed |= how.placed[:, None] & (shifts == 0)
    misfits = np.where(allowed, misfits + SHIFT_COST * np.abs(shifts) / max(1, reach), np.inf)
    parts["beats"] = settings.beat_weight * misfits.min(1)
    cost = reduce(operator.add, parts.values()) * slots.weight[number]
    painting = None if library.painting is None else library.painting.at(played).mean(1) * slots.weight[number]
    shift = np.round(rates * (shifts[misfits.argmin(1)] - lead))
    return Candidates(rows, rates, shift, cost, painting, parts=parts)


def as_danced(choice: Choice) -> Candidates:
    """The one fragment of a clip that is not to be chosen anew."""
    rate, shift = choice.as_danced or (1.0, 0.0)
    return Candidates(choice.rows, np.array([rate]), np.array([shift]), np.zeros(1))


def _form(steps: Array, slots: Slots, number: int) -> Array:
    """What fragments cost at the song's start, where a dance sets out from rest, and at its end, where it comes to it.

    steps (K, F): their speed.
    """
    usual = np.maximum(steps.mean(1), 1e-9)
    cost = np.zeros(len(steps))
    if slots.first[number] == 0:
        cost = cost + REST * np.minimum(1, steps[:, :REST_FRAMES].mean(1) / usual)
    if slots.hold and slots.last[number] == len(slots.edges) - 1:
        cost = cost + REST * np.minimum(1, steps[:, -REST_FRAMES:].mean(1) / usual)
    return cost


def wanted_movement(library: Library, song: ClipSong, slots: Slots, *, rng: np.random.Generator) -> Wanted:
    """Energies of the library as recorded, in the order of the song's own or at random; the jerk usual with each.

    They are those of the whole slots; another one wants the mean of those that it shares frames with.
    """
    count = int(slots.whole.sum())
    if song.energy is None:
        order = rng.permutation(count)
    else:
        loudness = np.asarray(song.energy, np.float64)
        if loudness.shape != (count,):
            raise ChoreographyError(
                f"clip_energy has shape {loudness.shape}; one value for each of {count} clips is needed"
            )
        order = loudness.argsort(kind="stable").argsort()
    rows = np.arange(0, len(library), 1 + len(library) // USUAL_ROWS)
    moments = np.arange(library.frames or MOMENTS)
    at = moments * (library.lengths[rows] / len(moments))[:, None]
    recorded = library.frames_at(rows, at)
    energies, jerks = costs.log_mean(library.speed[recorded]), costs.log_mean(library.jerk[recorded])
    whole = np.quantile(energies, (order + 0.5) / count)
    wanted = np.array([whole[part].mean() for part in slots.covered()])
    spread = energies.var()
    slope = ((energies - energies.mean()) * (jerks - jerks.mean())).mean() / spread if spread > 1e-9 else 0.0
    jerk = jerks.mean() + slope * (wanted - energies.mean())
    return Wanted(wanted + FADE_LOSS, jerk, float(library.slide[recorded].mean()))


def check_choices(choices: Sequence[Choice], slots: Slots) -> None:
    """Raise ChoreographyError unless there is one choice a slot, and in each whole one something to dance."""
    if len(choices) != len(slots):
        raise ChoreographyError(
            f"choices for {len(choices)} clips for a song of {len(slots)}; search the index with this song"
        )
    for clip, choice in enumerate(choices):
        if slots.whole[clip] and not len(choice.rows):
            raise ChoreographyError(f"clip {clip} of the song has no fragment to choose from; relax the edits there")
