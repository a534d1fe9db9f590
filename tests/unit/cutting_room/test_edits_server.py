"""Fifty clients read, one cuts, the server is killed: no change that was answered is lost, no table half-written."""

import http.client
import threading

import pytest
from tiny_room import SONG, serving_room, write_project
from tiny_study import Voter, make_videos

from danceit_core.choreography.edits import read_edits

STYLES = {"dance_1": "pop"}
READERS, CHANGES, KILLED_AT = 50, 16, (5, 10)
# What a client sees of a server that is killed while it answers.
LOST = (OSError, http.client.HTTPException, ValueError)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("my")
    videos, songs = make_videos(folder / "made")
    dance = videos["full"]["song"]
    tables = {
        "videos": f"video\tpath\tstyle\ndance_1\t{dance}\tpop\n",
        "songs": f"song\tpath\n{SONG}\t{songs['song']}\n",
        "targets": f"target\tpath\tconsent\nperformer\t{dance}\tyes\n",
    }
    return write_project(folder, tables)


def edits(place) -> list[str]:
    return [edit.value for edit in read_edits(place.tables["edits"], songs=[SONG], styles=STYLES)]


def test_no_change_is_lost_when_the_server_is_killed(place):
    faults: list[object] = []
    stop = threading.Event()
    with serving_room(place.folder) as room:

        def read() -> None:
            most = 0
            while not stop.wait(1.0):
                try:
                    told = Voter(room.host).json("GET", "/api/edits")
                except LOST:
                    continue
                values = [edit["value"] for edit in told["edits"]]
                if values != [str(number) for number in range(len(values))] or len(values) < most:
                    faults.append(values)
                most = len(values)

        readers = [threading.Thread(target=read) for _ in range(READERS)]
        for reader in readers:
            reader.start()
        voter, answered, kills = Voter(room.host), 0, list(KILLED_AT)
        token = voter.json("GET", "/api/edits")["token"]
        while answered < CHANGES:
            edit = {"song": SONG, "start_s": 0, "end_s": 1, "action": "seed", "value": str(answered)}
            killer = None
            if kills and answered == kills[0]:
                killer = threading.Timer(0.004 * kills.pop(0) / CHANGES, room.kill)
                killer.start()
            try:
                told = voter.json("POST", "/api/edits", {"token": token, "add": [edit], "remove": []})
                token, answered = told["token"], len(told["edits"])
            except LOST:
                assert killer is not None
            if killer is not None:
                killer.join()
                room.start()
                voter = Voter(room.host)
                told = voter.json("GET", "/api/edits")
                # What was answered is there; the change that the server died in is there whole or not at all.
                assert answered <= len(told["edits"]) <= answered + 1
                token, answered = told["token"], len(told["edits"])
        stop.set()
        for reader in readers:
            reader.join(30)
    assert not faults
    assert edits(place) == [str(number) for number in range(CHANGES)]
    # What a killed process was writing is removed by the next one that writes the table.
    assert [path.name for path in place.folder.glob(".edits*")] == []
