"""pyproject.toml, constraints.txt, requirements.lock and environment.yml name the same packages and versions."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import cv2
import pytest
import yaml
from checkout import ROOT

# Packages that are no dependency of the library alone, and its rooms that need them.
OF_EXTRAS = {"jinja2", "snakemake", "starlette", "uvicorn"}
ROOMS_OF_EXTRAS = {"cutting_room", "user_study", "web"}


def pinned(lines: list[str]) -> dict[str, str]:
    pairs = [line.strip().split("==") for line in lines if "==" in line and not line.startswith("#")]
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pairs}


def wanted() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    every = sum(project["optional-dependencies"].values(), project["dependencies"])
    return {re.sub(r"[-_.]+", "-", re.split(r"[=<>\[ ]", entry)[0]).lower() for entry in every} - {"danceit"}


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


def test_torch_is_a_range_and_pinned_for_tests():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "torch>=2.6,<3" in project["dependencies"]
    assert "TORCH ?= 2.6.0" in (ROOT / "Makefile").read_text()
    assert pinned((ROOT / "constraints.txt").read_text().splitlines())["torch"] == "2.13.0"


def test_the_library_alone_needs_no_package_of_an_extra():
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert not OF_EXTRAS & {re.split(r"[=<>\[ ]", entry)[0] for entry in dependencies}


def library_modules() -> list[Path]:
    """The modules of the library alone."""
    folder = ROOT / "danceit_core"
    return [path for path in sorted(folder.rglob("*.py")) if path.relative_to(folder).parts[0] not in ROOMS_OF_EXTRAS]


def imported(tree: ast.Module) -> set[str]:
    """What a module imports as it is imported itself: not inside functions, not for type checkers alone."""
    named: set[str] = set()
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        statement = waiting.pop()
        if isinstance(statement, ast.Import):
            named |= {alias.name for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            named.add(statement.module or "")
        elif isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
            waiting += statement.orelse
        elif isinstance(statement, (ast.If, ast.Try, ast.With, ast.ClassDef)):
            waiting += [inner for inner in ast.iter_child_nodes(statement) if isinstance(inner, ast.stmt)]
    return named


def test_the_library_alone_imports_no_package_of_an_extra():
    modules = library_modules()
    assert len(modules) > 250
    rooms = {f"danceit_core.{room}" for room in ROOMS_OF_EXTRAS}
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules
        for name in imported(ast.parse(path.read_text()))
        if name.split(".")[0] in OF_EXTRAS or ".".join(name.split(".")[:2]) in rooms
    }
    assert found == set()


@pytest.mark.long
def test_pip_install_gives_the_library_alone(tmp_path):
    """A new environment, the package as pip builds it, and the versions of constraints.txt."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv/bin/python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--constraint", ROOT / "constraints.txt", ROOT], check=True, cwd=tmp_path)
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in library_modules()
        if path.name != "__main__.py"
    ]
    code = (
        "import importlib, importlib.util\n"
        f"for name in {names}: importlib.import_module(name)\n"
        f"print([name for name in {sorted(OF_EXTRAS - {'jinja2'})} if importlib.util.find_spec(name)])\n"
    )
    run = subprocess.run([python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    # Jinja2 comes with PyTorch.
    assert (run.returncode, run.stdout) == (0, "[]\n"), run.stderr
    run = subprocess.run([tmp_path / "venv/bin/danceit", "make"], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert re.fullmatch(r"error: .* holds no workflow/Snakefile: this is the library alone; .*\n", run.stderr)


def test_one_opencv_is_installed():
    assert cv2.__version__.startswith("4.")
