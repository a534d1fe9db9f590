"""Several people in view: where they are looked for, who counts, and that the one who is followed stays the same."""

import numpy as np
import pytest
from stages import BOTTOM, FPS, LANDSCAPE, STORE, TOP, puppet, stage

from danceit_core.config import CleaningSettings
from danceit_core.pose.appearance import likeness, look_at
from danceit_core.pose.blazepose import BlazePose
from danceit_core.pose.blazepose_people import Person
from danceit_core.pose.clean import clean_keypoints
from danceit_core.pose.estimate import estimate_pictures
from danceit_core.pose.identity import MIN_LIKENESS, SURE_LIKENESS
from danceit_core.pose.lookout import content_box, join_people, others, plan_looks, plan_search
from danceit_core.pose.skeleton import MID_HIP, present


def figure(x, *, y=200.0, reach=100.0, score=0.9):
    return Person(score, np.array([x, y]), np.array([x, y - reach]))


def run(weights, pictures):
    estimator = BlazePose(weights, fps=FPS, confidence_floor=0.02)
    detection = estimate_pictures(pictures, estimator, fps=FPS)
    return detection.keypoints, detection.people


@pytest.mark.parametrize("share", [0.33, 0.5])
def test_two_small_dancers_are_two_from_the_first_frame(pose_weights, share):
    pictures = [stage(k, (120, 390), height_px=share * (BOTTOM - TOP))[0] for k in range(30)]
    keypoints, people = run(pose_weights, pictures)
    seen = present(keypoints).any(axis=1)
    assert seen.mean() > 0.9
    assert (people[seen] > 1).all()
    assert not clean_keypoints(keypoints, fps=FPS, settings=CleaningSettings(), people=people).kept.any()


@pytest.mark.parametrize("share", [0.33, 0.7])
def test_one_dancer_is_one(pose_weights, share):
    _, people = run(pose_weights, [stage(k, (200,), height_px=share * (BOTTOM - TOP))[0] for k in range(60)])
    assert people.max() == 1


def test_a_dancer_who_is_too_small_for_the_whole_picture_is_found(pose_weights):
    height_px = 0.22 * (BOTTOM - TOP)
    pictures = [stage(k, (330,), height_px=height_px)[0] for k in range(24)]
    keypoints, people = run(pose_weights, pictures)
    seen = present(keypoints).any(axis=1)
    assert seen[3:].all()
    assert people.max() == 1
    assert np.abs(keypoints[seen][:, MID_HIP, 0] - 330).max() < height_px / 4


def test_who_is_found_late_is_followed_back_to_when_they_came(pose_weights):
    """A search that finds a small dancer two frames late; before she came the stage is empty."""
    came, x, height_px = 5, 420, 0.22 * (BOTTOM - TOP)
    pictures = [stage(k, (x,) if k >= came else (), height_px=height_px)[0] for k in range(16)]
    estimator = BlazePose(pose_weights, fps=FPS, confidence_floor=0.02)
    forwards = [estimator.estimate(picture) is not None for picture in pictures]
    assert not any(forwards[: came + 1])
    keypoints, _ = run(pose_weights, pictures)
    assert present(keypoints).any(axis=1).tolist() == [k >= came for k in range(16)]
    assert np.abs(keypoints[came:, MID_HIP, 0] - x).max() < height_px / 4


@pytest.mark.parametrize("content", [(0, 112, 512, 400), (112, 0, 400, 512), (0, 0, 512, 512), (3, 5, 4, 9)])
def test_the_search_covers_the_picture_and_shows_small_people_whole(content):
    left, top, right, bottom = content
    tiles = plan_search(content)
    assert all(left <= x < x2 <= right and top <= y < y2 <= bottom for x, y, x2, y2 in tiles)
    side = tiles[0][2] - tiles[0][0]
    for x in np.linspace(left, right - side / 2, 20):
        for y in np.linspace(top, bottom - side / 2, 20):
            # A person half as high as a tile, from their upper left corner.
            assert any(
                a <= x + 1 and x - 1 + side / 2 <= c and b <= y + 1 and y - 1 + side / 2 <= d for a, b, c, d in tiles
            )


def test_when_two_cross_the_same_one_is_followed(pose_weights):
    frames, true, pictures = 72, [], []
    for k in range(frames):
        # The first walks to the right, behind the second, who walks to the left and wears other colours.
        x = 130 + 250 * k / frames
        picture, hips = stage(k, (x, STORE - x), height_px=170, colours={1: [2, 0, 1]})
        pictures.append(picture)
        true.append(hips)
    keypoints, people = run(pose_weights, pictures)
    true, seen = np.stack(true), present(keypoints).any(axis=1)
    distance = np.linalg.norm(keypoints[:, None, MID_HIP, :2] - true, axis=-1)
    # Frames in which the two are apart by half a body, and the detector shows somebody.
    apart = seen & (np.abs(true[:, 0, 0] - true[:, 1, 0]) > 85)
    nearer = distance.argmin(axis=1)[apart]
    assert apart.sum() > 30
    assert len(set(nearer.tolist())) == 1
    assert (people[seen] > 1).all()


def test_clothes_tell_two_apart():
    looks = []
    for frame, channels in ((0, [0, 1, 2]), (9, [0, 1, 2]), (9, [2, 0, 1])):
        picture, _, keypoints = puppet(frame, side=200)
        middle = keypoints[MID_HIP, :2].astype(float)
        looks.append(look_at(np.ascontiguousarray(picture[..., channels]), middle, middle - (0, 90)))
    assert looks[0].sum(axis=(1, 2, 3)) == pytest.approx([1, 1])
    assert likeness(looks[0], looks[0]) == pytest.approx(1)
    assert likeness(looks[0], looks[1]) > SURE_LIKENESS
    assert likeness(looks[0], looks[2]) < MIN_LIKENESS


def test_who_counts_beside_the_dancer():
    dancer, box = figure(100.0), (0, 0, 512, 400)

    def count(*persons):
        return len(others([dancer, *persons], dancer.middle, box, box, reach_px=100))

    assert count(figure(300.0, score=0.55), figure(300.0, reach=30.0)) == 0
    assert count(figure(300.0, reach=40.0, score=0.6)) == 1


def test_who_is_cut_through_by_a_tile_is_left_to_the_next():
    content = (0, 0, 512, 288)
    tile = (200, 0, 400, 288)
    found = [figure(x, reach=80.0) for x in (230.0, 300.0, 380.0)]
    assert [person.middle[0] for person in others(found, np.zeros(2), tile, content, reach_px=80)] == [300]
    assert len(others(found, np.zeros(2), tile, tile, reach_px=80)) == 3


def test_persons_found_in_two_tiles_are_one():
    assert len(join_people([figure(100.0), figure(300.0)], [figure(120.0)])) == 2


@pytest.mark.parametrize("reach", [20.0, 35.0, 60.0, 90.0])
def test_tiles_show_everybody_whole_in_one_of_them(reach):
    boxes = plan_looks(LANDSCAPE, np.array([100.0, 320.0]), reach_px=reach)
    tiles = [box for box in boxes if box != LANDSCAPE]
    assert tiles
    for left, top, right, bottom in boxes:
        assert 0 <= left < right <= STORE
        assert TOP <= top < bottom <= BOTTOM
    for x in range(STORE):
        whole = [
            (left == 0 or x - left >= 0.7 * reach) and (right == STORE or right - x >= 0.7 * reach)
            for left, _, right, _ in tiles
        ]
        assert any(whole), x


def test_a_large_dancer_needs_no_tiles():
    assert plan_looks((112, 0, 400, 512), np.array([256.0, 256.0]), reach_px=160) == [(112, 0, 400, 512)]


def test_bars_beside_the_picture_are_left_out():
    frame = np.zeros((512, 512, 3), np.uint8)
    assert content_box(frame) == (0, 0, 512, 512)
    frame[113:399] = 90
    left, top, right, bottom = content_box(frame)
    assert (left, right) == (0, 512)
    assert 100 <= top <= 113
    assert 399 <= bottom <= 412
