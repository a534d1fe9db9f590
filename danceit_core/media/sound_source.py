"""A sound source: a file, one of its sound tracks, and a time range.

All later stages treat an excerpt of a song as the song. Its beats, its dance and every video of the dance are made from
the same `SoundSource`, whose second 0 is exactly the start of the excerpt.
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
    """A sound. path: its file. track: its sound track, from 1; None: see `open_sound`. part: its time range."""

    path: str | Path
    track: int | None = None
    part: SourcePart = WHOLE

    def open(self, *, sample_rate_hz: int) -> AbstractContextManager[StoredSound]:
        """Open its samples, see `open_sound`."""
        return open_sound(self.path, sample_rate_hz=sample_rate_hz, track=self.track, part=self.part)

    def peaks(self, *, per_s: int) -> NDArray[np.float32]:
        """Its waveform for drawing, see `read_peaks`."""
        return read_peaks(self.path, per_s=per_s, track=self.track, part=self.part)

    def __str__(self) -> str:
        """Its file, and its time range unless that is the whole file."""
        if self.part == WHOLE:
            return str(self.path)
        end = "its end" if self.part.end_s is None else f"{self.part.end_s:g} s"
        return f"{self.path} (from {self.part.start_s:g} s to {end})"


def source_of(path: str | Path, cells: Mapping[str, str]) -> SoundSource:
    """A source from a file and the cells `audio_track`, `start_s`, `end_s` of its table row; empty cells mean all."""
    return SoundSource(path, int(cells.get("audio_track") or 0) or None, part_of(cells))


def as_source(sound: str | Path | SoundSource) -> SoundSource:
    """The source itself, or a source of the whole file."""
    return sound if isinstance(sound, SoundSource) else SoundSource(sound)
