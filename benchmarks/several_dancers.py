"""Results of `cleaning.several_people: each` on real videos: dancers, kept frames, pages to look at, time.

    python benchmarks/several_dancers.py group.mp4 duo.mp4 --pages pages
    python benchmarks/several_dancers.py solo.mp4 other_solo.mp4 --beside

With --beside, two videos of one dancer each are placed side by side, so that the true identity of each dancer is known:
for each track it prints the share of its joints within 0.2 torsos of those found in either video alone. Times are CPU
seconds of extraction of the same video by `each` and by `follow`, in turn.
"""

import argparse
import itertools
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danceit_core.assets import fetch_pose_weights
from danceit_core.config import CleaningSettings, PoseSettings, VideoSettings
from danceit_core.evaluation.cleaning_page import draw_cleaning
from danceit_core.media.source import ingest_video
from danceit_core.media.video import decode_frames
from danceit_core.pose.blazepose import BlazePose
from danceit_core.pose.clean import clean_table
from danceit_core.pose.detect_each import gather_tracks
from danceit_core.pose.each import Dancers
from danceit_core.pose.estimate import estimate_pictures
from danceit_core.pose.extract import extract_keypoints
from danceit_core.pose.linking import link_pieces
from danceit_core.pose.passages import kept_frames
from danceit_core.pose.skeleton import BODY, present, torso_length
from danceit_core.pose.tracks import split_tracks

FPS = 24.0
NEAR_TORSOS, SURE = 0.2, 0.1


def describe(video: Path, *, folder: Path, weights: Path, pages: Path | None) -> str:
    """One line about a video; its page is written to `pages`."""
    store = folder / "frames.mp4"
    report = ingest_video(video, store, settings=VideoSettings(fps=FPS), rotate=0, tolerant=True)
    common: dict[str, Any] = {"report": report, "settings": PoseSettings(), "weights": weights, "is_target": False}
    begin = time.process_time()
    raw = extract_keypoints(store, each=True, **common)
    middle = time.process_time()
    extract_keypoints(store, **common)
    seconds = middle - begin, time.process_time() - middle
    cleaned = clean_table(raw, settings=CleaningSettings(several_people="each"), name=video.stem, tolerant=True)
    if pages is not None:
        pages.mkdir(parents=True, exist_ok=True)
        draw_cleaning(raw, cleaned, pages / f"{video.stem}.png", name=video.stem, frames_path=store)
    tracks = split_tracks(cleaned)
    spans = ", ".join(f"{track.first}-{track.end} {kept_frames(track.pose).mean():.1%}" for track in tracks)
    speeds = " and ".join(f"{report.frames / one:.1f}" for one in seconds)
    return f"{video.stem}: {report.frames} frames, {len(tracks)} dancers ({spans}); {speeds} frames/s (each and follow)"


def beside(videos: list[Path], *, folder: Path, weights: Path, frames: int) -> list[str]:
    """A line for each track of two videos placed side by side."""
    halves = [shown(video, folder=folder)[:frames] for video in videos]
    length = min(map(len, halves))
    pictures = [np.ascontiguousarray(np.hstack(pair)) for pair in zip(*(half[:length] for half in halves), strict=True)]
    dancers = Dancers(weights, fps=FPS, confidence_floor=PoseSettings().confidence_floor)
    for _ in dancers.follow(pictures):
        pass
    found = gather_tracks(link_pieces(dancers.pieces, fps=FPS), frames=length)
    if found.track is None or found.frame is None:
        return ["only one dancer or none was found"]
    alone, left = [], 0
    for half in halves:
        estimator = BlazePose(weights, fps=FPS, confidence_floor=PoseSettings().confidence_floor)
        keypoints = estimate_pictures(list(half[:length]), estimator, fps=FPS).keypoints
        keypoints[..., 0] += left * present(keypoints)
        alone.append(keypoints)
        left += half.shape[2]
    lines = []
    for track in np.unique(found.track):
        rows = found.track == track
        shares = [share_near(found.keypoints[rows], keypoints[found.frame[rows]]) for keypoints in alone]
        lines.append(f"track {track}: {rows.sum()} frames; joints of the left {shares[0]:.1%}, right {shares[1]:.1%}")
    return lines


def shown(video: Path, *, folder: Path) -> NDArray[np.uint8]:
    """The frames of a video without the bars around its picture."""
    store = folder / "frames.mp4"
    report = ingest_video(video, store, settings=VideoSettings(fps=FPS), rotate=0, tolerant=True)
    left, _, width, _ = report.placements[0].content
    right = round(left + width)
    return np.stack([picture[:, round(left) : right] for picture in decode_frames(store, fps=FPS, size=None)])


def share_near(found: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Share of the body's joints seen in both (T, 25, 3) arrays that are near each other."""
    body = list(BODY)
    both = (found[:, body, 2] > SURE) & (other[:, body, 2] > SURE)
    away = np.linalg.norm(found[:, body, :2] - other[:, body, :2], axis=-1) / np.nanmedian(torso_length(other))
    return float((away[both] < NEAR_TORSOS).mean())


def main() -> None:
    """Print a line for each video, or track."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("videos", nargs="+", type=Path)
    parser.add_argument("--pages", type=Path)
    parser.add_argument("--beside", action="store_true")
    parser.add_argument("--frames", type=int, default=150, help="frames of each video placed side by side")
    given = parser.parse_args()
    weights = fetch_pose_weights(Path("resources/blazepose"))
    with tempfile.TemporaryDirectory() as folder:
        if given.beside:
            for one, other in itertools.pairwise(given.videos):
                print(*beside([one, other], folder=Path(folder), weights=weights, frames=given.frames), sep="\n")
            return
        for video in given.videos:
            print(describe(video, folder=Path(folder), weights=weights, pages=given.pages), flush=True)


if __name__ == "__main__":
    main()
