import dataclasses

import numpy as np
import pytest
import torch
from matched_dances import make_database

from danceit_core.errors import MatcherError
from danceit_core.matcher.data import (
    augment,
    choose_others,
    make_pairs,
    measure_features,
    mirror_poses,
    normalise_poses,
    related_rows,
)


def some_keypoints(fragments=2, frames=6):
    rng = np.random.default_rng(3)
    keypoints = rng.uniform(100, 400, (fragments, frames, 25, 3)).astype(np.float32)
    keypoints[..., 2] = 0.9
    keypoints[:, :, 20] = 0
    return keypoints


def test_poses_do_not_depend_on_place_or_size():
    keypoints = some_keypoints()
    moved = keypoints.copy()
    moved[..., :2] = np.where(keypoints[..., 2:] > 0, keypoints[..., :2] * 1.7 + [40, -12], 0)
    np.testing.assert_allclose(normalise_poses(moved), normalise_poses(keypoints), atol=1e-4)


def test_the_hip_is_the_origin_the_torso_the_unit_and_absent_joints_are_zero():
    poses = normalise_poses(some_keypoints())
    np.testing.assert_allclose(poses[:, :, 8, :2], 0, atol=1e-6)
    torsos = np.linalg.norm(poses[:, :, 1, :2] - poses[:, :, 8, :2], axis=-1)
    np.testing.assert_allclose(np.median(torsos, axis=1), 1, atol=1e-5)
    assert not poses[:, :, 20].any()
    np.testing.assert_allclose(poses[:, :, 0, 2], 0.9)


@pytest.mark.parametrize("missing", [[8], [1], [1, 8], list(range(25))])
def test_missing_joints_leave_finite_poses_of_sensible_size(missing):
    keypoints = some_keypoints()
    keypoints[:, :, missing] = 0
    poses = normalise_poses(keypoints)
    assert np.isfinite(poses).all()
    assert np.abs(poses).max() < 10


def test_no_fragment():
    assert normalise_poses(np.zeros((0, 48, 25, 3), np.float32)).shape == (0, 48, 25, 3)


def test_feature_statistics_and_limits():
    rng = np.random.default_rng(0)
    features = (rng.standard_normal((50, 20, 3)) * [2, 0, 5] + [7, 1, -3]).astype(np.float32)
    scale = measure_features(features)
    scaled = scale.apply(features)
    np.testing.assert_allclose(scaled[..., [0, 2]].mean(axis=(0, 1)), 0, atol=0.01)
    np.testing.assert_allclose(scaled[..., [0, 2]].std(axis=(0, 1)), 1, atol=0.01)
    assert not scaled[..., 1].any()
    assert scale.apply(np.full((1, 1, 3), 1e6, np.float32)).max() == 5


def test_a_mirror_image_is_undone_by_another_and_exchanges_the_hands():
    poses = torch.from_numpy(normalise_poses(some_keypoints()))
    mirrored = mirror_poses(poses)
    torch.testing.assert_close(mirror_poses(mirrored), poses)
    torch.testing.assert_close(mirrored[..., 4, 0], -poses[..., 7, 0])
    torch.testing.assert_close(mirrored[..., 4, 1:], poses[..., 7, 1:])


def test_dance_and_sound_are_shifted_together():
    time = torch.arange(12.0)
    poses = time[None, :, None, None].expand(5, 12, 25, 3)
    sounds = time[None, :, None].expand(5, 12, 4)
    rng = np.random.default_rng(0)
    firsts = set()
    for _ in range(40):
        p, s, o = augment(poses, sounds, sounds + 100, max_shift=3, rng=rng)
        assert p.shape[1] == s.shape[1] == o.shape[1] == 9
        torch.testing.assert_close(p[0, :, 0, 1], s[0, :, 0])
        torch.testing.assert_close(o[0, :, 0], s[0, :, 0] + 100)
        firsts.add(int(s[0, 0, 0]))
    assert firsts == {0, 1, 2, 3}


def test_about_half_of_the_dances_are_mirrored():
    poses = torch.ones(400, 2, 25, 3)
    mirrored, _, _ = augment(poses, poses[..., 0], poses[..., 0], max_shift=0, rng=np.random.default_rng(0))
    assert 150 < int((mirrored[:, 0, 0, 0] < 0).sum()) < 250


def test_partners_are_in_turn_another_song_and_the_same_one_later_or_earlier():
    pairs = make_pairs(make_database(videos=3), scale=measure_features(make_database(videos=3).features))
    rows = np.arange(len(pairs))
    others = choose_others(pairs, rows, delay_s=3.0, rng=np.random.default_rng(0))
    same = pairs.video[rows] == pairs.video[others]
    np.testing.assert_array_equal(same, rows % 2 == 1)
    assert (np.abs(pairs.start_s[rows] - pairs.start_s[others])[same] >= 3).all()


def test_one_video_gives_only_delayed_partners_and_one_short_video_none():
    database = make_database(videos=1)
    pairs = make_pairs(database, scale=measure_features(database.features))
    others = choose_others(pairs, np.arange(10), delay_s=3.0, rng=np.random.default_rng(0))
    assert (np.abs(others - np.arange(10)) >= 3).all()
    with pytest.raises(MatcherError, match=r"shorter than matcher\.delay_s = 30 s"):
        choose_others(pairs, np.arange(10), delay_s=30.0, rng=np.random.default_rng(0))


def test_related_rows_are_near_moments_of_one_video():
    database = make_database(videos=2, fragments=4)
    pairs = make_pairs(database, scale=measure_features(database.features))
    related = related_rows(pairs, np.array([0, 1, 3, 4]), delay_s=2.0)
    expected = torch.zeros(4, 4, dtype=torch.bool)
    expected[0, 1] = expected[1, 0] = True
    assert torch.equal(related, expected)


def test_silent_fragments_are_no_pairs():
    database = make_database(videos=3, silent=("v01",))
    pairs = make_pairs(database, scale=measure_features(database.features))
    assert len(pairs) == 20
    assert {field.name for field in dataclasses.fields(pairs)} >= {"poses", "sounds"}
