"""Several persons on one stage: each whole, in place, at one height, over the first one's room."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_target import CPU, TOY_SETTINGS, toy_target

from danceit_core.config import FaceGanSettings
from danceit_core.errors import ImaginationError
from danceit_core.imagination.networks.checkpoint import FaceGan
from danceit_core.imagination.networks.face import FaceGenerator
from danceit_core.imagination.networks.generator import Painting
from danceit_core.imagination.rendering.group import Dancer, cut_out, mirror, place_dancers, render_group
from danceit_core.imagination.rendering.render import render_dance
from danceit_core.imagination.training.train import begin
from danceit_core.pose.measure import Body, measure_body
from danceit_core.pose.skeleton import LEFT_WRIST, NOSE, RIGHT_WRIST

SIZE, FRAMES = 64, 5
TARGET = toy_target(FRAMES, size=SIZE, held_out=1, share=0.5)


class Cardboard(torch.nn.Module):
    """A network that paints one colour, wholly opaque, wherever the skeleton is drawn."""

    stride = 4

    def __init__(self, colour):
        super().__init__()
        self.colour = torch.tensor(colour).view(1, 3, 1, 1)

    def forward(self, pose, **_):
        drawn = (pose.amax(1, keepdim=True) > -0.9).float()
        person = self.colour.expand(len(pose), 3, *pose.shape[-2:])
        return Painting(person, person, drawn)


def dancer(name, *, colour=(1.0, -1.0, -1.0), settings=TOY_SETTINGS, **changes):
    gan = begin(TARGET, settings=replace(settings, picture_size=SIZE, image_size=SIZE), seed=1, device=CPU)[1]
    gan = replace(gan, generator=Cardboard(colour))
    return replace(Dancer(name, TARGET.keypoints, measure_body(TARGET.keypoints), gan, None), **changes)


def render(*dancers, size=SIZE, spacing=0.55, mirrored=False):
    options = {"size": size, "spacing": spacing, "mirrored": mirrored, "batch_size": 2, "device": CPU}
    return list(render_group(dancers, **options))


def coloured(picture, channel):
    """Where a picture is of a pure colour."""
    others = [k for k in range(3) if k != channel]
    return (picture[..., channel] > 200) & (picture[..., others] < 60).all(-1)


def test_two_stand_side_by_side_in_the_first_ones_room():
    red, blue = dancer("red"), dancer("blue", colour=(-1.0, -1.0, 1.0))
    pictures = render(red, blue)
    assert len(pictures) == FRAMES
    (room,) = render_dance(
        np.zeros((1, 25, 3), np.float32), pose_gan=red.pose_gan, face_gan=None, size=SIZE, batch_size=1, device=CPU
    )
    for picture in pictures:
        left, right = (np.flatnonzero(coloured(picture, channel).any(0)).mean() for channel in (0, 2))
        assert right - left == pytest.approx(0.55 * red.body.height_px, abs=3)
        lowest = [np.flatnonzero(coloured(picture, channel).any(1)).max() for channel in (0, 2)]
        assert abs(lowest[0] - lowest[1]) <= 1
        np.testing.assert_array_equal(picture[:, :4], room[:, :4])


def test_who_is_not_there_in_a_frame_leaves_nothing_of_hers():
    red, gone = dancer("red"), dancer("blue", colour=(-1.0, -1.0, 1.0))
    poses = gone.poses.copy()
    poses[2] = 0
    together, without = render(red, replace(gone, poses=poses)), render(red, replace(gone, poses=0 * poses))
    np.testing.assert_array_equal(together[2], without[2])
    assert not coloured(together[2], 2).any()
    assert coloured(together[1], 2).any()


def test_the_first_stands_in_front():
    pictures = render(dancer("red"), dancer("blue", colour=(-1.0, -1.0, 1.0)), spacing=0.0)
    for picture in pictures:
        assert coloured(picture, 0).sum() > 10 * coloured(picture, 2).sum()


def test_all_are_as_tall_as_the_first_and_a_long_row_fits():
    bodies = [Body(40, 12, 60, 30), Body(20, 6, 50, 32), Body(80, 24, 64, 20), Body(40, 12, 60, 30)]
    for count in (2, 3, 4):
        places = place_dancers(bodies[:count], size=64, spacing=0.5)
        heights = [place[0, 0] * body.height_px for place, body in zip(places, bodies, strict=False)]
        assert heights == pytest.approx([heights[0]] * count)
        assert heights[0] == pytest.approx(min(40, 64 / (0.5 * (count - 1) + 1.1)))
        feet = [place @ (body.centre_x, body.ground_y, 1) for place, body in zip(places, bodies, strict=False)]
        assert [y for _, y in feet] == pytest.approx([60] * count)
        x = sorted(x for x, _ in feet)
        assert np.diff(x) == pytest.approx(0.5 * heights[0])
        assert np.mean(x) == pytest.approx(32)
        assert abs(feet[0][0] - 32) <= 0.26 * heights[0]  # the first in the middle


def test_a_mirror_image_keeps_left_and_right_of_the_body():
    person = dancer("red")
    flipped = mirror(person)
    centre = person.body.centre_x
    np.testing.assert_allclose(flipped.poses[:, NOSE, 0], 2 * centre - person.poses[:, NOSE, 0], rtol=1e-5)
    np.testing.assert_allclose(flipped.poses[:, LEFT_WRIST, 0], 2 * centre - person.poses[:, RIGHT_WRIST, 0], rtol=1e-5)
    np.testing.assert_array_equal(mirror(flipped).poses[..., 2], person.poses[..., 2])

    mirrored, plain = (render(person, person, mirrored=m, spacing=2.0) for m in (True, False))
    assert not np.array_equal(mirrored, plain)


def test_trained_networks_of_every_kind_dance_together():
    face = FaceGan(FaceGenerator(channels=4).eval(), FaceGanSettings(channels=4), 16)
    kinds = [{}, {"previous_frame": True}, {"pose_input": "heatmaps"}]
    group = []
    for number, changes in enumerate(kinds):
        settings = replace(TOY_SETTINGS, picture_size=SIZE, image_size=32, channels=8, **changes)
        gan = begin(TARGET, settings=settings, seed=number, device=CPU)[1]
        group.append(
            Dancer(str(number), TARGET.keypoints[: FRAMES - number], measure_body(TARGET.keypoints), gan, face)
        )
    pictures = render(*group, size=48)
    assert [picture.shape for picture in pictures] == [(48, 48, 3)] * (FRAMES - 2)  # as long as all of them dance


def test_a_group_needs_two_and_each_a_plate():
    with pytest.raises(ImaginationError, match=r"a group of 1; name at least two persons in group\.members"):
        render(dancer("red"))
    bare = dancer("bare", settings=replace(TOY_SETTINGS, background_plate=False, crop=False))
    with pytest.raises(ImaginationError, match="bare: a poseGAN without background plate cannot be cut out"):
        render(dancer("red"), bare)


def test_a_body_that_is_nearly_opaque_hides_another_room_and_an_outline_does_not():
    room, picture = np.full((1, 3, 3), 100, np.uint8), np.full((1, 3, 3), 40, np.uint8)
    paint, opacity = cut_out(picture, np.array([[0.0, 0.2, 0.8]], np.float32), room=room)
    assert opacity[0] == pytest.approx([0, 0.2, 1])
    # Over its own room each pixel is the picture again, whatever the opacity.
    over_own = paint + (1 - opacity[..., None]) * room
    assert over_own[..., 0] == pytest.approx(np.full((1, 3), 40.0), abs=1e-3)
    assert paint[0, 2] == pytest.approx([40, 40, 40])
