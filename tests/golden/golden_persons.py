"""Golden results of what paints a person: plate, pose_gan, face_gan, rendering, group.

A stage is tried on fixed input, not on what the stage before it makes: else a change of that one would move both.
"""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
from cardboard import Cardboard, dancer
from moving_room import film_room, look
from record import Result, result
from toy_target import CPU, TOY_SETTINGS, load_toy, toy_target, train_toy

from danceit_core.config import FaceGanSettings, GroupSettings
from danceit_core.imagination.camera.solve import lay_on_plate, solve_camera
from danceit_core.imagination.networks.checkpoint import PoseGan, load_face_gan
from danceit_core.imagination.networks.generator import PoseGenerator
from danceit_core.imagination.plate.build import build_plate
from danceit_core.imagination.rendering.draft import draft_dance, draft_lending
from danceit_core.imagination.rendering.group import render_group
from danceit_core.imagination.rendering.render import render_dance
from danceit_core.imagination.target.data import TargetFrames
from danceit_core.imagination.training.face_training import train_face_gan
from danceit_core.imagination.training.train import begin

# Grey levels of what networks painted after a few steps, and of an encoded film.
PAINTED, CODED = 0.05, 0.15
SECONDS = ("seconds",)


def plate() -> dict[str, Result]:
    """The path of a camera that pans, and the room that it has seen."""
    with tempfile.TemporaryDirectory() as folder:
        film = film_room(Path(folder), 72, lambda number: look(420 + 2 * number, 360))
        path = solve_camera(film.frames_path, film.masks_path, film.table)
        if path is None:
            raise AssertionError("the camera was taken for one that stands still")
        laid = lay_on_plate(film.table, path)
        room = build_plate(film.frames_path, film.masks_path, laid)
    # Where the four corners of each frame lie, pixels.
    corners = np.array([[0, 0, 1], [319, 0, 1], [0, 239, 1], [319, 239, 1]], float).T
    at = path.homographies @ corners
    return {"corners": result(at[:, :2] / at[:, 2:], within=0.3), "room": result(room.picture, within=CODED)}


def pose_gan() -> dict[str, Result]:
    """A few steps of the default painter, in small."""
    settings = replace(TOY_SETTINGS, painter="recall", image_size=48, iterations=4, checkpoint_every=2)
    with tempfile.TemporaryDirectory() as folder:
        history = train_toy(Path(folder), toy(), settings=settings)
        gan = load_toy(Path(folder))
        weights = np.concatenate([value.detach().numpy().ravel() for value in gan.generator.parameters()])
    return {
        "history": result(figures(history), within=2e-3),
        "weights": result(weights, within=1e-5),
        "window": result(gan.view.window),
    }


def face_gan() -> dict[str, Result]:
    """A few steps on faces that a fixed painter paints."""
    settings = FaceGanSettings(channels=8, iterations=12, batch_size=4, learning_rate=2e-3)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "face.safetensors"
        made = {"checkpoint_path": path, "samples_path": Path(folder) / "samples.png"}
        target = toy_target(24, held_out=6)
        history = train_face_gan(target, pose_gan=plain(target), settings=settings, seed=3, device=CPU, **made)
        weights = [value.detach().numpy().ravel() for value in load_face_gan(path, device=CPU).generator.parameters()]
    return {"history": result(figures(history), within=2e-3), "weights": result(np.concatenate(weights), within=1e-5)}


def rendering() -> dict[str, Result]:
    """A dance of the own pixels without a network, and one that a fixed painter paints."""
    target = toy()
    poses, size, still = target.keypoints[:5], target.size, np.zeros((5, 2), np.float32)
    lending = draft_lending(target, poses, fps=24)
    draft = list(draft_dance(poses, lending, size=size, corners=still, device=CPU))
    whole = toy_target(24, size=96, held_out=6)
    painted = list(render_dance(poses, pose_gan=plain(whole), face_gan=None, batch_size=2, device=CPU))
    return {"draft": result(draft, within=PAINTED), "painted": result(painted, within=PAINTED)}


def group() -> dict[str, Result]:
    """Two whom a fixed painter paints, on one stage."""
    settings = GroupSettings()
    two = [dancer("red"), dancer("blue", colour=(-1.0, -1.0, 1.0))]
    options = {"spacing": settings.spacing, "mirrored": settings.mirrored, "batch_size": 2, "device": CPU}
    return {"pictures": result(list(render_group(two, **options)), within=PAINTED)}


def toy() -> TargetFrames:
    """A toy person whose poses follow each other by chance: each is two seconds of its own."""
    return replace(toy_target(24, size=96, held_out=6), fps=0.5)


def plain(target: TargetFrames) -> PoseGan:
    """A poseGAN of a target whose painter is one colour wherever the skeleton is."""
    _, gan = begin(target, settings=TOY_SETTINGS, seed=1, device=CPU)
    return replace(gan, generator=cast(PoseGenerator, Cardboard((0.4, -0.2, 0.1))))


def figures(history: list[dict[str, float]]) -> list[float]:
    """All numbers of a history but how long it took."""
    return [value for row in history for name, value in row.items() if name not in SECONDS]
