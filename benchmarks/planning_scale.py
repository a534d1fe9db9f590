"""Planning time of snakemake: many dance videos, songs and people, nothing computed yet.

    python benchmarks/planning_scale.py --videos 1000 --songs 50 --targets 20

It uses small real files and tables in a temporary folder and runs `snakemake -n -- all_videos`: every song danced by
every person. With --profile FILE the profile of the planning is written (python -m pstats FILE).
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from danceit_core.media.audio import write_sound
from danceit_core.media.video import VideoWriter

ROOT = Path(__file__).parents[1]


def make_project(folder: Path, *, videos: int, songs: int, targets: int) -> list[str]:
    """Make tables whose rows all refer to (links of) one small video and one small song; gives snakemake arguments."""
    video, song = folder / "video.mp4", folder / "song.flac"
    with VideoWriter(video, fps=24, size=(64, 64), crf=30) as writer:
        for level in range(24):
            writer.write(np.full((64, 64, 3), level, np.uint8))
    write_sound(song, np.zeros(22050, np.float32), sample_rate_hz=22050)
    numbers = {"video": (videos, video, ""), "song": (songs, song, ""), "target": (targets, video, "yes")}
    values = [f"results={folder}/results"]
    for name, (number, source, consent) in numbers.items():
        rows = [f"{name}\tpath" + ("\tconsent" if consent else "")]
        for i in range(number):
            path = folder / f"{name}_{i}{source.suffix}"
            os.link(source, path)
            rows.append(f"{name}_{i}\t{path}" + (f"\t{consent}" if consent else ""))
        table = folder / f"{name}s.tsv"
        table.write_text("\n".join(rows) + "\n")
        values.append(f"{name}s={table}")
    return ["--config", *values]


def plan(arguments: list[str], *, profile: str) -> tuple[float, float, int]:
    """Wall and CPU seconds of a dry run (other programs may use the machine), and its number of jobs."""
    start_s = time.monotonic()
    profiled = ["-m", "cProfile", "-o", profile] if profile else []
    command = [sys.executable, *profiled, "-m", "snakemake", "-n", "--quiet", "rules", "--nolock", *arguments]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(run.stdout + run.stderr)
    total = re.search(r"^total +(\d+)", run.stdout + run.stderr, re.MULTILINE)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - start_s, used.ru_utime + used.ru_stime, int(total[1]) if total else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("videos", 1000), ("songs", 50), ("targets", 20)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--profile", default="", metavar="FILE")
    parser.add_argument("more", nargs="*", help="further arguments for snakemake, after --")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        size = {"videos": given.videos, "songs": given.songs, "targets": given.targets}
        project = make_project(Path(folder), **size)
        wall_s, cpu_s, jobs = plan([*project, *given.more, "--", "all_videos"], profile=given.profile)
    print("| videos | songs | targets | jobs | seconds | of them computing |\n|---|---|---|---|---|---|")
    print(f"| {given.videos} | {given.songs} | {given.targets} | {jobs} | {wall_s:.1f} | {cpu_s:.1f} |")


if __name__ == "__main__":
    main()
