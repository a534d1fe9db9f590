"""Once the pose weights are there, no rule needs a network: rules run where there is none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT
from snakemake_runs import config, error_of

from danceit_core.music.table import read_music_table

pytestmark = pytest.mark.workflow

# Where network namespaces may not be made: every Python process that asks for a connection ends.
GUARD = """
import os, socket

def refuse(self, address, *rest):
    if self.family in (socket.AF_INET, socket.AF_INET6):
        print("a connection was asked for:", address, flush=True)
        os._exit(99)
    return connect(self, address, *rest)

connect, socket.socket.connect = socket.socket.connect, refuse
"""


def offline(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """snakemake in a namespace without network where this machine allows it, and behind the guard in any case."""
    (folder / "guard").mkdir(exist_ok=True)
    (folder / "guard" / "sitecustomize.py").write_text(GUARD)
    alone = ["unshare", "--net"]
    try:
        allowed = subprocess.run([*alone, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        allowed = False
    command = [*(alone if allowed else []), sys.executable, "-m", "snakemake", *arguments]
    # pip asks five times, with longer and longer pauses.
    environment = os.environ | {"PYTHONPATH": str(folder / "guard"), "PIP_RETRIES": "0"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)


def test_the_guard_guards(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(GUARD)
    program = "import socket; socket.create_connection(('127.0.0.1', 9))"
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 99


def test_rules_run_without_a_network(own, tmp_path, pose_weights, beat_networks):
    results = tmp_path / "results"
    run = offline("--cores", "1", *config(own), "--", f"{results}/music/tango.parquet", folder=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    # A black video: the networks have looked at all of it.
    run = offline("--cores", "1", *config(own), "--", f"{results}/keypoints/person.parquet", folder=tmp_path)
    assert "no person in it: found in 0 of 48 frames" in error_of(run)
    assert "a connection was asked for" not in run.stdout + run.stderr


def test_a_song_is_analysed_without_bars_where_the_networks_cannot_be_fetched(own, tmp_path):
    resources = tmp_path / "resources"
    bare = config(own, f"pathvars={{resources: {resources}}}")
    run = offline("--cores", "1", *bare, "--", f"{own['results']}/music/tango.parquet", folder=tmp_path)
    said = run.stdout + run.stderr
    assert run.returncode == 0, said
    assert (resources / "beats" / "beat_networks.zip").stat().st_size == 0
    assert "beats are found without bars, as the beat networks are missing; to fetch them, run `make assets`" in said
    assert read_music_table(f"{own['results']}/music/tango.parquet").beats.meter == 0
    assert len(Path(f"{own['results']}/music/tango.beats").read_text().splitlines()) > 2
    assert not Path(f"{own['results']}/music/tango.sections").read_text()
