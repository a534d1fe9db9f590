"""Whether the cost of painting a pose (`imagination.recall.nearness`) predicts the picture, on frames of a target.

    python benchmarks/paintable_pictures.py --results results --target performer --sheet paintable.jpg

Frames of the target's own video are recalled, without training, from random other frames of it, none of them within a
second: from one, 3, 10, ... and all, so that the available poses are far and near. The finished draft is compared with
the real frame where either shows the person: PSNR. It prints the rank correlation of PSNR with the poses' costs, over
all drafts and among those of one frame, for several ways to sum the parts' distances; and PSNR by cost. The sheet shows
some frames with their drafts, the fewest lenders first, the real frame last.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata, spearmanr

from danceit_core.config import PoseGanSettings
from danceit_core.imagination.recall.casting import Casting
from danceit_core.imagination.recall.choose import APART_S
from danceit_core.imagination.recall.library import Lending, Shelf
from danceit_core.imagination.rendering.draft import TargetFiles, draft_dance, draft_lending
from danceit_core.imagination.target.view import Window
from danceit_core.media.letterbox import Picture
from danceit_core.media.picture import write_picture

LENDERS = (1, 3, 10, 40, 160)
EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2, 9.0)
# Where a draft differs this much from the empty room, it shows the person.
DRAWN_LEVELS = 12
# Height of a cell of the sheet, pixels.
SIDE = 300
Array = NDArray[np.float64]
# Ways to combine the parts' squared distances into one number.
SUMS = {
    "mean of roots": lambda squares: np.sqrt(squares).mean(-1),
    "mean of squares": lambda squares: squares.mean(-1),
    "worst part": lambda squares: squares.max(-1),
    "80th percentile of parts": lambda squares: np.quantile(squares, 0.8, axis=-1),
}


@dataclass(frozen=True)
class Truth:
    """Frames of the target: rows among its frames, and real pictures and outlines in the window of each."""

    rows: NDArray[np.int64]
    windows: list[Window]
    pictures: list[Picture]
    outlines: list[NDArray[np.uint8]]

    @classmethod
    def of(cls, shelf: Shelf, count: int) -> "Truth":
        """`count` frames of a target, evenly spread."""
        target = shelf.target
        rows = np.linspace(0, len(target.training) - 1, count).astype(int)
        windows = [shelf.view.place(pose, body_px=shelf.body_px) for pose in target.keypoints[rows]]
        numbers = target.film_numbers[rows]
        pictures, outlines = target.film.cuts(numbers, windows), target.film.outline_cuts(numbers, windows)
        return cls(rows, windows, list(pictures), list(outlines))


@dataclass(frozen=True)
class Draft:
    """A draft of one frame: its number of lenders, the squared distances of its parts, its PSNR, and its picture."""

    frame: int
    lenders: int
    squares: Array
    psnr: float
    cell: Picture


def drafts_of(shelf: Shelf, truth: Truth, count: int, rng: np.random.Generator) -> Iterator[Draft]:
    """Drafts of frames of the target, each made from `count` other frames."""
    target, lenders, rows = shelf.target, shelf.lenders, truth.rows
    far = np.abs(lenders.times_s - lenders.times_s[rows][:, None]) >= APART_S
    far &= rng.random(far.shape).argsort(1).argsort(1) < count
    distances = lenders.distances(target.keypoints[rows])
    squares = np.stack([np.where(far, distance, np.inf) for distance in distances], -1)  # (N, M, P)
    chosen, squares = squares.argmin(1), squares.min(1)
    drawn = np.flatnonzero(np.isfinite(squares).all(-1))
    casting = Casting(chosen[drawn], chosen[drawn], np.zeros(chosen[drawn].shape, np.float32))
    about = {"size": target.size, "corners": np.zeros((len(drawn), 2), np.float32), "device": torch.device("cpu")}
    pictures = draft_dance(target.keypoints[rows[drawn]], Lending(shelf, casting), **about)
    for number, picture in zip(drawn, pictures, strict=True):
        window = truth.windows[number]
        cut = picture[window.slices]
        made, wanted, room = (p.astype(float) for p in (cut, truth.pictures[number], target.plate[window.slices]))
        person = (truth.outlines[number] > 127) | (np.abs(made - room).max(-1) > DRAWN_LEVELS)
        psnr = 10 * np.log10(255**2 / max(np.square(made - wanted).mean(-1)[person].mean(), 1e-6))
        yield Draft(int(rows[number]), count, squares[number].astype(float), float(psnr), cell_of(cut))


def cell_of(cut: Picture) -> Picture:
    """A window, shrunk to a cell of the sheet."""
    return cv2.resize(cut, (round(SIDE * cut.shape[1] / cut.shape[0]), SIDE), interpolation=cv2.INTER_AREA)


def within(values: Array, frames: NDArray[np.int64]) -> Array:
    """Ranks of values, minus their mean over the drafts of the same frame."""
    ranks = rankdata(values)
    number = np.unique(frames, return_inverse=True)[1]
    return ranks - (np.bincount(number, ranks) / np.bincount(number))[number]


def sheet(drafts: list[Draft], truth: Truth, *, count: int) -> Picture:
    """Rows of some frames: their drafts, those with the fewest lenders first, and the real frame."""
    rows = []
    for number in np.linspace(0, len(truth.rows) - 1, count + 2).astype(int)[1:-1]:
        of_frame = sorted((d for d in drafts if d.frame == truth.rows[number]), key=lambda d: d.lenders)
        cells = [(d.cell, f"{np.sqrt(d.squares).mean():.2f}") for d in of_frame]
        cells = [*cells, (cell_of(truth.pictures[number]), "real")][-len(LENDERS) - 1 :]
        named = [cv2.putText(c.copy(), t, (8, 26), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 2) for c, t in cells]
        rows.append(np.concatenate(named, 1))
    narrowest = min(row.shape[1] for row in rows)
    return np.concatenate([row[:, -narrowest:] for row in rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--frames", type=int, default=80)
    parser.add_argument("--sheet", type=Path)
    args = parser.parse_args()
    named = [args.results / folder for folder in ("frames", "camera", "plates", "outlines")]
    ends = (".mp4", ".parquet", ".png", ".mkv")
    files = TargetFiles(*(folder / f"{args.target}{end}" for folder, end in zip(named, ends, strict=True)))
    target = files.read(PoseGanSettings())
    shelf = draft_lending(target, target.keypoints[:1], fps=target.fps).shelf
    truth = Truth.of(shelf, args.frames)
    rng, drafts = np.random.default_rng(0), []
    for count in (*LENDERS, len(target.training)):
        drafts += list(drafts_of(shelf, truth, count, rng))
        mean = np.mean([(np.sqrt(d.squares).mean(), d.psnr) for d in drafts if d.lenders == count], axis=0)
        print(f"{count} lenders: cost {mean[0]:.2f}, PSNR {mean[1]:.2f}", flush=True)
    squares, psnr = np.array([d.squares for d in drafts]), np.array([d.psnr for d in drafts])
    frames = np.array([d.frame for d in drafts])
    print("\n| | rank correlation | of one frame's drafts |\n|---|---|---|")
    for name, add in SUMS.items():
        alone = np.corrcoef(within(add(squares), frames), within(psnr, frames))[0, 1]
        print(f"| {name} | {spearmanr(add(squares), psnr)[0]:.2f} | {alone:.2f} |")
    cost = SUMS["mean of roots"](squares)
    print("\n| cost | drafts | PSNR |\n|---|---|---|")
    for low, high in pairwise(EDGES):
        if (inside := (cost >= low) & (cost < high)).any():
            print(f"| {low:g} to {high:g} | {inside.sum()} | {psnr[inside].mean():.1f} |")
    if args.sheet:
        write_picture(args.sheet, sheet(drafts, truth, count=4))


if __name__ == "__main__":
    main()
