import numpy as np
import pytest
import torch
from matched_dances import matched_pairs

from danceit_core.errors import MatcherError
from danceit_core.matcher.augment import Augmentation, augment, mirror_poses
from danceit_core.matcher.negatives import (
    OtherMoments,
    choose_others,
    draw_batches,
    other_dances,
    same_moment,
    weigh_pairs,
)
from danceit_core.matcher.windows import normalise_poses


def some_poses(fragments=2, frames=6):
    keypoints = torch.from_numpy(np.random.default_rng(3).uniform(100, 400, (fragments, frames, 25, 3)))
    keypoints[..., 2] = 0.9
    keypoints[:, :, 20] = 0
    return normalise_poses(keypoints.float())


def test_a_mirror_image_is_undone_by_another_and_exchanges_the_hands():
    poses = some_poses()
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
    poses = some_poses()
    sounds = torch.randn(2, 6, 152)
    p, s = augment(poses, sounds, Augmentation(1.0, 0.0, 0, "rich"), rng=np.random.default_rng(0))
    assert p.shape == poses.shape
    assert s.shape == sounds.shape
    assert not p[:, :, 20].any() or not p[:, :, 23].any()  # the left small toe, or the right one where mirrored
    assert not torch.equal(s, sounds)


def test_about_half_of_the_dances_are_mirrored_and_none_without_augmentation():
    poses = torch.ones(400, 2, 25, 3)
    mirrored, _ = augment(poses, poses[..., 0], Augmentation(0.1, 0.0, 0, "mfcc"), rng=np.random.default_rng(0))
    assert 150 < int((mirrored[:, 0, 0, 0] < 0).sum()) < 250
    plain, sounds = augment(poses, poses[..., 0], Augmentation(0.0, 0.0, 0, "mfcc"), rng=np.random.default_rng(0))
    assert torch.equal(plain, poses)
    assert torch.equal(sounds, poses[..., 0])


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
    with pytest.raises(MatcherError, match=r"no other moment of it is matcher\.delay_s = 30 s away"):
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


def two_dances_to_one_song(**changed):
    """v00 and v01 dance to one song, v02 to another; four fragments of a second each."""
    return matched_pairs(videos=3, fragments=4, groups={"v00": "song", "v01": "song"}, **changed)


def test_another_dance_to_the_same_song_is_never_foreign_and_delayed_only_at_another_moment():
    pairs = two_dances_to_one_song()
    moments, rng = OtherMoments(pairs, delay_s=2.0), np.random.default_rng(0)
    row = np.full(2000, 1)  # the second of the first dance: it and its neighbours are within 2 s, in both dances
    assert set(moments.foreign(row, rng=rng)) == {8, 9, 10, 11}
    assert set(moments.delayed(row, rng=rng)) == {3, 7}
    assert set(moments.delayed(np.full(2000, 6), rng=rng)) == {0, 4}
    assert set(moments.foreign(np.full(2000, 9), rng=rng)) == set(range(8))


def test_the_same_moment_of_a_song_counts_for_nothing_in_a_batch_whoever_dances():
    pairs = two_dances_to_one_song()
    weights = weigh_pairs(pairs, np.array([0, 4, 5, 7, 8]), delay_s=2.0, delayed_weight=0.5)
    expected = torch.zeros(5, 5)
    none, delayed = -torch.inf, np.log(0.5)
    # At 0 s of v00: v01 at 0 and 1 s is no negative, at 3 s it is a delayed one, and v02 is foreign.
    for a, b, value in ((0, 1, none), (0, 2, none), (0, 3, delayed), (1, 2, none), (1, 3, delayed), (2, 3, delayed)):
        expected[a, b] = expected[b, a] = value
    torch.testing.assert_close(weights, expected)


def test_no_pair_that_does_not_match_is_of_one_song_at_one_time():
    pairs = matched_pairs(videos=6, fragments=8, groups={"v00": "a", "v01": "a", "v02": "a", "v03": "b", "v04": "b"})
    rng, kinds = np.random.default_rng(0), set()
    for _ in range(5):
        batches = draw_batches(pairs, OtherMoments(pairs, delay_s=3.0), batch_size=16, hard=False, rng=rng)
        chosen = [(rows, rows[others]) for rows, others in batches]
        chosen.append((np.arange(len(pairs)), choose_others(pairs, np.arange(len(pairs)), delay_s=3.0, rng=rng)))
        for rows, other in chosen:
            same = pairs.group[rows] == pairs.group[other]
            assert (np.abs(pairs.start_s[rows] - pairs.start_s[other])[same] >= 3).all()
            kinds |= set(zip(same.tolist(), (pairs.video[rows] == pairs.video[other]).tolist(), strict=True))
    assert kinds == {(False, False), (True, False), (True, True)}


def test_two_dances_to_one_song_have_only_its_other_moments_to_tell_apart():
    pairs = matched_pairs(videos=2, fragments=4, groups={"v00": "song", "v01": "song"})
    moments = OtherMoments(pairs, delay_s=3.0)
    assert (moments.foreign(np.arange(8), rng=np.random.default_rng(0)) == -1).all()
    with pytest.raises(MatcherError, match="all are of one song, and no other moment of it"):
        choose_others(pairs, np.arange(8), delay_s=3.0, rng=np.random.default_rng(0))


def test_other_dances_to_the_same_moment_are_no_wrong_answers():
    pairs = two_dances_to_one_song()
    rows = np.array([0, 1, 4, 6, 8])
    near = same_moment(pairs, rows, delay_s=2.0)
    assert np.argwhere(np.triu(near, 1)).tolist() == [[0, 1], [0, 2], [1, 2], [1, 3]]
    others = other_dances(pairs, rows, delay_s=2.0)
    assert np.argwhere(np.triu(others, 1)).tolist() == [[0, 2], [1, 2], [1, 3]]


def test_songs_are_validated_on_as_a_whole():
    groups = {f"v{number:02d}": f"song{number // 2}" for number in range(28)}
    pairs = matched_pairs(videos=28, fragments=2, groups=groups)
    parts = {name: set(pairs.group[pairs.part == name].tolist()) for name in ("train", "validation")}
    assert parts["validation"]
    assert not parts["train"] & parts["validation"]
    # Nine songs are too few to set one aside, though eighteen dances would do.
    few = matched_pairs(videos=18, fragments=2, test_every=100, groups=groups)
    assert set(few.part) == {"train"}


def test_silent_fragments_are_no_pairs():
    pairs = matched_pairs(videos=3, silent=("v01",))
    assert len(pairs) == 20
    assert pairs.take_poses(np.arange(20)).shape == (20, 24, 25, 3)
    assert set(pairs.starts.tolist()) == {24 * number for number in (*range(10), *range(20, 30))}
