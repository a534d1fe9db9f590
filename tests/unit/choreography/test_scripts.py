"""What the workflow's scripts load: seconds that each job would wait for."""

import subprocess
import sys

import pytest
from checkout import ROOT

SCRIPTS = ROOT / "workflow" / "scripts"
RUN = """
import runpy, sys
from types import SimpleNamespace
class Files(list):
    plan = property(lambda self: self[0])
first, made, script = sys.argv[1:]
params = SimpleNamespace(edits=[])
job = SimpleNamespace(rule="edit_plan", threads=1, resources={}, input=Files([first]), output=[made],
                      log=[made + ".log"], params=params)
runpy.run_path(script, init_globals={"snakemake": job})
print(*sorted({"torch", "faiss", "pandas", "pyarrow", "scipy"} & {*sys.modules}))
"""
LOAD = """
import sys
for line in open(sys.argv[1]):
    if line.startswith(("from ", "import ")):
        exec(line)
print(*sorted({"torch", "faiss", "matplotlib", "cv2"} & {*sys.modules}))
"""


def load(code, *arguments) -> list[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    root = str(SCRIPTS.parents[1])
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=root)
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


def test_a_plan_without_edits_is_copied_and_nothing_is_loaded_for_it(tmp_path):
    (tmp_path / "first.parquet").write_bytes(b"a plan")
    loaded = load(RUN, tmp_path / "first.parquet", tmp_path / "plan.parquet", SCRIPTS / "edit_plan.py")
    assert loaded == []
    assert (tmp_path / "plan.parquet").read_bytes() == b"a plan"


@pytest.mark.parametrize("name", ["align_poses", "export_dance_bvh"])
def test_dances_are_aligned_without_the_matcher(name):
    assert load(LOAD, SCRIPTS / f"{name}.py") == []


def test_retrieval_waits_for_no_splines():
    code = LOAD.replace("matplotlib", "scipy.interpolate")
    assert load(code, SCRIPTS / "retrieve_fragments.py") == ["faiss", "torch"]
