"""Which sound is meant: a file, one of its sound tracks, and a part of its time.

An excerpt of a song is the song for all that comes after: its beats, its dance and every video of that are made from
the same `SoundSource`, in whose time second 0 is where the excerpt begins, to the sample.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.media.audio import open_sound, read_peaks
from danceit_core.media.part import WHOLE, SourcePart, part_of
from danceit_core.media.stored import StoredSound


@dataclass(frozen=True)
class SoundSource:
    """path: of a file. track: which of its sound tracks, from 1; None: see `open_sound`. part: of its time."""

    path: str | Path
    track: int | None = None
    part: SourcePart = WHOLE

    def open(self, *, sample_rate_hz: int) -> AbstractContextManager[StoredSound]:
        """Its samples, see `open_sound`."""
        return open_sound(self.path, sample_rate_hz=sample_rate_hz, track=self.track, part=self.part)

    def peaks(self, *, per_s: int) -> NDArray[np.float32]:
        """Its waveform to be drawn, see `read_peaks`."""
        return read_peaks(self.path, per_s=per_s, track=self.track, part=self.part)

    def __str__(self) -> str:
        """Its file, and the part of its time unless that is all."""
        if self.part == WHOLE:
            return str(self.path)
        end = "its end" if self.part.end_s is None else f"{self.part.end_s:g} s"
        return f"{self.path} (from {self.part.start_s:g} s to {end})"


def source_of(path: str | Path, cells: Mapping[str, str]) -> SoundSource:
    """A file, and what the columns `audio_track`, `start_s` and `end_s` of its row in a table say; empty for all."""
    return SoundSource(path, int(cells.get("audio_track") or 0) or None, part_of(cells))


def as_source(sound: str | Path | SoundSource) -> SoundSource:
    """The same source, or all of a file."""
    return sound if isinstance(sound, SoundSource) else SoundSource(sound)
