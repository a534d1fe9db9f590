"""Reading and writing sound of any container on its common timeline: mono for analysis, stereo for listening.

Sample n is the sound at n / sample_rate_hz seconds, where time 0 is the earliest start of the file's picture and sound
(as in `media.video`): a track that starts late begins with silence, and gaps in its timestamps are silence, too.
"""

import contextlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from danceit_core.errors import MediaError, NoSoundError
from danceit_core.files import whole_file
from danceit_core.isolated import in_child
from danceit_core.media.channels import MIXES, NOTES, Converter, Mono, joined, samples_of
from danceit_core.media.clock import Clock
from danceit_core.media.container import (
    check_gap,
    common_start_s,
    decode_stream,
    name_of,
    one_line_errors,
    open_media,
    sound_streams,
)
from danceit_core.media.levels import Levels, made_finite
from danceit_core.media.part import WHOLE, SourcePart
from danceit_core.media.stored import PAIR_BYTES, StoredSound, fades_of

log = logging.getLogger(__name__)

Samples = NDArray[np.float32]
# Timestamps jitter by a few ms without meaning (ms ticks, encoder delay); a larger step is a real gap or overlap.
GAP_S = 0.03
SUFFIXES = (".flac", ".wav")
# Number of samples behind one peak of a drawn waveform.
PEAKS_OF = 80
# No recorder uses a lower rate. A resampler from 1 Hz would allocate gigabytes.
LOWEST_RATE_HZ = 4000
# The amount of a stored sound that is held in memory at once.
PIECE = 1 << 20
# Formats whose times FFmpeg derives by counting samples at the initial rate, even after the rate has changed.
UNTIMED = {"aac", "ac3", "dts", "eac3", "loas", "mp3", "ogg", "truehd"}
# Samples that are resampled, and measured for levels, at once (up to about a second), as decoded blocks are small.
LEAST_BLOCK, LEAST_PIECE = 1 << 14, 1 << 15


@contextlib.contextmanager
def open_sound(
    path: str | Path, *, sample_rate_hz: int, track: int | None = None, part: SourcePart = WHOLE
) -> Iterator[StoredSound]:
    """The sound of a video or sound file, decoded by a child process into a temporary file.

    track: number of the sound track, from 1; None for the default track or, if that is silent, the first that is not.
    part: the time range to use, as far as the sound lasts; sample 0 is at part.start_s. The stereo sound fades where it
    was cut.
    Raises MediaError if the file cannot be read, crashes its decoder, or has no such track, NoSoundError if it has
    no sound.
    """
    with tempfile.TemporaryFile() as file:
        how: dict[str, Any] = {"sample_rate_hz": sample_rate_hz, "part": part}
        facts = in_child(lambda: _store(path, file, track=track, **how), reading=path)
        yield StoredSound(file, **facts)


def duration_s(path: str | Path) -> float:
    """Seconds from the container's time 0 to the end of its sound, by decoding it (MP3 headers may be wrong)."""
    with open_media(path) as container:
        stream = _require_sound(container, path, None)
        zero_s, end_s = common_start_s(container), 0.0
        for samples, start_s, rate_hz in _timed_blocks(container, stream, Converter()):
            end_s = start_s - zero_s + samples.shape[1] / rate_hz
    return end_s


def write_sound(path: str | Path, samples: Samples, *, sample_rate_hz: int) -> None:
    """Write (N,) floats in -1..1 atomically as 16-bit FLAC or WAV, by the suffix of `path`.

    Samples far from full scale are corrected as those of a file are, with a warning; the rest above it is clipped.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise MediaError(f"{path}: sound is written as {' or '.join(SUFFIXES)}; use one of these suffixes")
    if not np.issubdtype(samples.dtype, np.floating):
        raise MediaError(f"{path}: the samples to be written are {samples.dtype}; give floats in -1..1")
    samples, bad = made_finite(samples)
    levels = Levels()
    if samples.size:
        levels.add(samples[None])
    correction = levels.correction()
    for note in (*_bad_samples(bad), *correction.notes):
        log.warning("%s: %s", path, note)
    kind = path.suffix[1:].upper()
    with whole_file(path) as partial:
        written = np.clip(correction.apply(samples[:, None]), -1, 1)
        soundfile.write(partial, written, sample_rate_hz, subtype="PCM_16", format=kind)


def stream_sound(
    path: str | Path, *, sample_rate_hz: int, track: int | None = None, converter: Converter | None = None
) -> Iterator[Samples]:
    """Blocks (1 or 2 channels, n) of the sound from the common time 0 on, with the levels of the file, uncorrected.

    converter: converts the decoded sound; pass one to find out afterwards what it did.
    """
    converter = converter or Converter()
    to_rate = Converter(sample_rate_hz)
    guarded = one_line_errors(path, "its sound cannot be decoded", remedy="convert it to WAV")
    with open_media(path) as container, guarded:
        stream = _require_sound(container, path, track)
        for block in joined((block for block, _ in _aligned_blocks(container, stream, converter)), least=LEAST_BLOCK):
            packed, bad = made_finite(np.ascontiguousarray(block.T).reshape(1, -1))
            converter.bad_samples += bad
            layout = "mono" if len(block) == 1 else "stereo"
            frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
            frame.sample_rate = converter.rate_hz
            yield from to_rate.convert(frame)
        if converter.rate_hz is None:
            raise MediaError(f"{path}: its sound cannot be decoded; check that the file was copied completely")
        yield from to_rate.convert(None)


def read_peaks(path: str | Path, *, per_s: int, track: int | None = None, part: SourcePart = WHOLE) -> Samples:
    """The greatest amplitude, 0 to about 1, in each interval of 1 / per_s seconds (N,), for drawing a waveform."""
    with open_sound(path, sample_rate_hz=PEAKS_OF * per_s, track=track, part=part) as sound:
        starts = range(0, len(sound), PEAKS_OF * (PIECE // PEAKS_OF))
        pieces = [np.abs(sound[start : start + starts.step]) for start in starts]
    whole = [np.pad(piece, (0, -len(piece) % PEAKS_OF)).reshape(-1, PEAKS_OF).max(axis=1) for piece in pieces]
    return np.concatenate([np.zeros(0, np.float32), *whole])


def _store(path: str | Path, file: IO[bytes], *, track: int | None, **how: Any) -> dict[str, Any]:
    """Write a sound's channels into `file`, float32 (N, 2); returns the other fields of a `StoredSound`."""
    with open_media(path) as container:
        numbers = [container.streams.audio.index(stream) + 1 for stream in sound_streams(container)]
    tracks = [track] if track is not None or not numbers else numbers
    facts: dict[str, Any] = {}
    faults: list[MediaError] = []
    for number in tracks:
        try:
            facts = _store_track(path, file, track=number, **how)
        except MediaError as error:
            faults.append(error)
        else:
            if not facts["correction"].silent:
                break
    if not facts:
        raise faults[0]
    if facts["correction"].silent and len(tracks) > 1 and not faults:  # all tracks are silent: use the default
        facts = _store_track(path, file, track=tracks[0], **how)
    if facts["track"] != tracks[0]:
        fault = f"cannot be decoded ({faults[0]})" if faults else "is silent"
        said = f"its sound track {tracks[0]} {fault}, track {facts['track']} is used; choose with column `audio_track`"
        facts["notes"] = (said, *facts["notes"])
    file.flush()
    return facts


def _store_track(
    path: str | Path, file: IO[bytes], *, sample_rate_hz: int, track: int | None, part: SourcePart
) -> dict[str, Any]:
    file.seek(0)
    file.truncate()
    converter, levels, mono = Converter(), Levels(), Mono()
    blocks = stream_sound(path, sample_rate_hz=sample_rate_hz, track=track, converter=converter)
    if part != WHOLE:
        blocks = samples_of(blocks, part, sample_rate_hz=sample_rate_hz)
    pairs = (block if len(block) == 2 else np.repeat(block, 2, axis=0) for block in blocks)
    for piece in joined(pairs, least=LEAST_PIECE):
        pair = np.ascontiguousarray(piece)
        levels.add(pair)
        mono.add(pair)
        file.write(np.ascontiguousarray(piece.T).tobytes())
    correction, mix = levels.correction(), mono.choose()
    notes = [*_bad_samples(converter.bad_samples), *correction.notes, *([NOTES[mix]] if mix in NOTES else [])]
    if converter.channels > 2:
        notes.append(f"its {converter.channels} channels are mixed to two")
    # The mix cannot exceed full scale, so most sound of many channels ends up far below it.
    louder = min(converter.loss, max(1.0, 1 / correction.peak)) if correction.peak > 0 else 1.0
    samples = file.tell() // PAIR_BYTES
    return {
        "samples": samples,
        "fades": fades_of(part, samples, sample_rate_hz=sample_rate_hz),
        "correction": correction,
        "mix": MIXES[mix],
        "louder": louder,
        "track": track,
        "notes": tuple(notes),
    }


def _bad_samples(count: int) -> list[str]:
    return [f"{count} of its samples are not numbers and become silence; the file may be damaged"] if count else []


def _require_sound(container: Any, path: str | Path, track: int | None) -> Any:
    """The sound stream to decode. track: its number from 1, None for the default."""
    streams = container.streams.audio
    if not streams:
        raise NoSoundError(
            f"{path} has no sound; name a sound file in column `audio` of videos.tsv, or leave the dance silent"
        )
    if track is not None and track > len(streams):
        number = f"{len(streams)} sound track{'s' if len(streams) > 1 else ''}"
        raise MediaError(f"{path} has {number}, not {track}; correct column `audio_track`")
    stream = next(iter(sound_streams(container)), None) if track is None else streams[track - 1]
    if stream is None or stream.codec_context is None:
        raise MediaError(f"{path}: its sound has a format that FFmpeg cannot decode; convert it to WAV")
    return stream


def _timed_blocks(container: Any, stream: Any, converter: Converter) -> Iterator[tuple[Samples, float, int]]:
    """Decoded (1 or 2, n) float32 blocks, each with its start on the container's clock and its rate in Hz."""
    end_s = 0.0
    last: tuple[Samples, float, int] | None = None
    counted: tuple[Any, ...] = ()
    for frame in decode_stream(container, stream, clock=Clock(container, stream)):
        if frame.sample_rate < LOWEST_RATE_HZ:
            raise MediaError(
                f"{name_of(container)}: its sound has {frame.sample_rate} samples per second, but at least "
                f"{LOWEST_RATE_HZ} are needed; check whether the file is damaged"
            )
        pts, frame.pts = frame.pts, None
        blocks = list(converter.convert(frame))
        if converter.changes and container.format.name == "flac":
            # FFmpeg returns parts of such files twice.
            raise MediaError(
                f"{name_of(container)}: its sound changes format at {end_s:.1f} s; convert its parts to one format"
            )
        untimed = pts is None or (converter.changes and container.format.name in UNTIMED)
        start_s = end_s if untimed else float(pts * frame.time_base)
        end_s = start_s + frame.samples / frame.sample_rate
        counted = frame.duration, frame.time_base, frame.samples, frame.sample_rate
        for samples in blocks:
            rate_hz = converter.rate_hz or frame.sample_rate
            if last is not None:
                yield last
            last = samples, start_s, rate_hz
            start_s += samples.shape[1] / rate_hz
    if last is not None:
        # An encoder pads its last block with silence; the block's duration says how much of it is real.
        duration, time_base, samples, rate_hz = counted
        counts_s = float(duration * time_base) if duration else samples / rate_hz
        yield last[0][:, : round(counts_s * last[2])], *last[1:]


def _aligned_blocks(container: Any, stream: Any, converter: Converter) -> Iterator[tuple[Samples, int]]:
    """Contiguous blocks from the common time 0 on: gaps are filled with silence, overlaps are cut."""
    zero_s, position = common_start_s(container), 0
    for index, (samples, start_s, rate_hz) in enumerate(_timed_blocks(container, stream, converter)):
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
