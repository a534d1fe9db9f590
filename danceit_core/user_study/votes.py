"""Votes in SQLite: an answer that was confirmed is on the disk, and one question is answered once.

One row a vote. No name, address or time of day is kept: `voter` is a hash of a random token that only the voter's
browser holds, `day` the date (UTC). Several processes may use one file.
"""

import datetime
import hashlib
import secrets
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

from danceit_core.errors import StudyError
from danceit_core.user_study.tasks import Task

SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS votes (
    study TEXT NOT NULL, voter TEXT NOT NULL, part TEXT NOT NULL, stretch INTEGER NOT NULL,
    first TEXT NOT NULL, second TEXT NOT NULL, answer TEXT NOT NULL, day TEXT NOT NULL,
    PRIMARY KEY (study, voter, part, stretch, first, second)
) STRICT;
"""
# How long another process may write before this one gives up.
BUSY_S = 20.0


@dataclass(frozen=True)
class Vote:
    """An answer: to one clip of variant `first`, or to two, `second` the other as shown ("" for one clip)."""

    voter: str
    part: str
    stretch: int
    first: str
    second: str
    answer: str
    day: str


class Votes:
    """The database of votes; safe to use from several threads."""

    def __init__(self, path: str | Path) -> None:
        """Open or create it. Raises StudyError when the file is no such database or cannot be written."""
        self._lock, self._path = threading.Lock(), Path(path)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
            self._base.execute("PRAGMA journal_mode = WAL")
            # FULL: on the disk, not only with the system, before a vote is confirmed.
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.executescript(SCHEMA)
            self._base.execute("INSERT OR IGNORE INTO settings VALUES ('secret', ?)", (secrets.token_bytes(32),))
            (self.secret,) = self._base.execute("SELECT value FROM settings WHERE name = 'secret'").fetchone()
        except (OSError, sqlite3.Error) as error:
            raise StudyError(
                f"{path}: votes cannot be kept there ({error}); move that file or free its folder"
            ) from error

    def add(self, study: str, voter: str, task: Task, answer: str) -> bool:
        """Keep an answer; False, and nothing is changed, where that voter has answered that question.

        Returns when the vote is on the disk. Raises StudyError where it cannot be written.
        """
        day = datetime.datetime.now(datetime.UTC).date().isoformat()
        row = (study, hashed(voter), *task.identity, answer, day)
        try:
            with self._lock:
                done = self._base.execute("INSERT OR IGNORE INTO votes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
                return done.rowcount > 0
        except sqlite3.Error as error:
            raise StudyError(f"{self._path}: a vote could not be written ({error}); free some disk") from error

    def answered(self, study: str, voter: str) -> set[tuple[str, int, str, str]]:
        """`Task.identity` of what a voter has answered."""
        query = "SELECT part, stretch, first, second FROM votes WHERE study = ? AND voter = ?"
        with self._lock:
            return set(self._base.execute(query, (study, hashed(voter))).fetchall())

    def read(self, study: str) -> list[Vote]:
        """All votes on the clips of one study, in the order they came."""
        query = "SELECT voter, part, stretch, first, second, answer, day FROM votes WHERE study = ? ORDER BY rowid"
        with self._lock:
            return [Vote(*row) for row in self._base.execute(query, (study,))]

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._base.close()


def hashed(voter: str) -> str:
    """What a voter is stored as: the file of votes does not hold the tokens that would let one vote as them."""
    return hashlib.sha256(voter.encode()).hexdigest()[:16]
