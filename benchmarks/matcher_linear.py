"""Matching by plain statistics of dance and music, without a network: canonical correlation, ballroom dances, folds.

    python benchmarks/matcher_linear.py --data ballroom --joins avoided masked alone seen --seconds 1 2
    python benchmarks/matcher_linear.py --data ballroom --span 4 --seconds 1 2 4

statistics: the inputs of the default encoders besides their networks (means, deviations, the rhythm's strength by
frequency). pulse: real and imaginary parts of the spectrum of onset strengths and of the speeds and heights of body,
ankles, hands and head, each spectrum with unit energy: when something happens in the fragment. Both: concatenated. The
16 directions of highest correlation are the embedding, on the unit sphere. There are five folds; for folds, fragments
and --joins see `matcher_ballroom`.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from matcher_ballroom import DELAY_S, BeatDances
from matcher_folds import FOLDS, deal, spread
from numpy.typing import NDArray

from danceit_core.matcher.augment import feature_columns
from danceit_core.matcher.data import Pairs, measure_features
from danceit_core.matcher.encoders import AudioEncoder, PoseEncoder, with_steps
from danceit_core.matcher.scores import apart, match_ranks, roc_auc

SIZE, RIDGE, CHUNK = 16, 1.0, 256
# Lines of a spectrum over 4 s: 0.25 to 5.75 Hz.
FRAMES, BINS, LONGEST_STEP = 96, slice(1, 24), 4.0
KINDS = {"statistics": ("statistics",), "pulse": ("pulse",), "both": ("statistics", "pulse")}


def pulse(signals: torch.Tensor) -> torch.Tensor:
    """Real and imaginary parts of the spectra, each of unit energy, (B, F, S) to (B, 46 S)."""
    window = torch.hann_window(signals.shape[1] + 2)[1:-1, None]
    spectrum = torch.fft.rfft((signals - signals.mean(dim=1, keepdim=True)) * window, n=FRAMES, dim=1)[:, BINS]
    spectrum = spectrum / (spectrum.abs().square().sum(dim=1, keepdim=True) + 1e-3).sqrt()
    return torch.cat([spectrum.real, spectrum.imag], dim=1).flatten(1)


def describe(pairs: Pairs) -> dict[str, tuple[NDArray, NDArray]]:
    """Descriptors of dances and sounds, (N, C) each, of both kinds."""
    scale, size = measure_features(pairs), {"embedding_size": 1, "dropout": 0.0, "unit_length": True}
    audio, pose = AudioEncoder(feature_width=pairs.windows.feature_width, hidden_size=1, **size), PoseEncoder(**size)
    onset = feature_columns("rich")["onset"]
    found: dict[str, tuple[list, list]] = {"statistics": ([], []), "pulse": ([], [])}
    for some in np.array_split(np.arange(len(pairs)), max(1, len(pairs) // CHUNK)):
        poses, sounds = pairs.take_poses(some), pairs.take_sounds(some, scale=scale)
        speed = with_steps(poses)[..., 3:].square().sum(dim=-1).sqrt().clamp(max=LONGEST_STEP)  # (B, F, 25)
        body = [speed, speed[..., [11, 14]], speed[..., [4, 7]], poses[:, :, [11, 14], 1]]
        signals = torch.stack([*(part.mean(dim=2) for part in body), poses[:, :, 0, 1]], dim=2)
        for kind, danced, heard in (
            ("statistics", pose.describe(poses), audio.describe(sounds)),
            ("pulse", pulse(signals), pulse(sounds[..., onset])),
        ):
            found[kind][0].append(danced)
            found[kind][1].append(heard)
    return {kind: tuple(torch.cat(side).double().numpy() for side in sides) for kind, sides in found.items()}


def correlate(danced: NDArray, heard: NDArray) -> tuple[NDArray, NDArray]:
    """Directions of highest correlation of standardised numbers, weighted by it: (C, SIZE) and (C', SIZE)."""
    white = []
    for values in (danced, heard):
        power, axes = np.linalg.eigh(values.T @ values / len(values) + RIDGE * np.eye(values.shape[1]))
        white.append(axes / np.sqrt(power) @ axes.T)
    left, strength, right = np.linalg.svd(white[0] @ (danced.T @ heard / len(danced)) @ white[1], full_matrices=False)
    found = white[0] @ left[:, :SIZE], white[1] @ right.T[:, :SIZE]
    return tuple(
        axes / (values @ axes).std(axis=0) * strength[:SIZE]
        for axes, values in zip(found, (danced, heard), strict=True)
    )


def score(danced: NDArray, heard: NDArray, part: Pairs, styles: NDArray[np.str_]) -> tuple[float, ...]:
    """AUC other genre, same genre, delayed, and Recall@10 over chance."""
    danced, heard = (values / np.linalg.norm(values, axis=1, keepdims=True) for values in (danced, heard))
    away = -danced @ heard.T
    style, same = styles[part.group], part.group[:, None] == part.group
    delayed = away[same & (np.abs(part.start_s[:, None] - part.start_s) >= DELAY_S)]
    matching, alike = np.diag(away), style[:, None] == style
    alone = apart(part.video, part.start_s, seconds=part.seconds)
    recall = np.mean(match_ranks(danced[alone], heard[alone]) <= 10) * alone.sum() / 10
    others = away[~alike], away[alike & ~same], delayed
    return *(roc_auc(matching, other) for other in others), float(recall)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of .npz and .ogg")
    parser.add_argument("--seconds", type=float, nargs="+", default=[2.0], help="lengths of a fragment")
    parser.add_argument("--hop", type=float, default=0.5, help="distance between fragments, seconds")
    parser.add_argument("--span", type=float, default=0.0, help="see `matcher_ballroom`")
    parser.add_argument("--joins", nargs="+", default=["avoided"], choices=("avoided", "masked", "alone", "seen"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    print("| joins | seconds | numbers | tested on | AUC other genre | AUC same genre | AUC delayed | R@10 / chance |")
    print("|---" * 8 + "|")
    for joins in given.joins:
        dances = BeatDances(given.data, joins=joins, span_s=given.span)
        folds, styles = deal(dances.names, style_of=lambda name: name[0]), np.array([n[0] for n in dances.names])
        for seconds in given.seconds:
            pairs = dances.cut(seconds=seconds, hop_s=given.hop, feature_set="rich")
            fold = np.array([folds[name] for name in dances.names])[pairs.video]
            usable = dances.without_join(pairs) if joins == "avoided" else np.ones(len(pairs), bool)
            numbers = describe(pairs)
            for kind, parts in KINDS.items():
                danced, heard = (np.concatenate([numbers[part][side] for part in parts], axis=1) for side in (0, 1))
                rows = []
                for number in range(FOLDS):
                    learnt, tested = fold != number, (fold == number) & usable
                    sides = [
                        (values - values[learnt].mean(axis=0)) / (values[learnt].std(axis=0) + 1e-6)
                        for values in (danced, heard)
                    ]
                    axes = correlate(*(values[learnt] for values in sides))
                    projected = (values[tested] @ axis for values, axis in zip(sides, axes, strict=True))
                    rows.append(score(*projected, pairs.only(tested), styles))
                print(f"| {joins} | {seconds:g} | {kind} | {usable.sum()} | {spread(rows)} |", flush=True)


if __name__ == "__main__":
    main()
