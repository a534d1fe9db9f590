"""Names that shells, YAML, snakemake or FFmpeg could read as something else, through snakemake itself."""

import csv
import json
import os
import shutil
from pathlib import Path

import pytest
from checkout import ROOT
from snakemake_runs import config, error_of, planned, snakemake

pytestmark = pytest.mark.workflow

NAMES = {
    "shell": "$(touch pwned) `touch pwned`; touch pwned | touch pwned & touch pwned.mp4",
    "quoted": '"it\'s" %s %(x)s *?[a] \\n.mp4',
    "lines": "new\nline\ttab.mp4",
    "colon": "12:30 踊り танец 🎵.mp4",
    "controls": "bell\x07 \x1b[31mred\x1b[0m \u202egpj return\rnext\u2028.mp4",
    "long": 251 * "x" + ".mp4",
}


def write_rows(path: str, rows: list[tuple[str, ...]]) -> None:
    with Path(path).open("w", newline="", encoding="utf-8") as table:
        csv.writer(table, delimiter="\t").writerows(rows)


@pytest.fixture
def hostile(own, tmp_path):
    """A small project whose every file has a hostile name."""
    rows = [("video", "path", "audio")]
    for video, name in NAMES.items():
        shutil.copy(tmp_path / "dance.mp4", tmp_path / name)
        rows.append((video, str(tmp_path / name), ""))
    song = tmp_path / "$(touch pwned)'\".flac"
    shutil.copy(tmp_path / "song.flac", song)
    (tmp_path / "there").mkdir()
    shutil.copy(tmp_path / "song.flac", tmp_path / "there" / "dance.mp4")
    (tmp_path / "link.mp4").symlink_to(tmp_path / "dance.mp4")
    rows += [("twin", str(tmp_path / "there" / "dance.mp4"), ""), ("linked", str(tmp_path / "link.mp4"), str(song))]
    write_rows(own["videos"], rows)
    write_rows(own["songs"], [("song", "path"), ("tango", str(song))])
    return own


def run_no_command(tmp_path):
    """Whether no file `pwned` came to be, where jobs run or where the files lie."""
    return not any((ROOT / "pwned").exists() or list(folder.rglob("pwned*")) for folder in (tmp_path,))


def test_dry_run_of_hostile_names(hostile, tmp_path):
    jobs = planned(snakemake("-n", *config(hostile), "--", f"{hostile['results']}/video.mp4"))
    assert jobs["normalise_video"] == len(NAMES) + 3
    assert run_no_command(tmp_path)


def test_hostile_names_are_read_as_files_and_nothing_else(hostile, tmp_path):
    results = Path(hostile["results"])
    videos = [*NAMES, "twin", "linked"]
    targets = [*(f"{results}/frames/{video}.mp4" for video in videos), f"{results}/music/tango.parquet"]
    run = snakemake("--cores", "2", *config(hostile), "--", *targets)
    assert run.returncode == 0, run.stdout + run.stderr
    reports = {video: json.loads((results / "frames" / f"{video}.json").read_text()) for video in videos}
    assert {video: reports[video]["path"] for video in NAMES} == {v: f"{tmp_path}/{name}" for v, name in NAMES.items()}
    assert {reports[video]["frames"] for video in (*NAMES, "linked")} == {48}
    # A song, called like the video of another folder.
    assert "has no picture" in reports["twin"]["refused"]
    assert all(path.exists() for path in map(Path, targets))
    assert run_no_command(tmp_path)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("../up\t{0}/dance.mp4", "videos.tsv line 2: video: '../up' does not match"),
        ("a/b\t{0}/dance.mp4", "'a/b' does not match"),
        (".hidden\t{0}/dance.mp4", "'.hidden' does not match"),
        ("-n\t{0}/dance.mp4", "'-n' does not match"),
        ("$(touch pwned)\t{0}/dance.mp4", "does not match"),
        ("танец\t{0}/dance.mp4", "does not match"),
        ("CON\t{0}/dance.mp4", "no result can be filed under the ID 'CON'"),
        ("Tango\t{0}/dance.mp4", "the ID 'tango' is also used in"),
        ("w" * 81 + "\t{0}/dance.mp4", "is too long"),
        ("w\t{0}/loop.mp4", "no such file (Too many levels of symbolic links)"),
        ("w\t{0}/dangling.mp4", "a link to a file that is not there"),
        ("w\t{0}", "a folder, no file"),
        ("w\t{0}/pipe.mp4", "no file but a device or pipe"),
        ("w\t{0}/" + 300 * "x", "no such file (File name too long)"),
        ("w\t{0}/bad\x1b[31m\u202ename.mp4", "no such file: "),
        ("w\t{0}/{{video}}.mp4", "snakemake takes braces in a name for a wildcard; rename the file"),
        ("w\thttp://example.org/dance.mp4", "no such file: 'http://example.org/dance.mp4'"),
        ("w\tdata/demo/none.mp4", "no such file: 'data/demo/none.mp4'"),
    ],
)
def test_what_cannot_be_safe_is_one_line(own, tmp_path, row, words):
    (tmp_path / "loop.mp4").symlink_to(tmp_path / "loop.mp4")
    (tmp_path / "dangling.mp4").symlink_to(tmp_path / "nowhere.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    Path(own["videos"]).write_text(f"video\tpath\n{row.format(tmp_path)}\n", encoding="utf-8")
    line = error_of(snakemake("-n", *config(own)))
    assert words in line
    assert line.isprintable()
    assert run_no_command(tmp_path)


def test_a_key_that_is_there_twice(own, tmp_path):
    (tmp_path / "twice.yaml").write_text("seed: 1\nmatcher:\n  epochs: 3\n  epochs: 4\n")
    line = error_of(snakemake("-n", "--configfile", str(tmp_path / "twice.yaml"), *config(own)))
    assert line == f"error: {tmp_path}/twice.yaml line 3: the key 'epochs' is there twice; delete one"
