"""Accuracy of the matcher for unseen real dances: nested folds by song.

    python benchmarks/matcher_tang2018.py --data tang2018 --set learning_rate=0.001 epochs=12 batch_size=32 \
        --try seconds=1 seconds=2 seconds=3 seconds=4
    python benchmarks/matcher_tang2018.py --data tang2018 --paper --hop 0 --folds 0
    python benchmarks/matcher_tang2018.py --data tang2018 --ceiling
    python benchmarks/matcher_tang2018.py --data tang2018 --songs

The folder holds NAME.npz (`keypoints`, BODY_25 at 24 frames per second) beside NAME.ogg; the genre is the letter
between underscores (DANCE_C_2: cha-cha; R rumba, W waltz). Dances with the same sound share a song (--songs lists the
similarity of the most similar sounds). --paper uses the matcher's settings of config/paper.yaml.
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
import yaml
from matcher_dances import FPS, Dances, read_sound
from matcher_folds import Folded, Setting, ceiling, deal, make_parser, read_settings, run_nested, spread
from numpy.typing import NDArray

PAPER_FILE = Path(__file__).parents[1] / "config" / "paper.yaml"


class SoundDances(Dances):
    """Dances whose song is identified by their sound: `songs` holds a hash of each."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        sounds = (read_sound(folder / f"{name}.ogg")[0] for name in self.names)
        self.songs = [hashlib.sha256(samples.tobytes()).hexdigest() for samples in sounds]
        self.group = np.unique(self.songs, return_inverse=True)[1].reshape(-1)

    def cut(self, *, hop_s: float, length: int) -> NDArray[np.int64]:
        """First frames of the fragments of all dances, end to end if the hop is 0."""
        hop = round(hop_s * FPS) or length
        ends = zip(self.first, self.first[1:], strict=False)
        return np.concatenate([np.arange(first, end - length + 1, hop) for first, end in ends])


def style_of(name: str) -> str:
    """The genre in a dance's name."""
    return name.split("_")[1]


def print_songs(dances: SoundDances, *, shown: int = 8) -> None:
    """Print the number of sounds, and the most similar ones: the highest correlation of their onsets at any lag."""
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
    parser = make_parser(__doc__)
    parser.add_argument(
        "--paper", action="store_true", help="use the matcher's settings of config/paper.yaml, MFCC, 4 s"
    )
    parser.add_argument("--songs", action="store_true", help="print which dances share a song")
    given = parser.parse_args()
    torch.set_num_threads(1)
    base = list(given.set)
    if given.paper:
        paper = yaml.safe_load(PAPER_FILE.read_text())["matcher"]
        base = [*(f"{key}={value}" for key, value in paper.items()), "features=mfcc", "seconds=4", *base]
    settings = read_settings(given.tried, base=base)
    dances = SoundDances(given.data)
    folds = deal(dances.names, style_of=style_of)
    # Dances to one song are in the fold of the first of them.
    fold_of = np.array([folds[dances.names[dances.songs.index(song)]] for song in dances.songs])
    styles = np.array([style_of(dances.names[dances.songs.index(song)]) for song in sorted(set(dances.songs))])

    def make(setting: Setting) -> Folded:
        begin = dances.cut(hop_s=given.hop, length=round(setting.seconds * FPS))
        pairs = dances.pairs(begin, seconds=setting.seconds, feature_set=setting.features)
        every = np.ones(len(pairs), bool)
        return Folded(pairs, fold_of[pairs.video], styles, every, every, given.validate)

    if given.songs:
        print_songs(dances)
    elif given.ceiling:
        print("| seconds | AUC other genre, genres told | R@10 / chance, genre known |\n|---|---|---|")
        for setting in settings:
            found = [ceiling(make(setting), fold) for fold in given.folds]
            print(f"| {setting.seconds:g} | {spread(found)} |", flush=True)
    else:
        run_nested(settings, make, inner=given.inner, folds=given.folds)


if __name__ == "__main__":
    main()
