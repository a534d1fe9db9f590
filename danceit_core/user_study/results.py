"""Shares of the votes with 95 % intervals, beside the paper's (V-F, Fig. 18).

Votes are not independent: one voter is milder than another, and one stretch of song more convincing. So the interval is
a bootstrap over voters and clips, not over votes: both are drawn anew, each on its own, and a vote counts as often as
its voter times its clip was drawn (A. B. Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1, 2007; its
variance is never too small on average). Draws from a handful cannot say what others would have done, and draws of one
voter say nothing of voters: so an interval is at least that of independent votes (E. B. Wilson, "Probable inference,
the law of succession, and statistical inference", JASA 22, 1927).
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from danceit_core.user_study.study import Study
from danceit_core.user_study.tasks import PAIR, SINGLE
from danceit_core.user_study.votes import Vote

# Of the normal distribution, two-sided 95 %.
Z = 1.959964
DRAWS = 2000
# Shares of votes "realistic" that the paper prints.
PAPER = {"none": 0.2639, "linear": 0.5333, "full": 0.6458}


@dataclass(frozen=True)
class Share:
    """`count` of `total` votes; share and its 95 % interval are 0..1, None without votes.

    paper: the printed share, or None.
    """

    name: str
    count: int
    total: int
    paper: float | None = None
    interval: tuple[float, float] | None = None

    @property
    def share(self) -> float | None:
        """Count by total."""
        return self.count / self.total if self.total else None


def share_of(votes: Sequence[Vote], yes: Sequence[bool], *, name: str, paper: float | None = None) -> Share:
    """The share of `votes` for which `yes` holds, with its interval."""
    interval = None
    if votes:
        interval = clustered_interval(yes, voters=[v.voter for v in votes], clips=[v.stretch for v in votes])
    return Share(name, sum(yes), len(votes), paper, interval)


def clustered_interval(
    yes: Sequence[bool], *, voters: ArrayLike, clips: ArrayLike, seed: int = 0
) -> tuple[float, float]:
    """95 % interval, 0..1, of the share of N > 0 votes that are `yes`, by voters (N,) and clips (N,), any names.

    A bootstrap over both, at least Wilson's interval. The same votes give the same interval.
    """
    agreed = np.asarray(yes, float)
    voter, clip = (np.unique(np.asarray(names), return_inverse=True)[1] for names in (voters, clips))
    shape = int(voter.max()) + 1, int(clip.max()) + 1
    cast, agreeing = np.zeros(shape), np.zeros(shape)  # (V, C): votes of each voter on each clip
    np.add.at(cast, (voter, clip), 1)
    np.add.at(agreeing, (voter, clip), agreed)
    rng = np.random.default_rng(seed)
    drawn = [rng.multinomial(count, np.full(count, 1 / count), DRAWS).astype(float) for count in shape]
    totals, sums = (((drawn[0] @ table) * drawn[1]).sum(1) for table in (cast, agreeing))
    shares = sums[totals > 0] / totals[totals > 0]
    least, most = wilson(round(agreed.sum()), len(agreed))
    low, high = np.percentile(shares, [2.5, 97.5]).tolist()
    return min(low, least), max(high, most)


def wilson(count: int, total: int, *, z: float = Z) -> tuple[float, float]:
    """Ends of Wilson's score interval, 0..1, for `count` of `total` (> 0) independent votes."""
    share = count / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return max(0.0, centre - half), min(1.0, centre + half)


def realistic_shares(votes: Sequence[Vote], variants: Sequence[str]) -> list[Share]:
    """How often each variant was called realistic."""
    shares = []
    for variant in variants:
        own = [vote for vote in votes if vote.part == SINGLE and vote.first == variant]
        yes = [vote.answer == "realistic" for vote in own]
        shares.append(share_of(own, yes, name=variant, paper=PAPER.get(variant)))
    return shares


def preference_shares(votes: Sequence[Vote], variants: Sequence[str]) -> list[tuple[Share, Share]]:
    """For each two variants how often either was preferred, the later one of `variants` first."""
    shares = []
    for earlier, later in combinations(variants, 2):
        own = [vote for vote in votes if vote.part == PAIR and {vote.first, vote.second} == {earlier, later}]
        yes = [later == (vote.first if vote.answer == "first" else vote.second) for vote in own]
        shares.append((share_of(own, yes, name=later), share_of(own, [not one for one in yes], name=earlier)))
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
