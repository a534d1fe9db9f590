"""What hosts and tools read of this repository: the files parse, and what they run is there."""

import os
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from checkout import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("[!c]*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TARGETS = re.search(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
WORDS = {".github/PULL_REQUEST_TEMPLATE.md", "CONTRIBUTING.md", *(str(path.relative_to(ROOT)) for path in FORMS)}


def read(name: str) -> dict:
    return yaml.safe_load((ROOT / name).read_text())


def check_command(command: str) -> None:
    """The program of a shell line is a target of make, or a file that can be run here or in the environment."""
    program, *arguments = command.split()
    if program == "make":
        assert set(arguments) <= set(TARGETS), command
    else:
        path = Path(sys.executable).parent / Path(program).name if ".venv" in program else ROOT / program
        assert os.access(path, os.X_OK), command


def is_supported(version: str) -> bool:
    lowest, above = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()
    return int(lowest) <= int(version.removeprefix("3.")) < int(above)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_job_runs_what_a_developer_can_run(path):
    workflow = read(str(path))
    assert workflow[True]  # YAML's reading of the key `on`
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"]
        assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]) for step in job["steps"] if "uses" in step)
        commands = [step["run"] for step in job["steps"] if "run" in step]
        assert commands
        for command in commands:
            check_command(command)
        assert all(is_supported(version) for version in job.get("strategy", {}).get("matrix", {}).get("python", []))


def test_what_is_cached_is_found_by_files_that_are_there():
    hashed = re.findall(r"hashFiles\((.*)\)", (ROOT / ".github/workflows/ci.yml").read_text())
    names = [name for each in hashed for name in re.findall(r"'([^']+)'", each)]
    assert names
    assert all((ROOT / name).is_file() for name in names)


def test_commands_of_ci_exist():
    lines = (ROOT / ".ci/run").read_text().splitlines()
    commands = [line for line in lines if line.startswith("make ")]
    assert {"make lint", "make test", "make smoke"} <= set(commands)
    for command in commands:
        check_command(command)
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_hooks_before_a_commit_are_programs_of_the_environment():
    hooks = [hook for repository in read(".pre-commit-config.yaml")["repos"] for hook in repository["hooks"]]
    assert {"ruff-check", "ruff-format", "snakefmt", "mypy"} == {hook["id"] for hook in hooks}
    for hook in hooks:
        check_command(hook["entry"])
        assert hook["language"] == "system"
    (snakefmt,) = (hook for hook in hooks if hook["id"] == "snakefmt")
    rules = [path.relative_to(ROOT).as_posix() for path in (ROOT / "workflow").rglob("*.smk")]
    assert all(re.search(snakefmt["files"], name) for name in ["workflow/Snakefile", *rules])


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_for_issues_is_well_formed(path):
    form = read(str(path))
    assert form["name"]
    assert form["description"]
    ids = [field["id"] for field in form["body"]]
    assert len(ids) == len(set(ids))
    assert all(field["type"] == "textarea" and field["attributes"]["label"] for field in form["body"])


def test_who_reports_a_fault_is_asked_for_command_summary_and_last_line():
    fields = {field["id"]: field for field in read(".github/ISSUE_TEMPLATE/bug.yml")["body"]}
    assert {"command", "last_line", "summary"} <= set(fields)
    assert all(fields[name]["validations"]["required"] for name in ("command", "last_line"))
    assert "results/summary.md" in fields["summary"]["attributes"]["description"]


@pytest.mark.parametrize("name", sorted(WORDS))
def test_commands_and_files_that_are_named_exist(name):
    text = (ROOT / name).read_text()
    for targets in re.findall(r"`make ([a-z -]+)[`A-Z]", text):
        assert set(targets.split()) <= set(TARGETS), targets
    for path in re.findall(r"`((?:danceit_core|tests|docs|workflow|benchmarks|\.ci)/?[\w/.]*)`", text):
        assert (ROOT / path).exists(), path


def test_the_documentation_is_built_with_the_projects_own_versions():
    built = read(".readthedocs.yaml")
    assert is_supported(built["build"]["tools"]["python"])
    assert built["sphinx"] == {"configuration": "docs/conf.py", "fail_on_warning": True}
    assert (ROOT / built["sphinx"]["configuration"]).is_file()
    text = " ".join(built["build"]["jobs"]["install"])
    assert all((ROOT / name).is_file() for name in re.findall(r"--(?:requirement|constraint) (\S+)", text))
    (extras,) = re.findall(r'"\.\[(.*)\]"', text)
    assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])
