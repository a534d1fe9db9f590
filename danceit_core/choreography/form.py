"""The form of a dance in counts: movements that recur with the song's sections, and its end (not in the paper).

In annotated ballroom dances 14 to 56 % of the movements are danced again. Where a section of the song recurs, its first
phrases repeat what the section's first occurrence danced there; `retrieval.recall` sets the share of all recurring
phrases that do so. The rest of the dance is then chosen anew around both. At the end the dance comes to rest on the
song's last strong beat: the movement continues so slowly that it is hardly visible.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from danceit_core.choreography.candidates import Candidates, ClipSong
from danceit_core.choreography.curve import Array
from danceit_core.choreography.library import Library, Rows
from danceit_core.choreography.path import Chosen, best_path
from danceit_core.choreography.plan import Plan
from danceit_core.choreography.slots import Slots
from danceit_core.config import RetrievalSettings

# Frames that two movements may share without counting as a repetition.
HALF_A_FRAME = 0.5
# A movement is recalled if it is played at between these multiples of its recorded speed.
SLOWEST, FASTEST = 0.75, 1.3
# The last movement continues at this rate to the song's end; at the second rate if the end is farther away.
BREATH, SLOW_BREATH, SHORT_END_S = 0.08, 0.2, 2.0


@dataclass(frozen=True)
class _Phrase:
    """The first and last edge of a phrase, the number of its section, and its number in the section."""

    first: int
    last: int
    section: int
    number: int


def recall(
    library: Library, slots: Slots, clips: Sequence[Candidates | None], chosen: Chosen, *, song: ClipSong,
    settings: RetrievalSettings,
) -> tuple[Chosen, Rows]:  # fmt: skip
    """The path with recurring movements, and for each of its clips (C,) the number of the clip that it recalls.

    clips: the candidates of each slot. chosen: the cheapest path among them, without recalls.
    """
    pinned: dict[int, Candidates] = {}
    source: dict[int, int] = {}  # slot that recalls -> slot that is recalled
    taken = np.zeros(len(slots.edges), bool)  # edges from which on the dance is fixed
    for first, again, turned in _pairs(slots, song.letters, share=settings.recall):
        found = _same_again(slots, chosen, first, again, fps=song.fps, least_s=settings.no_repeat_s)
        if not found:
            continue
        for clip, slot, rate, shift in found:
            row = int(chosen.rows[clip])
            own = int(chosen.slot[clip])
            pinned[own] = _one(row, float(chosen.rates[clip]), float(chosen.shifts[clip]))
            if settings.mirror and turned:
                row = row - len(library) if row >= len(library) else row + len(library)
            pinned[slot] = _one(row, rate, shift)
            source[slot] = own
        for phrase in (first, again):
            taken[phrase.first : phrase.last] = True
    if not source:
        return chosen, np.full(len(chosen.slot), -1)
    near = round(settings.no_repeat_s * song.fps)
    free = [
        pinned.get(number, None if taken[slots.first[number] : slots.last[number]].any() else each)
        for number, each in enumerate(clips)
    ]
    free = [
        each if each is None or number in pinned else _others(library, slots, number, each, pinned, near=near)
        for number, each in enumerate(free)
    ]
    made = best_path(library, slots, free, fps=song.fps, settings=settings)
    clip_of = {slot: clip for clip, slot in enumerate(made.slot.tolist())}
    return made, np.array([clip_of[source[s]] if s in source else -1 for s in made.slot.tolist()], np.int64)


def hold_last(plan: Plan, frames: int, library: Library, *, fps: float) -> Plan:
    """A plan that lasts `frames` frames longer: the movement of its last clip continues, slower and slower."""
    if frames < 1:
        return plan
    row = library.rows_of(plan.fragment_id[-1:])[0]
    end = float(plan.source_start_frame[-1] + plan.rate[-1] * plan.frames[-1])
    last = int(library.start_frame(np.array([row]))[0] + library.room[row]) - 1
    start = min(round(end), last)
    rate = BREATH if frames <= SHORT_END_S * fps else SLOW_BREATH
    rate = min(rate, max(1e-3, (last - start) / frames))
    added = {
        "start_frame": plan.song_frames, "frames": frames, "source_start_frame": start, "rate": rate, "recalls": -1,
    }  # fmt: skip
    fields = [name for name in Plan.__dataclass_fields__ if name != "about"]
    columns = {
        name: np.append(getattr(plan, name), [added.get(name, getattr(plan, name)[-1])]).astype(
            getattr(plan, name).dtype
        )
        for name in fields
    }
    return Plan(**columns, about={**plan.about, "hold": True})


def without_hold(plan: Plan) -> tuple[Plan, int]:
    """Inverse of `hold_last`: the plan, and how many frames were added."""
    if not plan.about.get("hold"):
        return plan, 0
    fields = [name for name in Plan.__dataclass_fields__ if name != "about"]
    about = {key: value for key, value in plan.about.items() if key != "hold"}
    return Plan(**{name: getattr(plan, name)[:-1] for name in fields}, about=about), int(plan.frames[-1])


def _pairs(slots: Slots, letters: Sequence[str], *, share: float) -> list[tuple[_Phrase, _Phrase, bool]]:
    """Phrases to recall, the phrases that recall them, and whether the latter are mirrored: every second one is.

    These are the first phrases of each recurring section, as many as make up `share` of all recurring phrases.
    """
    sections = _phrases(slots)
    firsts: dict[str, int] = {}
    times: dict[str, int] = {}
    pairs, owed = [], 0.0
    for number in sorted(sections):
        letter = letters[number] if 0 <= number < len(letters) else ""
        if not letter:
            continue
        if letter not in firsts:
            firsts[letter] = number
            continue
        times[letter] = times.get(letter, 0) + 1
        both = list(zip(sections[firsts[letter]], sections[number], strict=False))
        owed += share * len(both)
        due = min(len(both), int(owed + 0.5))
        owed -= due
        pairs += [(a, b, times[letter] % 2 == 1) for a, b in both[:due]]
    return pairs


def _phrases(slots: Slots) -> dict[int, list[_Phrase]]:
    """The phrases of each section."""
    edges = np.flatnonzero(slots.phrase)
    found: dict[int, list[_Phrase]] = {}
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        section = int(slots.section[first])
        of = found.setdefault(section, [])
        of.append(_Phrase(first, last, section, len(of)))
    return found


def _same_again(
    slots: Slots, chosen: Chosen, first: _Phrase, again: _Phrase, *, fps: float, least_s: float
) -> list[tuple[int, int, float, float]]:
    """The clips that fill a phrase, and the slot, rate and shift of each in another phrase; [] if it cannot repeat.

    That is so if a clip crosses one of the phrase's ends, or the other phrase has different bars or comes too soon.
    """
    begins, ends = slots.first[chosen.slot], slots.last[chosen.slot]
    inside = np.flatnonzero((begins >= first.first) & (ends <= first.last))
    if not len(inside) or begins[inside[0]] != first.first or ends[inside[-1]] != first.last:
        return []
    if again.last - again.first != first.last - first.first:
        return []
    if slots.edges[again.first] - slots.edges[first.last] < least_s * fps:
        return []
    numbers = {(a, b): k for k, (a, b) in enumerate(zip(slots.first.tolist(), slots.last.tolist(), strict=True))}
    found = []
    for clip in inside.tolist():
        away = again.first - first.first
        slot = numbers.get((int(begins[clip]) + away, int(ends[clip]) + away))
        own = int(chosen.slot[clip])
        if slot is None or slots.place[slot] != slots.place[own] or slots.beats[slot] != slots.beats[own]:
            return []
        lead, rate = int(slots.lead[own]), float(chosen.rates[clip])
        other = rate * (int(slots.length[own]) - lead) / int(slots.length[slot])
        if not SLOWEST <= other <= FASTEST:
            return []
        found.append((clip, slot, other, float(np.round(chosen.shifts[clip] + lead * rate))))
    return found


def _others(
    library: Library, slots: Slots, number: int, found: Candidates, pinned: Mapping[int, Candidates], *, near: int
) -> Candidates:
    """The candidates of a slot that share no frame with what is fixed up to `near` frames of the song away.

    If none is left, all of them, because the path does not look ahead.
    """
    video, start, stop = _taken(library, found, int(slots.length[number]))
    good = np.ones(len(found.rows), bool)
    for slot, one in pinned.items():
        gap = max(
            slots.start[slot] - slots.start[number] - slots.frames[number],
            slots.start[number] - slots.start[slot] - slots.frames[slot],
        )
        if gap < near:
            of, first, last = _taken(library, one, int(slots.length[slot]))
            good &= (video != of) | (np.minimum(stop, last) - np.maximum(start, first) <= HALF_A_FRAME)
    return found.those(good) if good.any() else found


def _taken(library: Library, found: Candidates, frames: int) -> tuple[Rows, Array, Array]:
    """Video, first and one past the last frame that each candidate plays in `frames` frames of the song."""
    start = library.start_frame(found.rows) + found.shift
    video = library.dances.video_index[library.dance[library.fragments(found.rows)]]
    return video, start, start + found.rates * frames


def _one(row: int, rate: float, shift: float) -> Candidates:
    """One fragment that is danced whatever its cost."""
    return Candidates(np.array([row]), np.array([rate]), np.array([shift]), np.zeros(1))
