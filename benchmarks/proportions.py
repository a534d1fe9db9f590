"""Bone-wise proportions (`choreography.proportions`) against one scale for the skeleton; measurement of bone lengths.

    python benchmarks/proportions.py --results results --target performer --song new_song
    python benchmarks/proportions.py --dances aistpp_pop.npz --targets 12
    python benchmarks/proportions.py --lengths FOLDER

The first dances the plan of a finished run. The second dances to beat grids with random matches, from every second
dance by name (.npz of arrays (T, 25, 3) at 24 frames per second), by people of the other half. `bones`: length of each
of the body's eight bones in the finished dance over the target's (95th percentiles), as mean distance from 1, and the
worst of them; `within 5 %`: share of them. `face, feet`: the same mean for their bones. `height`: nose to ankles over
the target's. `touching`: for a wrist within a quarter of a torso length of the other wrist, the head, a hip or a knee
in the scaled dance, the change of this distance, in torso lengths, before the alignment to the beats.

The third compares lengths measured in pictures with those of the same bodies in space, for each percentile: FOLDER
holds .npz files with `keypoints` (T, 25, 3) and `joints3d` (T, 25, 3). Error: that of the logarithm of the ratio of two
dancers' lengths, each relative to the height, root mean square over bones and pairs.
"""

import argparse
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.align import Source, align, join
from danceit_core.choreography.floor import Floor, floor_of
from danceit_core.choreography.movements import movements_of
from danceit_core.choreography.plan import Plan, read_plan
from danceit_core.choreography.proportions import BONES, NAMES, measure_lengths
from danceit_core.choreography.reshape import ARMS, TOUCHED, TOUCHING
from danceit_core.config import RetrievalSettings, SpatialSettings, TemporalSettings
from danceit_core.database.frames import open_frames
from danceit_core.evaluation.beats import beat_scores
from danceit_core.evaluation.motion import motion_scores
from danceit_core.evaluation.trial import Variant, beat_grid, library_of, make_trial, random_matches
from danceit_core.music.table import read_music_table
from danceit_core.pose.measure import measure_body
from danceit_core.pose.table import PoseTable, read_pose_table

FPS, FRAGMENT_S, HOP_S = 24.0, 2.0, 0.5
TEMPI, SECONDS = (90, 120), 60.0
BODY_BONES = 8
PERCENTILES = (50, 75, 90, 95, 98, 100)
STRETCHES = (24, 72, 240, 10**6)
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Job:
    """A dance to make: its plan, its dancer, its beats."""

    plan: Plan
    sources: Mapping[str, Source]
    floor: Floor
    beats_s: Array
    fps: float

    def scores(self, *, own: bool) -> dict[str, float]:
        """All scores of the finished dance."""
        spatial = replace(SpatialSettings(), own_proportions=own)
        made = align(
            self.plan, self.sources, **self.floor.place, beats_s=self.beats_s, fps=self.fps, spatial=spatial,
            temporal=TemporalSettings(),
        )  # fmt: skip
        return {
            **bone_scores(made.keypoints, self.floor),
            "touching": self.touching(spatial),
            **motion_scores(made.keypoints, fps=self.fps, seams=made.seams),
            **beat_scores(made.keypoints, self.beats_s, fps=self.fps, rng=np.random.default_rng(0)),
        }

    def touching(self, spatial: SpatialSettings) -> float:
        """How much nearer or farther touching hands are than in the scaled dance, torso lengths."""
        place: dict[str, Any] = self.floor.place | {"fps": self.fps}
        scaled = join(self.plan, self.sources, **place, spatial=replace(spatial, own_proportions=False))
        own = join(self.plan, self.sources, **place, spatial=spatial)
        changes = []
        for _, _, wrist, other in ARMS:
            for joint in (other, *TOUCHED):
                before, after = (np.linalg.norm(d[:, wrist, :2] - d[:, joint, :2], axis=-1) for d in (scaled, own))
                near = before < TOUCHING * self.floor.body.torso_px
                changes.append(np.abs(after - before)[near] / self.floor.body.torso_px)
        return float(np.concatenate(changes).mean())


def bone_scores(keypoints: NDArray[np.float32], floor: Floor) -> dict[str, float]:
    """How far the bones of a finished dance are from the target's."""
    ratios = measure_lengths(keypoints).px / floor.lengths.px
    off = np.abs(ratios - 1)
    each = dict(zip(NAMES, ratios, strict=True))
    return {
        "bones": off[:BODY_BONES].mean(),
        "worst": off[:BODY_BONES].max(),
        "within": (off[:BODY_BONES] <= 0.05).mean(),
        "face, feet": np.nanmean(off[BODY_BONES:]),
        "height": measure_body(keypoints).height_px / floor.body.height_px,
        **{f"bone {name}": ratio for name, ratio in each.items()},
    }


SHOWN = {
    "bones": "bones off", "worst": "worst bone off", "within": "within 5 %", "face, feet": "face, feet off",
    "height": "height", "touching": "touching off", "foot_sliding": "sliding", "s_ba_min_0": "S_BA min 0",
    "s_ba_min_1": "S_BA min 1", "beat_align_music": "BAS", "jerk_mean": "jerk", "seam_jerk_median": "jerk at seams",
    "mean_speed": "speed", "frozen_share": "frozen",
}  # fmt: skip


def show(jobs: list[Job]) -> None:
    """Print both tables: means over the jobs, and bone by bone."""
    rows = {own: [job.scores(own=own) for job in jobs] for own in (False, True)}
    print(f"{len(jobs)} dances\n\n| | " + " | ".join(SHOWN.values()) + " |\n" + "|---" * (len(SHOWN) + 1) + "|")
    for own, scores in rows.items():
        cells = [f"{np.nanmean([score[key] for score in scores]):.3f}" for key in SHOWN]
        print(f"| {'own proportions' if own else 'one scale'} | " + " | ".join(cells) + " |")
    print("\n| | " + " | ".join(NAMES) + " |\n" + "|---" * (len(NAMES) + 1) + "|")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a bone that no dancer shows
        for own, scores in rows.items():
            off = [[abs(score[f"bone {name}"] - 1) for score in scores] for name in NAMES]
            cells = [f"{100 * np.nanmean(values):.1f} / {100 * np.nanmax(values):.1f}" for values in off]
            print(f"| {'own' if own else 'scaled'}: mean, worst off, % | " + " | ".join(cells) + " |")


def finished(results: Path, target: str, song: str) -> Job:
    """The dance of a finished run."""
    music = read_music_table(results / "music" / f"{song}.parquet")
    plan = read_plan(results / "choreography" / f"{song}.parquet")
    return Job(
        plan,
        movements_of(plan, open_frames(results / "database")),
        floor_of(read_pose_table(results / "camera" / f"{target}.parquet"), camera="still"),
        music.beats.times_s,
        music.fps,
    )


def of_dances(dances: dict[str, NDArray[np.float32]], *, count: int) -> Iterator[Job]:
    """Dances of every second dancer, danced by `count` of the others."""
    names = sorted(dances)
    sources = {name: Source(dances[name], np.ones(len(dances[name]), bool)) for name in names[::2]}
    library = library_of(sources, seconds=FRAGMENT_S, hop_s=HOP_S, fps=FPS, tempo_bpm=dict.fromkeys(sources, np.nan))
    variant = Variant("default", RetrievalSettings(), SpatialSettings(), TemporalSettings())
    others = names[1::2]
    for name in others[:: max(1, len(others) // count)][:count]:
        about = {"fps": FPS, "width": 512, "height": 512}
        floor = floor_of(PoseTable(dances[name], about, {}), camera="still")
        for tempo in TEMPI:
            song = replace(beat_grid(tempo, seconds=SECONDS, fps=FPS), name=f"{name} {tempo}")
            matches = random_matches(library, song, fps=FPS, seed=0)
            plan = make_trial(song, library, sources, matches, variant=variant, fps=FPS, seed=0).plan
            yield Job(plan, sources, floor, song.beats_s, FPS)


def show_lengths(folder: Path) -> None:
    """Print the table of percentiles."""
    dances = [np.load(path) for path in sorted(folder.glob("*.npz"))]
    truth = np.array([true_lengths(dance["joints3d"].astype(float)) for dance in dances])
    pairs = list(combinations(range(len(dances)), 2))
    alone = np.sqrt(np.nanmean([(truth[a] - truth[b]) ** 2 for a, b in pairs]))
    print(f"one scale: {alone:.3f}\n")
    print("| frames | " + " | ".join(f"{p}" for p in PERCENTILES) + " |\n" + "|---" * (len(PERCENTILES) + 1) + "|")
    rng = np.random.default_rng(0)
    for frames in STRETCHES:
        seen = []
        for dance in dances:
            whole = dance["keypoints"].astype(float)
            first = rng.integers(0, max(1, len(whole) - frames))
            seen.append(seen_lengths(whole[first : first + frames]))
        errors = np.array([np.array(seen[a]) - seen[b] - (truth[a] - truth[b])[:, None] for a, b in pairs])
        rms = np.sqrt(np.nanmean(errors**2, axis=(0, 1)))
        print(f"| {frames if frames < 10**6 else 'all'} | " + " | ".join(f"{value:.3f}" for value in rms) + " |")


def true_lengths(joints: Array) -> Array:
    """Logarithms of the lengths of the body's bones (8,) in space relative to the sum from nose to ankles."""
    spans = [
        np.nanmedian(np.linalg.norm(joints[:, a] - joints[:, b], axis=-1))
        for (a, b), *_ in list(BONES.values())[:BODY_BONES]
    ]
    lengths = np.array(spans)
    return np.log(lengths / lengths[[0, 5, 6, 7]].sum())


def seen_lengths(keypoints: Array) -> Array:
    """Logarithms of the lengths of the body's bones (8, percentiles) in pictures relative to the height there."""
    height = measure_body(keypoints).height_px
    seen = keypoints[..., 2] > 0
    rows = []
    for sides in list(BONES.values())[:BODY_BONES]:
        spans = [np.linalg.norm(keypoints[:, a, :2] - keypoints[:, b, :2], axis=-1)[seen[:, a] & seen[:, b]]
                 for a, b in sides]  # fmt: skip
        together = np.concatenate(spans)
        rows.append(np.percentile(together, PERCENTILES) if len(together) else np.full(len(PERCENTILES), np.nan))
    return np.log(np.array(rows) / height)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, help="results of a finished run")
    parser.add_argument("--target", default="performer")
    parser.add_argument("--song", default="new_song")
    parser.add_argument("--dances", type=Path, help=".npz of real dances")
    parser.add_argument("--targets", type=int, default=12, help="how many of them are targets")
    parser.add_argument("--lengths", type=Path, help="folder of .npz files of dances in space")
    arguments = parser.parse_args()
    if arguments.results:
        show([finished(arguments.results, arguments.target, arguments.song)])
    if arguments.dances:
        with np.load(arguments.dances) as archive:
            dances = {name: archive[name].astype(np.float32) for name in archive.files}
        show(list(of_dances(dances, count=arguments.targets)))
    if arguments.lengths:
        show_lengths(arguments.lengths)


if __name__ == "__main__":
    main()
