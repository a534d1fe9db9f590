"""What a voter is asked, how votes are kept, and what is made of them."""

from collections import Counter

import numpy as np
import pytest
from checkout import ROOT

from danceit_core.errors import StudyError
from danceit_core.user_study.results import (
    PAPER,
    Share,
    clustered_interval,
    preference_shares,
    realistic_shares,
    votes_csv,
    wilson,
)
from danceit_core.user_study.stretches import VARIANTS, Stretch
from danceit_core.user_study.study import Clip, Study
from danceit_core.user_study.tasks import PAIR, SINGLE, tasks_of
from danceit_core.user_study.votes import Vote, Votes

SECRET = bytes(32)


def make(stretches=20, pairs=12):
    clips = [Clip(f"{3 * s + v:04d}.mp4", name, s) for s in range(stretches) for v, name in enumerate(VARIANTS)]
    return Study(
        "key", 24.0, pairs, VARIANTS, tuple(Stretch("song", 24 * s, 120) for s in range(stretches)), tuple(clips)
    )


def part(tasks, name):
    return [task for task in tasks if task.part == name]


def test_every_voter_sees_each_clip_once_in_an_order_of_their_own():
    orders = []
    for voter in ("ann", "bob"):
        singles = part(tasks_of(make(), voter, secret=SECRET), SINGLE)
        assert Counter(task.clips[0] for task in singles) == Counter(make().clips)
        orders.append([task.clips[0].file for task in singles])
    assert orders[0] != orders[1]
    assert orders[0] != sorted(orders[0])
    assert tasks_of(make(), "ann", secret=SECRET) == tasks_of(make(), "ann", secret=SECRET)


def test_pairs_are_two_variants_of_one_stretch_in_equal_numbers_and_either_order():
    firsts = Counter()
    for voter in range(40):
        pairs = part(tasks_of(make(), str(voter), secret=SECRET), PAIR)
        assert all(one.stretch == other.stretch and one != other for one, other in (task.clips for task in pairs))
        kinds = Counter(frozenset(clip.variant for clip in task.clips) for task in pairs)
        assert sorted(kinds.values()) == [4, 4, 4]
        assert len({(task.clips[0].stretch, frozenset(task.clips)) for task in pairs}) == 12
        firsts.update(task.clips[0].variant for task in pairs)
    # 480 pairs: each variant comes first in about a third of them.
    assert all(120 < count < 200 for count in firsts.values())


@pytest.mark.parametrize(("stretches", "pairs", "given"), [(2, 6, 6), (2, 50, 6), (5, 0, 0), (1, 2, 2)])
def test_no_more_pairs_than_there_are(stretches, pairs, given):
    made = part(tasks_of(make(stretches, pairs), "ann", secret=SECRET), PAIR)
    assert len({task.identity for task in made}) == len(made) == given


def test_one_variant_alone_has_no_pairs():
    study = make(3)
    alone = Study("key", 24.0, 12, ("none",), study.stretches, tuple(c for c in study.clips if c.variant == "none"))
    tasks = tasks_of(alone, "ann", secret=SECRET)
    assert len(part(tasks, SINGLE)) == 3
    assert not part(tasks, PAIR)


def test_addresses_are_other_for_each_voter_task_and_secret():
    tasks = [tasks_of(make(), voter, secret=secret) for voter, secret in (("a", SECRET), ("b", SECRET), ("a", b"x"))]
    addresses = [address for own in tasks for task in own for address in (task.key, *task.addresses)]
    assert len(set(addresses)) == len(addresses) == 3 * (2 * 60 + 12 * 3)


def test_a_vote_is_kept_once_and_by_the_clips_it_was_on(tmp_path):
    votes = Votes(tmp_path / "votes.sqlite")
    task = tasks_of(make(), "ann", secret=votes.secret)[0]
    assert votes.add("key", "ann", task, "realistic")
    assert not votes.add("key", "ann", task, "unrealistic")
    assert votes.add("key", "bob", task, "unrealistic")
    assert votes.answered("key", "ann") == {task.identity}
    assert votes.answered("other clips", "ann") == set()
    votes.close()
    again = Votes(tmp_path / "votes.sqlite")
    assert again.secret == votes.secret
    assert [vote.answer for vote in again.read("key")] == ["realistic", "unrealistic"]
    assert not again.read("other clips")
    # Neither the token of a voter nor anything else that would let one vote as them.
    again.close()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"ann" not in content


def test_a_file_that_is_no_database_is_one_line(tmp_path):
    (tmp_path / "votes.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StudyError, match=r"votes\.sqlite: votes cannot be kept there"):
        Votes(tmp_path / "votes.sqlite")


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    # Newcombe (Statistics in Medicine 17, 1998), Table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_s_interval_as_printed(count, total, low, high):
    assert wilson(count, total) == pytest.approx((low, high), abs=6e-5)


def test_wilson_s_interval_is_symmetric_and_shrinks():
    assert wilson(29, 29) == pytest.approx(tuple(1 - end for end in wilson(0, 29)[::-1]))
    widths = [high - low for low, high in (wilson(n // 2, n) for n in (10, 100, 1000))]
    assert widths == sorted(widths, reverse=True)


def width(interval):
    return interval[1] - interval[0]


def test_voters_who_always_say_the_same_are_as_many_votes_as_voters():
    """Ten voters on twenty clips, five of whom find all realistic: the share's deviation is that of ten votes."""
    voters, clips = np.repeat(np.arange(10), 20), np.tile(np.arange(20), 10)
    found = clustered_interval((voters < 5).tolist(), voters=voters, clips=clips)
    naive = wilson(100, 200)
    assert width(naive) == pytest.approx(0.137, abs=0.002)
    # Binomial of 10: 2.5 and 97.5 per cent are at 2 and 8 of them.
    assert found == pytest.approx((0.2, 0.8), abs=0.02)
    # The same of clips: five of twenty convince everybody.
    found = clustered_interval((clips < 5).tolist(), voters=voters, clips=clips)
    assert found == pytest.approx((0.1, 0.45), abs=0.06)
    assert width(found) > 2 * width(wilson(50, 200))


def test_votes_that_are_independent_have_about_wilson_s_interval():
    rng = np.random.default_rng(1)
    voters, clips = np.repeat(np.arange(40), 20), np.tile(np.arange(20), 40)
    yes = (rng.random(800) < 0.5).tolist()
    ratio = width(clustered_interval(yes, voters=voters, clips=clips)) / width(wilson(sum(yes), 800))
    # The pigeonhole bootstrap overstates the variance of independent votes threefold at most.
    assert 1 <= ratio < 1.75


def test_the_interval_covers_the_truth_where_wilson_s_does_not():
    """Studies of twelve voters of different mildness on twenty clips: how often is the true share inside?"""
    rng, inside = np.random.default_rng(2), Counter()
    voters, clips = np.repeat(np.arange(12), 20), np.tile(np.arange(20), 12)
    for _ in range(200):
        mild, good = rng.normal(0, 1.2, 12), rng.normal(0, 0.8, 20)
        yes = mild[voters] + good[clips] + rng.logistic(size=240) > 0
        low, high = clustered_interval(yes.tolist(), voters=voters, clips=clips)
        inside["drawn"] += low <= 0.5 <= high
        low, high = wilson(int(yes.sum()), 240)
        inside["wilson"] += low <= 0.5 <= high
    assert inside["drawn"] >= 180
    assert inside["wilson"] < 150


@pytest.mark.parametrize("count", [1, 7])
def test_one_voter_or_all_of_one_mind_have_at_least_wilson_s_interval(count):
    alone = clustered_interval([True] * count, voters=["ann"] * count, clips=range(count))
    assert alone == pytest.approx(wilson(count, count))
    assert clustered_interval([True] * count, voters=range(count), clips=[0] * count) == pytest.approx(alone)


def test_the_same_votes_have_the_same_interval():
    yes, voters, clips = [True, False, True, True], ["a", "a", "b", "c"], [0, 1, 0, 2]
    intervals = {clustered_interval(yes, voters=voters, clips=clips) for _ in range(3)}
    assert len(intervals) == 1


def test_the_paper_s_shares_are_those_it_prints():
    assert PAPER == {"none": 0.2639, "linear": 0.5333, "full": 0.6458}


def test_shares_count_what_was_shown():
    def vote(part, first, second, answer):
        return Vote("v", part, 0, first, second, answer, "2024-01-01")

    votes = [
        vote(SINGLE, "none", "", "unrealistic"), vote(SINGLE, "full", "", "realistic"),
        vote(SINGLE, "full", "", "unrealistic"), vote(PAIR, "none", "full", "second"),
        vote(PAIR, "full", "none", "first"), vote(PAIR, "full", "none", "second"),
        vote(PAIR, "linear", "full", "first"),
    ]  # fmt: skip
    shares = {share.name: (share.count, share.total) for share in realistic_shares(votes, VARIANTS)}
    assert shares == {"none": (0, 1), "linear": (0, 0), "full": (1, 2)}
    preferred = {(one.name, other.name): (one.count, other.count) for one, other in preference_shares(votes, VARIANTS)}
    assert preferred == {("linear", "none"): (0, 0), ("full", "none"): (2, 1), ("full", "linear"): (0, 1)}
    assert Share("x", 0, 0).share is Share("x", 0, 0).interval is None
    lines = votes_csv(votes, make()).splitlines()
    assert lines[0] == "voter,part,song,start_s,first,second,answer,day"
    assert lines[4] == "v,pair,song,0.000,none,full,second,2024-01-01"


def test_the_pages_hold_no_inline_script_or_style_and_nothing_from_elsewhere():
    pages = ROOT / "danceit_core" / "user_study" / "pages"
    for page in pages.glob("*.html"):
        text = page.read_text()
        assert "<script>" not in text
        assert " style=" not in text
        assert " onclick" not in text
        assert "http" not in text
