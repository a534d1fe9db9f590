"""Cases in processes of their own: forked after the imports, with limits on time, memory and disk.

A case runs under `danceit_core.run.stage`, as in a rule. It ends well (a result, or one line that names the file) or
badly: the interpreter crashes, it hangs, takes too much memory, the stage says "failed unexpectedly", or its line does
not name the file.
"""

import faulthandler
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from danceit_core.run import stage

# Of the processor; a busy machine may take longer by the clock.
LIMIT_S = 30
LIMIT_BY_CLOCK_S = 10 * LIMIT_S
LIMIT_BYTES = 2 * 2**30
VALID, REFUSED = "valid result", "one line"
GOOD = (VALID, REFUSED)
CRASH, HANG, MEMORY, UNEXPECTED, VAGUE = "crash", "hang", "memory", "unexpected error", "line without the file"


@dataclass(frozen=True)
class Case:
    """prepare: puts the damaged file into a folder and returns its path and what was done to it; read: the rule's.

    named: files that a line may name instead.
    """

    name: str
    prepare: Callable[[Path], tuple[Path, str]]
    read: Callable[[Path], object]
    named: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """outcome: of GOOD or not; line: the stage's last; detail: what a person needs to mend it.

    seconds: of the processor. peak_bytes: of memory, what was imported before included.
    """

    case: str
    damage: str
    outcome: str
    line: str
    detail: str
    seconds: float
    peak_bytes: int


def run_cases(cases: Iterable[Case], *, jobs: int, keep: Path | None = None) -> Iterator[Result]:
    """The results of cases, as they end, `jobs` at a time. keep: where the folders of those that end badly are put."""
    running: dict[int, tuple[Case, Path]] = {}
    waiting = iter(cases)
    base = Path(tempfile.mkdtemp(prefix="danceit-fuzz-"))
    number = 0
    try:
        while True:
            while len(running) < jobs and (case := next(waiting, None)) is not None:
                folder = base / str(number)
                folder.mkdir()
                number += 1
                running[_fork(case, folder)] = case, folder
            if not running:
                return
            process, status, usage = os.wait4(-1, 0)
            case, folder = running.pop(process)
            seconds = usage.ru_utime + usage.ru_stime
            result = _judge(case, folder, status, seconds, usage.ru_maxrss * 1024)
            if keep is not None and result.outcome not in GOOD:
                shutil.copytree(folder, keep / case.name.replace("/", "_"), dirs_exist_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            yield result
    finally:
        for process in running:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        shutil.rmtree(base, ignore_errors=True)


def _fork(case: Case, folder: Path) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        _run(case, folder)
        status = 0
    except BaseException:
        (folder / "harness").write_text(traceback.format_exc())
    finally:
        os._exit(status)


def _run(case: Case, folder: Path) -> None:
    output = os.open(folder / "output", os.O_CREAT | os.O_WRONLY)
    os.dup2(output, 1)
    os.dup2(output, 2)
    path, damage = case.prepare(folder)
    (folder / "case.json").write_text(json.dumps({"file": path.name, "damage": damage}))
    faulthandler.enable()
    faulthandler.register(signal.SIGPROF, chain=True)
    memory = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    data = int(memory["VmData"].split()[0])
    most = 1024 * data + LIMIT_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(LIMIT_BY_CLOCK_S)
    signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
    files = {"input": [], "output": [str(folder / "result")], "log": [str(folder / "log")]}
    job = SimpleNamespace(rule="read_case", threads=1, resources={}, **files)
    os.chdir(path.parent)
    try:
        with stage(job):
            case.read(path)
        (folder / "done").write_text(VALID)
    except SystemExit:
        (folder / "done").write_text(REFUSED)


def _judge(case: Case, folder: Path, status: int, seconds: float, peak_bytes: int) -> Result:
    about = json.loads(_text(folder / "case.json") or "{}")
    done, log = _text(folder / "done"), _text(folder / "log")
    line = log.splitlines()[-1] if log else ""
    if done == REFUSED and "failed unexpectedly" in line:
        outcome = UNEXPECTED
    elif done == REFUSED and not any(name in line for name in (about["file"], *case.named)):
        outcome = VAGUE
    elif done:
        outcome = MEMORY if peak_bytes > LIMIT_BYTES else done
    else:
        by_signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        outcome = HANG if by_signal in (signal.SIGALRM, signal.SIGPROF) else CRASH
    detail = "" if outcome in GOOD else (log + _text(folder / "output") + _text(folder / "harness"))[-6000:]
    return Result(case.name, about.get("damage", "?"), outcome, line, detail, seconds, peak_bytes)


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""
