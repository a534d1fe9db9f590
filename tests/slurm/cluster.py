"""A temporary SLURM cluster on this machine, and the state of each job that was submitted to it.

Two nodes: `gpu0` with one (fake) GPU, and `cpu0`, which SLURM prefers for jobs that do not request a GPU. There is no
accounting database; SLURM itself keeps the state of a job for two hours.
"""

import math
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

HERE = Path(__file__).parent
PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo")


def why_not() -> str:
    """The reason why the cluster cannot be started here; "" if it can."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if os.geteuid() != 0:
        return "SLURM's daemons need root"
    if missing:
        return (
            f"not installed: {', '.join(missing)}; "
            "apt-get install --no-install-recommends slurmctld slurmd slurm-client munge"
        )
    if Path("/etc/slurm/slurm.conf").exists():
        return "/etc/slurm/slurm.conf exists: this machine belongs to a cluster"
    return ""


@dataclass(frozen=True)
class Job:
    """What SLURM knows about a job. comment: its rule and wildcards; run_id: that of the snakemake run it belongs to.

    start_s, end_s: seconds since the epoch, nan if unknown; restarts: how often SLURM itself queued it again.
    """

    number: int
    run_id: str
    comment: str
    state: str
    node: str
    start_s: float
    end_s: float
    restarts: int
    gpus: int
    memory_mb: int

    @property
    def rule(self) -> str:
        """The name of its rule, or of its group."""
        return self.comment.removeprefix("rule_").split("_wildcards_")[0]


@dataclass(frozen=True)
class Cluster:
    """The cluster whose files are in `home`."""

    home: Path

    def start(self) -> None:
        """Start the cluster. Raises CalledProcessError; the script prints the reason."""
        subprocess.run([HERE / "up.sh", self.home], check=True, timeout=120)

    def stop(self) -> None:
        """Stop the cluster and everything that it runs."""
        subprocess.run([HERE / "down.sh", self.home], check=True, timeout=120)

    def jobs(self) -> list[Job]:
        """Every job since the cluster started, by number."""
        lines = call("scontrol", "show", "job", "--details", "--oneliner").splitlines()
        return sorted((read_job(line) for line in lines if "=" in line), key=lambda job: job.number)

    def queue(self) -> list[Job]:
        """The jobs that have not ended."""
        return [job for job in self.jobs() if job.state in ("PENDING", "RUNNING", "COMPLETING", "SUSPENDED")]


def read_job(line: str) -> Job:
    """Parse a job from its line of `scontrol show job --details --oneliner`."""
    values = dict(re.findall(r"(\S+?)=(\S*)", line))
    granted = dict(part.split("=", 1) for part in values["TRES"].split(","))
    gres = re.search(r"gpu.*?:(\d+)", values.get("JOB_GRES", ""))
    return Job(
        number=int(values["JobId"]),
        run_id=values["JobName"],
        comment=values.get("Comment", ""),
        state=values["JobState"],
        node=values["NodeList"],
        start_s=seconds(values["StartTime"]),
        end_s=seconds(values["EndTime"]),
        restarts=int(values["Restarts"]),
        gpus=int(gres[1]) if gres else 0,
        memory_mb=megabytes(granted["mem"]),
    )


def check_gpu_jobs(jobs: Iterable[Job], rules: set[str]) -> None:
    """Raise AssertionError unless each job of these rules had the GPU, on its node, and no two had it at once."""
    used = sorted((job for job in jobs if job.rule in rules), key=lambda job: job.start_s)
    assert {job.rule for job in used} == rules, f"no job of {rules - {job.rule for job in used}}"
    for job in used:
        assert (job.node, job.gpus) == ("gpu0", 1), f"{job} did not get the GPU"
    for one, other in pairwise(used):
        assert one.end_s <= other.start_s, f"{one} and {other} had the GPU at once"


def wait_for(condition: Callable[[], object], *, seconds: float, what: str) -> None:
    """Return when the condition holds; AssertionError after `seconds`."""
    end_s = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end_s, f"{what}: not within {seconds:g} s"
        time.sleep(0.2)


def call(*command: str) -> str:
    """The output of a command."""
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def seconds(stamp: str) -> float:
    """SLURM's local time as seconds since the epoch; nan for an event that has not happened."""
    return math.nan if stamp == "Unknown" else datetime.fromisoformat(stamp).timestamp()


def megabytes(text: str) -> int:
    """SLURM's `1500M` or `2G` as a number of MB."""
    return round(float(text[:-1]) * {"K": 1 / 1024, "M": 1, "G": 1024, "T": 1024**2}[text[-1]])
