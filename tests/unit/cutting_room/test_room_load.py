"""Fifty pages that read, one that cuts, and a server that is killed without warning meanwhile."""

import http.client
import json
import threading
import time

import pytest
from tiny_room import NO_EDITS, serving_room, write_project
from tiny_study import Voter

from danceit_core.choreography.edits import read_edits

pytestmark = pytest.mark.slow
READERS, CUTS, LONGEST_S = 50, 60, 180.0


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "my"
    folder.mkdir()
    (folder / "file").write_text("-")
    tables = {
        "videos": f"video\tpath\ndance\t{folder}/file\n",
        "songs": f"song\tpath\none\t{folder}/file\n",
        "targets": f"target\tpath\tconsent\nann\t{folder}/file\tyes\n",
    }
    return write_project(folder, tables)


class Reader(threading.Thread):
    """A page: hears the events, and asks for the project and the edits again and again."""

    def __init__(self, host, end) -> None:
        super().__init__(daemon=True)
        self.host, self.end, self.heard, self.read, self.fault = host, end, 0, 0, None

    def run(self):
        try:
            while not self.end.is_set():
                try:
                    self.listen()
                except (OSError, http.client.HTTPException):
                    time.sleep(0.1)
        except Exception as error:  # shown by the test
            self.fault = error

    def listen(self):
        events, questions = http.client.HTTPConnection(self.host, timeout=20), Voter(self.host)
        try:
            events.request("GET", "/api/events")
            answer = events.getresponse()
            assert answer.status == 200
            while not self.end.is_set():
                line = answer.readline()
                if not line:
                    return
                if line.startswith(b"data:"):
                    json.loads(line[5:])
                    self.heard += 1
                    cells = questions.json("GET", "/api/project")["cells"]
                    assert [cell["song"] for cell in cells] == ["one"]
                    questions.json("GET", "/api/edits")
                    self.read += 1
        finally:
            events.close()


class Cutter(threading.Thread):
    """Adds one edit after the other, each named by its number; where no answer comes it asks what became of it."""

    def __init__(self, host) -> None:
        super().__init__(daemon=True)
        self.host, self.confirmed, self.fault = host, [], None

    def run(self):
        voter, end_s = Voter(self.host), time.monotonic() + LONGEST_S
        try:
            for number in range(CUTS):
                edit = {"song": "one", "start_s": number, "end_s": number + 1, "action": "seed", "value": str(number)}
                while True:
                    assert time.monotonic() < end_s, "the server does not come back"
                    try:
                        there = voter.json("GET", "/api/edits")
                        if any(line["value"] == str(number) for line in there["edits"]):
                            break
                        voter.json("POST", "/api/edits", {"token": there["token"], "add": [edit], "remove": []})
                        break
                    except (OSError, http.client.HTTPException):
                        time.sleep(0.05)
                self.confirmed.append(number)
        except Exception as error:  # shown by the test
            self.fault = error


def test_no_edit_is_lost_and_no_table_half_written(place):
    tables = {name: path.read_bytes() for name, path in place.tables.items()}
    with serving_room(place.folder) as room:
        end = threading.Event()
        readers, cutter = [Reader(room.host, end) for _ in range(READERS)], Cutter(room.host)
        for reader in readers:
            reader.start()
        cutter.start()
        for share in (0.25, 0.5, 0.75):
            while len(cutter.confirmed) < share * CUTS:
                assert cutter.fault is None
                time.sleep(0.002)
            confirmed = list(cutter.confirmed)
            room.kill()
            # What is on the disk now, past the server: whole, and all that was confirmed.
            edits = read_edits(place.tables["edits"], songs=["one"], styles={"dance": ""})
            assert [int(edit.value) for edit in edits][: len(confirmed)] == confirmed
            assert len(edits) <= len(cutter.confirmed) + 1
            room.start()
        cutter.join(LONGEST_S)
        assert cutter.fault is None
        assert cutter.confirmed == list(range(CUTS))
        wait_s = time.monotonic() + 60
        while any(reader.read == 0 for reader in readers) and time.monotonic() < wait_s:
            time.sleep(0.1)
        end.set()
        assert [reader.fault for reader in readers if reader.fault] == []
        assert min(reader.heard for reader in readers) > 0
        assert min(reader.read for reader in readers) > 0
    edits = read_edits(place.tables["edits"], songs=["one"], styles={"dance": ""})
    assert [int(edit.value) for edit in edits] == list(range(CUTS))
    assert place.tables["edits"].read_text().startswith(NO_EDITS)
    assert {name: path.read_bytes() for name, path in place.tables.items() if name != "edits"} == {
        name: text for name, text in tables.items() if name != "edits"
    }
    # Nothing that was begun is left beside them.
    assert sorted(path.name for path in place.folder.iterdir() if path.name.startswith(".")) == []
