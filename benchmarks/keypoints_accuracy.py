"""Accuracy of BlazePose's joints and outlines of a dancer from the front, the side, the back and while turning.

    python benchmarks/keypoints_accuracy.py --rows model=lite model=full model=heavy --seconds 8 --folder films
    python benchmarks/keypoints_accuracy.py --rows "mirror=none" "mirror=all" --folder films

Studio dancers, whose true joints and outlines are known, are rendered from the front, turned by 90, 180 and 270
degrees, and on a turntable (one turn in 4 s), 512 x 512 pixels; see `studio_films.py`. A row is a setting of the
detector: keys of `pose` in config.yaml, joined by commas. Joints are nose to ankles, visible or hidden. The columns are
explained in `danceit_core/evaluation/joints.py`: PCK counts joints within a tenth of the torso's length; errors are in
pixels; bias is each joint's mean displacement in one video; steps are the frame-to-frame error; lag is in frames,
positive = late. `--truth bones` uses the centres of the body's joints as truth, `labelled` the places used by human
annotators (`danceit_core/studio/dancer.py`). "Cleaned" is over the frames that cleaning keeps (PCK: joints of other
frames are misses). Frames per second are those of one core (CPU time, including decoding). Outlines (`--outlines`):
intersection over union and boundary F at 3 pixels, mean over frames.
"""

import argparse
import tempfile
import time
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from studio_films import TRUTHS, VIEWS, Film, film_clip
from studio_outlines import MAKERS, find_outlines

from danceit_core.assets import fetch_body_mesh, fetch_pose_weights
from danceit_core.config import CleaningSettings, PoseSettings
from danceit_core.evaluation.joints import distances, hits, lag_frames, step_errors, without_bias
from danceit_core.evaluation.outlines import compare_outlines
from danceit_core.pose.clean import clean_keypoints
from danceit_core.pose.detect import detect_keypoints
from danceit_core.pose.skeleton import HANDS, Keypoints, present, torso_length
from danceit_core.studio.cast import CLIPS
from danceit_core.studio.record import FPS, TARGET

SHARE = 0.1
GROUPS = {"dancers": [clip for clip in CLIPS if clip != TARGET], "target": [TARGET]}
STAGES = ("found", "cleaned")


@dataclass
class Found:
    """Results of one setting of the detector: (film, joints) of each stage, scores of outlines, seconds."""

    name: str
    settings: PoseSettings
    joints: dict[str, list[tuple[Film, Keypoints]]] = field(default_factory=lambda: {stage: [] for stage in STAGES})
    outlines: list[tuple[Film, NDArray[np.float64]]] = field(default_factory=list)
    kept: int = 0
    frames: int = 0
    worked_s: float = 0.0

    def look(self, film: Film, weights: Path, outlines: str | None) -> None:
        """Detect, clean and compare one film."""
        start_s = time.process_time()
        found = detect_keypoints(film.path, settings=self.settings, weights=weights)
        self.worked_s += time.process_time() - start_s
        cleaned = clean_keypoints(found.keypoints, fps=FPS, settings=CleaningSettings(), people=found.people)
        self.kept += int(cleaned.kept.sum())
        self.frames += len(film.view)
        self.joints["found"].append((film, found.keypoints))
        self.joints["cleaned"].append((film, np.where(cleaned.kept[:, None, None], cleaned.keypoints, 0)))
        if outlines:
            masks = find_outlines(outlines, film.path, cleaned.keypoints, settings=self.settings, weights=weights)
            self.outlines.append((film, compare_outlines(masks, film.outlines())))


def parse_row(text: str) -> tuple[str, PoseSettings]:
    """A row of the tables: "model=heavy,mirror=all" as its name and settings."""
    values = yaml.safe_load("{" + text.replace("=", ": ") + "}")
    known = {entry.name for entry in fields(PoseSettings)}
    if unknown := set(values) - known:
        raise SystemExit(f"--rows {text}: unknown key {', '.join(unknown)}; use keys of {', '.join(sorted(known))}")
    return text, replace(PoseSettings(), **values)


def pck_table(rows: list[Found], films: list[Film], truth: str) -> None:
    """Print the share of joints that are where they should be, by view, as found and cleaned."""
    counts = {view: sum(int((film.view == view).sum()) for film in films) for view in VIEWS}
    print(f"| PCK@{SHARE:g} of the torso | " + " | ".join(f"{view} ({counts[view]} frames)" for view in VIEWS) + " |")
    print("|---" * (len(VIEWS) + 1) + "|")
    paths = {film.path for film in films}
    for row in rows:
        for stage in STAGES:
            cells = []
            for view in VIEWS:
                right = [
                    hits(joints, film.truths[truth], share=SHARE)[film.view == view]
                    for film, joints in row.joints[stage]
                    if film.path in paths
                ]
                cells.append(f"{np.concatenate(right).mean():.3f}" if counts[view] else "-")
            print(f"| {row.name}, {stage} | " + " | ".join(cells) + " |")


def error_cells(videos: list[tuple[Film, Keypoints]], view: str | None, truth: str) -> list[str]:
    """Mean error, error without bias, wrists, steps and lag over the frames of one view; None: all views."""
    apart, moved, wrists, steps = [], [], [], []
    pairs = []
    for film, found in videos:
        true = film.truths[truth]
        # Bias is that of the whole video, for any view.
        there = film.view == view if view else np.full(len(found), True)
        shown = np.where(there[:, None, None], found, 0)
        apart.append(distances(shown, true).ravel())
        moved.append(without_bias(found, true)[there].ravel())
        wrists.append(distances(shown, true, joints=HANDS).ravel())
        steps.append(step_errors(shown, true).ravel())
        pairs.append((shown, true))
    means = [mean_known(values) for values in (apart, moved, wrists, steps)]
    return [*(f"{value:.2f}" for value in means), f"{lag_frames(pairs):+.2f}"]


def mean_known(parts: list[NDArray[np.float64]]) -> float:
    """Mean of the values that are not NaN; NaN if there are none."""
    values = np.concatenate(parts)
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def error_table(rows: list[Found], truth: str) -> None:
    """Print errors in pixels and lag, by group of clips and by view."""
    print("| | clips, view | mean error | less bias | wrists | steps | lag |")
    print("|---" * 7 + "|")
    parts = [(group, clips, None) for group, clips in GROUPS.items()] + [(view, list(CLIPS), view) for view in VIEWS]
    for row in rows:
        for stage in STAGES:
            for name, clips, view in [*parts, ("all", list(CLIPS), None)]:
                videos = [(film, found) for film, found in row.joints[stage] if film.clip in clips]
                if videos:
                    print(f"| {row.name}, {stage} | {name} | " + " | ".join(error_cells(videos, view, truth)) + " |")


def bias_table(rows: list[Found], truth: str) -> None:
    """Print the mean offset of each joint from its true place, x and y in torsos, by view."""
    joints = {"nose": [0], "neck": [1], "shoulders": [2, 5], "elbows": [3, 6], "wrists": [4, 7], "mid hip": [8],
              "hips": [9, 12], "knees": [10, 13], "ankles": [11, 14]}  # fmt: skip
    print("| mean offset x, y in torsos | " + " | ".join(VIEWS) + " |")
    print("|---" * (len(VIEWS) + 1) + "|")
    for row in rows:
        for name, numbers in joints.items():
            cells = []
            for view in VIEWS:
                parts = [
                    offsets(found, film.truths[truth], film.view == view)[:, numbers].reshape(-1, 2)
                    for film, found in row.joints["found"]
                ]
                x, y = np.nanmedian(np.concatenate(parts), axis=0)
                cells.append(f"{x:+.3f}, {y:+.3f}")
            print(f"| {row.name}: {name} | " + " | ".join(cells) + " |")


def offsets(found: Keypoints, true: Keypoints, there: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Found less true place (frames there, 25, 2) in torsos, NaN where absent."""
    apart = (found[there, :, :2] - true[there, :, :2]) / torso_length(true[there])[:, None, None]
    return np.where(present(found[there])[..., None], apart, np.nan)


def outline_table(rows: list[Found]) -> None:
    """Print intersection over union and boundary F by view."""
    print("| outlines: overlap / boundary F | clips | " + " | ".join(VIEWS) + " |")
    print("|---" * (len(VIEWS) + 2) + "|")
    for row in rows:
        for group, clips in {**GROUPS, "all": list(CLIPS)}.items():
            films = [(film, scores) for film, scores in row.outlines if film.clip in clips]
            if films:
                views, scores = np.concatenate([f.view for f, _ in films]), np.concatenate([s for _, s in films])
                means = [scores[views == view].mean(axis=0) for view in VIEWS]
                print(f"| {row.name} | {group} | " + " | ".join(f"{a:.3f} / {f:.3f}" for a, f in means) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", default=["model=lite", "model=full"], help="KEY=VALUE,... of pose")
    parser.add_argument("--clips", nargs="+", default=list(CLIPS), choices=list(CLIPS))
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each video")
    parser.add_argument("--truth", nargs="+", choices=list(TRUTHS), default=list(TRUTHS))
    parser.add_argument(
        "--folder", type=Path, help="folder to keep films for the next run; by default they are not kept"
    )
    parser.add_argument("--outlines", choices=list(MAKERS), help="also compare outlines, made in this way")
    parser.add_argument("--resources", type=Path, default=Path("resources"), help="folder of weights and mesh")
    arguments = parser.parse_args()
    mesh = fetch_body_mesh(arguments.resources / "body")
    rows = [Found(*parse_row(text)) for text in arguments.rows]
    films: list[Film] = []
    with tempfile.TemporaryDirectory() as scratch:
        for clip in arguments.clips:
            made = film_clip(clip, mesh=mesh, folder=arguments.folder or Path(scratch), seconds=arguments.seconds)
            for film in made:
                for row in rows:
                    weights = fetch_pose_weights(arguments.resources / "blazepose", model=row.settings.model)
                    row.look(film, weights, arguments.outlines)
            films += made
    for truth in arguments.truth:
        for group, clips in GROUPS.items():
            if chosen := [film for film in films if film.clip in clips]:
                print(f"\n{group}, truth: {truth}\n")
                pck_table(rows, chosen, truth)
        for table in (error_table, bias_table):
            print(f"\ntruth: {truth}\n")
            table(rows, truth)
    if arguments.outlines:
        print()
        outline_table(rows)
    print("\n| | frames kept by cleaning | frames/s a core |\n|---|---|---|")
    for row in rows:
        print(f"| {row.name} | {row.kept / row.frames:.1%} | {row.frames / row.worked_s:.1f} |")


if __name__ == "__main__":
    main()
