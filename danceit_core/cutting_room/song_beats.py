"""The beats of a song as they stand now: those of the file that its row names, or those that were found in it.

Which part of its file a song is can be corrected; the music table is then of another part until the song is analysed
again. A file in the results says so:

    <results>/cutting_room/corrected/{song}   when the music table was written that is out of date by now
"""

from dataclasses import replace
from pathlib import Path

from danceit_core.cutting_room.loaded import project_of
from danceit_core.files import write_text
from danceit_core.music.beat_files import read_beats
from danceit_core.music.hint import Hint
from danceit_core.music.table import Beats, read_music_table
from danceit_core.place import Place


def beats_of_file(place: Place, song: str) -> Beats | None:
    """In seconds of the song's whole file; None where they are not known. Raises MusicError for a faulty file."""
    row = project_of(place).songs.loc[song]
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
    row = project_of(place).songs.loc[song]
    if not row["beats"]:
        return None
    hint = Hint(beats=read_beats(place.workflow / str(row["beats"])))
    return hint.within(float(row["start_s"] or 0), seconds=seconds, song=song).beats


def mark_stale(place: Place, song: str) -> None:
    """Say that the music table of a song is not of what its row says by now."""
    write_text(_mark(place, song), f"{place.music(song).stat().st_mtime_ns if place.music(song).is_file() else 0}\n")


def is_stale(place: Place, song: str) -> bool:
    """Whether the music table of a song is still the one that was there when the song was corrected."""
    try:
        marked = int(_mark(place, song).read_text(encoding="utf-8"))
        return marked == place.music(song).stat().st_mtime_ns
    except (OSError, ValueError):
        return False


def _mark(place: Place, song: str) -> Path:
    return place.results / "cutting_room" / "corrected" / song
