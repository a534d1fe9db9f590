"""How well BlazePose finds a dancer's joints from the front, the side, the back and while she turns.

    python benchmarks/keypoints_accuracy.py --models lite full heavy --seconds 12

Studio dancers, whose true joints are known, are rendered as they stand, turned by 90, 180 and 270 degrees, and on a
turntable (a turn in 4 s); frames of the still ones count to the view that shoulders and hips really have, since the
dances turn too. Right is a joint (nose to ankles, seen or hidden) within a tenth of the torso's length of its place.
"""

import argparse
import dataclasses
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.assets import fetch_body_mesh, fetch_pose_weights
from danceit_core.config import PoseSettings
from danceit_core.media.encode import VideoWriter
from danceit_core.pose.detect import detect_keypoints
from danceit_core.pose.skeleton import BODY, LEFT_HIP, LEFT_SHOULDER, RIGHT_HIP, RIGHT_SHOULDER, Keypoints, torso_length
from danceit_core.studio.cast import CLIPS
from danceit_core.studio.dancer import as_keypoints, dress, true_joints
from danceit_core.studio.music import compose_song
from danceit_core.studio.record import FPS, perform
from danceit_core.studio.renderer import Camera, Renderer
from danceit_core.studio.rig import Solved
from danceit_core.studio.rotation import turn, yaw

SIZE, SHARE, TURN_S = 512, 0.1, 4.0
VIEWS = ("frontal", "side", "back", "turning")
ANGLES_DEG: tuple[float | None, ...] = (0, 90, 180, 270, None)  # None: on a turntable


def turned(solved: Solved, angle_deg: float | None) -> Solved:
    """The same dance on a floor that is turned, or (None) that keeps turning."""
    frames = len(solved.positions)
    degrees = np.arange(frames) / FPS / TURN_S * 360 if angle_deg is None else np.full(frames, angle_deg)
    turns = yaw(np.deg2rad(degrees))
    return dataclasses.replace(
        solved, positions=turn(turns[:, None], solved.positions), rotations=turns[:, None] @ solved.rotations
    )


def views(joints: NDArray[np.float64]) -> NDArray[np.str_]:
    """Which way the body of (T, 25, 3) joints in the room faces: the mean of shoulders and hips."""
    across = joints[:, LEFT_SHOULDER] - joints[:, RIGHT_SHOULDER] + joints[:, LEFT_HIP] - joints[:, RIGHT_HIP]
    away_deg = np.abs(np.rad2deg(np.arctan2(-across[:, 2], across[:, 0])))
    return np.where(away_deg < 45, "frontal", np.where(away_deg > 135, "back", "side"))


def film(clip: str, *, mesh: Path, folder: Path, seconds: float) -> list[tuple[Path, Keypoints, NDArray[np.str_]]]:
    """Videos of one clip of the cast at each angle, with true keypoints and the view of each frame."""
    scene = CLIPS[clip]
    song = compose_song(tempo_bpm=scene.tempo_bpm, seconds=seconds, seed=scene.seed)
    dancer = dress(mesh, scene.look)
    # The camera stands in front of the middle of the turntable.
    camera = Camera.for_height(dancer.body.height)
    solved, _ = perform(scene, dancer, song, seconds=seconds)
    renderer = Renderer(dancer, scene.room, camera, size=SIZE, supersampling=1)
    clips = []
    for angle_deg in ANGLES_DEG:
        posed = turned(solved, angle_deg)
        path = folder / f"{clip}_{angle_deg}.mp4"
        with VideoWriter(path, fps=FPS, size=(SIZE, SIZE), crf=16, gop=12) as writer:
            for bones in posed.transforms(dancer.body.skeleton).astype(np.float32):
                writer.write(renderer.draw(bones))
        joints = true_joints(dancer, posed)
        view = np.full(len(joints), "turning") if angle_deg is None else views(joints)
        clips.append((path, as_keypoints(camera.pixels(joints, size=SIZE)), view))
    return clips


def hits(found: Keypoints, true: Keypoints) -> NDArray[np.bool_]:
    """Which joints (T, 15) of the body are where they should be."""
    body = list(BODY)
    distance = np.linalg.norm(found[:, body, :2] - true[:, body, :2], axis=-1)
    return (distance <= SHARE * torso_length(true)[:, None]) & (found[:, body, 2] > 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["lite", "full"], choices=("lite", "full", "heavy"))
    parser.add_argument("--clips", nargs="+", default=[clip for clip in CLIPS if clip != "target"], choices=list(CLIPS))
    parser.add_argument("--seconds", type=float, default=12.0, help="of each video")
    parser.add_argument("--resources", type=Path, default=Path("resources"), help="where weights and mesh are kept")
    arguments = parser.parse_args()
    mesh = fetch_body_mesh(arguments.resources / "body")
    right: dict[tuple[str, str], list[NDArray[np.bool_]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for clip in arguments.clips:
            for path, true, view in film(clip, mesh=mesh, folder=Path(folder), seconds=arguments.seconds):
                for model in arguments.models:
                    weights = fetch_pose_weights(arguments.resources / "blazepose", model=model)
                    found = detect_keypoints(path, settings=PoseSettings(model=model), weights=weights).keypoints
                    hit = hits(found, true)
                    for name in VIEWS:
                        right.setdefault((model, name), []).append(hit[view == name])
    frames = {name: sum(len(part) for part in right[arguments.models[0], name]) for name in VIEWS}
    print(f"| PCK@{SHARE:g} of the torso | " + " | ".join(f"{name} ({frames[name]} frames)" for name in VIEWS) + " |")
    print("|---" * (len(VIEWS) + 1) + "|")
    for model in arguments.models:
        shares = [np.concatenate(right[model, name]) for name in VIEWS]
        print(f"| {model} | " + " | ".join(f"{part.mean():.3f}" if len(part) else "-" for part in shares) + " |")


if __name__ == "__main__":
    main()
