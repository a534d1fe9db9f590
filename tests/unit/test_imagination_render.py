"""Rendering on several cores: the same pictures in the same order, and nothing of it is left behind."""

import threading
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from toy_target import CPU, TOY_SETTINGS, toy_target

from danceit_core.config import FaceGanSettings
from danceit_core.imagination.networks.checkpoint import FaceGan
from danceit_core.imagination.networks.face import FaceGenerator, face_strength
from danceit_core.imagination.networks.generator import Painting
from danceit_core.imagination.rendering.batches import compose
from danceit_core.imagination.rendering.render import paint, refine_faces, render_dance
from danceit_core.imagination.target.region import reach
from danceit_core.imagination.target.view import View, Window
from danceit_core.imagination.training.train import begin

SIZE = 64
TARGET = toy_target(11, size=SIZE, held_out=2, share=0.5)
POSES = TARGET.keypoints


@pytest.fixture(scope="module")
def gan():
    """An untrained poseGAN whose windows hold all poses, so that rendering need not widen them."""
    _, gan = begin(TARGET, settings=replace(TOY_SETTINGS, image_size=32, channels=8), seed=1, device=CPU)
    for value in gan.generator.parameters():
        value.requires_grad_(False).mul_(3)  # a bolder painter
    return replace(gan, view=gan.view.widened(POSES, body_px=gan.body_px, stride=gan.generator.stride))


@pytest.fixture(scope="module")
def face():
    torch.manual_seed(1)
    return FaceGan(FaceGenerator(channels=4).eval(), FaceGanSettings(channels=4), 16)


@pytest.fixture
def threads():
    """Sets how many threads torch uses, for one test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def render(gan, face, *, batch_size=4):
    return render_dance(POSES, pose_gan=gan, face_gan=face, size=SIZE, batch_size=batch_size, device=CPU)


def test_cores_and_batches_change_no_picture(gan, face, threads):
    painted = paint(gan, POSES, device=CPU)
    strength = face_strength(POSES)
    expected = refine_faces(face, painted, POSES, strength=strength, device=CPU)
    assert np.ptp(painted, axis=0).max() > 20
    assert (expected != painted).any()
    for number in (1, 2, 3):
        threads(number)
        for batch_size in (1, 4, 20):
            np.testing.assert_array_equal(list(render(gan, None, batch_size=batch_size)), painted)
            assert torch.get_num_threads() == number
            pictures = np.array(list(render(gan, face, batch_size=batch_size)), int)
            # Patches of several faces are rounded otherwise than those of one.
            assert np.abs(pictures - expected).max() <= 2


def test_far_from_the_person_the_room_is_the_plates_own(gan):
    for picture, pose in zip(paint(gan, POSES, device=CPU), POSES, strict=True):
        near = reach(pose, size=(SIZE, SIZE), body_px=gan.body_px)
        far = cv2.dilate(near, np.ones((7, 7))) == 0  # the network's pixels are two of the picture's
        assert far.mean() > 0.1
        np.testing.assert_array_equal(picture[far], gan.plate[far])
        assert (picture[near == 1] != gan.plate[near == 1]).mean() > 0.5


def test_whoever_has_enough_leaves_no_thread_behind(gan, face, threads):
    threads(2)
    before = threading.active_count()
    pictures = render(gan, face)
    assert next(pictures).shape == (SIZE, SIZE, 3)
    pictures.close()
    assert threading.active_count() == before
    found = []
    later = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    later.start()
    later.join()
    assert found == [2]  # threads that begin later have as many as before


def test_an_error_comes_where_its_picture_would_have_come(gan, threads, monkeypatch):
    threads(1)
    width, height = gan.view.network
    painting = Painting(*(torch.zeros(4, channels, height, width) for channels in (3, 3, 1)))
    made = iter([painting])
    monkeypatch.setattr(gan.generator, "forward", lambda *_args, **_more: next(made, None) or 1 / 0)
    pictures = render(gan, None)
    assert [next(pictures).shape for _ in range(4)] == 4 * [(SIZE, SIZE, 3)]
    with pytest.raises(ZeroDivisionError):
        next(pictures)


@pytest.mark.parametrize("plate", [True, False])
def test_what_was_painted_is_enlarged_as_torch_would(plate):
    """Its bicubic filter, and the mixture with the room, in one formula; to rounding."""
    rng = torch.Generator().manual_seed(0)
    side, view = 72, View(72, (72, 72), (40, 40), 40 / 72)
    person = torch.rand(2, 3, 40, 40, generator=rng) * 2 - 1
    opacity = torch.rand(2, 1, 40, 40, generator=rng) if plate else torch.ones(2, 1, 40, 40)
    room = np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype(np.uint8)
    windows = 2 * [Window(0, 0, side, side)]
    found = compose(Painting(person, person, opacity), windows, view=view, plate=room if plate else None)
    large, share = (torch.nn.functional.interpolate(part, (side, side), mode="bicubic") for part in (person, opacity))
    behind = torch.from_numpy(room).permute(2, 0, 1)[None].float()
    mixed = behind + share.clamp(0, 1) * ((large + 1) * 127.5 - behind)
    expected = mixed.round().clamp(0, 255).permute(0, 2, 3, 1).numpy()
    assert np.abs(found - expected).max() <= 1
    assert (found != expected).mean() < 1e-3
