"""Runs of a real Snakemake through the command: the printed line, faults, and one interrupt that ends all jobs."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_runs import environment, error_line

# `slow` waits until it is interrupted, unless there is a file `go`.
SNAKEFILE = """
rule slow:
    input: "first.txt"
    output: "done.txt"
    shell: "echo $$ > job; [ -e go ] || sleep 60; touch {output}"

rule first:
    output: "first.txt"
    shell: "touch {output}"

rule failing:
    output: "never.txt"
    shell: "echo 'this rule fails'; exit 3"
"""
# A command of danceit's kind whose workflow is the small one.
PROGRAM = """
import sys
from pathlib import Path
import click
from danceit_core.cli.main import Commands
from danceit_core.cli.running import run
from danceit_core.place import Place

@click.group(cls=Commands)
def group(): pass

@group.command()
@click.argument("target")
def go(target):
    folder = Path.cwd() / "work flow"
    place = Place(folder, None, None, {}, folder / "results", {})
    run(place, [sys.executable, "-m", "snakemake", "--cores", "1", "--", target], started_in=Path.cwd())
    click.echo("the end")

group(prog_name="danceit")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "work flow").mkdir()
    (tmp_path / "work flow/Snakefile").write_text(SNAKEFILE)
    return tmp_path


def start(folder: Path, target: str) -> subprocess.Popen[str]:
    """The program in a process group of its own. A test may run in the background, where interrupts are ignored."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "go", target], cwd=folder, env=environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 (no threads)
    )  # fmt: skip


def finished(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    out, errors = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, out, errors)


def job_of(folder: Path) -> int:
    """The process of the job that waits, once it runs."""
    path = folder / "work flow/job"
    for _ in range(300):
        if path.exists() and path.read_text().strip():
            return int(path.read_text())
        time.sleep(0.1)
    raise AssertionError("the job did not start within 30 s")


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()


@pytest.mark.parametrize("everybody", [False, True], ids=["kill -INT", "Ctrl-C"])
def test_one_interrupt_ends_the_jobs_and_the_next_call_goes_on(folder, everybody):
    process = start(folder, "done.txt")
    job = job_of(folder)
    first = (folder / "work flow/first.txt").stat().st_mtime_ns
    # A terminal interrupts all processes in its foreground group, `kill` one.
    (os.killpg if everybody else os.kill)(process.pid, signal.SIGINT)
    run = finished(process)
    assert run.returncode == 130, run.stderr
    assert run.stderr.splitlines()[-1] == "interrupted"
    assert "Traceback" not in run.stderr
    assert run.stdout == ""
    assert not is_running(job)
    assert not (folder / "work flow/done.txt").exists()
    (folder / "work flow/go").touch()
    again = finished(start(folder, "done.txt"))
    assert (again.returncode, again.stdout) == (0, "the end\n"), again.stderr
    assert (folder / "work flow/first.txt").stat().st_mtime_ns == first


def test_a_run_that_fails_ends_in_one_line(folder):
    run = finished(start(folder, "never.txt"))
    assert error_line(run).startswith("error: Snakemake ended with status 1; its lines above name the cause")
    assert "this rule fails" in run.stdout + run.stderr


def test_the_printed_line_is_the_command_that_ran(folder):
    run = finished(start(folder, "first.txt"))
    line = run.stderr.splitlines()[0]
    assert line.startswith(f"cd '{folder}/work flow' && ")
    bash = ["bash", "-c", line]
    again = subprocess.run(bash, cwd="/", env=environment(), capture_output=True, text=True, check=False)
    assert again.returncode == 0
    assert "Nothing to be done" in again.stdout + again.stderr
