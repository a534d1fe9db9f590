"""A rule's script: a known error is one line at the end of the log, an unknown one keeps its traceback above it."""

import logging
import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from checkout import ROOT

from danceit_core.errors import MediaError
from danceit_core.run import count_gpus, make_progress, stage


@pytest.fixture
def job(tmp_path: Path) -> SimpleNamespace:
    (tmp_path / "dance.mp4").write_text("a video")
    files = {"input": [f"{tmp_path}/dance.mp4"], "output": [f"{tmp_path}/frames.mp4"]}
    return SimpleNamespace(rule="normalise_video", log=[f"{tmp_path}/logs/job.log"], threads=1, resources={}, **files)


def log_of(job: SimpleNamespace) -> list[str]:
    return Path(job.log[0]).read_text().splitlines()


def test_a_known_error_is_one_line_without_traceback(job):
    with pytest.raises(SystemExit) as caught, stage(job):
        raise MediaError("a.mp4 is no\nvideo")
    assert caught.value.code == 1
    assert log_of(job)[-1] == "error: a.mp4 is no video"
    assert not any("Traceback" in line for line in log_of(job))


def test_names_of_any_kind_stand_in_the_log(job):
    def work() -> None:
        logging.getLogger("danceit_core").warning("left out: %s", "caf\udce9 踊り.mp4")
        raise MediaError("caf\udce9 踊り.mp4 is no video")

    with pytest.raises(SystemExit), stage(job):
        work()
    assert log_of(job)[-2:] == ["WARNING: left out: caf\\udce9 踊り.mp4", "error: caf\\udce9 踊り.mp4 is no video"]


def test_an_unknown_error_keeps_its_traceback_and_ends_in_one_line(job):
    with pytest.raises(SystemExit), stage(job):
        raise ZeroDivisionError("division by zero")
    assert any("ZeroDivisionError" in line for line in log_of(job))
    assert log_of(job)[-1].startswith("error: normalise_video failed unexpectedly")


def test_a_full_disk_names_the_file(job):
    with pytest.raises(SystemExit), stage(job):
        raise OSError(28, "No space left on device", "results/x.mp4")
    assert log_of(job)[-1].startswith(
        f"error: normalise_video: no space left on the disk of {Path(job.log[0]).parents[1]} ("
    )


def test_a_full_disk_is_known_behind_what_a_library_or_the_own_code_makes_of_it(job):
    def write() -> None:
        try:
            raise OSError(28, "No space left on device")
        except OSError as error:
            raise MediaError("x.mp4 cannot be written") from error

    with pytest.raises(SystemExit), stage(job):
        write()
    assert "no space left" in log_of(job)[-1]


@pytest.mark.parametrize("allocate", [lambda: np.empty(1 << 50, np.uint8), lambda: torch.empty(1 << 50)])
def test_too_little_memory_is_one_line(job, allocate):
    with pytest.raises(SystemExit), stage(job):
        allocate()
    assert log_of(job)[-1].startswith("error: normalise_video: not enough memory (")
    assert not any("Traceback" in line for line in log_of(job))


def test_another_missing_file_is_one_line(job):
    with pytest.raises(SystemExit), stage(job):
        Path("nowhere.mp4").read_bytes()
    assert log_of(job)[-1] == "error: nowhere.mp4: No such file or directory"


def test_an_input_that_is_replaced_while_it_is_read_is_an_error(job, tmp_path):
    (tmp_path / "new.mp4").write_text("b video")
    with pytest.raises(SystemExit), stage(job):
        (tmp_path / "new.mp4").replace(job.input[0])
    assert log_of(job)[-1] == (
        f"error: {job.input[0]} was changed while normalise_video read it; run again when it is complete"
    )


def test_a_fault_found_in_a_file_that_is_still_growing_says_so(job):
    def read() -> None:
        with Path(job.input[0]).open("a") as file:
            file.write("more")
        raise MediaError("dance.mp4 ends too early")

    with pytest.raises(SystemExit), stage(job):
        read()
    assert log_of(job)[-1] == f"error: dance.mp4 ends too early ({job.input[0]} was changed while it was read)"


def test_a_log_that_cannot_be_written_leaves_the_line_on_the_terminal(job, capsys):
    def lose_the_log() -> None:
        Path(job.log[0]).unlink()
        Path(job.log[0]).mkdir()
        raise MediaError("a.mp4 is no video")

    with pytest.raises(SystemExit), stage(job):
        lose_the_log()
    assert "error: a.mp4 is no video" in capsys.readouterr().err


def test_progress_stands_in_the_log(job):
    with stage(job) as run:
        run.progress(1, 2)
        run.progress(2, 2)
        assert run.device == torch.device("cpu")
    assert "normalise_video: 2 of 2" in log_of(job)
    assert "took" in log_of(job)[-1]


def test_progress_in_a_file_is_a_line_now_and_then_with_an_estimate(tmp_path, monkeypatch, capsys):
    clock = iter(np.arange(0, 1e4, 0.5))
    monkeypatch.setattr("danceit_core.run.time.monotonic", lambda: float(next(clock)))
    progress = make_progress("train_pose_gan", tmp_path / "log")
    for done in range(1, 201):
        progress(done, 200)
    shown = capsys.readouterr().err
    lines = shown.splitlines()
    assert "\r" not in shown
    assert 2 <= len(lines) <= 5
    done, left = re.fullmatch(r"train_pose_gan: (\d+) of 200, about 0(\d:\d\d) left", lines[0]).groups()
    minutes, seconds = map(int, left.split(":"))
    # Two looks at the clock an iteration, half a second apart.
    assert 60 * minutes + seconds == pytest.approx(200 - int(done), abs=25)


def test_a_bar_on_a_terminal_is_gone_at_the_end_and_short_work_shows_none(tmp_path):
    code = """if True:
        import sys, time
        from pathlib import Path
        from danceit_core.run import make_progress
        progress = make_progress(sys.argv[1], Path(sys.argv[2]))
        for done in range(1, 6):
            time.sleep(float(sys.argv[3]))
            progress(done, 5)
        print("end", file=sys.stderr)
    """
    for pause_s, bar in (("0.001", False), ("0.8", True)):
        master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, 100))
        command = [sys.executable, "-c", code, "paint", str(tmp_path / "log"), pause_s]
        subprocess.run(command, stderr=slave, cwd=ROOT, check=True, timeout=60)
        os.close(slave)
        shown = os.read(master, 65536).decode()
        os.close(master)
        assert ("paint:" in shown) == bar
        assert shown.rpartition("\r")[0].rpartition("\r")[2].strip(" \n") in ("", "end")


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_a_promised_gpu_that_is_absent_is_a_warning(job, no_gpu, capsys):
    job.resources = {"gpu": 1}
    with stage(job) as run:
        assert run.device == run.device == torch.device("cpu")
    assert "WARNING: no GPU found; computing on the CPU" in log_of(job)
    assert capsys.readouterr().err == "warning: normalise_video job: no GPU found; computing on the CPU\n"


def test_the_terminal_shows_what_our_modules_warn_of_and_no_more(job, capsys):
    with stage(job):
        logging.getLogger("danceit_core.media.source").warning("left out: %s", "no picture")
        logging.getLogger("danceit_core.media.source").info("took 3 s")
        logging.getLogger("av").warning("deprecated")
    assert capsys.readouterr().err == "warning: normalise_video job: left out: no picture\n"
    assert {"WARNING: left out: no picture", "INFO: took 3 s", "WARNING: deprecated"} < set(log_of(job))


@pytest.mark.parametrize("given", [{"gpu": 1}, {"gpu": 0, "gres": "gpu:1"}])
def test_a_required_gpu_that_is_absent_is_an_error(job, no_gpu, given):
    job.resources = given | {"gpu_required": 1}
    with pytest.raises(SystemExit), stage(job) as run:
        run.device  # noqa: B018
    assert log_of(job)[-1].startswith("error: a GPU was asked for, but PyTorch")
    assert "set gpu_required=0" in log_of(job)[-1]


def test_a_rule_that_needs_no_gpu_runs_where_one_is_required(job, no_gpu):
    job.resources = {"gpu_required": 1}
    with stage(job) as run:
        assert run.device == torch.device("cpu")
    assert not any("GPU" in line for line in log_of(job))


@pytest.mark.parametrize(
    ("resources", "gpus"),
    [({}, 0), ({"gpu": 2}, 2), ({"gpu": 0, "gres": "gpu"}, 1), ({"gres": "gpu:2"}, 2), ({"gres": "gpu:a100:4"}, 4),
     ({"gres": "gpu:a100"}, 1), ({"gres": "shard:2"}, 0)],
)  # fmt: skip
def test_gpus_are_counted_as_the_site_asks_for_them(resources, gpus):
    assert count_gpus(resources) == gpus
