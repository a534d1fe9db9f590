"""Snakemake as a user runs it in this checkout, and what it says."""

import re
import subprocess
import sys

from checkout import ROOT


def snakemake(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "snakemake", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


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
