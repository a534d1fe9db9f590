"""Tables changed line by line: what is not changed stays to the byte, writers in threads and processes lose nothing."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from danceit_core.choreography.edits import COLUMNS, Edit, read_edits
from danceit_core.cutting_room.edits_file import ChangedError, EditsFile
from danceit_core.cutting_room.lines import read_lines, token_of, write_lines
from danceit_core.errors import ConfigError, ServerError

ROOT = Path(__file__).parents[3]
HEADER = "\t".join(COLUMNS)
STYLES = {"a": "pop", "b": ""}
PIN, BAN = Edit("s", 1.0, 2.0, "pin", "a:12"), Edit("s", 0.0, 9.5, "ban", "b")


def edits_file(path) -> EditsFile:
    return EditsFile(path, songs=["s", "t"], styles=STYLES)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_other_lines_stay_to_the_byte(tmp_path, end, mark) -> None:
    path = tmp_path / "edits.tsv"
    lines = [HEADER, "# by hand\t\u00fcber", "", "s\t0\t1.50\tban\tb", '"s"\t3\t4\tseed\t7 ']
    before = (mark + end.join(lines) + end).encode()
    path.write_bytes(before)
    table = edits_file(path)
    table.change(add=[PIN])
    assert path.read_bytes() == before + f"s\t1\t2\tpin\ta:12{end}".encode()
    table.change(remove=[Edit("s", 0.0, 1.5, "ban", "b")])
    assert path.read_bytes() == (mark + end.join([*lines[:3], lines[4], "s\t1\t2\tpin\ta:12"]) + end).encode()
    table.change(add=[Edit("s", 0.0, 1.5, "ban", "b")], remove=[PIN])
    table.change(remove=[Edit("s", 3.0, 4.0, "seed", "7")])
    assert table.read() == [Edit("s", 0.0, 1.5, "ban", "b")]


def test_a_last_line_without_end_gets_one_when_others_follow(tmp_path) -> None:
    path = tmp_path / "edits.tsv"
    path.write_bytes((HEADER + "\r\ns\t0\t1\tban\tb").encode())
    edits_file(path).change(add=[PIN])
    assert path.read_bytes() == (HEADER + "\r\ns\t0\t1\tban\tb\r\ns\t1\t2\tpin\ta:12\r\n").encode()


def test_a_table_begins_with_its_first_edit(tmp_path) -> None:
    table = edits_file(tmp_path / "edits.tsv")
    assert table.state() == ("none", [])
    token = table.change(add=[PIN, BAN], token="none")
    assert table.state() == (token, [PIN, BAN])
    assert (tmp_path / "edits.tsv").read_text() == f"{HEADER}\ns\t1\t2\tpin\ta:12\ns\t0\t9.5\tban\tb\n"
    assert [path.name for path in tmp_path.iterdir()] == ["edits.tsv"]


def test_times_come_back_as_they_were_written(tmp_path) -> None:
    table = edits_file(tmp_path / "edits.tsv")
    odd = Edit("s", 1 / 3, 7200.123456789, "seed", "3")
    table.change(add=[odd])
    table.change(remove=table.read())
    table.change(add=[odd])
    table.change(remove=[odd])
    assert table.read() == []


def test_who_has_another_state_writes_nothing(tmp_path) -> None:
    path = tmp_path / "edits.tsv"
    table = edits_file(path)
    token = table.change(add=[PIN])
    path.write_text(path.read_text() + "# by hand\n")
    before = path.read_bytes()
    with pytest.raises(ChangedError, match="was changed meanwhile; nothing was written"):
        table.change(add=[BAN], token=token)
    assert path.read_bytes() == before
    table.change(add=[BAN], token=token_of(path))


def test_all_of_a_change_or_nothing(tmp_path) -> None:
    path = tmp_path / "edits.tsv"
    table = edits_file(path)
    table.change(add=[PIN])
    before = path.read_bytes()
    for add, remove, error, said in (
        ([BAN, Edit("s", 0, 1, "burn", "b")], [], ConfigError, r"edits\.tsv line 4: unknown action 'burn'"),
        ([BAN], [BAN], ServerError, "has no such line"),
        ([BAN], [PIN, PIN], ServerError, "has no such line"),
        ([Edit("s", 0, 1, "ban", "b\tx")], [], ConfigError, "holds a tab"),
        ([Edit("u", 0, 1, "ban", "b")], [PIN], ConfigError, "unknown song 'u'"),
    ):
        with pytest.raises(error, match=said) as caught:
            table.change(add=add, remove=remove)
        assert "\n" not in str(caught.value)
        assert ".part" not in str(caught.value)
        assert path.read_bytes() == before
        assert [each.name for each in tmp_path.iterdir()] == ["edits.tsv"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (HEADER.encode("utf-16"), "is UTF-16 text, which this page does not write; save it as UTF-8"),
        (b"\xff\xff\t\xe4", "not UTF-8 text"),
        (b"no such columns\n", "the first line must hold the columns"),
        (f'{HEADER}\n"s\t0\n'.encode(), r"line 2: .*correct the quotation marks"),
    ],
)
def test_what_cannot_be_written_back_is_refused(tmp_path, data, said) -> None:
    path = tmp_path / "edits.tsv"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=said):
        edits_file(path).change(add=[PIN])
    assert path.read_bytes() == data


def test_a_folder_that_cannot_be_written_to_is_one_line(tmp_path, monkeypatch) -> None:
    table = edits_file(tmp_path / "edits.tsv")
    table.change(add=[PIN])
    before = (tmp_path / "edits.tsv").read_bytes()

    def full(self, data):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(ServerError, match=r"edits\.tsv cannot be written \(No space left on device\); nothing was"):
            table.change(add=[BAN])
    assert (tmp_path / "edits.tsv").read_bytes() == before
    table.change(add=[BAN])  # the lock is free again


def test_quoted_cells_keep_their_line_ends(tmp_path) -> None:
    path = tmp_path / "table.tsv"
    text = 'song\tpath\n"a"\t"one\ntwo"\nb\t"say ""it"""\n'
    path.write_text(text)
    table = read_lines(path)
    assert [line.cells for line in table.lines] == [("song", "path"), ("a", "one\ntwo"), ("b", 'say "it"')]
    lines = [*table.lines[:2], table.lines[2].with_cells({0: "c\td", 3: "new"})]
    write_lines(path, lines, like=table, check=lambda partial: None)
    assert path.read_text() == 'song\tpath\n"a"\t"one\ntwo"\n"c\td"\t"say ""it"""\t\tnew\n'


WRITER = """
import sys
from pathlib import Path
from danceit_core.choreography.edits import Edit
from danceit_core.cutting_room.edits_file import EditsFile
table = EditsFile(Path(sys.argv[1]), songs=["s"], styles={"a": ""})
for number in range(30):
    table.change(add=[Edit("s", 0.0, 1.0, "seed", sys.argv[2] + str(number))])
"""


def test_writers_in_threads_and_processes_lose_nothing(tmp_path) -> None:
    path = tmp_path / "edits.tsv"
    processes = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), f"{n}0"], cwd=ROOT) for n in (1, 2)
    ]  # fmt: skip

    def write(number: int) -> None:
        edits_file(path).change(add=[Edit("s", 0.0, 1.0, "seed", f"{number}")])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(60)))
    assert [process.wait(60) for process in processes] == [0, 0]
    written = {edit.value for edit in read_edits(path, songs=["s"], styles={"a": ""})}
    assert written == {f"{n}" for n in range(60)} | {f"{n}0{k}" for n in (1, 2) for k in range(30)}
    assert [each.name for each in tmp_path.iterdir()] == ["edits.tsv"]
