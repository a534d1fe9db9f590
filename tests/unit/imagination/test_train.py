"""Training: a toy person is learnt, resumed exactly, refined on the face, and painted in any pose."""

import json
import logging
import weakref
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
import torch
from held_film import HeldFilm
from toy_target import (
    CPU,
    LANDSCAPE,
    PORTRAIT,
    InterruptedTrainingError,
    all_pictures,
    flat_weights,
    load_toy,
    stop_after,
    toy_checkpoint,
    toy_poses,
    toy_room,
    toy_target,
    train_toy,
)
from toy_target import TOY_SETTINGS as SETTINGS
from toy_target import TOY_SIZE as SIZE

from danceit_core.config import FaceGanSettings
from danceit_core.errors import ImaginationError
from danceit_core.imagination.networks.checkpoint import load_face_gan, training_path
from danceit_core.imagination.networks.discriminator import smallest_side
from danceit_core.imagination.networks.face import faces_camera, patch_pose, place_patch
from danceit_core.imagination.rendering.render import paint, refine_faces, render_dance
from danceit_core.imagination.target import crops
from danceit_core.imagination.target.region import person_region
from danceit_core.imagination.target.view import View
from danceit_core.imagination.training import face_training, loop, train
from danceit_core.imagination.training.face_training import cut_patches, train_face_gan
from danceit_core.imagination.training.loop import fingerprint
from danceit_core.imagination.training.pose_step import paint_frames
from danceit_core.imagination.training.train import REVIEWED, review_frames
from danceit_core.pose.skeleton import MIRROR
from danceit_core.versions import STAGE_VERSIONS

FACE = FaceGanSettings(channels=8, iterations=8, batch_size=4)
TARGET = toy_target()
SMALL = toy_target(size=2 * SIZE, share=0.5)

FORMS = {
    "plain": {},
    "heat maps": {"pose_input": "heatmaps"},
    "previous frame": {"previous_frame": True},
    "whole picture": {"crop": False, "background_plate": False, "body_chart": False},
    "all of it": {"pose_input": "heatmaps", "previous_frame": True, "crop": False, "background_plate": False},
}
forms = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a poseGAN that has learnt the toy person, and its history."""
    folder = tmp_path_factory.mktemp("trained")
    return folder, train_toy(folder, TARGET, settings=replace(SETTINGS, iterations=160, checkpoint_every=40))


def held_out_error(pictures, target=TARGET):
    return np.abs(pictures.astype(float) - held_out_pictures(target)).mean()


def held_out_pictures(target):
    return target.pictures(np.flatnonzero(~target.training))


def test_the_toy_person_is_learnt(trained):
    folder, history = trained
    gan = load_toy(folder)
    painted = paint(gan, TARGET.keypoints[~TARGET.training], device=CPU)
    alone = np.repeat(gan.plate[None], len(painted), axis=0)
    assert held_out_error(painted) < 0.4 * held_out_error(alone)
    assert [row["iteration"] for row in history] == [40, 80, 120, 160]
    assert history[-1]["held_out"] < 0.6 * history[0]["held_out"]
    assert history[-1]["held_out"] == pytest.approx(held_out_error(painted), rel=0.2)
    assert (folder / "samples.png").read_bytes().startswith(b"\x89PNG")
    assert not training_path(toy_checkpoint(folder)).exists()


@pytest.mark.parametrize("form", [FORMS["heat maps"], FORMS["previous frame"]], ids=["heat maps", "previous frame"])
def test_the_toy_person_is_learnt_in_another_form(tmp_path, form):
    train_toy(tmp_path, TARGET, settings=replace(SETTINGS, iterations=80, **form))
    gan = load_toy(tmp_path)
    painted = paint(gan, TARGET.keypoints[~TARGET.training], device=CPU)
    alone = np.repeat(gan.plate[None], len(painted), axis=0)
    assert held_out_error(painted) < 0.5 * held_out_error(alone)


def test_a_window_around_a_small_person_shows_more_of_them(tmp_path):
    """With a network of 64 pixels, 128 pixels of picture and the same number of steps."""
    size, held_out = 2 * SIZE, SMALL.keypoints[~SMALL.training]
    region = np.stack([person_region(pose, size=(size, size), body_px=SMALL.body_px) for pose in held_out])
    error = {}
    for crop in (True, False):
        folder = tmp_path / str(crop)
        settings = replace(SETTINGS, image_size=SIZE, crop=crop, iterations=80, checkpoint_every=80)
        train_toy(folder, SMALL, settings=settings)
        gan = load_toy(folder)
        assert max(gan.view.network) == SIZE
        painted = paint(gan, held_out, device=CPU)
        assert painted.shape == (len(held_out), size, size, 3)
        error[crop] = np.abs(painted.astype(float) - held_out_pictures(SMALL))[region].mean()
        if crop:
            for picture, pose in zip(painted, held_out, strict=True):
                outside = np.ones((size, size), bool)
                outside[gan.view.place(pose, body_px=gan.body_px).slices] = False
                assert outside.mean() > 0.6
                assert (picture[outside] == gan.plate[outside]).all()
    alone = np.abs(gan.plate.astype(float) - held_out_pictures(SMALL))[region].mean()
    assert error[True] < 0.8 * error[False] < 0.5 * alone


@forms
def test_a_resumed_training_gives_the_same_weights(tmp_path, form):
    settings = replace(SETTINGS, **form)
    whole, halted = tmp_path / "whole", tmp_path / "halted"
    train_toy(whole, TARGET, settings=settings)
    with pytest.raises(InterruptedTrainingError):
        train_toy(halted, TARGET, settings=settings, progress=stop_after(5))
    assert not toy_checkpoint(halted).exists()
    steps = []
    train_toy(halted, TARGET, settings=settings, progress=lambda done, _total: steps.append(done))
    assert steps == [4, 5, 6]
    assert torch.equal(flat_weights(load_toy(whole)), flat_weights(load_toy(halted)))


def strict(faults, *, seen=None):
    """A judge that finds these faults, one a review, and keeps what it was shown."""
    left = iter(faults)

    def judge(painted, real, poses):
        if seen is not None:
            seen.append((painted, real, poses))
        return {"held_out_pck": 0.5, "held_out_fault": next(left)}

    return judge


def test_a_judge_sees_held_out_frames_and_is_recorded(tmp_path, caplog):
    seen = []
    with caplog.at_level(logging.INFO):
        history = train_toy(tmp_path, TARGET, judge=strict([3.0, 2.0], seen=seen))
    assert [row["held_out_fault"] for row in history] == [3, 2]
    assert [row["held_out_pck"] for row in history] == [0.5, 0.5]
    assert [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()] == history
    assert "10 frames judged in" in caplog.text
    assert "held_out_fault 2.000" in caplog.text
    for row, (painted, real, poses) in zip(history, seen, strict=True):
        np.testing.assert_array_equal(real, held_out_pictures(TARGET))
        np.testing.assert_array_equal(poses, TARGET.keypoints[~TARGET.training])
        assert row["held_out"] == pytest.approx(np.abs(painted.astype(float) - real).mean())
    np.testing.assert_array_equal(seen[-1][0], paint(load_toy(tmp_path), seen[-1][2], device=CPU))


def test_many_held_out_frames_are_painted_a_few_at_once(tmp_path):
    target, seen = toy_target(60, held_out=30), []
    for name, form in (("alone", {}), ("in a row", {"previous_frame": True})):
        settings = replace(SETTINGS, iterations=1, **form)
        train_toy(tmp_path / name, target, settings=settings, judge=strict([1.0], seen=seen))
        painted, real, poses = seen.pop()
        assert len(painted) == len(real) == len(poses) == REVIEWED
        gan, numbers = load_toy(tmp_path / name), review_frames(target)
        np.testing.assert_array_equal(painted, list(paint_frames(gan, target, numbers, device=CPU)))
        np.testing.assert_allclose(painted[8:16], list(paint_frames(gan, target, numbers[8:16], device=CPU)), atol=1)


def test_patience_watches_the_judge_and_takes_what_it_liked_best(tmp_path):
    settings = replace(SETTINGS, iterations=9, checkpoint_every=1, patience=3)
    faults, seen = [1.0, 0.5, 0.8, float("nan"), 0.5, 0.1], []
    history = train_toy(tmp_path, TARGET, settings=settings, judge=strict(faults, seen=seen))
    assert len(history) == 5
    np.testing.assert_array_equal(seen[1][0], paint(load_toy(tmp_path), seen[1][2], device=CPU))


def test_a_judged_training_resumes_with_the_same_figures(tmp_path):
    settings = replace(SETTINGS, iterations=9, checkpoint_every=2, patience=2)

    def judge(painted, real, poses):
        return {"held_out_fault": float(np.abs(painted.astype(float) - real).max())}

    whole, halted = tmp_path / "whole", tmp_path / "halted"
    expected = train_toy(whole, TARGET, settings=settings, judge=judge)
    with pytest.raises(InterruptedTrainingError):
        train_toy(halted, TARGET, settings=settings, judge=judge, progress=stop_after(5))
    found = train_toy(halted, TARGET, settings=settings, judge=judge)
    assert [{**row, "seconds": 0} for row in found] == [{**row, "seconds": 0} for row in expected]
    assert torch.equal(flat_weights(load_toy(whole)), flat_weights(load_toy(halted)))


def test_a_training_is_not_resumed_with_another_figure_watched(tmp_path):
    settings = replace(SETTINGS, patience=5)
    with pytest.raises(InterruptedTrainingError):
        train_toy(tmp_path, TARGET, settings=settings, progress=stop_after(5))
    steps = []
    judge = strict([2.0, 1.0])
    train_toy(tmp_path, TARGET, settings=settings, judge=judge, progress=lambda done, _total: steps.append(done))
    assert steps == [1, 2, 3, 4, 5, 6]


def test_every_form_trains_and_renders(tmp_path):
    found = {}
    for name, form in FORMS.items():
        train_toy(tmp_path / name, TARGET, settings=replace(SETTINGS, iterations=1, **form))
        gan = load_toy(tmp_path / name)
        found[name] = gan.generator.front[0][0].in_channels
        assert gan.settings == replace(SETTINGS, iterations=1, **form)
        assert (gan.plate is None) == (not gan.settings.background_plate)
        assert gan.settings.crop or gan.view == View.whole((SIZE, SIZE), image_size=SIZE, stride=gan.generator.stride)
        pictures = list(render_dance(TARGET.keypoints[:3], pose_gan=gan, face_gan=None, batch_size=2, device=CPU))
        assert [picture.shape for picture in pictures] == 3 * [(SIZE, SIZE, 3)]
    assert found == {"plain": 6, "heat maps": 28, "previous frame": 9, "whole picture": 3, "all of it": 28}


def test_a_slim_person_is_shown_as_large_as_the_discriminators_need(tmp_path):
    slim = replace(SMALL, keypoints=SMALL.keypoints * np.float32([0.1, 1, 1]) + np.float32([0.9 * SIZE, 0, 0]))
    sides = []
    for number in (1, 2):
        settings = replace(SETTINGS, image_size=SIZE, discriminators=number, iterations=1)
        train_toy(tmp_path / str(number), slim, settings=settings)
        sides.append(load_toy(tmp_path / str(number)).view.network[0])
    assert sides[0] < smallest_side(2) <= sides[1] <= SIZE


def test_an_unfinished_training_of_other_settings_or_a_damaged_one_is_not_resumed(tmp_path, caplog):
    with pytest.raises(InterruptedTrainingError):
        train_toy(tmp_path, TARGET, progress=stop_after(5))
    steps = []

    def count(done, _total):
        steps.append(done)

    train_toy(tmp_path, TARGET, settings=replace(SETTINGS, feature_weight=1.0), progress=count)
    assert steps[0] == 1
    training_path(toy_checkpoint(tmp_path)).write_bytes(b"half a file")
    steps.clear()
    with caplog.at_level(logging.WARNING):
        train_toy(tmp_path, TARGET, progress=count)
    assert steps[0] == 1
    assert "starts afresh" in caplog.text


@pytest.mark.parametrize("what", ["nothing", "version", "source"])
def test_an_unfinished_training_of_another_version_or_source_is_not_resumed(tmp_path, caplog, monkeypatch, what):
    """Neither changes a frame that was looked at or a setting."""
    target, steps = replace(TARGET, source="a film"), []
    with pytest.raises(InterruptedTrainingError):
        train_toy(tmp_path, target, progress=stop_after(5))
    if what == "version":
        monkeypatch.setitem(STAGE_VERSIONS, "pose_gan", STAGE_VERSIONS["pose_gan"] + 1)
    if what == "source":
        target = replace(target, source="the same frames of another film")
    with caplog.at_level(logging.INFO, "danceit_core.imagination.networks.checkpoint"):
        train_toy(tmp_path, target, progress=lambda done, _total: steps.append(done))
    told = [record.getMessage() for record in caplog.records if "starts afresh" in record.getMessage()]
    if what == "nothing":
        assert steps[0] == 4  # after the third, with which the state was saved
        assert not told
    else:
        assert steps[0] == 1
        assert told == [
            f"{training_path(toy_checkpoint(tmp_path))} belongs to other data, settings or versions; training starts "
            "afresh"
        ]


def test_an_unfinished_face_training_of_another_version_is_not_resumed(trained, tmp_path, monkeypatch):
    options = {"pose_gan": load_toy(trained[0]), "settings": FACE, "seed": 3, "device": CPU}
    options |= {"checkpoint_path": tmp_path / "face.safetensors", "samples_path": tmp_path / "face.png"}
    now, steps = STAGE_VERSIONS["face_gan"], []

    def stop_at_five(done, _total):
        steps.append(done)
        if done == 5:
            raise InterruptedTrainingError

    for version in (now, now, now + 1):
        monkeypatch.setitem(STAGE_VERSIONS, "face_gan", version)
        with pytest.raises(InterruptedTrainingError):
            train_face_gan(TARGET, progress=stop_at_five, **options)
    # The second goes on after the fourth, with which the state was saved.
    assert steps == [1, 2, 3, 4, 5, 5, 1, 2, 3, 4, 5]


def test_the_digest_of_a_training_holds_each_entry_of_what_is_small_and_some_of_what_is_not(monkeypatch):
    small, about = np.zeros((200, 25, 3), np.float32), {"stage": "pose_gan", "source": "a", "about": {"seed": 1}}
    changed = small.copy()
    changed[102, 3, 0] = 1e-3
    first = fingerprint(small, **about)
    assert fingerprint(small.copy(), **about) == first
    others = [fingerprint(changed, **about), fingerprint(small[:-1], **about)]
    others += [fingerprint(small, **about | change) for change in ({"source": "b"}, {"stage": "face_gan"})]
    assert first not in others
    monkeypatch.setattr(loop, "WHOLE_BYTES", 0)
    assert fingerprint(changed, **about) == fingerprint(small, **about)
    changed[0] = 1
    assert fingerprint(changed, **about) != fingerprint(small, **about)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_size": 60}, r"image_size is 60; with downsamplings 2, set it to a multiple of 8, at least 16"),
        ({"image_size": 8}, r"image_size is 8; with downsamplings 2, set it to a multiple of 8, at least 16"),
        ({"image_size": 128, "picture_size": 64}, r"image_size is 128, more than picture_size 64; lower image_size"),
        (
            {"background_plate": False},
            r"crop paints only the person .* set background_plate: true, or crop: f",
        ),
        ({"discriminators": 4}, r"4 discriminators need pictures of at least 192 pixels, but image_size is 64"),
        ({"kernel": 4}, r"kernel is 4; set it to an odd number"),
        ({"perceptual": "vgg"}, r"perceptual is .vgg.; use one of .none., .efficientnet."),
    ],
)
def test_impossible_settings_are_refused(tmp_path, changes, message):
    with pytest.raises(ImaginationError, match=r"^pose_gan: .*" + message) as caught:
        train_toy(tmp_path, TARGET, settings=replace(SETTINGS, **changes))
    assert "\n" not in str(caught.value)
    assert not toy_checkpoint(tmp_path).exists()


def test_a_target_without_a_plate_is_refused_where_one_is_needed(tmp_path):
    with pytest.raises(
        ImaginationError, match=r"background_plate is true, but the target has no plate; build the plate"
    ):
        train_toy(tmp_path, replace(TARGET, plate=None))


def test_pictures_too_small_for_the_discriminators_are_refused(tmp_path):
    target = toy_target(30, size=(96, 40))
    settings = replace(SETTINGS, discriminators=2)
    with pytest.raises(ImaginationError, match=r"pictures are 96 x 40 pixels, but 2 discriminators .* 48; film"):
        train_toy(tmp_path, target, settings=settings)


def test_a_target_without_a_frame_to_train_on_is_refused(tmp_path):
    with pytest.raises(ImaginationError, match=r"holdout_share leaves no frame to train on; lower it below 1"):
        train_toy(tmp_path, replace(TARGET, training=np.zeros(len(TARGET.training), bool)))


def test_a_diverging_training_says_so(tmp_path):
    with pytest.raises(ImaginationError, match=r"diverged before iteration 3 .* lower learning_rate"):
        train_toy(tmp_path, TARGET, settings=replace(SETTINGS, learning_rate=1e30))


def test_any_pose_is_painted_and_never_black(trained):
    gan = load_toy(trained[0])
    poses = np.repeat(toy_poses(1, size=SIZE, seed=5), 7, axis=0)
    poses[1, :4] = 0  # no head, no arm
    poses[2, 1:] = 0  # a nose alone
    poses[3] = 0  # nobody
    poses[4, :, 0] += 3 * SIZE  # beside the picture
    poses[5, :, :2] *= 1e6  # far away
    poses[6, :, :2] = 4 * poses[6, :, :2] - 60  # larger than the picture
    pictures = list(render_dance(poses, pose_gan=gan, face_gan=None, batch_size=3, device=CPU))
    assert len(pictures) == 7
    assert all(p.shape == (SIZE, SIZE, 3) and p.dtype == np.uint8 and p.mean() > 60 for p in pictures)
    assert (pictures[3] == gan.plate).all()
    assert np.abs(pictures[0].astype(int) - gan.plate).max() > 60


def test_no_poses_give_no_pictures_and_no_batch_is_refused(trained):
    gan, pose = load_toy(trained[0]), toy_poses(2, size=SIZE, seed=6)
    nothing = render_dance(pose[:0], pose_gan=gan, face_gan=None, batch_size=2, device=CPU)
    assert list(nothing) == []
    with pytest.raises(ImaginationError, match=r"batch_size is 0"):
        next(render_dance(pose, pose_gan=gan, face_gan=None, batch_size=0, device=CPU))


def test_a_dance_is_painted_in_windows_of_one_size_that_hold_it_all(trained):
    gan, reach = load_toy(trained[0]), toy_poses(4, size=SIZE, share=0.4)
    view = View.around(reach, body_px=5.0, size=(SIZE, SIZE), image_size=32, stride=gan.generator.stride, share=1.0)
    narrow = replace(gan, view=view, body_px=5.0)
    dance = np.concatenate([reach, toy_poses(1, size=SIZE, share=0.8)])
    wide = replace(narrow, view=view.widened(dance, body_px=5.0, stride=gan.generator.stride))
    assert all(a > b for a, b in zip(wide.view.window, view.window, strict=True))
    pictures = list(render_dance(dance, pose_gan=narrow, face_gan=None, batch_size=5, device=CPU))
    np.testing.assert_array_equal(pictures, paint(wide, dance, device=CPU))


def test_the_face_gan_learns_and_changes_the_patch_alone(trained, tmp_path):
    gan, path = load_toy(trained[0]), tmp_path / "face_gan.safetensors"
    history = train_face_gan(
        TARGET,
        pose_gan=gan,
        settings=replace(FACE, iterations=120, learning_rate=2e-3),
        seed=3,
        device=CPU,
        checkpoint_path=path,
        samples_path=tmp_path / "face.png",
    )
    assert history[-1]["held_out"] < history[-1]["held_out_painted"]
    face = load_face_gan(path, device=CPU)
    poses = TARGET.keypoints[~TARGET.training][:2]
    before = paint(gan, poses, device=CPU)
    after = refine_faces(face, before, poses, strength=np.float32([1, 0]), device=CPU)
    assert (after[1] == before[1]).all()
    changed = (after[0] != before[0]).any(-1)
    place = place_patch(poses[0], side=face.side, size=(SIZE, SIZE))
    assert changed[place.slices].any()
    changed[place.slices] = False
    assert not changed.any()


def test_a_target_that_never_shows_the_face_is_refused(trained, tmp_path):
    away = replace(TARGET, keypoints=TARGET.keypoints[:, list(MIRROR)])
    with pytest.raises(ImaginationError, match=r"0 training frames of the target show the face, .* enabled: false"):
        train_face_gan(
            away,
            pose_gan=load_toy(trained[0]),
            settings=FACE,
            seed=3,
            device=CPU,
            checkpoint_path=tmp_path / "f.safetensors",
            samples_path=tmp_path / "f.png",
        )


@pytest.mark.parametrize("size", [(112, 64), (64, 112)], ids=["landscape", "portrait"])
def test_a_person_in_a_wide_or_high_picture_is_learnt_and_the_room_stays_the_plates(tmp_path, size):
    """Held-out frames: on the person far better than the empty room; outside the windows the plate, exactly."""
    target = toy_target(size=size)
    train_toy(tmp_path, target, settings=replace(SETTINGS, iterations=120, checkpoint_every=120))
    gan = load_toy(tmp_path)
    assert gan.view.size == size
    np.testing.assert_array_equal(gan.plate, toy_room(size))
    poses, real = target.keypoints[~target.training], held_out_pictures(target)
    painted = paint(gan, poses, device=CPU)
    assert painted.shape == real.shape == (len(poses), *size[::-1], 3)
    region = np.stack([person_region(pose, size=size, body_px=target.body_px) for pose in poses])
    error, alone = (np.abs(p.astype(float) - real)[region].mean() for p in (painted, gan.plate[None]))
    assert error < 0.45 * alone
    outside = np.ones(region.shape, bool)
    for where, pose in zip(outside, poses, strict=True):
        where[gan.view.place(pose, body_px=gan.body_px).slices] = False
    assert outside.mean() > 0.15
    plates = np.broadcast_to(gan.plate, painted.shape)
    np.testing.assert_array_equal(painted[outside], plates[outside])
    # And between window and person what is painted of the room is nearly the room.
    beside = ~outside & ~np.stack([person_region(p, size=size, body_px=target.body_px, widen=2.0) for p in poses])
    assert np.abs(painted.astype(float) - real)[beside].mean() < 6


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])
@forms
def test_every_form_trains_and_renders_any_shape(tmp_path, form, size):
    target = toy_target(30, size=size)
    train_toy(tmp_path, target, settings=replace(SETTINGS, iterations=2, **form))
    gan = load_toy(tmp_path)
    assert gan.settings.crop or gan.view.window == size
    pictures = list(render_dance(target.keypoints[:3], pose_gan=gan, face_gan=None, batch_size=2, device=CPU))
    assert [picture.shape for picture in pictures] == 3 * [(*size[::-1], 3)]
    # Nothing is left unpainted: a black band would be what the network never saw.
    assert all(picture.mean(-1).max(0).min() > 20 and picture.mean(-1).max(1).min() > 20 for picture in pictures)


def test_a_resumed_training_of_a_landscape_with_mapped_crops_gives_the_same_weights(tmp_path, monkeypatch):
    target = toy_target(30, size=LANDSCAPE)
    whole, halted = tmp_path / "whole", tmp_path / "halted"
    train_toy(whole, target, settings=replace(SETTINGS, previous_frame=True))
    monkeypatch.setattr(crops, "IN_MEMORY_BYTES", 1000)
    with pytest.raises(InterruptedTrainingError):
        train_toy(halted, target, settings=replace(SETTINGS, previous_frame=True), progress=stop_after(5))
    train_toy(halted, target, settings=replace(SETTINGS, previous_frame=True))
    assert torch.equal(flat_weights(load_toy(whole)), flat_weights(load_toy(halted)))
    assert sorted(path.name for path in halted.iterdir()) == ["history.jsonl", "pose_gan.safetensors", "samples.png"]


def test_the_reviewed_frames_of_large_pictures_are_fewer(monkeypatch):
    target = toy_target(60, held_out=40)
    assert len(review_frames(target)) == REVIEWED
    monkeypatch.setattr(train, "REVIEWED_BYTES", 12 * all_pictures(target)[0].nbytes)
    assert len(review_frames(target)) == 12
    monkeypatch.setattr(train, "REVIEWED_BYTES", 1)
    assert len(review_frames(target)) == train.SHOWN


def test_the_face_is_refined_in_a_landscape(tmp_path):
    target, path = toy_target(40, size=LANDSCAPE), tmp_path / "face_gan.safetensors"
    train_toy(tmp_path, target)
    gan = load_toy(tmp_path)
    options = {"seed": 3, "device": CPU, "checkpoint_path": path, "samples_path": tmp_path / "face.png"}
    history = train_face_gan(target, pose_gan=gan, settings=replace(FACE, iterations=40), **options)
    assert history[-1]["held_out"] < history[-1]["held_out_painted"]
    face = load_face_gan(path, device=CPU)
    patches = cut_patches(target, gan, side=face.side, device=CPU)
    numbers = np.flatnonzero(faces_camera(target.keypoints))
    assert len(patches.real) == len(numbers)
    pictures = all_pictures(target)
    for number, real in zip(numbers, patches.real, strict=True):
        place = place_patch(target.keypoints[number], side=face.side, size=LANDSCAPE)
        np.testing.assert_array_equal(real, pictures[number][place.slices])


def test_patches_of_faces_hold_no_whole_frames(trained):
    """A cut of a still film is a part of a decoded frame: 400 frames of 4K would be ten gigabytes."""
    seen = []

    class Watched(HeldFilm):
        def cuts(self, numbers, windows):
            for number, window in zip(numbers, windows, strict=True):
                frame = self.frames[number].copy()
                seen.append(weakref.ref(frame))
                yield frame[window.slices]

    target = replace(TARGET, film=Watched(all_pictures(TARGET)))
    alive = []

    def count(*arguments, **options):
        alive.append(sum(frame() is not None for frame in seen))
        return patch_pose(*arguments, **options)

    with mock.patch.object(face_training, "patch_pose", count):
        cut_patches(target, load_toy(trained[0]), side=16, device=CPU)
    assert len(seen) >= 40
    assert max(alive) <= 2
