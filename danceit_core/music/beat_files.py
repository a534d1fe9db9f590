"""Beats and sections of a song as text, as mir_eval and most beat trackers write them and an editor shows them.

A file of beats has one a line: `seconds<TAB>beat in bar`, where 1 is the downbeat; the second column may be missing. A
label track that Audacity exports is read, too: `start<TAB>end<TAB>label`, where a label that is a number is the beat in
the bar, and any other says nothing; where the only number is 1, the labels between are counted on. A file of sections
has `start<TAB>end<TAB>letter`. Columns may also be separated by commas, semicolons or spaces; empty lines and lines
that begin with # are left out. Times are seconds from the beginning of the song's file.
"""

import codecs
import itertools
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import MusicError
from danceit_core.files import write_text
from danceit_core.music.table import MOST_METER, Beats, Section

FORMAT = "one beat a line: seconds, a tab, and the beat in the bar (1 is the downbeat) or nothing"
SECTION_FORMAT = "one section a line: its start in seconds, a tab, its end, a tab, and its letter"
# A day of beats is smaller; what is larger is a sound or a video.
LARGEST_BYTES = 10_000_000
# What Audacity writes below a label of a range of pitch begins with it.
PITCH_MARK = "\\"


@dataclass(frozen=True)
class _Row:
    """A line of a file: what stands before it in a message, and its cells."""

    where: str
    cells: list[str]


def write_beats(path: str | Path, beats: Beats) -> None:
    """Write `seconds<TAB>beat in bar` a beat, without the second column where it is not known; whole or not at all."""
    lines = [
        f"{time_s:.6f}\t{place}" if place else f"{time_s:.6f}"
        for time_s, place in zip(beats.times_s.tolist(), beats.place.tolist(), strict=True)
    ]
    write_text(path, "".join(f"{line}\n" for line in lines))


def read_beats(path: str | Path) -> Beats:
    """The beats of a file of them or of an Audacity label track; tempo_bpm is 60 / median interval, meter that of most
    bars (their greatest place).

    Raises MusicError for a file that is missing or no text, for fewer than two beats, times that are not increasing
    seconds from 0 on, and places in the bar that do not count 1, 2, 3 up to at most MOST_METER.
    """
    rows = _read_rows(path, remedy=FORMAT)
    times_s = np.array([_seconds(row.cells[0], where=row.where, remedy=FORMAT) for row in rows])
    for row, before_s, time_s in zip(rows[1:], times_s, times_s[1:], strict=False):
        if time_s <= before_s:
            raise MusicError(
                f"{row.where}: {time_s:.9g} s comes after {before_s:.9g} s; beats are in order of time: sort the lines "
                "and delete what is there twice"
            )
    if len(rows) < 2:
        raise MusicError(f"{path} has {len(rows) or 'no'} beat{'s' * (not rows)}; at least 2 are needed: {FORMAT}")
    place = _count_on(_label_places(rows) if _is_label_track(rows) else _places(rows))
    _check_counting(place, rows)
    return Beats(times_s, 60.0 / float(np.median(np.diff(times_s))), place=place, meter=_meter(place))


def write_sections(path: str | Path, sections: Sequence[Section]) -> None:
    """Write `start<TAB>end<TAB>letter` a section; whole or not at all."""
    write_text(path, "".join(f"{part.start_s:.6f}\t{part.end_s:.6f}\t{part.letter}\n" for part in sections))


def read_sections(path: str | Path) -> tuple[Section, ...]:
    """The sections of a file, none of an empty one. Raises MusicError where they do not follow each other from 0."""
    sections: list[Section] = []
    for row in _read_rows(path, remedy=SECTION_FORMAT):
        if len(row.cells) < 3:
            raise MusicError(f"{row.where}: {len(row.cells)} columns instead of 3; write {SECTION_FORMAT}")
        start_s, end_s = (_seconds(cell, where=row.where, remedy=SECTION_FORMAT) for cell in row.cells[:2])
        before_s = sections[-1].end_s if sections else 0.0
        if start_s != before_s or end_s <= start_s:
            raise MusicError(
                f"{row.where}: a section from {start_s:g} to {end_s:g} s does not follow on {before_s:g} s; sections "
                "begin at 0, each where the last one ends: correct its times"
            )
        sections.append(Section(start_s, end_s, " ".join(row.cells[2:])))
    return tuple(sections)


def _read_rows(path: str | Path, *, remedy: str) -> list[_Row]:
    """The lines that hold something. Raises MusicError for a file that is missing or no text."""
    try:
        if (size := Path(path).stat().st_size) > LARGEST_BYTES:
            raise MusicError(f"{path} has {size / 1e6:.0f} MB, more than any such text; write {remedy}")
        data = Path(path).read_bytes()
        wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except OSError as error:
        raise MusicError(f"{path} cannot be read ({error.strerror}); correct its path or its permissions") from None
    except UnicodeDecodeError:
        raise MusicError(f"{path} is no UTF-8 text; write {remedy}") from None
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    said = [(number, _cells(line)) for number, line in lines if not line.startswith(("#", PITCH_MARK))]
    return [_Row(f"{path} line {number}", cells) for number, cells in said if cells]


def _cells(line: str) -> list[str]:
    """The columns of a line. Between tabs a comma is a decimal comma."""
    if "\t" in line:
        return [cell.strip() for cell in line.split("\t")]
    return [cell for cell in re.split(r"[,;\s]+", line) if cell]


def _number(cell: str) -> float:
    """A number, NaN for anything else."""
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        return math.nan


def _seconds(cell: str, *, where: str, remedy: str) -> float:
    """A time. Raises MusicError unless it is one from 0 on."""
    time_s = _number(cell)
    if not math.isfinite(time_s):
        raise MusicError(f"{where}: {cell[:40]!r} is no number of seconds; write {remedy} (# begins a comment)")
    if time_s < 0:
        raise MusicError(f"{where}: {time_s:g} s lies before the beginning of the song; delete the line or correct it")
    return time_s


def _is_label_track(rows: Sequence[_Row]) -> bool:
    """Whether any line has a third column, or as the second one a time, no place in a bar."""
    return any(len(row.cells) > 2 or (len(row.cells) == 2 and _number(row.cells[1]) % 1 > 0) for row in rows)


def _places(rows: Sequence[_Row]) -> NDArray[np.int64]:
    """The second column of a file of beats, 0 where there is none."""
    place = []
    for row in rows:
        cell = row.cells[1] if len(row.cells) > 1 else "0"
        number = _number(cell)
        if not (0 <= number <= MOST_METER and number % 1 == 0):
            raise MusicError(
                f"{row.where}: {cell[:40]!r} is no beat in a bar, 1 (the downbeat) to {MOST_METER}; write {FORMAT}"
            )
        place.append(int(number))
    return np.array(place, np.int64)


def _label_places(rows: Sequence[_Row]) -> NDArray[np.int64]:
    """The labels of a label track that are numbers of beats, 0 for others, and for all where one numbers no beat."""
    labels = []
    for row in rows:
        end_s = _number(row.cells[1]) if len(row.cells) > 1 else math.nan
        if not end_s >= _number(row.cells[0]):
            raise MusicError(
                f"{row.where}: a label of Audacity has a start and an end in seconds, the end not before the start; "
                "export the label track again, or write " + FORMAT
            )
        number = _number(row.cells[2]) if len(row.cells) > 2 else math.nan
        labels.append(number if math.isfinite(number) else 0.0)
    place = np.array(labels)
    return np.where(((place >= 0) & (place <= MOST_METER) & (place % 1 == 0)).all(), place, 0).astype(np.int64)


def _count_on(place: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where only downbeats are marked, (B,) places counted on from them, and back from the first; else as they are.

    Where each beat is marked, nothing is known of bars.
    """
    ones = np.flatnonzero(place == 1)
    if len(ones) < 2 or place.max() > 1:
        return place
    bars = np.diff(ones)
    if bars.max() == 1:
        return np.zeros_like(place)
    if bars.max() > MOST_METER:
        return place
    meter = Counter(bars.tolist()).most_common(1)[0][0]
    beat = np.arange(len(place))
    bar = np.searchsorted(ones, beat, side="right") - 1
    inside = beat - ones[bar.clip(0)] + 1
    outside = (bar < 0) | (bar == len(ones) - 1)
    return np.where(outside, (inside - 1) % meter + 1, inside).astype(np.int64)


def _check_counting(place: NDArray[np.int64], rows: Sequence[_Row]) -> None:
    """Raise MusicError at the first beat that neither counts on from the one before nor begins a bar."""
    before, after = place[:-1], place[1:]
    wrong = (before > 0) & (after > 1) & (after != before + 1)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise MusicError(
            f"{rows[at + 1].where}: beat {after[at]} of the bar follows beat {before[at]}; beats count 1, 2, 3 and on, "
            f"and a bar begins with 1: write {before[at] + 1} or 1, or add the beat that is missing"
        )


def _meter(place: NDArray[np.int64]) -> int:
    """Beats of most whole bars (of two, the smaller one); without a whole one the greatest place, 0 where none is."""
    ones = np.flatnonzero(place == 1)
    known = [end - start for start, end in itertools.pairwise(ones) if (place[start:end] > 0).all()]
    if known:
        return int(max(sorted(set(known)), key=known.count))
    return int(place.max(initial=0))
