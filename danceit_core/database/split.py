"""Which songs are held out: by the hash of a group's name alone, so adding a video moves no other (paper: 80 / 20).

A group is all dances to one song: neighbouring fragments overlap, and a song that was learnt from one dance would be
known in another. Its name is what the videos table says, or else that of the first video, by name, of the same sound,
so that a video with a sound of its own is a group of its own. The first eight bytes of the SHA-256 of that name, as a
share of 2^64, lie evenly in 0..1: what lies below the share is held out. Few groups may all fall on one side; then one
of them changes sides (see `held_out`) until another falls there by itself.
"""

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

TEST, TRAIN = "test", "train"


def settle_groups(given: Mapping[str, str], sounds: Mapping[str, str]) -> dict[str, str]:
    """The group of each video, from what the table gives ("": nothing) and the hash of its sound ("": silent).

    A video without a given group joins those of the same sound: in the group that one of them is given, or in that of
    the first one's name. The name of a video that is given as a group means the group of that video.
    """
    known: dict[str, str] = {}
    for video in sorted(given, key=lambda name: (not given[name], name)):
        if sounds[video]:
            known.setdefault(sounds[video], given[video] or video)
    own = {video: group or known.get(sounds[video], video) for video, group in given.items()}
    return {video: own.get(group, group) for video, group in own.items()}


def name_place(name: str, *, purpose: str = "") -> float:
    """Where the hash of a group's name lies, 0 to 1, other for each purpose."""
    return int.from_bytes(hashlib.sha256((purpose + name).encode()).digest()[:8], "big") / 2**64


def split_of(group: str, *, test_share: float) -> str:
    """ "test" or "train", whatever other groups there are."""
    return TEST if name_place(group) < test_share else TRAIN


def held_out(groups: Iterable[str], *, share: float, purpose: str = "") -> set[str]:
    """The groups that are held out of a set: those whose place is below `share` (0: none).

    Where that is none of two or more, the group of the lowest place is; where it is all, that of the highest is not.
    """
    places = {group: name_place(group, purpose=purpose) for group in groups}
    if share <= 0 or len(places) < 2:
        return set()
    ordered = sorted(places, key=lambda group: places[group])
    below = sum(place < share for place in places.values())
    return set(ordered[: min(max(below, 1), len(ordered) - 1)])


def settled_split(groups: NDArray, sounding: NDArray[np.bool_], *, test_share: float) -> NDArray:
    """ "test" or "train" (N,) of dances or fragments, by their groups (N,), with some that sound (N,) on both sides.

    Wherever two groups sound, that is; of those that are silent nothing is learnt, and each goes by its own name.
    """
    tested = held_out(set(groups[sounding].tolist()), share=test_share)
    known = set(groups[sounding].tolist())
    sides = {
        group: (TEST if group in tested else TRAIN) if group in known else split_of(group, test_share=test_share)
        for group in set(groups.tolist())
    }
    return np.array([sides[group] for group in groups.tolist()], object)
