"""The command `danceit` as a user runs it, and what it says."""

import os
import subprocess
import sys
from pathlib import Path

from checkout import ROOT

COMMAND = [sys.executable, "-m", "danceit_core.cli"]


def environment(**more: str) -> dict[str, str]:
    """The variables of a shell in which this checkout's library is found."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def danceit(*arguments: str | Path, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], cwd=cwd, env=environment(**variables), capture_output=True, text=True,
        errors="replace", timeout=300, check=False,
    )  # fmt: skip


def error_line(run: subprocess.CompletedProcess[str], *, status: int = 1) -> str:
    """The one line that a fault ends in; no traceback."""
    assert run.returncode == status, run.stdout + run.stderr
    lines = [line for line in run.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    return lines[0]
