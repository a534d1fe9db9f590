"""The commands that a page's wishes become: names of the tables, never words of a shell."""

import sys

import pytest
from tiny_workflow import make_workflow

from danceit_core.cutting_room.commands import WHATS, commands_of, report_file, targets_of, unlock_command
from danceit_core.errors import ConfigError


@pytest.fixture
def place(tmp_path):
    return make_workflow(tmp_path)


def test_one_command_a_wish_and_two_for_the_report(place):
    assert targets_of(place, "ann", "one", "preview") == [place.preview("ann", "one")]
    assert targets_of(place, "ann", "one", "draft") == [place.draft("ann", "one")]
    # A video comes with the scores that the page shows.
    assert targets_of(place, "ann", "one", "video") == [
        place.video("ann", "one"),
        place.results / "evaluation" / "ann" / "one.json",
    ]
    assert [len(commands_of(place, "ann", "one", what)) for what in WHATS] == [1, 1, 1, 2]
    for what in WHATS:
        for command in commands_of(place, "ann", "one", what):
            assert command[:3] == [sys.executable, "-m", "snakemake"]
            assert command[command.index("--configfile") + 1] == str(place.config_file)


def test_the_report_takes_in_what_was_made_beside(place):
    for path in (place.video("ann", "two"), place.results / "matcher" / "2s" / "sweep.html"):
        path.parent.mkdir(parents=True)
        path.write_text("-")
    first, second = commands_of(place, "", "", "report")
    assert first[first.index("--") + 1 :] == ["all"]
    assert second[second.index("--report") + 1] == str(report_file(place))
    assert second[second.index("--") + 1 :] == [
        "all", str(place.video("ann", "two")), str(place.results / "matcher" / "2s" / "sweep.html"),
    ]  # fmt: skip
    place.tables["songs"].write_text("no table\n")
    with pytest.raises(ConfigError):
        commands_of(place, "", "", "report")


def test_a_lock_is_removed_of_the_whole_workflow(place):
    command = unlock_command(place)
    assert command[-2:] == ["--unlock", "--"]
