"""pyproject.toml, constraints.txt, requirements.lock and environment.yml name the same packages and versions."""

import re
import tomllib

import cv2
import yaml
from checkout import ROOT


def pinned(lines: list[str]) -> dict[str, str]:
    pairs = [line.strip().split("==") for line in lines if "==" in line and not line.startswith("#")]
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pairs}


def wanted() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    every = sum(project["optional-dependencies"].values(), project["dependencies"])
    return {re.sub(r"[-_.]+", "-", re.split(r"[=<>\[ ]", entry)[0]).lower() for entry in every}


def test_environment_and_constraints_agree():
    constraints = pinned((ROOT / "constraints.txt").read_text().splitlines())
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    conda = pinned(environment["dependencies"][-1]["pip"])
    assert wanted() - {"pip"} == set(conda)
    assert {name: constraints.get(name) for name in conda} == conda
    assert wanted() <= set(constraints)


def test_everything_but_torch_is_locked_with_hashes():
    constraints = pinned((ROOT / "constraints.txt").read_text().splitlines())
    entries = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text())
    locked = pinned([entry.split()[0] for entry in entries])
    for_single_targets = re.search("UNLOCKED := (.*)", (ROOT / "Makefile").read_text()).group(1).split("|")
    assert locked == {name: at for name, at in constraints.items() if name not in {"torch", *for_single_targets}}
    assert all("--hash=sha256:" in entry for entry in entries if not entry.startswith("#"))


def test_torch_is_pinned():
    assert pinned((ROOT / "constraints.txt").read_text().splitlines())["torch"] == "2.13.0"


def test_one_opencv_is_installed():
    assert cv2.__version__.startswith("4.")
