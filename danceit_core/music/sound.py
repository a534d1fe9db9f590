"""Sound for analysis: mono samples of any length, processed piece by piece.

A sound may be an array of samples or a file that is read in slices (`media.audio.open_sound`): two hours would take
635 MB. So nothing here or in `features`, `beats` and `table` takes more than one piece at a time.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import MusicError
from danceit_core.media.levels import SILENCE_PEAK
from danceit_core.music.columns import CHUNK

PIECE = 1 << 20
# Above this, a float32 spectrum is not finite; 32-bit integers misread as floats in -1..1 are below.
LOUDEST = 1e12


class Sound(Protocol):
    """(N,) mono samples, float32 in about -1..1."""

    @property
    def ndim(self) -> int:
        """1: only one channel can be analysed."""

    def __len__(self) -> int: ...

    def __getitem__(self, piece: slice, /) -> NDArray[np.float32]: ...


def frame_count(samples: Sound, *, sample_rate_hz: int, fps: float) -> int:
    """The least number of frames at `fps` that covers the whole sound."""
    return int(np.ceil(len(samples) * fps / sample_rate_hz - 1e-9))


def is_silent(samples: Sound) -> bool:
    """Whether the sound never exceeds -60 dB of full scale (an empty sound is silent)."""
    return all(float(np.abs(piece).max()) < SILENCE_PEAK for piece in pieces(samples))


def check_sound(samples: Sound, *, sample_rate_hz: int) -> None:
    """Raise MusicError unless samples are (N,) numbers with a finite spectrum, at 4 kHz or more."""
    if samples.ndim != 1:
        shape = getattr(samples, "shape", samples.ndim)
        raise MusicError(f"sound has shape {shape}; one channel, (samples,), is expected: mix it to mono first")
    if sample_rate_hz < 4000:
        raise MusicError(f"sample rate is {sample_rate_hz} Hz; music needs 4000 or more (22050 is usual)")
    if not all((np.abs(piece) < LOUDEST).all() for piece in pieces(samples)):  # false for NaN, too
        raise MusicError(
            f"sound holds NaN or samples of at least {LOUDEST:g} times full scale; decode it again, as the file may be "
            "damaged"
        )


def pieces(samples: Sound) -> Iterator[NDArray[np.float32]]:
    """The samples in pieces of PIECE, the last one shorter."""
    for first in range(0, len(samples), PIECE):
        yield samples[first : first + PIECE]


def cut_windows(
    samples: Sound,
    sample_rate_hz: int,
    rate_hz: float,
    frames: int,
    window: int,
    *,
    shift_s: float,
    emphasis: float = 0.0,
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Chunks of windows: (rows, (n, window) samples); window k starts at round((k / rate_hz + shift_s) * rate).

    emphasis: this share of the previous sample is subtracted from each (python_speech_features' preemphasis).
    """
    before = max(0, round(-shift_s * sample_rate_hz) + 1)
    for first in range(0, frames, CHUNK):
        last = min(first + CHUNK, frames)
        starts = np.floor((np.arange(first, last) / rate_hz + shift_s) * sample_rate_hz + 0.5).astype(np.int64) + before
        low, high = starts[0] - before, starts[-1] - before + window
        before_it = int(emphasis > 0 and low > 0)
        piece = samples[max(low, 0) - before_it : max(high, 0)]
        if emphasis > 0 and len(piece):
            piece = np.append(piece[:1], piece[1:] - emphasis * piece[:-1])[before_it:]
        padded = np.zeros(high - low, piece.dtype)
        offset = max(-low, 0)
        padded[offset : offset + len(piece)] = piece
        views = np.lib.stride_tricks.sliding_window_view(padded, window)
        yield slice(first, last), views[starts - starts[0]]
