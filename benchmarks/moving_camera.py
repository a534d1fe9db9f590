"""Accuracy of the solved camera of a target's video if it moves, against rendered truth.

    python benchmarks/moving_camera.py --films FOLDER [--seconds 8] [--size 384] [--room living] [--only pan shake]

The studio's target is filmed by a camera that is static, pans by half a picture, shakes in a hand (turning, rolling and
moving by centimetres, so that nearer things really shift), zooms by 20 %, and does all of this. The target stands in
one of the studio's rooms; their default room is a bare wall without features to track (--room plain). Films are kept in
the folder: delete it when the studio has changed. Outlines and joints are the true ones.

For each film: frames per second of one core; the error of the camera on the wall behind, pixels, median and 95th
percentile over frames and places, and in the last second (drift); the median error of the joints on the plate; the same
for a baseline that compares each frame only with the first one, with the number of frames that it loses; and the room
error: the mean difference, grey levels, of the plate (`plate.build`) from the empty room as the true camera would show
it. --paint STEPS: also trains the painter on each film and scores its last 15 % on the plate.
"""

import argparse
import dataclasses
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from danceit_core.assets import fetch_body_mesh
from danceit_core.config import PoseGanSettings
from danceit_core.evaluation.painting import score_painting
from danceit_core.imagination.camera.features import View, find_view
from danceit_core.imagination.camera.geometry import Floats, transform
from danceit_core.imagination.camera.solve import CameraError, CameraPath, lay_on_plate, solve_camera
from danceit_core.imagination.camera.views import TargetViews
from danceit_core.imagination.networks.checkpoint import load_pose_gan
from danceit_core.imagination.plate.build import build_plate
from danceit_core.imagination.target.data import TargetFrames
from danceit_core.imagination.target.film import film_of
from danceit_core.imagination.training.pose_step import paint_frames, training_shelf
from danceit_core.imagination.training.train import train_pose_gan
from danceit_core.media.encode import VideoWriter
from danceit_core.media.mask_video import MaskWriter
from danceit_core.media.video import STORE_GOP
from danceit_core.pose.table import PoseTable
from danceit_core.studio.cast import CLIPS
from danceit_core.studio.dancer import as_keypoints, dress, true_joints
from danceit_core.studio.music import compose_song
from danceit_core.studio.record import FPS, perform
from danceit_core.studio.renderer import Camera, Renderer
from danceit_core.studio.room import BALLET, LIVING, LOFT, NEON, PLAIN_STUDIO

CLIP, CPU = "target", torch.device("cpu")
ROOMS = {"living": LIVING, "loft": LOFT, "ballet": BALLET, "neon": NEON, "plain": PLAIN_STUDIO}
# Half of the picture is this yaw, for the studio's focal length.
PAN_RAD, ZOOM, SHAKE_RAD, SHAKE_M = 0.23, 1.2, 0.008, 0.02
# Hertz and shares of the amplitude: breath and steps, and the tremor of a hand.
TREMBLE = ((0.43, 1.0), (1.1, 0.6), (2.7, 0.3), (5.3, 0.12))


def pan(share: float, _time_s: float) -> dict:
    return {"yaw": PAN_RAD * (0.5 - 0.5 * np.cos(np.pi * share) - 0.5)}


def shake(_share: float, time_s: float) -> dict:
    def sway(phase: float) -> float:
        return sum(size * np.sin(2 * np.pi * hertz * time_s + phase * (1 + hertz)) for hertz, size in TREMBLE)

    turned = {name: SHAKE_RAD * sway(phase) for name, phase in (("yaw", 0.0), ("pitch", 1.7), ("roll", 3.1))}
    return turned | {"shift": SHAKE_M * np.array([sway(0.8), 0.5 * sway(2.2), 0.5 * sway(4.0)])}


def zoom_in(share: float, _time_s: float) -> dict:
    return {"zoom": 1 + (ZOOM - 1) * (0.5 - 0.5 * np.cos(np.pi * share))}


def together(share: float, time_s: float) -> dict:
    moved = shake(share, time_s)
    return moved | zoom_in(share, time_s) | {"yaw": moved["yaw"] + pan(share, time_s)["yaw"]}


MOVES: dict[str, Callable[[float, float], dict]] = {
    "still": lambda _share, _time_s: {}, "pan": pan, "shake": shake, "zoom": zoom_in, "all": together,
}  # fmt: skip


def moved_camera(
    camera: Camera, *, yaw: float = 0, pitch: float = 0, roll: float = 0, zoom: float = 1, shift: Floats | None = None
) -> Camera:
    """A camera turned (radians, about its own axes), moved (metres, along its own axes) and zoomed."""
    turn = cv2.Rodrigues(np.array([pitch, yaw, roll], np.float64))[0]
    eye = camera.eye + (0 if shift is None else shift @ camera.axes)
    return Camera((turn @ camera.axes).astype(np.float32), eye.astype(np.float32), camera.focal * zoom)


@dataclasses.dataclass(frozen=True)
class Film:
    """A film and the truth about it: a camera for each frame, joints in the room (T, 25, 3), the empty room."""

    frames_path: Path
    masks_path: Path
    table: PoseTable
    cameras: list[Camera]
    joints: Floats
    wall: Floats
    size: int
    empty: Callable[[Camera], NDArray[np.uint8]]


def film(move: str, room: str, *, folder: Path, mesh: Path, seconds: float, size: int) -> Film:
    """Make one film, or read it if it is already in the folder."""
    scene = dataclasses.replace(CLIPS[CLIP], room=ROOMS[room])
    song = compose_song(tempo_bpm=scene.tempo_bpm, seconds=seconds, seed=scene.seed)
    dancer = dress(mesh, scene.look)
    solved, _ = perform(scene, dancer, song, seconds=seconds)
    bones = solved.transforms(dancer.body.skeleton).astype(np.float32)
    still = Camera.for_height(dancer.body.height)
    count = len(bones)
    cameras = [moved_camera(still, **MOVES[move](k / max(1, count - 1), k / FPS)) for k in range(count)]
    name = f"{room}_{move}_{size}_{seconds:g}s"
    frames_path, masks_path = folder / f"{name}.mp4", folder / f"{name}.mkv"
    if not (frames_path.is_file() and masks_path.is_file()):
        folder.mkdir(parents=True, exist_ok=True)
        with (
            VideoWriter(frames_path, fps=FPS, size=(size, size), crf=16, gop=STORE_GOP) as pictures,
            MaskWriter(masks_path, fps=FPS, size=(size, size)) as masks,
        ):
            renderer = None
            for camera, posed in zip(cameras, bones, strict=True):
                if renderer is None or move != "still":
                    renderer = Renderer(dancer, scene.room, camera, size=size, supersampling=1)
                picture, outline = renderer.draw_with_outline(posed)
                pictures.write(picture)
                masks.write(np.where(outline >= 128, np.uint8(255), np.uint8(0)))
    joints = true_joints(dancer, solved)
    seen = np.stack([camera.pixels(at, size=size) for camera, at in zip(cameras, joints, strict=True)])
    table = PoseTable(as_keypoints(seen), {"fps": FPS, "width": size, "height": size})

    def empty(camera: Camera) -> NDArray[np.uint8]:
        away = bones[0].copy()
        away[:, 0, 3] += 60
        return Renderer(dancer, scene.room, camera, size=size, supersampling=1).draw(away)

    x, y = np.meshgrid(np.linspace(-4, 4, 33), np.linspace(0.1, 3, 12))
    wall = np.stack([x.ravel(), y.ravel(), np.full(x.size, scene.room.back_z)], -1)
    return Film(frames_path, masks_path, table, cameras, joints, wall, size, empty)


def wall_errors(made: Film, homographies: Floats, reference: int) -> list[Floats]:
    """For each frame, the distances, pixels, of the wall's places from where the reference frame's camera has them."""
    shift = homographies[reference][:2, 2] / homographies[reference][2, 2]
    aim = made.cameras[reference].pixels(made.wall, size=made.size) - 0.5 + shift
    errors = []
    for camera, homography in zip(made.cameras, homographies, strict=True):
        at = camera.pixels(made.wall, size=made.size) - 0.5
        inside = ((at >= 0) & (at < made.size)).all(1)
        errors.append(np.linalg.norm(transform(homography, at[inside]) - aim[inside], axis=1))
    return errors


def joint_error(made: Film, keypoints: NDArray[np.float32], homographies: Floats, reference: int) -> float:
    """The median distance, pixels, of joints on the plate from where the reference frame's camera would have them."""
    shift = homographies[reference][:2, 2]
    off = [
        np.linalg.norm(laid[:, :2] - made.cameras[reference].pixels(at, size=made.size) - shift, axis=1)
        for laid, at in zip(keypoints, made.joints, strict=True)
    ]
    return float(np.median(off))


def from_first(made: Film) -> tuple[Floats, NDArray[np.bool_]]:
    """The baseline: each frame compared with the first one. Homographies (T, 3, 3), and which were found."""
    views = TargetViews(made.frames_path, made.masks_path, made.table)
    first: View | None = None
    now, found, homographies = np.eye(3), [], []
    to_work = np.diag([views.scale, views.scale, 1.0])
    for view in views.all():
        first = first or view
        match = find_view(view, first, now)
        now = now if match is None else match.homography
        found.append(match is not None)
        homographies.append(np.linalg.inv(to_work) @ now @ to_work)
    return np.array(homographies), np.array(found)


def laid_table(made: Film, camera: CameraPath | None) -> PoseTable:
    """The true joints on the plate; all frames in which the camera was found are kept."""
    kept = np.ones(len(made.table), bool)
    columns = {"kept": kept, "reason": np.full(len(kept), "", "U16")}
    return lay_on_plate(dataclasses.replace(made.table, columns=columns), camera)


def room_error(made: Film, table: PoseTable, camera: CameraPath | None, reference: int) -> float:
    """Mean difference, grey levels, of the plate from the empty room as the reference frame's camera would show it."""
    plate = build_plate(made.frames_path, made.masks_path, table)
    shift = np.float64([[1, 0, 0], [0, 1, 0]])
    if camera is not None:
        shift[:, 2] = -camera.homographies[reference][:2, 2]
    size = (made.size, made.size)
    picture = cv2.warpAffine(plate.picture, shift, size, flags=cv2.INTER_LINEAR)
    seen = cv2.warpAffine(np.uint8(plate.seen) * 255, shift, size, flags=cv2.INTER_LINEAR) > 250
    return float(np.abs(picture.astype(float) - made.empty(made.cameras[reference]))[seen].mean())


def painted(made: Film, table: PoseTable, *, steps: int) -> dict[str, float]:
    """Scores on held-out frames of a painter that was trained on the film for some steps."""
    plate = build_plate(made.frames_path, made.masks_path, table).picture
    usable = np.flatnonzero(table.columns["kept"])
    target = TargetFrames(
        film_of(made.frames_path, table, plate=plate, outlines=made.masks_path),
        table.keypoints[usable],
        training=np.arange(len(usable)) < round(0.85 * len(usable)),
        plate=plate,
        numbers=usable,
        fps=FPS,
    )
    settings = PoseGanSettings(iterations=steps, checkpoint_every=steps)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gan"
        train_pose_gan(
            target, settings=settings, seed=0, device=CPU, checkpoint_path=path, samples_path=f"{folder}/s.png"
        )
        gan = load_pose_gan(path, device=CPU)
    held = np.flatnonzero(~target.training)
    pictures = list(paint_frames(gan, target, held, device=CPU, shelf=training_shelf(gan, target)))
    return score_painting(
        pictures, list(target.pictures(held)), target.keypoints[held], follows=target.after_another[held],
        body_px=target.body_px, face_px=32,
    )  # fmt: skip


def measure(move: str, made: Film, *, steps: int = 0) -> str:
    """One line of the table; steps: also train a painter on the film for this many steps."""
    start_s = time.process_time()
    try:
        camera = solve_camera(made.frames_path, made.masks_path, made.table)
    except CameraError as error:
        return f"{move:6} not solved: {error}"
    fps = len(made.table) / (time.process_time() - start_s)
    laid, scores = laid_table(made, camera), ""
    if steps:
        found = painted(made, laid, steps=steps)
        scores = f", person {found['person_psnr']:.2f} dB, picture {found['psnr']:.2f} dB"
    if camera is None:
        room = room_error(made, laid, None, 0)
        return f"{move:6} {fps:5.0f} frames/s  static; room {room:.2f} grey levels{scores}"
    square = camera.homographies[:, :2, :2] - np.eye(2)
    reference = int((np.abs(square).sum((1, 2)) + 1e3 * np.abs(camera.homographies[:, 2, :2]).sum(1)).argmin())
    errors = wall_errors(made, camera.homographies, reference)
    every, late = np.concatenate(errors), np.concatenate(errors[-round(FPS) :])
    rival, found = from_first(made)
    rival_errors = np.concatenate([e for e, ok in zip(wall_errors(made, rival, 0), found, strict=True) if ok])
    return (
        f"{move:6} {fps:5.0f} frames/s  wall {np.median(every):.2f} {np.quantile(every, 0.95):.2f} end "
        f"{np.median(late):.2f} px, joints {joint_error(made, laid.keypoints, camera.homographies, reference):.2f} px, "
        f"lost {(~camera.known).sum()}; from the first frame {np.median(rival_errors):.2f} "
        f"{np.quantile(rival_errors, 0.95):.2f} px, lost {(~found).sum()}; plate {camera.size[0]} x {camera.size[1]}, "
        f"room {room_error(made, laid, camera, reference):.2f} grey levels{scores}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=Path, required=True, help="folder of the films")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--size", type=int, default=384, help="side of the pictures")
    parser.add_argument("--room", default="living", choices=list(ROOMS))
    parser.add_argument("--only", nargs="*", default=list(MOVES), choices=list(MOVES))
    parser.add_argument(
        "--paint", type=int, default=0, metavar="STEPS", help="train a painter on each film for this many steps"
    )
    args = parser.parse_args()
    cv2.setNumThreads(1)
    mesh = fetch_body_mesh(Path("resources/body"))
    for name in args.only:
        made = film(name, args.room, folder=args.films, mesh=mesh, seconds=args.seconds, size=args.size)
        print(measure(name, made, steps=args.paint), flush=True)
