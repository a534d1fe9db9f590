"""The same dance at several frame rates of the finished video, and in pictures of different shapes.

    python benchmarks/frame_rates.py --results results --target performer --song new_song

First table: the dance is made at the sources' rate, converted to the finished video's rate, and converted back for
scoring, as in the workflow. `motion beats`: largest distance from the times at which they were seen at the first rate,
ms; `as they are`: the jerk of the finished frames themselves, in which a spline's third derivative shows.

Second table: the target person's picture cropped round them to other shapes. `wider`: frames in which the body with
stretched arms is wider than the picture; `outside`: frames with a joint outside the picture.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from danceit_core.choreography.align import Aligned, Source, align
from danceit_core.choreography.floor import film, floor_of
from danceit_core.choreography.motion_beats import find_hits, step_speed
from danceit_core.choreography.movements import movements_of
from danceit_core.choreography.plan import Plan, read_plan
from danceit_core.choreography.rate import at_rate, danced
from danceit_core.config import SpatialSettings, TemporalSettings
from danceit_core.database.frames import open_frames
from danceit_core.evaluation.beats import beat_scores
from danceit_core.evaluation.motion import motion_scores
from danceit_core.evaluation.painting import flag_poses
from danceit_core.music.table import MusicTable, read_music_table
from danceit_core.pose.plate import still_picture
from danceit_core.pose.table import PoseTable, read_pose_table

RATES = (24.0, 25.0, 30.0, 48.0, 60.0)
# Share of the picture's height that the person takes from nose to ankles; width of the picture over its height.
SHARES = {"far": 0.57, "near": 0.77, "close": 0.84}
SHAPES = {"9:16": 9 / 16, "1:1": 1.0, "16:9": 16 / 9}
# Place of the ankles, as a share of the picture's height from the top.
ANKLES_AT = 0.9


@dataclass(frozen=True)
class Song:
    """What a dance is made from."""

    plan: Plan
    sources: dict[str, Source]
    music: MusicTable

    def dance(self, target: PoseTable, *, shown_fps: float | None = None) -> PoseTable:
        """The finished dance of a target person, at the sources' rate; shown_fps: frame rate of its video."""
        floor, music = floor_of(target, camera="still"), self.music
        made = align(
            self.plan, self.sources, **floor.place, beats_s=music.beats.times_s, fps=music.fps,
            spatial=SpatialSettings(), temporal=TemporalSettings(), shown_fps=shown_fps,
        )  # fmt: skip
        return as_table(film(made, floor, fps=music.fps)[0], fps=music.fps, size=floor.shown)

    def scores(self, made: PoseTable, *, shown_fps: float | None = None) -> dict[str, float]:
        """S_BA and movement of a dance at its own rate, seen in a video of shown_fps."""
        beats_s, seams = self.music.beats.times_s, made.metadata["seams"]
        rng = np.random.default_rng(0)
        found = beat_scores(made.keypoints, beats_s, fps=made.fps, shown_fps=shown_fps, rng=rng)
        return found | motion_scores(made.keypoints, fps=made.fps, seams=seams)


def as_table(dance: Aligned, *, fps: float, size: tuple[int, int]) -> PoseTable:
    """A dance as a table of the workflow."""
    columns = {"source_video": dance.source_video.astype(str), "source_frame": dance.source_frame}
    about = {"fps": fps, "width": size[0], "height": size[1], "seams": dance.seams.tolist()}
    return PoseTable(dance.keypoints, about, columns)


def at(dance: PoseTable, fps: float, *, seconds: float) -> PoseTable:
    """A finished dance at another rate."""
    seams = np.asarray(dance.metadata["seams"])
    plain = Aligned(
        dance.keypoints, dance.columns["source_video"], dance.columns["source_frame"], np.zeros(len(dance)), seams
    )
    return as_table(at_rate(plain, fps=dance.fps, to_fps=fps, seconds=seconds), fps=fps, size=dance.size)


def cropped(target: PoseTable, *, share: float, shape: float) -> PoseTable:
    """A target's table in a picture whose longer side is 1280 pixels, cropped round the person or with more room."""
    body = floor_of(target, camera="still").body
    left, top, *_ = still_picture(target)
    height = round(1280 / max(1.0, shape))
    scale = share * height / body.height_px
    keypoints = target.keypoints.copy()
    keypoints[..., :2] -= left + body.centre_x, top + body.ground_y
    keypoints[..., :2] = keypoints[..., :2] * scale + (height * shape / 2, ANKLES_AT * height)
    keypoints[target.keypoints[..., 2] <= 0] = 0
    about = {key: value for key, value in target.metadata.items() if key != "picture"}
    return PoseTable(keypoints, about | {"width": round(height * shape), "height": height}, target.columns)


def show_rates(song: Song, target: PoseTable) -> None:
    dance = song.dance(target)
    music = song.music
    usual = find_hits(step_speed(dance.keypoints), music.beats.times_s, fps=music.fps, kind="min")
    print(
        "| fps | frames | motion beats, ms | S_BA min 0 | S_BA min 1 "
        "| BAS | jerk | sliding | speed | jerk, as they are |"
    )
    print("|---" * 10 + "|")
    for fps in RATES:
        finished = at(song.dance(target, shown_fps=fps), fps, seconds=music.duration_s)
        made = danced(finished, fps=music.fps, seconds=music.duration_s)
        hits = find_hits(step_speed(made.keypoints), music.beats.times_s, fps=music.fps, kind="min", shown_fps=fps)
        found = song.scores(made, shown_fps=fps)
        cells = [
            f"{fps:g}", f"{len(finished)}", f"{1000 * np.abs(hits.motion_s - usual.motion_s).max():.0f}",
            *(f"{100 * found[key]:.1f}" for key in ("s_ba_min_0", "s_ba_min_1")), f"{found['beat_align_music']:.3f}",
            *(f"{found[key]:.{digits}f}" for key, digits in (("jerk_mean", 0), ("foot_sliding", 1), ("mean_speed", 2))),
            f"{song.scores(finished)['jerk_mean']:.0f}",
        ]  # fmt: skip
        print("| " + " | ".join(cells) + " |")


def show_shapes(song: Song, target: PoseTable) -> None:
    print("| picture | person | wider | outside | joints outside | S_BA min 1 | sliding |")
    print("|---" * 7 + "|")
    for shape_name, shape in SHAPES.items():
        for name, share in SHARES.items():
            own = cropped(target, share=share, shape=shape)
            dance = song.dance(own)
            x = np.where(dance.keypoints[..., 2] > 0, dance.keypoints[..., 0], np.nan)
            wider = (np.nanmax(x, 1) - np.nanmin(x, 1) > dance.size[0]).mean()
            flags, found = flag_poses(dance, own), song.scores(dance)
            print(
                f"| {shape_name} | {name} ({100 * share:.0f} %) | {100 * wider:.1f} % "
                f"| {100 * flags['outside_picture']:.1f} % | {100 * flags['outside_joints']:.2f} % "
                f"| {100 * found['s_ba_min_1']:.1f} | {found['foot_sliding']:.1f} |"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--target", default="performer")
    parser.add_argument("--song", default="new_song")
    args = parser.parse_args()
    plan = read_plan(args.results / "choreography" / f"{args.song}.parquet")
    song = Song(
        plan,
        movements_of(plan, open_frames(args.results / "database")),
        read_music_table(args.results / "music" / f"{args.song}.parquet"),
    )
    target = read_pose_table(args.results / "camera" / f"{args.target}.parquet")
    show_rates(song, target)
    print()
    show_shapes(song, target)


if __name__ == "__main__":
    main()
