"""Check the optional cells of a row of songs.tsv: an excerpt, its beats, a style.

Whether the file is as long as the excerpt, and whether the file of beats is valid, is checked when the song is
analysed (`music.track`).
"""

import difflib
from collections.abc import Collection, Mapping
from pathlib import Path

from danceit_core.errors import ConfigError
from danceit_core.media.part import SHORTEST_S

# Accepted tempi, beats per minute: outside this range nobody dances on every beat.
SLOWEST_BPM, FASTEST_BPM = 30, 300
# Largest number of styles that a message lists.
MOST_NAMED = 12


def check_song(row: Mapping[str, str], *, fragment_s: float, styles: Collection[str], results: str) -> None:
    """Raise ConfigError for invalid cells.

    fragment_s: length of a fragment, the minimum for an excerpt. styles: those of the dances. results: folder that runs
    write to.
    """
    start_s, end_s = float(row.get("start_s") or 0), float(row.get("end_s") or "inf")
    said = f"column start_s is {start_s:g} and column end_s {end_s:g}"
    if end_s <= start_s:
        raise ConfigError(f"{said}; the end must come after the start: correct one of them")
    if end_s - start_s < max(fragment_s, SHORTEST_S):
        raise ConfigError(
            f"{said}, an excerpt of {end_s - start_s:g} s; the minimum is {SHORTEST_S:g} s and one fragment "
            f"(retrieval.fragment_s: {fragment_s:g}): choose a longer excerpt"
        )
    if (cell := row.get("tempo_bpm")) and not SLOWEST_BPM <= float(cell) <= FASTEST_BPM:
        raise ConfigError(
            f"column tempo_bpm is {cell}; a tempo is {SLOWEST_BPM} to {FASTEST_BPM} beats per minute: count the beats "
            "in ten seconds and multiply by six, or empty the cell"
        )
    if (beats := row.get("beats")) and Path(beats).resolve().is_relative_to(Path(results).resolve()):
        raise ConfigError(
            f"column beats is {beats!r}, a file in the results folder, which runs overwrite; copy it to another folder "
            "and name the copy"
        )
    if (style := row.get("style")) and style not in styles:
        raise ConfigError(f"column style is {style!r}, which no dance has; {_known(style, styles)}")


def _known(style: str, styles: Collection[str]) -> str:
    """The available styles, and the one that was probably meant."""
    if not styles:
        return "fill in column style of the videos table, or empty the cell"
    named = sorted(styles)
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    alike = {name.casefold(): name for name in named}
    near = difflib.get_close_matches(style.casefold(), alike, n=1)
    meant = f": did you mean {alike[near[0]]!r}?" if near else ": choose one of them, or empty the cell"
    return f"column style of the videos table has {', '.join(named[:MOST_NAMED])}{more}{meant}"
