"""Peak memory and time of the rules that hold a whole video's joints or sound in memory, by the video's length.

    python benchmarks/rule_memory.py --minutes 1 60

danceit_core/estimates.py rounds these figures up. Joints and sound are simulated; each step runs in a separate process.
The memory of rules that read frames one by one does not grow with the length: see benchmarks/ingest_memory.py.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from danceit_core.config import CleaningSettings, MusicSettings
from danceit_core.database.measure import measure_dance, write_measured
from danceit_core.media.audio import write_sound
from danceit_core.music.table import read_music_table, write_music_table
from danceit_core.music.track import analyse_dance
from danceit_core.pose.clean import clean_table
from danceit_core.pose.table import read_pose_table, write_pose_table

FPS, RATE_HZ, SIZE = 24, 22050, (512, 512)
WEIGHTS = Path("resources/beats/beat_networks.zip").absolute()


def make_input(folder: Path, *, minutes: float) -> None:
    """Write a video's raw joints (drifting, noisy) and its sound (a click every half second over noise)."""
    rng = np.random.default_rng(0)
    joints = np.ones((round(minutes * 60 * FPS), 25, 3), np.float32)
    joints[..., :2] = rng.uniform(100, 400, (1, 25, 2)) + rng.normal(0, 0.5, (len(joints), 25, 2)).cumsum(0) % 20
    write_pose_table(folder / "raw.parquet", joints, fps=FPS, size=SIZE)
    sound = rng.normal(0, 0.01, round(minutes * 60 * RATE_HZ)).astype(np.float32)
    sound[:: RATE_HZ // 2] = 0.9
    write_sound(folder / "sound.flac", sound, sample_rate_hz=RATE_HZ)


def run_step(step: str, folder: Path) -> None:
    """Run the work of one rule."""
    if step == "clean_keypoints":
        clean = clean_table(
            read_pose_table(folder / "raw.parquet"), settings=CleaningSettings(), name="video", tolerant=True
        )
        about = {"fps": clean.fps, "size": clean.size, "columns": clean.columns, "metadata": clean.metadata}
        write_pose_table(folder / "cleaned.parquet", clean.keypoints, **about)
    elif step == "analyse_dance":
        music = analyse_dance(folder / "sound.flac", settings=MusicSettings(), fps=FPS, weights=WEIGHTS)
        write_music_table(folder / "music.parquet", music)
    else:
        pose, music = read_pose_table(folder / "cleaned.parquet"), read_music_table(folder / "music.parquet")
        write_measured(folder / "measured.parquet", measure_dance(pose, music, video="video"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1, 60])
    parser.add_argument("--step", nargs=2, metavar=("STEP", "FOLDER"), help="used by the script itself")
    given = parser.parse_args()
    if given.step:
        start_s = time.monotonic()
        run_step(given.step[0], Path(given.step[1]))
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| {peak_mb:.0f} | {time.monotonic() - start_s:.1f} |")
        return
    print("| minutes | rule | peak MB | seconds |\n|---|---|---|---|")
    for minutes in given.minutes:
        with tempfile.TemporaryDirectory() as folder:
            make_input(Path(folder), minutes=minutes)
            for step in ("clean_keypoints", "analyse_dance", "measure_dance"):
                print(f"| {minutes:g} | {step} ", end="", flush=True)
                subprocess.run([sys.executable, __file__, "--step", step, folder], check=True)


if __name__ == "__main__":
    main()
