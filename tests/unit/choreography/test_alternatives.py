"""Alternatives of a clip: what they cost is what the search pays, and a pin dances the one that was shown."""

import dataclasses

import numpy as np
import pytest
from cut_dances import FPS, cut, frames_of
from dancers import wandering_dancer
from matched_dances import counted_database

from danceit_core.choreography.alternatives import PlannedDance
from danceit_core.choreography.distinct import SAME_PLACE, distinct, thinned
from danceit_core.choreography.edits import Edit
from danceit_core.choreography.library import Library
from danceit_core.choreography.paintable import FrameCosts, PoseCosts
from danceit_core.choreography.song import edit_plan, plan_song
from danceit_core.config import RetrievalSettings
from danceit_core.errors import ChoreographyError
from danceit_core.matcher.index import FragmentIndex
from danceit_core.music.table import Beats, MusicTable, Section

SECONDS = 24.0
# All fragments are candidates, so that the search's best is the best of all.
COUNTS = RetrievalSettings(candidates=4000, recall=0.0, no_repeat_s=6.0)
EVEN = RetrievalSettings(candidates=4000, fragment_s=1.0, no_repeat_s=3.0)
NO_INDEX = FragmentIndex.of(np.zeros((0, 1), np.float32))


def music_of(seconds=SECONDS, tempo_bpm=110.0):
    frames = round(seconds * FPS)
    times = np.arange(0.2, seconds - 0.01, 60 / tempo_bpm)
    beats = Beats(times, tempo_bpm, place=np.arange(len(times)) % 4 + 1, meter=4)
    loudness = np.random.default_rng(3).uniform(-30, -10, frames).astype(np.float32)
    sections = (Section(0.0, 12.0, "A"), Section(12.0, seconds, "B"))
    features = np.zeros((frames, 4), np.float32)
    return MusicTable(features, loudness, beats, FPS, "mfcc", seconds, silent=False, sections=sections)


def in_counts(mirror):
    database = counted_database(tempi_bpm=(120.0, 100.0, 112.0, 125.0), meters=(4, 4, 4, 4), bars=14)
    rng = np.random.default_rng(0)
    # Each dancer at another height and place, so that seams differ.
    database.frames.keypoints[..., :2] += rng.normal(0, 3, (*database.frames.keypoints.shape[:2], 2))
    return database, dataclasses.replace(COUNTS, mirror=mirror)


def in_seconds():
    dances = {f"v{n}": wandering_dancer(300, seed=n) for n in range(4)}
    return cut(frames_of(dances, tempo_bpm={name: 100.0 + 8 * n for n, name in enumerate(dances)}), hop_s=0.5), EVEN


class Dance:
    """A planned song and what it was planned with."""

    def __init__(self, database, settings) -> None:
        self.database, self.music = database, music_of()
        video = str(database.frames.dances["video"].iloc[0])
        frame = np.arange(0, 200, 4)
        self.targets = [PoseCosts.of(video, 0, frame=frame, cost=(frame / 200).astype(np.float32))]
        videos = [str(name) for name in database.frames.dances["video"]]
        self.about = {"matcher": None, "index": NO_INDEX, "settings": settings, "beat_kind": "min"}
        self.styles = dict.fromkeys(videos, "any") | {videos[1]: "other"}
        self.plan = plan_song(self.music, database, targets=self.targets, **self.about)
        self.library = Library.of(database, painting=FrameCosts.of(database.frames, self.targets))

    def planned(self, plan=None, **more):
        return PlannedDance(plan or self.plan, self.music, self.library, styles=self.styles, **self.about, **more)

    def edited(self, *edits, **more):
        about = {"styles": self.styles, "targets": self.targets, **self.about, **more}
        return edit_plan(self.plan, edits, self.music, self.database, **about)

    def edit(self, clip, action, value, planned):
        start, frames = planned.plan.start_frame[clip], planned.plan.frames[clip]
        return Edit("s", float(start / FPS) + 0.05, float((start + frames) / FPS) - 0.05, action, value)


@pytest.fixture(scope="module", params=["counts", "mirrored counts", "seconds"])
def dance(request):
    return Dance(*(in_seconds() if request.param == "seconds" else in_counts("mirrored" in request.param)))


def clips_of(planned):
    """The first and last clip, and one between."""
    return sorted({0, len(planned) // 2, len(planned) - 1})


def test_a_pin_dances_the_alternative_that_was_shown(dance):
    planned = dance.planned()
    for clip in clips_of(planned):
        found = planned.alternatives(clip)
        assert found.chosen.fragment == planned.plan.fragment_id[clip]
        assert 3 <= len(found.others) <= 10
        for other in found.others[:4]:
            again = dance.edited(dance.edit(clip, "pin", other.fragment, planned))
            assert again.fragment_id[clip] == other.fragment
            assert again.source_start_frame[clip] == other.source_start_frame
            assert again.rate[clip] == pytest.approx(other.rate)
            assert again.mirrored[clip] == other.mirrored
            changed = (again.to_frame()["fragment_id"] != dance.plan.to_frame()["fragment_id"]).to_numpy()
            assert set(np.flatnonzero(changed)) <= ({clip} if clip < len(planned) - 1 else {clip, len(dance.plan) - 1})


def test_the_search_prefers_them_in_the_same_order(dance):
    """Of those that are left after bans the search takes the one that is shown as the cheapest."""
    planned = dance.planned()
    names = dance.library.fragment_id(np.arange(len(dance.library))).tolist()
    for clip in clips_of(planned):
        found = planned.alternatives(clip)
        totals = [other.total for other in found.others]
        assert totals == sorted(totals)
        for k in range(min(6, len(found.others) - 1)):
            left = {other.fragment for other in found.others[k:]}
            bans = [dance.edit(clip, "ban", name, planned) for name in names if name not in left]
            assert dance.edited(*bans).fragment_id[clip] == found.others[k].fragment, (clip, k)


def test_the_chosen_one_costs_what_an_alternative_would(dance):
    """Seen from a plan that dances an alternative, that one costs what it was shown to cost."""
    planned = dance.planned()
    clip = len(planned) // 2
    found = planned.alternatives(clip)
    other = found.others[0]
    again = dance.planned(dance.edited(dance.edit(clip, "pin", other.fragment, planned))).alternatives(clip)
    assert again.chosen.fragment == other.fragment
    for name in ("tempo", "energy", "stillness", "jerk", "sliding", "beats", "seam_before", "seam_after", "painting"):
        assert again.chosen.costs[name] == pytest.approx(other.costs[name], abs=1e-6), name
    assert np.isnan(other.costs["match"])
    assert other.total == pytest.approx(sum(cost for cost in other.costs.values() if not np.isnan(cost)))


def test_alternatives_are_at_places_of_their_own(dance):
    planned = dance.planned()
    for clip in clips_of(planned):
        found = planned.alternatives(clip)
        shown = [found.chosen, *found.others]
        spans = [(one.video, one.source_start_frame, one.source_start_frame + one.rate * found.frames) for one in shown]
        for k, (video, start, stop) in enumerate(spans):
            for other, first, end in spans[:k]:
                shared = min(stop, end) - max(start, first)
                assert video != other or shared <= SAME_PLACE * min(stop - start, end - first) + 1e-6


def test_bans_and_styles_of_the_song_hold_and_impossible_ones_are_said(dance):
    planned = dance.planned()
    clip = len(planned) // 2
    videos = {other.video for other in planned.alternatives(clip).others}
    banned = next(iter(videos))
    left = planned.alternatives(clip, edits=[dance.edit(clip, "ban", banned, planned)])
    assert banned not in {other.video for other in left.others}
    of_style = planned.alternatives(clip, edits=[dance.edit(clip, "style", "other", planned)])
    assert {dance.styles[other.video] for other in of_style.others} <= {"other"}
    styled = dance.planned(style="other").alternatives(clip)
    assert {dance.styles[other.video] for other in styled.others} == {"other"}
    # A line of the table says more than the song's own style.
    edits = [dance.edit(clip, "style", "any", planned)]
    any_style = dance.planned(style="other").alternatives(clip, edits=edits)
    assert {dance.styles[other.video] for other in any_style.others} == {"any"}
    elsewhere = planned.alternatives(clip, edits=[dance.edit(0, "ban", banned, planned)])
    assert {other.fragment for other in elsewhere.others} == {
        other.fragment for other in planned.alternatives(clip).others
    }
    bans = [dance.edit(clip, "ban", name, planned) for name in dance.styles]
    with pytest.raises(ChoreographyError, match="leave no fragment to dance"):
        planned.alternatives(clip, edits=bans)


def test_a_song_of_a_style_is_rerolled_within_it(dance):
    planned = dance.planned()
    clip = len(planned) // 2
    rolled = [dance.edited(dance.edit(clip, "seed", f"{k}", planned), style="other") for k in range(6)]
    assert {dance.styles[plan.source_video[clip]] for plan in rolled} == {"other"}
    free = [dance.edited(dance.edit(clip, "seed", f"{k}", planned)) for k in range(6)]
    assert "any" in {dance.styles[plan.source_video[clip]] for plan in free}
    assert rolled[0].about["edits"] == [vars(dance.edit(clip, "seed", "0", planned))]


def test_a_plan_of_another_song_is_refused(dance):
    with pytest.raises(ChoreographyError, match="but the song has"):
        PlannedDance(dance.plan, music_of(9.0), dance.library, styles=dance.styles, **dance.about)


def test_stretches_at_one_place_are_shown_once_and_videos_share():
    video = np.array([0, 0, 0, 0, 0, 0, 1, 2])
    start = np.array([0.0, 0.0, 1.0, 20.0, 40.0, 60.0, 0.0, 5.0])
    cost = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 5.0, 6.0])
    found = distinct(video, start, start + 10, cost, taken=0, count=4)
    assert found == [3, 4, 5, 6]  # three of the first video, then another
    assert distinct(video, start, start + 10, cost, taken=0, count=9) == [3, 4, 5, 6, 7]
    many = np.array([0] * 6 + [1])
    apart = np.arange(7) * 100.0
    assert distinct(many, apart, apart + 10, np.arange(7.0), taken=0, count=5) == [1, 2, 3, 4, 6]
    assert distinct(video[:1], start[:1], start[:1] + 10, cost[:1], taken=0, count=4) == []


def test_of_one_place_the_cheapest_are_looked_at():
    video, place = np.array([0, 0, 0, 1, 0]), np.array([1, 1, 1, 1, 2])
    cost = np.array([3.0, 1.0, 2.0, 9.0, 0.5])
    every = np.ones(5, bool)
    assert thinned(video, place, cost, among=every, count=9, of_place=2).tolist() == [4, 1, 2, 3]
    assert thinned(video, place, cost, among=every, count=2, of_place=1).tolist() == [4, 1]
    assert thinned(video, place, cost, among=cost > 2, count=9, of_place=1).tolist() == [0, 3]
    assert thinned(video, place, cost, among=cost > 99, count=9, of_place=1).tolist() == []
