"""The table of edits: what it may hold, and that only the clips it names change."""

import numpy as np
import pytest
from cut_dances import library_of
from dancers import wandering_dancer

from danceit_core.choreography import edits as edits_module
from danceit_core.choreography.candidates import ClipSong
from danceit_core.choreography.edits import Edit, edited_choices, read_edits, touched_clips
from danceit_core.choreography.matches import sort_matches
from danceit_core.choreography.retrieve import choose, retrieve
from danceit_core.choreography.slots import even_slots
from danceit_core.config import RetrievalSettings
from danceit_core.errors import ChoreographyError, ConfigError

FPS, FRAMES, CLIPS = 24.0, 24, 6
STYLES = {"a": "pop", "b": "pop", "c": "house"}
SONG = ClipSong(CLIPS * FRAMES, FPS, np.arange(0.3, CLIPS, 0.5), 120.0)
SLOTS = even_slots(CLIPS * FRAMES, fragment_frames=FRAMES, fps=FPS)
SETTINGS = RetrievalSettings(fragment_s=1.0)
ABOUT = {"song": SONG, "slots": SLOTS, "styles": STYLES}
HEADER = "song\tstart_s\tend_s\taction\tvalue\n"


@pytest.fixture(scope="module")
def library():
    videos = {name: wandering_dancer(240, seed=seed) for seed, name in enumerate(STYLES)}
    return library_of(videos, hop_s=0.5, tempo_bpm=0.0)


@pytest.fixture(scope="module")
def distance(library):
    return np.random.default_rng(1).random((CLIPS, len(library)))


@pytest.fixture(scope="module")
def plan(library, distance):
    return retrieve(library, sort_matches(distance), song=SONG, settings=SETTINGS, rng=np.random.default_rng(0))


def edit(library, plan, distance, *edits):
    touched = {clip: distance[clip] for clip in touched_clips(edits, plan, fps=FPS)}
    choices = edited_choices(edits, plan, library, touched, **ABOUT)
    return choose(library, choices, song=SONG, settings=SETTINGS, rng=np.random.default_rng(0))


def changed(plan, again) -> set[int]:
    return set(np.flatnonzero((plan.to_frame() != again.to_frame()).any(axis=1)))


def test_a_pin_changes_one_clip(library, plan, distance) -> None:
    again = edit(library, plan, distance, Edit("s", 1.8, 2.9, "pin", "c:96"))
    assert again.fragment_id[2] == "c:96"
    assert changed(plan, again) == {2}


def test_a_ban_changes_only_what_was_banned(library, plan, distance) -> None:
    banned = str(plan.fragment_id[3])
    again = edit(library, plan, distance, Edit("s", 3.0, 4.0, "ban", banned))
    assert again.fragment_id[3] != banned
    assert changed(plan, again) == {3}
    video = str(plan.source_video[0])
    again = edit(library, plan, distance, Edit("s", 0.0, 6.0, "ban", video))
    assert video not in set(again.source_video)


def test_a_style_and_a_seed(library, plan, distance) -> None:
    again = edit(library, plan, distance, Edit("s", 2.0, 4.0, "style", "house"))
    assert set(again.source_video[2:4]) == {"c"}
    assert changed(plan, again) <= {2, 3}
    seeds = [edit(library, plan, distance, Edit("s", 2.0, 5.0, "seed", str(n))) for n in range(4)]
    assert len({tuple(made.fragment_id) for made in seeds}) > 1
    assert all(changed(plan, made) <= {2, 3, 4} for made in seeds)


def test_without_edits_nothing_changes(library, plan, distance) -> None:
    assert changed(plan, edit(library, plan, distance)) == set()


def test_of_a_large_database_the_nearest_are_chosen_from(library, plan, distance, monkeypatch) -> None:
    ban = [Edit("s", 2.0, 3.0, "ban", "a")]
    monkeypatch.setattr(edits_module, "MOST_CHOICES", 7)
    (touched,) = touched_clips(ban, plan, fps=FPS)
    chosen = edited_choices(ban, plan, library, {touched: distance[touched]}, **ABOUT)[touched]
    allowed = [row for row in np.argsort(distance[touched]) if library.video(np.array([row]))[0] != "a"]
    assert chosen.rows.tolist() == allowed[:7]
    unknown = np.full(len(library), np.nan)
    spread = edited_choices(ban, plan, library, {touched: unknown}, **ABOUT)[touched]
    assert len(spread.rows) <= 7
    assert set(library.video(spread.rows)) == {"b", "c"}  # not those of the first dance alone


def test_impossible_edits_are_one_line(library, plan, distance) -> None:
    bans = [Edit("s", 2.0, 3.0, "ban", video) for video in STYLES]
    with pytest.raises(ChoreographyError, match=r"ban c of s from 2 to 3 s: .* nothing is left to dance"):
        edit(library, plan, distance, *bans)
    with pytest.raises(ChoreographyError, match="the database has no such fragment"):
        edit(library, plan, distance, Edit("s", 2.0, 3.0, "pin", "a:5"))
    with pytest.raises(ChoreographyError, match=r"the song ends at 6\.00 s"):
        edit(library, plan, distance, Edit("s", 20.0, 30.0, "seed", "1"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("t\t0\t1\tban\ta", "line 2: unknown song 't'; known: s"),
        ("s\t0\t1\tburn\ta", "unknown action 'burn'; known: pin, ban, style, seed"),
        ("s\tnow\t1\tban\ta", "start_s 'now' and end_s '1' must be seconds"),
        ("s\t3\t2\tban\ta", "from 3 to 2 s is no stretch"),
        ("s\t0\t1\tpin\ta", "pin needs a fragment"),
        ("s\t0\t1\tban\tz:4", "unknown video 'z'; known: a, b, c"),
        ("s\t0\t1\tstyle\ttango", "no video has the style 'tango'"),
        ("s\t0\t1\tseed\tx", "a seed is a whole number"),
        ("s\t0\t1\tseed", "4 cells for 5 columns"),
    ],
)
def test_a_wrong_line_is_named(line, message, tmp_path) -> None:
    path = tmp_path / "edits.tsv"
    path.write_text(HEADER + line + "\n")
    with pytest.raises(ConfigError, match=message) as caught:
        read_edits(path, songs=["s"], styles=STYLES)
    assert "\n" not in str(caught.value)


def test_a_table_is_read(tmp_path) -> None:
    path = tmp_path / "edits.tsv"
    path.write_text(HEADER + "# s\t0\t1\tburn\ta\n\ns\t0.5\t2\tpin\ta:12\n")
    assert read_edits(path, songs=["s"], styles=STYLES) == [Edit("s", 0.5, 2.0, "pin", "a:12")]
    path.write_text("song\tstart_s\n")
    with pytest.raises(ConfigError, match="the first line must hold the columns"):
        read_edits(path, songs=["s"], styles=STYLES)
    with pytest.raises(ConfigError, match="no such table"):
        read_edits(tmp_path / "none.tsv", songs=["s"], styles=STYLES)
