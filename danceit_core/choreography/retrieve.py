"""Which fragment is danced during which clip of the song (paper Eq. 2).

A song of T frames has ceil(T / F) clips of F frames, the last one shorter. `argmin` is the paper: for each clip
the fragment whose embedding is nearest. (Eq. 2 prints the source audio where the target's is meant.) That ignores
how clips join: `path` takes the cheapest path over the whole song, by dynamic programming over a few candidates a
clip, with the costs of `costs` besides the match. Two things are deliberate: a seam below SEAM_FLOOR costs as much
as one of that size, since it is not seen, so that playing on in the same video is not preferred for its own sake;
and the energy asked of each clip follows the song or, without a curve of it, is drawn from the library, for with
seam costs alone the smoothest dance is to stand still.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danceit_core.choreography import costs
from danceit_core.choreography.curve import Array
from danceit_core.choreography.library import Library, Rows
from danceit_core.choreography.plan import Plan
from danceit_core.config import RetrievalSettings
from danceit_core.errors import ChoreographyError
from danceit_core.pose.skeleton import MID_HIP

SEAM_FLOOR = 0.2
REPETITION = 1e3
# Beyond this distance from the start, in torso lengths, walking further away is charged for.
ROAM_TORSOS = 1.0
# Candidates are chosen by all their own costs from this many times as many nearest matches.
POOL = 5


@dataclass(frozen=True)
class Matches:
    """For each of C clips its K nearest fragments, nearest first: rows (C, K) of the library, distance (C, K) >= 0."""

    rows: Rows
    distance: NDArray[np.floating]


def sort_matches(distance: ArrayLike) -> Matches:
    """Matches of all N fragments from the distances (C, N) of every clip's music to every fragment."""
    table = np.asarray(distance, np.float64)
    rows = np.argsort(table, axis=1, kind="stable")
    return Matches(rows, np.take_along_axis(table, rows, 1))


def clip_windows(song_frames: int, *, fragment_frames: int, fps: float) -> NDArray[np.int64]:
    """First frame (C,) of the music that stands for each clip when it is embedded: F frames from there.

    The last clip is shorter than F; the song's last F frames stand for it.
    Raises ChoreographyError when the song is shorter than one fragment.
    """
    if song_frames < fragment_frames:
        raise ChoreographyError(
            f"the song lasts {song_frames / fps:.2f} s, less than one fragment of {fragment_frames / fps:.2f} s; "
            "use a longer song or a smaller retrieval.fragment_s"
        )
    starts = np.arange(0, song_frames, fragment_frames)
    return np.minimum(starts, song_frames - fragment_frames)


def retrieve(
    library: Library,
    matches: Matches,
    *,
    song_frames: int,
    fps: float,
    beats_s: ArrayLike,
    tempo_bpm: float,
    settings: RetrievalSettings,
    rng: np.random.Generator,
    beat_kind: str = "min",
    clip_energy: ArrayLike | None = None,
) -> Plan:
    """The plan of a dance of `song_frames` frames.

    matches: one row for each start of `clip_windows`. beats_s: the song's beats, seconds, increasing. tempo_bpm: the
    song's; not positive: unknown. beat_kind: `min` or `max` of speed, the motion beat of temporal alignment.
    clip_energy (C,): loudness of each clip in any unit; None: energies are drawn with `rng`.
    Raises ChoreographyError on a short song, other fragment lengths, or matches of another song.
    """
    count = len(clip_windows(song_frames, fragment_frames=library.frames, fps=fps))
    if round(settings.fragment_s * fps) != library.frames:
        raise ChoreographyError(
            f"retrieval.fragment_s is {settings.fragment_s} s ({round(settings.fragment_s * fps)} frames) but the "
            f"database's fragments have {library.frames} frames; use the database of that length"
        )
    if matches.rows.shape != matches.distance.shape or len(matches.rows) != count or not matches.rows.shape[1]:
        raise ChoreographyError(
            f"matches of shape {matches.rows.shape} for a song of {count} clips; search the index with this song"
        )
    if settings.variant == "argmin":
        chosen, rates = matches.rows[:, 0], np.ones(len(library))
    elif settings.variant == "path":
        rates = costs.playback_rates(library, tempo_bpm)
        clips = _Clips(library, matches, rates, np.asarray(beats_s, np.float64) * fps, fps, beat_kind, settings)
        chosen = _best_path(clips, _wanted_energy(library, rates, count, clip_energy, rng))
    else:
        raise ChoreographyError(f"retrieval.variant is {settings.variant!r}; known are 'path' and 'argmin'")
    starts = np.arange(count) * library.frames
    where = (matches.rows == chosen[:, None]).argmax(1)
    return Plan(
        start_frame=starts,
        frames=np.minimum(library.frames, song_frames - starts),
        fragment_id=library.fragment_id[chosen],
        source_video=library.video[chosen],
        source_start_frame=library.start_frame[chosen],
        rate=rates[chosen],
        match_distance=matches.distance[np.arange(count), where],
    )


@dataclass(frozen=True)
class _Clips:
    """What the search over the song needs to know at every clip."""

    library: Library
    matches: Matches
    rates: Array
    beats: Array  # frames of the song
    fps: float
    beat_kind: str
    settings: RetrievalSettings

    def candidates(self, clip: int, energy: float) -> tuple[Rows, Array]:
        """Rows (K,) of the fragments that suit the clip best by themselves, and their costs (K,)."""
        s, keep = self.settings, max(1, self.settings.candidates)
        rows, distance = self.matches.rows[clip, : POOL * keep], self.matches.distance[clip, : POOL * keep]
        rates, length = self.rates[rows], self.library.frames
        beats = self.beats - clip * length
        beats = beats[(beats > 1) & (beats < length - 1)]
        spread = np.ptp(distance)
        cost = s.match_weight * (distance - distance.min()) / (spread if spread > 0 else 1.0)
        cost = cost + s.tempo_weight * np.abs(np.log2(rates))
        cost = cost + s.energy_weight * np.abs(costs.log_energy(self.library, rows, rates) - energy)
        misfits = costs.beat_misfits(self.library, rows, rates, beats=beats, kind=self.beat_kind)
        cost = cost + s.beat_weight * misfits
        best = np.argsort(cost, kind="stable")[:keep]
        return rows[best], cost[best]

    def repeats(self, history: Rows, rows: Rows) -> NDArray[np.bool_]:
        """Whether each of B rows shares frames with one of the last fragments of each of A paths: (A, B)."""
        past = np.maximum(history, 0)
        same = self.library.video[past][..., None] == self.library.video[rows]  # (A, D, B)
        gap = np.abs(self.library.start_frame[past][..., None] - self.library.start_frame[rows])
        return (same & (gap < self.library.frames) & (history >= 0)[..., None]).any(1)


def _wanted_energy(
    library: Library, rates: Array, count: int, clip_energy: ArrayLike | None, rng: np.random.Generator
) -> Array:
    """Log energy (C,) asked of each clip: the library's, in the order of the song's own energy or at random."""
    every = np.arange(len(library))
    energies = costs.log_energy(library, every, rates)
    if clip_energy is None:
        return rng.choice(energies, count)
    loudness = np.asarray(clip_energy, np.float64)
    if loudness.shape != (count,):
        raise ChoreographyError(
            f"clip_energy has shape {loudness.shape}; one value for each of {count} clips is needed"
        )
    return np.quantile(energies, (loudness.argsort().argsort() + 0.5) / count)


def _best_path(clips: _Clips, energy: Array) -> Rows:
    """Library rows (C,) of the cheapest path (Viterbi; what a path has used before is remembered along it)."""
    s, library = clips.settings, clips.library
    depth = int(np.ceil(s.no_repeat_s * clips.fps / library.frames))
    rows, best = clips.candidates(0, energy[0])
    history = np.full((len(rows), depth + 1), -1)
    history[:, -1] = rows
    ends = costs.find_ends(library, rows, clips.rates[rows], fps=clips.fps)
    place = np.zeros(len(rows))  # how far each path has carried the dance's own x
    home = ends.start[:, MID_HIP, 0]  # x of the hip where each path began
    steps = [(rows, np.zeros(len(rows), int))]
    for clip in range(1, len(energy)):
        rows, own = clips.candidates(clip, energy[clip])
        following = costs.find_ends(library, rows, clips.rates[rows], fps=clips.fps)
        shifts = costs.foot_shifts(ends, following)  # (A, B)
        cost = best[:, None] + s.seam_weight * np.maximum(SEAM_FLOOR, costs.seam_costs(ends, following, shifts))
        cost += s.facing_weight * costs.facing_costs(ends, following)
        carried = place[:, None] + shifts
        away = np.abs(carried + following.end[:, MID_HIP, 0] - home[:, None])
        cost += np.nan_to_num(np.maximum(0, away - ROAM_TORSOS) ** 2)
        if depth:
            cost += REPETITION * clips.repeats(history[:, -depth:], rows)
        back, here = cost.argmin(0), np.arange(len(rows))
        best, place, home = cost.min(0) + own, carried[back, here], home[back]
        history = np.concatenate([history[back][:, 1:], rows[:, None]], 1)
        ends = following
        steps.append((rows, back))
    last = int(best.argmin())
    path = []
    for rows, back in reversed(steps):
        path.append(rows[last])
        last = int(back[last])
    return np.array(path[::-1])
