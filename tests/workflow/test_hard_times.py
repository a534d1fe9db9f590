"""Full disks, folders that cannot be written, jobs that are killed, sources that change: one line, nothing spoilt."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from checkout import ROOT
from kill_drill import below
from snakemake_runs import config, error_of, snakemake

from danceit_core.media.audio import write_sound

pytestmark = pytest.mark.workflow

ALONE = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec"]


def in_own_mounts(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A shell script ($0: the first argument) in a namespace whose mounts nobody else sees."""
    if subprocess.run([*ALONE, "mount -t tmpfs none /mnt"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount in a namespace of their own")
    command = [*ALONE, script, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def analyse(own: dict[str, str]) -> list[str]:
    """The command that analyses the song of a project."""
    return [
        sys.executable,
        "-m",
        "snakemake",
        "--cores",
        "1",
        *config(own),
        "--",
        f"{own['results']}/music/tango.parquet",
    ]


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_full_disk_is_one_line_and_what_was_finished_stays(own):
    results = Path(own["results"])
    results.mkdir()
    made = [f"{results}/music/tango.parquet", f"{results}/frames/waltz.mp4"]
    run = [sys.executable, "-m", "snakemake", "--cores", "1", *config(own), "--"]
    script = """
        results=$0 song=$1 frames=$2; shift 2
        mount -t tmpfs -o size=512k none "$results"
        "$@" "$frames" >&2
        cat /dev/zero > "$results/filler" 2> /dev/null || true
        truncate -s -8192 "$results/filler"
        "$@" "$song" && exit 9
        find "$results" -type f
        rm "$results/filler"
        "$@" "$song" "$frames" > /dev/null 2>&1
        echo then; find "$results" -type f
    """
    ended = in_own_mounts(script, str(results), *made, *run)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"error: analyse_song: no space left on the disk of {results}/music (" in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
    first, then = ended.stdout.split("then\n")
    assert made[0] not in first.splitlines()
    assert made[1] in first.splitlines()
    assert not any("/." in line for line in then.splitlines())
    assert set(made) <= set(then.splitlines())


def test_results_that_cannot_be_written_are_one_line(own):
    Path(own["results"]).mkdir()
    script = 'mount --bind "$0" "$0"; mount -o remount,bind,ro "$0"; exec "$@"'
    run = analyse(own)
    ended = in_own_mounts(script, own["results"], *run)
    assert f"{own['results']} cannot be written to" in error_of(ended)
    assert files_in(Path(own["results"])) == []


def test_a_job_that_the_system_kills_says_what_that_mostly_means(own):
    """As the kernel does when memory runs out."""
    command = analyse(own)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        killed = False
        while run.poll() is None and not killed:
            for pid in below(run.pid):
                # Most of them are short-lived.
                with suppress(FileNotFoundError, ProcessLookupError):
                    if b"analyse_song.py" in Path(f"/proc/{pid}/cmdline").read_bytes() and not below(pid):
                        os.kill(pid, signal.SIGKILL)
                        killed = True
            time.sleep(0.02)
        output = run.communicate(timeout=120)[0]
    ended = subprocess.CompletedProcess(command, run.returncode, output, "")
    assert "was killed from outside, mostly for want of memory" in error_of(ended)
    assert not list(Path(own["results"]).rglob("*.parquet"))


@contextmanager
def touched_again_and_again(path: Path) -> Iterator[None]:
    """As of a file that is still written to."""
    with subprocess.Popen(["sh", "-c", 'while touch "$0"; do sleep 0.02; done', str(path)]) as toucher:
        try:
            yield
        finally:
            toucher.kill()


@pytest.fixture
def memory_folder() -> Iterator[Path]:
    """On a disk that others write to, a change of a file's time can wait for longer than a whole job takes."""
    if not Path("/dev/shm").is_dir():
        pytest.skip("this machine has no /dev/shm")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def test_a_source_that_changes_while_it_is_read_is_read_again(own, memory_folder):
    """The song is long: on a busy machine the analysis of a short one can fall between two touches."""
    wanted, song = f"{own['results']}/music/tango.parquet", memory_folder / "song.flac"
    clicks = np.zeros(120 * 22050, np.float32)
    clicks[::11025] = 1
    write_sound(song, clicks, sample_rate_hz=22050)
    Path(own["songs"]).write_text(f"song\tpath\ntango\t{song}\n")
    with touched_again_and_again(song):
        run = snakemake("--cores", "1", *config(own), "--", wanted)
    assert "song.flac was changed while analyse_song read it" in error_of(run)
    assert not Path(wanted).exists()
    then = snakemake("--cores", "1", *config(own), "--", wanted)
    assert then.returncode == 0, then.stdout + then.stderr


def test_a_source_from_the_future_is_refused_before_anything_is_computed(own, tmp_path):
    """A camera's clock, or this machine's, that was wrong."""
    tomorrow = time.time() + 86400
    os.utime(tmp_path / "song.flac", (tomorrow, tomorrow))
    run = snakemake("--cores", "1", *config(own), "--", f"{own['results']}/music/tango.parquet")
    assert re.search(r"song.flac' is dated in the future \(.*\); set this machine's clock, or touch", error_of(run))
    os.utime(tmp_path / "song.flac")
    assert snakemake("-n", *config(own), "--", f"{own['results']}/music/tango.parquet").returncode == 0
