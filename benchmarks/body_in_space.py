"""Accuracy of a body in space: its facing, and the joints of its motion capture file.

    python benchmarks/body_in_space.py --seconds 8

Studio dancers, whose true joints are known, are rendered from the front, turned by 90, 180 and 270 degrees, and on a
turntable (`keypoints_accuracy`), detected and cleaned. Facing: degrees between the body's front and its true one, by
true facing. Joints: centimetres between those of the motion capture file and BlazePose's own, both relative to the
hips.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from studio_films import ANGLES_DEG, SIZE, film_clip, turned

from danceit_core.assets import fetch_body_mesh, fetch_pose_weights
from danceit_core.config import CleaningSettings, PoseSettings
from danceit_core.pose.clean import clean_table
from danceit_core.pose.detect import detect_keypoints
from danceit_core.pose.facing import count_full_turns, facing_angles, measure_facing
from danceit_core.pose.humanoid import AT_POINT
from danceit_core.pose.refusal import make_table
from danceit_core.pose.room import TO_ROOM, table_motion
from danceit_core.pose.table import PoseTable
from danceit_core.studio.cast import CLIPS
from danceit_core.studio.dancer import dress, true_joints
from danceit_core.studio.music import compose_song
from danceit_core.studio.record import FPS, perform

VIEWS = ("frontal", "side", "back", "turning")


def detect(path: Path, *, weights: Path) -> PoseTable:
    """The cleaned table of a rendered video."""
    detection = detect_keypoints(path, settings=PoseSettings(), weights=weights)
    table = make_table(detection, refused="", fps=FPS, size=(SIZE, SIZE), about={})
    return clean_table(table, settings=CleaningSettings(), name=path.stem, tolerant=True)


def true_dances(clip: str, *, mesh: Path, seconds: float) -> list[NDArray[np.float64]]:
    """The joints (T, 25, 3) in the room of the dancer that `film` films, at each angle."""
    scene = CLIPS[clip]
    dancer = dress(mesh, scene.look)
    song = compose_song(tempo_bpm=scene.tempo_bpm, seconds=seconds, seed=scene.seed)
    solved, _ = perform(scene, dancer, song, seconds=seconds)
    return [true_joints(dancer, turned(solved, angle_deg)) for angle_deg in ANGLES_DEG]


def view_of(angles: NDArray[np.float64], *, turntable: bool) -> NDArray[np.str_]:
    """The view of each frame whose body faces `angles` (T,) degrees."""
    if turntable:
        return np.full(len(angles), "turning")
    away = np.abs((angles + 180) % 360 - 180)
    return np.where(away < 45, "frontal", np.where(away > 135, "back", "side"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", nargs="+", default=[clip for clip in CLIPS if clip != "target"], choices=list(CLIPS))
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each video")
    parser.add_argument("--resources", type=Path, default=Path("resources"), help="folder of weights and mesh")
    arguments = parser.parse_args()
    mesh = fetch_body_mesh(arguments.resources / "body")
    weights = fetch_pose_weights(arguments.resources / "blazepose")
    errors: dict[str, list[NDArray[np.float64]]] = {view: [] for view in VIEWS}
    joints: list[NDArray[np.float64]] = []
    full_turns, half_turns, shares = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for clip in arguments.clips:
            filmed = film_clip(clip, mesh=mesh, folder=Path(folder), seconds=arguments.seconds)
            dances = true_dances(clip, mesh=mesh, seconds=arguments.seconds)
            for angle_deg, shot, true in zip(ANGLES_DEG, filmed, dances, strict=True):
                table = detect(shot.path, weights=weights)
                world = table.columns["world"]
                facing, truth = (facing_angles(points, fps=FPS) for points in (world, true * TO_ROOM))
                view = view_of(truth, turntable=angle_deg is None)
                for name in VIEWS:
                    error = np.abs((facing - truth + 180) % 360 - 180)[view == name]
                    errors[name].append(error[np.isfinite(error)])
                full_turns.append((count_full_turns(facing), count_full_turns(truth)))
                true_facing, by_depth, by_shoulders = (
                    measure_facing(table.keypoints, fps=FPS, world=points) for points in (true * TO_ROOM, world, None)
                )
                half_turns.append([abs(found.turns - true_facing.turns) for found in (by_depth, by_shoulders)])
                share = true_facing.towards / true_facing.frames
                shares.append([abs(found.towards / found.frames - share) for found in (by_depth, by_shoulders)])
                motion = table_motion(table, name=shot.path.stem)
                found = (motion.positions - motion.positions[:, :1])[:, list(AT_POINT)]
                seen = (world * TO_ROOM)[:, list(AT_POINT.values())]
                joints.append(100 * np.linalg.norm(found - seen, axis=-1).ravel())
    print("| facing | " + " | ".join(VIEWS) + " |\n" + "|---" * (len(VIEWS) + 1) + "|")
    pooled = {view: np.concatenate(errors[view]) for view in VIEWS}
    for name, score in (
        ("frames", len),
        ("median error, degrees", np.median),
        ("90th percentile", lambda error: np.percentile(error, 90)),
        ("frames off by more than 90 degrees, %", lambda error: 100 * (error > 90).mean()),
    ):
        cells = (f"{score(pooled[view]):.4g}" if len(pooled[view]) else "-" for view in VIEWS)
        print(f"| {name} | " + " | ".join(cells) + " |")
    found, true_turns = np.sum(full_turns, axis=0)
    print(f"full turns found: {found} of {true_turns}")
    depth, shoulders = np.sum(half_turns, axis=0)
    print(f"errors in the number of turns front to back: {depth} by depth, {shoulders} by the shoulders in the picture")
    depth, shoulders = np.mean(shares, axis=0)
    print(f"share of frames that face the camera, mean error: {depth:.3f} by depth, {shoulders:.3f} by the shoulders")
    away = np.concatenate(joints)
    away = away[np.isfinite(away)]
    print(f"distance of the file's joints, cm: median {np.median(away):.1f}, 95 % {np.percentile(away, 95):.1f}")


if __name__ == "__main__":
    main()
