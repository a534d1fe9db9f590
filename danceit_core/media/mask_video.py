"""Videos of masks: one 8-bit grey picture per frame of a frame store, of the same size, 255 = inside; lossless.

FFV1 in Matroska, every picture a key frame with its own checksum: any mask can be read alone, is bit-identical to what
was written, and damage is detected. Frame k is shown at k / fps, as in the frame store.
"""

import contextlib
import zlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import MediaError
from danceit_core.files import partial_file, put_in_place
from danceit_core.media.container import FILE, one_line_errors, open_media, picture_stream

Mask = NDArray[np.uint8]

CODEC, PIXELS = "ffv1", "gray"
# Version 3 with Golomb codes, which are faster, and checksums.
ENCODER = {"level": "3", "coder": "0", "g": "1", "slicecrc": "1"}
# At the end of each slice of a picture: 3 bytes of length, 1 of status, 4 of checksum.
SLICE_FOOTER = 8
MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
# The tag of the container that says where the masks come from.
SOURCE_TAG = "DANCEIT_SOURCE"
REMEDY = "delete it and let the workflow write it again"


@dataclass(frozen=True)
class MaskInfo:
    """A video of masks. size: (width, height) pixels; source: the writer's note on the masks' origin."""

    frames: int
    fps: float
    size: tuple[int, int]
    source: str


class MaskWriter:
    """Context manager that writes one video of masks; it appears only on a clean exit.

    path: the .mkv to write. fps: masks per second. size: (width, height) pixels. source: a short note on the masks'
    origin, kept in the file. Raises MediaError for a rate, size, mask or path that cannot be used, and for no masks.
    """

    def __init__(self, path: str | Path, *, fps: float, size: tuple[int, int], source: str = "") -> None:
        if min(size) < 1:
            raise MediaError(
                f"{path}: masks of {size[0]} x {size[1]} pixels cannot be written; both sides must be positive"
            )
        if fps <= 0:
            raise MediaError(f"{path}: {fps} masks per second; the frame rate must be positive")
        self._path, self._size, self._source = Path(path), size, source
        self._rate = Fraction(fps).limit_denominator(1001)
        self.frames = 0

    def __enter__(self) -> Self:
        self._partial = partial_file(self._path)
        with self._guarded():
            self._container = av.open(f"{FILE}{self._partial}", "w", format="matroska")
            self._container.metadata[SOURCE_TAG] = self._source
            self._stream: Any = self._container.add_stream(CODEC, rate=self._rate)
            self._stream.width, self._stream.height = self._size
            self._stream.pix_fmt, self._stream.options = PIXELS, ENCODER
            self._stream.time_base = 1 / self._rate
            # More threads would delay masks, and other jobs use the other cores.
            self._stream.codec_context.thread_count = 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with self._guarded():
                if kind is None:
                    self._finish()
                self._container.close()
            if kind is None:
                put_in_place(self._partial, self._path)
        finally:
            self._partial.unlink(missing_ok=True)

    def write(self, mask: Mask) -> None:
        """Append one uint8 mask (H, W) of the writer's size."""
        width, height = self._size
        if mask.shape != (height, width) or mask.dtype != np.uint8:
            raise MediaError(
                f"{self._path}: mask {self.frames} is {mask.dtype} {mask.shape}; it must be uint8 {height, width}"
            )
        with self._guarded():
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(mask), format=PIXELS)
            picture.pts, picture.time_base = self.frames, 1 / self._rate
            self._container.mux(self._stream.encode(picture))
        self.frames += 1

    def _guarded(self) -> AbstractContextManager[None]:
        return one_line_errors(self._path, "it cannot be written", remedy="use PyAV's own FFmpeg, which has ffv1")

    def _finish(self) -> None:
        if self.frames == 0:
            raise MediaError(f"{self._path}: no mask was written; a video of masks needs at least one")
        self._container.mux(self._stream.encode(None))


def probe_masks(path: str | Path) -> MaskInfo:
    """The properties of a video of masks, from its header. Raises MediaError for any other file."""
    with _open_masks(path) as (container, stream):
        fps = float(stream.average_rate)
        frames = round(container.duration / av.time_base * fps)
        return MaskInfo(frames, fps, (stream.width, stream.height), container.metadata.get(SOURCE_TAG, ""))


def check_masks(path: str | Path, *, frames: int, size: tuple[int, int]) -> None:
    """Raise MediaError unless a video has `frames` masks of `size` (width, height), as its frame store has."""
    info = probe_masks(path)
    if (info.frames, info.size) != (frames, size):
        raise MediaError(
            f"{path} has {info.frames} masks of {info.size[0]} x {info.size[1]}, but its video has {frames} frames of "
            f"{size[0]} x {size[1]}; {REMEDY}"
        )


def read_masks(path: str | Path, indices: Iterable[int]) -> NDArray[np.uint8]:
    """Masks by number, in the requested order (repeats allowed), uint8 (N, H, W); only these are decoded.

    Raises MediaError for a number that the video lacks and for a mask that is damaged.
    """
    asked = [int(index) for index in indices]
    info = probe_masks(path)
    wanted = sorted(set(asked))
    for index in wanted:
        if not 0 <= index < info.frames:
            raise MediaError(f"{path} has no mask {index}; its {info.frames} masks are numbered from 0")
    found = dict(zip(wanted, _decode(path, wanted), strict=True))
    width, height = info.size
    return np.stack([found[index] for index in asked]) if asked else np.zeros((0, height, width), np.uint8)


def decode_masks(path: str | Path) -> Iterator[Mask]:
    """All masks one after the other, uint8 (H, W). Raises MediaError where one is damaged or missing."""
    return _decode(path, range(probe_masks(path).frames))


def each_mask(path: str | Path, numbers: Iterable[int]) -> Iterator[Mask]:
    """Masks one after the other by ascending numbers (repeats allowed), uint8 (H, W); only these are decoded."""
    last, mask = -1, None
    wanted = list(map(int, numbers))
    masks = _decode(path, sorted(set(wanted)))
    for number in wanted:
        if mask is None or number != last:
            last, mask = number, next(masks)
        yield mask


def _decode(path: str | Path, indices: Iterable[int]) -> Iterator[Mask]:
    """The masks of these numbers, which ascend."""
    with _open_masks(path) as (container, stream):
        ticks = 1 / (stream.average_rate * stream.time_base)
        start = stream.start_time or 0
        at = -1
        packets: Iterator[Any] = iter(())
        for index in indices:
            if index != at + 1 or at < 0:
                container.seek(start + round(index * ticks), stream=stream, backward=True)
                packets = _packets(container, stream)
            mask = None
            for packet in packets:
                at = round((packet.pts - start) / ticks)
                if at >= index:
                    mask = _mask_in(packet) if at == index else None
                    break
            if mask is None:
                raise MediaError(f"{path} is damaged: its mask {index} cannot be decoded; {REMEDY}")
            yield mask


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    """The packets that hold a mask, up to the end of the file or to where it is damaged."""
    with contextlib.suppress(av.FFmpegError):
        yield from (packet for packet in container.demux(stream) if packet.pts is not None and packet.size)


def _mask_in(packet: Any) -> Mask | None:
    """The mask of a packet, None if it is damaged."""
    if not _is_whole(bytes(packet)):
        return None
    try:
        frames = packet.decode()
    except (av.FFmpegError, EOFError):
        return None
    return frames[0].to_ndarray(format=PIXELS) if frames else None


def _is_whole(data: bytes) -> bool:
    """Whether the checksums of an FFV1 picture are right (RFC 9043, 4.9): FFmpeg only reports wrong ones and goes on.

    A picture is a sequence of slices. Each ends with its length, a status and a checksum; over the whole slice,
    including that, the checksum is 0.
    """
    end = len(data)
    while end >= SLICE_FOOTER:
        begin = end - SLICE_FOOTER - int.from_bytes(data[end - SLICE_FOOTER : end - SLICE_FOOTER + 3], "big")
        # Unlike zlib, FFV1 uses the opposite bit order, starts from 0, and omits the final inversion.
        if begin < 0 or zlib.crc32(data[begin:end].translate(MIRRORED), 0xFFFFFFFF) != 0xFFFFFFFF:
            return False
        end = begin
    return end == 0


@contextlib.contextmanager
def _open_masks(path: str | Path) -> Iterator[tuple[Any, Any]]:
    """The open container and its stream of masks."""
    with open_media(path) as container:
        stream = picture_stream(container)
        if stream is None or (stream.codec_context.name, stream.codec_context.pix_fmt) != (CODEC, PIXELS):
            raise MediaError(f"{path} is not a video of masks (8-bit grey {CODEC.upper()}); {REMEDY}")
        if not stream.average_rate or container.duration is None:
            raise MediaError(f"{path} is damaged: it has no frame rate or no length; {REMEDY}")
        # Each packet yields its mask immediately.
        stream.codec_context.thread_type, stream.codec_context.thread_count = "SLICE", 1
        yield container, stream
