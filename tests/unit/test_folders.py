"""Folders whose names a shell or Snakemake would take apart."""

import getpass
import os
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT

from danceit_core.errors import ConfigError
from danceit_core.folders import check_folder, name_the_user
from danceit_core.isolated import in_child

# It starts another process as Snakemake does, and one by `multiprocessing`.
PROGRAM = """
import multiprocessing, os, sys
from danceit_core.folders import let_shells_find_python
let_shells_find_python()
if __name__ == "__main__":
    os.system(f"{sys.executable} -c 'import sys; print(sys.prefix)'")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.apply(len, ["four"]))
"""


def run_in(folder: Path) -> subprocess.CompletedProcess[str]:
    """The program, by a Python that lies in a folder: behind a link to the environment of the tests."""
    folder.mkdir()
    (folder / "env").symlink_to(sys.prefix)
    program = folder.with_name("program.py")
    program.write_text(PROGRAM)
    command = [folder / "env/bin" / Path(sys.executable).name, program]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["plain", "it's a\"$HOME`&;", "Tänze\nnew line"])
def test_a_shell_finds_the_python_of_any_folder(tmp_path, name):
    run = run_in(tmp_path / name)
    assert (run.stdout, run.stderr) == (f"{tmp_path / name / 'env'}\n4\n", "")


def test_a_folder_that_the_path_cannot_hold(tmp_path):
    run = run_in(tmp_path / "a: b")
    assert run.stderr.splitlines()[-1].endswith("a: b/env/bin', has ':' in its path; rename it or use another folder")


@pytest.mark.parametrize(
    ("name", "words"), [("a{b", "has '{' in its path"), ("caf\udce9", r"'caf\udce9', has a name that")]
)
def test_folders_that_are_refused(name, words):
    with pytest.raises(ConfigError) as caught:
        check_folder(name, what="the folder of DanceIt", refused="{}")
    assert str(caught.value).startswith("the folder of DanceIt, ")
    assert words in str(caught.value)
    check_folder("My Dances: it's 100 %", what="the folder of DanceIt", refused="{}")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_a_user_without_a_name_gets_one(monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    name_the_user()
    assert "USER" not in os.environ

    def nobody() -> tuple[str, str]:
        os.setuid(1_234_567)
        try:
            before = getpass.getuser()
        except (KeyError, OSError):
            before = ""
        name_the_user()
        return before, getpass.getuser()

    assert in_child(nobody, reading="/etc/passwd") == ("", "1234567")
