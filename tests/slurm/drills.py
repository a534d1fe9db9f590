"""The complete tiny workflow on a SLURM cluster, with what goes wrong on real ones. Run by `make test-slurm`.

The file is not called test_*: it takes minutes and needs root, so `make test` does not collect it. The drills build on
each other and run in the order in which they stand.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkout import ROOT
from cluster import Cluster, Job, call, check_gpu_jobs, wait_for, why_not

GPU_RULES = {"train_matcher", "index_counts", "train_pose_gan", "train_face_gan", "render_video"}
# What differs from the profile that users get: SLURM's GPU is a fake, and nobody else is waiting for SLURM's answers.
FAKE_GPU = ["--default-resources", "gpu_required=0"]
IMPATIENT = ["--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "10"]
INDEX = "results/matcher/2s/beats/index.json"
SWEEP = [f"results/matcher/2s/sweep/{row}.json" for row in ("embedding_size_8", "embedding_size_32")]

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    started = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        started.start()
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A copy of the repository as it is now, with the downloads it may have, but without results."""
    folder = tmp_path_factory.mktemp("project")
    rooms = ["config", "danceit_core", "workflow", "profiles", "environment.yml"]
    listed = call("git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "--", *rooms)
    for name in listed.splitlines():
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    if (ROOT / "resources").exists():
        shutil.copytree(ROOT / "resources", folder / "resources")
    return folder


class Run:
    """A snakemake on the cluster with the profile that users get, ended with its block; what it says is in a file."""

    def __init__(self, project: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "snakemake", "--configfile", "config/tiny.yaml"]
        command += ["--workflow-profile", "profiles/slurm", *IMPATIENT, *arguments]
        self.log_path = project / f"run_{time.monotonic_ns()}.log"
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        with self.log_path.open("w") as log:
            # A session of its own: Ctrl-C reaches all its processes and not the tests.
            self.process = subprocess.Popen(
                command, cwd=project, stdout=log, stderr=log, start_new_session=True, env=os.environ | {"PATH": path}
            )

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    def jobs(self, cluster: Cluster) -> list[Job]:
        """The jobs of this run."""
        found = re.search(r"SLURM run ID: (\S+)", self.log)
        return [job for job in cluster.jobs() if found and job.run_id == found[1]]

    def running(self, cluster: Cluster, what: str = "", node: str = "") -> list[Job]:
        """Its jobs that run now and whose comment has `what` in it, on a node."""
        assert self.process.poll() is None, self.log
        return [j for j in self.jobs(cluster) if j.state == "RUNNING" and what in j.comment and node in j.node]

    def finish(self, *, timeout_s: float) -> int:
        """The exit status."""
        return self.process.wait(timeout=timeout_s)

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: object) -> None:
        """End what still runs, as after a test that failed; the cluster's end takes its jobs."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def processes(name: str) -> str:
    """The processes of that name."""
    return subprocess.run(["pgrep", "-x", name], capture_output=True, text=True, check=False).stdout


def test_ctrl_c_leaves_no_job(cluster, project):
    with Run(project, *FAKE_GPU) as run:
        wait_for(lambda: len(run.running(cluster)) >= 2, seconds=300, what="two jobs run")
        os.killpg(run.process.pid, signal.SIGINT)
        assert run.finish(timeout_s=120) != 0
        wait_for(lambda: not cluster.queue(), seconds=60, what="the queue is empty")
        wait_for(lambda: not processes("slurmstepd"), seconds=60, what="the processes of the jobs are gone")


def test_the_complete_workflow_with_a_cancelled_job_and_a_lost_node(cluster, project):
    with Run(project, *FAKE_GPU) as run:
        for node in ("cpu0", "gpu0"):
            wait_for(lambda on=node: run.running(cluster, "render_demo", on), seconds=300, what=f"dancers on {node}")
        cancelled = run.running(cluster, "render_demo", "gpu0")[0].number
        call("scancel", str(cancelled))
        lost = run.running(cluster, "render_demo", "cpu0")[0].number
        call("scontrol", "update", "NodeName=cpu0", "State=DOWN", "Reason=drill")
        wait_for(lambda: not run.running(cluster, "", "cpu0"), seconds=30, what="nothing runs on the lost node")
        call("scontrol", "update", "NodeName=cpu0", "State=RESUME")

        assert run.finish(timeout_s=1800) == 0, run.log
        check = ROOT / "tests" / "workflow" / "check_video.py"
        subprocess.run([sys.executable, check, "results"], cwd=project, check=True)
    jobs = run.jobs(cluster)
    check_gpu_jobs(jobs, GPU_RULES)
    assert any(job.node == "cpu0" for job in jobs)
    # Cancelled: snakemake submitted the same job again, with more memory.
    first = next(job for job in jobs if job.number == cancelled)
    second = next(job for job in jobs if job.comment == first.comment and job.number != cancelled)
    assert (first.state, second.state) == ("CANCELLED", "COMPLETED")
    assert second.memory_mb > first.memory_mb
    # Lost with its node: SLURM queued it again under its number.
    again = next(job for job in jobs if job.number == lost)
    assert (again.state, again.restarts) == ("COMPLETED", 1)


def test_a_cluster_without_the_gpu_it_promised_ends_in_one_line(cluster, project):
    with Run(project, "--forcerun", "index_counts", "--retries", "0", "--", INDEX) as run:
        assert run.finish(timeout_s=600) != 0
        errors = {line for line in run.log.splitlines() if line.startswith("error: ")}
        assert len(errors) == 1, run.log
        assert "a GPU was asked for" in errors.pop()


def test_a_gpu_by_gres(cluster, project):
    resources = ["--set-resources", "index_counts:gpu=0", "index_counts:gres=gpu:1"]
    with Run(project, *FAKE_GPU, *resources, "--", INDEX) as run:
        assert run.finish(timeout_s=600) == 0, run.log
        check_gpu_jobs(run.jobs(cluster), {"index_counts"})


def test_two_gpu_jobs_at_once_wait_for_each_other(cluster, project):
    with Run(project, *FAKE_GPU, "--", *SWEEP) as run:
        assert run.finish(timeout_s=600) == 0, run.log
        check_gpu_jobs(run.jobs(cluster), {"score_setting"})


def test_the_check_notices_a_rule_that_forgot_its_gpu(cluster, project):
    with Run(
        project, *FAKE_GPU, "--set-resources", "score_setting:gpu=0", "--forcerun", "score_setting", "--", *SWEEP
    ) as run:
        assert run.finish(timeout_s=600) == 0, run.log
        with pytest.raises(AssertionError, match="did not get the GPU"):
            check_gpu_jobs(run.jobs(cluster), {"score_setting"})
