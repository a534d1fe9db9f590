"""Snakemake as a user runs it in this checkout, and what it says."""

import atexit
import json
import re
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from checkout import ROOT

# Where beats are not what is tried: the networks that hear them take longer.
TRACKER = "music={beats: tracker}"


@cache
def warm(thread: int) -> subprocess.Popen[str]:
    """The process that runs Snakemake for a thread of this one; it ends with this one, when its input does."""
    command = [sys.executable, str(Path(__file__).with_name("warm_snakemake.py"))]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(process.communicate)
    return process


def snakemake(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """What `python -m snakemake ARGUMENTS` does in a folder and says, without the seconds of its imports."""
    with TemporaryDirectory() as outputs:
        files = {name: f"{outputs}/{name}" for name in ("stdout", "stderr")}
        process = warm(threading.get_ident())
        process.stdin.write(json.dumps({"arguments": arguments, "folder": str(folder), **files}) + "\n")
        process.stdin.flush()
        status = int(process.stdout.readline())
        said = {name: Path(path).read_text() for name, path in files.items()}
    return subprocess.CompletedProcess(arguments, status, **said)


def error_of(run: subprocess.CompletedProcess[str]) -> str:
    """The one line of what went wrong; there must be one, no traceback, and a status that is not 0."""
    lines = [line for line in (run.stdout + run.stderr).splitlines() if line.startswith("error: ")]
    assert run.returncode != 0
    assert len(lines) == 1, run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    return lines[0]


def config(values: dict[str, str], *more: str) -> list[str]:
    return ["--config", *(f"{key}={value}" for key, value in values.items()), *more]


def planned(run: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """Rules and numbers of jobs of a dry run."""
    assert run.returncode == 0, run.stdout + run.stderr
    table = (run.stdout + run.stderr).split("Job stats:")[1].split("total")[0]
    return {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}
