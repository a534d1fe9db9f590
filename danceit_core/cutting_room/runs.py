"""Making dances from a page: runs of Snakemake, one at a time, the others in a queue.

RESULTS/cutting_room/runs.json holds the runs of which pages are told. A server that was killed leaves its run going on;
the next one takes it up (`child`). What waited in the queue is dropped then.
"""

import asyncio
import contextlib
import itertools
import json
import signal
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from danceit_core.cutting_room.child import Child
from danceit_core.cutting_room.commands import commands_of, unlock_command
from danceit_core.cutting_room.events import Events
from danceit_core.cutting_room.forecast import Timings
from danceit_core.cutting_room.kept import keep
from danceit_core.cutting_room.progress import Output, Tail
from danceit_core.errors import DanceItError, ServerError
from danceit_core.files import write_text
from danceit_core.place import Place

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
OPEN = (QUEUED, RUNNING)
# How often the output of a run is read, and how often pages are told of progress at most, seconds.
LOOK_S = 0.3
# Of runs that have ended, those that are remembered.
MOST_ENDED, MOST_WAITING = 200, 100


@dataclass
class Run:
    """A run that was asked for. started_at: seconds since 1970; step: which of its commands is running."""

    id: str
    what: str
    person: str
    song: str
    state: str = QUEUED
    done: int = 0
    total: int = 0
    rule: str = ""
    line: str = ""
    started_at: float = 0.0
    ended_at: float = 0.0
    share: float | None = None
    step: int = 0
    cancelled: bool = field(default=False, compare=False)

    def told(self) -> dict[str, Any]:
        """What pages are told."""
        until = self.ended_at or time.time()
        elapsed_s = round(until - self.started_at) if self.started_at else 0
        names = ("id", "what", "person", "song", "state", "done", "total", "rule", "line", "share")
        return {name: getattr(self, name) for name in names} | {"elapsed_s": elapsed_s}


class Runs:
    """The queue of one project and the run that is going on. To be used in the server's event loop only."""

    def __init__(self, place: Place, events: Events) -> None:
        self._place, self._events = place, events
        self._folder = place.results / "cutting_room"
        self._child, self._ids = Child(self._folder), itertools.count(1)
        self._runs: dict[str, Run] = {}
        self._current: Run | None = None
        self._output, self._tail = Output(), Tail(self._child.log)
        self._timings: Timings | None = None
        self._left_locked = False
        self._take_up()

    def all(self) -> list[Run]:
        """Every run that is remembered, the oldest first."""
        return list(self._runs.values())

    def add(self, person: str, song: str, what: str) -> Run:
        """Put a run at the end of the queue, or name the one that is there already. Raises ServerError when full."""
        wanted = (person, song, what)
        for run in self._runs.values():
            if run.state in OPEN and (run.person, run.song, run.what) == wanted and not run.cancelled:
                return run
        if sum(run.state == QUEUED for run in self._runs.values()) >= MOST_WAITING:
            raise ServerError(f"{MOST_WAITING} runs wait already; wait until some have ended")
        # What became of the same wish before is out of date.
        for run in [run for run in self._runs.values() if (run.person, run.song, run.what) == wanted]:
            self._forget(run)
        run = Run(f"{int(time.time())}-{next(self._ids)}", what, person, song)
        self._runs[run.id] = run
        self._tell(run)
        return run

    def cancel(self, run_id: str) -> Run:
        """End a run, or take it out of the queue. Raises ServerError where there is no such run (any more)."""
        run = self._runs.get(run_id)
        if run is None or run.state not in OPEN:
            raise ServerError("this run has ended already")
        if run is self._current:
            if not run.cancelled:
                run.cancelled = True
                self._events.put("run", run.told(), key=run.id)
        else:
            self._end(run, CANCELLED)
        return run

    async def work(self) -> None:
        """Start what waits and follow what runs, as long as the server runs."""
        while True:
            try:
                await self._look()
            except (OSError, DanceItError) as error:
                if self._current is not None:
                    self._end(self._current, FAILED, " ".join(str(error).split()))
            await asyncio.sleep(LOOK_S)

    def close(self) -> None:
        """End the run that this server started or took up; blocks until it has ended. What waits is dropped."""
        if self._current is None:
            return
        self._child.end()
        self._read()
        self._end(self._current, CANCELLED)

    async def _look(self) -> None:
        if self._current is not None:
            await self._follow(self._current)
            return
        waiting = next((run for run in self._runs.values() if run.state == QUEUED), None)
        # Where one is going on, it is another server's of this project and comes first.
        if waiting is not None and not self._child.is_running():
            await self._begin(waiting)

    async def _begin(self, run: Run) -> None:
        self._current, run.state, run.started_at = run, RUNNING, time.time()
        self._tell(run)
        if self._left_locked:
            await asyncio.to_thread(self._unlock)
        await asyncio.to_thread(keep_versions, self._place, run)
        self._timings = None
        self._start(run)

    def _start(self, run: Run) -> None:
        self._output, self._tail = Output(), Tail(self._child.log)
        self._child.start(self._commands(run)[run.step], cwd=self._place.workflow)

    def _commands(self, run: Run) -> list[list[str]]:
        return commands_of(self._place, run.person, run.song, run.what)

    async def _follow(self, run: Run) -> None:
        if run.cancelled:
            await asyncio.to_thread(self._child.end)
        if self._timings is None:
            self._timings = await asyncio.to_thread(Timings, self._place)
        running = self._child.is_running()
        self._read()
        if running:
            share = self._output.share(folder=self._place.workflow, seconds_of=self._timings.of_rule)
            new = {"done": self._output.done, "total": self._output.total, "rule": self._output.rule, "share": share}
            if any(getattr(run, name) != value for name, value in new.items()):
                vars(run).update(new)
                self._events.put("run", run.told(), key=run.id)
            return
        self._left_locked |= self._output.left_locked
        if run.cancelled or (self._child.status != 0 and self._output.was_interrupted):
            self._end(run, CANCELLED)
        elif self._child.status == 0 or (self._child.status is None and self._output.complete):
            run.step += 1
            if run.step < len(self._commands(run)):
                self._start(run)
            else:
                self._end(run, DONE)
        else:
            self._end(run, FAILED, self._why())

    def _why(self) -> str:
        """The line that is shown for a run that failed."""
        if self._output.line:
            return self._output.line
        status = self._child.status
        if status is not None and status < 0:
            return f"the run was ended by the signal {signal.Signals(-status).name}; make it again to go on"
        return f"the run ended early; its last lines are in {self._child.log}"

    def _read(self) -> None:
        for line in self._tail.lines():
            self._output.feed(line)

    def _unlock(self) -> None:
        """Take away the lock of Snakemake that a run of ours has left, which was killed while it held it."""
        self._child.start(unlock_command(self._place), cwd=self._place.workflow)
        while self._child.is_running():
            time.sleep(LOOK_S)
        self._left_locked = False

    def _end(self, run: Run, state: str, line: str = "") -> None:
        run.state, run.line, run.rule, run.ended_at = state, line, "", time.time()
        if state == DONE:
            run.share, run.done = 1.0, run.total
        if run is self._current:
            self._current = None
        self._tell(run)
        for old in [run for run in self._runs.values() if run.state not in OPEN][:-MOST_ENDED]:
            self._forget(old)

    def _forget(self, run: Run) -> None:
        self._runs.pop(run.id, None)
        self._events.forget("run", key=run.id)

    def _tell(self, run: Run) -> None:
        """Tell the pages, and write down for a later server, what has become of a run."""
        self._events.put("run", run.told(), key=run.id)
        with contextlib.suppress(OSError):  # a full disk: the run itself says so
            write_text(self._folder / "runs.json", json.dumps([asdict(run) for run in self._runs.values()], indent=1))

    def _take_up(self) -> None:
        """What a server before this one has left: runs that ended, and one that may be going on."""
        for run in read_runs(self._folder / "runs.json"):
            if run.state == QUEUED:
                continue
            self._runs[run.id] = run
            if run.state == RUNNING and self._current is None:
                self._current = run
            self._events.put("run", run.told(), key=run.id)


def read_runs(path: Path) -> Sequence[Run]:
    """The runs that a server has written down; none where there is no such file or it is another one's."""
    try:
        return [Run(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def keep_versions(place: Place, run: Run) -> None:
    """Keep what the run would overwrite, so that it can be compared with what it makes."""
    if run.person and run.song:
        keep(place, run.person, run.song)
