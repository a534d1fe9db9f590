"""Which videos are held out: by the hash of their name alone, so that adding a video moves no other (paper: 80 / 20).

Split by source video, since neighbouring fragments overlap and rows must not be shared out. The first eight bytes of
the SHA-256 of a video's name, as a share of 2^64, lie evenly in 0..1: what lies below the share is held out. Few
videos may all fall on one side; then one of them changes sides (see `held_out`) until another falls there by itself.
"""

import hashlib
from collections.abc import Iterable

TEST, TRAIN = "test", "train"


def name_place(video: str, *, purpose: str = "") -> float:
    """Where the hash of a video's name lies, 0 to 1, other for each purpose."""
    return int.from_bytes(hashlib.sha256((purpose + video).encode()).digest()[:8], "big") / 2**64


def split_of(video: str, *, test_share: float) -> str:
    """ "test" or "train", whatever other videos there are."""
    return TEST if name_place(video) < test_share else TRAIN


def held_out(videos: Iterable[str], *, share: float, purpose: str = "") -> set[str]:
    """The videos that are held out of a set: those whose place is below `share` (0: none).

    Where that is none of two or more, the video of the lowest place is; where it is all, that of the highest is not.
    """
    places = {video: name_place(video, purpose=purpose) for video in videos}
    if share <= 0 or len(places) < 2:
        return set()
    ordered = sorted(places, key=lambda video: places[video])
    below = sum(place < share for place in places.values())
    return set(ordered[: min(max(below, 1), len(ordered) - 1)])
