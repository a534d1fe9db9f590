"""The workflow in an empty folder, as a module that Snakemake fetches from a git host: by hand and by snakedeploy.

The host is a repository on this disk: git is told to look there for what it would fetch from github.com.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from checkout import ROOT
from snakemake_runs import error_of, planned

pytestmark = pytest.mark.workflow

URL, TAG = "https://github.com/someone/danceit", "v1.2.3"
# What snakedeploy 0.17 writes.
SNAKEFILE = f"""
from snakemake.utils import min_version

min_version("6.10.0")

configfile: "config/config.yaml"

module danceit:
    snakefile:
        github("someone/danceit", path="workflow/Snakefile", tag="{TAG}")
    config:
        config

use rule * from danceit
"""


def git(*arguments: str, cwd: Path) -> None:
    who = ["-c", "user.name=tests", "-c", "user.email=tests@localhost", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture(scope="module")
def host(tmp_path_factory) -> dict[str, str]:
    """Variables with which git and Snakemake find this checkout's workflow at URL."""
    folder = tmp_path_factory.mktemp("host")
    repository = folder / "someone/danceit"
    for name in ("config", "profiles", "workflow"):
        shutil.copytree(ROOT / name, repository / name, ignore=shutil.ignore_patterns("__pycache__", ".snakemake"))
    shutil.copy(ROOT / "environment.yml", repository)
    shutil.copy(ROOT / "LICENSE", repository)
    git("init", "--quiet", "--initial-branch=main", cwd=repository)
    git("add", "--all", "--force", cwd=repository)
    git("commit", "--quiet", "--message=a release", cwd=repository)
    git("tag", TAG, cwd=repository)
    (folder / "gitconfig").write_text(f'[url "file://{folder}/"]\n\tinsteadOf = https://github.com/\n')
    return {"GIT_CONFIG_GLOBAL": str(folder / "gitconfig"), "XDG_CACHE_HOME": str(folder / "cache")}


def snakemake_in(
    folder: Path, *arguments: str, host: dict[str, str], python: str | Path = sys.executable, library: str = str(ROOT)
) -> subprocess.CompletedProcess[str]:
    """Snakemake in a folder; library: what stands for the installed one."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | host
    if library:
        environment["PYTHONPATH"] = library
    command = [python, "-m", "snakemake", "--cores", "1", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def fill(folder: Path, own: dict[str, str]) -> None:
    """Tables of the user's own with paths from the folder, in the configuration that was deployed."""
    (folder / "films").mkdir()
    source = Path(own["results"]).parent
    for name in ("dance.mp4", "song.flac"):
        shutil.copy(source / name, folder / "films")
    rows = {
        "videos": "video\tpath\taudio\nwaltz\tfilms/dance.mp4\tfilms/song.flac\n",
        "songs": "song\tpath\ntango\tfilms/song.flac\n",
        "targets": "target\tpath\tconsent\nperson\tfilms/dance.mp4\tyes\n",
    }
    for name, text in rows.items():
        (folder / f"config/{name}.tsv").write_text(text)


def try_out(folder: Path, host: dict[str, str]) -> None:
    """Plan all of it, run a rule's script, and find a typo by the schemas."""
    jobs = planned(snakemake_in(folder, "--dry-run", host=host))
    assert jobs["render_video"] == jobs["summarise"] == 1
    run = snakemake_in(folder, "--", "results/frames/waltz.mp4", host=host)
    assert run.returncode == 0, run.stdout + run.stderr
    assert (folder / "results/frames/waltz.mp4").stat().st_size > 0
    config = folder / "config/config.yaml"
    config.write_text(config.read_text().replace("cut_threshold:", "cut_treshold:"))
    assert "did you mean 'cut_threshold'?" in error_of(snakemake_in(folder, "--dry-run", host=host))


def test_as_a_module_from_a_git_host(own, host, tmp_path):
    folder = tmp_path / "deployed"
    shutil.copytree(ROOT / "config", folder / "config")
    (folder / "workflow").mkdir()
    (folder / "workflow/Snakefile").write_text(SNAKEFILE)
    fill(folder, own)
    try_out(folder, host)


@pytest.mark.long
def test_deployed_by_snakedeploy(own, host, tmp_path):
    """In an environment of its own, which finds all other packages in that of the tests."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    packages = next((tmp_path / "venv/lib").glob("python*/site-packages"))
    (packages / "beside.pth").write_text(next(path for path in sys.path if path.endswith("site-packages")) + "\n")
    python = tmp_path / "venv/bin/python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "snakedeploy>=0.17"], check=True)
    command = [tmp_path / "venv/bin/snakedeploy", "deploy-workflow", URL, "deployed", "--tag", TAG]
    run = subprocess.run(command, cwd=tmp_path, env=os.environ | host, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    folder = tmp_path / "deployed"
    assert (
        f'github("someone/danceit", path="workflow/Snakefile", tag="{TAG}")'
        in (folder / "workflow/Snakefile").read_text()
    )
    # That environment has no library: it is said in one line.
    line = error_of(snakemake_in(folder, "--dry-run", host=host, python=python, library=""))
    assert line.startswith("error: the library danceit_core is not installed; install it with pip")
    fill(folder, own)
    try_out(folder, host)


def test_the_catalogue_can_describe_the_use():
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert set(usage["mandatory-flags"]) == {"desc", "flags"}
    assert set(usage["software-stack-deployment"]) == {"conda", "apptainer", "apptainer+conda"}
    # What else it asks of a repository.
    assert (ROOT / "config/README.md").is_file()
    assert all(word in (ROOT / "README.md").read_text().lower() for word in ("snakemake", "workflow"))
