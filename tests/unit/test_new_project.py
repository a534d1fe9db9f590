"""A project of one's own, begun from files: tables that the workflow takes, and nothing lost when called again."""

import os
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from checkout import ROOT

from danceit_core.errors import ConfigError, MediaError
from danceit_core.inputs import Project, load_project
from danceit_core.media.audio import write_sound
from danceit_core.media.picture import write_picture
from danceit_core.media.video import VideoWriter
from danceit_core.new_project import add_files, create_project, make_id, new_project


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
    return load_project(config, schemas=ROOT / "workflow" / "schemas", config_files="config.yaml")


def test_the_workflow_takes_what_was_written(given, tmp_path):
    folder = tmp_path / "my"
    report = new_project(folder, **given, consent=True)
    project = loaded(folder)
    assert list(project.videos.index) == ["anna", "club_night"]
    assert project.videos.at["club_night", "path"] == str(tmp_path / "dances/club 'night'.mp4")
    assert list(project.songs.index) == ["summer"]
    bert = {"target": "bert", "path": str(tmp_path / "bert.mp4"), "rotate": "", "x": "", "consent": "yes"}
    bert |= {"crop": "", "start_s": "", "end_s": ""}
    assert dict(project.targets.loc["bert"]) == bert
    assert f"left out: {tmp_path}/dances/cover.png (no video)" in report
    assert f"left out: {tmp_path}/dances/notes.txt (no video)" in report
    assert report[-1] == f"then: danceit make {folder}"


def test_nobody_dances_without_consent(given, tmp_path):
    report = new_project(tmp_path / "my", **given, consent=False)
    assert f"then: write yes into the column consent of {tmp_path}/my/targets.tsv if bert agrees" in report
    with pytest.raises(ConfigError, match=r"'consent' is missing; add it \(consent of the person .*: write yes\)"):
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


@pytest.mark.parametrize(
    "name",
    [
        "a\tb", 'say "yes"', '"yes"', "a\nb", "a\rb", "a\r\nb", "ünï", "日本", "x" * 251, "-", "con", "-- rm", "#1",
        "🎵", "\x07bell \x1b[31mred", "\u202egpj", "a\u2028b", "$(touch pwned)", "100%", " before",
    ],
)  # fmt: skip
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
    with pytest.raises(MediaError, match=r"summer\.flac: no video; name a file with video"):
        new_project(tmp_path / "my", **given | {"videos": given["songs"]}, consent=True)
    with pytest.raises(MediaError, match="gone: no such file"):
        new_project(tmp_path / "my", **given | {"persons": [tmp_path / "gone"]}, consent=True)
    with pytest.raises(ConfigError, match="my has no song yet; name one with --songs PATH"):
        new_project(tmp_path / "my", **given | {"songs": []}, consent=True)
    assert not (tmp_path / "my").exists()


def test_a_name_that_no_table_can_hold_leaves_that_file_out(given, tmp_path):
    dances = tmp_path / "dances"
    for name in ("caf\udce9.mp4", "a{b}.mp4", "ends with a space.mp4 "):
        write_dance(dances / "new.mp4")
        (dances / "new.mp4").rename(dances / name)
    (dances / "gone.mp4").symlink_to(tmp_path / "nowhere.mp4")
    os.mkfifo(dances / "pipe.mp4")
    report = new_project(tmp_path / "my", **given, consent=True)
    assert list(loaded(tmp_path / "my").videos.index) == ["anna", "club_night"]
    assert [line.removeprefix(f"left out: {dances}/") for line in report if line.startswith("left out")] == [
        "pipe.mp4 (a device or pipe, not a file)",
        "gone.mp4 (a link to a missing file)",
        "ends with a space.mp4  (its name ends with white space, which a table drops; rename the file)",
        "caf\\udce9.mp4 (its name is not UTF-8 text; rename the file)",
        "cover.png (no video)",
        "notes.txt (no video)",
        "a{b}.mp4 (snakemake reads braces in a name as a wildcard; rename the file)",
    ]
    assert all(line.isprintable() for line in report)


def test_what_systems_leave_in_a_folder_is_passed_over(given, tmp_path):
    dances = tmp_path / "dances"
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "~$plan.docx", "._club.mp4"):
        (dances / name).write_bytes(bytes(4096))
    for name in ("half.mp4.part", "half.mp4.crdownload"):
        write_dance(tmp_path / "whole.mp4")
        (tmp_path / "whole.mp4").rename(dances / name)
    report = new_project(tmp_path / "my", **given, consent=True)
    assert list(loaded(tmp_path / "my").videos.index) == ["anna", "club_night"]
    left_out = {line.partition("dances/")[2] for line in report if line.startswith("left out")}
    assert left_out == {
        "cover.png (no video)",
        "notes.txt (no video)",
        "half.mp4.part (an incomplete download)",
        "half.mp4.crdownload (an incomplete download)",
    }


def test_many_files_left_out_are_one_line_and_folders_are_named(given, tmp_path):
    dances = tmp_path / "dances"
    for number in range(12):
        (dances / f"{number:02}.txt").write_text("words\n")
    for name in ("2019", "2020", "__MACOSX", ".git"):
        (dances / name).mkdir()
    report = new_project(tmp_path / "my", **given, consent=True)
    assert f"left out: 14 files of {dances} (no video): 00.txt, 01.txt, 02.txt, ..." in report
    assert f"not read: 2 folders inside {dances}: 2019, 2020; name them as well if they hold video" in report


def test_a_folder_of_nothing_that_serves_says_why(given, tmp_path):
    for file in (tmp_path / "dances").glob("*.mp4"):
        file.unlink()
    with pytest.raises(ConfigError, match=r"my has no video yet; name one with --videos PATH \(left out: .*cover\.png"):
        new_project(tmp_path / "my", **given, consent=True)


def test_a_dance_is_no_person(given, tmp_path):
    again = tmp_path / "dances/../dances/anna.mp4"
    for persons in (given["videos"], [again]):
        with pytest.raises(ConfigError, match=r"dances/anna\.mp4 is given as a dance and as a person"):
            new_project(tmp_path / "my", **given | {"persons": persons}, consent=True)
    assert not (tmp_path / "my").exists()
    new_project(tmp_path / "my", **given, consent=True)
    with pytest.raises(ConfigError, match=r"bert\.mp4 is given as a dance and as a person"):
        new_project(tmp_path / "my", videos=given["persons"], songs=[], persons=[], consent=True)
    with pytest.raises(ConfigError, match=r"anna\.mp4 is given as a dance and as a person"):
        new_project(tmp_path / "my", videos=[], songs=[], persons=[again], consent=True)
    assert "targets.tsv: 1, 0 of them new" in " ".join(new_project(tmp_path / "my", **given, consent=True))


def test_a_folder_of_many_persons(given, tmp_path):
    (tmp_path / "persons").mkdir()
    for number in range(11):
        write_dance(tmp_path / f"persons/{number}.mp4")
    with pytest.raises(ConfigError, match=r"--persons holds 11 new videos .* name up to 10 at a time"):
        new_project(tmp_path / "my", **given | {"persons": [tmp_path / "persons"]}, consent=True)
    (tmp_path / "persons/0.mp4").unlink()
    new_project(tmp_path / "my", **given | {"persons": [tmp_path / "persons"]}, consent=True)


def test_paths_are_written_without_detours(given, tmp_path, monkeypatch):
    (tmp_path / "inside").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "dances")
    (tmp_path / "dances/other name.mp4").symlink_to(tmp_path / "dances/anna.mp4")
    monkeypatch.chdir(tmp_path / "inside")
    named = {name: [Path("..") / path.relative_to(tmp_path) for path in paths] for name, paths in given.items()}
    new_project(Path("../my"), **named | {"videos": [Path("../link/../link")]}, consent=True)
    project = loaded(tmp_path / "my")
    assert list(project.videos["path"]) == [
        f"{tmp_path}/dances/{name}.mp4" for name in ("anna", "club 'night'", "other name")
    ]
    assert project.songs.at["summer", "path"] == f"{tmp_path}/summer.flac"
    again = new_project(Path("../my"), **given, consent=True)
    assert [line for line in again if ", 0 of them new" in line] == again[-4:-1]
    written = yaml.safe_load((tmp_path / "my/config.yaml").read_text())
    assert written == {
        "videos": f"{tmp_path}/my/videos.tsv",
        "songs": f"{tmp_path}/my/songs.tsv",
        "targets": f"{tmp_path}/my/targets.tsv",
        "edits": f"{tmp_path}/my/edits.tsv",
        "results": f"{tmp_path}/my/results",
    }


@pytest.mark.parametrize("name", ["my dances", "it's", 'a"$HOME" & `b`', "Tänze #1: 100%", "a;b|c"])
def test_the_command_it_ends_with_survives_a_shell(given, tmp_path, name):
    report = new_project(tmp_path / name, **given, consent=True)
    assert shlex.split(report[-1].removeprefix("then: ")) == ["danceit", "make", str(tmp_path / name)]
    assert loaded(tmp_path / name).songs.index[0] == "summer"


@pytest.mark.parametrize("name", ["a{b}", "a<b>", "new\nline", "caf\udce9"])
def test_a_folder_whose_name_results_cannot_have(given, tmp_path, name):
    with pytest.raises(ConfigError, match=r"the folder of the project, .*; rename it or use another folder"):
        new_project(tmp_path / name, **given, consent=True)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_of_a_spreadsheet_is_added_to_as_it_stands(given, tmp_path, end, encoding):
    folder = tmp_path / "my"
    new_project(folder, **given, consent=True)
    rows = ["video\tpath\t\t", f"Ann\t{tmp_path}/dances/anna.mp4\t\t", "\t\t\t", "# Zoë"]
    table = folder / "videos.tsv"
    table.write_bytes((end.join(rows) + end).encode(encoding))
    new_project(folder, **given, consent=True)
    assert list(loaded(folder).videos.index) == ["Ann", "club_night"]
    assert table.read_bytes().decode("utf-8-sig").split(end)[:4] == rows
    assert table.read_bytes().startswith(b"\xef\xbb\xbf") == (encoding != "utf-8")


def test_a_project_without_files_holds_headers_and_is_filled_later(given, tmp_path):
    folder = tmp_path / "my"
    report = new_project(folder)
    assert report == [
        f"{folder}: ready; no file was added",
        f"then: danceit new {folder} --videos PATH --songs PATH --persons PATH",
        f"or add files in the browser: danceit open {folder}",
    ]
    assert (folder / "targets.tsv").read_text() == "target\tpath\tconsent\n"
    assert (folder / "edits.tsv").read_text() == "song\tstart_s\tend_s\taction\tvalue\n"
    with pytest.raises(ConfigError, match=r"videos\.tsv: the table has no rows; add at least one video"):
        loaded(folder)
    report = add_files(folder, videos=given["videos"])
    assert f"then: danceit new {folder} --songs PATH --persons PATH" in report
    assert f"{folder}/videos.tsv: 2, 2 of them new" in report
    assert new_project(folder, songs=given["songs"])[-2:] == [
        f"then: danceit new {folder} --persons PATH",
        f"or add files in the browser: danceit open {folder}",
    ]
    assert add_files(folder, persons=given["persons"], consent=True)[-1] == f"then: danceit make {folder}"
    assert list(loaded(folder).targets.index) == ["bert"]
    # Nothing more to say of one that is complete, and nothing is changed.
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert new_project(folder) == [f"{folder}: ready; no file was added", f"then: danceit make {folder}"]
    assert create_project(folder) == folder
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_of_nothing_that_serves_is_an_error_in_an_empty_project_too(given, tmp_path):
    folder = create_project(tmp_path / "my")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"my has no song yet; name one with --songs PATH"):
        add_files(folder, songs=[tmp_path / "empty"])
    # One that has songs already stays as it is.
    add_files(folder, songs=given["songs"])
    assert f"{folder}/songs.tsv: 1, 0 of them new" in add_files(folder, songs=[tmp_path / "empty"])
