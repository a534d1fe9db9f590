import json

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


def test_history_is_one_object_a_line(tmp_path):
    write_history(tmp_path / "h.jsonl", [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}])
    lines = (tmp_path / "h.jsonl").read_text().splitlines()
    assert [json.loads(line)["loss"] for line in lines] == [0.5, 0.25]
