"""A project of one's own, begun from files: tables that the workflow takes, and nothing lost when called again."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from test_inputs import SCHEMAS

from danceit_core.errors import ConfigError, MediaError
from danceit_core.inputs import Project, load_project
from danceit_core.media.audio import write_sound
from danceit_core.media.picture import write_picture
from danceit_core.media.video import VideoWriter
from danceit_core.new_project import make_id, new_project


def write_dance(path: Path, *, frames: int = 24) -> None:
    with VideoWriter(path, fps=24, size=(32, 32), crf=30) as writer:
        for _ in range(frames):
            writer.write(np.zeros((32, 32, 3), np.uint8))


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Any]:
    """A folder of two dances and other things, a song and a person."""
    dances = tmp_path / "dances"
    dances.mkdir()
    for name in ("dances/anna.mp4", "dances/club 'night'.mp4", "dances/._anna.mp4", "bert.mp4"):
        write_dance(tmp_path / name)
    write_picture(dances / "cover.png", np.zeros((8, 8, 3), np.uint8))
    (dances / "notes.txt").write_text("to be danced\n")
    write_sound(tmp_path / "summer.flac", np.zeros(16_000, np.float32), sample_rate_hz=8000)
    return {"videos": [dances], "songs": [tmp_path / "summer.flac"], "persons": [tmp_path / "bert.mp4"]}


def loaded(folder: Path) -> Project:
    config = {"seed": 0} | yaml.safe_load((folder / "config.yaml").read_text())
    return load_project(config, schemas=SCHEMAS, config_files="config.yaml")


def test_the_workflow_takes_what_was_written(given, tmp_path):
    folder = tmp_path / "my"
    report = new_project(folder, **given, consent=True)
    project = loaded(folder)
    assert list(project.videos.index) == ["anna", "club_night"]
    assert project.videos.at["club_night", "path"] == str(tmp_path / "dances/club 'night'.mp4")
    assert list(project.songs.index) == ["summer"]
    assert dict(project.targets.loc["bert"]) == {"target": "bert", "path": str(tmp_path / "bert.mp4"), "consent": "yes"}
    assert f"left out: {tmp_path}/dances/cover.png (no video)" in report
    assert f"left out: {tmp_path}/dances/notes.txt (no video)" in report
    assert report[-1] == f"then: snakemake --configfile {folder}/config.yaml"


def test_nobody_dances_without_consent(given, tmp_path):
    report = new_project(tmp_path / "my", **given, consent=False)
    assert f"then: write yes into the column consent of {tmp_path}/my/targets.tsv if bert agrees" in report
    with pytest.raises(ConfigError, match=r"'consent' is missing; add it \(the person agreed .*: write yes\)"):
        loaded(tmp_path / "my")


def test_called_again_it_adds_what_is_new_and_keeps_the_rest(given, tmp_path):
    folder = tmp_path / "my"
    new_project(folder, **given, consent=True)
    table, config = folder / "videos.tsv", folder / "config.yaml"
    table.write_text(f"# mine\nstyle\tvideo\tpath\nwaltz\tann\t{tmp_path}/dances/anna.mp4")
    config.write_text(config.read_text() + "seed: 3\n")
    (tmp_path / "dances/notes.txt").unlink()
    again = new_project(folder, videos=given["videos"], songs=[], persons=[], consent=False)
    assert f"{table}: 2, 1 of them new" in again
    assert table.read_text() == (
        f"# mine\nstyle\tvideo\tpath\nwaltz\tann\t{tmp_path}/dances/anna.mp4\n"
        f"\tclub_night\t{tmp_path}/dances/club 'night'.mp4\n"
    )
    assert config.read_text().endswith("seed: 3\n")
    assert list(loaded(folder).targets.index) == ["bert"]


@pytest.mark.parametrize("name", ["a\tb", 'say "yes"', '"yes"', "a\nb", "ünï", "日本", "x" * 200, "-", "con", "-- rm"])
def test_names_of_every_kind_come_through_the_tables(name, given, tmp_path):
    odd = (tmp_path / "dances/anna.mp4").rename(tmp_path / f"dances/{name}.mp4")
    new_project(tmp_path / "my", **given, consent=True)
    assert str(odd) in set(loaded(tmp_path / "my").videos["path"])


@pytest.mark.parametrize(
    ("name", "row_id"),
    [
        ("anna", "anna_3"),
        ("Anna", "Anna_3"),
        ("Zoë & Łu", "Zoe_u"),
        ("日本", "video"),
        ("--x", "x"),
        ("a.b  c", "a_b_c"),
    ],
)
def test_ids_are_like_the_names_and_of_nobody_else(name, row_id):
    assert make_id(name, {"anna", "anna_2"}, otherwise="video") == row_id


def test_a_file_that_cannot_serve_is_one_line_and_nothing_is_written(given, tmp_path):
    with pytest.raises(MediaError, match=r"summer\.flac: no video; name a file that holds video"):
        new_project(tmp_path / "my", **given | {"videos": given["songs"]}, consent=True)
    with pytest.raises(MediaError, match="gone: no such file"):
        new_project(tmp_path / "my", **given | {"persons": [tmp_path / "gone"]}, consent=True)
    with pytest.raises(ConfigError, match="my has no song yet; name one with --songs PATH"):
        new_project(tmp_path / "my", **given | {"songs": []}, consent=True)
    assert not (tmp_path / "my").exists()


def test_the_command_line(given, tmp_path):
    command = [sys.executable, "-m", "danceit_core.new_project", str(tmp_path / "my"), "--videos", *given["videos"]]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == f"error: {tmp_path}/my has no song yet; name one with --songs PATH\n"
    command += ["--songs", *given["songs"], "--persons", *given["persons"], "--consent"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert "videos.tsv: 2, 2 of them new" in run.stdout
    command[3] = str(given["songs"][0] / "my")
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1
