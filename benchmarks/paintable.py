"""Cost in match, beats and seams of a weight on poses that can be painted (`retrieval.paintable_weight`).

    python benchmarks/paintable.py --results results --target performer --songs new_song
    python benchmarks/paintable.py --results results --target performer --dances aistpp_pop.npz

The first reads the results of `snakemake -- results/poses/TARGET/SONG.parquet`: the project's fragments, matched to its
songs by its matcher. The second uses real dances instead: an .npz of arrays (T, 25, 3) of BODY_25 keypoints at 24
frames per second, every second dance by name. Both also dance to even beats (random matches with a fixed seed).
`--shown` reduces the target's video to its first seconds, or to one frame seen from the front (`photo`).

Rank: share of the fragments whose music is nearer than that of the chosen ones, for songs with a matcher. S_BA: speed
minimum within a frame of the beat. Seams: share with more jerk than the 99th percentile of the dances. Cost: that of
the frames of the finished dance (`imagination.recall.nearness`), mean and 90th percentile; near: share of them up to
`choreography.paintable.NEAR`. Changed: clips that dance a different fragment than with the first weight.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import spearmanr

from danceit_core.choreography.align import Source
from danceit_core.choreography.costs import signed_width
from danceit_core.choreography.layout import lay_song
from danceit_core.choreography.library import Library
from danceit_core.choreography.matches import Matches
from danceit_core.choreography.movements import read_movements
from danceit_core.choreography.paintable import NEAR, FrameCosts, PoseCosts
from danceit_core.choreography.song import embed_slots, search_slots
from danceit_core.config import RetrievalSettings, SpatialSettings, TemporalSettings
from danceit_core.database.table import read_database
from danceit_core.evaluation import trial
from danceit_core.evaluation.scorecard import Yardstick, measure_real, score_beats, score_motion
from danceit_core.evaluation.trial import Song, Trial, Variant, beat_grid, make_trial, random_matches
from danceit_core.imagination.recall.casting import choose_for_dance
from danceit_core.imagination.recall.nearness import Shown
from danceit_core.matcher.index import read_index
from danceit_core.matcher.model import load_matcher
from danceit_core.music.table import read_music_table
from danceit_core.pose.measure import measure_body
from danceit_core.pose.passages import kept_frames
from danceit_core.pose.skeleton import present
from danceit_core.pose.table import PoseTable, read_pose_table

FPS, FRAGMENT_S, HOP_S = 24.0, 2.0, 0.5
TEMPI = (60, 75, 90, 105, 120, 135, 150, 180)
COLUMNS = ("weight", "rank", "S_BA", "seams", "jerk", "speed", "flips", "cost", "cost p90", "near", "changed")


@dataclass(frozen=True)
class Material:
    """Dances, their fragments, and the matcher's choices for songs by name."""

    sources: Mapping[str, Source]
    library: Library
    songs: Sequence[Song]
    matches: Mapping[str, Matches]


def of_project(results: Path, songs: Sequence[str], seconds: float) -> Material:
    """The fragments of a finished project and its songs."""
    folder = f"{FRAGMENT_S:g}s"
    database = read_database(results / "database" / f"{folder}.parquet")
    matcher = load_matcher(results / "matcher" / folder / "matcher.pt", device=torch.device("cpu"))
    index = read_index(results / "matcher" / folder / "index.json", database=database)
    known, matches, library = [], {}, Library.of(database)
    for name in songs:
        music = read_music_table(results / "music" / f"{name}.parquet")
        queries = embed_slots(music, lay_song(music, library)[0], matcher=matcher)
        matches[name] = search_slots(queries, index=index, count=len(index))
        known.append(trial.song_of(name, music))
    return Material(read_movements(database.frames), library, [*known, *grids(seconds)], matches)


def of_archive(path: Path, seconds: float) -> Material:
    """The fragments of real dances, without a matcher."""
    with np.load(path) as archive:
        dances = {name: archive[name].astype(np.float32) for name in sorted(archive.files)[1::2]}
    sources = {name: Source(dance, np.ones(len(dance), bool)) for name, dance in dances.items()}
    tempi = dict.fromkeys(sources, float("nan"))
    library = trial.library_of(sources, seconds=FRAGMENT_S, hop_s=HOP_S, fps=FPS, tempo_bpm=tempi)
    return Material(sources, library, grids(seconds), {})


def grids(seconds: float) -> list[Song]:
    """Songs of bare beats."""
    return [beat_grid(tempo, seconds=seconds, fps=FPS) for tempo in TEMPI]


def shown_part(target: PoseTable, which: str) -> PoseTable:
    """All of a target's video, its first seconds, or the frame that faces the camera most."""
    if which == "all":
        return target
    kept = kept_frames(target)
    if which == "photo":
        widths = signed_width(np.where(target.keypoints[..., 2:] > 0, target.keypoints[..., :2], np.nan))
        rows = np.array([int(np.nanargmax(np.where(kept, widths, np.nan)))])
    else:
        rows = np.arange(round(float(which) * target.fps))
    columns = {name: values[rows] for name, values in target.columns.items()}
    return PoseTable(target.keypoints[rows], target.metadata, columns)


def each_frame(library: Library, cost_of: Callable[[str], NDArray]) -> NDArray[np.float64]:
    """A number for each of the M frames of the library, from the numbers of each dance by its name."""
    return np.concatenate([cost_of(name) for name in library.dances.name])


def priced(material: Material, shown: Shown) -> Library:
    """The library with the cost of painting each of its frames."""
    library, dances = material.library, material.library.dances
    poses = {name: source.keypoints for name, source in material.sources.items()}
    cost = each_frame(
        library, lambda name: shown.costs_of_dance(poses[name], fps=FPS, rows=np.arange(len(poses[name])))
    )
    rows, first = np.arange(len(cost), dtype=float), dances.first_row.astype(float)
    return replace(library, painting=FrameCosts(dances, [(rows, cost, first, np.append(first[1:], len(cost)) - 1)]))


def rank_of(plan_ids: NDArray, library: Library, matches: Matches) -> float:
    """Share of the fragments that are nearer to each clip's music than the chosen one, mean over clips."""
    places = [
        int(np.flatnonzero(rows == library.row_of(str(name)))[0])
        for name, rows in zip(plan_ids, matches.rows, strict=True)
    ]
    return float(np.mean(places)) / len(library)


def score(
    trials: Sequence[Trial], material: Material, shown: Shown, real: Yardstick, first: Sequence[Trial]
) -> Iterator[float]:
    """The cells of a row, without the weight."""
    named = [t for t in trials if t.song.name in material.matches]
    ranks = [rank_of(t.plan.fragment_id, material.library, material.matches[t.song.name]) for t in named]
    yield float(np.mean(ranks)) if ranks else float("nan")
    yield score_beats([t.dance.keypoints for t in trials], [t.song for t in trials], fps=FPS, seed=0)["s_ba_min_1"]
    motion = score_motion(trials, material.sources, real, fps=FPS)
    yield from (motion[key] for key in ("seam_share", "jerk_own", "speed_ratio", "flips"))
    dances = [t.dance.keypoints for t in trials]
    cost = np.concatenate([shown.costs_of_dance(d, fps=FPS, rows=np.arange(len(d))) for d in dances])
    yield from (float(cost.mean()), float(np.quantile(cost, 0.9)), float((cost <= NEAR).mean()))
    pairs = zip(trials, first, strict=True)
    yield float(np.concatenate([a.plan.fragment_id != b.plan.fragment_id for a, b in pairs]).mean())


def foretold(material: Material, shown: Shown, library: Library) -> float:
    """Rank correlation of fragments' costs with the costs of casting them: the lenders' distances in the painter."""

    def paid_by(name: str) -> NDArray[np.float64]:
        source = material.sources[name]
        scale = np.array([shown.height_px / measure_body(source.keypoints[source.kept]).height_px] * 2 + [1])
        absent = tuple(np.flatnonzero(~present(source.keypoints).any(0)).tolist())
        lenders, poses = shown.lenders(absent), (source.keypoints * scale).astype(np.float32)
        rows = choose_for_dance(lenders, poses, fps=FPS)
        distances = [d[np.arange(len(d)), rows[:, part]] for part, d in enumerate(lenders.distances(poses))]
        return np.sqrt(distances).mean(0)

    paid = each_frame(library, paid_by)
    at = library.first[:, None] + np.arange(library.frames)
    return float(spearmanr(library.painting.at(at).mean(1), paid[at].mean(1))[0])


def draw(rows: NDArray[np.float64], title: str) -> Figure:
    """Draw cost and nearness of the dance, beats and rank against the weight."""
    mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure = Figure(figsize=(8, 2.9), layout="constrained")
    figure.suptitle(title)
    column = {name: rows[:, k] for k, name in enumerate(COLUMNS)}
    panels = {
        "distance from the target's poses": ("cost", "cost p90"),
        "share of frames": ("near", "changed"),
        "beats, seams, match": ("S_BA", "seams", "rank"),
    }
    for axes, (label, names) in zip(figure.subplots(1, 3), panels.items(), strict=True):
        for name in names:
            if not np.isnan(column[name]).all():
                axes.plot(np.arange(len(rows)), column[name], "o-", label=name)
        axes.set(xticks=np.arange(len(rows)), xlabel="paintable_weight", title=label, ylim=(0, None))
        axes.set_xticklabels([f"{weight:g}" for weight in column["weight"]])
        axes.legend(frameon=False)
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--songs", nargs="*", default=[], help="songs of the project to dance to")
    parser.add_argument("--dances", type=Path, help="use real dances (.npz) instead of the project's")
    parser.add_argument(
        "--shown", default="all", help="used part of the target's video: all, photo, or its first seconds"
    )
    parser.add_argument("--weights", type=float, nargs="+", default=[0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0])
    parser.add_argument("--seconds", type=float, default=30.0, help="length of the songs of bare beats")
    parser.add_argument("--picture", type=Path, help="picture file for the curve")
    args = parser.parse_args()
    target = read_pose_table(args.results / "camera" / f"{args.target}.parquet")
    shown = Shown.of(shown_part(target, args.shown))
    if shown is None:
        raise SystemExit("the target's video never shows the whole body; film the person from head to feet")
    if args.dances:
        material = of_archive(args.dances, args.seconds)
    else:
        material = of_project(args.results, args.songs, args.seconds)
    library = priced(material, shown)
    _, cost, *_ = library.painting.known[0]
    near = PoseCosts.of("", 0, frame=np.arange(len(cost)), cost=cost).near_share
    real = measure_real([s.keypoints[s.kept] for s in material.sources.values()], fps=FPS, rng=np.random.default_rng(0))
    print(f"{len(material.sources)} dances, {len(library)} fragments; near to what is shown: {near:.0%}; "
          f"rank correlation of fragments' costs with casting: {foretold(material, shown, library):.2f}\n")  # fmt: skip
    print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|", flush=True)
    rows, first = [], []
    for weight in args.weights:
        settings = RetrievalSettings(paintable_weight=weight)
        variant = Variant(f"{weight:g}", settings, SpatialSettings(), TemporalSettings())
        trials = []
        for song in material.songs:
            matches = material.matches.get(song.name) or random_matches(library, song, fps=FPS, seed=0)
            trials.append(make_trial(song, library, material.sources, matches, variant=variant, fps=FPS, seed=0))
        first = first or trials
        rows.append([weight, *score(trials, material, shown, real, first)])
        print("| " + " | ".join(f"{value:.3g}" for value in rows[-1]) + " |", flush=True)
    if args.picture:
        what = args.dances.stem if args.dances else "the project's dances"
        draw(np.array(rows), f"{what}; of {args.target} shown: {args.shown}").savefig(args.picture, dpi=110)


if __name__ == "__main__":
    main()
