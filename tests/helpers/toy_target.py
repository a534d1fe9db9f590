"""A toy person in a toy room of any shape, with true joints: coloured limbs in random poses before a patterned wall.

And a poseGAN that is small enough to learn them in seconds.
"""

from pathlib import Path

import cv2
import numpy as np
import torch
from held_film import HeldFilm
from numpy.typing import NDArray
from puppet import puppet_keypoints

from danceit_core.config import PoseGanSettings
from danceit_core.imagination.networks.checkpoint import PoseGan, load_pose_gan
from danceit_core.imagination.target.data import TargetFrames
from danceit_core.imagination.training.loop import History, Progress
from danceit_core.imagination.training.train import Judge, train_pose_gan
from danceit_core.pose.skeleton import LIMBS

CPU = torch.device("cpu")
TOY_SIZE = 64
LANDSCAPE, PORTRAIT = (96, 64), (64, 96)
Size = int | tuple[int, int]  # (width, height), or the side of a square
TOY_SETTINGS = PoseGanSettings(
    painter="paint", image_size=TOY_SIZE, channels=16, kernel=5, downsamplings=2, blocks=1, enhancer_blocks=1,
    discriminator_channels=8, discriminators=1, iterations=6, batch_size=2, learning_rate=2e-3, average_decay=0.9,
    checkpoint_every=3,
)  # fmt: skip
# Kinds of input that a generator may be given.
FORMS = {"plain": {}, "heat maps": {"pose_input": "heatmaps"}, "previous frame": {"previous_frame": True}}
SHIRT, SKIN, TROUSERS, HAIR = (200, 40, 40), (230, 180, 150), (40, 50, 120), (30, 20, 10)


def sides_of(size: Size) -> tuple[int, int]:
    """Width and height of a toy picture."""
    return (size, size) if isinstance(size, int) else size


def toy_room(size: Size) -> NDArray[np.uint8]:
    """A wall that darkens to the left with faint stripes, and a brown floor; uint8 (height, width, 3)."""
    width, height = sides_of(size)
    across = np.linspace(90, 190, width)[None, :, None] + np.zeros((height, width, 3))
    across[::8] += 20
    across[int(0.8 * height) :] = (120, 90, 70)
    return across.astype(np.uint8)


def toy_poses(frames: int, *, size: Size, seed: int = 0, sway: float = 0.12, share: float = 1.0) -> NDArray[np.float32]:
    """Random poses (frames, 25, 3) of the puppet, moved sideways by up to `sway` of the picture's width.

    share: of the picture's shorter side that the puppet has to itself; it is four fifths of that high.
    """
    rng, sides = np.random.default_rng(seed), sides_of(size)
    side = min(sides)
    poses = np.stack([puppet_keypoints(float(t), size=side) for t in rng.uniform(0, 20, frames)])
    poses[..., :2] = np.array(sides) / 2 + share * (poses[..., :2] - side / 2)
    poses[..., 0] += rng.uniform(-sway, sway, (frames, 1)) * sides[0]
    return poses


def draw_toy(keypoints: NDArray[np.float32], room: NDArray[np.uint8], *, share: float = 1.0) -> NDArray[np.uint8]:
    """The toy person with these joints before the room, as thick as suits the share."""
    picture, width = room.copy(), max(1, round(share * min(room.shape[:2]) / 16))
    points = [tuple(map(int, np.round(xy * 16))) for xy in keypoints[:, :2]]
    for number, (a, b) in enumerate(LIMBS[:15]):
        colour = TROUSERS if 7 <= number < 13 else SHIRT if number in (0, 1, 2) else SKIN
        cv2.line(picture, points[a], points[b], colour, width, cv2.LINE_AA, 4)
    cv2.circle(picture, points[0], width * 12, HAIR, -1, cv2.LINE_AA, 4)
    cv2.circle(picture, points[0], width * 8, SKIN, -1, cv2.LINE_AA, 4)
    return picture


def toy_target(
    frames: int = 60, *, size: Size = TOY_SIZE, seed: int = 0, held_out: int = 10, share: float = 1.0
) -> TargetFrames:
    """Frames of the toy person with outlines; the last `held_out` do not train."""
    poses, room = toy_poses(frames, size=size, seed=seed, share=share), toy_room(size)
    pictures = np.stack([draw_toy(pose, room, share=share) for pose in poses])
    alone = [draw_toy(pose, np.zeros_like(room), share=share) for pose in poses]
    outlines = np.stack([np.where(person.any(-1), 255, 0).astype(np.uint8) for person in alone])
    return TargetFrames(HeldFilm(pictures, outlines), poses, np.arange(frames) < frames - held_out, plate=room)


def all_pictures(target: TargetFrames) -> NDArray[np.uint8]:
    """Every frame of a target, (T, H, W, 3)."""
    return target.pictures(np.arange(len(target.training)))


def toy_checkpoint(folder: Path) -> Path:
    """Where `train_toy` leaves its poseGAN."""
    return folder / "pose_gan.safetensors"


def train_toy(
    folder: Path,
    target: TargetFrames,
    *,
    settings: PoseGanSettings = TOY_SETTINGS,
    judge: Judge | None = None,
    progress: Progress | None = None,
) -> History:
    """Train a poseGAN on a target into `folder`; returns its history."""
    return train_pose_gan(
        target,
        settings=settings,
        seed=3,
        device=CPU,
        checkpoint_path=toy_checkpoint(folder),
        samples_path=folder / "samples.png",
        judge=judge,
        progress=progress,
        history_path=folder / "history.jsonl",
    )


def load_toy(folder: Path) -> PoseGan:
    """What `train_toy` has left in `folder`."""
    return load_pose_gan(toy_checkpoint(folder), device=CPU)


class InterruptedTrainingError(Exception):
    """Ends a training before its end, as a cut in the power would."""


def stop_after(last: int) -> Progress:
    """A progress that ends the training after so many iterations."""

    def stop(done: int, _total: int) -> None:
        if done == last:
            raise InterruptedTrainingError

    return stop


def flat_weights(gan: PoseGan) -> torch.Tensor:
    """Every weight of the generator, in a row."""
    return torch.cat([value.flatten() for value in gan.generator.parameters()])
