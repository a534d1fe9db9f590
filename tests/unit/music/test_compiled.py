"""librosa is made ready for users without an entry in the system, a home, or a folder that can be written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT

NOBODY = """
import os, pwd

def unknown(number):
    raise KeyError(f"getpwuid(): uid not found: {number}")

pwd.getpwuid = unknown
"""
LISTEN = """
import numpy as np
from danceit_core.config import MusicSettings
from danceit_core.music.analyse import analyse_music

clicks = np.zeros(5 * 22050, np.float32)
clicks[::11025] = 0.8
print(round(analyse_music(clicks, sample_rate_hz=22050, fps=24, settings=MusicSettings()).beats.tempo_bpm))
"""
CHOOSE = """
from pathlib import Path
import numba
import numba.core.caching as caching
from danceit_core.music.compiled import _choose_cache

folder = Path({folder!r})

def refuse(locator):  # as of a folder that cannot be written: root may write anywhere
    if not locator.get_cache_path().startswith(str(folder)):
        raise PermissionError

caching._CacheLocator.ensure_cache_path = refuse
_choose_cache(folder / "cache")
print(numba.config.CACHE_DIR)
"""


def run(code: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Python in an empty folder, without the variables that name a user or a home."""
    named = ("HOME", "USER", "LOGNAME", "USERNAME", "LNAME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR")
    kept = {name: value for name, value in os.environ.items() if name not in named}
    given = kept | {"PYTHONPATH": str(ROOT)} | environment
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, timeout=300, check=False)


def test_a_user_without_entry_and_home_hears_and_leaves_nothing_behind(tmp_path):
    finished = run(NOBODY + LISTEN, tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.split() == ["120"]
    assert not list(tmp_path.iterdir())  # no folder named ~


@pytest.mark.parametrize("home", [{"HOME": "/"}, {"HOME": "/none", "NUMBA_CACHE_DIR": "/proc/none"}, {}])
def test_where_no_cache_can_be_written_it_lies_in_a_folder_of_the_users_own(tmp_path, home):
    finished = run(NOBODY + CHOOSE.format(folder=str(tmp_path)), tmp_path, **home)
    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700
    if home:  # else the cache of a user without a home, which numba finds by itself
        assert finished.stdout.strip() == f"{tmp_path}/cache"


def test_a_folder_that_somebody_else_made_is_not_trusted_with_code(tmp_path):
    (tmp_path / "cache").symlink_to("/")
    finished = run(NOBODY + CHOOSE.format(folder=str(tmp_path)), tmp_path, HOME="/")
    last = finished.stderr.strip().splitlines()[-1]
    assert f"MusicError: {tmp_path}/cache belongs to another user; set NUMBA_CACHE_DIR" in last


def test_importing_the_analysis_neither_imports_librosa_nor_asks_who_runs_it(tmp_path):
    code = "import sys\nimport danceit_core.music.track\nassert not {'librosa', 'numba'} & set(sys.modules)"
    assert run(NOBODY + code, tmp_path).returncode == 0
