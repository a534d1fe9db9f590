"""Sound and pictures that are whole but odd: 1 to 16 channels, strange WAVs, rates, sizes and clocks that change.

The valid file of a kind is an ordinary odd one; `spoil` writes another one of the kind, as its generator says.
"""

from pathlib import Path

import av
import numpy as np
import soundfile
from formats import Format, Rng
from media_files import clicks, write_file
from media_formats import QUICK, read_song, read_video
from numpy.typing import NDArray

CHANNELS = range(1, 17)
RATES_HZ = (8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000)
# What each codec takes: its container and the most channels.
CODECS = {
    "flac": ("flac", 8), "aac": ("mp4", 8), "libopus": ("ogg", 8), "ac3": ("ac3", 6), "pcm_s16le": ("wav", 16),
    "pcm_s24le": ("mkv", 16), "pcm_f32le": ("mov", 16), "pcm_u8": ("wav", 16), "alac": ("m4a", 2), "tta": ("mkv", 8),
    "wavpack": ("mkv", 16), "libmp3lame": ("mp3", 2), "mp2": ("mpg", 2), "pcm_mulaw": ("wav", 2),
}  # fmt: skip
LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1", 16: "hexadecagonal"}
# Codecs that run at some rates only.
FIXED_RATES_HZ = {
    "libopus": (48000,),
    "ac3": (32000, 44100, 48000),
    "libmp3lame": (32000, 44100, 48000),
    "mp2": (44100, 48000),
}
WAV_SUBTYPES = ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "IMA_ADPCM", "MS_ADPCM")
WAV_KINDS = ("WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF")
PIECE_S = 2.4


def make_sound(rng: Rng, *, channels: int, rate_hz: int) -> NDArray[np.float32]:
    """(N, channels) clicks, each channel with a gain of its own, some silent, some inverted."""
    sound = clicks(np.arange(0.3, PIECE_S, 0.5), length_s=PIECE_S, sample_rate_hz=rate_hz)
    return (sound[:, None] * rng.choice([0.0, 1.0, -1.0, 0.3], size=channels, p=[0.1, 0.5, 0.2, 0.2])).astype(
        np.float32
    )


def encode_sound(path: Path, sound: NDArray[np.float32], *, codec: str, rate_hz: int) -> None:
    """Write (N, channels) samples by an encoder of FFmpeg."""
    layout = LAYOUTS[sound.shape[1]]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate_hz, layout=layout, options={"strict": "experimental"})
        # Packed: more than eight planes are more than a frame of PyAV has.
        packed = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.reshape(1, -1)), format="flt", layout=layout)
        packed.sample_rate = rate_hz
        for frame in av.AudioResampler(
            format=stream.codec_context.format, layout=layout, rate=rate_hz, frame_size=stream.codec_context.frame_size
        ).resample(packed):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def make_channels(folder: Path) -> Path:
    """7.1 sound in FLAC."""
    path = folder / "song.flac"
    encode_sound(path, make_sound(np.random.default_rng(0), channels=8, rate_hz=48000), codec="flac", rate_hz=48000)
    return path


def spoil_channels(rng: Rng, path: Path) -> None:
    """Another number of channels by another codec, under a name that says FLAC."""
    codec = str(rng.choice(list(CODECS)))
    suffix, most = CODECS[codec]
    channels = int(rng.choice([number for number in LAYOUTS if number <= most]))
    rate_hz = int(rng.choice(FIXED_RATES_HZ.get(codec, (22050, 44100, 48000, 96000))))
    made = path.with_suffix(f".made.{suffix}")
    encode_sound(made, make_sound(rng, channels=channels, rate_hz=rate_hz), codec=codec, rate_hz=rate_hz)
    made.replace(path)


def make_wav(folder: Path) -> Path:
    """16 channels of floats."""
    path = folder / "song.wav"
    sound = make_sound(np.random.default_rng(0), channels=16, rate_hz=44100)
    soundfile.write(path, sound, 44100, subtype="FLOAT", format="WAV")
    return path


def spoil_wav(rng: Rng, path: Path) -> None:
    """Any kind of WAV and its relatives: integers and floats, at odd rates and levels, with NaN, without a sample."""
    channels, rate_hz = int(rng.choice(CHANNELS)), int(rng.choice([*RATES_HZ, 1, 999, 3999, 655350]))
    sound = make_sound(rng, channels=channels, rate_hz=max(8000, min(rate_hz, 192000))).astype(np.float64)
    sound *= rng.choice([1, 1, 1, 2.5, 2**15, 2**31, 1e-6, 1e30])
    sound += rng.choice([0, 0, 0, 0.5, -1])
    if rng.random() < 0.2:
        sound[rng.integers(len(sound), size=20)] = rng.choice([np.nan, np.inf, -np.inf])
    if rng.random() < 0.1:
        sound = sound[: int(rng.choice([0, 1, 100]))]
    possible = [
        (kind, subtype)
        for kind in WAV_KINDS
        for subtype in WAV_SUBTYPES
        if soundfile.check_format(kind, subtype) and (channels <= 2 or "ADPCM" not in subtype)
    ]
    kind, subtype = possible[int(rng.integers(len(possible)))]
    with np.errstate(all="ignore"):
        soundfile.write(path, sound, rate_hz, subtype=subtype, format=kind)


def make_changing_sound(folder: Path) -> Path:
    """An MP3 of two pieces, 44.1 and 48 kHz."""
    path = folder / "song.mp3"
    join_sounds(np.random.default_rng(0), path, codec="libmp3lame", kinds=((2, 44100), (2, 48000)))
    return path


def join_sounds(rng: Rng, path: Path, *, codec: str, kinds: tuple[tuple[int, int], ...]) -> None:
    """Pieces of (channels, Hz) one after the other, as `cat` joins them."""
    suffix = {"libmp3lame": "mp3", "aac": "aac", "libopus": "ogg", "flac": "flac", "mp2": "mpg", "ac3": "ts"}[codec]
    pieces = []
    for channels, rate_hz in kinds:
        piece = path.with_suffix(f".piece.{suffix}")
        encode_sound(piece, make_sound(rng, channels=channels, rate_hz=rate_hz), codec=codec, rate_hz=rate_hz)
        pieces.append(piece.read_bytes())
        piece.unlink()
    path.write_bytes(b"".join(pieces))


def spoil_changing_sound(rng: Rng, path: Path) -> None:
    """Two or three pieces of other rates and channels, by a codec whose files can be joined."""
    codec = str(rng.choice(["libmp3lame", "aac", "libopus", "flac", "mp2", "ac3"]))
    rates = FIXED_RATES_HZ.get(codec, (22050, 44100, 48000))
    most = CODECS[codec][1]
    numbers = [number for number in (1, 2, 6, 8) if number <= most]
    count = int(rng.integers(2, 4))
    join_sounds(
        rng, path, codec=codec, kinds=tuple((int(rng.choice(numbers)), int(rng.choice(rates))) for _ in range(count))
    )


# How each container's clips are encoded: picture, sound (None: without), channels.
JOINED = {
    "ts": ("libx264", "aac", 2), "mpg": ("libx264", "mp2", 2), "h264": ("libx264", None, 1),
    "mkv": ("libx264", "aac", 2), "webm": ("libvpx-vp9", "libopus", 2),
}  # fmt: skip
SIZES = ((64, 48), (48, 64), (96, 64), (64, 64), (16, 128))


def join_clips(rng: Rng, path: Path, *, suffix: str, sizes: list[tuple[int, int]], starts_s: list[float]) -> None:
    """Clips of a second, of these sizes, on clocks that begin at starts_s, one after the other as `cat` joins them."""
    codec, sound_codec, most = JOINED[suffix]
    pieces = []
    for (width, height), start_s in zip(sizes, starts_s, strict=True):
        steps = rng.choice([1, 1, 1, 2, 40], size=26) if rng.random() < 0.3 else np.ones(26)
        times_s = start_s + np.cumsum(steps) / 24
        piece = write_file(
            path.with_suffix(f".piece.{suffix}"),
            pictures=list(rng.integers(0, 256, (26, height, width, 3)).astype(np.uint8)),
            times_s=times_s,
            rate=24,
            codec=codec,
            options=QUICK.get(codec, {"bf": "0"}),
            sound=make_sound(rng, channels=most, rate_hz=48000)[:52000].T if sound_codec else None,
            sound_codec=sound_codec,
            sound_start_s=start_s,
        )
        pieces.append(piece.read_bytes())
        piece.unlink()
    path.write_bytes(b"".join(pieces))


def make_joined(folder: Path) -> Path:
    """Two recordings in a transport stream; the clock starts again."""
    path = folder / "dance.ts"
    join_clips(np.random.default_rng(5), path, suffix="ts", sizes=[(64, 48)] * 2, starts_s=[0.0, 0.0])
    return path


def spoil_joined(rng: Rng, path: Path) -> None:
    """Other containers, sizes that change, clocks that jump back and ahead, close to the wrap of 33 bits."""
    count = int(rng.integers(2, 4))
    join_clips(
        rng,
        path,
        suffix=str(rng.choice(list(JOINED))),
        sizes=[SIZES[int(rng.integers(len(SIZES)))] if rng.random() < 0.5 else SIZES[0] for _ in range(count)],
        starts_s=[float(rng.choice([0, 0, 1, 30, 700, 95442])) for _ in range(count)],
    )


FORMATS = [
    Format("channels", "song", make_channels, read_song, spoil_channels),
    Format("odd WAV", "song", make_wav, read_song, spoil_wav),
    Format("changing sound", "song", make_changing_sound, read_song, spoil_changing_sound),
    Format("joined", "video", make_joined, read_video, spoil_joined),
]
