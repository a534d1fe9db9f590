"""What a run would do and how long it takes: a dry run of Snakemake, and how long the same jobs took before.

A job's seconds are those of its own benchmark (`results/benchmarks`) or log (`results/logs`, "... took 2.3 s"), which
the rules write, else the mean of its rule's. Where neither is there: what `estimates` ask a queue for beyond their
least, by four, as they ask for about four times the time that was measured.
"""

import csv
import re
import statistics
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danceit_core.cutting_room.loaded import project_of
from danceit_core.cutting_room.progress import FAULT, RULE, last_lines
from danceit_core.engine import snakemake_command
from danceit_core.errors import DanceItError, ServerError
from danceit_core.estimates import make_estimates
from danceit_core.place import Place

DETAIL = re.compile(r"    (benchmark|log|threads): (.+)")
TOOK = re.compile(r"\w+: \w+ took ([0-9.]+) s")
RUNTIME = re.compile(r"    resources: .*\bruntime=(\d+)")
# By how much `estimates` are longer than what was measured, and the most that they begin with, minutes.
SAFETY, LEAST_ASKED_MIN = 4.0, 60.0
# Of a job of which nothing is known, and of one that was never measured: it starts a Python, at least.
LEAST_S, USUAL_S = 1.0, 5.0
LONGEST_DRY_RUN_S = 120.0
# Of a thousand dances, so many benchmarks of a rule tell enough.
MOST_FILES = 30


@dataclass
class Job:
    """A job of a dry run. benchmark, log: paths as Snakemake writes them; runtime_min: what it asks a queue for."""

    rule: str
    benchmark: str = ""
    log: str = ""
    threads: int = 1
    runtime_min: float = 0.0


class Timings:
    """How long the jobs of a project take, by what its benchmarks say now."""

    def __init__(self, place: Place) -> None:
        self._place = place
        benchmarks, logs = place.results / "benchmarks", place.results / "logs"
        self._means = mean_seconds(logs, "*.log", read_took) | mean_seconds(benchmarks, "*.tsv", read_seconds)
        try:
            self._estimates = make_estimates(project_of(place).settings)
        except DanceItError:  # tables at fault: the run that is asked about says so
            self._estimates = {}

    def of_rule(self, rule: str) -> float:
        """Seconds of a job of a rule."""
        if rule in self._means:
            return max(self._means[rule], LEAST_S)
        return self._guess(rule, 0.0) or LEAST_S

    def of_job(self, job: Job) -> float | None:
        """Seconds of a job, None where it was neither measured nor guessed."""
        for path, read in ((job.benchmark, read_seconds), (job.log, read_took)):
            if path and (measured := read(self._place.workflow / path)) is not None:
                return measured
        return self._means[job.rule] if job.rule in self._means else self._guess(job.rule, job.runtime_min)

    def _guess(self, rule: str, asked_min: float) -> float | None:
        estimate = self._estimates.get(rule)
        if estimate is None:
            return None
        beyond_min = max(asked_min, estimate.base_min) - min(estimate.base_min, LEAST_ASKED_MIN)
        return max(beyond_min * 60 / SAFETY, USUAL_S)


def forecast(place: Place, targets: Sequence[str | Path], *, cores: int) -> dict[str, Any]:
    """What making `targets` takes: {jobs: [{rule, count, seconds}], seconds, complete}.

    complete: the time of every job is known. seconds: of the whole on so many cores, which are busy all the time (a
    lower bound where jobs wait for each other). Raises ServerError of one line where the run would not begin.
    """
    command = snakemake_command(place, targets, options=["--dry-run"])
    try:
        done = subprocess.run(
            command, cwd=place.workflow, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=LONGEST_DRY_RUN_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ServerError("looking up what has to run took too long; try again when the machine is less busy") from None
    lines = (done.stdout + done.stderr).splitlines()
    if done.returncode:
        faults = [found[1] for line in lines if (found := FAULT.fullmatch(line))]
        raise ServerError(faults[-1] if faults else _last(lines))
    timings = Timings(place)
    jobs = read_jobs(lines)
    seconds = [timings.of_job(job) for job in jobs]
    rules = dict.fromkeys(job.rule for job in jobs)
    by_rule = {rule: [s for job, s in zip(jobs, seconds, strict=True) if job.rule == rule] for rule in rules}
    busy = sum((s or LEAST_S) * min(job.threads, cores) for job, s in zip(jobs, seconds, strict=True))
    return {
        "jobs": [
            {
                "rule": rule,
                "count": len(known),
                "seconds": None if None in known else round(sum(filter(None, known)), 1),
            }
            for rule, known in by_rule.items()
        ],
        "seconds": round(max(busy / cores, max((s or LEAST_S for s in seconds), default=0.0)), 1),
        "complete": None not in seconds,
    }


def read_jobs(lines: Sequence[str]) -> list[Job]:
    """The jobs that the output of a dry run tells of."""
    jobs: list[Job] = []
    for line in lines:
        if found := RULE.fullmatch(line):
            jobs.append(Job(found[1]))
        elif not jobs:
            continue
        elif found := DETAIL.fullmatch(line):
            if found[1] == "threads":
                jobs[-1].threads = int(found[2]) if found[2].isdecimal() else 1
            else:
                setattr(jobs[-1], found[1], found[2].partition(", ")[0])
        elif found := RUNTIME.match(line):
            jobs[-1].runtime_min = float(found[1])
    return jobs


def mean_seconds(folder: Path, pattern: str, read: Callable[[Path], float | None]) -> dict[str, float]:
    """The mean seconds of each rule's jobs: of what `read` finds in the files of the rule's folder, or in its one."""
    found: dict[str, list[float]] = {}
    for path in folder.rglob(pattern):
        known = found.setdefault(Path(path.relative_to(folder).parts[0]).stem, [])
        if len(known) < MOST_FILES and (seconds := read(path)) is not None:
            known.append(seconds)
    return {rule: statistics.fmean(seconds) for rule, seconds in found.items() if seconds}


def read_seconds(path: Path) -> float | None:
    """Column `s` of a benchmark, its last line; None where there is none."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        return float(rows[-1]["s"])
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return None


def read_took(path: Path) -> float | None:
    """The seconds that a job's log says it took, None where it does not."""
    for line in reversed(last_lines(path)):
        if found := TOOK.fullmatch(line):
            return float(found[1])
    return None


def _last(lines: Sequence[str]) -> str:
    said = [line.strip() for line in lines if line.strip()]
    return f"Snakemake cannot plan this run: {said[-1]}" if said else "Snakemake cannot plan this run and says nothing"
