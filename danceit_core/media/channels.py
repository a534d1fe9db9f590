"""Convert decoded sound of any format to float32 blocks of one rate and at most two channels, and from two to one.

Sound of more channels is mixed to left and right without dropping any: side channels go to their side, middle channels
to both. Channels of unknown position are treated as pairs, left and right in turn, as recorders and sound programs
store them. The format may change midway, as in a broadcast or an MP3 joined from two.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from danceit_core.media.part import SourcePart

Samples = NDArray[np.float32]

# FFmpeg's names of channels that have a side: front, back, side, top front, wide, surround direct, bottom front, ...
SIDE = re.compile(r"(?:[FBSDW]|T[FBS]|SD|BF|SS|TT)?([LR])C?|B([LR])|WL|WR")
# -3 dB: sound from both sides, or from behind, must not be louder than sound from one side (ITU-R BS.775).
LESS = np.float32(np.sqrt(0.5))
# A mix that keeps less than this share of the channels' energy has lost the sound in that second.
LEAST_KEPT = 0.25
# The share of a sound's energy that the mean of its channels may lose.
MOST_LOST = 0.1
MIXES = {"mean": (0.5, 0.5), "difference": (0.5, -0.5), "left": (1.0, 0.0), "right": (0.0, 1.0)}
SAID = "its channels cancel each other out (one is probably inverted): "
NOTES = {
    "difference": f"{SAID}the analysis inverts the right one; the finished video keeps both unchanged",
    "left": f"{SAID}the analysis uses the left one alone; the finished video keeps both",
    "right": f"{SAID}the analysis uses the right one alone; the finished video keeps both",
}


class Converter:
    """Converts frames of any format and layout, both of which may change, to blocks (1 or 2, n) of one rate.

    rate_hz: None for the rate of the first frame. PyAV counts the planes of planar sound by looking for a null pointer
    behind them. FFmpeg does not put one there for eight channels or more, so PyAV reads past them and crashes.
    Therefore all sound is converted to the packed format, which has one plane.

    changes: whether the format has changed so far. channels: the maximum number in a frame. loss: the largest factor by
    which the mix reduced a channel. bad_samples: a counter for the caller.
    """

    def __init__(self, rate_hz: int | None = None) -> None:
        self.rate_hz = rate_hz
        self.changes = False
        self.channels = 0
        self.loss = 1.0
        self.bad_samples = 0
        self._format: tuple[str, str, int] | None = None
        self._resampler: Any = None
        self._mix: NDArray[np.float32] | None = None

    def convert(self, frame: Any | None) -> Iterator[Samples]:
        """The blocks of the next frame; with None, the remaining blocks."""
        form = None if frame is None else (frame.format.name, frame.layout.name, frame.sample_rate)
        if form != self._format:
            if self._resampler is not None:
                yield from self._blocks(None)
                self.changes = frame is not None
            self._resampler, self._format = None, form
        if frame is None:
            return
        if self._resampler is None:
            self.rate_hz = self.rate_hz or frame.sample_rate
            self._resampler = av.AudioResampler(format="flt", layout=frame.layout, rate=self.rate_hz)
            self.channels = max(self.channels, frame.layout.nb_channels)
            self._mix = mix_to_pair([channel.name for channel in frame.layout.channels])
            if self._mix is not None:
                self.loss = max(self.loss, 1 / float(self._mix.max()))
        yield from self._blocks(frame)

    def _blocks(self, frame: Any | None) -> Iterator[Samples]:
        for converted in self._resampler.resample(frame):
            channels = converted.layout.nb_channels
            packed = np.frombuffer(converted.planes[0], np.float32, converted.samples * channels)
            frames = packed.reshape(-1, channels)
            yield (frames if self._mix is None else frames @ self._mix).T


def joined(blocks: Iterator[Samples], *, least: int) -> Iterator[Samples]:
    """The same sound in blocks (channels, n) of at least `least` samples, or until the number of channels changes."""
    gathered: list[Samples] = []
    samples = 0
    for block in blocks:
        if gathered and (samples >= least or len(block) != len(gathered[0])):
            yield np.concatenate(gathered, axis=1)
            gathered, samples = [], 0
        gathered.append(block)
        samples += block.shape[1]
    if gathered:
        yield np.concatenate(gathered, axis=1)


def samples_of(blocks: Iterator[Samples], part: SourcePart, *, sample_rate_hz: int) -> Iterator[Samples]:
    """The samples of a time range, as blocks (channels, n); nothing after it is decoded."""
    first = round(part.start_s * sample_rate_hz)
    end = None if part.end_s is None else round(part.end_s * sample_rate_hz)
    position = 0
    for block in blocks:
        kept = block[:, max(0, first - position) : None if end is None else max(0, end - position)]
        position += block.shape[1]
        if kept.shape[1]:
            yield kept
        if end is not None and position >= end:
            return


def mix_to_pair(names: Sequence[str]) -> NDArray[np.float32] | None:
    """The weights (channels, 2) that mix channels of these names to left and right; None for one or two channels."""
    if len(names) <= 2:
        return None
    sides = [match[1] if (match := SIDE.fullmatch(name)) else "" for name in names]
    if not {"L", "R"} <= set(sides):
        sides = ["LR"[index % 2] for index in range(len(names))]
    near = np.array([1 if name in ("FL", "FR") or not set(names) & {"FL", "FR"} else LESS for name in names])
    weights = np.stack([near * [side in ("", ear) for side in sides] for ear in "LR"], axis=1)
    return (weights / weights.sum(axis=0)).astype(np.float32)


class Mono:
    """Finds the mix of two channels to one that loses no sound in any second of the file."""

    def __init__(self) -> None:
        self._lost = dict.fromkeys(MIXES, 0.0)
        self._energy = 0.0

    def add(self, pair: Samples) -> None:
        """Examine about a second of (2, n) samples."""
        left, right = (pair - pair.mean(axis=1, keepdims=True)).astype(np.float64)
        powers, cross = (float(left @ left), float(right @ right)), float(left @ right)
        energy = sum(powers) / 2
        self._energy += energy
        for name, (a, b) in MIXES.items():
            if a * a * powers[0] + b * b * powers[1] + 2 * a * b * cross < LEAST_KEPT * energy:
                self._lost[name] += energy

    def choose(self) -> str:
        """One of MIXES: the mean of the channels wherever that works."""
        if self._lost["mean"] <= MOST_LOST * self._energy:
            return "mean"
        return min(self._lost, key=self._lost.__getitem__)
