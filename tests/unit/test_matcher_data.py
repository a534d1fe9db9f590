import dataclasses

import numpy as np
import pytest
import torch
from matched_dances import make_database, matched_pairs

from danceit_core.errors import MatcherError
from danceit_core.matcher.augment import Augmentation, augment, mirror_poses
from danceit_core.matcher.data import make_pairs, measure_features, normalise_poses
from danceit_core.matcher.negatives import OtherMoments, choose_others, draw_batches, weigh_pairs


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
    database = make_database(videos=5, width=3)
    features = (rng.standard_normal((50, 24, 3)) * [2, 0, 5] + [7, 1, -3]).astype(np.float32)
    scale = measure_features(make_pairs(dataclasses.replace(database, features=features)))
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
        p, s = augment(poses, sounds, Augmentation(0.0, 0.0, 3, "mfcc"), rng=rng)
        assert p.shape[1] == s.shape[1] == 9
        torch.testing.assert_close(p[0, :, 0, 1], s[0, :, 0])
        firsts.add(int(s[0, 0, 0]))
    assert firsts == {0, 1, 2, 3}


def test_dance_and_sound_are_played_faster_together_and_the_rhythm_with_them():
    poses = torch.arange(48.0)[None, :, None, None].expand(2, 48, 25, 3)
    sounds = torch.zeros(2, 48, 152)
    sounds[..., 0] = poses[:, :, 0, 0]
    sounds[..., 56 + 20] = 1  # a peak of the bass at the 20th lag
    lengths = set()
    for seed in range(12):
        p, s = augment(poses, sounds, Augmentation(0.0, 0.3, 0, "rich"), rng=np.random.default_rng(seed))
        torch.testing.assert_close(p[0, :, 0, 1], s[0, :, 0])
        peak = float((s[0, 0, 56:88] * torch.arange(32.0)).sum() / s[0, 0, 56:88].sum())
        # played faster, the same movement takes fewer frames and the sound repeats earlier
        assert (len(p[0]) - 48) * (peak - 20) >= 0
        lengths.add(len(p[0]))
    assert min(lengths) < 44
    assert max(lengths) > 52


def test_noise_changes_no_absent_joint_and_no_shape():
    poses = torch.from_numpy(normalise_poses(some_keypoints()))
    sounds = torch.randn(2, 6, 152)
    p, s = augment(poses, sounds, Augmentation(1.0, 0.0, 0, "rich"), rng=np.random.default_rng(0))
    assert p.shape == poses.shape
    assert s.shape == sounds.shape
    assert not p[:, :, 20].any() or not p[:, :, 23].any()  # the left small toe, or the right one where mirrored
    assert not torch.equal(s, sounds)


def test_about_half_of_the_dances_are_mirrored():
    poses = torch.ones(400, 2, 25, 3)
    how = Augmentation(0.0, 0.0, 0, "mfcc")
    mirrored, _ = augment(poses, poses[..., 0], how, rng=np.random.default_rng(0))
    assert 150 < int((mirrored[:, 0, 0, 0] < 0).sum()) < 250


def test_partners_are_in_turn_another_song_and_the_same_one_later_or_earlier():
    pairs = matched_pairs(videos=3)
    rows = np.arange(len(pairs))
    others = choose_others(pairs, rows, delay_s=3.0, rng=np.random.default_rng(0))
    same = pairs.video[rows] == pairs.video[others]
    np.testing.assert_array_equal(same, rows % 2 == 1)
    assert (np.abs(pairs.start_s[rows] - pairs.start_s[others])[same] >= 3).all()


def test_every_other_moment_and_video_is_drawn():
    pairs = matched_pairs(videos=3, fragments=6)
    moments, rng = OtherMoments(pairs, delay_s=2.0), np.random.default_rng(0)
    row = np.full(2000, 8)  # the third of the second video
    assert set(moments.delayed(row, rng=rng)) == {6, 10, 11}
    assert set(moments.foreign(row, rng=rng)) == {*range(6), *range(12, 18)}


def test_one_video_gives_only_delayed_partners_and_one_short_video_none():
    pairs = matched_pairs(videos=1)
    others = choose_others(pairs, np.arange(10), delay_s=3.0, rng=np.random.default_rng(0))
    assert (np.abs(others - np.arange(10)) >= 3).all()
    with pytest.raises(MatcherError, match=r"no other moment of it lies matcher\.delay_s = 30 s away"):
        choose_others(pairs, np.arange(10), delay_s=30.0, rng=np.random.default_rng(0))


@pytest.mark.parametrize("hard", [False, True])
def test_a_batch_holds_for_each_dance_a_sound_that_does_not_match(hard):
    pairs = matched_pairs(videos=8)
    moments, seen = OtherMoments(pairs, delay_s=3.0), 0
    for rows, others in draw_batches(pairs, moments, batch_size=16, hard=hard, rng=np.random.default_rng(0)):
        other = rows[others]
        same = pairs.video[rows] == pairs.video[other]
        assert (np.abs(pairs.start_s[rows] - pairs.start_s[other])[same] >= 3).all()
        assert 0 < same.sum() < len(rows)
        seen += len(rows)
    assert seen == len(pairs)


def test_hard_batches_are_of_similar_tempo():
    pairs = matched_pairs(videos=16)
    moments = OtherMoments(pairs, delay_s=3.0)

    def spread(hard):
        batches = draw_batches(pairs, moments, batch_size=16, hard=hard, rng=np.random.default_rng(0))
        return np.mean([pairs.tempo_bpm[rows].std() for rows, _ in batches])

    assert spread(True) < 0.6 * spread(False)


def test_near_moments_of_one_video_are_no_negatives_and_delayed_ones_count_as_they_are_weighted():
    pairs = matched_pairs(videos=2, fragments=4)
    weights = weigh_pairs(pairs, np.array([0, 1, 3, 4]), delay_s=2.0, delayed_weight=0.5)
    expected = torch.zeros(4, 4)
    expected[0, 1] = expected[1, 0] = -torch.inf
    expected[0, 2] = expected[2, 0] = expected[1, 2] = expected[2, 1] = np.log(0.5)
    torch.testing.assert_close(weights, expected)


def test_silent_fragments_are_no_pairs():
    pairs = matched_pairs(videos=3, silent=("v01",))
    assert len(pairs) == 20
    assert pairs.take_poses(np.arange(20)).shape == (20, 24, 25, 3)
    assert set(pairs.rows) == {*range(10), *range(20, 30)}
