import json
import subprocess
import sys

import pytest

from danceit_core.files import whole_file, write_history, write_text


def test_a_file_appears_only_when_finished(tmp_path):
    path = tmp_path / "new" / "page.txt"
    with whole_file(path) as partial:
        partial.write_text("done")
        assert not path.exists()
    assert path.read_text() == "done"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "page.txt"
    write_text(path, "old")

    def write_half() -> None:
        with whole_file(path) as partial:
            partial.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_of_the_same_content_stays_as_it_is(tmp_path):
    path = tmp_path / "page.txt"
    write_text(path, "same")
    before = path.stat()
    write_text(path, "same")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    write_text(path, "other")
    assert path.read_text() == "other"
    assert list(tmp_path.iterdir()) == [path]


WRITE_AND_DIE = """
import os, signal, sys
from danceit_core.files import whole_file
with whole_file(sys.argv[1]) as partial:
    partial.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path):
    path = tmp_path / "page[1].txt"
    assert subprocess.run([sys.executable, "-c", WRITE_AND_DIE, path], check=False).returncode < 0
    (left,) = tmp_path.iterdir()
    living = left.with_name(left.name.rpartition("-")[0] + "-1.part")  # process 1 never ends
    living.write_text("half of another")
    write_text(path, "done")
    assert sorted(tmp_path.iterdir()) == sorted([path, living])
    assert path.read_text() == "done"


def test_history_is_one_object_a_line(tmp_path):
    write_history(tmp_path / "h.jsonl", [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}])
    lines = (tmp_path / "h.jsonl").read_text().splitlines()
    assert [json.loads(line)["loss"] for line in lines] == [0.5, 0.25]
