"""A job that a signal ended is one line with its rule and its log."""

import subprocess
import sys

import pytest

from danceit_core.crashes import crash_lines

RULE = """
rule {name}:
    output: "{name}.txt"
    log: "logs/{name}.log"
    shell: {command!r}
"""
DIE = "{python} -c 'import os, signal; os.kill(os.getpid(), signal.{name})'"


def log_of(folder, *commands):
    """The log of a real Snakemake whose rules `job0`, `job1`, ... run these commands."""
    names = [f"job{index}" for index in range(len(commands))]
    rules = [RULE.format(name=name, command=command) for name, command in zip(names, commands, strict=True)]
    first = "rule all:\n    input: " + ", ".join(f'"{name}.txt"' for name in names) + "\n"
    (folder / "Snakefile").write_text(first + "".join(rules))
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--keep-going"]
    subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120)
    (log,) = (folder / ".snakemake" / "log").glob("*.log")
    return log.read_text()


def die(name, *, bash=False):
    command = DIE.format(python=sys.executable, name=name)
    return f"true; {command}; touch never" if bash else command


def test_real_crashes_are_named_with_their_rules(tmp_path):
    commands = [die("SIGSEGV"), die("SIGABRT", bash=True), die("SIGKILL"), "exit 1", die("SIGTERM")]
    lines = sorted(crash_lines(log_of(tmp_path, *commands)))
    assert len(lines) == 3
    assert lines[0].startswith("rule job0 crashed (SIGSEGV) in a native library; see logs/job0.log, which")
    assert lines[1].startswith("rule job1 crashed (SIGABRT)")
    assert lines[2].startswith("rule job2 was killed from outside, usually because memory ran out")


@pytest.mark.parametrize("name", ["SIGBUS", "SIGILL", "SIGFPE"])
def test_what_the_log_does_not_name_is_left_out(name):
    (line,) = crash_lines(f"Command 'python x' died with <Signals.{name}: 4>.\n")
    assert line.startswith(f"a job crashed ({name})")
    assert "\n" not in line


def test_other_logs_say_nothing():
    assert not list(crash_lines("Error in rule a:\n    jobid: 1\nreturned non-zero exit status 1.\n"))
