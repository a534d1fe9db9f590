"""Choose a GPU for a job: one that no other job on this machine has taken.

Each card has a lock file in a folder that belongs to the user. A job holds the lock of its card (`flock`) as long as
its process lives; the kernel releases the lock when the process ends, however it ends. A job that needs several cards
takes all of them or none, so two jobs never wait for each other. A job that finds too few free cards waits and logs
that it waits.

Locks are identified by the names of the cards. These are UUIDs where PyTorch knows them, so that jobs with different
CUDA_VISIBLE_DEVICES agree. On SLURM nothing is locked: the scheduler assigns the cards.
"""

import fcntl
import logging
import os
import random
import re
import stat
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from danceit_core.errors import DeviceError

log = logging.getLogger(__name__)

# How long a job that waits for a card sleeps between two attempts, at random, so that no job is always late.
LOOK_AGAIN_S = (0.2, 1.0)
SAY_AGAIN_S = 600.0

# The locks that this process holds, by the path of their files: open until it ends.
_held: dict[Path, IO[str]] = {}


def take_cards(number: int, *, names: Sequence[str], folder: Path | None = None) -> list[int]:
    """Take `number` of the cards and return their positions in `names`, ascending; wait until that many are free.

    number: at least 1; capped at the number of names. names: the cards that this process sees, in CUDA's order.
    folder: where the locks are; None: `lock_folder()`. Cards that this process has already taken come first, so a
    second call returns the same ones. Raises DeviceError for a folder that cannot hold locks.
    """
    folder = lock_folder() if folder is None else folder
    paths = [folder / f"{re.sub(r'[^A-Za-z0-9.-]', '_', name)}.lock" for name in names]
    number = min(number, len(paths))
    said_s = 0.0
    while True:
        taken = _try_to_take(number, paths)
        if len(taken) == number:
            return taken
        if not said_s or time.monotonic() - said_s > SAY_AGAIN_S:
            said_s = time.monotonic()
            log.warning("%d of %d GPUs are free, %d needed; waiting for other jobs", len(taken), len(paths), number)
        time.sleep(random.uniform(*LOOK_AGAIN_S))


def lock_folder() -> Path:
    """The user's own lock folder, created if missing: below XDG_RUNTIME_DIR, else below the temporary folder.

    Raises DeviceError if it cannot be created or belongs to another user.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    own = Path(runtime) / "danceit-gpus" if os.access(runtime or "?", os.W_OK) else None
    folder = own or Path(tempfile.gettempdir()) / f"danceit-gpus-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise DeviceError(f"{folder}: cannot create the folder for GPU locks ({error.strerror}); set TMPDIR") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise DeviceError(f"{folder}: the folder for GPU locks belongs to another user; remove it or set TMPDIR")
    return folder


def visible_devices(cards: Sequence[int], *, now: str | None) -> str:
    """The value of CUDA_VISIBLE_DEVICES for a process that may see only these cards.

    cards: their positions among the cards that this process sees. now: the CUDA_VISIBLE_DEVICES of this process, None
    or empty if it sees all cards.
    """
    names = [name.strip() for name in now.split(",")] if now else []
    return ",".join(names[card] if names else str(card) for card in cards)


def _try_to_take(number: int, paths: Sequence[Path]) -> list[int]:
    """The first `number` cards that are free or already held, ascending; if there are fewer, no new one is kept."""
    new: dict[Path, IO[str]] = {}
    order = sorted(range(len(paths)), key=lambda card: paths[card] not in _held)
    found: list[int] = []
    for card in order:
        if len(found) < number and (paths[card] in _held or _lock(paths[card], new)):
            found.append(card)
    if len(found) == number:
        _held.update(new)
    else:
        for file in new.values():
            file.close()
    return sorted(found)


def _lock(path: Path, new: dict[Path, IO[str]]) -> bool:
    """Try to lock a card's file and add it to `new`; returns whether the card was free."""
    try:
        file = path.open("a")
    except OSError as error:
        raise DeviceError(f"{path}: cannot open the lock of a GPU ({error.strerror}); set TMPDIR") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    except OSError as error:
        file.close()
        raise DeviceError(
            f"{path}: the folder does not support locks ({error.strerror}); set TMPDIR to another folder"
        ) from error
    new[path] = file
    return True
