"""Sound in and out: any container, mono float32, on the container's common timeline.

Sample n is the sound at n / sample_rate_hz seconds, where time 0 is the earliest start of the file's picture and sound
(as in `media.video`): a track that starts late begins with silence, gaps in its timestamps are silence too.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from danceit_core.errors import MediaError
from danceit_core.files import whole_file
from danceit_core.media.clock import Clock
from danceit_core.media.container import FILE, check_gap, common_start_s, decode_stream, open_media, sound_stream

Samples = NDArray[np.float32]
# Timestamps jitter by some ms without meaning it (ms ticks, encoder delay); a larger step is a real gap or overlap.
GAP_S = 0.03
SUFFIXES = (".flac", ".wav")
# Samples that one peak of a drawn waveform is taken of.
PEAKS_OF = 80
SAMPLE_BYTES = np.dtype(np.float32).itemsize


@dataclass(frozen=True)
class StoredSound:
    """Mono samples float32 (N,) in about -1..1 in a file, read where they are sliced."""

    file: IO[bytes]
    samples: int
    ndim: int = 1

    def __len__(self) -> int:
        return self.samples

    def __getitem__(self, piece: slice, /) -> Samples:
        """The samples first : end, a step is not known."""
        first, end, _ = piece.indices(self.samples)
        self.file.seek(first * SAMPLE_BYTES)
        return np.frombuffer(self.file.read(max(0, end - first) * SAMPLE_BYTES), np.float32)


@contextlib.contextmanager
def open_sound(path: str | Path, *, sample_rate_hz: int) -> Iterator[StoredSound]:
    """The sound of a video or sound file, mono (mean of the channels), kept in a temporary file meanwhile.

    Raises MediaError if the file cannot be read or has no sound.
    """
    with tempfile.TemporaryFile() as file:
        for block in stream_sound(path, sample_rate_hz=sample_rate_hz):
            file.write(block.mean(axis=0, dtype=np.float32).tobytes())
        yield StoredSound(file, file.tell() // SAMPLE_BYTES)


def duration_s(path: str | Path) -> float:
    """Seconds from the container's time 0 to the end of its sound, by decoding it (headers of MP3 files may lie)."""
    with open_media(path) as container:
        stream = _require_sound(container, path)
        zero_s, end_s = common_start_s(container), 0.0
        for samples, start_s, rate_hz in _timed_blocks(container, stream):
            end_s = start_s - zero_s + samples.shape[1] / rate_hz
    return end_s


def write_sound(path: str | Path, samples: Samples, *, sample_rate_hz: int) -> None:
    """Write (N,) samples in -1..1 (clipped) as 16-bit FLAC or WAV by the suffix of `path`; whole or not at all."""
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise MediaError(f"{path}: sound is written as {' or '.join(SUFFIXES)}; choose one of these suffixes")
    kind = path.suffix[1:].upper()
    with whole_file(path) as partial:
        soundfile.write(partial, np.clip(samples, -1, 1), sample_rate_hz, subtype="PCM_16", format=kind)


def stream_sound(path: str | Path, *, sample_rate_hz: int) -> Iterator[Samples]:
    """Blocks (1 or 2 channels, n) of the sound from the common time 0 on; more than two channels are averaged."""
    with open_media(path) as container:
        stream = _require_sound(container, path)
        layout = "stereo" if stream.codec_context.channels == 2 else "mono"
        resampler: Any = None
        for block, rate_hz in _aligned_blocks(container, stream):
            if resampler is None:
                resampler = av.AudioResampler(format="fltp", layout=layout, rate=sample_rate_hz)
            channels = block if layout == "stereo" and len(block) == 2 else block.mean(axis=0, keepdims=True)
            if layout == "stereo" and len(channels) == 1:
                channels = np.repeat(channels, 2, axis=0)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(channels), format="fltp", layout=layout)
            frame.sample_rate = rate_hz
            for resampled in resampler.resample(frame):
                yield resampled.to_ndarray()
        if resampler is None:
            raise MediaError(f"{path}: no sound of it can be decoded; is it copied whole?")
        for resampled in resampler.resample(None):
            yield resampled.to_ndarray()


def read_peaks(path: str | Path, *, per_s: int) -> Samples:
    """The greatest amplitude, 0 to about 1, of each 1 / per_s of a second (N,): a waveform to be drawn."""
    samples = np.concatenate([block.mean(axis=0) for block in stream_sound(path, sample_rate_hz=PEAKS_OF * per_s)])
    whole = np.pad(np.abs(samples), (0, -len(samples) % PEAKS_OF))
    return whole.reshape(-1, PEAKS_OF).max(axis=1).astype(np.float32)


def _require_sound(container: Any, path: str | Path) -> Any:
    stream = sound_stream(container)
    if stream is None:
        raise MediaError(f"{path} has no sound; name a sound file in column `audio` of videos.tsv, or leave it silent")
    return stream


def _timed_blocks(container: Any, stream: Any) -> Iterator[tuple[Samples, float, int]]:
    """Decoded (channels, n) float32 blocks, each with its start on the container's clock and its rate in Hz."""
    to_float: Any = None
    end_s = 0.0
    last: tuple[Samples, float, int] | None = None
    counted = 0
    for frame in decode_stream(container, stream, clock=Clock(container, stream)):
        if to_float is None:
            to_float = av.AudioResampler(format="fltp", layout=frame.layout, rate=frame.sample_rate)
        start_s = end_s if frame.pts is None else float(frame.pts * frame.time_base)
        frame.pts = None
        try:
            blocks = [converted.to_ndarray() for converted in to_float.resample(frame)]
        except (ValueError, av.FFmpegError) as error:
            name = container.name.removeprefix(FILE)
            raise MediaError(f"{name}: its sound changes format at {start_s:.1f} s; convert it to WAV") from error
        for samples in blocks:
            if last is not None:
                yield last
            last = samples, start_s, frame.sample_rate
            start_s += samples.shape[1] / frame.sample_rate
        end_s = start_s
        counted = round(frame.duration * frame.time_base * frame.sample_rate) if frame.duration else frame.samples
    if last is not None:
        # An encoder fills its last block up with silence; the block's duration says how much of it counts.
        yield last[0][:, :counted], *last[1:]


def _aligned_blocks(container: Any, stream: Any) -> Iterator[tuple[Samples, int]]:
    """Blocks that follow each other without gap from the common time 0 on: silence inserted, overlaps cut."""
    zero_s, position = common_start_s(container), 0
    for index, (samples, start_s, rate_hz) in enumerate(_timed_blocks(container, stream)):
        ahead = round((start_s - zero_s) * rate_hz) - position
        if index == 0 or abs(ahead) > GAP_S * rate_hz:
            check_gap(container, ahead / rate_hz, at_s=position / rate_hz)
            if ahead > 0:
                yield np.zeros((len(samples), ahead), np.float32), rate_hz
            kept = samples[:, max(0, -ahead) :]
            position += max(0, ahead)
        else:
            kept = samples
        if kept.shape[1]:
            yield kept, rate_hz
            position += kept.shape[1]
