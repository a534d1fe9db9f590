"""What the start page shows: states, scores, faults, and folders that somebody else has filled."""

import json
import time

import numpy as np
from tiny_room import NO_EDITS, write_project

from danceit_core.cutting_room.commands import WHATS, scores_file
from danceit_core.cutting_room.events import Events
from danceit_core.cutting_room.runs import FAILED, Run, Runs
from danceit_core.cutting_room.start import Start, latest, names_in, rows_of, state_of
from danceit_core.music.table import Beats, MusicTable, write_music_table

SCORES = {"beats": {"s_ba_min_0": 0.5, "s_ba_min_1": 0.75, "s_ba_max_1": 0.25}, "pose": {"pck": 0.9}}


def make(folder, songs=("one", "two"), persons=("ann", "bo")):
    """A project of files that nobody has to read."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "file").write_text("-")
    rows = {"videos": ["dance"], "songs": songs, "targets": persons}
    keys = {"videos": "video", "songs": "song", "targets": "target"}
    tables = {
        name: f"{keys[name]}\tpath\tconsent\n".replace("\tconsent", "" if name != "targets" else "\tconsent")
        + "".join(f"{row}\t{folder / 'file'}" + ("\tyes" if name == "targets" else "") + "\n" for row in found)
        for name, found in rows.items()
    }
    return write_project(folder, tables)


def shown(place, runs=()):
    start = Start(place, Runs(place, Events(place)))
    return start._project(latest(list(runs)))


def write(path, text="-"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def cells(project):
    return {(cell["person"], cell["song"]): cell for cell in project["cells"]}


def test_states_scores_and_addresses(tmp_path):
    place = make(tmp_path / "my")
    write(place.video("ann", "one"))
    write(scores_file(place, "ann", "one"), json.dumps(SCORES))
    write(place.draft("bo", "two"))
    write(place.preview("bo", "one"))
    about = MusicTable(np.zeros((48, 13)), np.zeros(48), Beats(np.array([0.5]), 120.0), 24.0, "mfcc", 2.0, silent=False)
    write_music_table(place.music("one"), about)
    project = shown(place, [Run("1", "video", "bo", "one", FAILED, line="no beat"), Run("2", "draft", "bo", "two")])
    found = cells(project)
    assert {at: cell["state"] for at, cell in found.items()} == {
        ("ann", "one"): "done", ("ann", "two"): "none", ("bo", "one"): "failed", ("bo", "two"): "queued",
    }  # fmt: skip
    assert found["bo", "one"]["line"] == "no beat"
    assert found["ann", "one"]["made"] == {"preview": None, "draft": None, "video": "/dances/ann/one/video.mp4"}
    assert found["ann", "one"]["scores"] == {"s_ba": 0.75, "pck": 0.9}
    assert found["bo", "two"]["scores"] is None
    assert [song["duration_s"] for song in project["songs"]] == [2.0, None]
    assert (project["fault"], project["videos"], project["report"]["state"]) == ("", {"count": 1, "refused": 0}, "none")
    # Other scores in the same place are read anew.
    write(scores_file(place, "ann", "one"), json.dumps(SCORES | {"pose": {"pck": 0.25}}))
    assert cells(shown(place))["ann", "one"]["scores"]["pck"] == 0.25


def test_of_several_runs_the_one_that_goes_on_counts():
    runs = [Run("1", "draft", "a", "s", FAILED), Run("2", "video", "a", "s", "running"), Run("3", "draft", "a", "s")]
    assert latest(runs)["a", "s"].id == "2"
    assert latest(runs[:1])["a", "s"].id == "1"
    assert state_of(Run("1", "draft", "a", "s", "cancelled"), True) == "done"
    assert state_of(Run("1", "draft", "a", "s", "done"), False) == "none"


def test_a_fault_of_a_table_is_shown_beside_what_can_be_read(tmp_path):
    place = make(tmp_path / "my")
    table = place.tables["songs"]
    table.write_text(table.read_text() + "three\t/no/such/file.mp3\n")
    project = shown(place)
    assert "songs.tsv: 'three': no such file" in project["fault"]
    assert "\n" not in project["fault"]
    assert [song["song"] for song in project["songs"]] == ["one", "two", "three"]
    place.tables["songs"].write_bytes(b"\xff\xfe\x00")
    assert shown(place)["songs"] == []


def test_damaged_results_are_no_results(tmp_path):
    place = make(tmp_path / "my")
    write(place.video("ann", "one"))
    for text in ("", "[]", "{}", '{"beats": 3}', '{"beats": {}, "pose": null}', "\x00"):
        write(scores_file(place, "ann", "one"), text)
        write(place.music("one"), text)
        write(place.results / "database" / "statistics.tsv", text)
        cell = cells(shown(place))["ann", "one"]
        assert (cell["state"], cell["scores"]) == ("done", None)


def test_a_thousand_dances_are_listed_with_few_looks_at_the_disk(tmp_path):
    songs, persons = [f"song_{n}" for n in range(50)], [f"person_{n}" for n in range(20)]
    place = make(tmp_path / "my", songs, persons)
    for person in persons:
        for song in songs[::2]:
            write(place.draft(person, song))
    start = Start(place, Runs(place, Events(place)))
    start._project({})
    begun_s = time.process_time()
    project = start._project({})
    assert time.process_time() - begun_s < 0.5
    assert sum(cell["state"] == "done" for cell in project["cells"]) == 500
    assert len(project["cells"]) == 1000


def test_tables_and_folders_that_are_not_there(tmp_path):
    assert rows_of(tmp_path / "none.tsv", "song") == []
    (tmp_path / "empty.tsv").write_text("")
    assert rows_of(tmp_path / "empty.tsv", "song") == []
    (tmp_path / "edits.tsv").write_text(NO_EDITS)
    assert rows_of(tmp_path / "edits.tsv", "song") == []
    assert names_in(tmp_path / "none") == frozenset()
    assert WHATS == ("preview", "draft", "video", "report")
