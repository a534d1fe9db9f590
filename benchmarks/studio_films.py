"""Videos of studio dancers from the front, the side, the back and on a turntable, with true joints and outlines.

Films are kept in a folder, so that several runs, with several versions of the code, use the same pictures; delete it
when the studio has changed. True joints are computed again each time.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.media.encode import VideoWriter
from danceit_core.pose.skeleton import LEFT_HIP, LEFT_SHOULDER, RIGHT_HIP, RIGHT_SHOULDER, Keypoints
from danceit_core.studio.camera import Camera
from danceit_core.studio.cast import CLIPS
from danceit_core.studio.dancer import Dancer, as_keypoints, dress, labelled_joints, true_joints
from danceit_core.studio.music import compose_song
from danceit_core.studio.record import FPS, perform
from danceit_core.studio.renderer import Renderer
from danceit_core.studio.rig import Solved
from danceit_core.studio.rotation import turn, yaw

SIZE, TURN_S = 512, 4.0
FRONTAL, SIDE, BACK, TURNING = VIEWS = ("frontal", "side", "back", "turning")
ANGLES_DEG: tuple[float | None, ...] = (0, 90, 180, 270, None)  # None: on a turntable
# Conventions for true joints: the centres of the body's joints, or the places used by human annotators.
TRUTHS = {"bones": true_joints, "labelled": labelled_joints}


@dataclasses.dataclass(frozen=True)
class Film:
    """path: the video; truths: keypoints (T, 25, 3) by convention, one of TRUTHS; view (T,): one of VIEWS.

    outlines_path: the packed outlines.
    """

    clip: str
    path: Path
    truths: Mapping[str, Keypoints]
    view: NDArray[np.str_]
    outlines_path: Path

    def outlines(self) -> Iterator[NDArray[np.uint8]]:
        """The dancer's true outlines (512, 512), 255 = dancer."""
        with np.load(self.outlines_path) as archive:
            packed = archive["outlines"]
        for bits in packed:
            yield 255 * np.unpackbits(bits).reshape(SIZE, SIZE)


def film_clip(clip: str, *, mesh: Path, folder: Path, seconds: float) -> list[Film]:
    """Films of one clip of the cast at each angle; those that are already in the folder are reused.

    The dancers turn as well, so frames of films at a fixed angle count for the actual view of shoulders and hips.
    """
    scene = CLIPS[clip]
    song = compose_song(tempo_bpm=scene.tempo_bpm, seconds=seconds, seed=scene.seed)
    dancer = dress(mesh, scene.look)
    # The camera stands in front of the middle of the turntable.
    camera = Camera.for_height(dancer.body.height)
    solved, _ = perform(scene, dancer, song, seconds=seconds)
    renderer = None
    films = []
    folder.mkdir(parents=True, exist_ok=True)
    for angle_deg in ANGLES_DEG:
        posed = turned(solved, angle_deg)
        name = f"{clip}_{'turning' if angle_deg is None else angle_deg}_{seconds:g}s"
        path, outlines_path = folder / f"{name}.mp4", folder / f"{name}.npz"
        if not (path.is_file() and outlines_path.is_file()):
            renderer = renderer or Renderer(dancer, scene.room, camera, size=SIZE, supersampling=1)
            record(path, outlines_path, renderer, dancer, posed)
        truths = {name: as_keypoints(camera.pixels(find(dancer, posed), size=SIZE)) for name, find in TRUTHS.items()}
        facing = views(true_joints(dancer, posed))
        view = np.full(len(facing), TURNING) if angle_deg is None else facing
        films.append(Film(clip, path, truths, view, outlines_path))
    return films


def record(path: Path, outlines_path: Path, renderer: Renderer, dancer: Dancer, posed: Solved) -> None:
    """Write a video, and then its outlines, one bit per pixel."""
    outlines = []
    with VideoWriter(path, fps=FPS, size=(SIZE, SIZE), crf=16, gop=12) as writer:
        for bones in posed.transforms(dancer.body.skeleton).astype(np.float32):
            picture, outline = renderer.draw_with_outline(bones)
            writer.write(picture)
            outlines.append(np.packbits(outline >= 128))
    np.savez_compressed(outlines_path, outlines=np.stack(outlines))


def turned(solved: Solved, angle_deg: float | None) -> Solved:
    """The same dance on a floor that is turned, or (None) that turns continuously."""
    frames = len(solved.positions)
    degrees = np.arange(frames) / FPS / TURN_S * 360 if angle_deg is None else np.full(frames, angle_deg)
    turns = yaw(np.deg2rad(degrees))
    return dataclasses.replace(
        solved, positions=turn(turns[:, None], solved.positions), rotations=turns[:, None] @ solved.rotations
    )


def views(joints: NDArray[np.float64]) -> NDArray[np.str_]:
    """The view of the body with (T, 25, 3) joints in the room, by the mean of shoulders and hips."""
    across = joints[:, LEFT_SHOULDER] - joints[:, RIGHT_SHOULDER] + joints[:, LEFT_HIP] - joints[:, RIGHT_HIP]
    away_deg = np.abs(np.rad2deg(np.arctan2(-across[:, 2], across[:, 0])))
    return np.where(away_deg < 45, FRONTAL, np.where(away_deg > 135, BACK, SIDE))
