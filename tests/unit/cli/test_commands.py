"""The commands around a run: help, start-up, completion, checks and faults in one line."""

import subprocess
import sys

import pytest
from checkout import ROOT
from command_runs import COMMAND, danceit, environment, error_line

from danceit_core import __version__
from danceit_core.cli import installed
from danceit_core.cli.check import person_lines
from danceit_core.cli.main import InOrder
from danceit_core.cli.project import ids
from danceit_core.errors import ConfigError
from danceit_core.place import open_place

# What takes longer to import than the rest of a command's start.
HEAVY = ("av", "cv2", "librosa", "numpy", "pandas", "scipy", "snakemake", "starlette", "torch", "uvicorn", "yaml")


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


def test_names_of_songs_and_persons_are_completed(own_project, tmp_path):
    (tmp_path / "danceit").write_text(f'#!/bin/sh\nexec {COMMAND[0]} -m danceit_core.cli "$@"\n')
    (tmp_path / "danceit").chmod(0o755)
    script = danceit("completion", "bash").stdout
    words = f"danceit make {own_project} --song s"
    ask = f'{script}\nCOMP_WORDS=({words}) COMP_CWORD=4\n_danceit_completion danceit\necho "${{COMPREPLY[@]}}"'
    path = f"{tmp_path}:{environment()['PATH']}"
    run = subprocess.run(["bash", "-c", ask], env=environment(PATH=path), capture_output=True, text=True, check=False)
    assert run.stdout == "summer\n", run.stderr
    asked = {
        "_DANCEIT_COMPLETE": "zsh_complete",
        "COMP_WORDS": f"danceit export {own_project} --person b",
        "COMP_CWORD": "4",
    }
    assert danceit(**asked).stdout.split() == ["plain", "bert", "_", "plain", "bella", "_"]
    # Where no table can be read there is nothing to complete, and no error.
    assert ids(tmp_path, "songs") == []
    assert ids(own_project, "songs") == ["summer", "winter"]


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
def test_what_is_not_there_is_one_line(own_project, arguments, line):
    run = danceit(*(word.format(my=own_project) for word in arguments))
    assert error_line(run) == line.format(my=own_project)
    assert run.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [["make", "--cores", "0"], ["make", "--all", "--song", "x"], ["export"], ["open", "--port", "70000"], ["mak"]],
)
def test_a_command_line_that_cannot_be_read_is_status_2(arguments):
    run = danceit(*arguments)
    assert run.returncode == 2
    assert run.stderr.startswith("Usage: danceit ")


def test_check_looks_into_each_file(own_project, tmp_path):
    (tmp_path / "files/winter.flac").write_text("words\n")
    run = danceit("check", own_project)
    assert error_line(run) == "error: 1 fault; the lines above name each with its remedy"
    assert "encoder libx264: there" in run.stdout
    assert "project my: 1 dance videos, 2 songs, 2 persons, 0 edits" in run.stdout
    assert (
        f"fault: {own_project}/songs.tsv: winter: {tmp_path}/files/winter.flac: no sound can be decoded; name"
        in run.stdout
    )
    assert "person bert: the video was not looked at yet; a draft does that" in run.stdout


def test_check_tells_what_was_found_out_about_a_person(own_project):
    place = open_place(own_project, workflow=ROOT)
    project = place.load()
    found = own_project / "results/gan/bert/check.json"
    found.parent.mkdir(parents=True)
    found.write_text('{"findings": [{"check": "size", "severity": "warning", "sentence": "the head gets 12 pixels"}]}')
    assert list(person_lines(place, project)) == [
        "person bert: 1 to say:",
        "  warning: the head gets 12 pixels",
        "person bella: the video was not looked at yet; a draft does that",
    ]
    found.write_text("half a fi")
    with pytest.raises(ConfigError, match=r"check\.json cannot be read .*; delete it"):
        list(person_lines(place, project))


def test_too_little_room_on_the_disk_is_a_fault(tmp_path, monkeypatch):
    assert installed._disk(tmp_path / "not/yet/there")[0].endswith(f"GB free in {tmp_path}")
    monkeypatch.setattr(installed, "LEAST_FREE_GB", 1e6)
    line, fault = installed._disk(tmp_path)
    assert line.startswith("disk: ")
    assert fault.endswith(f"are free in {tmp_path}; free 1000000 GB, or set results to another disk")
