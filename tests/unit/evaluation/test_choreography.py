"""The tables of the choreography: which rows there are, and intervals that are paired by song."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from dancers import sine_dancer, wandering_dancer

from danceit_core.choreography.align import Source
from danceit_core.config import RetrievalSettings, SpatialSettings, TemporalSettings
from danceit_core.evaluation.choreography import (
    DEFAULT,
    REAL,
    Row,
    Stage,
    score_songs,
    score_variants,
    variants,
)
from danceit_core.evaluation.choreography_page import CHOREOGRAPHERS, GAINS, between, main_tables
from danceit_core.evaluation.paired import INTERVALS, add_intervals, bootstrap
from danceit_core.evaluation.paper_tables import PAPER_TABLE_1, table_1
from danceit_core.evaluation.trial import Song, beat_grid, library_in_counts, library_of
from danceit_core.music.table import Beats

FPS = 24.0


def rng():
    return np.random.default_rng(0)


def test_the_interval_of_a_mean_is_the_textbook_s():
    values = np.random.default_rng(3).normal(5, 2, (400, 2))
    low, high = bootstrap(values, rng=rng())
    for column in range(2):
        half = 1.96 * values[:, column].std() / 20
        assert (high[column] - low[column]) / 2 == pytest.approx(half, rel=0.1)
        assert low[column] < values[:, column].mean() < high[column]


def test_one_song_and_songs_without_beats_have_no_interval():
    assert np.isnan(bootstrap(np.ones((1, 3)), rng=rng())).all()
    values = np.array([[1.0, np.nan], [3.0, 2.0], [2.0, np.nan]])
    low, high = bootstrap(values, rng=rng())
    assert (low[0], high[0]) == (1, 3)
    assert np.isnan(low[1])
    assert np.isnan(high[1])


def intervals_of(**songs):
    scores = {name: {} for name in songs}
    add_intervals(scores, songs, reference=DEFAULT, unpaired=(REAL,), seed=0)
    return scores


def test_a_small_difference_between_unlike_songs_is_seen_when_they_are_paired():
    """Songs differ by .2, a variant from the default by .02 on each: unpaired, nobody could tell."""
    draw = np.random.default_rng(4)
    songs = draw.uniform(0.2, 0.9, (14, len(INTERVALS)))
    better = songs + 0.02 + draw.normal(0, 0.004, songs.shape)
    scores = intervals_of(default=songs, better=better)
    for name in INTERVALS:
        alone, default = scores["better"], scores["default"]
        assert alone[f"{name}_low"] < default[f"{name}_high"]  # they overlap widely
        assert alone[f"{name}_high"] - alone[f"{name}_low"] > 0.12
        assert alone[f"{name}_gain"] == pytest.approx(0.02, abs=0.004)
        assert 0.015 < alone[f"{name}_gain_low"] < alone[f"{name}_gain"] < alone[f"{name}_gain_high"] < 0.025
        assert f"{name}_gain" not in default


def test_the_same_draws_of_songs_serve_every_row():
    songs = np.random.default_rng(5).random((9, len(INTERVALS)))
    scores = intervals_of(default=songs, again=songs.copy(), shifted=songs + 0.25)
    for name in INTERVALS:
        assert scores["again"][f"{name}_low"] == scores["default"][f"{name}_low"]
        assert scores["again"][f"{name}_gain_high"] == 0
        assert scores["shifted"][f"{name}_low"] == pytest.approx(scores["default"][f"{name}_low"] + 0.25)
        assert scores["shifted"][f"{name}_gain_low"] == pytest.approx(0.25)


def test_real_dances_have_songs_of_their_own_and_are_not_paired():
    songs = np.random.default_rng(6).random((5, len(INTERVALS)))
    scores = intervals_of(**{REAL: songs, DEFAULT: songs})
    assert not any("gain" in key for key in scores[REAL])
    other = intervals_of(**{"fewer": songs[:3], DEFAULT: songs})
    assert not any("gain" in key for key in other["fewer"])


def test_each_song_is_scored_by_itself():
    song = beat_grid(120, seconds=10, fps=FPS)
    on, off = (sine_dancer(240, minimum_s=0.25 - 0.5 / FPS + shift) for shift in (0, 0.2))
    row, forms = Row("row", [on, off], [song, replace(song, name="other")]), [{"seams_on_bars": 0.5}, {}]
    found = score_songs(row, forms, fps=FPS, seed=0)
    assert found.shape == (2, len(INTERVALS))
    assert found[:, INTERVALS.index("s_ba_min_1")].tolist() == [1, 0]
    assert found[0, INTERVALS.index("seams_on_bars")] == 0.5
    assert np.isnan(found[1, INTERVALS.index("seams_on_bars")])


def test_both_readings_of_the_paper_are_rows_with_its_figures_beside_them():
    rows = variants((2.0, 4.0), RetrievalSettings(), SpatialSettings(), TemporalSettings())
    named = {variant.name: variant for variant, _ in rows}
    assert len(named) == len(rows)
    for length in ("2 s", "4 s"):
        printed, retimed = (named[f"{name}, {length}"] for name in ("paper", "paper, retimed"))
        assert (printed.temporal.variant, retimed.temporal.variant) == ("paper", "paper_retimed")
        assert printed.temporal.beat_kind == retimed.temporal.beat_kind == "max"
        assert replace(printed.temporal, variant="") == replace(retimed.temporal, variant="")
        assert printed.spatial == retimed.spatial
        assert printed.spatial.variant == "tsd"
        assert not printed.spatial.foot_lock
    keys = ("s_ba_max_0", "mdd_hands", "mdd_feet", "sdd_hands", "sdd_feet")
    table = table_1(pd.DataFrame(0.5, index=list(named), columns=list(keys)))
    for name in ("paper, 4 s", "paper, retimed, 4 s"):
        assert table.filter(like="(paper").loc[name].tolist() == list(PAPER_TABLE_1["4 s"])
    assert table.filter(like="(paper").loc["default"].isna().all()


def test_limits_in_words():
    scores = pd.DataFrame({"x_low": [0.1, np.nan], "x_high": [0.234, np.nan]})
    assert between(scores, "x", digits=2) == ["0.10 to 0.23", ""]
    assert {key for key, *_ in GAINS.values()} <= set(INTERVALS)


@pytest.fixture(scope="module")
def tables():
    """Two songs danced with the fragments of four dances whose bars are known, in seconds and in counts."""
    beats = Beats(np.arange(0.25, 24, 0.5), 120.0, place=np.arange(48) % 4 + 1, meter=4)
    dances = {f"d{seed}": wandering_dancer(24 * 24, seed=seed) for seed in range(4)}
    sources = {name: Source(dance, np.ones(len(dance), bool)) for name, dance in dances.items()}
    heard = dict.fromkeys(dances, beats)
    about = {"fps": FPS, "hop_s": 0.5, "tempo_bpm": dict.fromkeys(dances, 120.0)}
    return score_variants(
        {2.0: Stage(library_of(sources, seconds=2.0, **about), {})},
        [beat_grid(tempo, seconds=18, fps=FPS) for tempo in (112, 126)],
        sources,
        [(dance, Song(name, len(dance), beats.times_s, 120.0, np.zeros(0))) for name, dance in dances.items()],
        counts=Stage(library_in_counts(sources, fps=FPS, heard=heard), {}),
        heard=heard,
        retrieval=RetrievalSettings(),
        spatial=SpatialSettings(),
        temporal=TemporalSettings(),
        fps=FPS,
        seed=0,
        only=["default, 2 s", DEFAULT],
    )[0]


def test_the_default_in_counts_is_on_the_bars_and_in_seconds_it_is_not(tables):
    assert tables.index.tolist() == [REAL, "default, 2 s", DEFAULT]
    assert tables["seams_on_bars"][DEFAULT] > 0.7
    assert tables["downbeats_met"][DEFAULT] > 0.8
    assert tables["seams_on_bars"]["default, 2 s"] < 0.4
    assert tables["beats_on_bars"][DEFAULT] == pytest.approx(0.25, abs=0.03)
    assert tables["seams_on_bars_gain"]["default, 2 s"] < 0


def test_all_tables_have_a_line_for_each_row_that_has_a_score(tables):
    shown = main_tables(tables)
    assert [len(table) for table in shown.values()] == [3, 3, 3, 3]
    form = shown["Form (bars, movements, sections that come back)"]
    assert form.index.tolist() == [CHOREOGRAPHERS, "default, 2 s", DEFAULT]
    assert form["movements begin on bars %"][CHOREOGRAPHERS] == pytest.approx(92.2)
    distances = list(shown.values())[3]
    assert (distances["pieces"] <= distances["pieces"][REAL]).all()
    assert np.isfinite(distances.to_numpy()).all()


def test_no_score_of_form_hides_one_of_movement(tables):
    """Both count repeats: clips that come back too soon, and pairs of places where the music comes back."""
    assert {"repeats", "repeat_pairs"} <= set(tables)
    assert tables["repeats"][DEFAULT] < 3
    assert tables["repeat_pairs"][DEFAULT] > 0
