"""Which fragment is danced during which part of the song (paper Eq. 2).

The song is laid out in slots (`slots`). In seconds, a song of T frames has ceil(T / F) clips of F frames, the last one
shorter. `argmin` is the paper's method: for each clip, the fragment whose embedding is nearest. (Eq. 2 prints the
source audio where the target's is meant.) This ignores how clips join. `path` takes the cheapest path over the whole
song (module `path`) among the candidates of each slot (`candidates`); in counts it chooses the slots as well, and
movements recur with the song's sections (`form`).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.candidates import (
    Candidates,
    Choice,
    ClipSong,
    as_danced,
    check_choices,
    find_candidates,
    wanted_movement,
)
from danceit_core.choreography.fitting import fit, fitting_choices
from danceit_core.choreography.form import hold_last, recall
from danceit_core.choreography.library import Library, Rows
from danceit_core.choreography.matches import POOL, Matches, candidates_of, pool_size
from danceit_core.choreography.path import Chosen, best_path
from danceit_core.choreography.plan import Plan
from danceit_core.choreography.slots import Slots, even_slots
from danceit_core.config import RetrievalSettings
from danceit_core.errors import ChoreographyError, ConfigError

# For songs with more slots, the ends of all candidates are not kept in memory.
MOST_LOOKED_AT = 2000
DistanceOf = Callable[[int, Rows], NDArray[np.floating]]


def retrieve(
    library: Library,
    matches: Matches,
    *,
    song: ClipSong,
    settings: RetrievalSettings,
    rng: np.random.Generator,
    beat_kind: str = "min",
    slots: Slots | None = None,
) -> Plan:
    """The plan of a dance of a whole song.

    matches: one row for each slot. slots: the song's, None: even ones of the fragments' common length. beat_kind: `min`
    or `max` of speed, the motion beat of temporal alignment. Raises ChoreographyError for a song that is too short,
    other fragment lengths, or matches of another song.
    """
    slots = slots or slots_in_seconds(library, song)
    choices = choices_of(library, matches, song=song, slots=slots, settings=settings)
    return choose(library, choices, song=song, slots=slots, settings=settings, rng=rng, beat_kind=beat_kind)


def slots_in_seconds(library: Library, song: ClipSong) -> Slots:
    """The clips of a song where all fragments have one length."""
    if not library.frames:
        raise ChoreographyError("these fragments are in counts; lay out the song with slots.count_slots")
    return even_slots(song.frames, fragment_frames=library.frames, fps=song.fps)


def choices_of(
    library: Library,
    matches: Matches,
    *,
    song: ClipSong,
    slots: Slots,
    settings: RetrievalSettings,
    distance_of: "DistanceOf | None" = None,
    allowed: NDArray[np.bool_] | None = None,
) -> list[Choice]:
    """The choice of each slot among its matches. Raises ChoreographyError if rows and distances differ in shape.

    distance_of: the matcher's distances of fragments (K,) to a slot's music, None: not known. allowed (N,): fragments
    that may be danced at all, None: all.
    """
    if matches.rows.shape != matches.distance.shape or not matches.rows.shape[1]:
        raise ChoreographyError(
            f"matches have rows of shape {matches.rows.shape} but distances of shape {matches.distance.shape}; pass "
            "one distance for each row"
        )
    if len(matches.rows) != len(slots):
        raise ChoreographyError(
            f"there are choices for {len(matches.rows)} clips, but the song has {len(slots)}; search the index with "
            "this song"
        )
    in_counts = not library.frames
    counts = candidates_of(slots, settings, in_counts=in_counts) * POOL
    if in_counts or allowed is not None:
        unknown: DistanceOf = lambda _, rows: np.full(len(rows), np.nan)  # noqa: E731
        return fitting_choices(
            library, matches.rows, matches.distance, song=song, slots=slots, counts=counts,
            distance_of=distance_of or unknown, allowed=allowed,
        )  # fmt: skip
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
    slots: Slots | None = None,
) -> Plan:
    """The plan that dances one fragment of each chosen slot's choice. Arguments and errors as for `retrieve`.

    Raises ConfigError for `argmin` without a matcher.
    """
    weights = (settings.paintable_weight,)
    about = {"song": song, "settings": settings, "rng": rng, "beat_kind": beat_kind, "slots": slots}
    return choose_each(library, choices, weights=weights, **about)[0]  # type: ignore[arg-type]


def choose_each(
    library: Library,
    choices: Sequence[Choice],
    *,
    song: ClipSong,
    settings: RetrievalSettings,
    weights: Sequence[float],
    rng: np.random.Generator,
    beat_kind: str = "min",
    slots: Slots | None = None,
) -> list[Plan]:
    """As `choose`, for each of several values of `paintable_weight`; what they share is computed once."""
    slots = slots or slots_in_seconds(library, song)
    if library.frames and round(settings.fragment_s * song.fps) != library.frames:
        raise ChoreographyError(
            f"retrieval.fragment_s is {settings.fragment_s} s ({round(settings.fragment_s * song.fps)} frames) but the "
            f"database's fragments have {library.frames} frames; use the database of that length"
        )
    check_choices(choices, slots)
    if settings.variant == "argmin":
        every = np.arange(len(slots))
        nearest = Chosen(every, _nearest(choices), np.ones(len(slots)), np.zeros(len(slots), np.int64))
        return [_plan(library, choices, nearest, slots=slots) for _ in weights]
    if settings.variant != "path":
        raise ChoreographyError(f"retrieval.variant is {settings.variant!r}; use 'path' or 'argmin'")
    wanted = wanted_movement(library, song, slots, rng=rng)
    in_counts = not library.frames
    counts = candidates_of(slots, settings, in_counts=in_counts).tolist()
    few: list[list[Candidates | None]] = [[] for _ in weights]
    for number, choice in enumerate(choices):
        found: Candidates | None = None
        if choice.as_danced is not None:
            found = as_danced(choice)
        elif len(choice.rows):
            how = fit(library, choice.rows, slots, number, tempo_bpm=song.tempo_in(slots, number))
            about: Any = {"how": how, "wanted": wanted, "beat_kind": beat_kind, "settings": settings}
            found = find_candidates(library, choice, song, slots, number, **about)
        for weight, kept in zip(weights, few, strict=True):
            mirrors = in_counts and settings.mirror and choice.as_danced is None
            best = found and _few(library, found, counts[number], weight=weight, mirrors=mirrors)
            kept.append(best or None)
    plans = []
    comes_back = in_counts and settings.recall > 0 and len(set(song.letters)) < len(song.letters)
    edited = any(choice.as_danced is not None for choice in choices)
    for kept in few:
        find = _with_recalls if comes_back and not edited else _without_recalls
        chosen, again = find(library, slots, kept, song=song, settings=settings)
        plan = _plan(library, choices, chosen, slots=slots, recalls=again)
        plans.append(hold_last(plan, slots.hold, library, fps=song.fps))
    return plans


def _with_recalls(
    library: Library, slots: Slots, few: list[Candidates | None], *, song: ClipSong, settings: RetrievalSettings
) -> tuple[Chosen, Rows]:
    """The path with recurring movements, and what each clip recalls. The path is searched twice."""
    if len(slots) <= MOST_LOOKED_AT:
        few = [
            each and each.looked_at(library, frames=int(slots.length[number]), fps=song.fps)
            for number, each in enumerate(few)
        ]
    chosen = best_path(library, slots, few, fps=song.fps, settings=settings)
    return recall(library, slots, few, chosen, song=song, settings=settings)


def _without_recalls(
    library: Library, slots: Slots, few: list[Candidates | None], *, song: ClipSong, settings: RetrievalSettings
) -> tuple[Chosen, Rows]:
    chosen = best_path(library, slots, few, fps=song.fps, settings=settings)
    return chosen, np.full(len(chosen.slot), -1)


def _few(library: Library, found: Candidates, count: int, *, weight: float, mirrors: bool) -> Candidates:
    """The cheapest candidates of a slot; with mirroring, half of them are mirrored."""
    best = found.best(count // 2 if mirrors else count, paintable_weight=weight)
    return best.both_ways(library) if mirrors else best


def _nearest(choices: Sequence[Choice]) -> Rows:
    """The nearest fragment (C,) of each clip. Raises ConfigError without a matcher."""
    if any(np.isnan(choice.distance).any() for choice in choices):
        raise ConfigError(
            "retrieval.variant is 'argmin', which chooses by the matcher alone, but the dances have too little sound "
            "to train one; set it to 'path', which chooses by beats and seams, or add dances with sound"
        )
    return np.array([choice.rows[choice.distance.argmin()] for choice in choices])


def _plan(
    library: Library, choices: Sequence[Choice], chosen: Chosen, *, slots: Slots, recalls: Rows | None = None
) -> Plan:
    """The plan of a path's clips, with their playback."""
    rows = chosen.rows
    of = library.fragments(rows)
    distance = []
    for number, row, fragment in zip(chosen.slot.tolist(), rows.tolist(), of.tolist(), strict=True):
        choice = choices[number]
        known = choice.distance[(choice.rows == row) | (choice.rows == fragment)]
        distance.append(known[0] if len(known) else _farthest(choice))
    return Plan(
        start_frame=slots.start[chosen.slot],
        frames=slots.frames[chosen.slot],
        fragment_id=library.fragment_id(rows),
        source_video=library.video(rows),
        source_track=library.track(rows),
        source_start_frame=library.start_frame(rows) + chosen.shifts,
        rate=chosen.rates,
        match_distance=np.array(distance, float),
        mirrored=library.mirrored(rows),
        recalls=np.full(len(rows), -1) if recalls is None else recalls,
    )


def _farthest(choice: Choice) -> float:
    """The distance of a recalled movement that is not among the nearest fragments: the largest of theirs."""
    return float(np.max(choice.distance)) if len(choice.distance) else float("nan")
