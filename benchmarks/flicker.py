"""Visible flicker, in a finished video or a draft, where body parts switch from one lending frame to another.

    python benchmarks/flicker.py RESULTS --target performer --song new_song [--draft] [--video FILE] [--worst 20]
        [--sheets FOLDER] [--control]

RESULTS: a project's folder of results. It prints the ratio of `evaluation.flicker` (unexplained difference where a part
switches, over the usual one at a similar movement; 1: not visible) with its 95 % interval, over all parts and for each;
the switches that contribute most; and, for the finished video relative to the target's own, the difference that bones
do not explain between two frames (all parts) and the texture flicker of the person (`evaluation.painting`), both with
the body at one size. The table of the pixels' origins is read beside the video. If there is none (older videos), the
lending frames are chosen again by the current code, which is right only if it chooses as the code that made the video.

--draft: use the draft. --video: another video of the same dance. --sheets: seven frames at full size around each of the
worst switches, to look at. --control: the same ratio for the target's own video, at the moments at which parts would
switch if the rest of it lent to a stretch of 20 seconds: it has no switches, so the deviation from 1 is the error of
the measure.
"""

import argparse
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.config import PoseGanSettings
from danceit_core.evaluation.flicker import BODY_PX, Switches, find_switches, measure_steps, switch_scores
from danceit_core.evaluation.painting import WIDEN, texture_flicker
from danceit_core.imagination.recall.casting import cast_dance
from danceit_core.imagination.recall.library import lenders_of
from danceit_core.imagination.recall.parts import NAMES
from danceit_core.imagination.recall.provenance import Origins, read_origins
from danceit_core.imagination.rendering.draft import TargetFiles, draft_lending
from danceit_core.imagination.target.data import TargetFrames
from danceit_core.imagination.target.region import body_size, person_region, person_span
from danceit_core.media.letterbox import Picture
from danceit_core.media.picture import write_picture
from danceit_core.media.video import each_frame, read_frames
from danceit_core.pose.plate import on_plate
from danceit_core.pose.skeleton import Keypoints
from danceit_core.pose.table import PoseTable, read_pose_table

AROUND = 3
# Number of steps of the target's own video for comparison.
REAL_STEPS = 240
CONTROL_S = 20.0


def origins_of(results: Path, video: Path, poses: PoseTable, *, target: str) -> Origins:
    """The origins read beside the video, or chosen again."""
    table = video.with_suffix(".pixels.parquet")
    if table.exists():
        return read_origins(table)[target]
    print(f"{table} does not exist: lending frames are chosen again by the current code")
    dance = on_plate(poses)
    lending = draft_lending(read_frames_of(results, target), dance, fps=poses.fps)
    return Origins.lent(lending, dance, fps=poses.fps)


def read_frames_of(results: Path, target: str) -> TargetFrames:
    """The target's frames, as a draft reads them."""
    files = TargetFiles(
        results / f"frames/{target}.mp4",
        results / f"camera/{target}.parquet",
        results / f"plates/{target}.png",
        results / f"outlines/{target}.mkv",
    )
    return files.read(PoseGanSettings())


def control(results: Path, target: str) -> list[Switches]:
    """Steps of stretches of the target's own video at which parts would switch if the rest of it lent to them."""
    whole = read_frames_of(results, target)
    film, count, found = whole.film_numbers, len(whole.film_numbers), []
    length = min(round(CONTROL_S * whole.fps), count // 2)
    for start in range(0, count - length + 1, length):
        part = slice(start, start + length)
        others = np.concatenate([np.arange(start), np.arange(start + length, count)])
        lenders = lenders_of(whole, others, body_px=whole.body_px)
        poses = whole.keypoints[part]
        casting = cast_dance(lenders, poses, fps=whole.fps)
        origins = Origins.of(casting, lenders, poses, fps=whole.fps, store_fps=whole.fps)
        steps = measure_steps(whole.film.pictures(film[part]), poses)
        steps.residual[1:][np.diff(film[part]) != 1] = np.nan
        found.append(find_switches(steps, origins))
    return found


def person_flicker(pictures: Iterable[Picture], poses: Keypoints, follows: NDArray[np.bool_]) -> float:
    """`texture_flicker` of the person, with the body shrunk to BODY_PX, one pair of frames at a time."""
    body_px = float(np.nanquantile(body_size(poses), 0.9))
    scale = min(1.0, BODY_PX / body_px)
    small = poses * np.array([scale, scale, 1], np.float32)
    found = []
    shrunk = (cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for picture in pictures)
    for (number, before), (_, now) in pairwise(enumerate(shrunk)):
        if follows[number + 1]:
            size = now.shape[1], now.shape[0]
            region = person_region(small[number + 1], size=size, body_px=scale * body_px, widen=WIDEN)
            found.append(texture_flicker([before, now], [region, region], follows=np.array([False, True])))
    return float(np.nanmean(found)) if found else float("nan")


def target_stretch(results: Path, target: str) -> tuple[NDArray[np.int64], Keypoints]:
    """Consecutive frames of the target's own video that show the person, and the joints in pixels of the store.

    For a static camera these are the joints on the plate; for a moving one, the cleaned joints.
    """
    table = read_pose_table(results / f"cleaned/{target}.parquet")
    kept = np.flatnonzero(table.columns["kept"].astype(bool))
    first = max(0, (len(kept) - REAL_STEPS) // 2)
    numbers = kept[first : first + REAL_STEPS]
    return numbers, table.keypoints[numbers]


def worst(switches: Switches, count: int) -> list[int]:
    """The switches that contribute most to the ratio."""
    return [int(k) for k in np.argsort(-(switches.found - switches.usual))[:count]]


def sheet(video: Path, poses: Keypoints, frame: int, *, size: tuple[int, int]) -> Picture:
    """Seven frames around one, cut out at full size, side by side."""
    numbers = np.arange(frame - AROUND, frame + AROUND + 1).clip(0, len(poses) - 1)
    body_px = float(np.nanquantile(body_size(poses), 0.9))
    span = person_span(poses[frame], body_px=body_px)
    width, height = (min(round(factor * body_px), side) for factor, side in zip((2.4, 3.8), size, strict=True))
    left = int(np.clip((span[0] + span[2] - width) / 2, 0, size[0] - width))
    top = int(np.clip((span[1] + span[3] - height) / 2, 0, size[1] - height))
    cuts = [picture[top : top + height, left : left + width] for picture in read_frames(video, numbers)]
    return np.ascontiguousarray(np.hstack(cuts))


def report(args: argparse.Namespace) -> None:
    """Print everything of one video."""
    results: Path = args.results
    poses = read_pose_table(results / f"poses/{args.target}/{args.song}.parquet")
    folder = "draft" if args.draft else "videos"
    video = args.video or results / folder / args.target / f"{args.song}.mp4"
    origins = origins_of(results, video, poses, target=args.target)
    steps = measure_steps(each_frame(video, range(len(poses))), poses.keypoints)
    switches = find_switches(steps, origins)
    scores = switch_scores(switches, rng=np.random.default_rng(0))
    print(f"{video}: {len(poses)} frames, {int(scores['switches'])} steps at which a part switches")
    low, high = scores["switch_low"], scores["switch_high"]
    print(f"  ratio {scores['switch_ratio']:.2f} (95 %: {low:.2f} to {high:.2f})")
    for part, name in enumerate(NAMES):
        mine = switches.of_part(part)
        print(
            f"  {name:10} {mine.ratio():5.2f}  {len(mine.found):4} steps, adds {(mine.found - mine.usual).sum():6.0f}"
        )
    print(f"  {'frame':>5} {'part':10} found usual  ratio  lent before and now (frames of the store)")
    for k in worst(switches, args.worst):
        frame, part = int(switches.frame[k]), int(switches.part[k])
        before, now = origins.lender[frame - 1, part], origins.lender[frame, part]
        figures = f"{switches.found[k]:5.1f} {switches.usual[k]:5.1f} {switches.over[k]:6.2f}"
        print(f"  {frame:5} {NAMES[part]:10} {figures}  {before} {now}")
        if args.sheets:
            path = args.sheets / f"{frame:05}_{NAMES[part]}.png"
            write_picture(path, sheet(video, poses.keypoints, frame, size=poses.size))
    if args.control:
        ratios = [switches.ratio() for switches in control(results, args.target)]
        print(f"  the target's own video, where parts would switch: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")
    own = person_flicker(each_frame(video, range(len(poses))), poses.keypoints, np.ones(len(poses), bool))
    numbers, joints = target_stretch(results, args.target)
    frames = results / f"frames/{args.target}.mp4"
    follows = np.concatenate([[False], np.diff(numbers) == 1])
    real = person_flicker(each_frame(frames, numbers), joints, follows)
    theirs = measure_steps(each_frame(frames, numbers), joints).residual
    theirs[~follows] = np.nan
    ours, theirs_mean = float(np.nanmean(steps.residual)), float(np.nanmean(theirs))
    print(
        f"  unexplained by bones {ours:.2f}, the target's own video {theirs_mean:.2f}, ratio {ours / theirs_mean:.2f}"
    )
    print(f"  texture flicker of the person {own:.2f}, the target's own video {real:.2f}, ratio {own / real:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--target", default="performer")
    parser.add_argument("--song", default="new_song")
    parser.add_argument("--draft", action="store_true")
    parser.add_argument("--video", type=Path)
    parser.add_argument("--worst", type=int, default=20)
    parser.add_argument("--sheets", type=Path)
    parser.add_argument("--control", action="store_true")
    report(parser.parse_args())
