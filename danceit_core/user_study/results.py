"""Shares of the votes with Wilson's 95 % intervals, beside the paper's (V-F, Fig. 18).

E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927. The interval takes
votes for independent; those of one voter are not quite, so that few voters with many votes know less than it says.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt

from danceit_core.user_study.study import Study
from danceit_core.user_study.tasks import PAIR, SINGLE
from danceit_core.user_study.votes import Vote

# Of the normal distribution, two-sided 95 %.
Z = 1.959964
# Shares of votes "realistic" that the paper prints.
PAPER = {"none": 0.2639, "linear": 0.5333, "full": 0.6458}


@dataclass(frozen=True)
class Share:
    """`count` of `total` votes; share and interval are 0..1, None without votes. paper: the printed share, or None."""

    name: str
    count: int
    total: int
    paper: float | None = None

    @property
    def share(self) -> float | None:
        """Count by total."""
        return self.count / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's interval."""
        return wilson(self.count, self.total) if self.total else None


def wilson(count: int, total: int, *, z: float = Z) -> tuple[float, float]:
    """Ends of Wilson's score interval, 0..1, for `count` of `total` (> 0)."""
    share = count / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return max(0.0, centre - half), min(1.0, centre + half)


def realistic_shares(votes: Sequence[Vote], variants: Sequence[str]) -> list[Share]:
    """How often each variant was called realistic."""
    shares = []
    for variant in variants:
        own = [vote for vote in votes if vote.part == SINGLE and vote.first == variant]
        count = sum(vote.answer == "realistic" for vote in own)
        shares.append(Share(variant, count, len(own), PAPER.get(variant)))
    return shares


def preference_shares(votes: Sequence[Vote], variants: Sequence[str]) -> list[tuple[Share, Share]]:
    """For each two variants how often either was preferred, the later one of `variants` first."""
    shares = []
    for earlier, later in combinations(variants, 2):
        own = [vote for vote in votes if vote.part == PAIR and {vote.first, vote.second} == {earlier, later}]
        count = sum(later == (vote.first if vote.answer == "first" else vote.second) for vote in own)
        shares.append((Share(later, count, len(own)), Share(earlier, len(own) - count, len(own))))
    return shares


def votes_csv(votes: Sequence[Vote], study: Study) -> str:
    """All votes as comma-separated text, one a line, with the stretch of song that was shown."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["voter", "part", "song", "start_s", "first", "second", "answer", "day"])
    for vote in votes:
        stretch = study.stretches[vote.stretch]
        start_s = f"{stretch.start_frame / study.fps:.3f}"
        table.writerow([vote.voter, vote.part, stretch.song, start_s, vote.first, vote.second, vote.answer, vote.day])
    return text.getvalue()
