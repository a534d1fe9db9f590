"""A function in a child process: its value, its errors, its messages come back; its death is one line."""

import ctypes
import faulthandler
import gc
import logging
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import av
import numpy as np
import psutil
import pytest

from danceit_core.errors import DanceItError, MediaError
from danceit_core.isolated import in_child

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the function is called directly")


def die(number):
    def kill_itself():
        faulthandler.disable()  # it would say so at length
        os.kill(os.getpid(), number)
        time.sleep(10)

    return kill_itself


class OddError(Exception):
    """Pickles, but cannot be unpickled."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


@pytest.fixture
def leaves_no_children():
    """No process is left at the end that was not there before; other tests of the session keep some."""
    before = set(psutil.Process().children())
    yield
    assert set(psutil.Process().children()) <= before


@pytest.mark.usefixtures("leaves_no_children")
def test_a_value_comes_back_from_another_process():
    process, samples = in_child(lambda: (os.getpid(), np.arange(3_000_000)), reading="a.mp4")
    assert process != os.getpid()
    np.testing.assert_array_equal(samples, np.arange(3_000_000))


@pytest.mark.usefixtures("leaves_no_children")
@pytest.mark.parametrize("name", ["SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT"])
def test_a_crash_is_one_line(name):
    with pytest.raises(MediaError) as caught:
        in_child(die(signal.Signals[name]), reading="my/dance.mp4")
    message = str(caught.value)
    assert message.startswith("my/dance.mp4: ")
    assert name in message
    assert "convert the file, e.g. with ffmpeg" in message
    assert "\n" not in message


def test_a_real_crash_of_native_code():
    def read_nowhere():
        faulthandler.disable()
        ctypes.string_at(0)

    with pytest.raises(MediaError, match="SIGSEGV"):
        in_child(read_nowhere, reading="a.mp4")


def test_what_comes_from_outside_is_no_fault_of_the_file():
    with pytest.raises(
        MemoryError, match=r"the process that read a\.mp4 was killed \(SIGKILL\), usually because memory ran out"
    ):
        in_child(die(signal.SIGKILL), reading="a.mp4")
    with pytest.raises(DanceItError, match=r"a\.mp4: .* from outside \(SIGTERM\); run again") as caught:
        in_child(die(signal.SIGTERM), reading="a.mp4")
    assert not isinstance(caught.value, MediaError)
    with pytest.raises(MediaError, match="exited with status 3"):
        in_child(lambda: os._exit(3), reading="a.mp4")


def test_errors_come_back_as_they_are():
    def refuse():
        try:
            raise OSError(28, "No space left on device")
        except OSError as error:
            raise MediaError("a.mp4: no") from error

    with pytest.raises(MediaError, match=r"^a\.mp4: no$") as caught:
        in_child(refuse, reading="a.mp4")
    assert caught.value.__cause__.errno == 28
    assert "in refuse" in caught.value.__cause__.__notes__[0]

    def no_memory():
        raise MemoryError

    with pytest.raises(MemoryError):
        in_child(no_memory, reading="a.mp4")

    def leave():
        sys.exit(5)

    with pytest.raises(SystemExit):
        in_child(leave, reading="a.mp4")


def test_what_does_not_pickle():
    def odd():
        raise OddError(1, 2)

    with pytest.raises(RuntimeError, match="OddError: 1 and 2"):
        in_child(odd, reading="a.mp4")
    with pytest.raises((AttributeError, TypeError, RuntimeError), match="pickle"):
        in_child(lambda: lambda: None, reading="a.mp4")


def test_messages_are_logged_by_the_parent_once(caplog, capfd):
    log = logging.getLogger("danceit_core.somewhere")

    def speak():
        log.warning("%s is silent", "a.mp4")
        log.debug("not this")
        print("said by the child")

    with caplog.at_level(logging.INFO):
        in_child(speak, reading="a.mp4")
    assert [(record.process != os.getpid(), record.getMessage()) for record in caplog.records] == [
        (True, "a.mp4 is silent")
    ]
    assert capfd.readouterr().out == "said by the child\n"


def test_the_parent_s_exit_handlers_run_once(tmp_path):
    script = """
        import atexit, contextlib, logging, sys
        from danceit_core.isolated import in_child
        atexit.register(print, "at exit")
        print("before", end=" ")
        with contextlib.ExitStack() as stack:
            stack.callback(print, "left")
            print(in_child(lambda: 42, reading="a.mp4"))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "before 42\nleft\nat exit\n"


def running(process):
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_child_ends_with_its_parent(tmp_path, number):
    script = f"""
        import os, time
        from pathlib import Path
        from danceit_core.isolated import in_child
        def wait():
            try:
                Path({str(tmp_path / "child")!r}).write_text(str(os.getpid()))
                time.sleep(60)
            finally:
                Path({str(tmp_path / "closed")!r}).touch()
        in_child(wait, reading="a.mp4")
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stderr=subprocess.DEVNULL)
    until_s = time.monotonic() + 30
    while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text():
        assert time.monotonic() < until_s
        time.sleep(0.02)
    child = int((tmp_path / "child").read_text())
    assert running(child)
    parent.send_signal(number)
    assert parent.wait(30) != 0
    until_s = time.monotonic() + 30
    while running(child):
        assert time.monotonic() < until_s
        time.sleep(0.02)
    # Interrupted, as by Ctrl-C, it closes what it has open.
    assert (tmp_path / "closed").exists() == (number == signal.SIGINT)


def test_what_the_parent_has_left_is_not_freed_in_the_child():
    """The scaler of a frame waits for its threads when it is freed; a child has none of them."""
    frame = av.VideoFrame.from_ndarray(np.zeros((2160, 3840, 3), np.uint8), format="rgb24")
    frame.reformat(640, 360, "yuv420p")
    cycle = [frame]
    cycle.append(cycle)
    gc.disable()
    try:
        del frame, cycle
        assert in_child(gc.collect, reading="a.mp4") >= 0
    finally:
        gc.enable()


def test_nothing_is_collected_before_that_is_sure():
    enabled = []
    os.register_at_fork(after_in_child=lambda: enabled.append(gc.isenabled()))
    assert in_child(lambda: (enabled, gc.isenabled()), reading="a.mp4") == ([False], True)
    assert gc.isenabled()
