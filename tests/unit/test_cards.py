"""Cards without a GPU: real processes and real locks, the cards are names."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from types import SimpleNamespace

import pytest
import torch
from checkout import ROOT

from danceit_core import cards
from danceit_core.cards import lock_folder, take_cards, visible_devices
from danceit_core.errors import DeviceError
from danceit_core.run import choose_devices

# A job: takes cards, writes when it began and ended on each, and computes for a while between.
JOB = """if True:
    import logging, sys, time
    from pathlib import Path
    from danceit_core.cards import take_cards
    logging.basicConfig(format="%(message)s")
    folder, diary, number, names, work_s = sys.argv[1:]
    names = names.split(",")
    taken = take_cards(int(number), names=names, folder=Path(folder))
    begin = time.monotonic()
    print("took", *taken, flush=True)
    time.sleep(float(work_s))
    with open(diary, "a") as file:
        file.write("".join(f"{names[card]} {begin} {time.monotonic()}\\n" for card in taken))
"""


@pytest.fixture(autouse=True)
def nothing_held(monkeypatch):
    """Locks that a test takes in this process end with it."""
    held = {}
    monkeypatch.setattr(cards, "_held", held)
    yield
    for file in held.values():
        file.close()


@pytest.fixture
def start(tmp_path):
    """Starts a job in a process of its own; what still runs at the end is ended."""
    (tmp_path / "locks").mkdir(exist_ok=True)
    running = []

    def begin(number, names, *, work_s):
        paths = [str(tmp_path / "locks"), str(tmp_path / "diary")]
        command = [sys.executable, "-c", JOB, *paths, str(number), ",".join(names), str(work_s)]
        job = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        running.append(job)
        return job

    yield begin
    for job in running:
        job.kill()
        job.communicate()


def times_on_cards(diary):
    """When each card was computed on: card -> [(begin, end)], ascending."""
    times = defaultdict(list)
    for line in diary.read_text().splitlines():
        card, begin, end = line.split()
        times[card].append((float(begin), float(end)))
    return {card: sorted(spans) for card, spans in times.items()}


def most_at_once(spans):
    """How many of the spans hold at one moment."""
    changes = sorted([(begin, 1) for begin, _ in spans] + [(end, -1) for _, end in spans])
    return max(itertools.accumulate(change for _, change in changes))


@pytest.mark.parametrize(("jobs", "number", "at_once"), [(10, 1, 4), (5, 2, 2)])
def test_jobs_share_four_cards_without_meeting_on_one(start, tmp_path, jobs, number, at_once):
    running = [start(number, "abcd", work_s=0.8) for _ in range(jobs)]
    assert [job.wait(timeout=120) for job in running] == [0] * jobs
    times = times_on_cards(tmp_path / "diary")
    assert set(times) == set("abcd")
    for spans in times.values():
        assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(spans))
    spans = [span for card in times.values() for span in card]
    assert len(spans) == jobs * number
    assert most_at_once(spans) == at_once * number


def test_three_cards_are_enough_for_jobs_that_need_two(start, tmp_path):
    """Each holding one and waiting for the other's would never end."""
    running = [start(2, "abc", work_s=0.1) for _ in range(4)]
    assert [job.wait(timeout=120) for job in running] == [0] * 4
    assert all(most_at_once(spans) == 1 for spans in times_on_cards(tmp_path / "diary").values())


def test_a_killed_job_frees_its_card_and_the_next_had_said_that_it_waits(start):
    first = start(1, "a", work_s=600)
    assert first.stdout.readline() == "took 0\n"
    second = start(1, "a", work_s=0)
    assert second.stderr.readline() == "0 of 1 GPUs are free, 1 needed; waiting for other jobs\n"
    time.sleep(0.5)
    assert second.poll() is None
    first.send_signal(signal.SIGKILL)
    assert second.wait(timeout=60) == 0
    assert second.stdout.read() == "took 0\n"


def test_a_child_of_a_killed_job_does_not_keep_its_card(tmp_path):
    code = f"""if True:
        import subprocess, sys, time
        from pathlib import Path
        from danceit_core.cards import take_cards
        take_cards(1, names=["a"], folder=Path({str(tmp_path)!r}))
        print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid, flush=True)
        time.sleep(600)
    """
    job = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    child = int(job.stdout.readline())
    job.kill()
    job.wait()
    try:
        assert take_cards(1, names=["a"], folder=tmp_path) == [0]
    finally:
        os.kill(child, signal.SIGKILL)
        job.stdout.close()


def test_asked_again_a_job_gets_the_cards_that_it_has(start, tmp_path):
    other = start(1, "ab", work_s=600)
    assert other.stdout.readline() == "took 0\n"
    locks = tmp_path / "locks"
    assert take_cards(1, names="ab", folder=locks) == [1]
    assert take_cards(1, names="ab", folder=locks) == [1]
    assert take_cards(1, names="abc", folder=locks) == [1]
    assert take_cards(2, names="abc", folder=locks) == [1, 2]


def test_more_than_there_are_is_all_of_them(tmp_path):
    assert take_cards(8, names=["GPU-1/2", "b"], folder=tmp_path) == [0, 1]


@pytest.mark.parametrize(
    ("chosen", "now", "expected"),
    [([2, 3], None, "2,3"), ([1], "", "1"), ([0, 1], "3, 5,7", "3,5"), ([1], "GPU-a,GPU-b", "GPU-b")],
)
def test_processes_of_a_job_see_its_cards_alone(chosen, now, expected):
    assert visible_devices(chosen, now=now) == expected


def test_the_folder_of_the_locks_is_the_users_own(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    folder = lock_folder()
    assert folder == tmp_path / f"danceit-gpus-{os.getuid()}"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert lock_folder() == folder
    (tmp_path / "runtime").mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    assert lock_folder() == tmp_path / "runtime" / "danceit-gpus"
    # Who may write to the temporary folder may put a link there.
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "gone"))
    folder.rmdir()
    folder.symlink_to(tmp_path / "runtime")
    with pytest.raises(DeviceError, match="is not yours; remove it or set TMPDIR"):
        lock_folder()


def test_a_folder_that_takes_no_locks_is_one_line(tmp_path):
    with pytest.raises(DeviceError, match=r"a\.lock: the lock of a GPU cannot be opened \(No such file or directory\)"):
        take_cards(1, names="a", folder=tmp_path / "gone")


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Makes PyTorch see cards of these UUIDs; returns which one was made the current device."""
    (tmp_path / "locks").mkdir(exist_ok=True)
    monkeypatch.setattr(cards, "lock_folder", lambda: tmp_path / "locks")
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def see(uuids):
        current = []
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: len(uuids))
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda card: SimpleNamespace(uuid=uuids[card]))
        monkeypatch.setattr(torch.cuda, "set_device", current.append)
        return current

    return see


def on(*numbers):
    return [torch.device("cuda", number) for number in numbers]


def test_a_job_computes_on_a_card_that_no_other_has(machine, start):
    current = machine("wxyz")
    other = start(1, "wxyz", work_s=600)
    assert other.stdout.readline() == "took 0\n"
    assert choose_devices(1) == on(1)
    assert current == [1]
    # Which number CUDA gives a card here does not matter.
    current = machine("zwx")
    assert choose_devices(1) == on(2)
    assert choose_devices(2) == on(0, 2)
    # Two are for processes of their own.
    assert current == [2]


def test_parts_of_one_card_are_several(machine, monkeypatch, start):
    machine("ww")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-1,MIG-2")
    other = start(1, ["MIG-1"], work_s=600)
    assert other.stdout.readline() == "took 0\n"
    assert choose_devices(1) == on(1)


def test_on_slurm_the_cards_are_those_that_it_hands_out(machine, monkeypatch, start):
    machine("wx")
    other = start(1, "wx", work_s=600)
    assert other.stdout.readline() == "took 0\n"
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert choose_devices(1) == on(0)
    assert choose_devices(4) == on(0, 1)
