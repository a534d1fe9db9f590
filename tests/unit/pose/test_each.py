"""Every dancer of a video is followed, and nobody gets a joint of another: crossing, hidden, leaving, entering late."""

import logging

import numpy as np
import pytest
from puppet import draw_puppet, puppet_keypoints
from stages import BOTTOM, FPS, STORE, puppet, stage

from danceit_core.pose.apart import Figure, covered, doubtful_joints, may_be_mixed, without
from danceit_core.pose.blazepose import BlazePose
from danceit_core.pose.detect_each import gather_tracks
from danceit_core.pose.each import Dancers
from danceit_core.pose.estimate import Estimate, estimate_pictures
from danceit_core.pose.landmarks import region_around
from danceit_core.pose.linking import link_pieces
from danceit_core.pose.pieces import CUT, LEFT, LOST, MIXED, UNLIKE, Piece, steps_on
from danceit_core.pose.skeleton import BODY, MID_HIP, MIRROR, present, torso_length

HEIGHT = 170
OTHER_CLOTHES = {1: [2, 0, 1]}
LEAST = 0.1  # confidence of a joint that is looked at


def follow(weights, pictures, **options):
    dancers = Dancers(weights, fps=FPS, confidence_floor=0.02, **options)
    assert list(dancers.follow(pictures)) == list(range(1, len(pictures) + 1))
    return dancers


def detect(weights, pictures, **options):
    dancers = follow(weights, pictures, **options)
    return gather_tracks(link_pieces(dancers.pieces, fps=FPS), frames=dancers.frames)


def true_joints(frame, places):
    """Joints (n, 25, 3) of the figures of `stage`."""
    side, joints = round(HEIGHT / 0.8), []
    for number, x in enumerate(places):
        keypoints = puppet(frame + 7 * number, side=side)[2].copy()
        keypoints[:, :2] += (round(x - side / 2), BOTTOM - 10 - round(0.95 * side))
        joints.append(keypoints)
    return np.stack(joints)


def walk(frames, *, clothes):
    """Two who cross, the first behind the second; pictures and joints (T, 2, 25, 3)."""
    places = [(130 + 250 * k / frames, STORE - 130 - 250 * k / frames) for k in range(frames)]
    pictures = [stage(k, at, height_px=HEIGHT, colours=clothes)[0] for k, at in enumerate(places)]
    return pictures, np.stack([true_joints(k, at) for k, at in enumerate(places)])


def whose(detection, true):
    """Nearest person (R,) of each row's hips, and whether the row has any joint (R,)."""
    hips = detection.keypoints[:, None, MID_HIP, :2] - true[detection.frame][:, :, MID_HIP, :2]
    return np.linalg.norm(hips, axis=-1).argmin(axis=1), present(detection.keypoints).any(axis=1)


def stolen(detection, true, owner, seen):
    """How many joints lie far from their own place and on that joint, or its mirror, of the other person."""
    body = list(BODY)
    found, at = detection.keypoints[seen][:, body], true[detection.frame[seen]]
    rows, torso = np.arange(len(at)), float(np.median(torso_length(true)))
    own, other = at[rows, owner[seen]], at[rows, 1 - owner[seen]]
    mirrored = other[:, list(MIRROR)][:, body]

    def away(places):
        return np.linalg.norm(found[..., :2] - places[..., :2], axis=-1) / torso

    on_other = np.minimum(away(other[:, body]), away(mirrored)) < 0.2
    return int((on_other & (away(own[:, body]) > 0.4) & (found[..., 2] > LEAST)).sum())


@pytest.mark.parametrize("frames", [72, 40])
def test_two_who_cross_stay_who_they_are(pose_weights, frames):
    pictures, true = walk(frames, clothes=OTHER_CLOTHES)
    detection = detect(pose_weights, pictures)
    owner, seen = whose(detection, true)
    assert sorted(set(detection.track.tolist())) == [0, 1]
    persons = [set(owner[seen & (detection.track == track)].tolist()) for track in (0, 1)]
    assert sorted(map(len, persons)) == [1, 1]
    assert persons[0] != persons[1]
    # Before and after the crossing both are there; while they are together neither is believed.
    for track in (0, 1):
        rows = seen & (detection.track == track)
        assert detection.frame[rows].min() == 0
        assert detection.frame[rows].max() == frames - 1
        assert 0.5 < rows.sum() / frames < 0.9
    assert stolen(detection, true, owner, seen) == 0


def test_two_in_the_same_clothes_who_cross_go_on_as_new_dancers(pose_weights):
    pictures, true = walk(72, clothes=None)
    detection = detect(pose_weights, pictures)
    owner, seen = whose(detection, true)
    meeting = 36
    assert detection.track.max() == 3
    for track in range(4):
        rows = seen & (detection.track == track)
        frames = detection.frame[rows]
        assert frames.max() < meeting or frames.min() > meeting
        assert len(set(owner[rows].tolist())) == 1
    # Of 30 joints in each of 72 frames.
    assert stolen(detection, true, owner, seen) <= 2


def test_who_enters_late_and_is_gone_early_has_a_track_of_that_time(pose_weights):
    there = range(20, 50)
    pictures = [
        stage(k, (130, 380) if k in there else (130,), height_px=HEIGHT, colours=OTHER_CLOTHES)[0] for k in range(60)
    ]
    detection = detect(pose_weights, pictures)
    assert sorted(set(detection.track.tolist())) == [0, 1]
    assert detection.frame[detection.track == 0].tolist() == list(range(60))
    # From the first frame on, though nobody looked there at that moment.
    assert detection.frame[detection.track == 1].tolist() == list(there)
    assert detection.people.tolist() == [2 if frame in there else 1 for frame in detection.frame.tolist()]


def test_who_leaves_the_picture_comes_back_as_somebody_else(pose_weights):
    places = [130 - 6 * k if k < 30 else -100 + 6 * (k - 30) for k in range(80)]
    pictures = []
    for k, x in enumerate(places):
        canvas = np.zeros((STORE, STORE, 3), np.uint8)
        canvas[112:BOTTOM] = (205, 205, 200)
        picture, shown, _ = puppet(k, side=212)
        left, top = round(x - 106), BOTTOM - 10 - round(0.95 * 212)
        rim = max(0, -left)
        if rim < 212:
            part = canvas[top : top + 212, left + rim : left + 212]
            part[shown[:, rim:]] = picture[:, rim:][shown[:, rim:]]
        pictures.append(canvas)
    dancers = follow(pose_weights, pictures)
    assert LEFT in [piece.ended for piece in dancers.pieces]
    tracks = link_pieces(dancers.pieces, fps=FPS)
    assert len(tracks) == 2
    assert tracks[0][-1].end <= 30
    assert tracks[1][0].first > 30


def test_nobody_is_followed_across_a_cut(pose_weights):
    pictures = [stage(k, (200,), height_px=HEIGHT)[0] for k in range(40)]
    dancers = follow(pose_weights, pictures, cuts=(20,))
    assert [(piece.first, piece.end) for piece in dancers.pieces] == [(0, 20), (20, 40)]
    assert dancers.pieces[0].ended == CUT
    assert len(link_pieces(dancers.pieces, fps=FPS)) == 2


def test_one_dancer_alone_is_no_track(pose_weights):
    pictures = [draw_puppet(puppet_keypoints(k / FPS, size=256), size=256) for k in range(24)]
    empty = np.full((256, 256, 3), 205, np.uint8)
    pictures = [empty] * 3 + pictures + [empty] * 3
    detection = detect(pose_weights, pictures)
    assert detection.track is None
    assert detection.frame is None
    assert detection.people.tolist() == [0] * 3 + [1] * 24 + [0] * 3
    alone = estimate_pictures(pictures, BlazePose(pose_weights, fps=FPS, confidence_floor=0.02), fps=FPS)
    seen = present(alone.keypoints).any(axis=1)
    assert present(detection.keypoints).any(axis=1).tolist() == seen.tolist()
    assert np.abs(detection.keypoints[seen] - alone.keypoints[seen])[..., :2].mean() < 1


def test_nobody_at_all(pose_weights):
    detection = detect(pose_weights, [np.full((128, 128, 3), 205, np.uint8)] * 3)
    assert detection.keypoints.shape == (3, 25, 3)
    assert not detection.keypoints.any()


def test_more_people_than_the_limit_are_said_and_left_out(pose_weights, caplog):
    pictures = [stage(k, (130, 380), height_px=HEIGHT)[0] for k in range(6)]
    with caplog.at_level(logging.WARNING):
        dancers = follow(pose_weights, pictures, most=1)
    assert len(dancers.pieces) == 1
    assert [record.getMessage() for record in caplog.records] == [
        "frame 0: more than 1 people; the others are not followed"
    ]


@pytest.mark.parametrize(("at_px", "expected"), [(None, 330), (150, 140), (500, 330)])
def test_the_one_to_follow_is_the_largest_or_the_nearest_to_a_place(pose_weights, at_px, expected):
    pictures = []
    for k in range(12):
        small = stage(k, (140,), height_px=120)[0]
        large, shown, _ = puppet(k + 5, side=240)
        left, top = 330 - 120, BOTTOM - 10 - round(0.95 * 240)
        small[top : top + 240, left : left + 240][shown] = large[shown]
        pictures.append(small)
    estimator = BlazePose(pose_weights, fps=FPS, confidence_floor=0.02, at_px=at_px)
    keypoints = estimate_pictures(pictures, estimator, fps=FPS).keypoints
    assert present(keypoints)[:, MID_HIP].all()
    assert np.abs(keypoints[:, MID_HIP, 0] - expected).max() < 25


def figure(x, *, y=200.0, reach=100.0, outline=None):
    """Somebody who stands at (x, y) by their hips; the outline fills a box of 40 % of the crop's width."""
    points = np.tile([x, y], (33, 1)).astype(float)
    points[[11, 12]] += [[25, -60], [-25, -60]]
    points[[23, 24]] += [[12, 0], [-12, 0]]
    points[[25, 26]] += [[12, 45], [-12, 45]]
    points[[27, 28]] += [[12, 90], [-12, 90]]
    points[[0]] += (0, -85)
    region = region_around(np.array([x, y]), np.array([x, y - reach]))
    filled = np.zeros((64, 64), bool)
    filled[6:58, 19:45] = True
    return Figure(points, region, region, filled if outline is None else outline)


def joints_at(*places):
    keypoints = np.zeros((25, 3), np.float32)
    for joint, x, y in places:
        keypoints[joint] = (x, y, 1)
    return keypoints


@pytest.mark.parametrize(("apart", "mixed"), [(20, True), (34, True), (60, False), (250, False)])
def test_who_may_be_mixed_up_stands_close(apart, mixed):
    assert may_be_mixed(figure(200), figure(200 + apart)) is mixed
    assert may_be_mixed(figure(200 + apart), figure(200)) is mixed


def test_outlines_cover_each_other_by_their_share():
    one, nobody = figure(200.0), figure(200.0, outline=np.zeros((64, 64), bool))
    assert covered(one, one) == 1
    assert covered(one, nobody) == covered(nobody, one) == 0
    # Their widths are 26 cells of 64, of a crop of 250 px: 101.6 px; half of that is covered.
    assert covered(one, figure(200.0 + 50.8)) == pytest.approx(0.5, abs=0.05)


def test_a_hand_on_the_neighbour_is_left_out():
    one, other = figure(100.0), figure(250.0)
    mine = joints_at((4, 60, 200), (7, 245, 190), (1, 250, 140))
    doubtful = doubtful_joints(mine, one, joints_at((4, 300, 100)), other)
    # The wrist is within the other's outline alone; the neck, of the trunk, is no limb that strays.
    assert np.flatnonzero(doubtful).tolist() == [7]
    held = joints_at((7, 175, 190))
    assert np.flatnonzero(doubtful_joints(held, one, joints_at((4, 180, 192)), other)).tolist() == [7]
    assert not doubtful_joints(held, one, joints_at((4, 195, 205)), other).any()


def test_fingers_and_depth_go_with_their_joint():
    full = Estimate(
        np.ones((25, 3), np.float32), np.ones(25, np.float32), np.ones((25, 3), np.float32), np.ones((6, 3), np.float32)
    )
    gone = np.zeros(25, bool)
    gone[7] = True
    less = without(full, gone)
    assert np.flatnonzero(~present(less.keypoints)).tolist() == [7]
    assert np.flatnonzero(np.isnan(less.depth_px)).tolist() == [7]
    assert np.flatnonzero(np.isnan(less.world).all(axis=1)).tolist() == [7]
    assert np.flatnonzero(less.fingers[:, 2] == 0).tolist() == [3, 4, 5]
    assert present(full.keypoints).all()


def test_a_step_is_no_leap():
    assert steps_on(figure(100), figure(150), fps=24)
    assert not steps_on(figure(100), figure(180), fps=24)
    assert steps_on(figure(100), figure(180), fps=12)
    assert not steps_on(figure(100, reach=100), figure(100, reach=160), fps=24)


def piece(number, first, end, *, at, ended=LOST, look=(1.0, 0.0)):
    made = Piece(number, first, figure(at), figure(at), [Estimate(np.zeros((25, 3), np.float32))] * (end - first))
    share = np.zeros((2, 4, 10, 10), np.float32)
    share[:, 0, 0, 0], share[:, 0, 0, 1] = look
    made.look, made.looks, made.ended = share, 5, ended
    return made


def linked(*pieces):
    return [[part.number for part in dancer] for dancer in link_pieces(list(pieces), fps=FPS)]


RED, BLUE, REDDISH = (1.0, 0.0), (0.0, 1.0), (0.95, 0.05)


def test_pieces_of_one_look_are_one_dancer():
    assert linked(piece(0, 0, 30, at=100), piece(1, 40, 80, at=120)) == [[0, 1]]
    assert linked(piece(0, 0, 30, at=100, ended=MIXED), piece(1, 40, 80, at=120, look=REDDISH)) == [[0, 1]]
    # Unlike, too far away, too long ago, out of the picture, behind a cut.
    assert linked(piece(0, 0, 30, at=100, ended=UNLIKE), piece(1, 40, 80, at=120, look=BLUE)) == [[0], [1]]
    assert linked(piece(0, 0, 30, at=100), piece(1, 40, 80, at=400)) == [[0], [1]]
    assert linked(piece(0, 0, 30, at=100), piece(1, 130, 180, at=120)) == [[0], [1]]
    assert linked(piece(0, 0, 30, at=100, ended=LEFT), piece(1, 40, 80, at=120)) == [[0], [1]]
    assert linked(piece(0, 0, 30, at=100, ended=CUT), piece(1, 30, 80, at=100)) == [[0], [1]]


def test_two_who_met_are_told_apart_by_their_clothes_alone():
    before = piece(0, 0, 30, at=100, ended=MIXED), piece(1, 0, 30, at=130, ended=MIXED, look=BLUE)
    after = piece(2, 40, 80, at=130), piece(3, 40, 80, at=100, look=BLUE)
    assert linked(*before, *after) == [[0, 2], [1, 3]]
    alike = piece(0, 0, 30, at=100, ended=MIXED), piece(1, 0, 30, at=130, ended=MIXED, look=REDDISH)
    again = piece(2, 40, 80, at=130), piece(3, 40, 80, at=100, look=REDDISH)
    assert linked(*alike, *again) == [[0], [1], [2], [3]]


def test_a_double_who_was_there_all_the_time_forbids_a_link():
    lost, found = piece(0, 0, 30, at=100), piece(1, 45, 80, at=130)
    assert linked(lost, found, piece(2, 0, 80, at=300, look=BLUE)) == [[0, 1], [2]]
    assert linked(lost, found, piece(2, 0, 80, at=300, look=REDDISH)) == [[0], [2], [1]]


def test_moments_are_no_dancers():
    assert linked(piece(0, 0, 60, at=100), piece(1, 10, 20, at=300, look=BLUE)) == [[0]]
    assert linked() == []
