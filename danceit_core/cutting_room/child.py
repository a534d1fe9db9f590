"""One run of Snakemake at a time as a child process, which a server that comes later can find again.

The child is a process group of its own, so that Ctrl-C in the server's terminal reaches it only through `end`. It holds
a lock on RESULTS/cutting_room/run.lock as long as it lives: whoever starts later knows by it that a run is going on,
even if the server that started it was killed. Its output goes to run.log beside it, never through a pipe, which would
end it together with the server.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

# How long a run may take to end after each signal, seconds: Snakemake first lets its jobs end and tidies up.
PATIENCE_S = ((signal.SIGINT, 20.0), (signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))
LOOK_S = 0.1


class Child:
    """The run of a project. folder: for its lock, its process number and its output."""

    def __init__(self, folder: Path) -> None:
        self._lock, self._number, self.log = folder / "run.lock", folder / "run.pid", folder / "run.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, command: Sequence[str], *, cwd: Path) -> None:
        """Start a command. Raises BlockingIOError where a run is going on, OSError where it cannot be started."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Of the run before: nobody may take it for the number of the one that now gets the lock.
            self._number.unlink(missing_ok=True)
            with self.log.open("wb") as output:
                self._process = subprocess.Popen(
                    command,
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    pass_fds=(descriptor,),  # the lock is the child's as soon as this process lets go of it
                    process_group=0,
                    env=os.environ | {"PYTHONUNBUFFERED": "1"},
                )
            self._number.write_text(f"{self._process.pid}\n")
        finally:
            os.close(descriptor)

    def is_running(self) -> bool:
        """Whether a run is going on, whoever started it."""
        if self._process is not None and self._process.poll() is None:
            return True
        try:
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    @property
    def status(self) -> int | None:
        """The exit status of the run that this process started, None while it runs and for one that was taken up."""
        return None if self._process is None else self._process.poll()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to all processes of the run that is going on."""
        # While the lock is held the number is that run's: it can have gone to no other process.
        if self.is_running() and (group := self._group()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)

    def end(self) -> None:
        """End the run that is going on; returns when it has ended, after 35 s at most."""
        for number, patience_s in PATIENCE_S:
            self.send(number)
            end_s = time.monotonic() + patience_s
            while self.is_running():
                if time.monotonic() > end_s:
                    break
                time.sleep(LOOK_S)
            else:
                return

    def _group(self) -> int:
        if self._process is not None and self._process.poll() is None:
            return self._process.pid
        with contextlib.suppress(OSError, ValueError):
            return int(self._number.read_text())
        return 0
