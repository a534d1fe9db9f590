"""Tiny generators, as a training leaves them."""

import numpy as np
import torch

from danceit_core.config import FaceGanSettings, PoseGanSettings
from danceit_core.imagination.networks.checkpoint import FaceGan, PoseGan
from danceit_core.imagination.networks.face import FaceGenerator
from danceit_core.imagination.networks.generator import PoseGenerator
from danceit_core.imagination.target.view import View

CPU = torch.device("cpu")
SETTINGS = PoseGanSettings(
    painter="paint", image_size=32, channels=8, kernel=3, downsamplings=1, blocks=1, enhancer_blocks=1
)  # fmt: skip
VIEW = View((64, 48), (30, 40), (24, 32), 0.8)


def pose_gan(plate=True):
    room = np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8) if plate else None
    return PoseGan(PoseGenerator(SETTINGS).eval(), SETTINGS, room, VIEW, 17.25)


def face_gan():
    return FaceGan(FaceGenerator(channels=4).eval(), FaceGanSettings(channels=4), 20)
