"""`danceit open`: the page is served at the address that it prints, to this machine alone, until it is interrupted."""

import signal
import subprocess
import urllib.request

from command_runs import COMMAND, danceit, environment, error_line


def test_the_page_is_served_until_an_interrupt(own_project):
    process = subprocess.Popen(
        [*COMMAND, "open", str(own_project), "--port", "0", "--no-browser"], env=environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        # A test may run in the background, where interrupts are ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 (no threads)
    )  # fmt: skip
    try:
        address = process.stdout.readline().split()[0]
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address, timeout=30) as answer:
            assert answer.status == 200
            assert b"<html" in answer.read()
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


def test_a_network_is_refused(own_project):
    run = danceit("open", own_project, "--host", "0.0.0.0", "--no-browser")
    assert error_line(run).startswith("error: --host 0.0.0.0 opens the project to a network")
