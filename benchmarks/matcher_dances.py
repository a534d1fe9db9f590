"""Dances with their songs, as the matcher's benchmarks read them: NAME.npz beside NAME.ogg, 24 frames per second."""

from functools import cache
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from danceit_core.matcher.data import Pairs
from danceit_core.matcher.windows import Windows

FPS = 24.0


class Dances:
    """All dances of a folder, concatenated.

    keypoints (M, 25, 3), `first` (where each dance begins, and the end), `group` (number of each dance's song).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names = [path.stem for path in sorted(folder.glob("*.npz"))]
        parts = [self.archive(name)["keypoints"].astype(np.float32) for name in self.names]
        self.keypoints = np.concatenate(parts)
        self.first = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
        self.group = np.arange(len(self.names))

    def archive(self, name: str) -> dict[str, NDArray]:
        """The arrays of a dance's .npz."""
        with np.load(self.folder / f"{name}.npz") as archive:
            return dict(archive)

    def features(self, feature_set: str) -> NDArray[np.float32]:
        """Audio features (M, D) of all songs."""
        return features_of(self.folder, tuple(self.names), tuple(np.diff(self.first).tolist()), feature_set)

    def pairs(self, begin: NDArray[np.int64], *, seconds: float, feature_set: str) -> Pairs:
        """Fragments that begin at some frames, with their sound."""
        video = np.searchsorted(self.first, begin, side="right") - 1
        return Pairs(
            windows=Windows(self.keypoints, self.features(feature_set), round(seconds * FPS)), starts=begin,
            video=video, group=self.group[video], start_s=(begin - self.first[video]) / FPS,
            tempo_bpm=np.full(len(begin), np.nan), part=np.full(len(begin), "train"),
            about={"fps": FPS, "seconds": seconds, "feature_set": feature_set},
        )  # fmt: skip


def read_sound(path: Path) -> tuple[NDArray[np.float32], int]:
    """Mono samples and their rate."""
    return soundfile.read(path, dtype="float32")


@cache
def features_of(folder: Path, names: tuple[str, ...], counts: tuple[int, ...], feature_set: str) -> NDArray[np.float32]:
    """Features of the first `counts` frames of each song, concatenated; computed once per process."""
    from danceit_core.music.features import audio_features  # noqa: PLC0415 - librosa takes seconds

    parts = []
    for name, count in zip(names, counts, strict=True):
        samples, rate_hz = read_sound(folder / f"{name}.ogg")
        parts.append(audio_features(samples, sample_rate_hz=rate_hz, fps=FPS, frames=count, kind=feature_set))
    return np.concatenate(parts)
