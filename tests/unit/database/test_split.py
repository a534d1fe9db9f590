"""Groups of one song, and which of them are held out."""

import numpy as np
import pytest

from danceit_core.database.split import held_out, settle_groups, settled_split, split_of

NAMES = [f"song{number}" for number in range(400)]


def test_adding_groups_moves_no_other_and_the_share_is_kept():
    few = {name for name in NAMES[:100] if split_of(name, test_share=0.2) == "test"}
    assert held_out(NAMES[:100], share=0.2) == few
    assert held_out(reversed(NAMES), share=0.2) & set(NAMES[:100]) == few
    assert 0.15 < len(held_out(NAMES, share=0.2)) / len(NAMES) < 0.25


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("share", [1e-9, 0.2, 1.0])
def test_a_few_groups_have_one_on_each_side(count, share):
    assert 1 <= len(held_out(NAMES[:count], share=share)) <= count - 1


def test_one_group_or_no_share_is_trained_on():
    assert held_out(["a"], share=1.0) == held_out([], share=0.5) == held_out("abcdef", share=0.0) == set()


@pytest.mark.parametrize(
    ("videos", "groups"),
    [
        # Each with a sound of its own, or none: a group each, of its own name.
        ({"b": ("", "1"), "a": ("", "2"), "quiet": ("", ""), "mute": ("", "")}, ["b", "a", "quiet", "mute"]),
        # The same sound: the group of the first name.
        ({"c": ("", "1"), "b": ("", "1"), "a": ("", "2")}, ["b", "b", "a"]),
        # What is given counts, whatever the sound.
        ({"a": ("x", "1"), "b": ("y", "1"), "c": ("x", "2"), "d": ("x", "")}, ["x", "y", "x", "x"]),
        # Who has the sound of one that is given joins it.
        ({"a": ("", "1"), "b": ("x", "1"), "c": ("", "1")}, ["x", "x", "x"]),
        # The name of a video means its group.
        ({"a": ("", "1"), "b": ("", "1"), "c": ("b", "2")}, ["a", "a", "a"]),
    ],
)
def test_groups_go_by_what_is_given_and_else_by_the_sound(videos, groups):
    given = {name: group for name, (group, _) in videos.items()}
    sounds = {name: sound for name, (_, sound) in videos.items()}
    assert list(settle_groups(given, sounds).values()) == groups
    assert settle_groups(dict(reversed(given.items())), sounds) == dict(zip(videos, groups, strict=True))


def test_all_dances_to_a_song_are_on_one_side_and_songs_with_sound_on_both():
    groups = np.array([name for name in NAMES[:4] for _ in range(3)], object)
    for share in (1e-9, 0.2, 1.0):
        split = settled_split(groups, np.ones(12, bool), test_share=share)
        assert all(len(set(split[groups == name])) == 1 for name in NAMES[:4])
        assert set(split) == {"train", "test"}
        sounding = np.isin(groups, NAMES[:2])
        split = settled_split(groups, sounding, test_share=share)
        assert set(split[sounding]) == {"train", "test"}
    assert settled_split(np.zeros(0, object), np.zeros(0, bool), test_share=0.2).tolist() == []
