"""Folder names that a shell, Snakemake or Python's search paths would split: `My Dances`, `it's`, `a{b}`, `a:b`.

Snakemake (9.27) writes `sys.executable` into the shell command of every job without quoting (`execute_script`,
`format_job_exec`): in a folder such as `My Dances` no rule would find its Python. Snakemake also asks for the user's
name. The workflow calls these functions before its first job.
"""

import getpass
import multiprocessing
import os
import shlex
import sys
from pathlib import Path

from danceit_core.errors import ConfigError
from danceit_core.input_files import is_text


def check_folder(folder: str | Path, *, what: str, refused: str = "") -> None:
    """Raise ConfigError for a folder whose path is not text or holds a character of `refused`.

    what: a description of the folder, for the message.
    """
    path = str(folder)
    if not is_text(path):
        encoding = sys.getfilesystemencoding()
        raise ConfigError(f"{what}, {path!r}, has a name that is not {encoding} text; rename it or use another folder")
    if found := next((mark for mark in path if mark in refused), ""):
        raise ConfigError(f"{what}, {path!r}, has {found!r} in its path; rename it or use another folder")


def let_shells_find_python() -> None:
    """If the path of this Python needs quoting, put its folder first on the PATH and use the bare name.

    Raises ConfigError if the PATH cannot hold the folder.
    """
    path = Path(sys.executable)
    if shlex.quote(str(path)) == str(path):
        return
    check_folder(path.parent, what="the folder of Python", refused=os.pathsep)
    multiprocessing.set_executable(str(path))
    os.environ["PATH"] = os.pathsep.join([str(path.parent), os.environ.get("PATH", os.defpath)])
    sys.executable = path.name


def name_the_user() -> None:
    """Set USER to the user's number if the system has no name for it (an arbitrary number, as in a pod)."""
    try:
        getpass.getuser()
    except (KeyError, OSError):
        os.environ["USER"] = str(os.getuid())
