"""Where clips may lie in a song: slots between its bar lines, or between even steps of time (not in the paper).

A slot goes from one edge to another. In counts, the edges are the song's bar lines and, in bars of four, the halves of
its bars; slots are half a bar, one bar and two bars long. If the bars are unknown they are four beats long; without
beats they last `bar_lines.STEP_S`. The time before the first bar line is a separate slot or, if it is short, the `lead`
of the first slots. The dance ends on the song's last strong beat: the frames after it are not a slot; the last pose is
held there (`hold`). Even slots are the paper's clips, all of one length.

Edges are frames, rounded: what is heard at t is seen in frame round(t * fps) (`motion_beats.seen_s`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.bar_lines import Line, find_lines, last_strong_s
from danceit_core.choreography.curve import Array
from danceit_core.errors import ChoreographyError
from danceit_core.music.table import Beats, Section

Rows = NDArray[np.int64]
# Shorter slots would consist of cross-fades only, longer ones have no fragments; seconds.
SHORTEST_S, LONGEST_S = 0.6, 6.5
# The time before the first line is a separate slot from this share of a bar on.
OWN_LEAD = 0.5
# Costs: a slot of half a bar; an end within a phrase; crossing the start of a phrase; crossing that of a section.
HALF, WITHIN, OVER_PHRASE, OVER_SECTION = 0.4, 0.1, 0.4, 1.5
# The costs of a fragment itself count per this many seconds of the song.
WEIGHED_S = 2.0
PHRASE_BARS = 2


@dataclass(frozen=True)
class Slots:
    """S slots between E edges (frames, increasing from 0), sorted by their beginning; arrays are (S,), except edges.

    first, last: numbers of the edges; the `whole` ones follow each other through the song. length: frames over which
    fragments are compared: those of the slot, more for an even slot at the song's end. lead: how many of them lie
    before the bar line on which the fragment begins. beats: length in beats, 0 if the slot does not end on a line;
    place: place in the bar of its line, 1 the downbeat, 0 unknown. cost: that of its place in the form; weight: that of
    the fragments' own costs. phrase (E,): whether a phrase begins there; section (E,): number of the song's section, -1
    unknown. hold: frames after the last edge.
    """

    edges: Rows
    first: Rows
    last: Rows
    length: Rows
    lead: Rows
    beats: Rows
    place: Rows
    cost: Array
    weight: Array
    whole: NDArray[np.bool_]
    phrase: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    section: Rows = field(default_factory=lambda: np.zeros(0, np.int64))
    hold: int = 0

    def __len__(self) -> int:
        return len(self.first)

    @property
    def start(self) -> Rows:
        """First frames (S,) in the song."""
        return self.edges[self.first]

    @property
    def frames(self) -> Rows:
        """Frames (S,) of the song."""
        return self.edges[self.last] - self.edges[self.first]

    def covered(self) -> list[slice]:
        """For each slot, the whole slots that share a frame with it, as numbers among the whole ones."""
        begins, ends = self.start[self.whole], self.edges[self.last[self.whole]]
        low = np.searchsorted(ends, self.start, side="right")
        high = np.searchsorted(begins, self.edges[self.last])
        return [slice(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True)]


def even_slots(song_frames: int, *, fragment_frames: int, fps: float) -> Slots:
    """The paper's clips: of one length, the last one cut off by the song's end.

    Raises ChoreographyError if the song is shorter than one fragment.
    """
    if song_frames < fragment_frames:
        raise ChoreographyError(
            f"the song lasts {song_frames / fps:.2f} s, less than one fragment of {fragment_frames / fps:.2f} s; "
            "use a longer song or a smaller retrieval.fragment_s"
        )
    starts = np.arange(0, song_frames, fragment_frames)
    count = len(starts)
    zero = np.zeros(count, np.int64)
    return Slots(
        edges=np.append(starts, song_frames),
        first=np.arange(count),
        last=np.arange(count) + 1,
        length=np.full(count, fragment_frames),
        lead=zero,
        beats=zero,
        place=zero,
        cost=np.zeros(count),
        weight=np.ones(count),
        whole=np.ones(count, bool),
    )


def count_slots(beats: Beats, *, frames: int, fps: float, sections: Sequence[Section] = ()) -> Slots:
    """The slots, in counts, of a song of `frames` frames.

    Raises ChoreographyError for a song without frames.
    """
    if frames < 1:
        raise ChoreographyError("the song is shorter than one frame; use a longer one")
    seconds = frames / fps
    lines = find_lines(beats, seconds=seconds)
    end_s = last_strong_s(lines, beats, seconds=seconds)
    shortest = round(SHORTEST_S * fps)
    kept = [line for line in lines if round(line.time_s * fps) + shortest <= round(end_s * fps)]
    end = round(end_s * fps)
    if not kept or end < shortest:
        return _one_slot(frames, fps=fps)
    kept[-1] = kept[-1].until(end_s)
    lead = round(kept[0].time_s * fps)
    own_lead = lead >= max(shortest, round(OWN_LEAD * kept[0].bar_s * fps))
    if own_lead:
        kept, lead = [Line(0.0, kept[0].time_s, 0, 0, None), *kept], 0
    at_edge = _edges(kept, end, lead=lead, fps=fps, sections=sections)
    return _between(kept, at_edge, frames, lead=lead, own_lead=own_lead, fps=fps)


def _one_slot(frames: int, *, fps: float) -> Slots:
    """The whole song as one slot."""
    one = np.zeros(1, np.int64)
    return Slots(
        edges=np.array([0, frames]), first=one, last=one + 1, length=one + frames, lead=one, beats=one, place=one,
        cost=np.zeros(1), weight=np.array([frames / (WEIGHED_S * fps)]), whole=np.ones(1, bool),
        phrase=np.array([False, False]), section=np.array([-1, -1]),
    )  # fmt: skip


@dataclass(frozen=True)
class _Edges:
    """The edges (E,) as in `Slots`, their places in the bar, and the edge of each line and of the end."""

    frame: Rows
    phrase: NDArray[np.bool_]
    section: Rows
    place: Rows
    of_line: list[int]


def _edges(lines: list[Line], end: int, *, lead: int, fps: float, sections: Sequence[Section]) -> _Edges:
    """Lines, halves and the end as edges. lead: frames before the first line that belong to its bar."""
    known = any(line.place for line in lines)
    opens = _section_starts(lines, sections, end_s=end / fps)
    shortest = round(SHORTEST_S * fps)
    rows: list[tuple[int, bool, int, int]] = []
    of_line = []
    since, number = 0, -1
    for at, line in enumerate(lines):
        since, number = (0, opens[at]) if at in opens else (since, number)
        begins = known and line.place > 0 and since % PHRASE_BARS == 0
        since += line.place > 0
        of_line.append(len(rows))
        start = round(line.time_s * fps)
        stop = round(lines[at + 1].time_s * fps) if at + 1 < len(lines) else end
        rows.append((start if at else 0, begins, number, line.place))
        half = start if line.half_s is None else round(line.half_s * fps)
        if min(half - start, stop - half) >= shortest:
            rows.append((half, False, number, line.half_place))
    of_line.append(len(rows))
    rows.append((end, True, -1, 0))
    frame, phrase, section, place = (np.array(column) for column in zip(*rows, strict=True))
    return _Edges(frame.astype(np.int64), phrase.astype(bool), section, place, of_line)


def _between(lines: list[Line], edges: _Edges, frames: int, *, lead: int, own_lead: bool, fps: float) -> Slots:
    """The slots between edges. lead: frames before the first line that belong to its slots."""
    spans: list[tuple[int, int, int, bool]] = []  # edges, beats, whether it is a whole slot
    for at, line in enumerate(lines):
        a, b = edges.of_line[at : at + 2]
        spans.append((a, b, line.beats, True))
        if b == a + 2:
            spans += [(a, a + 1, line.beats // 2, False), (a + 1, b, line.beats - line.beats // 2, False)]
        if at + 1 < len(lines) and not (own_lead and at == 0):
            after, c = lines[at + 1], edges.of_line[at + 2]
            alike = line.beats == after.beats and line.place == after.place
            if alike and edges.frame[c] - edges.frame[a] <= LONGEST_S * fps:
                spans.append((a, c, line.beats + after.beats, False))
    spans.sort(key=lambda span: span[:2])
    first, last, beats = (np.array([span[k] for span in spans], np.int64) for k in range(3))
    length = edges.frame[last] - edges.frame[first]
    pairs = zip(first.tolist(), last.tolist(), strict=True)
    form = np.array([_form_cost(a, b, edges.phrase, edges.section) for a, b in pairs])
    halves = np.array([not whole and b == a + 1 for a, b, _, whole in spans])
    return Slots(
        edges=edges.frame,
        first=first,
        last=last,
        length=length,
        lead=np.where(first == 0, lead, 0),
        beats=beats,
        place=edges.place[first],
        cost=form * (edges.place > 0).any() + HALF * halves,
        weight=length / (WEIGHED_S * fps),
        whole=np.array([span[3] for span in spans]),
        phrase=edges.phrase,
        section=edges.section,
        hold=frames - int(edges.frame[-1]),
    )


def _form_cost(a: int, b: int, phrase: NDArray[np.bool_], section: Rows) -> float:
    """The cost of a slot from edge a to edge b for deviating from the song's form."""
    inside = range(a + 1, b)
    if any(section[k] != section[k - 1] for k in inside):
        return OVER_SECTION
    return OVER_PHRASE * any(phrase[k] for k in inside) + WITHIN * (not phrase[b])


def _section_starts(lines: list[Line], sections: Sequence[Section], *, end_s: float) -> dict[int, int]:
    """The line at which each section begins, mapped to the section's number; sections without a line are left out."""
    times = np.array([line.time_s for line in lines])
    found: dict[int, int] = {}
    for number, part in enumerate(sections):
        if part.start_s < end_s:
            at = int(np.abs(times - part.start_s).argmin()) if number else 0
            found[at] = number
    return found
