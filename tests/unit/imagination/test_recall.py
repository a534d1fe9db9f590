"""The person's own pixels: which frame lends a part, where its pixels come from, whose they are."""

import numpy as np
import pytest
import torch
from puppet import puppet_keypoints
from toy_target import draw_toy, toy_poses

from danceit_core.errors import ImaginationError
from danceit_core.imagination.recall.carry import carry_part
from danceit_core.imagination.recall.casting import LEAST_S, choose_for_dance, fades, switches
from danceit_core.imagination.recall.choose import APART_S, Lenders, choose_apart
from danceit_core.imagination.recall.describe import describe
from danceit_core.imagination.recall.hidden import crowded_shares, usual_depth
from danceit_core.imagination.recall.joined import joined
from danceit_core.imagination.recall.layers import CHANNELS, Lent, limb_order, place_tiles, recall_layers
from danceit_core.imagination.recall.parts import HEAD, NAMES, PARTS, TRUNK
from danceit_core.imagination.recall.shapes import PIECES, ownership, piece_distances
from danceit_core.imagination.target.region import body_size
from danceit_core.pose.skeleton import LEFT_ELBOW, LEFT_SHOULDER, LEFT_WRIST, RIGHT_ELBOW, RIGHT_WRIST

SIZE, FPS, FRAMES = 128, 24.0, 96
POSES = np.stack([puppet_keypoints(k / FPS, size=SIZE) for k in range(FRAMES)]).astype(np.float32)
BODY = float(np.nanmedian(body_size(POSES)))
DEPTH = torch.zeros(1, 25)
LEFT_ARM = NAMES.index("left_arm")


def lenders(poses=POSES, frames=None, **changes):
    frames = np.arange(len(poses)) if frames is None else frames
    return Lenders.of(poses, frames=frames, fps=FPS, body_px=BODY, **changes)


def grid(*points):
    """Places (1, 2, 1, n)."""
    return torch.tensor(points, dtype=torch.float32).T[None, :, None]


def moved(pose, *, by=(0, 0), turn=0.0, scale=1.0, about=None):
    """A pose shifted, turned and scaled."""
    about = pose[8, :2] if about is None else about
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    out = pose.copy()
    out[:, :2] = (pose[:, :2] - about) @ np.float32([[c, s], [-s, c]]) + about + by
    return out.astype(np.float32)


def test_a_shifted_person_looks_the_same():
    for a, b in zip(describe(POSES, body_px=BODY), describe(POSES + np.float32([9, -4, 0]), body_px=BODY), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_a_frame_lends_itself_to_its_own_pose():
    given = lenders()
    for part, squares in enumerate(given.distances(POSES)):
        distance = squares - given.costs[:, part]
        assert np.abs(np.diag(distance)).max() < 1e-3
        assert distance.min() > -1e-3


def test_a_limb_turned_is_nearer_than_one_foreshortened():
    """Two lenders for a raised arm: the same arm turned aside, and one half as long as seen."""
    wanted = POSES[0].copy()
    shoulder = wanted[LEFT_SHOULDER, :2]
    wanted[[LEFT_ELBOW, LEFT_WRIST], :2] = shoulder + np.float32([[0, -0.5], [0, -1.0]]) * BODY
    turned, short = wanted.copy(), wanted.copy()
    turned[[LEFT_ELBOW, LEFT_WRIST], :2] = shoulder + np.float32([[0.25, -0.43], [0.5, -0.87]]) * BODY
    short[[LEFT_ELBOW, LEFT_WRIST], :2] = shoulder + np.float32([[0, -0.25], [0, -0.5]]) * BODY
    given = lenders(np.stack([turned, short]))
    distance = list(given.distances(wanted[None]))[LEFT_ARM][0] - given.costs[:, LEFT_ARM]
    assert distance[0] < 0.5 * distance[1]


def test_in_training_nobody_within_a_second_lends_and_the_choice_is_random_among_the_nearest():
    given, rng = lenders(), np.random.default_rng(0)
    chosen = np.stack([choose_apart(given, POSES, times_s=np.arange(FRAMES) / FPS, rng=rng) for _ in range(20)])
    apart_s = np.abs(chosen - np.arange(FRAMES)[:, None]) / FPS
    assert apart_s.min() >= APART_S
    kinds = [len(np.unique(chosen[:, frame, TRUNK])) for frame in range(FRAMES)]
    assert 2 <= max(kinds) <= 4
    again = choose_apart(given, POSES, times_s=np.arange(FRAMES) / FPS, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(chosen[0], again)


def test_a_short_video_lends_from_as_far_as_it_can():
    short = POSES[:12]
    given = lenders(short)
    chosen = choose_apart(given, short, times_s=np.arange(12) / FPS, rng=np.random.default_rng(1))
    assert chosen[0].min() >= 8
    assert chosen[11].max() <= 3


def test_over_a_dance_lenders_stay():
    noisy = POSES + np.random.default_rng(0).normal(0, 0.5, POSES.shape).astype(np.float32) * np.float32([1, 1, 0])
    path = choose_for_dance(lenders(), noisy, fps=FPS)
    assert path.shape == (FRAMES, len(PARTS))
    for part in range(len(PARTS)):
        starts = switches(path[:, part], np.arange(FRAMES))
        stays = np.diff(np.concatenate([[0], starts, [FRAMES]]))
        # A quick arm may have a short stay.
        assert np.median(stays) >= round(LEAST_S * FPS)
        assert (stays < round(LEAST_S * FPS)).sum() <= 4
    assert choose_for_dance(lenders(), POSES[:0], fps=FPS).shape == (0, len(PARTS))


def test_a_frame_without_the_joints_lends_nothing_and_a_video_without_them_is_refused():
    some = POSES.copy()
    some[::2, LEFT_ELBOW] = 0
    path = choose_for_dance(lenders(some), POSES, fps=FPS)
    assert (path[:, LEFT_ARM] % 2 == 1).all()
    some[:, LEFT_ELBOW] = 0
    with pytest.raises(ImaginationError, match="no frame of the target shows the joints of its left_arm; film"):
        lenders(some)


def test_a_hidden_part_is_lent_by_another_frame():
    hidden = np.zeros((FRAMES, len(PARTS)), np.float32)
    first = choose_for_dance(lenders(), POSES, fps=FPS)[0, TRUNK]
    hidden[first, TRUNK] = 1
    assert choose_for_dance(lenders(hidden=hidden), POSES, fps=FPS)[0, TRUNK] != first


@pytest.mark.parametrize("number", range(len(PARTS)))
def test_a_moved_person_is_carried_as_a_whole(number):
    """The places of joints come from the joints, whatever the movement: shift, turn, a little larger."""
    now, then = POSES[10], moved(POSES[10], by=(11, -7), turn=0.4, scale=1.15)
    joints = sorted({*PARTS[number].fit, *(j for bone in PARTS[number].bones for j in bone)})
    places, reach = carry_part(
        number,
        torch.from_numpy(now[None]),
        torch.from_numpy(then[None]),
        DEPTH,
        grid(*now[joints, :2].tolist()),
        body_px=BODY,
    )
    np.testing.assert_allclose(places[0, :, 0].T.numpy(), then[joints, :2], atol=0.5)
    # Where parts meet they share.
    assert reach.max() > 0.89


def test_a_limb_keeps_its_width_where_it_is_foreshortened():
    """An arm half as long as the lender's: across it nothing is stretched, along it at most LONGEST."""
    now, then = POSES[0].copy(), POSES[0].copy()
    start = now[LEFT_SHOULDER, :2]
    now[[LEFT_ELBOW, LEFT_WRIST], :2] = start + np.float32([[10, 0], [20, 0]])
    then[[LEFT_ELBOW, LEFT_WRIST], :2] = start + np.float32([[20, 0], [40, 0]])
    spots = start + np.float32([[5, 0], [5, 3], [5, -3]])
    places, _ = carry_part(
        LEFT_ARM, torch.from_numpy(now[None]), torch.from_numpy(then[None]), DEPTH, grid(*spots.tolist()), body_px=BODY
    )
    xy = places[0, :, 0].T.numpy()
    np.testing.assert_allclose(xy[1] - xy[0], (0, 3), atol=0.05)
    np.testing.assert_allclose(xy[2] - xy[0], (0, -3), atol=0.05)


def test_a_trunk_seen_from_the_side_is_not_blown_up():
    """Front to a trunk whose shoulders coincide: what one pixel asks for stays within bounded distances."""
    now, then = POSES[0].copy(), POSES[0].copy()
    for joint in (2, 5, 9, 12):
        now[joint, 0] = now[8, 0] + 0.02 * (POSES[0, joint, 0] - POSES[0, 8, 0])
    centre = now[[1, 8], :2].mean(0)
    spots = centre + np.float32([[0, 0], [1, 0], [0, 1]])
    places, _ = carry_part(
        TRUNK, torch.from_numpy(now[None]), torch.from_numpy(then[None]), DEPTH, grid(*spots.tolist()), body_px=BODY
    )
    xy = places[0, :, 0].T.numpy()
    assert np.linalg.norm(xy[1] - xy[0]) < 2
    assert np.linalg.norm(xy[2] - xy[0]) < 2


def test_each_part_owns_its_own_joints():
    pose = torch.from_numpy(POSES[:1])
    for number, joint in ((TRUNK, 8), (HEAD, 0), (LEFT_ARM, LEFT_ELBOW), (NAMES.index("right_leg"), 10)):
        spot = grid(POSES[0, joint, :2].tolist())
        own = [k for k, piece in enumerate(PIECES) if piece.part == number]
        assert piece_distances(pose, spot, body_px=BODY)[0, own].min() == 0
        share, distance = ownership(number, pose, DEPTH, spot, body_px=BODY)
        assert share > 0.5
        assert distance == 0
    hand = grid(POSES[0, RIGHT_WRIST, :2].tolist())
    assert ownership(HEAD, pose, DEPTH, hand, body_px=BODY)[0] < 0.1
    assert ownership(LEFT_ARM, pose, DEPTH, hand, body_px=BODY)[0] < 0.1


def test_a_hand_before_the_shirt_is_not_the_shirts_and_one_behind_it_is_nobodys():
    """The left hand lies on the middle of the trunk: by depth it is before or behind it."""
    pose = POSES[:1].copy()
    middle = pose[0, [1, 8], :2].mean(0)
    pose[0, [LEFT_ELBOW, LEFT_WRIST], :2] = middle + np.float32([[0.4 * BODY, 0], [0, 0]])
    spot, before = grid(middle.tolist()), torch.zeros(1, 25)
    before[0, [LEFT_ELBOW, LEFT_WRIST]] = 0.6
    joints = torch.from_numpy(pose)
    assert ownership(TRUNK, joints, before, spot, body_px=BODY)[0] < 0.15
    assert ownership(LEFT_ARM, joints, before, spot, body_px=BODY)[0] > 0.8
    assert ownership(TRUNK, joints, -before, spot, body_px=BODY)[0] > 0.8
    assert ownership(LEFT_ARM, joints, -before, spot, body_px=BODY)[0] < 0.15


def test_a_foreshortened_arm_keeps_its_hand():
    """A forearm of a fifth of the lender's length: what lies beyond the wrist comes from beyond the wrist, unshrunk."""
    now, then = POSES[0].copy(), POSES[0].copy()
    start = now[LEFT_SHOULDER, :2]
    now[[LEFT_ELBOW, LEFT_WRIST], :2] = start + BODY * np.float32([[0.4, 0], [0.48, 0]])
    then[[LEFT_ELBOW, LEFT_WRIST], :2] = start + BODY * np.float32([[0.4, 0], [0.8, 0]])
    tip = now[LEFT_WRIST, :2] + np.float32([0.2 * BODY, 0])
    places, reach = carry_part(
        LEFT_ARM, torch.from_numpy(now[None]), torch.from_numpy(then[None]), DEPTH, grid(tip.tolist()), body_px=BODY
    )
    np.testing.assert_allclose(places[0, :, 0, 0], then[LEFT_WRIST, :2] + np.float32([0.2 * BODY, 0]), atol=0.5)
    assert reach.min() > 0.9


def test_fingers_before_the_trousers_do_not_bring_them_along():
    """Beyond what a hand surely is, a place before a leg is the leg's; before the room it is the hand's."""
    pose = POSES[:1].copy()
    knee = pose[0, 13, :2]
    before = torch.zeros(1, 25)
    before[0, [LEFT_ELBOW, LEFT_WRIST]] = 0.6
    pose[0, [LEFT_ELBOW, LEFT_WRIST], :2] = knee + np.float32([[0.7 * BODY, 0], [0.25 * BODY, 0]])
    tip = grid((knee + np.float32([0.03 * BODY, 0])).tolist())
    assert ownership(LEFT_ARM, torch.from_numpy(pose), before, tip, body_px=BODY)[0] < 0.2
    pose[0, [LEFT_ELBOW, LEFT_WRIST], 0] += 1.5 * BODY
    tip = grid((knee + np.float32([1.53 * BODY, 0])).tolist())
    assert ownership(LEFT_ARM, torch.from_numpy(pose), before, tip, body_px=BODY)[0] > 0.9


def test_a_hand_on_the_leg_is_crowded_and_one_in_the_air_is_not():
    poses = np.repeat(POSES[:1], 2, 0)
    poses[0, [LEFT_ELBOW, LEFT_WRIST], :2] = poses[0, 13, :2] + np.float32([[0.5 * BODY, 0], [0.2 * BODY, 0]])
    poses[1, [LEFT_ELBOW, LEFT_WRIST], :2] = poses[1, LEFT_SHOULDER, :2] + np.float32([[0.5 * BODY, 0], [BODY, 0]])
    shares = crowded_shares(poses, body_px=BODY)
    assert shares[0, LEFT_ARM] > 0.2
    assert shares[1, LEFT_ARM] == 0
    assert (shares[:, [TRUNK, HEAD]] == 0).all()


def test_a_bent_elbow_does_not_flare():
    """The lender's arm hangs straight; here it is bent: nothing of it may lie outside the bend."""
    now, then = POSES[0].copy(), POSES[0].copy()
    start = now[LEFT_SHOULDER, :2]
    now[[LEFT_ELBOW, LEFT_WRIST], :2] = start + BODY * np.float32([[0.4, 0], [0.1, 0.1]])
    then[[LEFT_ELBOW, LEFT_WRIST], :2] = start + BODY * np.float32([[0.4, 0], [0.8, 0]])
    outside = start + BODY * np.float32([[0.6, 0.0], [0.55, -0.1]])
    on_it = start + BODY * np.float32([[0.2, 0.0], [0.25, 0.05]])
    poses = torch.from_numpy(now[None]), torch.from_numpy(then[None])
    assert carry_part(LEFT_ARM, *poses, DEPTH, grid(*outside.tolist()), body_px=BODY)[1].max() < 0.05
    assert carry_part(LEFT_ARM, *poses, DEPTH, grid(*on_it.tolist()), body_px=BODY)[1].min() > 0.8


def test_what_points_at_the_camera_cannot_be_drawn_out():
    wanted = POSES[0].copy()
    shoulder = wanted[LEFT_SHOULDER, :2]
    wanted[[LEFT_ELBOW, LEFT_WRIST], :2] = shoulder + np.float32([[0, -0.4], [0, -0.8]]) * BODY
    short, long = wanted.copy(), wanted.copy()
    short[[LEFT_ELBOW, LEFT_WRIST], :2] = shoulder + np.float32([[0, -0.2], [0, -0.4]]) * BODY
    long[[LEFT_ELBOW, LEFT_WRIST], :2] = shoulder + np.float32([[0, -0.6], [0, -1.2]]) * BODY
    given = lenders(np.stack([short, long]))
    distance = list(given.distances(wanted[None]))[LEFT_ARM][0] - given.costs[:, LEFT_ARM]
    assert distance[1] < 0.5 * distance[0]


def test_two_lenders_fade_where_they_are_alike_and_the_longer_the_slower_the_part():
    slow = np.repeat(POSES[:1], 48, 0)
    given = lenders(np.stack([POSES[0], POSES[0] + np.float32([0.3, 0, 0])]), frames=np.array([0, 50]))
    rows = np.zeros((48, len(PARTS)), np.int64)
    rows[24:] = 1
    still = fades(given, rows, slow, fps=FPS)
    assert still.shares[24, TRUNK] > still.shares[25, TRUNK] > 0
    assert still.shares[23, TRUNK] == still.shares[24, TRUNK] < 0.5
    assert (still.others[24] == 0).all()
    assert (still.others[23] == 1).all()
    quick = slow.copy()
    quick[24:, :, 0] += BODY
    np.testing.assert_array_equal(np.flatnonzero(fades(given, rows, quick, fps=FPS).shares[:, TRUNK]), [23, 24])
    other = lenders(np.stack([POSES[0], moved(POSES[0], turn=1.5)]), frames=np.array([0, 50]))
    assert fades(other, rows, slow, fps=FPS).shares[:, [TRUNK, HEAD]].max() == 0


def test_a_slow_change_goes_through_the_frames_of_the_video(monkeypatch):
    slow, numbers = POSES.repeat(2, 0), np.arange(FRAMES)
    path = choose_for_dance(lenders(), slow, fps=FPS)
    assert np.abs(np.diff(path, axis=0)).max() > 0
    jumps = sum(len(switches(path[:, part], numbers)) for part in range(len(PARTS)))
    monkeypatch.setattr("danceit_core.imagination.recall.casting.GO_ON", 1e3)
    without = choose_for_dance(lenders(), slow, fps=FPS)
    assert jumps < 0.7 * sum(len(switches(without[:, part], numbers)) for part in range(len(PARTS)))


def test_parts_pass_to_other_lenders_together_with_the_trunk():
    """Front and back views of one person: the dance turns round once, all parts change in one frame."""
    back = POSES[:24].copy()
    back[..., 0] = 2 * back[:, [8], 0] - back[..., 0]
    both = np.concatenate([POSES[:24], back])
    path = choose_for_dance(lenders(both, np.r_[:24, 100:124]), both, fps=FPS)
    changes = [np.flatnonzero(np.diff(path[:, part] >= 24)) for part in range(len(PARTS))]
    assert all(len(change) == 1 and change[0] == 23 for change in changes)


def test_the_nearer_of_two_legs_lies_before_the_other():
    right, left = NAMES.index("right_leg"), NAMES.index("left_leg")
    depth = torch.zeros(len(PARTS), 25)
    depth[left, [12, 13, 14]] = 0.5
    order = limb_order(depth)[:, 0]
    assert order[left] > 10 * order[right]
    assert order[TRUNK] == 1


def lend(poses, rows, *, by=(0, 0)):
    """The toy person of poses `rows`, each with its outline, as lending frames, and where they lie."""
    drawn = []
    for row in rows:
        person = draw_toy(poses[row], np.zeros((SIZE, SIZE, 3), np.uint8))
        outline = 255 * (person.max(-1, keepdims=True) > 0).astype(np.uint8)
        drawn.append(np.concatenate([person, outline], -1).transpose(2, 0, 1))
    boxes = torch.tensor([[0.0, 0, SIZE, SIZE]]).expand(len(rows), 4)
    depth = torch.from_numpy(usual_depth()).expand(len(rows), 25)
    return Lent(torch.from_numpy(np.stack(drawn)), boxes, torch.from_numpy(poses[rows]), depth)


@pytest.mark.parametrize("zoom", [1, 2])
def test_a_leg_does_not_bring_the_rim_of_the_other_along(zoom):
    """Beyond a strip of the room nothing is the leg's, in a picture of part of the plate as in the whole."""
    leg, pose = NAMES.index("right_leg"), POSES[0].copy()
    pose[[9, 10, 11], :2] = [[40, 20], [40, 60], [40, 100]]  # hip, knee, ankle
    outline = np.zeros((SIZE, SIZE), np.uint8)
    outline[10:110, 34:47], outline[10:110, 50:60] = 255, 255
    shown = outline[: SIZE // zoom, : SIZE // zoom].repeat(zoom, 0).repeat(zoom, 1)
    box = torch.tensor([[0, 0, SIZE // zoom, SIZE // zoom]], dtype=torch.float32)
    places = grid((40, 50), (44, 50), (36, 50), (51, 50), (56, 50))
    share = joined(leg, torch.from_numpy(pose)[None], places, torch.from_numpy(shown)[None, None], box, body_px=BODY)
    np.testing.assert_allclose(share[0, 0], [1, 1, 1, 0, 0], atol=0.01)


def test_a_person_recalled_in_their_own_pose_is_themselves():
    poses = toy_poses(3, size=SIZE, seed=4)
    rows = [1] * len(PARTS)
    boxes = np.float32([[0, 0, SIZE, SIZE]])
    body_px = float(np.nanmedian(body_size(poses)))
    layers = recall_layers(poses[1:2], lend(poses, rows), boxes, size=(SIZE, SIZE), body_px=body_px)[0].numpy()
    assert layers.shape == (CHANNELS, SIZE, SIZE)
    person = draw_toy(poses[1], np.zeros((SIZE, SIZE, 3), np.uint8))
    inside = person.max(-1) > 200
    picture = np.zeros((SIZE, SIZE, 3))
    for layer in (0, 1):
        cover = layers[6 + layer][..., None]
        picture = (1 - cover) * picture + cover * (layers[3 * layer : 3 * layer + 3].transpose(1, 2, 0) + 1) * 127.5
    assert np.abs(picture - person)[inside].mean() < 12
    outside = person.max(-1) == 0
    assert layers[6:, outside].max(0).mean() < 0.01


def test_a_window_of_the_plate_shows_the_same_person_larger():
    poses = toy_poses(3, size=SIZE, seed=5)
    body_px = float(np.nanmedian(body_size(poses)))
    whole = recall_layers(
        poses[:1], lend(poses, [2] * len(PARTS)), np.float32([[0, 0, SIZE, SIZE]]), size=(SIZE, SIZE), body_px=body_px
    )
    window = recall_layers(
        poses[:1], lend(poses, [2] * len(PARTS)), np.float32([[32, 16, 64, 96]]), size=(128, 192), body_px=body_px
    )
    small = torch.nn.functional.avg_pool2d(window, 2)
    difference = (small - whole[..., 16:112, 32:96]).abs()
    assert difference[:, 6:].mean() < 0.02
    assert difference.mean() < 0.04


def test_nobody_and_a_part_that_is_missing_recall_nothing_there():
    poses = toy_poses(2, size=SIZE, seed=6)
    body_px = float(np.nanmedian(body_size(poses)))
    boxes = np.float32([[0, 0, SIZE, SIZE]])
    nobody = np.zeros_like(poses[:1])
    layers = recall_layers(nobody, lend(poses, [1] * len(PARTS)), boxes, size=(SIZE, SIZE), body_px=body_px)
    assert layers.abs().max() == 0
    without = poses[:1].copy()
    without[:, [LEFT_ELBOW, LEFT_WRIST, RIGHT_ELBOW, RIGHT_WRIST]] = 0
    layers = recall_layers(without, lend(poses, [1] * len(PARTS)), boxes, size=(SIZE, SIZE), body_px=body_px)
    assert layers[:, 7].max() == 0
    assert layers[:, 6].max() > 0.9


def test_tiles_lie_inside_the_picture_and_hold_the_part():
    poses = toy_poses(8, size=SIZE, seed=7)
    boxes = np.tile(np.float32([[0, 0, SIZE, SIZE]]), (8, 1))
    scale = np.ones((8, 2), np.float32)
    for number, part in enumerate(PARTS):
        corners, (width, height) = place_tiles(number, poses, boxes, scale, size=(SIZE, SIZE), body_px=BODY)
        assert (corners >= 0).all()
        span = np.array([2 * width, 2 * height])
        assert (corners + span <= SIZE).all()
        joints = sorted({*part.fit, *(j for bone in part.bones for j in bone)})
        for pose, corner in zip(poses, corners, strict=True):
            inside = np.clip(pose[joints, :2], 0, SIZE)
            assert (inside >= corner).all()
            assert (inside <= corner + span).all()
