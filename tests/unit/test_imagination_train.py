"""Training and painting: a toy person is learnt, resumed exactly, refined on the face, and painted in any pose."""

import logging
from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_target import draw_toy, toy_poses, toy_room, toy_target

from danceit_core.config import FaceGanSettings, PoseGanSettings
from danceit_core.errors import ImaginationError
from danceit_core.imagination.batches import to_pictures, to_tensor
from danceit_core.imagination.checkpoint import load_face_gan, load_pose_gan, training_path
from danceit_core.imagination.face import (
    MIN_SIDE,
    face_strength,
    faces_camera,
    patch_fade,
    patch_side,
    place_patch,
)
from danceit_core.imagination.face_training import train_face_gan
from danceit_core.imagination.render import paint, refine_faces, render_dance
from danceit_core.imagination.train import jitter, train_pose_gan
from danceit_core.pose.skeleton import MIRROR, NOSE

CPU = torch.device("cpu")
SIZE = 64
SETTINGS = PoseGanSettings(
    image_size=SIZE, channels=16, kernel=5, downsamplings=2, blocks=1, enhancer_blocks=1, discriminator_channels=8,
    discriminators=1, iterations=6, batch_size=2, learning_rate=2e-3, average_decay=0.9, checkpoint_every=3,
)  # fmt: skip
FACE = FaceGanSettings(channels=8, iterations=8, batch_size=4)
TARGET = toy_target(60, size=SIZE)


class InterruptedTrainingError(Exception):
    pass


def train(folder, *, settings=SETTINGS, target=TARGET, progress=None):
    return train_pose_gan(
        target,
        settings=settings,
        seed=3,
        device=CPU,
        checkpoint_path=folder / "pose_gan.pt",
        samples_path=folder / "samples.png",
        progress=progress,
    )


def weights(path):
    return torch.cat([p.flatten() for p in load_pose_gan(path, device=CPU).generator.parameters()])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a poseGAN that has learnt the toy person, and its history."""
    folder = tmp_path_factory.mktemp("trained")
    return folder, train(folder, settings=replace(SETTINGS, iterations=160, checkpoint_every=40))


def held_out_error(pictures, target=TARGET):
    return np.abs(pictures.astype(float) - target.pictures[~target.training]).mean()


def test_the_toy_person_is_learnt(trained):
    folder, history = trained
    gan = load_pose_gan(folder / "pose_gan.pt", device=CPU)
    painted = paint(gan, TARGET.keypoints[~TARGET.training], device=CPU)
    alone = np.repeat(gan.plate[None], len(painted), axis=0)
    assert held_out_error(painted) < 0.4 * held_out_error(alone)
    assert [row["iteration"] for row in history] == [40, 80, 120, 160]
    assert history[-1]["held_out"] < 0.6 * history[0]["held_out"]
    assert (folder / "samples.png").read_bytes().startswith(b"\x89PNG")
    assert not training_path(folder / "pose_gan.pt").exists()


def test_a_resumed_training_gives_the_same_weights(tmp_path):
    def stop(done, _total):
        if done == 5:
            raise InterruptedTrainingError

    whole, halted = tmp_path / "whole", tmp_path / "halted"
    train(whole)
    with pytest.raises(InterruptedTrainingError):
        train(halted, progress=stop)
    assert not (halted / "pose_gan.pt").exists()
    steps = []
    train(halted, progress=lambda done, _total: steps.append(done))
    assert steps == [4, 5, 6]
    assert torch.equal(weights(whole / "pose_gan.pt"), weights(halted / "pose_gan.pt"))


def test_an_unfinished_training_of_other_settings_or_a_damaged_one_is_not_resumed(tmp_path, caplog):
    def stop(done, _total):
        if done == 5:
            raise InterruptedTrainingError

    with pytest.raises(InterruptedTrainingError):
        train(tmp_path, progress=stop)
    steps = []
    train(tmp_path, settings=replace(SETTINGS, feature_weight=1.0), progress=lambda done, _total: steps.append(done))
    assert steps[0] == 1
    training_path(tmp_path / "pose_gan.pt").write_bytes(b"half a file")
    steps.clear()
    with caplog.at_level(logging.WARNING):
        train(tmp_path, progress=lambda done, _total: steps.append(done))
    assert steps[0] == 1
    assert "starts afresh" in caplog.text


def test_without_a_plate_the_whole_picture_is_painted(tmp_path):
    settings = replace(SETTINGS, background_plate=False, body_chart=False)
    train(tmp_path, settings=settings)
    gan = load_pose_gan(tmp_path / "pose_gan.pt", device=CPU)
    assert gan.plate is None
    assert gan.window == (SIZE, SIZE)
    assert paint(gan, TARGET.keypoints[:3], device=CPU).shape == (3, SIZE, SIZE, 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_size": 60}, r"image_size is 60; with downsamplings 2 it must be a multiple of 8"),
        ({"image_size": 128}, r"frames of 64 pixels for image_size 128"),
        ({"discriminators": 4}, r"4 discriminators need pictures of at least 192 pixels"),
        ({"kernel": 4}, r"kernel is 4; it must be odd"),
    ],
)
def test_impossible_settings_are_refused(tmp_path, changes, message):
    with pytest.raises(ImaginationError, match=message):
        train(tmp_path, settings=replace(SETTINGS, **changes))


def test_a_diverging_training_says_so(tmp_path):
    with pytest.raises(ImaginationError, match=r"diverged before iteration 3 .* lower learning_rate"):
        train(tmp_path, settings=replace(SETTINGS, learning_rate=1e30))


def test_the_room_around_the_person_is_the_plate_itself(trained):
    gan = load_pose_gan(trained[0] / "pose_gan.pt", device=CPU)
    pose = toy_poses(1, size=SIZE, seed=9, sway=0.0)
    small = replace(gan, window=(48, 56))
    picture = paint(small, pose, device=CPU)[0]
    outside = np.ones((SIZE, SIZE), bool)
    outside[:, 8:56] = False
    assert (picture[outside] == gan.plate[outside]).mean() > 0.9
    assert (picture != gan.plate).any()


def test_any_pose_is_painted_and_never_black(trained):
    gan = load_pose_gan(trained[0] / "pose_gan.pt", device=CPU)
    poses = np.repeat(toy_poses(1, size=SIZE, seed=5), 7, axis=0)
    poses[1, :4] = 0  # no head, no arm
    poses[2, 1:] = 0  # a nose alone
    poses[3] = 0  # nobody
    poses[4, :, 0] += 3 * SIZE  # beside the picture
    poses[5, :, :2] *= 1e6  # far away
    poses[6, :, :2] = 4 * poses[6, :, :2] - 60  # larger than the picture
    pictures = list(render_dance(poses, pose_gan=gan, face_gan=None, size=SIZE, batch_size=3, device=CPU))
    assert len(pictures) == 7
    assert all(p.shape == (SIZE, SIZE, 3) and p.dtype == np.uint8 and p.mean() > 60 for p in pictures)
    assert (pictures[3] == gan.plate).all()
    assert np.abs(pictures[0].astype(int) - gan.plate).max() > 60


def test_poses_of_a_larger_picture_give_larger_frames_of_the_same_dance(trained):
    gan = load_pose_gan(trained[0] / "pose_gan.pt", device=CPU)
    pose = toy_poses(2, size=SIZE, seed=6)
    double = pose * np.float32([2, 2, 1])
    (small, _), (large, _) = (
        list(render_dance(p, pose_gan=gan, face_gan=None, size=s, batch_size=2, device=CPU))
        for p, s in ((pose, SIZE), (double, 2 * SIZE))
    )
    assert large.shape == (2 * SIZE, 2 * SIZE, 3)
    assert np.abs(large[::2, ::2].astype(int) - small).mean() < 6
    nothing = render_dance(pose[:0], pose_gan=gan, face_gan=None, size=SIZE, batch_size=2, device=CPU)
    assert list(nothing) == []
    with pytest.raises(ImaginationError, match=r"batch_size is 0"):
        next(render_dance(pose, pose_gan=gan, face_gan=None, size=SIZE, batch_size=0, device=CPU))


def test_the_face_gan_learns_and_changes_the_patch_alone(trained, tmp_path):
    gan = load_pose_gan(trained[0] / "pose_gan.pt", device=CPU)
    path = tmp_path / "face_gan.pt"
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
    place = place_patch(poses[0], side=face.side, image_size=SIZE)
    assert changed[place.slices].any()
    changed[place.slices] = False
    assert not changed.any()


def test_a_target_that_never_shows_the_face_is_refused(trained, tmp_path):
    gan = load_pose_gan(trained[0] / "pose_gan.pt", device=CPU)
    away = replace(TARGET, keypoints=TARGET.keypoints[:, list(MIRROR)])
    with pytest.raises(ImaginationError, match=r"0 training frames of the target show the face; .* enabled: false"):
        train_face_gan(
            away,
            pose_gan=gan,
            settings=FACE,
            seed=3,
            device=CPU,
            checkpoint_path=tmp_path / "f.pt",
            samples_path=tmp_path / "f.png",
        )


def test_only_faces_towards_the_camera_count():
    front = toy_poses(9, size=SIZE)
    assert faces_camera(front).all()
    assert not faces_camera(front[:, list(MIRROR)]).any()  # turned away, the nose guessed
    hidden, faint, bare = front.copy(), front.copy(), front.copy()
    hidden[:, NOSE] = 0
    faint[:, NOSE, 2] = 0.1
    bare[:, 15:19] = 0
    assert not faces_camera(hidden).any()
    assert not faces_camera(faint).any()
    assert faces_camera(bare).all()
    turning = front.copy()
    turning[:4] = front[:4, list(MIRROR)]
    strength = face_strength(turning)
    assert (strength[:4] == 0).all()
    assert (np.diff(strength[3:]) >= 0).all()
    assert strength[-1] == 1
    assert len(face_strength(front[:0])) == 0


def test_the_patch_scales_with_the_head_and_stays_in_the_picture():
    near = toy_poses(5, size=512)
    far = near * np.float32([0.5, 0.5, 1])
    sides = [patch_side(p, patch_share=50 / 512, image_size=512) for p in (near, far)]
    assert 40 <= sides[0] <= 80
    assert sides[1] == pytest.approx(sides[0] / 2, abs=4)
    assert patch_side(far * np.float32([0.1, 0.1, 1]), patch_share=50 / 512, image_size=512) == MIN_SIDE
    corner = near[0].copy()
    corner[NOSE, :2] = (2, 511)
    assert place_patch(corner, side=48, image_size=512).slices == (slice(464, 512), slice(0, 48))
    corner[NOSE, :2] = (-5, 10)
    assert place_patch(corner, side=48, image_size=512) is None
    fade = patch_fade(16, CPU)
    assert fade[8, 8] == 1
    assert fade[0].max() < 0.5


@pytest.mark.parametrize("load", [load_pose_gan, load_face_gan])
def test_damaged_missing_and_foreign_checkpoints_are_named(tmp_path, trained, load):
    path = tmp_path / "broken.pt"
    with pytest.raises(ImaginationError, match=r"broken\.pt: no such checkpoint"):
        load(path, device=CPU)
    whole = (trained[0] / "pose_gan.pt").read_bytes()
    for content in (b"", b"nothing of the kind", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(ImaginationError, match=r"broken\.pt is no readable danceit .* delete it and train again"):
            load(path, device=CPU)
    torch.save({"kind": "a cat"}, path)
    with pytest.raises(ImaginationError, match=r"broken\.pt holds a a cat, not a danceit"):
        load(path, device=CPU)


def test_jitter_moves_present_joints_only():
    poses = toy_poses(50, size=SIZE)
    poses[:, 4] = 0
    moved = jitter(poses, np.random.default_rng(0), sigma_px=2.0)
    assert (moved[:, 4] == 0).all()
    assert (moved[..., 2] == poses[..., 2]).all()
    assert np.delete(moved - poses, 4, axis=1)[..., :2].std() == pytest.approx(2.0, rel=0.1)


def test_pictures_survive_the_way_to_tensors_and_back():
    pictures = np.random.default_rng(0).integers(0, 256, (2, 6, 4, 3)).astype(np.uint8)
    np.testing.assert_array_equal(to_pictures(to_tensor(pictures, CPU)), pictures)


def test_the_toy_is_in_the_picture():
    room = toy_room(SIZE)
    assert (draw_toy(toy_poses(1, size=SIZE)[0], room) != room).any()
