"""Run native code on a user's file in a child process: a crash becomes one error line, and the run goes on.

FFmpeg and its Python binding are C code that reads untrusted files. Only another process can handle a crash in them. On
Linux the child is a fork: it starts in milliseconds, needs no pickling of its task, and does not import the script of a
Snakemake rule again, as `spawn` and `forkserver` would. Elsewhere the function is called directly: on macOS a fork of a
process with threads is not safe, and Windows has no fork.
"""

import contextlib
import ctypes
import gc
import itertools
import logging
import logging.handlers
import multiprocessing
import os
import pickle
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from danceit_core.errors import DanceItError, MediaError

Value = TypeVar("Value")

# Signals that a crash in native code raises; any other signal comes from outside and says nothing about the file.
CRASHES = {signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT, signal.SIGTRAP, signal.SIGSYS}
PR_SET_PDEATHSIG = 1
LOG, VALUE, ERROR = "log", "value", "error"
# How often a waiting parent checks whether it should end, seconds.
LOOK_S = 1.0
# Time that a child has to close its files before it is killed, seconds.
GRACE_S = 2.0


def in_child(function: Callable[[], Value], *, reading: str | Path) -> Value:
    """Run `function()` in a forked child process; return its result, raise its error, and pass on its log messages.

    The result is pickled. reading: the user's file that the function decodes, for the message. Changes that the
    function makes in memory are lost with the child. Open files and their positions are shared, so flush what is
    written to them.

    Raises MediaError if the child crashes, MemoryError if it is killed (usually by the kernel, when memory runs out),
    DanceItError if another signal ends it.
    """
    if sys.platform != "linux":
        return function()
    receiver, sender = multiprocessing.Pipe(duplex=False)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    parent = os.getpid()
    with warnings.catch_warnings(), _nothing_collected():
        # Python 3.12 warns about any fork of a process with threads. The threads here belong to the pools of BLAS and
        # OpenCV, which tolerate a fork.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
        if not child:
            gc.freeze()
    if not child:
        receiver.close()
        _serve(function, sender, parent=parent)
    sender.close()
    try:
        with receiver:
            kind, outcome = _receive(receiver)
        status = os.waitpid(child, 0)[1]
    except BaseException:
        _stop(child)
        raise
    if kind == VALUE:
        return outcome
    raise outcome if kind == ERROR else _death(status, reading)


@contextlib.contextmanager
def _nothing_collected() -> Iterator[None]:
    """Disable garbage collection around a fork, whose handlers allocate memory.

    The child must not collect the parent's garbage: freeing a decoder would wait forever for its threads, which do not
    exist in the child. Objects that are frozen there are never collected.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _receive(receiver: Any) -> tuple[str, Any]:
    """The kind and content of the child's last message, after passing on what it logs; ("", None) if it has died."""
    try:
        while True:
            # A signal that arrives just before a read begins does not interrupt it: the next poll notices it.
            while not receiver.poll(LOOK_S):
                pass
            kind, content = receiver.recv()
            if kind == LOG:
                logging.getLogger(content.name).handle(content)
            elif kind == ERROR:
                for error, cause in itertools.pairwise(content):
                    error.__cause__ = cause
                return kind, content[0]
            else:
                return kind, content
    except EOFError:
        return "", None


def _stop(child: int) -> None:
    """End a child whose parent is interrupted. Ctrl-C reaches both; a signal that only the parent got is passed on."""
    for number in (None, signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            if number is not None:
                os.kill(child, number)
            until_s = time.monotonic() + GRACE_S
            while time.monotonic() < until_s:
                if os.waitpid(child, os.WNOHANG)[0]:
                    return
                time.sleep(0.02)


def _death(status: int, reading: str | Path) -> Exception:
    """The error for a child that ended without a message."""
    if not os.WIFSIGNALED(status):
        return MediaError(
            f"{reading}: the decoding library exited with status {os.waitstatus_to_exitcode(status)}; convert the "
            "file, e.g. with ffmpeg, or leave it out"
        )
    number = os.WTERMSIG(status)
    name = signal.Signals(number).name if number in list(signal.Signals) else f"signal {number}"
    if number == signal.SIGKILL:
        return MemoryError(f"the process that read {reading} was killed ({name}), usually because memory ran out")
    if number in CRASHES:
        return MediaError(
            f"{reading}: the decoding library crashed ({name}); convert the file, e.g. with ffmpeg, or leave it out"
        )
    return DanceItError(f"{reading}: the process that read it was ended from outside ({name}); run again")


def _serve(function: Callable[[], Any], sender: Any, *, parent: int) -> NoReturn:
    """Run the child and end it by `os._exit`, which skips the exit handlers and `finally` blocks of the parent."""
    status = 1
    try:
        _die_with(parent)
        _log_to(sender)
        try:
            sender.send((VALUE, function()))
        except BaseException as error:
            sender.send((ERROR, _portable(error)))
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        status = 0
    finally:
        os._exit(status)


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when the process that forked it dies.

    A parent that is killed (out of memory, a cluster's time limit) cannot end its child. The child would go on decoding
    for hours into a file that the next run writes. Python has no call for this.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # the parent died before the call above
        os._exit(1)


def _log_to(sender: Any) -> None:
    """Send all log messages to the parent, which alone writes to the log and the terminal."""

    class Relay(logging.handlers.QueueHandler):
        def enqueue(self, record: logging.LogRecord) -> None:
            sender.send((LOG, record))

    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.handlers = []
    logging.root.handlers = [Relay(sender)]


def _portable(error: BaseException | None) -> list[BaseException]:
    """An error and its causes in picklable form; the tracebacks of unexpected errors become notes."""
    chain: list[BaseException] = []
    while error is not None:
        try:
            copy = pickle.loads(pickle.dumps(error))
            if type(copy) is not type(error):
                raise TypeError
        except Exception:  # whatever an error's own constructor raises
            copy = RuntimeError(f"{type(error).__name__}: {error}")
        if not isinstance(copy, DanceItError):  # a DanceItError is one line
            copy.add_note("in a child process:\n" + "".join(traceback.format_exception(error, chain=False)))
        chain.append(copy)
        error = error.__cause__ or error.__context__
    return chain
