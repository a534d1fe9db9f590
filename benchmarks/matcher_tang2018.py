"""How well the matcher matches dances that it has not seen, on real ones: nested folds by song.

    python benchmarks/matcher_tang2018.py --data tang2018 --set learning_rate=0.001 epochs=12 batch_size=32 \
        --try seconds=1 seconds=2 seconds=3 seconds=4
    python benchmarks/matcher_tang2018.py --data tang2018 --paper --folds 0
    python benchmarks/matcher_tang2018.py --data tang2018 --ceiling
    python benchmarks/matcher_tang2018.py --data tang2018 --songs

The folder holds NAME.npz (`keypoints`, BODY_25 at 24 frames a second) beside NAME.ogg; the genre is the letter between
underscores (DANCE_C_2: cha-cha; R rumba, W waltz). Dances whose sound is the same share a song (--songs lists how much
alike the most similar sounds are). --paper takes the matcher's settings of config/paper.yaml.
"""

import argparse
import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
import torch
import yaml
from matcher_folds import FOLDS, Folded, Setting, ceiling, deal, read_settings, run_nested
from numpy.typing import NDArray

from danceit_core.config import MusicSettings
from danceit_core.matcher.data import Pairs
from danceit_core.matcher.windows import Windows
from danceit_core.music.analyse import analyse_music

FPS = 24.0
PAPER_FILE = Path(__file__).parents[1] / "config" / "paper.yaml"


class Dances:
    """All dances one after the other, the song of each by its sound, and features on demand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names = [path.stem for path in sorted(folder.glob("*.npz"))]
        parts = []
        for name in self.names:
            with np.load(folder / f"{name}.npz") as archive:
                parts.append(archive["keypoints"].astype(np.float32))
        self.keypoints = np.concatenate(parts)
        self.first = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
        self.songs = [hashlib.sha256(self.samples(name)[0].tobytes()).hexdigest() for name in self.names]

    def samples(self, name: str) -> tuple[NDArray[np.float32], int]:
        """The sound of a dance and its rate."""
        return soundfile.read(self.folder / f"{name}.ogg", dtype="float32")

    @cache  # noqa: B019 - lives as long as the run
    def features(self, feature_set: str) -> NDArray[np.float32]:
        """Audio features (M, D) of all dances."""
        parts = []
        for name, count in zip(self.names, np.diff(self.first).tolist(), strict=True):
            samples, rate_hz = self.samples(name)
            settings = MusicSettings(features=feature_set)
            parts.append(
                analyse_music(samples, sample_rate_hz=rate_hz, fps=FPS, settings=settings, frames=count).features
            )
        return np.concatenate(parts)

    def cut(self, *, seconds: float, hop_s: float, feature_set: str) -> Pairs:
        """The fragments of all dances, one after the other where the hop is 0."""
        length = round(seconds * FPS)
        hop = round(hop_s * FPS) or length
        begin = np.concatenate(
            [np.arange(first, end - length + 1, hop) for first, end in zip(self.first, self.first[1:], strict=False)]
        )
        video = np.searchsorted(self.first, begin, side="right") - 1
        group = np.unique(self.songs, return_inverse=True)[1].reshape(-1)
        return Pairs(
            windows=Windows(self.keypoints, self.features(feature_set), length), starts=begin, video=video,
            group=group[video], start_s=(begin - self.first[video]) / FPS, tempo_bpm=np.full(len(begin), np.nan),
            part=np.full(len(begin), "train"), about={"fps": FPS, "seconds": seconds, "feature_set": feature_set},
        )  # fmt: skip


def style_of(name: str) -> str:
    """The genre in a dance's name."""
    return name.split("_")[1]


def print_songs(dances: Dances, *, shown: int = 8) -> None:
    """How many sounds there are, and the most similar ones: the highest correlation of their onsets at any lag."""
    print(f"{len(dances.names)} dances, {len(set(dances.songs))} sounds")
    onset = dances.features("rich")[:, 40]
    courses = [onset[a:b] for a, b in zip(dances.first, dances.first[1:], strict=False)]
    found = []
    for i, one in enumerate(courses):
        for j in range(i):
            size = len(one) + len(courses[j])
            spectra = [np.fft.rfft(each - each.mean(), size) for each in (one, courses[j])]
            lagged = np.fft.irfft(spectra[0] * np.conj(spectra[1]), size)
            shorter = min(one, courses[j], key=len)
            found.append((lagged.max() / (shorter.std() ** 2 * len(shorter) + 1e-9), dances.names[i], dances.names[j]))
    for value, a, b in sorted(found, reverse=True)[:shown]:
        print(f"{a} {b} {value:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of .npz and .ogg")
    parser.add_argument(
        "--try", dest="tried", nargs="*", default=[], metavar="KEY=VALUE,...", help="settings to choose of"
    )
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="of all settings")
    parser.add_argument("--hop", type=float, default=0.5, help="between fragments, seconds; 0: no overlap")
    parser.add_argument("--inner", type=int, default=2, choices=(2, 4), help="inner folds of each test fold")
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(FOLDS)), help="that are tested on")
    parser.add_argument("--paper", action="store_true", help="the matcher's settings of config/paper.yaml, MFCC, 4 s")
    parser.add_argument("--ceiling", action="store_true", help="what the genres' labels would allow, no matcher")
    parser.add_argument("--songs", action="store_true", help="which dances share a song")
    given = parser.parse_args()
    torch.set_num_threads(1)
    base = list(given.set)
    if given.paper:
        paper = yaml.safe_load(PAPER_FILE.read_text())["matcher"]
        base = [*(f"{key}={value}" for key, value in paper.items()), "features=mfcc", "seconds=4", *base]
    settings = read_settings(given.tried, base=base)
    dances = Dances(given.data)
    folds = deal(dances.names, style_of=style_of)
    # Dances to one song are in the fold of the first of them.
    of_song = {song: folds[name] for name, song in reversed(list(zip(dances.names, dances.songs, strict=True)))}
    styles = np.array([style_of(dances.names[dances.songs.index(song)]) for song in sorted(set(dances.songs))])

    def make(setting: Setting) -> Folded:
        pairs = dances.cut(seconds=setting.seconds, hop_s=given.hop, feature_set=setting.features)
        return Folded(pairs, np.array([of_song[song] for song in dances.songs])[pairs.video], styles)

    if given.songs:
        print_songs(dances)
    elif given.ceiling:
        print("| seconds | AUC other genre, genres told | R@10 / chance, genre known |\n|---|---|---|")
        for setting in settings:
            found = [ceiling(make(setting), fold) for fold in given.folds]
            cells = zip(np.mean(found, axis=0), np.std(found, axis=0), strict=True)
            print(f"| {setting.seconds:g} | " + " | ".join(f"{m:.3f} ± {d:.2g}" for m, d in cells) + " |", flush=True)
    else:
        run_nested(settings, make, inner=given.inner, folds=given.folds)


if __name__ == "__main__":
    main()
