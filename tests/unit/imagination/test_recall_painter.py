"""The painter that recalls, from its training to a finished dance; and the draft, which needs none."""

from dataclasses import replace

import numpy as np
import pytest
from held_film import HeldFilm
from toy_target import (
    CPU,
    LANDSCAPE,
    TOY_SETTINGS,
    InterruptedTrainingError,
    draw_toy,
    flat_weights,
    load_toy,
    stop_after,
    toy_poses,
    toy_room,
    toy_target,
    train_toy,
)

from danceit_core.errors import ImaginationError
from danceit_core.imagination.recall.casting import Casting
from danceit_core.imagination.recall.hidden import hidden_shares
from danceit_core.imagination.recall.library import Held, Lending, Shelf
from danceit_core.imagination.recall.parts import NAMES, PARTS, TRUNK
from danceit_core.imagination.rendering.draft import draft_dance, draft_lending
from danceit_core.imagination.rendering.render import paint, render_dance
from danceit_core.imagination.target.crops import cut_crops
from danceit_core.imagination.target.held import HeldFrames
from danceit_core.imagination.target.view import View
from danceit_core.imagination.training.pose_step import paint_frames
from danceit_core.imagination.training.train import begin
from danceit_core.pose.skeleton import LEFT_SHOULDER, LEFT_WRIST, RIGHT_HIP

SETTINGS = replace(TOY_SETTINGS, painter="recall", image_size=64, iterations=6, learning_rate=1e-3)
# The toy's poses follow each other by chance: each is a second of its own.
TARGET = replace(toy_target(40, size=128, held_out=8), fps=0.5)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recall")
    train_toy(folder, TARGET, settings=SETTINGS)
    return load_toy(folder)


def lending_of(gan, poses):
    return Lending.of(shelf_of(gan), poses, fps=24)


def shelf_of(gan, target=TARGET, **options):
    return Shelf.of(target, view=gan.view, body_px=gan.body_px, **options)


def person_error(pictures, poses, size):
    """Mean difference from the true pictures where the person is, grey levels."""
    errors = []
    for picture, pose in zip(pictures, poses, strict=True):
        true = draw_toy(pose, toy_room(size))
        where = draw_toy(pose, np.zeros_like(true)).any(-1)
        errors.append(np.abs(picture.astype(float) - true)[where].mean())
    return float(np.mean(errors))


def test_hardly_trained_it_shows_the_person_that_a_painter_does_not(trained, tmp_path):
    held = np.flatnonzero(~TARGET.training)
    recalled = list(paint_frames(trained, TARGET, held, device=CPU, shelf=shelf_of(trained, training_only=True)))
    train_toy(tmp_path, TARGET, settings=replace(SETTINGS, painter="paint"))
    painted = list(paint_frames(load_toy(tmp_path), TARGET, held, device=CPU))
    ours, theirs = (person_error(p, TARGET.keypoints[held], 128) for p in (recalled, painted))
    assert ours < 0.6 * theirs
    assert ours < 45


def test_a_training_that_is_interrupted_ends_with_the_same_weights(trained, tmp_path):
    with pytest.raises(InterruptedTrainingError):
        train_toy(tmp_path, TARGET, settings=replace(SETTINGS, checkpoint_minutes=0), progress=stop_after(4))
    train_toy(tmp_path, TARGET, settings=replace(SETTINGS, checkpoint_minutes=0))
    assert (flat_weights(load_toy(tmp_path)) == flat_weights(trained)).all()


def test_without_outlines_it_is_refused(tmp_path):
    bare = replace(TARGET, film=HeldFilm(TARGET.film.frames))
    with pytest.raises(ImaginationError, match="painter recall needs the outlines of the target; or set painter: pai"):
        train_toy(tmp_path, bare, settings=SETTINGS)


def test_a_dance_needs_the_frames_that_lend(trained):
    poses = TARGET.keypoints[:3]
    with pytest.raises(ImaginationError, match="recalls the person's own pixels; give the target's frames and outlin"):
        list(render_dance(poses, pose_gan=trained, face_gan=None, batch_size=2, device=CPU))
    options = {"pose_gan": trained, "face_gan": None, "device": CPU}
    one, two = (list(render_dance(poses, lending=lending_of(trained, poses), batch_size=n, **options)) for n in (1, 3))
    assert len(one) == 3
    assert one[0].shape == (128, 128, 3)
    # A tile's size follows the batch: its rim lies between other pixels.
    assert np.abs(np.stack(one).astype(int) - np.stack(two)).mean() < 0.02
    assert np.abs(np.stack(one).astype(int) - np.stack(two)).max() < 12
    # Far from the person the room is the plate's own.
    assert (one[0][:12, :12] == toy_room(128)[:12, :12]).all()


def test_nobody_gives_the_empty_room(trained):
    nobody = np.zeros((1, 25, 3), np.float32)
    loan = shelf_of(trained).lend(
        Casting(np.zeros((1, 6), int), np.zeros((1, 6), int), np.zeros((1, 6), np.float32)), CPU
    )
    np.testing.assert_array_equal(paint(trained, nobody, device=CPU, loan=loan)[0], toy_room(128))


def test_what_is_recalled_is_as_sharp_as_the_video_however_small_the_network_is():
    """A network of a quarter of the size: stripes of the shirt that it cannot see are there all the same."""
    size = 128
    poses = toy_poses(12, size=size, seed=2)
    stripes = np.where((np.arange(size) // 3 % 2 == 0)[None, :, None], 255, 0).astype(np.uint8)
    frames, masks = [], []
    for pose in poses:
        person = draw_toy(pose, np.zeros((size, size, 3), np.uint8)).any(-1)
        frames.append(np.where(person[..., None], stripes, toy_room(size)))
        masks.append(np.where(person, 255, 0).astype(np.uint8))
    target = replace(
        TARGET, film=HeldFilm(np.stack(frames), np.stack(masks)), keypoints=poses, training=np.ones(12, bool)
    )
    settings = replace(SETTINGS, image_size=32)
    _, gan = begin(target, settings=settings, seed=1, device=CPU)
    rows = np.full((1, len(PARTS)), 5)
    loan = shelf_of(gan, target).lend(Casting(rows, rows, np.zeros(rows.shape, np.float32)), CPU)
    picture = paint(gan, poses[5:6], device=CPU, loan=loan)[0].astype(float)
    inside = np.stack(masks)[5] > 0
    change = np.abs(np.diff(picture.mean(-1), axis=1))[inside[:, 1:] & inside[:, :-1]]
    # One step in three is an edge of a stripe.
    assert np.quantile(change, 0.75) > 60


def test_a_part_fades_from_one_lender_to_the_next(trained):
    shelf, pose = shelf_of(trained), TARGET.keypoints[3:4]
    first, second = np.full((1, len(PARTS)), 4), np.full((1, len(PARTS)), 9)
    none = np.zeros(first.shape, np.float32)
    pure = [
        paint(trained, pose, device=CPU, loan=shelf.lend(Casting(rows, rows, none), CPU))[0].astype(float)
        for rows in (first, second)
    ]
    share = np.full(first.shape, 0.5, np.float32)
    mixed = paint(trained, pose, device=CPU, loan=shelf.lend(Casting(first, second, share), CPU))[0].astype(float)
    apart = np.abs(pure[0] - pure[1]).mean()
    assert apart > 0.2
    assert np.abs(mixed - pure[0]).mean() < apart
    assert np.abs(mixed - pure[1]).mean() < apart


def test_a_shelf_gives_up_what_was_not_asked_for_the_longest(trained, monkeypatch):
    monkeypatch.setattr("danceit_core.imagination.recall.library.KEPT_BYTES", 1)
    shelf = shelf_of(trained)
    for row in range(8):
        rows = np.full((1, len(PARTS)), row)
        shelf.lend(Casting(rows, rows, np.zeros(rows.shape, np.float32)), CPU)
        assert list(shelf.kept) == [row]


def test_training_frames_lend_as_they_were_cut(trained):
    crops = cut_crops(TARGET, trained.view, body_px=trained.body_px, seed=1, folder=".")
    held = Held.of(TARGET, crops, HeldFrames.of(crops.planes, CPU), body_px=trained.body_px)
    lent = held.lent(np.array([[3, 3, 3, 3, 3, 3], [7, 7, 7, 7, 7, 7]]))
    np.testing.assert_array_equal(lent.pictures[0, :3].permute(1, 2, 0).numpy(), crops.pictures[3])
    np.testing.assert_array_equal(lent.pictures[1, 3].numpy(), crops.outlines[7])
    np.testing.assert_array_equal(lent.poses[2].numpy(), TARGET.keypoints[3])


def test_a_draft_needs_no_training_and_knows_the_picture():
    target = replace(toy_target(30, size=LANDSCAPE, held_out=0), fps=0.5)
    poses = target.keypoints[[2, 9, 21]]
    corners = np.float32([[10, 4]] * 3)
    lending = draft_lending(target, poses, fps=24)
    pictures = list(draft_dance(poses, lending, size=(80, 56), corners=corners, device=CPU))
    assert [picture.shape for picture in pictures] == [(56, 80, 3)] * 3
    errors = []
    for pose, picture in zip(poses, pictures, strict=True):
        true = draw_toy(pose, toy_room(LANDSCAPE))[4:60, 10:90]
        where = draw_toy(pose, np.zeros((64, 96, 3), np.uint8))[4:60, 10:90].any(-1)
        errors.append(np.abs(picture.astype(float) - true)[where].mean())
        assert np.abs(picture.astype(int) - true)[~where].mean() < 2
    assert np.mean(errors) < 30


def test_an_arm_before_the_trunk_hides_it_by_its_depth():
    pose = TARGET.keypoints[:1].copy()
    body_px = float(np.linalg.norm(pose[0, 1, :2] - pose[0, 8, :2]))
    pose[0, LEFT_WRIST, :2] = pose[0, RIGHT_HIP, :2]
    pose[0, 6, :2] = (pose[0, LEFT_SHOULDER, :2] + pose[0, RIGHT_HIP, :2]) / 2
    depth = np.zeros((1, 25), np.float32)
    depth[0, [6, LEFT_WRIST]] = 0.5
    arm = NAMES.index("left_arm")
    before = hidden_shares(pose, depth, body_px=body_px)[0]
    assert before[TRUNK] > 0.15
    assert before[arm] == 0
    behind = hidden_shares(pose, -depth, body_px=body_px)[0]
    assert behind[TRUNK] == 0
    assert behind[arm] > 0.15
    assert hidden_shares(pose, None, body_px=body_px)[0, TRUNK] > 0.15


def test_views_of_other_sizes_share_a_shelf(trained):
    """A dance that reaches farther than the person's video did is seen through wider windows, lent from the same."""
    wide = trained.view.widened(TARGET.keypoints[:4] + np.float32([8, 0, 0]), body_px=trained.body_px, stride=8)
    assert isinstance(wide, View)
    poses = TARGET.keypoints[:4].copy()
    poses[:, [3, 4], 0] -= 40
    pictures = list(
        render_dance(
            poses, pose_gan=trained, face_gan=None, lending=lending_of(trained, poses), batch_size=2, device=CPU
        )
    )
    assert len(pictures) == 4
