"""Write the sound of a dance as a separate file for other programs, exactly as long as its video.

16-bit stereo at the rate of the videos' sound. It is cut or padded with silence, and limited to full scale, exactly as
the sound in a video is (`encode`).
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from danceit_core.errors import MediaError
from danceit_core.files import whole_file
from danceit_core.media.audio import Samples
from danceit_core.media.encode import SOUND_RATE_HZ
from danceit_core.media.levels import limited
from danceit_core.media.sound_source import SoundSource, as_source
from danceit_core.media.stored import StoredSound


def write_excerpt(path: str | Path, sound: str | Path | SoundSource, *, frames: int, fps: float) -> None:
    """Write the first frames / fps seconds of `sound`, a file or a part of one, atomically as a WAV file.

    Raises MediaError for a path with another suffix, for no frames, or for a sound that cannot be used.
    """
    if Path(path).suffix.lower() != ".wav":
        raise MediaError(f"{path}: the song beside a video is written as WAV; use the suffix .wav")
    if frames < 1 or fps <= 0:
        raise MediaError(f"{path}: {frames} frames at {fps} per second have no sound; both must be positive")
    missing = round(frames / fps * SOUND_RATE_HZ)
    with as_source(sound).open(sample_rate_hz=SOUND_RATE_HZ) as stored, whole_file(Path(path)) as partial:
        blocks = _blocks(stored)
        if stored.peak > 1:
            blocks = limited(blocks, sample_rate_hz=SOUND_RATE_HZ)
        with soundfile.SoundFile(partial, "w", SOUND_RATE_HZ, channels=2, subtype="PCM_16", format="WAV") as file:
            for block in blocks:
                if missing <= 0:
                    break
                file.write(np.clip(block[:, :missing].T, -1, 1))
                missing -= block.shape[1]
            while missing > 0:
                count = min(missing, SOUND_RATE_HZ)
                file.write(np.zeros((count, 2), np.float32))
                missing -= count


def _blocks(sound: StoredSound) -> Iterator[Samples]:
    """Yield one second of the two channels at a time, (2, n)."""
    for start in range(0, len(sound), SOUND_RATE_HZ):
        yield sound.stereo(slice(start, start + SOUND_RATE_HZ))
