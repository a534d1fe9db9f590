"""A network that sees what it painted before: frame by frame, from the empty room on, and never across a cut."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_target import CPU, TOY_SETTINGS, all_pictures, toy_target

from danceit_core.config import FaceGanSettings
from danceit_core.imagination.networks.checkpoint import FaceGan
from danceit_core.imagination.networks.face import FaceGenerator, place_patch
from danceit_core.imagination.rendering.batches import Past, carried
from danceit_core.imagination.rendering.render import blank, paint, paint_before, render_dance
from danceit_core.imagination.target.crops import cut_crops
from danceit_core.imagination.training.pose_step import MOST_STEPS, Batch, PoseStep
from danceit_core.imagination.training.train import begin

SIZE = 64
FOLLOWS = np.array([False, True, True, True, False, True, False, True, True])
TARGET = replace(toy_target(len(FOLLOWS), size=SIZE, held_out=2, share=0.5), follows=FOLLOWS)
SETTINGS = replace(TOY_SETTINGS, image_size=32, channels=8, discriminator_channels=4, previous_frame=True)
POSES = TARGET.keypoints
FACE_SIDE = 16


def untrained(**changes):
    """Networks at their first step: what they paint depends on all that they see."""
    settings = replace(SETTINGS, **changes)
    duel, gan = begin(TARGET, settings=settings, seed=1, device=CPU)
    for value in gan.generator.parameters():
        value.mul_(3)  # a bolder painter
    # Windows as wide as the dance of these tests needs, so that rendering need not widen them.
    view = gan.view.widened(POSES, body_px=gan.body_px, stride=gan.generator.stride)
    gan = replace(gan, view=view)
    crops = cut_crops(TARGET, view, body_px=gan.body_px, seed=3, with_before=True, folder=None)
    return PoseStep(TARGET, crops, gan, duel, CPU, 3, None)


@pytest.fixture(scope="module", params=[True, False], ids=["plate", "no plate"])
def step(request):
    return untrained(background_plate=request.param, crop=request.param)


def one_after_the_other(gan, numbers):
    """Pictures of the frames, each painted with the one before in view, the first with the empty room."""
    pictures, previous = [], blank(gan)
    for number in numbers:
        (picture,) = paint(gan, POSES[number : number + 1], device=CPU, previous=[previous])
        previous = Past(picture, POSES[number])
        pictures.append(picture)
    return pictures


def shown(pasts):
    """Their pictures."""
    return [past.picture for past in pasts]


def render(gan, poses=POSES, *, batch_size=4, face_gan=None):
    return list(render_dance(poses, pose_gan=gan, face_gan=face_gan, batch_size=batch_size, device=CPU))


def apart(a, b):
    """The largest difference of pictures, grey levels."""
    return np.abs(np.asarray(a, int) - np.asarray(b, int)).max(initial=0)


def test_before_the_first_frame_was_the_empty_room_or_black(step):
    expected = step.gan.plate if step.gan.settings.background_plate else np.zeros((SIZE, SIZE, 3), np.uint8)
    np.testing.assert_array_equal(blank(step.gan).picture, expected)
    nobody = Past(expected, np.zeros_like(POSES[0]))
    (begun,), (told,) = (paint(step.gan, POSES[:1], device=CPU, previous=p) for p in (None, [nobody]))
    np.testing.assert_array_equal(begun, told)
    np.testing.assert_array_equal(render(step.gan)[0], begun)


def test_the_picture_before_is_seen(step):
    other = Past(255 - blank(step.gan).picture, POSES[0])
    (begun,), (going_on,) = (paint(step.gan, POSES[:1], device=CPU, previous=p) for p in (None, [other]))
    assert apart(begun, going_on) > 5


def test_a_dance_is_rendered_one_picture_after_the_other(step):
    expected = one_after_the_other(step.gan, range(len(POSES)))
    for batch_size in (1, 4):
        np.testing.assert_array_equal(render(step.gan, batch_size=batch_size), expected)
    alone = paint(step.gan, POSES, device=CPU)
    assert all(apart(a, b) > 2 for a, b in zip(alone[1:], expected[1:], strict=True))


def test_after_a_frame_with_nobody_a_dance_begins_anew():
    gan, poses = untrained().gan, POSES.copy()
    poses[2] = 0
    pictures = render(gan, poses)
    np.testing.assert_array_equal(pictures[2], gan.plate)
    np.testing.assert_array_equal(pictures[3:], render(gan, poses[3:]))


def test_a_refined_face_is_not_shown_to_the_painter(step):
    torch.manual_seed(1)
    face = FaceGan(FaceGenerator(channels=4).eval(), FaceGanSettings(channels=4), FACE_SIDE)
    for plain, refined, pose in zip(render(step.gan), render(step.gan, face_gan=face), POSES, strict=True):
        changed = (plain != refined).any(-1)
        place = place_patch(pose, side=FACE_SIDE, size=(SIZE, SIZE))
        assert changed[place.slices].any()
        changed[place.slices] = False
        assert not changed.any()


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_what_was_painted_before_follows_the_video_and_ends_at_a_cut(step, steps):
    numbers = np.arange(len(POSES))
    found = paint_before(step.gan, POSES, FOLLOWS, numbers, steps=steps, device=CPU)
    begins = np.maximum.accumulate(np.where(FOLLOWS, 0, numbers))
    for number, begin_at in zip(numbers.tolist(), np.maximum(begins, numbers - steps).tolist(), strict=True):
        expected = [blank(step.gan).picture, *one_after_the_other(step.gan, range(begin_at, number))][-1]
        # Several at once are rounded otherwise.
        assert apart(found[number].picture, expected) <= 2
    if steps:
        lengths = [apart(found[number].picture, blank(step.gan).picture) > 5 for number in numbers]
        assert lengths == FOLLOWS.tolist()


def test_the_number_of_steps_and_the_order_of_frames_matter_as_they_should(step):
    numbers = np.array([3, 8, 3])
    found = shown(paint_before(step.gan, POSES, FOLLOWS, numbers, steps=2, device=CPU))
    assert apart(found[0], found[2]) <= 2
    backwards = shown(paint_before(step.gan, POSES, FOLLOWS, numbers[::-1], steps=2, device=CPU))
    assert all(apart(a, b) <= 2 for a, b in zip(found, backwards[::-1], strict=True))
    once = shown(paint_before(step.gan, POSES, FOLLOWS, numbers, steps=1, device=CPU))
    assert apart(found, once) > 5
    assert paint_before(step.gan, POSES, FOLLOWS, numbers[:0], steps=2, device=CPU) == []


@pytest.mark.parametrize("steps", [0, 1, MOST_STEPS])
def test_the_discriminator_sees_two_frames_that_belong_together(step, steps):
    chosen, pictures = np.flatnonzero(TARGET.training), all_pictures(TARGET)
    batch = Batch(chosen, POSES[chosen], steps)
    windows = [step.crops.windows[row] for row in step.crops.rows[chosen]]
    painted, real = step.painted_before(batch), step.real_before(batch, windows)
    expected = paint_before(step.gan, POSES, FOLLOWS, chosen, steps=steps, device=CPU)
    assert apart(shown(painted), shown(expected)) == 0
    options = {"view": step.gan.view, "body_px": step.gan.body_px}
    for number, window in zip(chosen.tolist(), windows, strict=True):
        goes_on = steps and FOLLOWS[number]
        before = Past(pictures[number - 1], POSES[number - 1]) if goes_on else blank(step.gan)
        np.testing.assert_array_equal(painted[number].pose, before.pose)
        seen = step.gan.view.cut(before.picture, window)
        brought = carried([seen], before.pose[None], POSES[[number]], [window], **options)
        np.testing.assert_array_equal(real[number], brought[0])


def test_the_average_of_the_generator_paints_what_was_before(step):
    batch = Batch(np.array([2]), POSES[[2]], 1)
    before = step.painted_before(batch)
    changed = untrained(background_plate=step.gan.plate is not None, crop=step.gan.plate is not None)
    with torch.no_grad():
        for value in changed.duel.generator.parameters():
            value.zero_()
    assert apart(shown(changed.painted_before(batch)), shown(before)) == 0
    assert changed.gan.generator is changed.duel.average
