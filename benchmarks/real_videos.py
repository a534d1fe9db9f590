"""Your own videos through ingest, keypoints and cleaning: a table of kept frames and reasons, and pages to look at.

    python benchmarks/real_videos.py VIDEO... --folder FOLDER [--compare VIDEO KEYPOINTS]

For each video it writes NAME.png (the page of the report) and NAME_skeletons.png (24 frames with their cleaned
skeletons) to FOLDER. --compare compares the joints found in a video with keypoints of the same video from another
detector (OpenPose's JSON as a folder or zip): mean distance by joint.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from danceit_core.assets import fetch_pose_weights
from danceit_core.config import CleaningSettings, PoseSettings, VideoSettings
from danceit_core.errors import PoseError
from danceit_core.evaluation.cleaning_page import draw_cleaning, kept_jitter
from danceit_core.media.picture import write_picture
from danceit_core.media.source import SourceReport, ingest_video
from danceit_core.media.video import probe, read_frames
from danceit_core.pose.clean import clean_table
from danceit_core.pose.draw import contact_sheet, draw_skeleton
from danceit_core.pose.extract import extract_keypoints
from danceit_core.pose.imported import import_keypoints
from danceit_core.pose.rejection import count_reasons
from danceit_core.pose.skeleton import JOINT_NAMES, present, torso_length
from danceit_core.pose.table import PoseTable

VIDEO = VideoSettings()
SKELETONS = 24


@dataclass(frozen=True)
class Look:
    """How videos are processed. folder: frame stores and pages; is_target: as target people."""

    folder: Path
    weights: Path
    model: str
    is_target: bool


def find_joints(video: Path, look: Look) -> tuple[PoseTable, SourceReport, list[float]]:
    """Keypoint table and source report of a video; frames per second of ingest and of detection."""
    store = look.folder / f"{video.stem}.mp4"
    start_s = time.perf_counter()
    report = ingest_video(video, store, settings=VIDEO, tolerant=True)
    ingested_s = time.perf_counter()
    settings = PoseSettings(model=look.model)
    try:
        table = extract_keypoints(
            store, report=report, settings=settings, weights=look.weights, is_target=look.is_target
        )
    except PoseError as error:
        raise SystemExit(f"error: as a target, {error}") from error
    done_s = time.perf_counter()
    return table, report, [report.frames / (ingested_s - start_s), report.frames / (done_s - ingested_s)]


def describe(video: Path, look: Look) -> str:
    """A row of the table; draws the pages."""
    raw, report, rates = find_joints(video, look)
    folder = look.folder
    cleaned = clean_table(raw, settings=CleaningSettings(), name=video.stem, tolerant=True)
    store = folder / f"{video.stem}.mp4"
    draw_cleaning(raw, cleaned, folder / f"{video.stem}.png", name=video.stem, frames_path=store)
    reason = np.asarray(cleaned.columns["reason"], str)
    if len(cleaned):
        shown = np.linspace(0, len(cleaned) - 1, SKELETONS).round().astype(int)
        pictures = [
            draw_skeleton(picture, cleaned.keypoints[frame])
            for frame, picture in zip(shown, read_frames(store, shown), strict=True)
        ]
        write_picture(folder / f"{video.stem}_skeletons.png", contact_sheet(pictures, columns=6, width=1800))
    reasons = ", ".join(f"{code} {count}" for code, count in count_reasons(reason).items()) or "-"
    cells = (
        video.stem, f"{report.width} x {report.height}", f"{report.fps:.2f}", report.frames,
        f"{(reason == '').mean():.1%}" if len(reason) else "refused", reasons, len(report.cuts),
        int((raw.columns["people"] > 1).sum()) if "people" in raw.columns else "-",
        f"{kept_jitter(raw.keypoints, cleaned):.0f} / {kept_jitter(cleaned.keypoints, cleaned):.0f}",
        *(f"{rate:.0f}" for rate in rates),
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def compare(video: Path, keypoints: Path, look: Look) -> None:
    """Print the mean distance by joint between a detector's keypoints and those found here, in torsos, and its parts.

    Offset: the mean difference along the axes of the picture.
    """
    ours, report, _ = find_joints(video, look)
    info = probe(video)
    row = {"fps": str(info.fps), "width": str(report.width), "height": str(report.height), "camera": ""}
    theirs = import_keypoints(keypoints, row=row, fps=VIDEO.fps, size=VIDEO.size, tolerant=False)
    frames = min(len(ours), len(theirs))
    a, b = ours.keypoints[:frames], theirs.keypoints[:frames]
    torso_px = float(np.nanmedian(torso_length(b)))
    both = present(a) & present(b)
    apart = np.where(both[..., None], (a - b)[..., :2] / torso_px, np.nan)
    print(f"\n{video.stem}: {frames} frames, torso {torso_px:.0f} px\n")
    print("| joint | frames | mean distance (torsos) | median | mean offset x, y |")
    print("|---|---|---|---|---|")
    for joint, name in enumerate(JOINT_NAMES):
        seen = both[:, joint]
        if seen.any():
            offset, distance = apart[seen, joint], np.linalg.norm(apart[seen, joint], axis=-1)
            x, y = offset.mean(axis=0)
            print(f"| {name} | {seen.sum()} | {distance.mean():.3f} | {np.median(distance):.3f} | {x:+.3f}, {y:+.3f} |")
    print(f"| all | {frames} | {np.nanmean(np.linalg.norm(apart, axis=-1)):.3f} | | |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="*", type=Path)
    parser.add_argument("--folder", type=Path, required=True, help="folder for frame stores and pages")
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("VIDEO", "KEYPOINTS"))
    parser.add_argument("--model", default=PoseSettings().model, choices=("lite", "full", "heavy"))
    parser.add_argument(
        "--targets", action="store_true", help="process the videos as targets, with more accurate detection"
    )
    parser.add_argument("--resources", type=Path, default=Path("resources"), help="folder of the weights")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    weights = fetch_pose_weights(arguments.resources / "blazepose", model=arguments.model)
    look = Look(arguments.folder, weights, arguments.model, arguments.targets)
    columns = (
        "video", "picture", "fps", "frames (24 fps)", "kept", "dropped", "cuts", "frames with several people",
        "jitter before / after (torsos/s³)", "ingest fps", "keypoints fps",
    )  # fmt: skip
    print(f"| {' | '.join(columns)} |")
    print("|---" * len(columns) + "|")
    for video in arguments.videos:
        print(describe(video, look), flush=True)
    if arguments.compare:
        compare(*arguments.compare, look)


if __name__ == "__main__":
    main()
