"""Prepare librosa: import it and call it once per process, so that its compiled functions are cached.

numba caches them beside librosa. Processes that fill this cache at the same time load each other's incomplete files and
crash (observed: segmentation faults in librosa's beat tracker in two of six parallel first runs). So only one process
of a user at a time imports and calls the used parts of librosa; the others find them cached. If the cache can be
written neither there, nor in NUMBA_CACHE_DIR, nor in the user's home, numba refuses to import; the cache is then put
into the user's own folder below the temporary folder.
"""

import os
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from filelock import FileLock

from danceit_core.errors import MusicError


@cache
def prepare_librosa(*, tracker: bool) -> None:
    """Import and call `features`, and `beats` if `tracker`: takes seconds, or half a minute without a cache.

    Call it before either is imported. Raises MusicError or OSError if no cache can be written.
    """
    temporary = Path(tempfile.gettempdir())
    # By number: a container may run under a number without a user name.
    with FileLock(temporary / f"danceit-librosa-{os.getuid()}.lock"):
        _choose_cache(temporary / f"danceit-cache-{os.getuid()}")
        from danceit_core.music.features import audio_features  # noqa: PLC0415
        from danceit_core.music.tracking import find_rhythm  # noqa: PLC0415

        clicks = np.zeros(3 * 22050, np.float32)
        clicks[::11025] = 1
        if tracker:
            find_rhythm(clicks, sample_rate_hz=22050, networks=None)
        audio_features(clicks, sample_rate_hz=22050, fps=24.0, frames=72, kind="rich")


def _choose_cache(instead: Path) -> None:
    """Let numba cache in `instead` if it finds no other folder for librosa's compiled functions."""
    if os.path.expanduser("~") == "~" and "XDG_CACHE_HOME" not in os.environ:  # noqa: PTH111 (which raises without one)
        # Without HOME and an entry for the user, numba would make a folder named ~, and other libraries fail.
        os.environ["XDG_CACHE_HOME"] = str(_own_folder(instead))
    import numba  # noqa: PLC0415
    from librosa.version import show_versions  # noqa: PLC0415

    try:
        numba.njit(cache=True)(show_versions)
    except RuntimeError:  # no writable folder
        numba.config.CACHE_DIR = str(_own_folder(instead))


def _own_folder(path: Path) -> Path:
    """The folder, created if missing. Raises MusicError if another user owns it, as the cache contains code."""
    path.mkdir(mode=0o700, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid != os.getuid():
        raise MusicError(f"{path} belongs to another user; set NUMBA_CACHE_DIR to a folder that you can write")
    return path
