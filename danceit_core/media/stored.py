"""A decoded sound in a temporary file, written by `media.audio.open_sound`.

Where the sound was cut out of a longer one, the stereo channels for listening are faded: an attack cut in two would
click, and music that stops within a bar sounds like a fault. The mono samples for analysis are not faded.
"""

from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

from danceit_core.media.levels import Correction
from danceit_core.media.part import SourcePart

Samples = NDArray[np.float32]

PAIR_BYTES = 2 * np.dtype(np.float32).itemsize
# Lengths of the fades at a cut start and at a cut end; at most LARGEST_SHARE of a short part.
FADE_IN_S, FADE_OUT_S = 0.02, 1.5
LARGEST_SHARE = 0.25


@dataclass(frozen=True)
class StoredSound:
    """A sound in a file, read in slices: mono samples float32 (N,) in about -1..1, or its two channels.

    mix: the two weights of the mix to mono. louder: the allowed gain of channels that were mixed from more than two.
    track: number of the file's sound track, from 1. notes: corrections and choices, one line each. fades: lengths in
    samples of the fade-in and the fade-out of the two channels.
    """

    file: IO[bytes]
    samples: int
    correction: Correction
    mix: tuple[float, float]
    louder: float
    track: int
    notes: tuple[str, ...]
    fades: tuple[int, int] = (0, 0)
    ndim: int = 1

    def __len__(self) -> int:
        return self.samples

    def __getitem__(self, piece: slice, /) -> Samples:
        """The samples first : end; a step is not supported."""
        pair = self._read(piece)
        return pair[:, 0] * np.float32(self.mix[0]) + pair[:, 1] * np.float32(self.mix[1])

    def stereo(self, piece: slice) -> Samples:
        """The two channels of the samples first : end, (2, n), for listening."""
        first, end, _ = piece.indices(self.samples)
        pair = self._read(piece).T * np.float32(self.louder)
        coming, going = self.fades
        if first < coming:
            pair[:, : coming - first] *= _rise(np.arange(first, min(coming, end)), coming)
        if end > self.samples - going:
            last = np.arange(max(first, self.samples - going), end)
            pair[:, last[0] - first :] *= _rise(self.samples - 1 - last, going)
        return pair

    @property
    def peak(self) -> float:
        """The greatest amplitude of its two channels."""
        return self.correction.peak * self.louder

    def _read(self, piece: slice) -> Samples:
        first, end, _ = piece.indices(self.samples)
        self.file.seek(first * PAIR_BYTES)
        stored = np.frombuffer(self.file.read(max(0, end - first) * PAIR_BYTES), np.float32)
        return self.correction.apply(stored.reshape(-1, 2))  # (n, 2)


def fades_of(part: SourcePart, samples: int, *, sample_rate_hz: int) -> tuple[int, int]:
    """The `fades` of a part of a sound with this many samples: where it was cut, none at the sound's own ends."""
    first = round(part.start_s * sample_rate_hz)
    cut = part.end_s is not None and first + samples >= round(part.end_s * sample_rate_hz)
    longest = int(LARGEST_SHARE * samples)
    coming = round(FADE_IN_S * sample_rate_hz) if part.start_s > 0 else 0
    going = round(FADE_OUT_S * sample_rate_hz) if cut else 0
    return min(coming, longest), min(going, longest)


def _rise(sample: NDArray[np.int64], samples: int) -> Samples:
    """The factor, 0 to 1, for samples along a raised cosine of length `samples`."""
    return (np.sin(np.pi / 2 * (sample + 0.5) / samples) ** 2).astype(np.float32)
