"""`danceit new` on its command line: several values for an option, odd names on a terminal, faults in one line."""

import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_runs import COMMAND, danceit, environment, error_line

from danceit_core.cli.new import with_names
from danceit_core.media.audio import write_sound
from danceit_core.media.video import VideoWriter
from danceit_core.tsv import read_cells


def write_dance(path: Path) -> None:
    with VideoWriter(path, fps=24, size=(32, 32), crf=30) as writer:
        for _ in range(24):
            writer.write(np.zeros((32, 32, 3), np.uint8))


@pytest.fixture
def given(tmp_path: Path) -> dict[str, list[Path]]:
    for name in ("anna.mp4", "carl.mp4", "bert.mp4"):
        write_dance(tmp_path / name)
    write_sound(tmp_path / "summer.flac", np.zeros(16_000, np.float32), sample_rate_hz=8000)
    videos = [tmp_path / "anna.mp4", tmp_path / "carl.mp4"]
    return {"videos": videos, "songs": [tmp_path / "summer.flac"], "persons": [tmp_path / "bert.mp4"]}


def options(given: dict[str, list[Path]]) -> list[Any]:
    return [word for name, paths in given.items() for word in (f"--{name}", *paths)]


def ids(table: Path) -> list[str]:
    return [cells[0] for _, cells in read_cells(table, remedy="")[1:]]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("my --videos a b --consent c", "my --videos a --videos b --consent c"),
        ("--videos a b -- my", "--videos a --videos b -- my"),
        ("my --videos=a b", "my --videos=a b"),
        ("my --videos a --songs s t --videos b c", "my --videos a --songs s --songs t --videos b --videos c"),
        ("my --videos", "my --videos"),
        ("", ""),
    ],
)
def test_each_value_gets_its_option(typed, meant):
    assert with_names(typed.split(), {"--videos", "--songs"}) == meant.split()


def test_from_any_folder_with_relative_paths(given, tmp_path):
    (tmp_path / "inside").mkdir()
    relative = {name: [Path("..") / path.name for path in paths] for name, paths in given.items()}
    run = danceit("new", "my", *options(relative), "--consent", cwd=tmp_path / "inside")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines()[-1] == f"then: danceit make {tmp_path}/inside/my"
    rows = [cells for _, cells in read_cells(tmp_path / "inside/my/videos.tsv", remedy="")[1:]]
    assert rows == [["anna", f"{tmp_path}/anna.mp4"], ["carl", f"{tmp_path}/carl.mp4"]]
    # An option may be repeated as well, and values after `--` are the folder's.
    write_dance(tmp_path / "dora.mp4")
    write_dance(tmp_path / "emil.mp4")
    again = ["--videos", tmp_path / "dora.mp4", "--videos", tmp_path / "emil.mp4", "--", "my"]
    assert danceit("new", *again, cwd=tmp_path / "inside").returncode == 0
    assert ids(tmp_path / "inside/my/videos.tsv") == ["anna", "carl", "dora", "emil"]


def test_faults_are_one_line(given, tmp_path):
    incomplete = {"videos": given["videos"]}
    line = error_line(danceit("new", tmp_path / "my", *options(incomplete)))
    assert line == f"error: {tmp_path}/my has no song yet; name one with --songs PATH"
    assert not (tmp_path / "my").exists()
    line = error_line(danceit("new", given["songs"][0] / "my", *options(given)))
    assert "summer.flac" in line
    run = danceit("new", tmp_path / "my", "--vidoes", tmp_path)
    assert run.returncode == 2
    assert "Did you mean '--videos'?" in run.stderr


@pytest.mark.parametrize(
    ("setting", "dances"),
    # In the last, Python takes file names for ASCII, too.
    [({"PYTHONIOENCODING": "ascii"}, 3), ({"LC_ALL": "C"}, 3), ({"LC_ALL": "POSIX", "PYTHONUTF8": "0"}, 2)],
)
def test_names_on_a_terminal_that_knows_only_ascii(given, tmp_path, setting, dances):
    folder = tmp_path / "dances"
    folder.mkdir()
    for path in given["videos"]:
        path.rename(folder / path.name)
    write_dance(folder / "踊り.mp4")
    (folder / "踊り.txt").write_text("words\n")
    (folder / "caf\udce9.txt").write_text("words\n")
    command = [*COMMAND, "new", tmp_path / "my", *options(given | {"videos": [folder]}), "--consent"]
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHONIO"))}
    variables = plain | {"PYTHONPATH": environment()["PYTHONPATH"]} | setting
    run = subprocess.run(command, env=variables, capture_output=True, check=False)
    assert (run.returncode, run.stderr) == (0, b"")
    assert b"left out: " in run.stdout
    assert len(ids(tmp_path / "my/videos.tsv")) == dances
