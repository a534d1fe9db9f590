"""What a voter is asked, in an order of their own: every clip once, and some comparisons of two variants.

All of it follows from the voter's token and the server's secret, so nothing but answers need be stored, and a voter
who comes back goes on where they were. Tasks and clips are called by keyed hashes that are other for each voter: no
address tells a variant, and none helps to recognise a clip.
"""

import hashlib
import hmac
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from danceit_core.user_study.study import Clip, Study

SINGLE, PAIR = "single", "pair"
ANSWERS = {SINGLE: ("realistic", "unrealistic"), PAIR: ("first", "second")}


@dataclass(frozen=True)
class Task:
    """One question: `part` SINGLE or PAIR, one or two clips in the order shown, and their addresses."""

    key: str
    part: str
    clips: tuple[Clip, ...]
    addresses: tuple[str, ...]

    @property
    def identity(self) -> tuple[str, int, str, str]:
        """Part, stretch, and the variants as shown (the second "" for one clip): what a vote is stored under."""
        return self.part, self.clips[0].stretch, self.clips[0].variant, "".join(c.variant for c in self.clips[1:])


def keyed(secret: bytes, *parts: str) -> str:
    """16 hexadecimal digits that nobody without the secret can guess or trace back."""
    return hmac.new(secret, "\0".join(parts).encode(), hashlib.sha256).hexdigest()[:16]


def tasks_of(study: Study, voter: str, *, secret: bytes) -> list[Task]:
    """All tasks of a voter in their order: first the clips, then the pairs; the same at each call."""
    rng = np.random.default_rng(int(keyed(secret, "order", study.key, voter), 16))
    singles = [(study.clips[number],) for number in rng.permutation(len(study.clips))]
    pairs = [pair if rng.random() < 0.5 else pair[::-1] for pair in _pairs(study, rng)]
    tasks = []
    for part, groups in ((SINGLE, singles), (PAIR, pairs)):
        for number, clips in enumerate(groups):
            key = keyed(secret, "task", study.key, voter, part, str(number))
            addresses = tuple(keyed(secret, "clip", key, str(place)) for place in range(len(clips)))
            tasks.append(Task(key, part, tuple(clips), addresses))
    return tasks


def _pairs(study: Study, rng: np.random.Generator) -> list[tuple[Clip, Clip]]:
    """study.pairs different comparisons, as many of each two variants as can be, in random order."""
    clip_of = {(clip.stretch, clip.variant): clip for clip in study.clips}
    kinds = list(combinations(study.variants, 2))
    stretches = rng.permutation(len(study.stretches)).tolist()
    every = [
        (clip_of[stretch, first], clip_of[stretch, second])
        for turn in range(len(kinds))
        for place, stretch in enumerate(stretches)
        for first, second in [kinds[(place + turn) % len(kinds)]]
    ]
    few = every[: study.pairs]
    return [few[place] for place in rng.permutation(len(few))]
