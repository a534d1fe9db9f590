"""The loop: killed at any moment it loses little and changes nothing; its best weights are kept; it can be watched."""

import json
import math
import os
import random
import signal
import subprocess
import sys
import time

import pytest
import tiny_training
import torch
from checkout import ROOT
from tiny_training import CPU, INTERVAL, ITERATIONS, ROW, tiny_duel, train_tiny
from torch import nn

from danceit_core.errors import ImaginationError
from danceit_core.imagination.networks.checkpoint import training_path
from danceit_core.imagination.training.adversarial import Duel
from danceit_core.imagination.training.loop import run_training


def run_program(path, *, until=0):
    """Train in a process of its own and kill it soon after `until` iterations are done; its steps and exit status."""
    program = [sys.executable, tiny_training.__file__, str(path), str(until)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as run:
        steps = []
        for line in run.stdout:
            steps.append(int(line))
            if 0 < until <= steps[-1]:  # where the last killer was late, it goes on from beyond
                time.sleep(random.Random(until).uniform(0, 0.03))  # somewhere in a step, or while it saves
                run.kill()
    return steps, run.returncode


def assert_same(a, b):
    """Nested dicts, lists, tensors and numbers are the same, bit by bit."""
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, list):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            assert_same(one, other)
    elif isinstance(a, torch.Tensor):
        assert torch.equal(a, b)
    else:
        assert a == b


def without_seconds(history):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in history]


@pytest.mark.slow
def test_a_training_killed_at_any_moment_ends_with_the_same_bits(tmp_path):
    whole, killed = tmp_path / "whole.pt", tmp_path / "killed.pt"
    _, status = run_program(whole)
    assert status == 0
    done = 0
    for until in sorted(random.Random(0).sample(range(3, ITERATIONS - 9), 4)):
        steps, status = run_program(killed, until=until)
        assert status == -signal.SIGKILL
        assert not killed.exists()
        assert steps[0] >= done - INTERVAL
        done = steps[-1]
    _, status = run_program(killed)
    assert status == 0
    one, other = torch.load(whole, weights_only=True), torch.load(killed, weights_only=True)
    assert_same(one["duel"], other["duel"])
    assert_same(without_seconds(one["history"]), without_seconds(other["history"]))
    assert [row["iteration"] for row in one["history"]] == [15, 30, 36]


class StoppedError(Exception):
    pass


def stop_after(iteration):
    def progress(done, _total):
        if done == iteration:
            raise StoppedError

    return progress


def test_the_sums_of_an_unfinished_row_are_part_of_the_state(tmp_path):
    whole = train_tiny(tmp_path / "whole.pt")
    with pytest.raises(StoppedError):
        train_tiny(tmp_path / "halted.pt", progress=stop_after(20), checkpoint_minutes=0.0)
    steps = []
    halted = train_tiny(tmp_path / "halted.pt", progress=lambda done, _total: steps.append(done))
    assert steps[0] == 20  # 19, between two rows, was saved
    assert without_seconds(whole) == without_seconds(halted)
    assert halted[-1]["seconds"] >= halted[0]["seconds"]


def test_the_clock_decides_when_to_save_between_rows(tmp_path):
    seen = []

    def progress(done, _total):
        seen.append(training_path(tmp_path / "tiny.pt").exists())

    train_tiny(tmp_path / "tiny.pt", progress=progress, checkpoint_minutes=60.0)
    assert seen == [False] * ROW + [True] * (ITERATIONS - ROW)


def test_history_and_curves_can_be_seen_while_it_trains(tmp_path):
    history, curves = tmp_path / "history.jsonl", tmp_path / "curves.png"
    rows = []

    def progress(_done, _total):
        rows.append(len(history.read_text().splitlines()) if history.exists() else 0)

    result = train_tiny(tmp_path / "tiny.pt", progress=progress, history_path=history, curves_path=curves)
    assert rows == [0] * ROW + [1] * ROW + [2] * 6
    assert [json.loads(line) for line in history.read_text().splitlines()] == result
    assert curves.read_bytes().startswith(b"\x89PNG")
    # A restarted rule finds its outputs removed: they are back before the first step.
    history.unlink()
    train_tiny(tmp_path / "tiny.pt", history_path=history)
    assert len(history.read_text().splitlines()) == 3


class Counter(nn.Module):
    """A network whose one weight says how many steps were taken."""

    def __init__(self):
        super().__init__()
        self.steps = nn.Parameter(torch.zeros(()))


def count(tmp_path, figures, *, patience, progress=None, iterations=9):
    """Train the counter, reviewed after each step with these figures; its averaged weight at the end, and history."""
    optimisers = tuple(torch.optim.Adam(Counter().parameters()) for _ in range(2))
    duel = Duel(Counter(), Counter(), Counter(), optimisers, 1.0, 0.0)

    def step(iteration):
        with torch.no_grad():
            duel.generator.steps.fill_(iteration + 1)
        return {"loss": torch.tensor(1.0)}

    history = run_training(
        duel,
        step=step,
        review=lambda: {"error": figures[int(duel.average.steps.detach()) - 1]},
        iterations=iterations,
        checkpoint_every=1,
        path=tmp_path / "counter.pt",
        print_of_it="counter",
        device=CPU,
        progress=progress,
        patience=patience,
        watched="error",
    )
    return float(duel.average.steps.detach()), history


FIGURES = [5.0, 3.0, 4.0, 2.0, math.nan, 2.0, 6.0, 1.0, 0.5]


def test_training_ends_when_it_grows_no_better_and_keeps_the_best(tmp_path):
    ended = []
    best, history = count(tmp_path, FIGURES, patience=3, progress=lambda *at: ended.append(at))
    assert best == 4
    assert [row["error"] for row in history if row["iteration"] != 5] == [5, 3, 4, 2, 2, 6]
    assert ended[-1] == (7, 7)
    # Begun again after its end, before its result was written: nothing is done twice, the best is still known.
    assert count(tmp_path, FIGURES, patience=3)[0] == 4


def test_the_best_is_kept_when_training_runs_to_its_end(tmp_path):
    assert count(tmp_path, FIGURES[:7], patience=5, iterations=7)[0] == 4


def test_without_patience_the_last_weights_count(tmp_path):
    assert count(tmp_path, FIGURES[:7], patience=0, iterations=7)[0] == 7


def test_the_best_so_far_survives_an_interruption(tmp_path):
    with pytest.raises(StoppedError):
        count(tmp_path, FIGURES, patience=3, progress=stop_after(6))
    best, history = count(tmp_path, FIGURES, patience=3)
    assert best == 4
    assert len(history) == 7


def test_a_diverged_state_is_not_saved(tmp_path):
    duel = tiny_duel()
    with pytest.raises(ImaginationError, match=r"diverged before iteration 2 .* lower learning_rate"):
        run_training(
            duel,
            step=lambda iteration: {"loss": torch.tensor(math.nan if iteration else 1.0)},
            review=dict,
            iterations=9,
            checkpoint_every=9,
            path=tmp_path / "bad.pt",
            print_of_it="bad",
            device=CPU,
            progress=None,
            checkpoint_minutes=0.0,
        )
    assert torch.load(training_path(tmp_path / "bad.pt"), weights_only=True)["run"]["iteration"] == 1
