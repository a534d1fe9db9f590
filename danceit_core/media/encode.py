"""Write H.264 video with AAC sound, exactly as long as its frames, that every browser plays in the right colours.

Frame k is shown at k / fps. The file is written beside its place and appears only on a clean exit.
"""

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from danceit_core.errors import MediaError
from danceit_core.files import partial_file, put_in_place
from danceit_core.media.audio import Samples
from danceit_core.media.container import one_line_errors
from danceit_core.media.letterbox import Picture
from danceit_core.media.levels import limited
from danceit_core.media.sound_source import SoundSource, as_source
from danceit_core.media.stored import StoredSound

SOUND_RATE_HZ = 48000
SOUND_BITS_PER_S = 192_000
# Measured at 512 x 512: twice as fast as `medium`, the same file size, quality lower by 0.3 to 0.5 dB.
PRESET = "veryfast"
BT709 = 1


class VideoWriter:
    """Context manager that writes one video.

    path: the .mp4 to write. fps: frames per second. size: (width, height), both even. crf: x264's quality, 0 (lossless)
    to 51. sound: a file, or a part of one, whose sound is added in stereo, cut or padded with silence to the length of
    the frames and limited to full scale; None for a silent video. gop: frames between key frames, small for random
    access, None for x264's default. metadata: tags of the container, such as title or comment.
    Raises MediaError for a size, sound or path that cannot be used.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        fps: float,
        size: tuple[int, int],
        crf: int,
        sound: str | Path | SoundSource | None = None,
        gop: int | None = None,
        metadata: dict[str, str] | None = None,
    ) -> None:
        width, height = size
        if width < 2 or height < 2 or width % 2 or height % 2:
            raise MediaError(
                f"{path}: a video of {width} x {height} cannot be encoded; choose even sides of at least 2 pixels"
            )
        if fps <= 0:
            raise MediaError(f"{path}: {fps} frames per second; the frame rate must be positive")
        self._path = Path(path)
        self._size = size
        self._rate = Fraction(fps).limit_denominator(1001)
        self._crf = crf
        self._gop = gop
        self._source = None if sound is None else as_source(sound)
        self._metadata = metadata or {}
        self.frames = 0

    def __enter__(self) -> Self:
        self._opened = contextlib.ExitStack()
        # Open the sound before anything is written, so that an unusable sound file fails early.
        self._blocks = self._open_sound(self._source) if self._source is not None else None
        self._partial = partial_file(self._path)
        with self._guarded():
            self._container = av.open(f"file:{self._partial}", "w", format="mp4", options={"movflags": "+faststart"})
            self._container.metadata.update(self._metadata)
            self._video = self._add_video()
            self._sound = self._add_sound() if self._blocks is not None else None
        self._pending = np.zeros((2, 0), np.float32)
        self._samples = 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with self._guarded():
                if kind is None:
                    self._finish()
                self._container.close()
        except BaseException:
            self._partial.unlink(missing_ok=True)
            raise
        finally:
            self._opened.close()
        if kind is None:
            put_in_place(self._partial, self._path)
        else:
            self._partial.unlink(missing_ok=True)

    def write(self, frame: Picture) -> None:
        """Append one uint8 RGB picture (H, W, 3) of the writer's size."""
        width, height = self._size
        if frame.shape != (height, width, 3) or frame.dtype != np.uint8:
            raise MediaError(
                f"{self._path}: frame {self.frames} is {frame.dtype} {frame.shape}; it must be uint8 {height, width, 3}"
            )
        with self._guarded():
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            picture = picture.reformat(
                format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
            )
            picture.pts, picture.time_base = self.frames, 1 / self._rate
            self._container.mux(self._video.encode(picture))
            self.frames += 1
            self._write_sound(until=self._samples_by(self.frames), flush=False)

    def _guarded(self) -> AbstractContextManager[None]:
        return one_line_errors(self._path, "it cannot be written", remedy="use PyAV's own FFmpeg, which has libx264")

    def _add_video(self) -> Any:
        stream = self._container.add_stream("libx264", rate=self._rate)
        stream.width, stream.height = self._size
        stream.pix_fmt = "yuv420p"
        stream.time_base = 1 / self._rate
        options = {"crf": str(self._crf), "preset": PRESET}
        if self._gop is not None:
            # Key frames exactly every `gop` frames, with closed groups: a seek decodes one group only.
            options |= {"g": str(self._gop), "keyint_min": str(self._gop), "sc_threshold": "0", "flags": "+cgop"}
        stream.options = options
        context = stream.codec_context
        context.colorspace, context.color_range = BT709, ColorRange.MPEG
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        return stream

    def _open_sound(self, source: SoundSource) -> Iterator[Samples]:
        """Blocks (2, n) of a sound at SOUND_RATE_HZ."""
        sound = self._opened.enter_context(source.open(sample_rate_hz=SOUND_RATE_HZ))
        return limited(_blocks(sound), sample_rate_hz=SOUND_RATE_HZ) if sound.peak > 1 else _blocks(sound)

    def _add_sound(self) -> Any:
        stream = self._container.add_stream("aac", rate=SOUND_RATE_HZ, layout="stereo")
        stream.bit_rate = SOUND_BITS_PER_S
        stream.time_base = Fraction(1, SOUND_RATE_HZ)
        return stream

    def _samples_by(self, frames: int) -> int:
        """Sound samples that belong to the first `frames` frames."""
        return round(frames / self._rate * SOUND_RATE_HZ)

    def _write_sound(self, *, until: int, flush: bool) -> None:
        """Encode sound up to sample `until`: in whole blocks of the encoder, the rest too if `flush`."""
        if self._sound is None or self._blocks is None:
            return
        missing = until - self._samples - self._pending.shape[1]
        parts = [self._pending]
        while missing > 0:
            block = next(self._blocks, None)
            if block is None:
                block = np.zeros((2, missing), np.float32)
            parts.append(block)
            missing -= block.shape[1]
        self._pending = np.concatenate(parts, axis=1)
        step = self._sound.codec_context.frame_size or 1024
        while self._samples < until and (flush or self._samples + step <= until):
            count = min(step, until - self._samples)
            block, self._pending = self._pending[:, :count], self._pending[:, count:]
            sound = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout="stereo")
            sound.sample_rate, sound.pts, sound.time_base = SOUND_RATE_HZ, self._samples, Fraction(1, SOUND_RATE_HZ)
            self._container.mux(self._sound.encode(sound))
            self._samples += count

    def _finish(self) -> None:
        if self.frames == 0:
            raise MediaError(f"{self._path}: no frame was written; a video needs at least one")
        self._container.mux(self._video.encode(None))
        self._write_sound(until=self._samples_by(self.frames), flush=True)
        if self._sound is not None:
            self._container.mux(self._sound.encode(None))


def _blocks(sound: StoredSound) -> Iterator[Samples]:
    """Yield one second of the two channels at a time."""
    for start in range(0, len(sound), SOUND_RATE_HZ):
        yield sound.stereo(slice(start, start + SOUND_RATE_HZ))
