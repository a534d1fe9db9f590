"""The checkout, its environment, a project and its results in folders whose names a shell would take apart."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from checkout import ROOT
from snakemake_runs import error_of, planned

from danceit_core.new_project import new_project

pytestmark = pytest.mark.workflow

SONG = "data/demo/song.flac"
# Says which library a process has imported.
WITNESS = 'import sys\nprint("library:", __file__, file=sys.stderr)\n'


def checkout(folder: Path) -> Path:
    """What the workflow needs, copied into a folder, its environment in .venv as `make` has it."""
    folder.mkdir(parents=True)
    for name in ("config", "danceit_core", "workflow"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "environment.yml", "pyproject.toml", "constraints.txt", "requirements.lock"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv").mkdir()
    for entry in Path(sys.prefix).iterdir():
        if entry.name != "ready":
            (folder / ".venv" / entry.name).symlink_to(entry)
    (folder / ".venv/ready").touch()
    with (folder / "danceit_core/__init__.py").open("a") as file:
        file.write(WITNESS)
    return folder


def run_in(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MAKEFLAGS")}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, errors="replace", timeout=300, check=False
    )


def snakemake_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_in(folder, str(folder / ".venv/bin/python"), "-m", "snakemake", *arguments)


@pytest.mark.parametrize("name", ["My Dances", "it's", 'a"$HOME` & ;b', "Tänze #1 100%", "new\nline"])
def test_a_checkout_in_any_folder(tmp_path, name):
    folder = checkout(tmp_path / name)
    run = snakemake_in(folder, "--cores", "1", "--", SONG)
    assert run.returncode == 0, run.stdout + run.stderr
    assert (folder / SONG).stat().st_size > 0
    # Snakemake's process and the rule's have both imported the library that stands there.
    assert run.stderr.count(f"library: {folder}/danceit_core") == 2


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a{b}", "has '{' in its path; rename it"),
        ("a:b", "has ':' in its path; rename it"),
        ("caf\udce9", "caf\\udce9', has a name that is no utf-8 text; rename it"),
    ],
)
def test_a_checkout_that_cannot_work_there_is_one_line(tmp_path, name, words):
    folder = checkout(tmp_path / name)
    line = error_of(snakemake_in(folder, "--cores", "1", "--", SONG))
    assert line.startswith("error: the folder of DanceIt, ")
    assert words in line


@pytest.mark.parametrize("name", ["my dances", "it's #1; $HOME & `x` 100% ä"])
def test_a_project_in_any_folder(own, tmp_path, name):
    folder = checkout(tmp_path / name)
    files = {"videos": [tmp_path / "dance.mp4"], "songs": [tmp_path / "song.flac"]}
    shutil.copy(tmp_path / "dance.mp4", tmp_path / "person.mp4")
    report = new_project(folder / name, **files, persons=[tmp_path / "person.mp4"], consent=True)
    config = yaml.safe_load((folder / name / "config.yaml").read_text())
    assert config["results"] == f"{folder / name}/results"
    wanted = f"{config['results']}/music/song.parquet"
    # The command that new_project ends with, as a shell reads it.
    command = report[-1].removeprefix("then: ").replace("snakemake", ".venv/bin/python -m snakemake --cores 1", 1)
    run = run_in(folder, "bash", "-c", f'{command} -- "$0"', wanted)
    assert run.returncode == 0, run.stdout + run.stderr
    assert Path(wanted).exists()
    # And `make`, which has a dollar sign doubled on its command line.
    make = ["make", "CORES=1 --dry-run", f"PROJECT={name.replace('$', '$$')}"]
    run = run_in(folder, *make, "video")
    # The draft first, then all.
    assert planned(run)["draft_video"] == 1
    assert "rule render_video:" in run.stdout


def test_make_report_takes_what_was_made_beside(tmp_path):
    folder = checkout(tmp_path / "it's my $HOME")
    results = folder / "my dances/results"
    for name in ("videos/a b/c d.mp4", "evaluation/choreography/x", "matcher/m/sweep.html"):
        (results / name).parent.mkdir(parents=True)
        (results / name).touch()
    shutil.rmtree(folder / ".venv")
    (folder / ".venv/bin").mkdir(parents=True)
    python = folder / ".venv/bin/python"
    python.write_text('#!/bin/sh\nprintf "<%s>" "$@"\necho\n')
    python.chmod(0o755)
    (folder / ".venv/ready").touch()
    run = run_in(folder, "make", "report", "PROJECT=my dances")
    lines = [line for line in run.stdout.splitlines() if line.startswith("<")]
    made = ["videos/a b/c d.mp4", "evaluation/choreography", "matcher/m/sweep.html"]
    start = "<-m><snakemake><--cores><all><--configfile><my dances/config.yaml>"
    assert lines == [
        start,
        f"{start}<--quiet><all><--report><my dances/results/report.html><--><all>"
        + "".join(f"<my dances/results/{name}>" for name in made),
    ]
    assert "my dances/results/report.html is written" in run.stdout
    lines = run_in(folder, "make", "report").stdout.splitlines()
    assert "<-m><snakemake><--cores><all><--quiet><all><--report><results/report.html><--><all>" in lines
