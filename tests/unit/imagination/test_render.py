"""Rendering on several cores, in any shape, cut out of a wide plate; and nothing of it is left behind."""

import threading
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from toy_target import CPU, LANDSCAPE, PORTRAIT, TOY_SETTINGS, toy_room, toy_target

from danceit_core.config import FaceGanSettings
from danceit_core.errors import ImaginationError
from danceit_core.imagination.networks.checkpoint import FaceGan
from danceit_core.imagination.networks.face import FaceGenerator, face_strength
from danceit_core.imagination.networks.generator import Painting
from danceit_core.imagination.rendering.compose import compose
from danceit_core.imagination.rendering.render import cut_picture, paint, refine_faces, render_dance
from danceit_core.imagination.target.region import reach
from danceit_core.imagination.target.view import View, Window
from danceit_core.imagination.training.train import begin

SIZE = 64
TARGET = toy_target(11, size=SIZE, held_out=2, share=0.5)
POSES = TARGET.keypoints
SHAPES = pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])


def untrained(target):
    """A poseGAN whose windows hold all poses of a target, so that rendering need not widen them."""
    _, gan = begin(target, settings=replace(TOY_SETTINGS, image_size=32, channels=8), seed=1, device=CPU)
    for value in gan.generator.parameters():
        value.requires_grad_(False).mul_(3)  # a bolder painter
    return replace(gan, view=gan.view.widened(target.keypoints, body_px=gan.body_px, stride=gan.generator.stride))


@pytest.fixture(scope="module")
def gan():
    return untrained(TARGET)


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
    return render_dance(POSES, pose_gan=gan, face_gan=face, batch_size=batch_size, device=CPU)


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
    side, view = 72, View((72, 72), (72, 72), (40, 40), 40 / 72)
    person = torch.rand(2, 3, 40, 40, generator=rng) * 2 - 1
    opacity = torch.rand(2, 1, 40, 40, generator=rng) if plate else torch.ones(2, 1, 40, 40)
    room = np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype(np.uint8)
    windows = 2 * [Window(0, 0, side, side)]
    behind = torch.from_numpy(room.copy()) if plate else None
    found = compose(Painting(person, person, opacity), windows, view=view, plate=behind).numpy()
    large, share = (torch.nn.functional.interpolate(part, (side, side), mode="bicubic") for part in (person, opacity))
    behind = torch.from_numpy(room).permute(2, 0, 1)[None].float()
    mixed = behind + share.clamp(0, 1) * ((large + 1) * 127.5 - behind)
    expected = mixed.round().clamp(0, 255).permute(0, 2, 3, 1).numpy()
    assert np.abs(found - expected).max() <= 1
    assert (found != expected).mean() < 1e-3


@SHAPES
def test_a_dance_in_any_shape_changes_nothing_outside_its_windows(size, face):
    target = toy_target(9, size=size, held_out=2, share=0.6)
    gan = untrained(target)
    pictures = list(render_dance(target.keypoints, pose_gan=gan, face_gan=face, batch_size=4, device=CPU))
    assert {picture.shape for picture in pictures} == {(*size[::-1], 3)}
    for picture, pose in zip(pictures, target.keypoints, strict=True):
        outside = np.ones(size[::-1], bool)
        outside[gan.view.place(pose, body_px=gan.body_px).slices] = False
        assert outside.mean() > 0.2
        np.testing.assert_array_equal(picture[outside], gan.plate[outside])
        assert (picture != gan.plate).any(-1).mean() > 0.1
    nobody = render_dance(0 * target.keypoints[:1], pose_gan=gan, face_gan=face, batch_size=4, device=CPU)
    np.testing.assert_array_equal(next(nobody), toy_room(size))


@pytest.mark.parametrize("previous_frame", [False, True])
def test_pictures_are_cut_out_of_a_wide_plate_where_the_corners_say(previous_frame):
    plate, size = (160, 72), (80, 64)
    target = toy_target(8, size=plate, held_out=2, share=0.6)
    gan = untrained(target)
    gan = replace(gan, settings=replace(gan.settings, previous_frame=False)) if not previous_frame else seeing(target)
    corners = np.float32([(0, 0), (80, 8), (10, 3), (10.5, 3), (10, 3.25), (79.9, 7.9), (0, 8), (40, 4)])
    options = {"pose_gan": gan, "face_gan": None, "batch_size": 3, "device": CPU}
    whole = list(render_dance(target.keypoints, **options))
    cut = list(render_dance(target.keypoints, size=size, corners=corners, **options))
    assert {picture.shape for picture in cut} == {(64, 80, 3)}
    for picture, full, (left, top) in zip(cut, whole, corners, strict=True):
        if left == int(left) and top == int(top):
            expected = full[int(top) : int(top) + 64, int(left) : int(left) + 80]
            np.testing.assert_array_equal(picture, expected)
        else:
            np.testing.assert_array_equal(picture, cut_picture(full, np.float32([left, top]), size=size))
    without = list(render_dance(target.keypoints, size=size, **options))
    np.testing.assert_array_equal(without, [full[:64, :80] for full in whole])


def seeing(target):
    """An untrained poseGAN that sees what it painted before."""
    settings = replace(TOY_SETTINGS, image_size=32, channels=8, previous_frame=True)
    _, gan = begin(target, settings=settings, seed=1, device=CPU)
    return replace(gan, view=gan.view.widened(target.keypoints, body_px=gan.body_px, stride=gan.generator.stride))


@pytest.mark.parametrize("size", [(SIZE + 2, SIZE), (SIZE, SIZE + 2)])
def test_a_picture_larger_than_the_plate_is_refused(gan, size):
    message = f"pictures of {size[0]} x {size[1]} cannot be painted on a plate of 64 x 64 pixels; delete the dance"
    with pytest.raises(ImaginationError, match=message) as caught:
        next(render_dance(POSES, pose_gan=gan, face_gan=None, size=size, batch_size=1, device=CPU))
    assert "\n" not in str(caught.value)


def ramp(width=40, height=30):
    """Four grey levels a pixel across, seven down."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([4 * columns, 7 * rows, 2 * columns + 3 * rows], -1).astype(np.uint8)


@pytest.mark.parametrize("corner", [(0, 0), (5, 7), (20, 14)])
def test_a_whole_corner_is_a_slice(corner):
    plate, (left, top) = np.random.default_rng(0).integers(0, 256, (30, 40, 3)).astype(np.uint8), corner
    found = cut_picture(plate, np.float32(corner), size=(20, 16))
    np.testing.assert_array_equal(found, plate[top : top + 16, left : left + 20])


@pytest.mark.parametrize("corner", [(4.5, 6.0), (4.0, 6.5), (3.25, 2.75), (19.5, 13.5)])
def test_between_pixels_a_picture_is_interpolated(corner):
    found = cut_picture(ramp(), np.float32(corner), size=(20, 16)).astype(float)
    rows, columns = np.mgrid[:16, :20]
    x, y = columns + corner[0], rows + corner[1]
    np.testing.assert_allclose(found, np.stack([4 * x, 7 * y, 2 * x + 3 * y], -1), atol=0.75)


def test_a_corner_at_the_rim_shows_no_black():
    plate = np.full((30, 40, 3), 200, np.uint8)
    for corner in ((20, 14), (19.5, 13.5), (20.0004, 14), (20.4, 14.3)):
        assert (cut_picture(plate, np.float32(corner), size=(20, 16)) == 200).all()
