"""A rule's script: a known error is one line at the end of the log, an unknown one keeps its traceback above it."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from danceit_core.errors import MediaError
from danceit_core.run import count_gpus, stage


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


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_a_promised_gpu_that_is_absent_is_a_warning(job, no_gpu):
    job.resources = {"gpu": 1}
    with stage(job) as run:
        assert run.device == torch.device("cpu")
    assert "WARNING: no GPU found; computing on the CPU" in log_of(job)


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
