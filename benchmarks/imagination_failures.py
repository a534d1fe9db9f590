"""Paintings of poses that the person's video never shows: a sheet to look at, and one line per case.

    python benchmarks/imagination_failures.py --results results --target performer --sheet failures.png
    python benchmarks/imagination_failures.py --results results --target performer --gans RECALL PAINT

It reads the results of `snakemake -- results/videos/TARGET/SONG.mp4`. Rows of the sheet: the requested pose, then the
painting of each painter (`--gans`: `pose_gan.safetensors` files, such as `imagination_quality.py` keeps; default: that
of the results). Cases: a pose near one of the video; the dance's pose farthest from all of them; both arms up; arms
crossed in front of the chest; a deep squat; a high kick; upside down; half the body outside the picture; without arms;
only the legs; nobody. The people are shown at the picture's own size.

No case may give an error, a black picture or a broken room. For each it prints the share of the picture farther than .8
body sizes from body and shadow that differs from the empty room (`danceit_core/evaluation/artefacts.py`), and the
brightness.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from painter_sheets import tile_rows

from danceit_core.evaluation.artefacts import far_changed
from danceit_core.imagination.check.measure import nearest_poses, sample_moves
from danceit_core.imagination.networks.checkpoint import PoseGan, load_pose_gan
from danceit_core.imagination.rendering.draft import TargetFiles, lending_for
from danceit_core.imagination.rendering.render import render_dance
from danceit_core.imagination.target.region import person_span
from danceit_core.media.letterbox import Picture
from danceit_core.media.picture import write_picture
from danceit_core.pose.draw import pose_picture
from danceit_core.pose.passages import kept_frames
from danceit_core.pose.plate import on_plate
from danceit_core.pose.skeleton import (
    LEFT_ELBOW,
    LEFT_HIP,
    LEFT_KNEE,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NECK,
    RIGHT_ELBOW,
    RIGHT_HIP,
    RIGHT_KNEE,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    Keypoints,
    present,
)
from danceit_core.pose.table import PoseTable, read_pose_table

CPU = torch.device("cpu")
ARMS, LEGS = (3, 4, 6, 7), (8, 9, 10, 11, 12, 13, 14, 19, 20, 21, 22, 23, 24)
FILES = ("frames/{}.mp4", "camera/{}.parquet", "plates/{}.png", "outlines/{}.mkv")
RIGHT_FOOT, LEFT_FOOT = (11, 22, 23, 24), (14, 19, 20, 21)


def hard_cases(dance: PoseTable, target: PoseTable) -> dict[str, Keypoints]:
    """A (25, 3) pose for each case of the module's list, in pixels of the plate."""
    far = np.nan_to_num(nearest_poses(sample_moves(dance)[0], sample_moves(target)[0]))
    poses = on_plate(dance)[kept_frames(dance)]
    known, strange = poses[far.argmin()], poses[far.argmax()]
    width, height = target.size
    middle = known[known[:, 2] > 0, :2].mean(0)
    return {
        "near to the video": known,
        "farthest from the video": strange,
        **bent_cases(known),
        "upside down": _where_present(known, 2 * middle - known[:, :2]),
        "half outside, sideways": _where_present(known, known[:, :2] + (width - middle[0], 0)),
        "half outside, below": _where_present(known, known[:, :2] + (0, height - middle[1])),
        "without arms": only(known, tuple(k for k in range(25) if k not in ARMS)),
        "only legs": only(known, LEGS),
        "nobody": np.zeros_like(known),
    }


def bent_cases(known: Keypoints) -> dict[str, Keypoints]:
    """Poses with bent limbs whose bones keep their lengths in the picture."""
    up, crossed, squat, kick = (known.copy() for _ in range(4))
    for shoulder, elbow, wrist, side in (
        (RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, -1),
        (LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST, 1),
    ):
        turn(up, shoulder, (elbow, wrist), elbow, (0.35 * side, -1))
        turn(up, elbow, (wrist,), wrist, (0, -1))
        turn(crossed, shoulder, (elbow, wrist), elbow, (0.2 * side, 1))
        turn(crossed, elbow, (wrist,), wrist, (-side, -0.3))
    for hip, knee, foot, side in ((RIGHT_HIP, RIGHT_KNEE, RIGHT_FOOT, -1), (LEFT_HIP, LEFT_KNEE, LEFT_FOOT, 1)):
        turn(squat, hip, (knee, *foot), knee, (side, 0.3))
        turn(squat, knee, foot, foot[0], (0, 1))
    turn(kick, RIGHT_HIP, (RIGHT_KNEE, *RIGHT_FOOT), RIGHT_KNEE, (-1, -0.3))
    turn(kick, RIGHT_KNEE, RIGHT_FOOT, RIGHT_FOOT[0], (-1, -0.5))
    lowered = known[[11, 14], 1].max() - squat[[11, 14], 1].max()
    squat = _where_present(squat, squat[:, :2] + (0, lowered))
    return {"arms up": up, "arms crossed": crossed, "deep squat": squat, "high kick": kick}


def turn(pose: Keypoints, root: int, moved: tuple[int, ...], end: int, towards: tuple[float, float]) -> None:
    """Turn joints about a root, in place, so that the bone from it to `end` points `towards` a direction."""
    bone = pose[end, :2] - pose[root, :2]
    angle = np.arctan2(towards[1], towards[0]) - np.arctan2(bone[1], bone[0])
    cos, sin = np.cos(angle), np.sin(angle)
    joints = [joint for joint in moved if pose[joint, 2] > 0 and pose[root, 2] > 0]
    away = pose[joints, :2] - pose[root, :2]
    pose[joints, :2] = pose[root, :2] + away @ np.array([[cos, sin], [-sin, cos]], np.float32)


def only(pose: Keypoints, joints: tuple[int, ...]) -> Keypoints:
    """The pose without its other joints."""
    return np.where(np.isin(np.arange(25), joints)[:, None], pose, 0).astype(np.float32)


def _where_present(pose: Keypoints, places: np.ndarray) -> Keypoints:
    moved = np.concatenate([places, pose[:, 2:]], 1)
    return np.where(pose[:, 2:] > 0, moved, 0).astype(np.float32)


def paint_cases(gan: PoseGan, files: TargetFiles, cases: dict[str, Keypoints], *, fps: float) -> list[Picture]:
    """Paint a picture of each case, and print a line about it."""
    painted = []
    for name, pose in cases.items():
        lending = lending_for(gan, files, pose[None], fps=fps)
        options = {"face_gan": None, "lending": lending, "batch_size": 1, "device": CPU}
        (picture,) = render_dance(pose[None], pose_gan=gan, **options)
        painted.append(picture)
        line = f"{name:24} brightness {picture.mean():.0f}"
        if gan.plate is not None:
            changed = far_changed([picture], pose[None], plate=gan.plate, body_px=gan.body_px)
            line += f", room changed {100 * changed:.2f} %"
        print(line, flush=True)
    return painted


def about(pose: Keypoints, like: Keypoints, *, body_px: float) -> np.ndarray:
    """The middle (2,) of the shown part of a case: that of the person, or of `like` if there is no person."""
    span = person_span(pose if present(pose)[NECK] or present(pose).any() else like, body_px=body_px)
    return (span[:2] + span[2:]) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--target", required=True)
    parser.add_argument("--song", help="song whose dance is used; default: the first found")
    parser.add_argument("--gans", nargs="+", type=Path, help="networks to compare; default: that of the results")
    parser.add_argument("--sheet", type=Path, default=Path("failures.png"))
    given = parser.parse_args()
    folder = given.results / "poses" / given.target
    dance = read_pose_table(folder / f"{given.song}.parquet" if given.song else sorted(folder.glob("*.parquet"))[0])
    target = read_pose_table(given.results / "camera" / f"{given.target}.parquet")
    cases = hard_cases(dance, target)
    files = TargetFiles(*(given.results / name.format(given.target) for name in FILES))
    rows, body_px, size = [], 1.0, target.size
    for path in given.gans or [given.results / "gan" / given.target / "pose_gan.safetensors"]:
        gan = load_pose_gan(path, device=CPU)
        body_px, size = gan.body_px, gan.view.size
        print(f"{path}: {gan.settings.painter}")
        rows.append(paint_cases(gan, files, cases, fps=dance.fps))
    rows.insert(0, [pose_picture(pose, size=size) for pose in cases.values()])
    middles = [about(pose, cases["near to the video"], body_px=body_px) for pose in cases.values()]
    write_picture(given.sheet, tile_rows(rows, middles, sides=(3.4 * body_px, 4.8 * body_px)))


if __name__ == "__main__":
    main()
