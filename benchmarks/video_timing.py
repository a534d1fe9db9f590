"""Timing of the finished video: motion beats of joints found in the mp4, against the known beats of composed songs.

    python benchmarks/video_timing.py --project . --songs 4 --seconds 24

The project is a checkout in which the demo, or another project, has run: its target and its dances are used, with
defaults otherwise. The songs are composed (`danceit_core.studio.music`), so that their beats are known to the sample;
the workflow analyses and dances them like any song. The file that a viewer plays is judged: the draft, or with
`--painted` the finished video (which trains a painter first). The project's own detector finds the joints in its
frames; the motion beat of each known beat is the least speed in its window (`motion_beats.find_hits`), and it is seen
at `motion_beats.seen_s`: the step into frame k when frame k appears, at k / fps. Beats are heard at their times in the
sound.

Late: mean over the beats, milliseconds, negative if early; spread: standard deviation. If the least speed in a window
is another stop of the dance, it is more than a frame and a half off and counts as a miss for the score S_BA. It says
nothing about the clock, so mean and spread are given with and without misses. `asked`: the same for the poses that the
video was painted from; `heard`: the project's beats of the song against the known ones.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np

from danceit_core.choreography.motion_beats import BeatHits, find_hits, step_speed
from danceit_core.choreography.rate import danced
from danceit_core.config import PoseSettings
from danceit_core.media.audio import write_sound
from danceit_core.media.video import probe
from danceit_core.music.table import read_music_table
from danceit_core.pose.detect import detect_keypoints
from danceit_core.pose.table import PoseTable, read_pose_table
from danceit_core.studio.instruments import SAMPLE_RATE_HZ
from danceit_core.studio.music import compose_song

TEMPI = (96.0, 112.0, 126.0, 84.0, 138.0, 104.0)
# A beat of the project this near to a known one counts as the same beat.
SAME_BEAT_S = 0.1


def compose(folder: Path, *, count: int, seconds: float, seed: int) -> dict[str, np.ndarray]:
    """Write songs and their table into a folder; the beats of each by its name."""
    folder.mkdir(parents=True, exist_ok=True)
    beats = {}
    for number, tempo in enumerate(TEMPI[:count]):
        name = f"timing_{tempo:g}_{seed + number}"
        song = compose_song(tempo_bpm=tempo, seconds=seconds, seed=seed + number)
        if not (folder / f"{name}.wav").exists():  # a new file would be analysed again
            write_sound(folder / f"{name}.wav", song.samples, sample_rate_hz=SAMPLE_RATE_HZ)
        beats[name] = song.beats_s
    rows = [f"{name}\t{(folder / f'{name}.wav').resolve()}" for name in beats]
    table = "\n".join(["song\tpath", *rows, ""])
    if not (folder / "songs.tsv").exists() or (folder / "songs.tsv").read_text() != table:
        (folder / "songs.tsv").write_text(table)
    return beats


def late_ms(hits: BeatHits) -> np.ndarray:
    return 1000 * (hits.motion_s - hits.music_s)


def cells(late: np.ndarray, hit: np.ndarray) -> str:
    if not hit.any():
        return f"{len(late)} | 0 % | | "
    met = late[hit]
    return (
        f"{len(late)} | {hit.mean():.0%} | {met.mean():+.1f} ± {met.std():.1f} | {late.mean():+.1f} ± {late.std():.1f}"
    )


def show(name: str, parts: list[BeatHits]) -> None:
    late, hit = np.concatenate([late_ms(part) for part in parts]), np.concatenate([part.hit for part in parts])
    print(f"| {name} | {cells(late, hit)} |", flush=True)


def heard(known_s: np.ndarray, found_s: np.ndarray) -> str:
    """Timing of the project's beats relative to the known ones."""
    if not len(found_s):
        return "no beats"
    away = found_s - known_s[np.abs(found_s[:, None] - known_s).argmin(1)]
    same = np.abs(away) < SAME_BEAT_S
    if not same.any():
        return "none of the known beats"
    return f"{same.sum()} of {len(known_s)} beats, {1000 * away[same].mean():+.1f} ± {1000 * away[same].std():.1f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, default=Path(), help="checkout in which the workflow has run")
    parser.add_argument("--target", default="performer")
    parser.add_argument("--songs", type=int, default=4, help=f"how many, at most {len(TEMPI)}")
    parser.add_argument("--seconds", type=float, default=24.0, help="length of each song")
    parser.add_argument("--painted", action="store_true", help="judge the finished video instead of the draft")
    parser.add_argument("--seed", type=int, default=400, help="seed of the first song")
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument(
        "--videos", type=Path, nargs="*", help="existing finished videos of these songs; none: make them"
    )
    args = parser.parse_args()
    results = args.project / "results"
    beats = compose(results / "timing", count=args.songs, seconds=args.seconds, seed=args.seed)
    kind = "videos" if args.painted else "draft"
    files = args.videos or [results / kind / args.target / f"{name}.mp4" for name in beats]
    if not args.videos:
        wanted = [str(path.relative_to(args.project)) for path in files]
        table = (results / "timing" / "songs.tsv").resolve()
        command = [sys.executable, "-m", "snakemake", "--cores", str(args.cores), "--config", f"songs={table}", "--"]
        subprocess.run([*command, *wanted], cwd=args.project, check=True, stdout=subprocess.DEVNULL)
    print("| song | beats | met within a frame | late, of those met, ms | of all, ms |\n" + "|---" * 5 + "|")
    seen, asked, clocks = [], [], []
    for (name, known_s), path in zip(beats.items(), files, strict=True):
        music, info = read_music_table(results / "music" / f"{name}.parquet"), probe(path)
        found = detect_keypoints(path, settings=PoseSettings(), weights=args.project / "resources" / "blazepose")
        made = read_pose_table(results / "poses" / args.target / f"{name}.parquet")
        corners = {column: values for column, values in made.columns.items() if column in ("plate_x", "plate_y")}
        about = {"fps": info.fps, "width": info.width, "height": info.height}
        for poses, kept in ((PoseTable(found.keypoints, about, corners), seen), (made, asked)):
            dance = danced(poses, fps=music.fps, seconds=music.duration_s)
            kept.append(find_hits(step_speed(dance.keypoints), known_s, fps=music.fps, kind="min", shown_fps=info.fps))
        show(name, seen[-1:])
        clocks.append(f"{name}: {heard(known_s, music.beats.times_s)}")
    show("all", seen)
    show("all, asked", asked)
    print("\nheard: " + "; ".join(clocks))


if __name__ == "__main__":
    main()
