"""The checkout, its environment, a project and its results in folders whose names a shell would take apart."""

import os
import shlex
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


@pytest.mark.parametrize("name", ["it's \"$HOME` & ;b", "Tänze #1 100%\nnew line"])
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
        ("caf\udce9", "caf\\udce9', has a name that is not utf-8 text; rename it"),
    ],
)
def test_a_checkout_that_cannot_work_there_is_one_line(tmp_path, name, words):
    folder = checkout(tmp_path / name)
    line = error_of(snakemake_in(folder, "--cores", "1", "--", SONG))
    assert line.startswith("error: the folder of DanceIt, ")
    assert words in line


def test_a_project_in_any_folder(own, tmp_path):
    name = "it's #1; $HOME & `x` 100% ä"
    folder = checkout(tmp_path / name)
    files = {"videos": [tmp_path / "dance.mp4"], "songs": [tmp_path / "song.flac"]}
    shutil.copy(tmp_path / "dance.mp4", tmp_path / "person.mp4")
    report = new_project(folder / name, **files, persons=[tmp_path / "person.mp4"], consent=True)
    assert yaml.safe_load((folder / name / "config.yaml").read_text())["results"] == f"{folder / name}/results"
    # Results are asked for as they are typed in the checkout, the configuration as it is written.
    config, wanted = shlex.quote(str(folder / name / "config.yaml")), f"{name}/results/music/song.parquet"
    command = f'.venv/bin/python -m snakemake --cores 1 --configfile {config} -- "$0"'
    run = run_in(folder, "bash", "-c", command, wanted)
    assert run.returncode == 0, run.stdout + run.stderr
    assert (folder / wanted).exists()
    # The command that new_project ends with, as a shell reads it, and the one that it prints.
    command = report[-1].removeprefix("then: ").replace("danceit", ".venv/bin/python -m danceit_core.cli", 1)
    run = run_in(folder, "bash", "-c", f"{command} --preview --dry-run --cores 1")
    assert planned(run)["preview_poses"] == 1
    printed = next(line for line in run.stderr.splitlines() if " -m snakemake " in line)
    again = run_in(folder, "bash", "-c", printed)
    assert planned(again) == planned(run)
    # And `make`, which has a dollar sign doubled on its command line.
    make = ["make", "CORES=1 --dry-run", f"PROJECT={name.replace('$', '$$')}"]
    run = run_in(folder, *make, "video")
    # The draft first, then all.
    assert planned(run)["draft_video"] == 1
    assert "rule render_video:" in run.stdout
