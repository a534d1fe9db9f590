"""A quick share of `make fuzz`: two damaged files of every kind, read by the library as the rules do."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from damage import DAMAGES, damage_bytes, spoil_tree

PROGRAM = Path(__file__).with_name("damaged_files.py")
KINDS = 48


@pytest.mark.slow
def test_damaged_files_are_read_or_refused(pose_weights, body_mesh):
    command = [sys.executable, str(PROGRAM), "--cases", str(2 * KINDS), "--seed", "3"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"seed 3: {2 * KINDS} cases" in run.stdout


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_seed_is_a_case(damage):
    data = bytes(range(256)) * 10
    once, again, other = (damage(np.random.default_rng(seed), data) for seed in (1, 1, 2))
    assert once == again
    assert any(value != data for value in (once, other))


def test_a_file_of_one_byte_can_be_damaged():
    for seed in range(100):
        damage_bytes(np.random.default_rng(seed), b"x")


def test_a_tree_is_spoilt_without_changing_it():
    tree = {"a": [1, {"b": 2}], "c": np.zeros(3)}
    spoilt = [str(spoil_tree(np.random.default_rng(seed), tree)) for seed in range(40)]
    assert str(tree) == "{'a': [1, {'b': 2}], 'c': array([0., 0., 0.])}"
    assert len(set(spoilt)) > 20
