"""Every fault in config or tables is one line that names the file, the key and the remedy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkout import ROOT
from PIL import Image

from danceit_core.errors import ConfigError
from danceit_core.inputs import check_config_file, load_project, parse_scalars

SCHEMAS = ROOT / "workflow" / "schemas"


@pytest.fixture
def config(tmp_path: Path) -> dict[str, Any]:
    """A valid project of one video, one song and one target."""
    for name in ("dance.mp4", "song.ogg", "person.mp4", "joints.npz"):
        (tmp_path / name).write_bytes(b"-")
    tables = {
        "videos": f"video\tpath\nwaltz\t{tmp_path}/dance.mp4\n",
        "songs": f"song\tpath\ntango\t{tmp_path}/song.ogg\n",
        "targets": f"target\tpath\tconsent\nperson\t{tmp_path}/person.mp4\tyes\n",
    }
    for name, text in tables.items():
        (tmp_path / f"{name}.tsv").write_text(text)
    return {"seed": 0, **{name: str(tmp_path / f"{name}.tsv") for name in tables}}


def refuse(config: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        load_project(config, schemas=SCHEMAS, config_files="config.yaml")
    message = str(caught.value)
    assert "\n" not in message
    return message


def edit(config: dict[str, Any], table: str, text: str) -> None:
    Path(config[table]).write_text(text)


def test_a_valid_project_has_all_settings_and_tables(config):
    config["matcher"] = {"epochs": 3}
    project = load_project(config, schemas=SCHEMAS, config_files="config.yaml")
    assert project.settings["matcher"]["epochs"] == 3
    assert project.settings["video"]["fps"] == 24
    assert project.sound_of("waltz").endswith("dance.mp4")
    assert list(project.clips().index) == ["waltz", "person"]


def test_the_sound_track_of_songs_and_dances(config):
    edit(config, "songs", Path(config["songs"]).read_text().replace("\n", "\taudio_track\n", 1).rstrip() + "\t2\n")
    project = load_project(config, schemas=SCHEMAS, config_files="config.yaml")
    assert project.excerpt_of("tango") == {"audio_track": "2", "start_s": "", "end_s": ""}
    assert project.audio_track("waltz") is None
    edit(config, "videos", Path(config["videos"]).read_text().replace("\n", "\taudio_track\n", 1).rstrip() + "\t0\n")
    assert "line 2: audio_track: '0' does not match" in refuse(config)


@pytest.fixture
def styled(config, tmp_path):
    """The project with a style for its dance and a file that may be one of beats."""
    edit(config, "videos", f"video\tpath\tstyle\nwaltz\t{tmp_path}/dance.mp4\tViennese waltz\n")
    (tmp_path / "tango.beats").write_text("0.5\n1.0\n")
    return config


def tell(config: dict[str, Any], columns: str, cells: str) -> None:
    """A song with further columns."""
    path = Path(config["songs"])
    header, row = path.read_text().splitlines()[:2]
    path.write_text(f"{header}\t{columns}\n{row}\t{cells}\n")


def test_what_is_said_of_a_song(styled, tmp_path):
    beats = f"{tmp_path}/tango.beats"
    tell(styled, "start_s\tend_s\ttempo_bpm\tbeats\tmeter\tstyle", f"12.5\t40\t88\t{beats}\t3\tViennese waltz")
    project = load_project(styled, schemas=SCHEMAS, config_files="config.yaml")
    assert project.excerpt_of("tango") == {"audio_track": "", "start_s": "12.5", "end_s": "40"}
    assert project.hint_of("tango") == {"tempo_bpm": "88", "meter": "3"}
    assert (project.songs.at["tango", "beats"], project.style_of("tango")) == (beats, "Viennese waltz")


def test_nothing_need_be_said_of_a_song(styled):
    project = load_project(styled, schemas=SCHEMAS, config_files="config.yaml")
    assert set(project.excerpt_of("tango").values()) == set(project.hint_of("tango").values()) == {""}
    assert project.style_of("tango") == ""


@pytest.mark.parametrize(
    ("columns", "cells", "words"),
    [
        ("start_s", "1:20", "line 2: start_s: '1:20' does not match"),
        ("start_s\tend_s", "9\t5", "line 2: column start_s is 9 and column end_s 5; the end must come after the start"),
        ("end_s", "0", "line 2: column start_s is 0 and column end_s 0; the end must come after the start"),
        (
            "start_s\tend_s",
            "9\t10.5",
            "excerpt of 1.5 s; the minimum is 1 s and one fragment (retrieval.fragment_s: 2): choose a longer excerpt",
        ),
        ("tempo_bpm", "20", "line 2: column tempo_bpm is 20; a tempo is 30 to 300 beats per minute: count the beats"),
        ("tempo_bpm", "300.1", "line 2: column tempo_bpm is 300.1; a tempo is 30 to 300"),
        ("tempo_bpm", "fast", "line 2: tempo_bpm: 'fast' does not match"),
        ("meter", "1", "line 2: meter: '1' is not one of ['2', '3', "),
        ("meter", "13", "(beats per bar, 2 to 12; empty means it is detected)"),
        ("meter", "3/4", "line 2: meter: '3/4' is not one of"),
        ("beats", "none.beats", "songs.tsv: 'tango': no such file: 'none.beats'; correct column 'beats'"),
        ("beats", "results/music/tango.beats", "line 2: column beats is 'results/music/tango.beats', a file in the"),
        (
            "style",
            "viennese walz",
            "line 2: column style is 'viennese walz', which no dance has; column style of the videos table has "
            "Viennese waltz: did you mean 'Viennese waltz'?",
        ),
        ("style", "polka", "has Viennese waltz: choose one of them, or empty the cell"),
        ("crop", "0,0,64,64", "unknown column 'crop'"),
    ],
)
def test_what_cannot_be_said_of_a_song(styled, columns, cells, words):
    tell(styled, columns, cells)
    assert words in refuse(styled)


def test_a_style_where_no_dance_has_one(config):
    tell(config, "style", "waltz")
    assert "which no dance has; fill in column style of the videos table, or empty the cell" in refuse(config)


def test_the_part_of_dances_and_targets(config):
    path = Path(config["targets"])
    header, row = path.read_text().splitlines()[:2]
    path.write_text(f"{header}\tcrop\tstart_s\n{row}\t0,0,640,360\t2.5\n")
    project = load_project(config, schemas=SCHEMAS, config_files="config.yaml")
    assert project.part_of(project.targets.index[0]) == {"crop": "0,0,640,360", "start_s": "2.5", "end_s": ""}
    assert project.part_of(project.videos.index[0], ("start_s", "end_s")) == {"start_s": "", "end_s": ""}


def test_the_group_of_a_dance_is_what_its_column_says(config):
    assert load_project(config, schemas=SCHEMAS, config_files="config.yaml").groups == {}
    path = Path(config["videos"])
    header, row = path.read_text().splitlines()[:2]
    two = row.replace("waltz", "slow_waltz")
    path.write_text(f"{header}\tgroup\n{row}\tMoon River, take 2\n{two}\n")
    assert load_project(config, schemas=SCHEMAS, config_files="config.yaml").groups == {"waltz": "Moon River, take 2"}
    path.write_text(f"{header}\tgroup\n{row}\t{'x' * 81}\n")
    assert "line 2: group: " in refuse(config)


def test_an_unknown_key_gets_the_nearest_name(config):
    config["matcher"] = {"epoch": 3}
    assert refuse(config) == "config.yaml: unknown key 'matcher.epoch'; did you mean 'epochs'?"
    del config["matcher"]
    config["sogns"] = "x"
    assert "unknown key 'sogns'; did you mean 'songs'?" in refuse(config)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [("matcher", "epochs", 0), ("matcher", "loss", "l2"), ("temporal_alignment", "strength", "much")],
)
def test_a_bad_value_is_named_with_its_key(config, section, key, value):
    config[section] = {key: value}
    message = refuse(config)
    assert message.startswith(f"config.yaml: {section}.{key}: ")
    assert str(value) in message


def test_a_missing_key_is_named(config):
    del config["seed"]
    assert refuse(config) == "config.yaml: 'seed' is missing; add it (random seed of the whole workflow)"


def test_a_missing_table_and_a_missing_file(config, tmp_path):
    (tmp_path / "song.ogg").unlink()
    message = refuse(config)
    assert "songs.tsv" in message
    assert "'tango': no such file" in message
    config["songs"] = str(tmp_path / "other.tsv")
    assert "other.tsv: no such table" in refuse(config)


def test_files_the_workflow_makes_need_not_be_there(config, tmp_path):
    edit(config, "songs", "song\tpath\ntango\tdata/demo/song.flac\n")
    load_project(config, schemas=SCHEMAS, config_files="config.yaml")
    edit(config, "songs", "song\tpath\ntango\tdata/demo/../secret.flac\n")
    assert "no such file" in refuse(config)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the table is empty"),
        ("video path\nwaltz x\n", "column 'video' is missing; add it, or separate the columns by tabs"),
        ("video\tpath\tsound\n", "unknown column 'sound'"),
        ("video\tpath\n", "the table has no rows; add at least one video"),
        ("video\tpath\n../up\tx\n", "line 2: video: '../up' does not match"),
        ("video\tpath\na\tx\n\na\ty\n", "line 4: the video 'a' is a duplicate"),
        ("video\tpath\na\tx\ty\n", "line 2: 3 cells for 2 columns"),
        ("video\tpath\na\t\n", "'a' has neither a path nor keypoints"),
        ("video\tkeypoints\taudio_track\na\tx\t1\n", "'a' has an audio_track but no file with sound"),
        ("video\tpath\tcamera\na\tx\tc01\n", "'a' has a camera but no AIST++ annotation"),
        ("video\tkeypoints\twidth\na\tx.npz\t640\n", "'a' has only one of width and height; fill in both or none"),
        ("video\tkeypoints\tcamera\na\tx.pkl\tabove\n", "line 2: camera: 'above' does not match"),
        ("video\tpath\trotate\na\tx\t45\n", "line 2: rotate: '45' is not one of ['0', '90', '180', '270'] (clockwise"),
        ("video\tpath\tcrop\na\tx\t0,0,640\n", "line 2: crop: '0,0,640' does not match"),
        ("video\tpath\tcrop\na\tx\t0.1,0,0.5,1\n", "left,top,width,height in pixels of the upright picture"),
        ("video\tpath\tcrop\na\tx\t0,0,640,32\n", "line 2: column crop is 0,0,640,32 (left, top, width, height in"),
        ("video\tpath\tstart_s\na\tx\t1:20\n", "line 2: start_s: '1:20' does not match"),
        (
            "video\tpath\tstart_s\tend_s\na\tx\t9\t5\n",
            "line 2: column start_s is 9 and column end_s 5; the end must come",
        ),
        (
            "video\tkeypoints\trotate\na\tx.zip\t90\n",
            "'a' has keypoints; rotate applies to videos only: empty that cell",
        ),
    ],
)
def test_faults_in_a_table(config, text, words):
    edit(config, "videos", text)
    assert words in refuse(config)


def test_consent_must_be_given(config):
    edit(config, "targets", Path(config["targets"]).read_text().replace("yes", "no"))
    assert "line 2: consent" in refuse(config)


def test_one_id_cannot_name_two_things(config):
    edit(config, "songs", Path(config["songs"]).read_text().replace("tango", "waltz"))
    message = refuse(config)
    assert "the ID 'waltz' is also used in" in message


def test_a_table_that_is_no_text(config):
    Path(config["songs"]).write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in refuse(config)


def test_values_from_the_command_line_are_read_as_yaml():
    parsed = parse_scalars({"matcher": {"epochs": "3", "loss": "hinge"}, "evaluation": {"tolerances": ["0", "1"]}})
    assert parsed == {"matcher": {"epochs": 3, "loss": "hinge"}, "evaluation": {"tolerances": [0, 1]}}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30, 2**70])
def test_numbers_that_no_bound_stops(config, value):
    config["pose_gan"] = {"learning_rate": value}
    assert "config.yaml: pose_gan.learning_rate is " in refuse(config)
    config.pop("pose_gan")
    config["evaluation"] = {"lengths_s": [1.0, value]}
    assert "config.yaml: evaluation.lengths_s.1 is " in refuse(config)


def test_a_whole_number_may_be_written_with_a_point(config):
    config["matcher"] = {"epochs": 3.0}
    config["evaluation"] = {"tolerances": [0.0, 1]}
    settings = load_project(config, schemas=SCHEMAS, config_files="config.yaml").settings
    assert repr(settings["matcher"]["epochs"]) == "3"
    assert repr(settings["evaluation"]["tolerances"]) == "(0, 1)"


def test_tables_as_other_programs_save_them(config, tmp_path):
    (tmp_path / 'two\nlines, a\ttab and "quotes".mp4').write_bytes(b"-")
    cell = f'"{tmp_path}/two\nlines, a\ttab and ""quotes"".mp4"'
    Path(config["videos"]).write_bytes(f"\ufeffvideo\tpath\r\nwaltz\t{cell}\r\n\r\n# no\r\n".encode())
    project = load_project(config, schemas=SCHEMAS, config_files="config.yaml")
    assert project.videos.at["waltz", "path"] == f'{tmp_path}/two\nlines, a\ttab and "quotes".mp4'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('video\tpath\nw\t"open\n', "line 2: unexpected end of data; a cell that begins with a quotation mark must"),
        ("video\tpath\tpath\nw\ta\tb\n", "column 'path' appears twice"),
        ("video path style\nw a b\n", "separate the columns by tabs"),
        ("video\tpath\nw\t" + 200_000 * "x" + "\n", "field larger than field limit"),
        ("video\tkeypoints\tfps\nw\ta\t0\n", "fps: '0' does not match"),
        ("video\tkeypoints\twidth\nw\ta\t999999999\n", "width: '999999999' does not match"),
        ("video\tpath\nnul\tx\n", "no result can be filed under the ID 'nul'"),
        ("video\tpath\nw\t{x}\n", "snakemake reads braces in a name as a wildcard"),
    ],
)
def test_more_tables_that_cannot_serve(config, text, words):
    edit(config, "videos", text)
    assert words in refuse(config)


def test_a_table_that_is_a_folder_and_ids_alike_but_for_capitals(config, tmp_path):
    edit(config, "songs", f"song\tpath\nWaltz\t{tmp_path}/song.ogg\n")
    assert "the ID 'Waltz' is also used in" in refuse(config)
    assert "('waltz': some disks ignore case)" in refuse(config)
    edit(config, "targets", f"target\tpath\tconsent\nchoreography\t{tmp_path}/person.mp4\tyes\n")
    edit(config, "songs", f"song\tpath\ntango\t{tmp_path}/song.ogg\n")
    assert "no result can be filed under the ID 'choreography'" in refuse(config)
    config["edits"] = str(tmp_path)
    edit(config, "targets", f"target\tpath\tconsent\nperson\t{tmp_path}/person.mp4\tyes\n")
    assert "no such table; create it or empty the config key `edits`" in refuse(config)
    config["songs"] = str(tmp_path)
    assert "no such table" in refuse(config)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\na: 2\n", "line 1: the key 'a' appears twice; delete one"),
        ("seed: 0\nmatcher: {epochs: 1, epochs: 2}\n", "line 2: the key 'epochs' appears twice"),
        (
            "a: !!python/object/apply:os.system ['touch pwned']\n",
            "is not valid YAML (could not determine a constructor",
        ),
        ("a: [1\n", "is not valid YAML"),
        ("a: &a [*a]\n", "is not valid YAML"),
    ],
)
def test_yaml_that_is_not_plain(tmp_path, text, words):
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        check_config_file(tmp_path / "config.yaml")
    assert words in str(caught.value)
    (tmp_path / "config.yaml").write_text("\ufeffa: &x 1\r\nb: *x\r\n")
    check_config_file(tmp_path / "config.yaml")


def test_what_spreadsheets_leave_behind(config, tmp_path):
    lines = ["\t\t\t\t", " video \tstyle\t\t path\t\t", f"waltz\t\t\t {tmp_path}/dance.mp4 \t\t", "\t\t\t\t", " \t \t"]
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-be"):
        for end in ("\n", "\r\n", "\r"):
            mark = "\ufeff" if encoding == "utf-16-be" else ""
            Path(config["videos"]).write_bytes((mark + end.join(lines)).encode(encoding))
            project = load_project(config, schemas=SCHEMAS, config_files="config.yaml")
            assert dict(project.videos.loc["waltz"]) == dict.fromkeys(project.videos.columns, "") | {
                "video": "waltz",
                "path": f"{tmp_path}/dance.mp4",
            }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "video;path\nw;a\n",
            "videos.tsv: its columns are separated by semicolons; save the table as tab-separated text",
        ),
        ('\n# mine\n"video";"path"\n', "separated by semicolons"),
        ("sep=;\nvideo;path\n", "separated by semicolons"),
        ("video,path\r\nw,a\r\n", "separated by commas"),
        ("video,path\rw,a\r", "separated by commas"),
        ("video\t\tpath\nw\tb\ta\n", "line 2: 'b' is in a column without a name; give it one"),
        ("video\tpath\t\t\nw\ta\t\tb\n", "line 2: 4 cells for 2 columns"),
        (
            "Video\tPath\nw\ta\n",
            "column 'video' is missing; add it, or separate the columns by tabs (the first line has 'Video',",
        ),
    ],
)
def test_tables_of_another_kind(config, text, words):
    edit(config, "videos", text)
    assert words in refuse(config)


@pytest.mark.parametrize("key", ["videos", "edits"])
def test_a_name_in_the_configuration_that_is_not_utf_8(config, key):
    config[key] = "caf\udce9.tsv"
    assert f"config.yaml: {key} is 'caf\\udce9.tsv', which is not UTF-8 text; rename the file or folder" in refuse(
        config
    )


def with_x(config: dict[str, Any], table: str, x: str) -> None:
    lines = Path(config[table]).read_text().splitlines()
    edit(config, table, f"{lines[0]}\tx\n{lines[1]}\t{x}\n")


@pytest.mark.parametrize("table", ["videos", "targets"])
def test_which_of_several_people_is_followed(config, table):
    with_x(config, table, "0.25")
    row = {"videos": "waltz", "targets": "person"}[table]
    assert refuse(config) == (
        f"{config[table]}: column x of {row} is 0.25, but cleaning.several_people is 'drop', which drops all frames "
        "with several people; set it to 'follow' or 'each', or empty the cell"
    )
    for several in ("follow", "each"):
        config["cleaning"] = {"several_people": several}
        assert load_project(config, schemas=SCHEMAS, config_files="config.yaml").clips().at[row, "x"] == "0.25"
    config["pose"] = {"detector": "opencv"}
    assert "pose.detector: opencv" in refuse(config)


@pytest.mark.parametrize("x", ["1.2", "-0.1", "left", "50%"])
def test_a_place_outside_of_the_picture(config, x):
    config["cleaning"] = {"several_people": "follow"}
    with_x(config, "videos", x)
    message = refuse(config)
    assert f"line 2: x: '{x}' does not match" in message
    assert "0 (left edge of the upright picture) to 1 (right edge)" in message


def test_given_joints_have_nobody_to_follow(config, tmp_path):
    config["cleaning"] = {"several_people": "follow"}
    edit(config, "videos", f"video\tpath\tkeypoints\tx\nwaltz\t\t{tmp_path}/joints.npz\t0.5\n")
    assert "its joints are given in column keypoints; empty one of the two" in refuse(config)


def test_each_needs_a_detector_that_can(config):
    config["cleaning"] = {"several_people": "each"}
    config["pose"] = {"detector": "openpose"}
    assert refuse(config) == (
        "config.yaml: cleaning.several_people is 'each', which pose.detector: openpose cannot do; set one of them to "
        "another value (each needs blazepose)"
    )
    config["cleaning"] = {"several_people": "echa"}
    assert "'echa' is not one of ['drop', 'follow', 'each']" in refuse(config)


def test_photographs_among_the_targets(config, tmp_path):
    Image.fromarray(np.zeros((80, 80, 3), np.uint8)).save(tmp_path / "anna.jpg")
    rows = f"anna\t{tmp_path}/anna.jpg\tyes\t"
    edit(config, "targets", f"target\tpath\tconsent\tend_s\n{rows}\n")
    assert load_project(config, schemas=SCHEMAS, config_files="config.yaml").photographs == ["anna"]
    refused = refuse(config | {"group": {"members": ["anna"]}})
    assert "group.members: 'anna' is a photograph, but each dancer of a group needs a trained painter" in refused
    edit(config, "targets", f"target\tpath\tconsent\tend_s\n{rows}5\n")
    assert refuse(config).endswith("column end_s of 'anna' is 5, but its path is a photograph; empty it")
