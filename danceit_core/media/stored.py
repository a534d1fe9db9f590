"""A decoded sound in a temporary file: `media.audio.open_sound` puts it there."""

from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

from danceit_core.media.levels import Correction

Samples = NDArray[np.float32]

PAIR_BYTES = 2 * np.dtype(np.float32).itemsize


@dataclass(frozen=True)
class StoredSound:
    """A sound in a file, read where it is sliced: mono samples float32 (N,) in about -1..1, or its two channels.

    mix: the two weights that make it mono. louder: by how much its channels, mixed from more than two, may be louder.
    track: which of the file's sound tracks it is, from 1. notes: what was mended or chosen, one line each.
    """

    file: IO[bytes]
    samples: int
    correction: Correction
    mix: tuple[float, float]
    louder: float
    track: int
    notes: tuple[str, ...]
    ndim: int = 1

    def __len__(self) -> int:
        return self.samples

    def __getitem__(self, piece: slice, /) -> Samples:
        """The samples first : end, a step is not known."""
        pair = self._read(piece)
        return pair[:, 0] * np.float32(self.mix[0]) + pair[:, 1] * np.float32(self.mix[1])

    def stereo(self, piece: slice) -> Samples:
        """The two channels of the samples first : end, (2, n), as they are to be heard."""
        return self._read(piece).T * np.float32(self.louder)

    @property
    def peak(self) -> float:
        """The greatest amplitude of its two channels."""
        return self.correction.peak * self.louder

    def _read(self, piece: slice) -> Samples:
        first, end, _ = piece.indices(self.samples)
        self.file.seek(first * PAIR_BYTES)
        stored = np.frombuffer(self.file.read(max(0, end - first) * PAIR_BYTES), np.float32)
        return self.correction.apply(stored.reshape(-1, 2))  # (n, 2)
