"""Native code on a user's file, run in a child process: where it crashes, that is one line, and the run goes on.

FFmpeg and its Python binding are C code that reads what anybody may have written. No error handling survives a crash
of theirs, except that of another process. On Linux the child is a fork: it starts in milliseconds, needs no pickling of
what it is to do, and does not import the script of a Snakemake rule once more, as `spawn` and `forkserver` would.
Elsewhere (a fork of a process with threads is not safe on macOS, and Windows has none) the function is called directly.
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

# What native code does to itself; any other signal comes from outside and says nothing about the file.
CRASHES = {signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT, signal.SIGTRAP, signal.SIGSYS}
PR_SET_PDEATHSIG = 1
LOG, VALUE, ERROR = "log", "value", "error"
# How often a parent that waits looks whether it is to end, seconds.
LOOK_S = 1.0
# Time to close its files, seconds, that a child has before it is killed.
GRACE_S = 2.0


def in_child(function: Callable[[], Value], *, reading: str | Path) -> Value:
    """What `function()` returns, pickled, or raises, and what it logs, from a forked child process.

    reading: the user's file that it decodes, for the message. What the function changes in memory is lost with the
    child; files that are open are shared, their positions too, so flush what is written to them.

    Raises MediaError if the child crashes, MemoryError if it is killed (mostly the kernel's doing, for want of memory),
    DanceItError if it is ended by another signal.
    """
    if sys.platform != "linux":
        return function()
    receiver, sender = multiprocessing.Pipe(duplex=False)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    parent = os.getpid()
    with warnings.catch_warnings(), _nothing_collected():
        # Python 3.12 warns of any fork beside threads. Those here are the pools of BLAS and OpenCV, which bear it.
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
    """No garbage collection around a fork, whose own handlers allocate.

    The parent's garbage stays the parent's: a decoder that is freed in the child waits for ever for its threads, which
    the child does not have. What is frozen there is never collected.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _receive(receiver: Any) -> tuple[str, Any]:
    """The kind and content of the child's last message, what it logs handed on meanwhile; ("", None) if it has died."""
    try:
        while True:
            # A signal that comes just before a read begins does not interrupt it: it is noticed at the next look.
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
    """End a child whose parent is interrupted. Ctrl-C reaches both; what only the parent got is passed on."""
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
    """The error that says how a child ended that could not say so itself."""
    if not os.WIFSIGNALED(status):
        return MediaError(
            f"{reading}: the libraries that decode it ended with status {os.waitstatus_to_exitcode(status)}; convert "
            "it, e.g. with ffmpeg, or leave it out"
        )
    number = os.WTERMSIG(status)
    name = signal.Signals(number).name if number in list(signal.Signals) else f"signal {number}"
    if number == signal.SIGKILL:
        return MemoryError(f"what read {reading} was killed from outside, mostly for want of memory ({name})")
    if number in CRASHES:
        return MediaError(
            f"{reading}: the libraries that decode it crash ({name}); convert it, e.g. with ffmpeg, or leave it out"
        )
    return DanceItError(f"{reading}: the process that read it was ended from outside ({name}); run again")


def _serve(function: Callable[[], Any], sender: Any, *, parent: int) -> NoReturn:
    """The child's whole life, ended by `os._exit`: the parent's exit handlers and `finally` blocks are not its own."""
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
    """Have the kernel kill this process when the one that forked it dies.

    A parent that is killed (out of memory, a cluster's time limit) cannot end its child, which would decode on for
    hours, for nobody, into a file that the next run writes. Python has no call for it.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before that
        os._exit(1)


def _log_to(sender: Any) -> None:
    """Let all messages go to the parent: it alone writes to its log and its terminal."""

    class Relay(logging.handlers.QueueHandler):
        def enqueue(self, record: logging.LogRecord) -> None:
            sender.send((LOG, record))

    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.handlers = []
    logging.root.handlers = [Relay(sender)]


def _portable(error: BaseException | None) -> list[BaseException]:
    """An error and those that it came from, such that they can be pickled; tracebacks of unexpected ones are notes."""
    chain: list[BaseException] = []
    while error is not None:
        try:
            copy = pickle.loads(pickle.dumps(error))
            if type(copy) is not type(error):
                raise TypeError
        except Exception:  # whatever an error's own constructor raises
            copy = RuntimeError(f"{type(error).__name__}: {error}")
        if not isinstance(copy, DanceItError):  # those are one line
            copy.add_note("in a child process:\n" + "".join(traceback.format_exception(error, chain=False)))
        chain.append(copy)
        error = error.__cause__ or error.__context__
    return chain
