"""Small video files of awkward kinds, written with PyAV directly: any timestamps, late streams, display matrices."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from danceit_core.media.audio import open_sound

TICK = Fraction(1, 90000)
LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


def flashes(times_s: Sequence[float], *, flash_s: Sequence[float], side: int = 32) -> list[NDArray[np.uint8]]:
    """A grey picture for each time, a white one where a time is among `flash_s`."""
    lit = {round(time, 6) for time in flash_s}
    return [np.full((side, side, 3), 255 if round(time, 6) in lit else 60, np.uint8) for time in times_s]


def clicks(at_s: Sequence[float], *, length_s: float, sample_rate_hz: int) -> NDArray[np.float32]:
    """Silence with a click of one millisecond at each time."""
    samples = np.zeros(round(length_s * sample_rate_hz), np.float32)
    for time in at_s:
        start = round(time * sample_rate_hz)
        samples[start : start + sample_rate_hz // 1000] = 0.8
    return samples


def write_file(
    path: Path,
    *,
    pictures: Sequence[NDArray[np.uint8]] = (),
    times_s: Sequence[float] = (),
    sound: NDArray[np.float32] | None = None,
    sound_start_s: float = 0.0,
    sample_rate_hz: int = 48000,
    gaps_s: Sequence[tuple[float, float]] = (),
    sound_codec: str | None = None,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    rate: int = 30,
    options: dict[str, str] | None = None,
    aspect: Fraction | None = None,
    rotation: tuple[float, bool] | None = None,
    metadata: dict[str, str] | None = None,
    live: bool = False,
) -> Path:
    """Write pictures shown at `times_s` (any spacing) and PCM `sound` ((N,) or (channels, N)) from `sound_start_s` on.

    gaps_s: (at, length): from `at` seconds of the sound on, timestamps are `length` later. sound_codec: None for FLAC
    in .mkv and AAC elsewhere. rate: pictures a second, which AVI's times are multiples of. rotation: degrees
    counter-clockwise and whether the picture is mirrored, as a display matrix. live: a stream without duration.
    """
    tick = Fraction(1, rate) if path.suffix in (".avi", ".mpg", ".vob") else TICK
    with av.open(str(path), "w", options={"live": "1"} if live else {}) as container:
        container.metadata.update(metadata or {})
        video = None
        if len(pictures):
            video = container.add_stream(codec, rate=rate, options=options or {"crf": "10", "bf": "0"})
            video.height, video.width = pictures[0].shape[:2]
            video.pix_fmt = pixels
            video.time_base = tick
            video.codec_context.time_base = tick
            if aspect is not None:
                video.codec_context.sample_aspect_ratio = aspect
            if rotation is not None:
                video.set_display_rotation(rotation[0], hflip=rotation[1])
        audio = None
        if sound is not None:
            sound = np.atleast_2d(sound)
            layout = LAYOUTS[len(sound)]
            sound_codec = sound_codec or ("flac" if path.suffix == ".mkv" else "aac")
            # FFmpeg's own Vorbis encoder counts as experimental.
            audio = container.add_stream(
                sound_codec, rate=sample_rate_hz, layout=layout, options={"strict": "experimental"}
            )
        if video is not None:
            for picture, time in zip(pictures, times_s, strict=True):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = round(time / tick), tick
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
        if audio is not None and sound is not None:
            step = 1024
            for start in range(0, sound.shape[1], step):
                # Packed: of planar sound PyAV crashes from eight channels on.
                block = np.ascontiguousarray(sound[:, start : start + step].T).reshape(1, -1)
                shift_s = sound_start_s + sum(length for at, length in gaps_s if start / sample_rate_hz >= at)
                source = av.AudioFrame.from_ndarray(block, format="flt", layout=layout)
                source.sample_rate, source.time_base = sample_rate_hz, Fraction(1, sample_rate_hz)
                source.pts = start + round(shift_s * sample_rate_hz)
                to_encoder = av.AudioResampler(format=audio.codec_context.format, layout=layout, rate=sample_rate_hz)
                for converted in to_encoder.resample(source):
                    converted.pts, converted.time_base = source.pts, source.time_base
                    container.mux(audio.encode(converted))
            container.mux(audio.encode(None))
    return path


def write_tracks(path: Path, *sounds: NDArray[np.float32], default: int | None, sample_rate_hz: int = 48000) -> Path:
    """Write a file of several mono sound tracks (FLAC). default: which of them, from 1, is flagged so, if any."""
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("flac", rate=sample_rate_hz, layout="mono") for _ in sounds]
        for number, stream in enumerate(streams, start=1):
            stream.disposition = av.stream.Disposition.default if number == default else av.stream.Disposition(0)
        for stream, sound in zip(streams, sounds, strict=True):
            samples = np.round(np.clip(sound, -1, 1) * 32767).astype(np.int16)[None]
            for start in range(0, samples.shape[1], 4096):
                frame = av.AudioFrame.from_ndarray(
                    np.ascontiguousarray(samples[:, start : start + 4096]), format="s16", layout="mono"
                )
                frame.sample_rate, frame.pts, frame.time_base = sample_rate_hz, start, Fraction(1, sample_rate_hz)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


def load_sound(path: Path, *, sample_rate_hz: int) -> NDArray[np.float32]:
    """All of a file's sound, mono."""
    with open_sound(path, sample_rate_hz=sample_rate_hz) as sound:
        return sound[:]


def follow_on(path: Path, parts: Sequence[Path]) -> Path:
    """One video stream of the pictures of several files of one codec, one after the other on one clock."""
    with av.open(str(path), "w") as container:
        stream, shift = None, Fraction(0)
        for part in parts:
            with av.open(str(part)) as source:
                stream = stream or container.add_stream_from_template(source.streams.video[0])
                end = shift
                for packet in source.demux(video=0):
                    if packet.dts is not None:
                        end = max(end, shift + packet.pts * packet.time_base + 1 / source.streams.video[0].average_rate)
                        packet.pts += round(shift / packet.time_base)
                        packet.dts += round(shift / packet.time_base)
                        packet.stream = stream
                        container.mux(packet)
                shift = end
    return path


def join(path: Path, parts: Sequence[Path]) -> Path:
    """The bytes of several files, one after the other, as `cat` joins them."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def retime(path: Path, pid: int, change: Callable[[int, float], float]) -> Path:
    """Give the pictures or blocks of sound of a stream of an MPEG-TS other times: change(number, seconds) is new.

    Only streams without reordered pictures, whose packets have one time each.
    """
    data, number = bytearray(path.read_bytes()), 0
    for at in range(0, len(data), 188):
        begins, own = data[at + 1] & 0x40, (data[at + 1] & 0x1F) << 8 | data[at + 2]
        payload = at + 4 + (1 + data[at + 4] if data[at + 3] & 0x20 else 0)
        if own != pid or not begins or not data[payload + 7] & 0x80:
            continue
        a, b, c, d, e = data[payload + 9 : payload + 14]
        ticks = (a >> 1 & 7) << 30 | b << 22 | (c >> 1) << 15 | d << 7 | e >> 1
        ticks = round(change(number, ticks * float(TICK)) / TICK) % 2**33
        high, middle, low = ticks >> 30 << 1, ticks >> 15 << 1, ticks << 1
        data[payload + 9 : payload + 14] = (
            a & 0xF1 | high, middle >> 8 & 255, middle & 255 | 1, low >> 8 & 255, low & 255 | 1
        )  # fmt: skip
        number += 1
    path.write_bytes(data)
    return path
