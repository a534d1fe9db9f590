"""The explorer over a real server, and the table of edits that it writes."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_room import NO_EDITS, make_room_project, serving_room
from tiny_study import Voter

from danceit_core.choreography.edits import Edit, read_edits
from danceit_core.cutting_room.fragments import read_fragments
from danceit_core.errors import ServerError

STYLES = {"dance_1": "pop", "dance_2": ""}
PIN = {"song": "song", "start_s": "1", "end_s": "2.5", "action": "pin", "value": "dance_1:24"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return make_room_project(tmp_path_factory.mktemp("my"))


@pytest.fixture(scope="module")
def project(place):
    return place.load()


@pytest.fixture(scope="module")
def server(place):
    with serving_room(place.folder) as running:
        yield running


@pytest.fixture
def voter(server):
    return Voter(server.host)


@pytest.fixture
def table(place):
    path = place.tables["edits"]
    path.write_text(NO_EDITS)
    return path


def listed(voter, **wanted):
    query = "&".join(f"{name}={value}" for name, value in wanted.items())
    return voter.json("GET", f"/api/fragments?{query}")


def test_fragments_by_video_and_tempo(voter):
    every = listed(voter)
    assert every["total"] == 22
    assert {row["distance"] for row in every["fragments"]} == {None}
    own = listed(voter, video="dance_2")
    assert {row["video"] for row in own["fragments"]} == {"dance_2"}
    assert [row["start_s"] for row in own["fragments"]] == [n / 2 for n in range(11)]
    slow = listed(voter, most_bpm=120)
    assert {row["tempo_bpm"] for row in slow["fragments"]} == {100.0}
    assert listed(voter, least_bpm=101, most_bpm=139)["total"] == 0
    assert len(listed(voter, first=20)["fragments"]) == 2


def test_fragments_nearest_to_a_song_by_the_matcher(voter, place, project):
    found = listed(voter, song="song", most_bpm="")
    distances = [row["distance"] for row in found["fragments"]]
    assert distances == sorted(distances)
    assert 0 < distances[0] < distances[-1] <= 2
    # By hand: the least distance of a fragment to any of the song's clips, in the matcher's space.
    import torch

    from danceit_core.choreography.slots import even_slots
    from danceit_core.matcher.model import load_matcher
    from danceit_core.music.table import read_music_table

    matcher = load_matcher(place.results / "matcher/1s/matcher.pt", device=torch.device("cpu"))
    music = read_music_table(place.music("song"))
    starts = even_slots(len(music), fragment_frames=24, fps=24).start
    windows = np.minimum(starts, len(music) - 24)
    sounds = matcher.embed_audio(np.stack([music.features[start : start + 24] for start in windows]))
    fragments = read_fragments(place, project)
    apart = np.linalg.norm(fragments.index.embeddings[:, None] - sounds[None], axis=-1)
    by_name = {str(name): row for name, row in zip(fragments.database.table["fragment_id"], apart, strict=True)}
    for row in found["fragments"]:
        assert row["distance"] == pytest.approx(by_name[row["fragment"]].min(), abs=2e-3)
        assert row["song_s"] == pytest.approx(starts[by_name[row["fragment"]].argmin()] / 24, abs=0.01)


def test_without_a_matcher_there_is_no_distance_to_sort_by(place, project, tmp_path):
    from danceit_core.matcher.model import save_untrained

    save_untrained(tmp_path / "matcher.pt", "no dance has sound")
    fragments = replace(read_fragments(place, project), matcher=tmp_path / "matcher.pt", _near={})
    with pytest.raises(ServerError, match="no matcher could be trained on these dances"):
        fragments.near("song")


@pytest.mark.parametrize(
    "query", ["video=../x", "song=nothing", "least_bpm=-1", "most_bpm=nan", "first=x", "most_bpm=x"]
)
def test_bad_questions_are_refused(voter, query):
    assert voter.ask("GET", f"/api/fragments?{query}")[0] == 400


def test_dances_play_in_ranges(voter, place):
    whole = place.frames("dance_1").read_bytes()
    assert voter.ask("GET", "/frames/dance_1.mp4", headers={"Range": "bytes=10-19"})[2] == whole[10:20]
    assert voter.ask("GET", "/frames/dance_3.mp4")[0] == 404


def test_pin_ban_and_take_out(voter, table):
    assert voter.json("GET", "/api/edits")["edits"] == []
    voter.json("POST", "/api/edits/add", PIN)
    added = voter.json("POST", "/api/edits/add", PIN | {"action": "ban", "value": "dance_2"})
    assert [(edit["action"], edit["value"]) for edit in added["edits"]] == [("pin", "dance_1:24"), ("ban", "dance_2")]
    # What the workflow reads.
    assert read_edits(table, songs=["song"], styles=STYLES)[0] == Edit("song", 1.0, 2.5, "pin", "dance_1:24")
    left = voter.json("POST", "/api/edits/remove", PIN)
    assert [edit["action"] for edit in left["edits"]] == ["ban"]
    assert voter.ask("POST", "/api/edits/remove", PIN)[0] == 400


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"value": "dance_1:25"}, "the database has no fragment 'dance_1:25'"),
        ({"value": "dance_1"}, "pin needs a fragment"),
        ({"song": "other"}, "unknown song 'other'"),
        ({"start_s": "3"}, "is not before end_s"),
        ({"start_s": "inf"}, "ends at 6.00 s"),
        ({"start_s": "7", "end_s": "8"}, "song ends at 6.00 s"),
        ({"action": "seed", "value": "1"}, "the explorer pins and bans"),
        ({"value": "dance_1:24\tx"}, "no fragment"),
        ({"start_s": "x"}, "is not a number"),
    ],
)
def test_bad_edits_are_refused_and_write_nothing(voter, table, changed, message):
    status, _, text = voter.ask("POST", "/api/edits/add", PIN | changed)
    assert (status, message in text.decode()) == (400, True), text
    assert table.read_text() == NO_EDITS
