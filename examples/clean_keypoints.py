"""Detect and clean the keypoints of a dancer in a video, with the reason for every frame that is dropped.

python examples/clean_keypoints.py dance.mp4 dance.parquet
"""

import sys
import tempfile
from pathlib import Path

from danceit_core.assets import fetch_pose_weights
from danceit_core.config import CleaningSettings, PoseSettings, VideoSettings
from danceit_core.media.source import ingest_video
from danceit_core.pose.clean import clean_table
from danceit_core.pose.extract import extract_keypoints
from danceit_core.pose.passages import kept_frames
from danceit_core.pose.rejection import REASONS, count_reasons
from danceit_core.pose.table import write_pose_table


def main(video: str, out: str) -> None:
    weights = fetch_pose_weights(Path("resources/blazepose"))  # downloaded once, then read from this folder
    with tempfile.TemporaryDirectory() as folder:
        frames = Path(folder) / "frames.mp4"  # 24 frames per second, at most 512 pixels wide or high, quick to seek
        report = ingest_video(video, frames, settings=VideoSettings(), long_side=512, tolerant=False)
        raw = extract_keypoints(frames, report=report, settings=PoseSettings(), weights=weights, is_target=True)
    cleaned = clean_table(raw, settings=CleaningSettings(), name=video, tolerant=False)
    print(f"{video}: {kept_frames(cleaned).mean():.0%} of {len(cleaned)} frames are of use")
    for code, frames_lost in count_reasons(cleaned.columns["reason"]).items():
        print(f"  {frames_lost:5d} {REASONS[code].words}")
    about = {"fps": cleaned.fps, "size": cleaned.size, "columns": cleaned.columns, "metadata": cleaned.metadata}
    write_pose_table(out, cleaned.keypoints, **about)


if __name__ == "__main__":
    main(*sys.argv[1:])
