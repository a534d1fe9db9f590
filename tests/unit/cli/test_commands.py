"""The commands around a run: help, start-up, completion, checks and faults in one line."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_runs import COMMAND, danceit, environment, error_line

from danceit_core import __version__
from danceit_core.cli.main import InOrder
from danceit_core.cli.project import ids
from danceit_core.media.audio import write_sound
from danceit_core.media.video import VideoWriter
from danceit_core.new_project import new_project

# What takes longer to import than the rest of a command's start.
HEAVY = ("av", "cv2", "librosa", "numpy", "pandas", "scipy", "snakemake", "starlette", "torch", "uvicorn", "yaml")


@pytest.fixture
def my(tmp_path: Path) -> Path:
    """A project of small files: two songs, two persons."""
    for name in ("anna", "bert", "bella"):
        with VideoWriter(tmp_path / f"{name}.mp4", fps=24, size=(32, 32), crf=30) as writer:
            for _ in range(24):
                writer.write(np.zeros((32, 32, 3), np.uint8))
    for name in ("summer", "winter"):
        write_sound(tmp_path / f"{name}.flac", np.zeros(24_000, np.float32), sample_rate_hz=8000)
    songs = [tmp_path / "summer.flac", tmp_path / "winter.flac"]
    persons = [tmp_path / "bert.mp4", tmp_path / "bella.mp4"]
    new_project(tmp_path / "my", videos=[tmp_path / "anna.mp4"], songs=songs, persons=persons, consent=True)
    return tmp_path / "my"


@pytest.mark.parametrize("command", [command.name for command in InOrder.order])
def test_help_has_examples(command):
    run = danceit(command, "--help")
    assert run.returncode == 0
    assert f"  danceit {command}" in run.stdout.split("Examples:")[1]


def test_version_and_list():
    assert danceit("--version").stdout == f"danceit, version {__version__}\n"
    listed = danceit("--help").stdout.split("Commands:")[1].split()
    assert [word for word in listed if word in {"new", "make", "open"}] == ["new", "make", "open"]
    assert "..." not in danceit("--help").stdout.split("Commands:")[1]


def test_help_imports_nothing_that_computes():
    code = f"import sys, danceit_core.cli.main; print(sorted(set({HEAVY}) & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_names_of_songs_and_persons_are_completed(my, tmp_path):
    (tmp_path / "danceit").write_text(f'#!/bin/sh\nexec {COMMAND[0]} -m danceit_core.cli "$@"\n')
    (tmp_path / "danceit").chmod(0o755)
    script = danceit("completion", "bash").stdout
    words = f"danceit make {my} --song s"
    ask = f'{script}\nCOMP_WORDS=({words}) COMP_CWORD=4\n_danceit_completion danceit\necho "${{COMPREPLY[@]}}"'
    path = f"{tmp_path}:{environment()['PATH']}"
    run = subprocess.run(["bash", "-c", ask], env=environment(PATH=path), capture_output=True, text=True, check=False)
    assert run.stdout == "summer\n", run.stderr
    asked = {"_DANCEIT_COMPLETE": "zsh_complete", "COMP_WORDS": f"danceit export {my} --person b", "COMP_CWORD": "4"}
    assert danceit(**asked).stdout.split() == ["plain", "bert", "_", "plain", "bella", "_"]
    # Where no table can be read there is nothing to complete, and no error.
    assert ids(tmp_path, "songs") == []
    assert ids(my, "songs") == ["summer", "winter"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["make", "{my}", "--song", "sumer"], "error: no song 'sumer' in {my}/songs.tsv; did you mean 'summer'?"),
        (
            ["export", "{my}", "--format", "bvh", "--person", "zoe"],
            "error: no person 'zoe' in {my}/targets.tsv; known: bert, bella",
        ),
        (
            ["report", "{my}/none"],
            "error: {my}/none holds no config.yaml; create the project with `danceit new {my}/none`",
        ),
    ],
)
def test_what_is_not_there_is_one_line(my, arguments, line):
    run = danceit(*(word.format(my=my) for word in arguments))
    assert error_line(run) == line.format(my=my)
    assert run.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [["make", "--cores", "0"], ["make", "--all", "--song", "x"], ["export"], ["open", "--port", "70000"], ["mak"]],
)
def test_a_command_line_that_cannot_be_read_is_status_2(arguments):
    run = danceit(*arguments)
    assert run.returncode == 2
    assert run.stderr.startswith("Usage: danceit ")


def test_check_looks_into_each_file(my, tmp_path):
    run = danceit("check", my)
    assert run.returncode == 0, run.stderr
    assert "project my: 1 dance videos, 2 songs, 2 persons, 0 edits" in run.stdout
    assert "person bert: the video was not looked at yet; a draft does that" in run.stdout
    assert "encoder libx264: there" in run.stdout
    found = my / "results/gan/bert/check.json"
    found.parent.mkdir(parents=True)
    found.write_text('{"findings": [{"check": "size", "severity": "warning", "sentence": "the head gets 12 pixels"}]}')
    (tmp_path / "winter.flac").write_text("words\n")
    run = danceit("check", my)
    assert "person bert: 1 to say:\n  warning: the head gets 12 pixels\n" in run.stdout
    assert f"fault: {my}/songs.tsv: winter: {tmp_path}/winter.flac: no sound can be decoded; name" in run.stdout
    assert error_line(run) == "error: 1 fault; the lines above name each with its remedy"
    found.write_text("half a fi")
    assert f"{found} cannot be read" in error_line(danceit("check", my))
    (my / "config.yaml").write_text((my / "config.yaml").read_text() + "sed: 3\n")
    assert "unknown key 'sed'; did you mean 'seed'?" in error_line(danceit("check", my))
