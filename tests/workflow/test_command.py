"""`danceit` over the real workflow: what it asks Snakemake for, an interrupt in a run, and what follows."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from command_runs import COMMAND, danceit, environment
from own_projects import write_project
from snakemake_runs import planned

pytestmark = pytest.mark.workflow


@pytest.fixture
def my(tmp_path: Path) -> Path:
    return write_project(tmp_path)


def asked_for(run: subprocess.CompletedProcess[str]) -> list[list[str]]:
    """The targets of each printed command of Snakemake."""
    return [line.split(" -- ")[1].split() for line in run.stderr.splitlines() if " -m snakemake --cores " in line]


def test_the_first_dance_is_made_as_a_draft_then_with_all_figures(my):
    run = danceit("make", my, "--dry-run")
    assert run.returncode == 0, run.stderr
    assert asked_for(run) == [["link_draft"], ["all"]]
    assert planned(run)["draft_video"] == 1
    assert "rule summarise:" in run.stdout + run.stderr
    # Where the person's network is there already, nobody waits for a draft.
    network = my / "results/gan/bert/pose_gan.safetensors"
    network.parent.mkdir(parents=True)
    network.touch()
    assert asked_for(danceit("make", my, "--dry-run")) == [["all"]]


def test_every_song_with_every_person(my):
    run = danceit("make", my, "--all", "--preview", "--dry-run")
    dances = [(person, song) for person in ("bert", "bella") for song in ("summer", "winter")]
    wanted = [f"{my}/results/preview/{person}/{song}.mp4" for person, song in dances]
    assert asked_for(run) == [wanted]
    assert planned(run)["preview_poses"] == 4


@pytest.mark.parametrize(
    ("kind", "rule"), [("openpose", "export_dance"), ("control", "control_video"), ("bvh", "export_dance_bvh")]
)
def test_exports_are_rules_of_the_workflow(my, kind, rule):
    run = danceit("export", my, "--format", kind, "--person", "bella", "--song", "winter", "--dry-run")
    assert planned(run)[rule] == 1


def test_an_interrupted_run_goes_on(my):
    process = subprocess.Popen(
        [*COMMAND, "make", str(my), "--preview", "--cores", "1"], env=environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, process_group=0,
        # A test may run in the background, where interrupts are ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 (no threads)
    )  # fmt: skip
    said = ""
    for line in process.stdout:
        said += line
        if "rule normalise_video:" in line:
            break
    time.sleep(1)  # by then Python of the rule's script is starting
    os.kill(process.pid, signal.SIGINT)
    said += process.communicate(timeout=60)[0]
    assert process.returncode == 130, said
    run = danceit("make", my, "--preview", "--cores", "1")
    # It is neither locked nor begun anew, and comes to where nobody is found in the videos.
    assert list((my / "results/frames").glob("*.mp4"))
    assert "LockException" not in run.stderr
    assert run.returncode == 1
    faults = [line for line in run.stderr.splitlines() if line.startswith("error: ")]
    assert len(faults) == 2, run.stderr
    assert "no person in it: found in 0 of 48 frames" in faults[0]
    assert faults[1].startswith("error: Snakemake ended with status 1; its lines above name the cause")
