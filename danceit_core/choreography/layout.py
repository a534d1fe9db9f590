"""A song as the search for its dance sees it: its slots, the loudness in each, the strength of its beats."""

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.candidates import ClipSong
from danceit_core.choreography.curve import Array
from danceit_core.choreography.library import Library
from danceit_core.choreography.plan import Plan
from danceit_core.choreography.slots import WEIGHED_S, Slots, count_slots, even_slots
from danceit_core.music.table import Beats, MusicTable, Section

# Strength of a bar's first beat, of its half, and of its other beats, before loudness is considered.
DOWNBEAT, HALF_BAR, OTHER = 1.0, 0.6, 0.3
# A beat's rise in loudness goes from the minimum of this many frames before it to the maximum of this many from it on;
# this percentile of the song's rises is a full accent.
BEFORE_S, AFTER_S, FULL_PERCENTILE = 0.13, 0.09, 90
# Share of the whole section's loudness in the loudness of a slot.
OF_SECTION = 0.5


def lay_song(music: MusicTable, library: Library, *, slots: Slots | None = None) -> tuple[Slots, ClipSong]:
    """The slots of a song, in counts if the fragments are, and the song. slots: use these instead of new ones.

    Raises ChoreographyError for a song shorter than a fragment in seconds.
    """
    frames = round(music.duration_s * music.fps)
    return lay_beats(
        music.beats,
        library,
        frames=frames,
        fps=music.fps,
        loudness=music.loudness,
        sections=music.sections,
        slots=slots,
    )


def lay_beats(
    beats: Beats,
    library: Library,
    *,
    frames: int,
    fps: float,
    loudness: NDArray[np.float32] | None,
    sections: tuple[Section, ...] = (),
    slots: Slots | None = None,
) -> tuple[Slots, ClipSong]:
    """As `lay_song`, from beats alone. loudness (T,): decibels of each frame, None: unknown."""
    times = beats.times_s
    if library.frames:
        slots = slots or even_slots(frames, fragment_frames=library.frames, fps=fps)
        energy = None
        if loudness is not None:
            starts = np.minimum(slots.start, frames - library.frames)  # the last slot uses the end of the song
            window = np.minimum(starts[:, None] + np.arange(library.frames), len(loudness) - 1)
            energy = loudness[window].mean(1)
        return slots, ClipSong(frames, fps, times, beats.tempo_bpm, energy)
    slots = slots or count_slots(beats, frames=frames, fps=fps, sections=sections)
    letters = tuple(part.letter for part in sections)
    energy, rises = None, np.zeros(len(times))
    if loudness is not None and len(loudness):
        energy, rises = _energy(slots, loudness), _rises(times, loudness, fps=fps)
    strength = np.full(len(times), OTHER) if (beats.place > 0).any() else np.zeros(len(times))
    strength[beats.place == 1] = DOWNBEAT
    if beats.meter == 4:
        strength[beats.place == 3] = HALF_BAR
    return slots, ClipSong(frames, fps, times, beats.tempo_bpm, energy, strength + rises, letters)


def plan_slots(plan: Plan, slots: Slots, *, hold: int, in_counts: bool) -> Slots:
    """The clips of a plan as the only slots of its song: the same ones of `slots` where they match, or new ones.

    hold: frames after them.
    """
    of = {pair: k for k, pair in enumerate(zip(slots.start.tolist(), slots.frames.tolist(), strict=True))}
    same = [of.get(pair, -1) for pair in zip(plan.start_frame.tolist(), plan.frames.tolist(), strict=True)]
    numbers = np.array(same)
    known, count = numbers >= 0, len(plan)

    def taken(values: NDArray, otherwise: NDArray | int) -> NDArray:
        return np.where(known, values[numbers], otherwise)

    length = taken(slots.length, plan.frames)
    return Slots(
        edges=np.append(plan.start_frame, plan.song_frames),
        first=np.arange(count),
        last=np.arange(count) + 1,
        length=length,
        lead=taken(slots.lead, 0),
        beats=taken(slots.beats, 0),
        place=taken(slots.place, 0),
        cost=np.zeros(count),
        weight=length / (WEIGHED_S * 24) if in_counts else np.ones(count),
        whole=np.ones(count, bool),
        hold=hold,
    )


def _energy(slots: Slots, loudness: NDArray[np.float32]) -> Array:
    """Loudness of the whole slots, mixed with that of their sections, decibels."""
    sums = np.concatenate([[0.0], np.cumsum(loudness, dtype=np.float64)])
    last = len(loudness)

    def mean(first: NDArray, stop: NDArray) -> Array:
        first, stop = np.minimum(first, last - 1), np.minimum(stop, last)
        return (sums[stop] - sums[first]) / np.maximum(1, stop - first)

    whole = slots.whole
    own = mean(slots.start[whole], slots.start[whole] + slots.frames[whole])
    if not len(slots.section):
        return own
    section = slots.section[slots.first[whole]]
    together = np.array([own[section == number].mean() for number in section])
    return (1 - OF_SECTION) * own + OF_SECTION * np.where(section >= 0, together, own)


def _rises(times_s: Array, loudness: NDArray[np.float32], *, fps: float) -> Array:
    """Rise in loudness at each time (B,), 0 to 1."""
    if not len(times_s):
        return np.zeros(0)
    at = np.round(times_s * fps).astype(np.int64)[:, None]
    low = np.clip(at - 1 - np.arange(max(1, round(BEFORE_S * fps))), 0, len(loudness) - 1)
    high = np.clip(at + np.arange(max(1, round(AFTER_S * fps))), 0, len(loudness) - 1)
    rise = np.maximum(0, loudness[high].max(1) - loudness[low].min(1)).astype(np.float64)
    full = np.percentile(rise, FULL_PERCENTILE)
    return np.minimum(1, rise / full) if full > 0 else np.zeros(len(rise))
