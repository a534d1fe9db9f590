"""What a user says about a song's beats (columns of songs.tsv), for the tracker to go by."""

from dataclasses import dataclass

from danceit_core.music.table import Beats


@dataclass(frozen=True)
class Hint:
    """tempo_bpm: about the tempo, beats a minute, which settles the octave, 0: nothing said. meter: beats a bar, 0:
    nothing said. beats: taken as they are, None: to be found.
    """

    tempo_bpm: float = 0.0
    meter: int = 0
    beats: Beats | None = None


NO_HINT = Hint()
