"""The user's information about a song's beats (columns of songs.tsv), which the tracker follows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from danceit_core.errors import MusicError
from danceit_core.music.beat_files import read_beats
from danceit_core.music.table import Beats

# Nobody steps faster: denser times are onsets, or are not in seconds.
SHORTEST_BEAT_S = 0.15


@dataclass(frozen=True)
class Hint:
    """tempo_bpm: approximate tempo, beats per minute, which determines the octave, 0: unknown. meter: beats per bar, 0:
    unknown. beats: used unchanged, None: to be detected.
    """

    tempo_bpm: float = 0.0
    meter: int = 0
    beats: Beats | None = None

    def within(self, start_s: float, *, seconds: float, song: object) -> "Hint":
        """The hint for an excerpt of the song: only its beats, in seconds from its start.

        song: its name in messages. Raises MusicError if fewer than two beats remain, or they are too dense.
        """
        if self.beats is None:
            return self
        times_s = self.beats.times_s - start_s
        inside = (times_s >= 0) & (times_s < seconds)
        if np.count_nonzero(inside) < 2:
            raise MusicError(
                f"{song}: of the {len(times_s)} beats that column `beats` of songs.tsv gives, from "
                f"{self.beats.times_s[0]:g} to {self.beats.times_s[-1]:g} s, {np.count_nonzero(inside)} are in it, but "
                f"at least 2 are needed; give seconds of the whole file, {start_s:g} to {start_s + seconds:.2f} of "
                "which are danced to"
            )
        kept = times_s[inside]
        beat_s = float(np.median(np.diff(kept)))
        if beat_s < SHORTEST_BEAT_S:
            raise MusicError(
                f"{song}: of the beats that column `beats` of songs.tsv gives, half are {beat_s:.3g} s apart or less; "
                f"beats must be at least {SHORTEST_BEAT_S:g} s apart: give one line per beat, in seconds"
            )
        given = replace(self.beats, times_s=kept, place=self.beats.place[inside], tempo_bpm=60.0 / beat_s)
        return replace(self, beats=given)


NO_HINT = Hint()


def hint_of(cells: Mapping[str, str], *, beats: str | Path | None) -> Hint:
    """The hint in the cells `tempo_bpm` and `meter`, which may be empty, and in a file of beats, see `read_beats`."""
    return Hint(float(cells.get("tempo_bpm") or 0), int(cells.get("meter") or 0), read_beats(beats) if beats else None)
