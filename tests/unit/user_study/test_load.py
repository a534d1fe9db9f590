"""Fifty voters at once through complete sessions, and a server that is killed without warning while they vote."""

import http.client
import sqlite3
import threading
import time
from collections import Counter

import pytest
from tiny_study import Voter, make_study, serving

from danceit_core.user_study.votes import hashed

pytestmark = pytest.mark.slow
VOTERS, TASKS = 50, 12
LONGEST_S = 120.0


class Person(threading.Thread):
    """A voter who goes through both parts, looks at each clip, and asks again when the server does not answer."""

    def __init__(self, host: str, number: int) -> None:
        super().__init__(daemon=True)
        self.voter, self.number = Voter(host), number
        self.confirmed: list[str] = []
        self.fault: Exception | None = None
        self._end_s = time.monotonic() + LONGEST_S

    def run(self) -> None:
        try:
            state = self.ask("POST", "/api/start", {})
            for kind, answers in (("single", ("realistic", "unrealistic")), ("pair", ("first", "second"))):
                while state["next"][kind]:
                    task = state["next"][kind][0]
                    for clip in task["clips"]:
                        self.look(clip)
                    answer = answers[(self.number + len(self.confirmed)) % 2]
                    state = self.ask("POST", "/api/vote", {"task": task["task"], "answer": answer})
                    self.confirmed.append(answer)
        except Exception as error:  # shown by the test
            self.fault = error

    def ask(self, method, path, body=None):
        while True:
            try:
                return self.voter.json(method, path, body)
            except (OSError, http.client.HTTPException):
                assert time.monotonic() < self._end_s, "the server does not come back"
                time.sleep(0.05)

    def look(self, clip):
        while True:
            try:
                status, _, content = self.voter.ask("GET", clip, headers={"Range": "bytes=0-"})
                assert (status, content[4:8]) == (206, b"ftyp")
                return
            except (OSError, http.client.HTTPException):
                assert time.monotonic() < self._end_s, "the server does not come back"
                time.sleep(0.05)

    @property
    def stored_as(self) -> str:
        """The voter's name in the database."""
        return hashed(self.voter.cookie.removeprefix("voter=").partition(".")[0])


@pytest.fixture
def results(tmp_path):
    make_study(tmp_path)
    return tmp_path


def stored(results) -> dict[str, list[str]]:
    """Answers by voter, in the order they were stored, read past the server."""
    base = sqlite3.connect(results / "user_study" / "votes.sqlite")
    rows = base.execute("SELECT voter, answer FROM votes ORDER BY rowid").fetchall()
    base.close()
    return {voter: [answer for other, answer in rows if other == voter] for voter, _ in rows}


def started(host) -> list[Person]:
    people = [Person(host, number) for number in range(VOTERS)]
    for person in people:
        person.start()
    return people


def check_complete(people, results) -> None:
    for person in people:
        person.join(LONGEST_S)
        assert person.fault is None
    votes = stored(results)
    assert {person.stored_as: person.confirmed for person in people} == votes
    assert Counter(map(len, votes.values())) == {TASKS: VOTERS}


def test_fifty_voters_at_once_lose_and_double_nothing(results):
    with serving(results) as server:
        check_complete(started(server.host), results)
        table = Voter(server.host).ask("GET", "/votes.csv")[2].decode().splitlines()
        assert len(table) == 1 + VOTERS * TASKS


def test_killed_in_the_middle_it_has_every_vote_that_was_confirmed(results):
    with serving(results) as server:
        people = started(server.host)
        for share in (0.2, 0.5, 0.8):
            while sum(len(person.confirmed) for person in people) < share * VOTERS * TASKS:
                assert all(person.fault is None for person in people)
                time.sleep(0.002)
            server.kill()
            confirmed = {person: list(person.confirmed) for person in people if person.voter.cookie}
            votes = stored(results)
            assert 0 < sum(map(len, confirmed.values())) < VOTERS * TASKS
            for person, answers in confirmed.items():
                kept = votes.get(person.stored_as, [])
                # Perhaps one more: stored, and killed before it was confirmed.
                assert kept[: len(answers)] == answers
                assert len(kept) <= len(answers) + 1
            server.start()
        check_complete(people, results)
