"""What the output of Snakemake and the logs of its jobs tell of a run: steps, the rule at work, the fault.

Snakemake (9.x) tells steps as `3 of 20 steps (15%) done` and each job as a block that begins with its rule. A job's own
progress is in its log as `train_pose_gan: 300 of 1000` (`danceit_core.run.make_progress`). With `show-failed-logs`, the
line `error: ...` that ends a failed job's log is in the output, too.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

STEPS = re.compile(r"(\d+) of (\d+) steps \(\d+%\) done")
RULE = re.compile(r"(?:local)?(?:rule|checkpoint) (\w+):")
DETAIL = re.compile(r"    (log|jobid): (.+)")
FINISHED = re.compile(r"Finished jobid: (\d+) ")
STATISTIC = re.compile(r"(\w+) +(\d+)")
OWN = re.compile(r"\w+: (\d+) of (\d+)")
FAULT = re.compile(r"error: (.+)")
LOCKED = "LockException"
INTERRUPTED = ("Terminating processes on user request", "KeyboardInterrupt")
NOTHING = "Nothing to be done"
CLOSED = "Complete log"
# Of a log's end, what is read for its last line of progress, bytes.
TAIL = 2000
BUSY = (
    "another run is making files of this workflow, perhaps started in a terminal; wait until it has ended, or, where "
    "none is running (after a crash or power loss), run `snakemake --unlock` in the workflow's folder"
)


@dataclass
class Job:
    """A job that is running. log: a path as Snakemake writes it, "" for none."""

    rule: str
    log: str = ""


@dataclass
class Output:
    """What the lines told so far: steps done and in all, `jobs` that run by number, each rule's steps, the fault.

    complete: all is made. closed: Snakemake has ended by itself. locked: another run kept it from beginning.
    """

    done: int = 0
    total: int = 0
    jobs: dict[str, Job] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    finished: dict[str, int] = field(default_factory=dict)
    fault: str = ""
    locked: bool = False
    interrupted: bool = False
    complete: bool = False
    closed: bool = False
    _job: Job = field(default_factory=lambda: Job(""))
    _in_statistics: bool = False

    def feed(self, line: str) -> None:
        """Take in one line, without its end."""
        if found := STEPS.fullmatch(line):
            self.done, self.total = int(found[1]), int(found[2])
            self.complete = self.done == self.total
        elif found := RULE.fullmatch(line):
            self._job = Job(found[1])
        elif found := DETAIL.fullmatch(line):
            self._detail(found[1], found[2])
        elif found := FINISHED.match(line):
            job = self.jobs.pop(found[1], Job(""))
            self.finished[job.rule] = self.finished.get(job.rule, 0) + 1
        elif found := FAULT.fullmatch(line):
            self.fault = found[1]
        elif line == "Job stats:":
            self._in_statistics, self.steps = True, {}
        elif self._in_statistics:
            self._statistic(line)
        else:
            self.locked |= line.startswith(LOCKED)
            self.interrupted |= line.startswith(INTERRUPTED)
            self.complete |= line.startswith(NOTHING)
            self.closed |= line.startswith(CLOSED)

    @property
    def rule(self) -> str:
        """The rule whose job began last of those that run."""
        return next((job.rule for job in reversed(self.jobs.values())), "")

    @property
    def left_locked(self) -> bool:
        """Whether Snakemake, if it has ended, was killed and could not take its lock of the folder away."""
        return self.total > 0 and not self.closed and not self.locked

    @property
    def was_interrupted(self) -> bool:
        """Whether somebody ended the run before its end; no fault of its own did."""
        return self.interrupted and not self.complete and not self.line

    @property
    def line(self) -> str:
        """Why the run failed, "" where nothing was told."""
        return BUSY if self.locked else self.fault

    def _detail(self, name: str, value: str) -> None:
        if name == "log":
            self._job.log = value.partition(" (check log")[0].partition(", ")[0]
        elif self._job.rule:
            self.jobs[value] = self._job

    def _statistic(self, line: str) -> None:
        found = STATISTIC.fullmatch(line.rstrip())
        if found is None:
            self._in_statistics = line.startswith(("job ", "---"))
        elif found[1] == "total":
            self.total, self._in_statistics = int(found[2]), False
        else:
            self.steps[found[1]] = int(found[2])

    def share(self, *, folder: Path, seconds_of: Callable[[str], float]) -> float | None:
        """How much of the run's work is done, 0..1, None before it is known what there is to do.

        folder: where paths of logs begin. seconds_of: how long a job of a rule takes, so that an hour's training and a
        second's copying do not count alike.
        """
        if not self.total:
            return None
        every = sum(count * seconds_of(rule) for rule, count in self.steps.items()) or float(self.total)
        done = sum(count * seconds_of(rule) for rule, count in self.finished.items() if rule in self.steps)
        done += sum(seconds_of(job.rule) * own_share(folder / job.log) for job in self.jobs.values() if job.log)
        return min(done / every, 1.0)


class Tail:
    """A file that grows, line by line."""

    def __init__(self, path: Path) -> None:
        self._path, self._position, self._rest = path, 0, b""

    def lines(self) -> list[str]:
        """The lines that were completed since the last call."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._position)
                data = file.read()
        except OSError:
            return []
        self._position += len(data)
        *whole, self._rest = (self._rest + data).split(b"\n")
        return [line.decode(errors="replace").rstrip("\r") for line in whole]


def own_share(log: Path) -> float:
    """How far a job is by the last such line of its log, 0..1; 0 where there is none."""
    for line in reversed(last_lines(log)):
        if (found := OWN.fullmatch(line)) and int(found[2]) > 0:
            return min(int(found[1]) / int(found[2]), 1.0)
    return 0.0


def last_lines(log: Path) -> list[str]:
    """The lines at the end of a log, none where there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
            return file.read().decode(errors="replace").splitlines()
    except OSError:
        return []
