"""How well the matcher matches dances on their songs' own beats: 43 ballroom dances, nested folds by song.

    python benchmarks/matcher_ballroom.py --data ballroom --try loss=infonce loss=hinge seconds=3 features=mfcc
    python benchmarks/matcher_ballroom.py --data ballroom --split-movements
    python benchmarks/matcher_ballroom.py --data ballroom --joins masked
    python benchmarks/matcher_ballroom.py --data ballroom --joins alone      # what the masks give away
    python benchmarks/matcher_ballroom.py --data ballroom --ceiling

The folder holds NAME.npz (`keypoints`, BODY_25 at 24 frames a second, `borders_s`, `movements`, `beats_s`) beside
NAME.ogg; the genre is the name's first letter. The movements of these dances are laid end to end on the beats, and a
join is always on one. So that a matcher cannot score by seeing joins, fragments begin at random within each hop, and
those with a join, or less than MASK_S from one, are learnt from but not tested on (--joins avoided). `masked`: joints
within MASK_S of a join are absent; a mask says where a join is all the same, and `alone` shows what a matcher reaches
that sees nothing else: a body that stands still, with masks. `seen`: all fragments as they are.

The same captured movement occurs in several dances. --split-movements learns from fragments of one half of the
movements alone, and tests on fragments of the other half.

--ceiling trains no matcher: the genres told (see `matcher_folds`), and beats: the song's beats are known as annotated,
a linear regression learns from the annotated beats of other dances to tell the phase of the beat from a fragment's
speeds, and a pair is scored by how well the two phases agree.
"""

import argparse
import zlib
from pathlib import Path

import numpy as np
import soundfile
import torch
from matcher_folds import FOLDS, Folded, Setting, ceiling, deal, read_settings, run_nested
from numpy.typing import NDArray
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from danceit_core.config import MusicSettings
from danceit_core.matcher.data import Pairs
from danceit_core.matcher.encoders import with_steps
from danceit_core.matcher.scores import roc_auc
from danceit_core.matcher.windows import Windows
from danceit_core.music.analyse import analyse_music
from danceit_core.music.columns import FEATURE_WIDTHS

FPS, MASK_S, DELAY_S = 24.0, 0.25, 3.0
PENALTY = 1000.0  # of the ridge, not tuned
MIXED = -1


class Dances:
    """All dances one after the other: keypoints (M, 25, 3), mask (M,), half of the movements (M,), beat phase (M,).

    known: features by their set, as far as they were computed.
    """

    def __init__(self, folder: Path, *, joins: str, known: dict[str, NDArray[np.float32]] | None = None) -> None:
        self.names = [path.stem for path in sorted(folder.glob("*.npz"))]
        self.folder, self.joins, self.known = folder, joins, {} if known is None else known
        parts = [self._read(folder / f"{name}.npz") for name in self.names]
        self.keypoints, self.mask, self.half, self.phase = (np.concatenate(part) for part in zip(*parts, strict=True))
        counts = [len(part[0]) for part in parts]
        self.first = np.concatenate([[0], np.cumsum(counts)])

    def _read(self, path: Path) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        with np.load(path) as archive:
            keypoints, borders_s = archive["keypoints"].astype(np.float32), archive["borders_s"]
            movements, beats_s = archive["movements"], archive["beats_s"]
        time_s = np.arange(len(keypoints)) / FPS
        mask = (np.abs(time_s[:, None] - borders_s) < MASK_S).any(axis=1)
        # C-4-1 and C-4-2 are one movement danced in two ways.
        halves = np.array([zlib.crc32(str(name).rpartition("-")[0].encode()) % 2 for name in movements])
        half = halves[np.clip(np.searchsorted(borders_s, time_s, side="right") - 1, 0, None)]
        phase = np.interp(time_s, beats_s, np.arange(len(beats_s))) % 1
        if self.joins == "alone":
            keypoints[:] = keypoints[np.flatnonzero((keypoints[..., 2] > 0).sum(axis=1) >= 15)[0]]
        if self.joins in ("masked", "alone"):
            keypoints[mask] = 0
        return keypoints, mask, half, phase

    def features(self, feature_set: str) -> NDArray[np.float32]:
        """Audio features (M, D) of all songs."""
        if feature_set in self.known:
            return self.known[feature_set]
        parts = []
        for name, count in zip(self.names, np.diff(self.first).tolist(), strict=True):
            samples, rate_hz = soundfile.read(self.folder / f"{name}.ogg", dtype="float32")
            settings = MusicSettings(features=feature_set)
            parts.append(
                analyse_music(samples, sample_rate_hz=rate_hz, fps=FPS, settings=settings, frames=count).features
            )
        self.known[feature_set] = np.concatenate(parts)
        return self.known[feature_set]

    def cut(self, *, seconds: float, hop_s: float, feature_set: str) -> Pairs:
        """Fragments that begin at random within each hop and show a body in most frames."""
        length, hop, rng = round(seconds * FPS), round(hop_s * FPS), np.random.default_rng(0)
        starts = []
        for first, end in zip(self.first[:-1], self.first[1:], strict=True):
            at = np.arange(first, end - length - hop, hop)
            starts.append(at + rng.integers(0, hop, len(at)))
        begin = np.concatenate(starts)
        inside = begin[:, None] + np.arange(length)
        seen = (self.keypoints[inside, :, 2] > 0).any(axis=2)
        keep = (seen | self.mask[inside]).all(axis=1) & (seen.sum(axis=1) >= length / 2)
        begin = begin[keep]
        video = np.searchsorted(self.first, begin, side="right") - 1
        about = {"fps": FPS, "seconds": seconds, "feature_set": feature_set}
        return Pairs(
            windows=Windows(self.keypoints, self.features(feature_set), length), starts=begin, video=video,
            group=video,  # each dance has a song of its own
            start_s=(begin - self.first[video]) / FPS, tempo_bpm=np.full(len(begin), np.nan),
            part=np.full(len(begin), "train"), about=about,
        )  # fmt: skip

    def without_join(self, pairs: Pairs) -> NDArray[np.bool_]:
        """Which fragments keep MASK_S away from all joins."""
        return ~self.mask[pairs.starts[:, None] + np.arange(pairs.windows.length)].any(axis=1)

    def halves(self, pairs: Pairs) -> NDArray[np.int64]:
        """Which half of the movements each fragment shows, MIXED for both."""
        shown = self.half[pairs.starts[:, None] + np.arange(pairs.windows.length)]
        return np.where((shown == shown[:, :1]).all(axis=1), shown[:, 0], MIXED)


def beats_told(dances: Dances, folded: Folded, fold: int) -> tuple[float, float]:
    """AUC delayed and AUC same genre of a pair scored by the phase of the beat (see the module)."""
    pairs, tested, learnt = folded.pairs, (folded.fold == fold) & folded.test, (folded.fold != fold) & folded.learn
    speed = []
    for some in np.array_split(np.arange(len(pairs)), 16):
        poses = pairs.take_poses(some)
        steps = with_steps(poses)[..., 3:].square().sum(dim=-1).sqrt()  # (B, F, 25)
        ankles = poses[:, :, [11, 14], 1]
        parts = [
            steps.mean(dim=2, keepdim=True),
            steps[:, :, [4, 7, 11, 14]],
            ankles - ankles.mean(dim=1, keepdim=True),
        ]
        speed.append(torch.cat(parts, dim=2).flatten(1))
    values = torch.cat(speed).numpy()
    turn = 2 * np.pi * dances.phase[pairs.starts]
    target = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    styles = folded.styles[pairs.group]
    told = np.zeros_like(target)
    for style in set(styles.tolist()):  # the genre is told as well
        learn, use = learnt & (styles == style), tested & (styles == style)
        if not use.any():
            continue
        model = make_pipeline(StandardScaler(), Ridge(alpha=PENALTY)).fit(values[learn], target[learn])
        told[use] = model.predict(values[use])
    score = told[tested] @ target[tested].T
    group, start_s = pairs.group[tested], pairs.start_s[tested]
    same = group[:, None] == group
    delayed = same & (np.abs(start_s[:, None] - start_s) >= DELAY_S)
    alike = (styles[tested][:, None] == styles[tested]) & ~same
    return roc_auc(-np.diag(score), -score[delayed]), roc_auc(-np.diag(score), -score[alike])


def print_ceilings(dances: Dances, make, settings: list[Setting]) -> None:
    """The table of what labels and annotated beats allow."""
    print("| fragments | AUC other genre, genres told | R@10 / chance, genre known | AUC delayed, beats told | "
          "AUC same genre, beats told |\n|---|---|---|---|---|")  # fmt: skip
    for setting in settings:
        folded = make(setting)
        found = [(*ceiling(folded, fold), *beats_told(dances, folded, fold)) for fold in range(FOLDS)]
        cells = zip(np.mean(found, axis=0), np.std(found, axis=0), strict=True)
        print(f"| {setting.seconds:g} s | " + " | ".join(f"{m:.3f} ± {d:.2g}" for m, d in cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of .npz and .ogg")
    parser.add_argument(
        "--try", dest="tried", nargs="*", default=[], metavar="KEY=VALUE,...", help="settings to choose of"
    )
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="of all settings")
    parser.add_argument("--hop", type=float, default=0.5, help="between fragments, seconds")
    parser.add_argument("--inner", type=int, default=2, choices=(2, 4), help="inner folds of each test fold")
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(FOLDS)), help="that are tested on")
    parser.add_argument("--joins", default="avoided", choices=("avoided", "masked", "alone", "seen"))
    parser.add_argument("--split-movements", action="store_true")
    parser.add_argument("--ceiling", action="store_true", help="what genres and beats allow, no matcher")
    given = parser.parse_args()
    torch.set_num_threads(1)
    settings = read_settings(given.tried, base=given.set)
    dances = Dances(given.data, joins=given.joins)
    folds, styles = deal(dances.names, style_of=lambda name: name[0]), np.array([name[0] for name in dances.names])

    def make(setting: Setting) -> Folded:
        assert setting.features in FEATURE_WIDTHS
        pairs = dances.cut(seconds=setting.seconds, hop_s=given.hop, feature_set=setting.features)
        fold = np.array([folds[name] for name in dances.names])[pairs.video]
        learn = test = np.ones(len(pairs), bool)
        if given.joins == "avoided":
            test = dances.without_join(pairs)
        if given.split_movements:
            half = dances.halves(pairs)
            learn, test = half == 0, test & (half == 1)
        return Folded(pairs, fold, styles, learn=learn, test=test)

    if given.ceiling:
        return print_ceilings(dances, make, settings)
    for setting in settings:
        made = make(setting)
        print(f"{setting.name}: {made.learn.sum()} fragments to learn from, {made.test.sum()} to test on", flush=True)
    run_nested(settings, make, inner=given.inner, folds=given.folds)
    return None


if __name__ == "__main__":
    main()
