"""Between a pose and finished pictures nothing goes over the host, nor within a training step.

Tensors on `meta` have shapes and no numbers: whoever asks for these, for NumPy, OpenCV or a decision, gets an error. So
a step that passes there never waits for a GPU either.
"""

import contextlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_target import CPU, FORMS, TOY_SETTINGS, toy_target

from danceit_core.imagination.networks.drawing import draw_heat_maps, draw_skeletons
from danceit_core.imagination.recall.library import Lending, Shelf
from danceit_core.imagination.rendering import draft, render
from danceit_core.imagination.rendering.enlarge import enlarge
from danceit_core.imagination.target.held import HeldFrames
from danceit_core.imagination.target.view import View
from danceit_core.imagination.training import adversarial, pose_step
from danceit_core.imagination.training.pose_step import make_step
from danceit_core.imagination.training.train import begin
from danceit_core.pose.draw import LIMB_COLOURS, heat_maps, pose_picture

META = torch.device("meta")
TARGET = replace(toy_target(24, size=(160, 96), held_out=6, share=0.8), fps=0.5)
SETTINGS = replace(TOY_SETTINGS, image_size=32, channels=8, discriminator_channels=4)
PAINTERS = {name: form for name, form in FORMS.items() if name != "previous frame"} | {
    "recall": {"painter": "recall"},
    "whole picture": {"crop": False, "background_plate": False, "body_chart": False, "image_size": 64},
}


@pytest.fixture(autouse=True)
def no_autocast(monkeypatch):
    for module in (adversarial, pose_step, render):
        monkeypatch.setattr(module, "half_precision", lambda _device: contextlib.nullcontext())


def painter(form, device):
    """Duel and poseGAN on a device."""
    duel, gan = begin(TARGET, settings=replace(SETTINGS, **form), seed=1, device=CPU)
    for network in (duel.generator, duel.discriminator, duel.average):
        network.to(device)
    return duel, gan


@pytest.mark.parametrize("form", PAINTERS.values(), ids=PAINTERS)
def test_a_training_step_stays_on_the_device(form):
    duel, gan = painter(form, META)
    step = make_step(TARGET, duel, gan, seed=3, device=META, folder=".")
    losses = step.learn(step.draw(0), 1.0)
    assert losses
    assert all(loss.device == META for loss in losses.values())
    assert all(value.grad.device == META for value in duel.discriminator.parameters())


@pytest.mark.parametrize("form", PAINTERS.values(), ids=PAINTERS)
def test_pictures_are_finished_on_the_device(form, monkeypatch):
    _, gan = painter(form, META)
    poses, came = TARGET.keypoints[:4], []
    monkeypatch.setattr(render, "to_host", lambda pictures: came.append(pictures) or np.zeros(pictures.shape, np.uint8))
    lending = None
    if gan.generator.recalls:
        lending = Lending.of(Shelf.of(TARGET, view=gan.view, body_px=gan.body_px), poses, fps=24)
    drawn = list(render.render_dance(poses, pose_gan=gan, face_gan=None, lending=lending, batch_size=4, device=META))
    assert len(drawn) == 4
    # Copied once, as they are written.
    assert sum(len(pictures) for pictures in came) == 4
    assert {(pictures.device, pictures.dtype) for pictures in came} == {(META, torch.uint8)}


def test_a_draft_is_laid_over_the_room_on_the_cpu_as_its_cover_says():
    lending = draft.draft_lending(TARGET, TARGET.keypoints[:3], fps=24)
    options = {"size": (160, 96), "corners": np.zeros((3, 2), np.float32), "device": CPU}
    pictures = list(draft.draft_dance(TARGET.keypoints[:3], lending, **options))
    assert all(0.01 < (picture != TARGET.plate).any(-1).mean() < 0.5 for picture in pictures)


@pytest.mark.parametrize(("image_size", "scale"), [(32, 0.25), (64, 0.5), (128, 1.0), (512, 4.0)])
def test_a_skeleton_looks_as_opencv_draws_it(image_size, scale):
    poses = TARGET.keypoints[:5] * np.float32([scale, scale, 1])
    poses[1, 3:5] = 0
    poses[2] = 0
    poses[3, :, 0] += 60 * scale  # partly outside
    poses[4, 4] = (1e6, -1e6, 1)
    size = int(160 * scale), int(96 * scale)
    ours = draw_skeletons(poses, size=size, side=image_size, device=CPU).add(1).mul(127.5).permute(0, 2, 3, 1).numpy()
    for pose, picture in zip(poses, ours, strict=True):
        drawn = pose_picture(pose, size=size, side=image_size).astype(float)
        assert np.abs(picture - drawn).mean() < 2.0
        assert picture.sum() == pytest.approx(drawn.sum(), rel=0.08 if image_size > 64 else 0.3)
    assert not ours[2].any()
    # The middle of a limb has its colour.
    whole = poses[0]
    middle = tuple(((whole[1, 1::-1] + whole[8, 1::-1]) / 2).astype(int))
    if image_size > 64:
        np.testing.assert_allclose(ours[0][middle], LIMB_COLOURS[0], atol=40)


def test_heat_maps_are_those_of_numpy():
    poses = TARGET.keypoints[:2].copy()
    poses[1, 5] = 0
    ours = draw_heat_maps(torch.from_numpy(poses), size=(160, 96), side=64).numpy()
    for pose, maps in zip(poses, ours, strict=True):
        np.testing.assert_allclose(maps, heat_maps(pose, size=(160, 96), side=64), atol=1e-5)


@pytest.mark.parametrize("smooth", [False, True])
def test_any_rectangle_is_enlarged_as_torch_enlarges_the_whole(smooth):
    view = View((300, 200), (107, 72), (40, 28), 0.38)
    part = torch.rand(2, 3, 28, 40)
    mode = "bicubic" if smooth else "bilinear"
    whole = torch.nn.functional.interpolate(part, size=(72, 107), mode=mode, align_corners=False)
    torch.testing.assert_close(enlarge(part, view, smooth=smooth), whole, rtol=0, atol=3e-4)
    some = enlarge(part, view, rows=slice(11, 50), columns=slice(3, 107), smooth=smooth)
    torch.testing.assert_close(some, whole[:, :, 11:50, 3:107], rtol=0, atol=3e-4)
    # A tile of it, away from its own rim.
    tile = enlarge(part[:, :, 5:20, 8:30], view, rows=slice(16, 48), columns=slice(26, 76), corner=(8, 5))
    plain = torch.nn.functional.interpolate(part, size=(72, 107), mode="bilinear", align_corners=False)
    torch.testing.assert_close(tile, plain[:, :, 16:48, 26:76], rtol=0, atol=3e-4)


def test_frames_are_taken_by_their_rows():
    planes = np.random.default_rng(0).integers(0, 256, (6, 4, 5, 7)).astype(np.uint8)
    held, rows = HeldFrames.of(planes, CPU), np.array([4, 0, 4])
    np.testing.assert_array_equal(held.take(rows).numpy(), planes[rows])
    # On a CPU nothing is copied but what is taken.
    assert held.frames.data_ptr() == planes.ctypes.data
    assert HeldFrames.of(planes, META).take(rows).shape == (3, 4, 5, 7)
