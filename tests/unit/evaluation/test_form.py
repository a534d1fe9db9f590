"""Scores of form on dances whose truth is known: where their seams lie, what comes back, how long movements are."""

from dataclasses import replace

import numpy as np
import pytest
from dancers import wandering_dancer

from danceit_core.choreography.plan import Plan
from danceit_core.evaluation.choreographers import REAL_LENGTHS, annotated_scores, most_bars
from danceit_core.evaluation.form import (
    LONGEST,
    danced_before,
    form_scores,
    length_shares,
    lengths_apart,
    movement_lengths,
    movement_starts,
)
from danceit_core.evaluation.repeats import find_places, mirror, repeat_scores, similarity
from danceit_core.music.table import Beats, Section
from danceit_core.pose.skeleton import MIRROR

FPS = 24.0
# 120 beats a minute, bars of four: two seconds, 48 frames. The first downbeat is at 0.5 s.
TIMES = np.arange(0.5, 65, 0.5)
BEATS = Beats(TIMES, 120.0, place=np.arange(len(TIMES)) % 4 + 1, meter=4)


def plan_of(lengths, *, videos=None, starts=None, rate=1.0):
    count = len(lengths)
    starts = [1000 * row for row in range(count)] if starts is None else starts
    return Plan(
        np.cumsum([0, *lengths[:-1]]), np.array(lengths), np.array([""] * count, object),
        np.array(videos or ["a"] * count, object), np.array(starts), np.full(count, rate), np.zeros(count),
    )  # fmt: skip


def scores_of(plan, **about):
    return form_scores(plan, BEATS, fps=FPS, dances={}, **about)


def test_seams_on_bar_lines_are_all_and_off_them_none():
    on = plan_of([12, 48, 96, 48, 40])
    assert scores_of(on)["seams_on_bars"] == 1
    beside = plan_of([13, 48, 96, 48, 40])  # a frame late
    assert scores_of(beside)["seams_on_bars"] == 1
    off = plan_of([14, 48, 96, 48, 40])
    assert scores_of(off)["seams_on_bars"] == 0
    assert scores_of(off, seams=[12, 60, 156, 204])["seams_seen_on_bars"] == 1
    half = plan_of([12, 24, 48, 24, 40])
    assert scores_of(half)["seams_on_bars"] == 0.5


def test_chance_is_the_share_of_beats_and_of_frames():
    scores = scores_of(plan_of([12, 48, 48, 48, 1400]))
    assert scores["beats_on_bars"] == pytest.approx(0.25, abs=0.01)
    assert scores["frames_on_bars"] == pytest.approx(3 / 48, abs=0.003)
    draw = np.random.default_rng(0)
    seams = np.sort(draw.choice(np.arange(1, 1550), 400, replace=False))
    random = scores_of(plan_of([12, 48, 48, 48, 1400]), seams=seams)["seams_seen_on_bars"]
    assert random == pytest.approx(scores["frames_on_bars"], abs=0.03)


def test_the_pose_held_at_the_end_is_no_seam():
    plan = replace(plan_of([12, 48, 30, 60], starts=[0, 400, 800, 830]), about={"hold": True})
    scores = scores_of(plan, seams=[12, 60, 90])
    assert scores["seams_on_bars"] == scores["seams_seen_on_bars"] == 1
    assert movement_lengths(plan, BEATS, fps=FPS) == pytest.approx([4])


def test_unknown_bars_and_one_clip_have_no_score():
    assert np.isnan(form_scores(plan_of([48, 48]), Beats(TIMES, 120.0), fps=FPS, dances={})["seams_on_bars"])
    assert np.isnan(scores_of(plan_of([480]))["seams_on_bars"])


def test_a_movement_that_goes_on_in_its_own_dance_does_not_begin_at_the_seam():
    plan = plan_of([48, 48, 48, 48], videos=["a", "a", "a", "b"], starts=[0, 48, 200, 248])
    assert movement_starts(plan).tolist() == [2, 3]
    turned = replace(plan, mirrored=np.array([False, True, True, True]))
    assert movement_starts(turned).tolist() == [1, 2, 3]
    faster = plan_of([48, 48], starts=[0, 60], rate=1.25)
    assert movement_starts(faster).tolist() == []
    scores = scores_of(plan_of([48, 12, 48, 48], starts=[0, 48, 200, 300]))
    assert scores["starts_on_bars"] == 1
    assert scores["seams_on_bars"] == pytest.approx(2 / 3)


def test_own_downbeats_are_met_where_they_fall_on_the_song_s():
    own = Beats(np.arange(0.25, 40, 0.5), 120.0, place=np.arange(80) % 4 + 1, meter=4)
    on = plan_of([12, 48, 48, 36], starts=[0, 6, 6 + 96, 6 + 240])  # its downbeats: frames 6, 54, 102, ...
    assert form_scores(on, BEATS, fps=FPS, dances={"a": own})["downbeats_met"] == pytest.approx(3 / 4)
    assert form_scores(on, BEATS, fps=FPS, dances={"b": own})["downbeats_met"] != 1
    late = plan_of([12, 48, 48, 36], starts=[0, 18, 18 + 96, 18 + 240])
    assert form_scores(late, BEATS, fps=FPS, dances={"a": own})["downbeats_met"] == 0
    # Twice as many frames of the dance as of the song: a slow bar danced in half of its time.
    slow = Beats(np.arange(0.0, 40, 1.0), 60.0, place=np.arange(40) % 4 + 1, meter=4)
    fast = plan_of([12, 48, 48], starts=[60, 96, 192], rate=2.0)
    assert form_scores(fast, BEATS, fps=FPS, dances={"a": slow})["downbeats_met"] == 1


def test_what_was_danced_before_is_counted_once_it_comes_back():
    plan = plan_of([48] * 5, videos=["a", "a", "b", "a", "a"], starts=[0, 300, 0, 10, 330])
    assert danced_before(plan).tolist() == [False, False, False, True, False]
    assert scores_of(plan)["danced_before"] == pytest.approx(0.2)


def test_lengths_are_in_counts_and_their_distance_is_that_of_their_histograms():
    plan = plan_of([12, 48, 96, 24, 300])
    assert movement_lengths(plan, BEATS, fps=FPS) == pytest.approx([4, 8, 2])
    assert length_shares([4, 4.2, 8, 40])[[3, 7, LONGEST]].tolist() == [0.5, 0.25, 0.25]
    real = {4: {4: 0.5, 8: 0.5}, 3: {6: 1.0}}
    assert lengths_apart({4: [4, 8, 4, 8]}, real) == 0
    assert lengths_apart({4: [2, 2]}, real) == 1
    assert lengths_apart({4: [4, 4], 3: [6, 6]}, real) == pytest.approx(0.25)
    assert np.isnan(lengths_apart({0: [4]}, real))
    assert all(sum(shares.values()) == pytest.approx(1, abs=0.01) for shares in REAL_LENGTHS.values())


def test_annotated_movements_on_bars_are_told_from_movements_on_any_beat():
    names = ["basic", "turn", "basic", "walk", "basic", "turn"]
    about = {"meter": 4, "fps": FPS, "rng": np.random.default_rng(1)}
    on = annotated_scores(TIMES[2:26:4], names, TIMES, **about)
    assert on["starts_on_bars"] == 1
    assert 0.3 < on["beats_on_bars"] < 0.8  # the best phase of five random beats
    assert on["danced_before"] == 0.5
    assert most_bars(TIMES[2:26:4], TIMES, meter=4, fps=FPS).downbeats_s[0] == TIMES[2]
    spread = annotated_scores(TIMES[:24:3], list("abcdefgh"), TIMES, **about)
    assert spread["starts_on_bars"] < 0.5
    assert spread["danced_before"] == 0


# Sections of eight seconds: A B A B, four bars each.
SECTIONS = tuple(Section(0.5 * (k > 0) + 8.0 * k, 8.0 * k + 8.5, "AB"[k % 2]) for k in range(4))


def dance_with(second, *, frames=33 * 24):
    """A dance that never repeats, but whose frames from 16.5 s on are `second`."""
    dance = wandering_dancer(frames, seed=3)
    if second is not None:
        at = round(16.5 * FPS)
        dance[at : at + len(second)] = second
    return dance


def repeats_of(dance, **about):
    return repeat_scores(dance, BEATS, SECTIONS, fps=FPS, rng=np.random.default_rng(0), **about)


def test_bars_of_two_sections_of_one_letter_correspond():
    places = find_places(BEATS, SECTIONS, end_s=33)
    assert len(places.start_s) == 16
    assert places.letter.tolist() == list("AAAABBBBAAAABBBB")
    assert places.pairs.tolist() == [[k, k + 8] for k in range(8)]
    assert len(find_places(BEATS, (), end_s=33).start_s) == 0


def test_a_section_that_is_danced_again_is_found_and_one_that_is_not_is_chance():
    first = wandering_dancer(33 * 24, seed=3)[12 : 12 + 16 * 24]
    again, never = repeats_of(dance_with(first)), repeats_of(dance_with(None))
    assert again["repeat_pairs"] == 8
    assert again["repeat"] > 0.98
    assert again["repeat"] > 2 * again["chance_repeat"]
    assert abs(never["repeat_more"]) < 0.15
    assert np.isnan(again["repeat_same"])
    nothing = repeat_scores(dance_with(None), BEATS, SECTIONS[:2], fps=FPS, rng=np.random.default_rng(0))
    assert nothing["repeat_pairs"] == 0
    assert np.isnan(nothing["repeat"])


def test_a_section_that_comes_back_mirrored_is_alike_only_when_mirrored():
    first = wandering_dancer(33 * 24, seed=3)[12 : 12 + 16 * 24]
    mirrored = first[:, list(MIRROR)].copy()
    mirrored[..., 0] = 512 - mirrored[..., 0]
    found = repeats_of(dance_with(mirrored))
    assert found["repeat_mirrored"] > 0.9
    assert found["repeat"] < 0.6
    assert found["repeat_mirrored_more"] > found["repeat_more"] + 0.2


def test_two_unlike_bars_are_less_alike_than_one_with_itself_and_a_mirror_undoes_itself():
    bars = np.random.default_rng(0).normal(size=(6, 24, 15, 2))
    table = similarity(bars, bars)
    assert np.diag(table) == pytest.approx(1)
    assert table[~np.eye(6, dtype=bool)].max() < 0.3
    np.testing.assert_allclose(mirror(mirror(bars)), bars)


def test_with_a_plan_the_same_moments_are_counted():
    lengths = [12 + 96] + [96] * 7
    starts = [0, 1000, 2000, 3000, 12, 1000, 5000, 3100]
    plan = plan_of(lengths, starts=starts)
    found = repeats_of(dance_with(None, frames=33 * 24), plan=plan)
    assert found["repeat_same"] == pytest.approx(4 / 8)
    assert found["chance_repeat_same"] == 0
