"""Beats and sections of a song as text, in the format of mir_eval and most beat trackers.

A file of beats has one beat per line: `seconds<TAB>beat in bar`, where 1 is the downbeat; the second column may be
missing. A label track exported by Audacity is read, too: `start<TAB>end<TAB>label`. A numeric label is the beat in the
bar, and other labels are ignored; if the only number is 1, the beats in between are counted. A file of sections has
`start<TAB>end<TAB>letter`. Columns may also be separated by commas, semicolons or spaces; empty lines and lines that
begin with # are skipped. Times are seconds from the beginning of the song's file.
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

FORMAT = "one beat per line: seconds, a tab, and the beat in the bar (1 is the downbeat) or nothing"
SECTION_FORMAT = "one section per line: its start in seconds, a tab, its end, a tab, and its letter"
# A day of beats is smaller; a larger file is a sound or a video.
LARGEST_BYTES = 10_000_000
# Audacity begins the line below a label with a frequency range with this character.
PITCH_MARK = "\\"


@dataclass(frozen=True)
class _Row:
    """A line of a file: its location for messages, and its cells."""

    where: str
    cells: list[str]


def write_beats(path: str | Path, beats: Beats) -> None:
    """Write `seconds<TAB>beat in bar` per beat, without the second column if it is unknown; atomic."""
    lines = [
        f"{time_s:.6f}\t{place}" if place else f"{time_s:.6f}"
        for time_s, place in zip(beats.times_s.tolist(), beats.place.tolist(), strict=True)
    ]
    write_text(path, "".join(f"{line}\n" for line in lines))


def read_beats(path: str | Path) -> Beats:
    """Read the beats of a file of beats or of an Audacity label track; tempo_bpm is 60 / median interval, meter that of
    most bars (their greatest place).

    Raises MusicError for a file that is missing or not text, for fewer than two beats, for times that are not
    increasing seconds from 0, and for places in the bar that do not count 1, 2, 3 up to at most MOST_METER.
    """
    rows = _read_rows(path, remedy=FORMAT)
    times_s = np.array([_seconds(row.cells[0], where=row.where, remedy=FORMAT) for row in rows])
    for row, before_s, time_s in zip(rows[1:], times_s, times_s[1:], strict=False):
        if time_s <= before_s:
            raise MusicError(
                f"{row.where}: {time_s:.9g} s comes after {before_s:.9g} s, but beats must be in order of time: sort "
                "the lines and delete duplicates"
            )
    if len(rows) < 2:
        raise MusicError(f"{path} has {len(rows) or 'no'} beat{'s' * (not rows)}; at least 2 are needed: {FORMAT}")
    place = _count_on(_label_places(rows) if _is_label_track(rows) else _places(rows))
    _check_counting(place, rows)
    return Beats(times_s, 60.0 / float(np.median(np.diff(times_s))), place=place, meter=_meter(place))


def write_sections(path: str | Path, sections: Sequence[Section]) -> None:
    """Write `start<TAB>end<TAB>letter` per section; atomic."""
    write_text(path, "".join(f"{part.start_s:.6f}\t{part.end_s:.6f}\t{part.letter}\n" for part in sections))


def read_sections(path: str | Path) -> tuple[Section, ...]:
    """The sections of a file; none for an empty file. Raises MusicError if they do not follow each other from 0."""
    sections: list[Section] = []
    for row in _read_rows(path, remedy=SECTION_FORMAT):
        if len(row.cells) < 3:
            raise MusicError(f"{row.where}: {len(row.cells)} columns instead of 3; write {SECTION_FORMAT}")
        start_s, end_s = (_seconds(cell, where=row.where, remedy=SECTION_FORMAT) for cell in row.cells[:2])
        before_s = sections[-1].end_s if sections else 0.0
        if start_s != before_s or end_s <= start_s:
            raise MusicError(
                f"{row.where}: a section from {start_s:g} to {end_s:g} s does not follow {before_s:g} s; sections "
                "begin at 0, each where the previous one ends: correct its times"
            )
        sections.append(Section(start_s, end_s, " ".join(row.cells[2:])))
    return tuple(sections)


def _read_rows(path: str | Path, *, remedy: str) -> list[_Row]:
    """The lines with content. Raises MusicError for a file that is missing or not text."""
    try:
        if (size := Path(path).stat().st_size) > LARGEST_BYTES:
            raise MusicError(f"{path} has {size / 1e6:.0f} MB, too much for such a text; write {remedy}")
        data = Path(path).read_bytes()
        wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except OSError as error:
        raise MusicError(f"{path} cannot be read ({error.strerror}); correct its path or its permissions") from None
    except UnicodeDecodeError:
        raise MusicError(f"{path} is not UTF-8 text; write {remedy}") from None
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
    """A time in seconds. Raises MusicError unless it is a number of at least 0."""
    time_s = _number(cell)
    if not math.isfinite(time_s):
        raise MusicError(f"{where}: {cell[:40]!r} is not a number of seconds; write {remedy} (# begins a comment)")
    if time_s < 0:
        raise MusicError(f"{where}: {time_s:g} s is before the beginning of the song; delete or correct the line")
    return time_s


def _is_label_track(rows: Sequence[_Row]) -> bool:
    """Whether any line has a third column, or a second one that is a time, not a place in a bar."""
    return any(len(row.cells) > 2 or (len(row.cells) == 2 and _number(row.cells[1]) % 1 > 0) for row in rows)


def _places(rows: Sequence[_Row]) -> NDArray[np.int64]:
    """The second column of a file of beats, 0 where it is missing."""
    place = []
    for row in rows:
        cell = row.cells[1] if len(row.cells) > 1 else "0"
        number = _number(cell)
        if not (0 <= number <= MOST_METER and number % 1 == 0):
            raise MusicError(
                f"{row.where}: {cell[:40]!r} is not a beat in a bar, 1 (the downbeat) to {MOST_METER}; write {FORMAT}"
            )
        place.append(int(number))
    return np.array(place, np.int64)


def _label_places(rows: Sequence[_Row]) -> NDArray[np.int64]:
    """The labels of a label track that are beat numbers, 0 for others; all 0 if any number is not that of a beat."""
    labels = []
    for row in rows:
        end_s = _number(row.cells[1]) if len(row.cells) > 1 else math.nan
        if not end_s >= _number(row.cells[0]):
            raise MusicError(
                f"{row.where}: an Audacity label needs a start and an end in seconds, the end not before the start; "
                "export the label track again, or write " + FORMAT
            )
        number = _number(row.cells[2]) if len(row.cells) > 2 else math.nan
        labels.append(number if math.isfinite(number) else 0.0)
    place = np.array(labels)
    return np.where(((place >= 0) & (place <= MOST_METER) & (place % 1 == 0)).all(), place, 0).astype(np.int64)


def _count_on(place: NDArray[np.int64]) -> NDArray[np.int64]:
    """If only downbeats are marked, the places (B,) counted on from them, and back from the first; else unchanged.

    If each beat is marked 1, the bars are unknown.
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
    """Raise MusicError at the first beat that neither continues the count nor begins a bar."""
    before, after = place[:-1], place[1:]
    wrong = (before > 0) & (after > 1) & (after != before + 1)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise MusicError(
            f"{rows[at + 1].where}: beat {after[at]} of the bar follows beat {before[at]}, but beats count 1, 2, 3 ... "
            f"and a bar begins with 1: write {before[at] + 1} or 1, or add the missing beat"
        )


def _meter(place: NDArray[np.int64]) -> int:
    """Beats of most complete bars (the smaller number of a tie); without complete bars the greatest place, else 0."""
    ones = np.flatnonzero(place == 1)
    known = [end - start for start, end in itertools.pairwise(ones) if (place[start:end] > 0).all()]
    if known:
        return int(max(sorted(set(known)), key=known.count))
    return int(place.max(initial=0))
