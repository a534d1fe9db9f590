"""The beats of a song as they stand now: those of the file that its row names, or those that were found in it.

Which part of its file a song is can be corrected; the music table is then of another part until the song is analysed
again. What a table is of is kept before the first correction:

    <results>/cutting_room/corrected/{song}.json
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from danceit_core.cutting_room.loaded import tables_of
from danceit_core.files import write_text
from danceit_core.music.beat_files import read_beats
from danceit_core.music.hint import Hint
from danceit_core.music.table import Beats, read_music_table
from danceit_core.place import Place
from danceit_core.tables import DAMAGE


def beats_of_file(place: Place, song: str) -> Beats | None:
    """In seconds of the song's whole file; None where they are not known. Raises MusicError for a faulty file."""
    row = tables_of(place).songs.loc[song]
    if row["beats"]:
        return read_beats(place.workflow / str(row["beats"]))
    table = place.music(song)
    if not table.is_file() or is_stale(place, song):
        return None
    beats = read_music_table(table).beats
    start_s = float(row["start_s"] or 0)
    return replace(beats, times_s=beats.times_s + start_s) if len(beats.times_s) > 1 else None


def beats_of_excerpt(place: Place, song: str, *, seconds: float) -> Beats | None:
    """The beats that the song's row gives, in seconds of its excerpt of so many; None where it gives none.

    Raises MusicError for a faulty file, and where it has no beats in the excerpt.
    """
    row = tables_of(place).songs.loc[song]
    if not row["beats"]:
        return None
    hint = Hint(beats=read_beats(place.workflow / str(row["beats"])))
    return hint.within(float(row["start_s"] or 0), seconds=seconds, song=song).beats


def remember(place: Place, song: str) -> None:
    """Before a song's row is corrected: keep in mind what its music table is of."""
    table = place.music(song)
    if table.is_file() and _remembered(place, song) is None:
        about = {"written": table.stat().st_mtime_ns, **_cells(place, song)}
        write_text(_file(place, song), json.dumps(about))


def is_stale(place: Place, song: str) -> bool:
    """Whether the music table of a song is of another part of its file than the row says by now, or of given beats."""
    of, now = _remembered(place, song), _cells(place, song)
    if of is None:
        return False
    parts = [[_seconds(cells, column) for column in ("start_s", "end_s")] for cells in (of, now)]
    return parts[0] != parts[1] or (not now["beats"] and of.get("beats") != "")


def _cells(place: Place, song: str) -> dict[str, str]:
    row = tables_of(place).songs.loc[song]
    return {column: str(row[column]) for column in ("start_s", "end_s", "beats")}


def _remembered(place: Place, song: str) -> dict[str, Any] | None:
    """What a song's music table is of, where that was kept in mind of this very table."""
    try:
        about = json.loads(_file(place, song).read_text(encoding="utf-8"))
        return dict(about) if about["written"] == place.music(song).stat().st_mtime_ns else None
    except DAMAGE:
        return None


def _seconds(cells: Mapping[str, Any], column: str) -> float:
    return float(cells.get(column) or 0)


def _file(place: Place, song: str) -> Path:
    return place.results / "cutting_room" / "corrected" / f"{song}.json"
