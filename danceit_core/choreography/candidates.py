"""What may be danced during each clip of a song, and what each fragment costs there by itself (paper Eq. 2).

Costs are about 0 (good) to 1 (bad) and weighted by the settings: distance to the music in the joint space, playback
away from the recorded speed, energy other than the song asks for, more jerk than is usual with that energy, sliding
feet, own motion beats away from the song's, standing still, and poses that the targets' videos do not show. The energy
asked of each clip follows the song's loudness or, without it, is spread evenly over the library's: for with the costs
of seams alone the smoothest dance is to stand still.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danceit_core.choreography import costs
from danceit_core.choreography.curve import Array
from danceit_core.choreography.library import Library, Rows
from danceit_core.config import RetrievalSettings
from danceit_core.errors import ChoreographyError

# What a fragment costs in which nobody moves, and one whose planted feet slide twice as far as is usual.
STILLNESS, SLIDING = 1.0, 0.3
# Of a library larger than this every n-th fragment tells what is usual.
USUAL_ROWS = 10_000
# A fragment may begin this much earlier or later in its passage, to meet the beats, at a small cost.
SHIFT_S, SHIFT_COST = 0.25, 0.05
# Cross-fades and held feet take this much of the energy (log speed): so much more is asked for.
FADE_LOSS = 0.06
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

    energy (C,): loudness of each clip in any unit, None: unknown.
    """

    frames: int
    fps: float
    beats_s: Array
    tempo_bpm: float
    energy: ArrayLike | None = None

    def tempo_at(self, clip: int, *, clip_frames: int) -> float:
        """Beats a minute round a clip, so that a mix of songs is followed; the song's own where there are few beats."""
        first, last = clip * clip_frames / self.fps - TEMPO_REACH_S, (clip + 1) * clip_frames / self.fps + TEMPO_REACH_S
        near = self.beats_s[np.searchsorted(self.beats_s, first) : np.searchsorted(self.beats_s, last)]
        return 60 / float(np.median(np.diff(near))) if len(near) > 2 else self.tempo_bpm


@dataclass(frozen=True)
class Wanted:
    """What each clip should move like: log mean speed and log mean jerk, torso lengths a frame and a frame^3, (C,).

    slide: what planted feet usually slide, torso lengths a frame.
    """

    energy: Array
    jerk: Array
    slide: float


@dataclass(frozen=True)
class Candidates:
    """Fragments for one clip: rows, playback rates, source frames after their start and costs, each (K,).

    painting (K,): what of the cost grows with `paintable_weight`, not in `cost` yet; None where that is not known.
    """

    rows: Rows
    rates: Array
    shift: Array
    cost: Array
    painting: Array | None = None

    def best(self, count: int, *, paintable_weight: float) -> "Candidates":
        """The `count` that cost least when painting has so much weight."""
        cost = self.cost if self.painting is None else self.cost + paintable_weight * self.painting
        best = np.argsort(cost, kind="stable")[: max(1, count)]
        return Candidates(self.rows[best], self.rates[best], self.shift[best], cost[best])


def find_candidates(
    library: Library,
    choice: Choice,
    song: ClipSong,
    clip: int,
    *,
    wanted: Wanted,
    beat_kind: str,
    settings: RetrievalSettings,
) -> Candidates:
    """All fragments of `choice` with what each costs in clip number `clip` by itself.

    wanted: see `wanted_movement`. beat_kind: `min` or `max` of speed.
    """
    rows, length = choice.rows, library.frames
    if choice.as_danced is not None:
        rate, shift = choice.as_danced
        return Candidates(rows, np.array([rate]), np.array([shift]), np.zeros(1))
    rates = costs.playback_rates(library, rows, song.tempo_at(clip, clip_frames=length))
    beats = song.beats_s * song.fps - clip * length
    beats = beats[(beats > 1) & (beats < length - 1)]
    distance = np.nan_to_num(choice.distance)
    spread = np.ptp(distance)
    cost = settings.match_weight * (distance - distance.min()) / (spread if spread > 0 else 1.0)
    cost = cost + choice.extra + settings.tempo_weight * costs.stretch(rates)
    played = library.frames_at(rows, rates[:, None] * np.arange(length))  # (K, F)
    steps, jerk = rates[:, None] * library.speed[played], rates[:, None] ** 3 * library.jerk[played]
    cost = cost + settings.energy_weight * np.abs(costs.log_mean(steps) - wanted.energy[clip])
    cost = cost + STILLNESS * costs.stillness(steps * song.fps)
    cost = cost + settings.calm_weight * np.maximum(0, costs.log_mean(jerk) - wanted.jerk[clip])
    sliding = (rates[:, None] * library.slide[played]).mean(1)
    cost = cost + SLIDING * np.maximum(0, sliding / max(wanted.slide, 1e-9) - 1)
    reach = round(SHIFT_S * song.fps)
    misfits = costs.beat_misfits(library, rows, rates, beats=beats, reach=reach, kind=beat_kind)
    shifts = np.arange(-reach, reach + 1)
    earliest, latest = costs.shift_limits(library, rows, rates)
    allowed = (shifts >= np.minimum(0, earliest[:, None])) & (shifts <= latest[:, None])
    misfits = np.where(allowed, misfits + SHIFT_COST * np.abs(shifts) / max(1, reach), np.inf)
    cost = cost + settings.beat_weight * misfits.min(1)
    painting = None if library.painting is None else library.painting.at(played).mean(1)
    return Candidates(rows, rates, np.round(rates * shifts[misfits.argmin(1)]), cost, painting)


def wanted_movement(library: Library, song: ClipSong, *, count: int, rng: np.random.Generator) -> Wanted:
    """Energies of the library as recorded, in the order of the song's own or at random; the jerk usual with each."""
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
    recorded = library.frames_at(rows, np.broadcast_to(np.arange(library.frames), (len(rows), library.frames)))
    energies, jerks = costs.log_mean(library.speed[recorded]), costs.log_mean(library.jerk[recorded])
    wanted = np.quantile(energies, (order + 0.5) / count)
    spread = energies.var()
    slope = ((energies - energies.mean()) * (jerks - jerks.mean())).mean() / spread if spread > 1e-9 else 0.0
    jerk = jerks.mean() + slope * (wanted - energies.mean())
    return Wanted(wanted + FADE_LOSS, jerk, float(library.slide[recorded].mean()))


def check_choices(choices: Sequence[Choice], *, count: int) -> None:
    """Raise ChoreographyError unless there is one choice a clip, and in each something to dance."""
    if len(choices) != count:
        raise ChoreographyError(
            f"choices for {len(choices)} clips for a song of {count}; search the index with this song"
        )
    for clip, choice in enumerate(choices):
        if not len(choice.rows):
            raise ChoreographyError(f"clip {clip} of the song has no fragment to choose from; relax the edits there")
