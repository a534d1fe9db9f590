"""Measure and correct the levels of a sound; full scale is 1. Levels far from it are faults of the file.

Floats at the scale of integers (a WAV of values up to 32768) are divided by that scale, a waveform with an offset is
centred, and single samples far beyond full scale are clipped. Samples that merely exceed full scale, as decoders of AAC
and MP3 and float mixes produce them, are unchanged; `limited` reduces them when sound is written.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

# Below this peak (-60 dB of full scale) a recording counts as silent.
SILENCE_PEAK = 1e-3
# 18 dB above full scale: no mix is intended to be that loud.
FAR = 8.0
# Above this share of such samples, they are the sound itself, not clicks in it.
FAR_SHARE = 0.01
INTEGER_BITS = (16, 24, 32)
# Of full scale. Smaller offsets are common and harmless.
MOST_OFFSET = 0.01


@dataclass(frozen=True)
class Correction:
    """A correction of samples: (samples - offset) * gain, clipped at +-most. peak: the greatest amplitude afterwards.

    silent: whether the peak is below -60 dB. notes: messages for the user, each without the file's name.
    """

    offset: NDArray[np.float32]
    gain: float
    most: float
    peak: float
    silent: bool
    notes: tuple[str, ...]

    def apply(self, samples: Samples) -> Samples:
        """The corrected samples, (n, channels)."""
        if not self.notes:
            return samples
        return np.clip((samples - self.offset) * np.float32(self.gain), -self.most, self.most)


@dataclass
class Levels:
    """Gathers the levels of a sound, block by block."""

    _low: Any = np.inf
    _high: Any = -np.inf
    _sum: Any = 0.0
    _samples: int = 0
    _moderate: float = 0.0
    _far: int = 0
    _nonzero: int = field(default=0)

    def add(self, block: Samples) -> None:
        """Examine (channels, n) finite samples, n > 0."""
        self._low, self._high = np.minimum(self._low, block.min(axis=1)), np.maximum(self._high, block.max(axis=1))
        self._sum = self._sum + block.sum(axis=1, dtype=np.float64)
        self._samples += block.shape[1]
        self._nonzero += int(np.count_nonzero(block))
        peak = float(max(block.max(), -block.min()))
        if peak > FAR:
            sizes = np.abs(block)
            self._far += int(np.count_nonzero(sizes > FAR))
            peak = float(sizes[sizes <= FAR].max(initial=0))
        self._moderate = max(self._moderate, peak)

    def correction(self) -> Correction:
        """The correction for the whole sound."""
        if not self._samples:
            return Correction(np.zeros(1, np.float32), 1.0, np.inf, 0.0, silent=True, notes=())
        notes, gain, most = [], 1.0, np.inf
        low, high, offset = self._low, self._high, self._sum / self._samples
        peak = float(max(high.max(), -low.min()))
        if self._far > FAR_SHARE * self._nonzero:
            bits = next((bits for bits in INTEGER_BITS if 2.0 ** (bits - 7) < peak <= 2.0**bits), None)
            gain = 1 / 2.0 ** (bits - 1) if bits else 1 / peak
            scale = f", floats at the scale of {bits}-bit integers" if bits else ""
            notes.append(f"its samples reach {peak:,.0f} times full scale{scale}; they are divided by {1 / gain:,.0f}")
        elif self._far:
            most = max(self._moderate, SILENCE_PEAK)
            low, high = np.maximum(low, -most), np.minimum(high, most)
            offset = np.zeros_like(offset)
            notes.append(f"single samples are far beyond full scale (up to {peak:g}) and are clipped; is it damaged?")
        around = float(np.maximum(high - offset, offset - low).max()) * gain
        if np.abs(offset * gain).max() > MOST_OFFSET:
            notes.append(
                f"its waveform is off centre by {np.abs(offset * gain).max():.2f} of full scale; it is centred"
            )
            peak = around
        else:
            offset, peak = np.zeros_like(offset), float(max(high.max(), -low.min())) * gain
        return Correction(offset.astype(np.float32), gain, most, peak, around < SILENCE_PEAK, tuple(notes))


def made_finite(block: Samples) -> tuple[Samples, int]:
    """A block in which samples that are not numbers are set to 0, and their count."""
    if np.isfinite(block.sum()):
        return block, 0
    fine = np.isfinite(block)
    return np.where(fine, block, np.float32(0)), int(block.size - np.count_nonzero(fine))


def limited(blocks: Iterator[Samples], *, sample_rate_hz: int) -> Iterator[Samples]:
    """Stereo blocks (2, n), turned down for milliseconds where they exceed full scale; the same number of samples."""
    graph = av.filter.Graph()
    shape = {"sample_rate": str(sample_rate_hz), "sample_fmt": "flt", "channel_layout": "stereo"}
    # `latency`: compensate for the limiter's look-ahead. `level`: do not turn up the rest.
    chain = [graph.add("abuffer", time_base=f"1/{sample_rate_hz}", **shape),
             graph.add("alimiter", limit="1", attack="5", release="50", level="0", latency="1"),
             graph.add("aformat", sample_fmts="flt", channel_layouts="stereo", sample_rates=str(sample_rate_hz)),
             graph.add("abuffersink")]  # fmt: skip
    graph.link_nodes(*chain).configure()
    at = 0
    for block in blocks:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block.T).reshape(1, -1), format="flt", layout="stereo")
        frame.sample_rate, frame.pts = sample_rate_hz, at
        at += block.shape[1]
        graph.push(frame)
        yield from _pulled(graph)
    graph.push(None)
    yield from _pulled(graph)


def _pulled(graph: Any) -> Iterator[Samples]:
    while True:
        try:
            yield graph.pull().to_ndarray().reshape(-1, 2).T
        except (av.BlockingIOError, av.EOFError):
            return
