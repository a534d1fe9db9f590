"""Dancers of one colour, as of cardboard, for pictures of several persons."""

from dataclasses import replace

import torch
from toy_target import CPU, TOY_SETTINGS, toy_target

from danceit_core.imagination.networks.generator import Painting
from danceit_core.imagination.rendering.group import Dancer
from danceit_core.imagination.training.train import begin
from danceit_core.pose.measure import measure_body

SIZE, FRAMES = 64, 5
SQUARE = (0, 0, SIZE, SIZE)
TARGET = toy_target(FRAMES, size=SIZE, held_out=1, share=0.5)


class Cardboard(torch.nn.Module):
    """A network that paints one colour, wholly opaque, wherever the skeleton is drawn."""

    stride, recalls = 4, False

    def __init__(self, colour):
        super().__init__()
        self.colour = torch.tensor(colour).view(1, 3, 1, 1)

    def forward(self, pose, **_):
        drawn = (pose.amax(1, keepdim=True) > -0.9).float()
        person = self.colour.expand(len(pose), 3, *pose.shape[-2:])
        return Painting(person, person, drawn)


def dancer(name, *, colour=(1.0, -1.0, -1.0), settings=TOY_SETTINGS, target=TARGET, picture=SQUARE, **changes):
    gan = begin(target, settings=replace(settings, image_size=SIZE), seed=1, device=CPU)[1]
    gan = replace(gan, generator=Cardboard(colour))
    return replace(Dancer(name, target.keypoints, measure_body(target.keypoints), picture, gan, None), **changes)
