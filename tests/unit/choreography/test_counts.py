"""Dances in counts: fragments on bars, forms that come back, an end; songs and dances whose bars are not known."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from matched_dances import FPS, counted_database

from danceit_core.choreography import costs
from danceit_core.choreography.align import align
from danceit_core.choreography.candidates import Candidates
from danceit_core.choreography.edits import Edit
from danceit_core.choreography.fitting import fit
from danceit_core.choreography.form import hold_last, without_hold
from danceit_core.choreography.layout import lay_beats
from danceit_core.choreography.library import Library
from danceit_core.choreography.matches import sort_matches
from danceit_core.choreography.movements import movements_of
from danceit_core.choreography.paintable import FrameCosts, PoseCosts, plan_cost
from danceit_core.choreography.plan import Plan, read_plan, write_plan
from danceit_core.choreography.retrieve import retrieve
from danceit_core.choreography.slots import count_slots
from danceit_core.choreography.song import edit_plan, plan_song
from danceit_core.config import RetrievalSettings, SpatialSettings, TemporalSettings
from danceit_core.errors import ChoreographyError, ConfigError
from danceit_core.music.table import Beats, MusicTable, Section
from danceit_core.pose.measure import Body
from danceit_core.pose.skeleton import LEFT_WRIST, RIGHT_WRIST

SETTINGS = RetrievalSettings(recall=0.0, candidates=30)
TEMPI, METERS = (120.0, 100.0, 140.0, 90.0, 125.0), (4, 4, 4, 3, 4)
STYLES = {"v00": "pop", "v01": "house", "v02": "", "v03": "waltz", "v04": "pop"}
PERFORMER = Body(height_px=300.0, torso_px=100.0, ground_y=450.0, centre_x=256.0)


@pytest.fixture(scope="module")
def database():
    """Five dances of known bars, half a minute each; the fourth a waltz."""
    return counted_database(tempi_bpm=TEMPI, meters=METERS, bars=14)


@pytest.fixture(scope="module")
def library(database):
    return Library.of(database)


def beats_of(tempo_bpm=120.0, *, seconds=32.0, meter=4, first_s=0.0, known=True):
    times = np.arange(first_s, seconds - 0.01, 60 / tempo_bpm)
    place = np.arange(len(times)) % meter + 1 if known else np.zeros(len(times), np.int64)
    return Beats(times, tempo_bpm, place=place, meter=meter if known else 0)


def dance(library, beats, *, seconds=32.0, sections=(), settings=SETTINGS, loudness=None, seed=0):
    frames = round(seconds * FPS)
    slots, song = lay_beats(beats, library, frames=frames, fps=FPS, loudness=loudness, sections=sections)
    distance = np.random.default_rng(seed).random((len(slots), len(library)))
    matches = sort_matches(distance)
    return retrieve(library, matches, song=song, slots=slots, settings=settings, rng=np.random.default_rng(0))


def own_places(plan, database):
    """For each clip but the held one the place in its bar of the source's beat at its start, 0 where none is near."""
    dances = database.frames.dances.set_index("dance")
    found = []
    for video, start in zip(plan.source_video[:-1], plan.source_start_frame[:-1].tolist(), strict=True):
        beats, place = dances.loc[video, "beats_s"], dances.loc[video, "beat_place"]
        nearest = np.abs(np.round(beats * FPS) - start).argmin()
        found.append(int(place[nearest]) if abs(beats[nearest] * FPS - start) <= 1 else 0)
    return np.array(found)


def test_seams_lie_on_bar_lines_and_downbeats_on_downbeats(library, database):
    plan = dance(library, beats_of())
    assert plan.song_frames == 768
    assert (plan.seams[:-1] % 24 == 0).all()
    assert (plan.seams % 48 == 0).mean() >= 0.8
    halves = plan.start_frame[:-1] % 48 == 24
    np.testing.assert_array_equal(own_places(plan, database), np.where(halves, 3, 1))
    # Both ends of each fragment fall on the slot's: so many beats of the dance as of the song.
    tempo = database.frames.dances.set_index("dance").loc[list(plan.source_video[:-1]), "tempo_bpm"].to_numpy()
    np.testing.assert_allclose(plan.rate[:-1], 120 / tempo, atol=0.03)
    assert "v03" not in set(plan.source_video)  # a waltz


def test_a_waltz_is_danced_to_a_waltz(library, database):
    plan = dance(library, beats_of(95.0, meter=3))
    assert set(plan.source_video) == {"v03"}
    assert set(own_places(plan, database)[:-1].tolist()) <= {0, 1}
    # Where there is none, whatever there is dances, and nothing is left out.
    only = Library.of(database.subset((database.table["video"] != "v03").to_numpy()))
    assert dance(only, beats_of(95.0, meter=3)).song_frames == 768


def test_octaves_of_tempo_share_their_bars(library, database):
    plan = dance(library, beats_of(60.0))
    assert (plan.rate[:-1] > costs.SLOWEST - 1e-6).all()
    assert (own_places(plan, database) == np.where(plan.start_frame[:-1] % 96 == 48, 3, 1)).all()


def test_phrases_are_not_run_over(library):
    sections = (Section(0.0, 14.0, "A"), Section(14.0, 32.0, "B"))  # seven bars: the last phrase of A is one bar
    plan = dance(library, beats_of(), sections=sections)
    bounds = {0, *plan.seams.tolist()}
    assert 14 * 24 in bounds
    starts = [*range(0, 14 * 24, 96), *range(14 * 24, 30 * 24, 96)]
    assert np.mean([start in bounds for start in starts]) >= 0.8


def test_movements_come_back_with_their_section(library, tmp_path):
    edges = (0.0, 10.0, 16.0, 26.0, 32.0)
    sections = tuple(Section(a, b, letter) for a, b, letter in zip(edges, edges[1:], "ABAB", strict=False))
    plan = dance(library, beats_of(), sections=sections, settings=dataclasses.replace(SETTINGS, recall=1.0))
    again = np.flatnonzero(plan.recalls >= 0)
    assert len(again)
    first = plan.recalls[again]
    np.testing.assert_array_equal(plan.fragment_id[again], plan.fragment_id[first])
    np.testing.assert_array_equal(plan.source_start_frame[again], plan.source_start_frame[first])
    np.testing.assert_array_equal(plan.start_frame[again] - plan.start_frame[first], 16 * 24)
    assert ((plan.start_frame[again] - plan.start_frame[first] - plan.frames[first]) / FPS >= 8).all()
    covered = plan.frames[again].sum() / (16 * 24)
    assert covered >= 0.7
    none = dance(library, beats_of(), sections=sections)
    assert (none.recalls == -1).all()
    some = dance(library, beats_of(), sections=sections, settings=dataclasses.replace(SETTINGS, recall=0.4))
    assert 0 < some.frames[some.recalls >= 0].sum() < plan.frames[again].sum()
    write_plan(tmp_path / "plan.parquet", plan)
    np.testing.assert_array_equal(read_plan(tmp_path / "plan.parquet").recalls, plan.recalls)
    write_plan(tmp_path / "plan.parquet", dataclasses.replace(plan, recalls=plan.recalls[::-1].copy()))
    with pytest.raises(ChoreographyError, match="recalls clips that are not before"):
        read_plan(tmp_path / "plan.parquet")
    # Nothing comes back within 8 s.
    soon = tuple(Section(a, a + 4.0, "A") for a in np.arange(0, 32.0, 4.0))
    near = dance(library, beats_of(), sections=soon, settings=dataclasses.replace(SETTINGS, recall=1.0))
    back = np.flatnonzero(near.recalls >= 0)
    apart = near.start_frame[back] - (near.start_frame + near.frames)[near.recalls[back]]
    assert (apart >= 8 * FPS).all()


def test_recalled_movements_are_mirrored_if_wished(library, database):
    sections = (Section(0.0, 10.0, "A"), Section(10.0, 20.0, "B"), Section(20.0, 32.0, "A"))
    settings = dataclasses.replace(SETTINGS, recall=1.0, mirror=True)
    plan = dance(library, beats_of(), sections=sections, settings=settings)
    again = np.flatnonzero(plan.recalls >= 0)
    assert len(again)
    np.testing.assert_array_equal(plan.mirrored[again], ~plan.mirrored[plan.recalls[again]])
    rows = library.rows_of(plan.fragment_id, plan.mirrored)
    np.testing.assert_array_equal(library.mirrored(rows), plan.mirrored)
    about = {"target": PERFORMER, "size": (512, 512), "beats_s": np.zeros(0), "fps": FPS}
    about |= {"spatial": SpatialSettings(variant="none", foot_lock=False), "temporal": TemporalSettings(variant="none")}
    sources = movements_of(plan, database.frames)
    made = align(plan, sources, **about)
    plain = align(dataclasses.replace(plan, mirrored=np.zeros(len(plan), bool)), sources, **about)
    np.testing.assert_array_equal(made.source_mirrored, np.repeat(plan.mirrored, plan.frames))
    np.testing.assert_array_equal(made.source_frame, plain.source_frame)
    clip = int(again[0])
    span = slice(plan.start_frame[clip] + 2, plan.start_frame[clip] + plan.frames[clip] - 2)
    turned, straight = (each.keypoints[span].astype(float) for each in (made, plain))
    np.testing.assert_allclose(turned[:, LEFT_WRIST, 1], straight[:, RIGHT_WRIST, 1], atol=0.5)
    x, other = turned[:, LEFT_WRIST, 0] - turned[:, 8, 0], straight[:, RIGHT_WRIST, 0] - straight[:, 8, 0]
    np.testing.assert_allclose(x, -other, atol=0.5)


def test_mirrored_rows_are_the_same_frames_with_left_and_right_exchanged(library):
    rows = np.array([3, 50])
    pose, turned = library.pose(rows, np.array([1.5, 2.0])), library.pose(rows + len(library), np.array([1.5, 2.0]))
    np.testing.assert_allclose(turned[:, LEFT_WRIST], pose[:, RIGHT_WRIST] * [-1, 1])
    np.testing.assert_allclose(turned[:, 0], pose[:, 0] * [-1, 1])
    np.testing.assert_array_equal(library.fragment_id(rows + len(library)), library.fragment_id(rows))
    library.facing[:] = 30.0
    np.testing.assert_array_equal(library.facing_at(np.array([3, 3 + len(library)]), np.zeros(2)), [30, -30])
    library.facing[:] = np.nan
    best = Candidates(rows, np.ones(2), np.zeros(2), np.array([1.0, 2.0])).both_ways(library)
    np.testing.assert_array_equal(best.rows, [3, 50, 3 + len(library), 50 + len(library)])


def test_the_last_pose_is_held_to_the_end(library, database):
    plan = dance(library, beats_of(seconds=32.0))
    assert plan.about["hold"]
    assert plan.start_frame[-1] == 31 * 24
    assert plan.rate[-1] < 0.1
    assert plan.fragment_id[-1] == plan.fragment_id[-2]
    sources = movements_of(plan, database.frames)
    about = {"target": PERFORMER, "size": (512, 512), "beats_s": beats_of().times_s, "fps": FPS}
    made = align(plan, sources, **about, spatial=SpatialSettings(), temporal=TemporalSettings()).keypoints
    step = np.linalg.norm(np.diff(made[:, :15, :2].astype(float), axis=0), axis=-1).mean(-1)
    assert step[-10:].max() < 0.15 * np.percentile(step, 90)
    shorter, frames = without_hold(plan)
    assert frames == 24
    assert shorter.song_frames == 31 * 24
    again = hold_last(shorter, frames, library, fps=FPS)
    assert again.to_frame().equals(plan.to_frame())


def test_unknown_bars_of_the_song_or_the_dances_leave_all_to_tempo(library):
    plan = dance(library, beats_of(known=False))
    assert plan.song_frames == 768
    assert (plan.seams[:-1] % 48 == 0).all()
    quiet = ("v00", "v01", "v02", "v03", "v04")
    silent = Library.of(counted_database(tempi_bpm=TEMPI, meters=METERS, bars=14, silent=quiet))
    assert not silent.beats.any()
    plan = dance(silent, beats_of())
    assert plan.song_frames == 768
    np.testing.assert_array_equal(plan.rate[:-1], 1.0)  # no tempo either
    assert (plan.seams[:-1] % 24 == 0).all()
    nothing = dance(library, Beats(np.zeros(0), 0.0), loudness=np.zeros(768, np.float32))
    assert nothing.song_frames == 768


@pytest.mark.parametrize("seconds", [0.3, 1.0, 1.9, 2.6, 7.3])
def test_short_songs_are_danced(library, seconds):
    plan = dance(library, beats_of(seconds=seconds, first_s=0.1), seconds=seconds)
    assert plan.song_frames == round(seconds * FPS)


def test_one_fragment_makes_a_dance(database):
    one = Library.of(database.subset(np.array([4])))
    plan = dance(one, beats_of())
    assert plan.song_frames == 768
    assert len(set(plan.fragment_id)) == 1


def test_what_fits_where(library):
    beats = beats_of(100.0)
    slots = count_slots(beats, frames=768, fps=FPS)
    rows = np.arange(len(library))
    bar = int(np.flatnonzero((slots.beats == 4) & (slots.first > 0))[0])
    how = fit(library, rows, slots, bar, tempo_bpm=100.0)
    np.testing.assert_array_equal(how.placed, how.fits)
    assert set(library.place[rows[how.fits]].tolist()) == {1}
    assert set(library.beats[rows[how.fits]].tolist()) == {4}
    np.testing.assert_allclose(how.rates[how.fits], library.lengths[rows[how.fits]] / slots.length[bar])
    half = int(np.flatnonzero(slots.place == 3)[0])
    assert set(library.place[rows[fit(library, rows, slots, half, tempo_bpm=100.0).fits]].tolist()) == {3}
    # A short lead-in needs the frames before the fragment.
    lead = count_slots(beats_of(100.0, first_s=0.5), frames=768, fps=FPS)
    first = int(np.flatnonzero((lead.beats == 4) & (lead.first == 0))[0])
    found = rows[fit(library, rows, lead, first, tempo_bpm=100.0).fits]
    assert len(found)
    assert (library.before[found] >= 12 * library.lengths[found] / (lead.length[first] - 12)).all()


def music_of(seconds=32.0, sections=()):
    frames = round(seconds * FPS)
    rng = np.random.default_rng(3)
    loudness = rng.uniform(-30, 0, frames).astype(np.float32)
    features = rng.normal(size=(frames, 4)).astype(np.float32)
    return MusicTable(features, loudness, beats_of(seconds=seconds), FPS, "mfcc", seconds, False, sections=sections)


def plan_without_matcher(database, **about):
    how = {"matcher": None, "index": SimpleNamespace(), "settings": SETTINGS, "beat_kind": "min"}
    return plan_song(music_of(), database, **how | about)


def test_a_song_asks_for_a_style(database):
    plan = plan_without_matcher(database, style="house", styles=STYLES)
    assert set(plan.source_video) == {"v01"}
    with pytest.raises(ConfigError, match=r"has the style 'tango'; .* 'house', 'pop', 'waltz'"):
        plan_without_matcher(database, style="tango", styles=STYLES)


def test_the_matcher_votes_for_styles(database):
    class Matcher:
        """Music lies where the fragments of `v01` do."""

        def __init__(self):
            self.checkpoint = {"seconds": 2.0}

        def embed_audio(self, features):
            assert features.shape[1:] == (48, 4)
            return np.zeros((len(features), 2), np.float32)

    class Index:
        embeddings = np.where((database.table["video"] == "v01").to_numpy()[:, None], [0.0, 0.1], [1.0, 0.0])

        def __len__(self):
            return len(self.embeddings)

        def search(self, queries, *, k):
            far = np.linalg.norm(queries[:, None] - self.embeddings[None], axis=-1)
            rows = np.argsort(far, axis=1, kind="stable")[:, :k]
            return np.take_along_axis(far, rows, 1), rows

    plan = plan_without_matcher(database, matcher=Matcher(), index=Index(), styles=STYLES)
    assert plan.about["styles"] == {"house": 1.0}
    assert np.isfinite(plan.match_distance).all()
    assert "styles" not in plan_without_matcher(database, matcher=Matcher(), index=Index()).about


def test_edits_change_the_clips_they_name(database):
    plan = plan_without_matcher(database)
    how = {"matcher": None, "index": None, "settings": SETTINGS, "beat_kind": "min", "styles": STYLES}

    def edited(*edits):
        return edit_plan(plan, edits, music_of(), database, **how)

    assert edited().to_frame().equals(plan.to_frame())
    middle = len(plan) // 2
    start_s, end_s = plan.start_frame[middle] / FPS, (plan.start_frame[middle] + plan.frames[middle]) / FPS
    again = edited(Edit("s", start_s, end_s, "ban", str(plan.source_video[middle])))
    np.testing.assert_array_equal(again.start_frame, plan.start_frame)
    changed = np.flatnonzero((again.to_frame() != plan.to_frame()).drop(columns="match_distance").any(axis=1))
    assert changed.tolist() == [middle]
    assert again.source_video[middle] != plan.source_video[middle]
    table = database.table
    beats = int(plan.frames[middle] // 12)
    there = table[(table["video"] == "v04") & (table["beats"] == beats) & (table["place"] == 1)]["fragment_id"].iloc[1]
    assert edited(Edit("s", start_s, end_s, "pin", there)).fragment_id[middle] == there
    # Any length that begins there, the one that fits.
    assert edited(Edit("s", start_s, end_s, "pin", there.split("-")[0])).fragment_id[middle] == there
    # The held end goes with the clip before it.
    last = len(plan) - 2
    about = Edit("s", 31.5, 32.0, "ban", str(plan.source_video[last]))
    end = edited(about)
    assert end.source_video[last] == end.source_video[last + 1] != plan.source_video[last]
    final = table[table["video"] == "v00"]["fragment_id"].iloc[-1]
    longest = int(plan.frames.argmax())
    with pytest.raises(ChoreographyError, match=r"the dance ends .* s after the fragment begins, and the clip lasts"):
        edited(Edit("s", plan.start_frame[longest] / FPS, plan.start_frame[longest] / FPS + 1, "pin", final))


def test_the_cost_of_painting_is_of_clips_of_all_lengths(database):
    names = np.repeat(np.array(["v00", "v01", "v02", "v04"], object), 200)
    frames = np.tile(np.arange(0, 800, 4), 4).astype(np.int32)
    cost = np.where(names == "v01", 0.1, 0.9).astype(np.float32)
    costs_of = PoseCosts(names, np.zeros(len(names), np.int32), frames, cost)
    library = Library.of(database, painting=FrameCosts.of(database.frames, [costs_of]))
    heavy = dataclasses.replace(SETTINGS, paintable_weight=20.0)
    plan = dance(library, beats_of(), settings=heavy)
    share = plan.frames[plan.source_video == "v01"].sum() / plan.song_frames
    assert plan_cost(plan, library) == pytest.approx(0.9 - 0.8 * share, abs=0.01)
    assert plan_cost(plan, library) < plan_cost(dance(library, beats_of()), library)


def test_the_same_arguments_give_the_same_plan(library):
    a, b = (dance(library, beats_of(), settings=dataclasses.replace(SETTINGS, mirror=True)) for _ in range(2))
    assert a.to_frame().equals(b.to_frame())
    assert isinstance(a, Plan)
