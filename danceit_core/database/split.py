"""Choose the held-out songs by the hash of a group's name only, so that a new video moves no other (paper: 80 / 20).

A group is all dances to one song: neighbouring fragments overlap, and a song learnt from one dance would be known in
another. The group's name is that in the videos table, or else that of the first video, by name, with the same sound, so
a video with unique sound is its own group. The first eight bytes of the SHA-256 of that name, as a share of 2^64, are
evenly distributed in 0..1: groups below the share are held out. If few groups all fall on one side, one of them changes
sides (see `held_out`) until another falls there.
"""

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

TEST, TRAIN = "test", "train"


def settle_groups(given: Mapping[str, str], sounds: Mapping[str, str]) -> dict[str, str]:
    """The group of each video, from its cell in the table ("": empty) and the hash of its sound ("": silent).

    A video without a given group joins those with the same sound: in the given group of one of them, or in a group
    named after the first one. If a given group is the name of a video, it means the group of that video.
    """
    known: dict[str, str] = {}
    for video in sorted(given, key=lambda name: (not given[name], name)):
        if sounds[video]:
            known.setdefault(sounds[video], given[video] or video)
    own = {video: group or known.get(sounds[video], video) for video, group in given.items()}
    return {video: own.get(group, group) for video, group in own.items()}


def name_place(name: str, *, purpose: str = "") -> float:
    """The position of the hash of a group's name, 0 to 1, different for each purpose."""
    return int.from_bytes(hashlib.sha256((purpose + name).encode()).digest()[:8], "big") / 2**64


def split_of(group: str, *, test_share: float) -> str:
    """ "test" or "train", independent of other groups."""
    return TEST if name_place(group) < test_share else TRAIN


def held_out(groups: Iterable[str], *, share: float, purpose: str = "") -> set[str]:
    """The held-out groups of a set: those whose position is below `share` (0: none).

    If that is none of two or more groups, the lowest one is held out; if it is all, the highest one is not.
    """
    places = {group: name_place(group, purpose=purpose) for group in groups}
    if share <= 0 or len(places) < 2:
        return set()
    ordered = sorted(places, key=lambda group: places[group])
    below = sum(place < share for place in places.values())
    return set(ordered[: min(max(below, 1), len(ordered) - 1)])


def settled_split(groups: NDArray, sounding: NDArray[np.bool_], *, test_share: float) -> NDArray:
    """ "test" or "train" (N,) of dances or fragments, by their groups (N,), with some with sound (N,) on both sides.

    This holds if at least two groups have sound. Silent ones are not learnt from, and each goes by its own name.
    """
    tested = held_out(set(groups[sounding].tolist()), share=test_share)
    known = set(groups[sounding].tolist())
    sides = {
        group: (TEST if group in tested else TRAIN) if group in known else split_of(group, test_share=test_share)
        for group in set(groups.tolist())
    }
    return np.array([sides[group] for group in groups.tolist()], object)
