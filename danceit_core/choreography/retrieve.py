"""Which fragment is danced during which clip of the song (paper Eq. 2).

A song of T frames has ceil(T / F) clips of F frames, the last one shorter. `argmin` is the paper: for each clip
the fragment whose embedding is nearest. (Eq. 2 prints the source audio where the target's is meant.) That ignores
how clips join: `path` takes the cheapest path over the whole song (`path`) among the candidates of each clip
(`candidates`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danceit_core.choreography.candidates import Choice, ClipSong, check_choices, find_candidates, wanted_movement
from danceit_core.choreography.curve import Array
from danceit_core.choreography.library import Library, Rows
from danceit_core.choreography.path import best_path
from danceit_core.choreography.plan import Plan
from danceit_core.config import RetrievalSettings
from danceit_core.errors import ChoreographyError, ConfigError

# Candidates are chosen by all their own costs from this many times as many nearest matches.
POOL = 5


@dataclass(frozen=True)
class Matches:
    """For each of C clips its K nearest fragments, nearest first: rows (C, K) of the library, distance (C, K) >= 0.

    Without a matcher (`undecided_matches`) all distances are NaN.
    """

    rows: Rows
    distance: NDArray[np.floating]


def sort_matches(distance: ArrayLike) -> Matches:
    """Matches of all N fragments from the distances (C, N) of every clip's music to every fragment."""
    table = np.asarray(distance, np.float64)
    rows = np.argsort(table, axis=1, kind="stable")
    return Matches(rows, np.take_along_axis(table, rows, 1))


def undecided_matches(clips: int, fragments: int, *, count: int, rng: np.random.Generator) -> Matches:
    """Matches where there is no matcher: for each clip `count` of the fragments at random, at unknown distance."""
    rows = np.stack([rng.permutation(fragments)[:count] for _ in range(clips)])
    return Matches(rows, np.full(rows.shape, np.nan))


def pool_size(settings: RetrievalSettings) -> int:
    """How many nearest fragments of each clip retrieval looks at."""
    return 1 if settings.variant == "argmin" else POOL * max(1, settings.candidates)


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
    song: ClipSong,
    settings: RetrievalSettings,
    rng: np.random.Generator,
    beat_kind: str = "min",
) -> Plan:
    """The plan of a dance of a whole song.

    matches: one row for each start of `clip_windows`. beat_kind: `min` or `max` of speed, the motion beat of temporal
    alignment. Raises ChoreographyError on a short song, other fragment lengths, or matches of another song.
    """
    choices = choices_of(matches, settings=settings)
    return choose(library, choices, song=song, settings=settings, rng=rng, beat_kind=beat_kind)


def choices_of(matches: Matches, *, settings: RetrievalSettings) -> list[Choice]:
    """What each clip may dance of its matches. Raises ChoreographyError where rows and distances differ."""
    if matches.rows.shape != matches.distance.shape or not matches.rows.shape[1]:
        raise ChoreographyError(
            f"matches of shapes {matches.rows.shape} and {matches.distance.shape} do not go together"
        )
    keep = pool_size(settings)
    return [Choice(r[:keep], d[:keep]) for r, d in zip(matches.rows, matches.distance, strict=True)]


def choose(
    library: Library,
    choices: Sequence[Choice],
    *,
    song: ClipSong,
    settings: RetrievalSettings,
    rng: np.random.Generator,
    beat_kind: str = "min",
) -> Plan:
    """The plan that dances one fragment of each clip's choice. Arguments and errors as of `retrieve`.

    Raises ConfigError for `argmin` without a matcher.
    """
    weights = (settings.paintable_weight,)
    return choose_each(library, choices, song=song, settings=settings, weights=weights, rng=rng, beat_kind=beat_kind)[0]


def choose_each(
    library: Library,
    choices: Sequence[Choice],
    *,
    song: ClipSong,
    settings: RetrievalSettings,
    weights: Sequence[float],
    rng: np.random.Generator,
    beat_kind: str = "min",
) -> list[Plan]:
    """The plan for each of some `paintable_weight`s; what does not depend on it is computed once. As `choose`."""
    count = len(clip_windows(song.frames, fragment_frames=library.frames, fps=song.fps))
    if round(settings.fragment_s * song.fps) != library.frames:
        raise ChoreographyError(
            f"retrieval.fragment_s is {settings.fragment_s} s ({round(settings.fragment_s * song.fps)} frames) but the "
            f"database's fragments have {library.frames} frames; use the database of that length"
        )
    check_choices(choices, count=count)
    if settings.variant == "argmin":
        nearest = _nearest(choices), np.ones(count), np.zeros(count, np.int64)
        return [_plan(library, choices, *nearest, song=song) for _ in weights]
    if settings.variant != "path":
        raise ChoreographyError(f"retrieval.variant is {settings.variant!r}; known are 'path' and 'argmin'")
    wanted = wanted_movement(library, song, count=count, rng=rng)
    clips = [
        find_candidates(library, choice, song, clip, wanted=wanted, beat_kind=beat_kind, settings=settings)
        for clip, choice in enumerate(choices)
    ]
    plans = []
    for weight in weights:
        few = [clip.best(settings.candidates, paintable_weight=weight) for clip in clips]
        plans.append(_plan(library, choices, *best_path(library, few, fps=song.fps, settings=settings), song=song))
    return plans


def _nearest(choices: Sequence[Choice]) -> Rows:
    """The nearest fragment (C,) of each clip. Raises ConfigError without a matcher."""
    if any(np.isnan(choice.distance).any() for choice in choices):
        raise ConfigError(
            "retrieval.variant is 'argmin', which chooses by the matcher alone, but the dances hold too little "
            "sound to train one; set it to 'path', which goes by beats and seams, or add dances with sound"
        )
    return np.array([choice.rows[choice.distance.argmin()] for choice in choices])


def _plan(
    library: Library, choices: Sequence[Choice], chosen: Rows, rates: Array, shifts: Rows, *, song: ClipSong
) -> Plan:
    """The plan of chosen rows (C,), one a clip, with their playback."""
    starts = np.arange(len(choices)) * library.frames
    return Plan(
        start_frame=starts,
        frames=np.minimum(library.frames, song.frames - starts),
        fragment_id=library.fragment_id(chosen),
        source_video=library.video(chosen),
        source_track=library.track(chosen),
        source_start_frame=library.start_frame(chosen) + shifts,
        rate=rates,
        match_distance=np.array([c.distance[c.rows == row][0] for c, row in zip(choices, chosen, strict=True)], float),
    )
