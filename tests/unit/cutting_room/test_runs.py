"""Runs of the real Snakemake over a small workflow: queue, progress, failure, cancelling, servers that are killed."""

import asyncio
import json
import os
import signal
import subprocess
import time

import pytest
from tiny_room import Room
from tiny_study import Voter
from tiny_workflow import make_workflow

from danceit_core.cutting_room.events import Events
from danceit_core.cutting_room.progress import BUSY
from danceit_core.cutting_room.runs import CANCELLED, DONE, FAILED, QUEUED, RUNNING, Runs
from danceit_core.engine import snakemake_command
from danceit_core.errors import ServerError

pytestmark = pytest.mark.slow
LONGEST_S = 90.0


def make_runs(place):
    return Runs(place, Events(place))


async def until(condition):
    end_s = time.monotonic() + LONGEST_S
    while not condition():
        assert time.monotonic() < end_s
        await asyncio.sleep(0.05)


def drive(runs, scenario):
    """Run the scenario beside the queue."""

    async def both():
        working = asyncio.create_task(runs.work())
        try:
            await scenario()
        finally:
            working.cancel()
            runs.close()

    asyncio.run(both())


def begun(place) -> list[str]:
    path = place.results / "begun"
    return path.read_text().split() if path.exists() else []


def test_one_at_a_time_and_a_failure_in_one_line(tmp_path):
    place = make_workflow(tmp_path)
    runs, seen = make_runs(place), []

    async def scenario():
        bad, one = runs.add("ann", "bad", "preview"), runs.add("ann", "one", "draft")
        assert runs.add("ann", "one", "draft") is one
        assert (bad.state, one.state) == (QUEUED, QUEUED)

        def ended():
            seen.append((bad.state, one.state, bad.share, one.rule))
            return one.state not in (QUEUED, RUNNING)

        await until(ended)
        assert (bad.state, bad.line) == (FAILED, "this song has no beat; choose another")
        assert (one.state, one.done, one.total, one.line) == (DONE, 2, 2, "")

    drive(runs, scenario)
    assert not any(first == RUNNING and second == RUNNING for first, second, _, _ in seen)
    # The job's own progress, from its log, counts within its step.
    assert any(0 < (share or 0) < 1 for _, _, share, _ in seen)
    assert {rule for _, _, _, rule in seen} >= {"preview", ""}
    assert place.draft("ann", "one").read_text() == "made\n"
    # A server that comes later tells of them, too; what failed is asked for anew.
    later = make_runs(place)
    assert [run.state for run in later.all()] == [FAILED, DONE]
    later.add("ann", "bad", "preview")
    assert [run.state for run in later.all()] == [DONE, QUEUED]


def test_cancelled_it_goes_on_later(tmp_path):
    place = make_workflow(tmp_path, wait_s=600)
    runs = make_runs(place)

    async def scenario():
        one, two = runs.add("ann", "one", "draft"), runs.add("ann", "two", "draft")
        runs.cancel(two.id)
        assert two.state == CANCELLED
        await until(lambda: begun(place) == ["one"])
        runs.cancel(one.id)
        await until(lambda: one.state == CANCELLED)
        with pytest.raises(ServerError, match="has ended already"):
            runs.cancel(one.id)

    started_s = time.monotonic()
    drive(runs, scenario)
    assert time.monotonic() - started_s < 600
    assert not place.preview("ann", "one").exists()
    # Snakemake put its lock of the folder away.
    (place.workflow / "wait").write_text("0")
    command = snakemake_command(place, [place.draft("ann", "one")])
    assert subprocess.run(command, cwd=place.workflow, check=False, capture_output=True).returncode == 0


def test_a_run_in_a_terminal_keeps_others_out_in_one_line(tmp_path):
    place = make_workflow(tmp_path, wait_s=600)
    command = snakemake_command(place, [place.preview("ann", "one")])
    terminal = subprocess.Popen(command, cwd=place.workflow, stderr=subprocess.DEVNULL, process_group=0)
    runs = make_runs(place)

    async def scenario():
        await until(lambda: begun(place))
        one = runs.add("ann", "one", "preview")
        await until(lambda: one.state == FAILED)
        assert one.line == BUSY

    try:
        drive(runs, scenario)
    finally:
        os.killpg(terminal.pid, signal.SIGINT)
        terminal.wait()


def test_snakemake_killed_leaves_no_lock_behind_for_long(tmp_path):
    place = make_workflow(tmp_path, wait_s=3)
    runs = make_runs(place)

    async def scenario():
        one = runs.add("ann", "one", "preview")
        await until(lambda: begun(place))
        number = int((place.results / "cutting_room" / "run.pid").read_text())
        os.killpg(number, signal.SIGKILL)
        await until(lambda: one.state == FAILED)
        assert one.line == "the run was ended by the signal SIGKILL; make it again to go on"
        again = runs.add("ann", "one", "preview")
        await until(lambda: again.state not in (QUEUED, RUNNING))
        assert (again.state, again.line) == (DONE, "")

    drive(runs, scenario)


def asked(voter, person="ann", song="one", what="preview"):
    return voter.json("POST", "/api/runs", {"person": person, "song": song, "what": what})["id"]


def state_of(voter, song="one"):
    return next(cell["state"] for cell in voter.json("GET", "/api/project")["cells"] if cell["song"] == song)


def wait_for(condition):
    end_s = time.monotonic() + LONGEST_S
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.1)


def test_a_killed_server_s_run_is_taken_up_by_the_next(tmp_path):
    place = make_workflow(tmp_path, wait_s=80)
    room = Room(place.folder, workflow=place.workflow)
    asked(Voter(room.host))
    wait_for(lambda: begun(place))
    room.kill()
    room.start()
    voter = Voter(room.host)
    # The same run, not a second one beside it.
    assert state_of(voter) == RUNNING
    (place.workflow / "wait").write_text("0")
    wait_for(lambda: state_of(voter) == DONE)
    assert begun(place) == ["one"]
    [run] = json.loads((place.results / "cutting_room" / "runs.json").read_text())
    assert (run["state"], run["done"], run["total"]) == (DONE, 1, 1)
    room.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_server_that_ends_takes_its_run_along(tmp_path, number):
    place = make_workflow(tmp_path, wait_s=600)
    room = Room(place.folder, workflow=place.workflow)
    asked(Voter(room.host))
    wait_for(lambda: begun(place))
    child = int((place.results / "cutting_room" / "run.pid").read_text())
    room.send(number)
    assert "Traceback" not in room.stop()
    with pytest.raises(ProcessLookupError):
        os.killpg(child, 0)
    [run] = json.loads((place.results / "cutting_room" / "runs.json").read_text())
    assert run["state"] == CANCELLED
    assert not list((place.workflow / ".snakemake" / "locks").glob("*"))
