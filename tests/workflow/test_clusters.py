"""Where the workflow runs: profiles that say why, rules that say what they need, a module of another workflow."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from checkout import ROOT
from snakemake_runs import config, planned, snakemake

from danceit_core.config import SECTIONS
from danceit_core.estimates import make_estimates

PROFILES = [ROOT / "workflow" / "profiles" / "default" / "profile.yaml", *sorted(ROOT.glob("profiles/*/profile.yaml"))]
RULES = [
    (re.match(r"rule (\w+)", text)[1], text)
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk"))
    for text in re.split(r"^(?=rule )", path.read_text(), flags=re.MULTILINE)
    if text.startswith("rule ")
]
pytestmark = pytest.mark.workflow


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.parent.name)
def test_every_setting_of_a_profile_has_a_reason(path):
    """A comment stands above each setting; settings that follow one another without a gap share it."""
    explained = False
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            explained = True
        elif not line.strip():
            explained = False
        elif not line.startswith(" "):
            # A block's entries have their own comments.
            inner = line.rstrip().endswith(":")
            assert explained or inner, f"{path}: {line} has no reason"


@pytest.mark.parametrize("path", PROFILES[1:], ids=lambda path: path.parent.name)
def test_what_holds_everywhere_is_in_every_profile(path):
    everywhere = ("rerun-incomplete", "rerun-triggers", "show-failed-logs")
    default, other = (yaml.safe_load(file.read_text()) for file in (PROFILES[0], path))
    assert {key: other.get(key) for key in everywhere} == {key: default[key] for key in everywhere}


def test_only_the_laptop_computes_on_the_cpu_where_a_gpu_was_promised():
    required = {path.parent.name: "gpu_required=1" in str(yaml.safe_load(path.read_text())) for path in PROFILES}
    assert required == {path.parent.name: path != PROFILES[0] for path in PROFILES}


@pytest.mark.parametrize("name", ["slurm", "generic"])
def test_grouped_rules_exist(name):
    groups = yaml.safe_load((ROOT / "profiles" / name / "profile.yaml").read_text())["groups"]
    assert {entry.split("=")[0] for entry in groups} <= {rule for rule, _ in RULES}


@pytest.mark.parametrize("name", ["gpu", "slurm"])
def test_a_profile_plans(own, name):
    profile = f"profiles/{name}"
    jobs = planned(snakemake("-n", "--workflow-profile", profile, *config(own), "--", f"{own['results']}/video.mp4"))
    assert jobs["render_video"] == 1


@pytest.mark.parametrize(("rule", "text"), RULES, ids=[name for name, _ in RULES])
def test_a_rule_says_what_it_needs_unless_it_runs_where_snakemake_does(rule, text):
    runs = "\n    script:" in text or "\n    shell:" in text
    assert not runs or "**needs(" in text or "localrule: True" in text


def test_every_estimate_is_used():
    settings = {name: dict.fromkeys(kind.__dataclass_fields__, 1) for name, kind in SECTIONS.items()}
    used = {name for _, text in RULES for name in re.findall(r'needs\("(\w+)"', text)}
    assert used == set(make_estimates(settings))


def test_memory_is_asked_for_by_the_size_of_the_video(own, tmp_path):
    """A video of 300 MB (of nothing): what the rules that read it ask for; a song of a few bytes asks for the base."""
    with (tmp_path / "dance.mp4").open("ab") as file:
        file.truncate(300_000_000)
    targets = [f"{own['results']}/cleaned/waltz.parquet", f"{own['results']}/music/tango.parquet"]
    run = snakemake("-n", *config(own), "--", *targets)
    # A rule that fetches something, on a machine where it is not there yet, says no memory of its own.
    said = re.split(r"^(?:local)?rule (\w+):", run.stdout + run.stderr, flags=re.MULTILINE)[1:]
    memory = {rule: re.search(r"mem_mb=(\d+)", text) for rule, text in zip(said[::2], said[1::2], strict=True)}
    asked = {rule: found[1] for rule, found in memory.items() if found}
    assert int(asked["clean_keypoints"]) == 600 + 480
    assert int(asked["analyse_song"]) == 1500


def test_a_dance_does_not_hang_on_every_video(own, tmp_path):
    """Songs x targets x videos edges would make planning slow (benchmarks/planning_scale.py)."""
    rows = [f"v{number}\t{tmp_path}/dance.mp4\t" for number in range(50)]
    Path(own["videos"]).write_text("\n".join(["video\tpath\taudio", *rows]) + "\n")
    run = snakemake("-n", *config(own), "--", f"{own['results']}/poses/person/tango.parquet")
    text = (run.stdout + run.stderr).split("rule align_poses:")[1].split("output:")[0]
    assert "v7" not in text


def test_as_a_module_of_another_workflow(own, tmp_path):
    outer = tmp_path / "outer"
    outer.mkdir()
    (outer / "Snakefile").write_text(f"""
import yaml

with open("{ROOT}/config/config.yaml") as file:
    settings = yaml.safe_load(file)
settings |= {{name: f"{tmp_path}/{{name}}.tsv" for name in ("videos", "songs", "targets")}}

module danceit:
    snakefile: "{ROOT}/workflow/Snakefile"
    config: settings
    pathvars:
        results="dances/results",
        resources="dances/resources",

use rule * from danceit as danceit_*

rule all:
    default_target: True
    input: "dances/results/video.mp4", "dances/results/summary.md"
""")
    command = [sys.executable, "-m", "snakemake", "-n", "--cores", "1"]
    run = subprocess.run(command, cwd=outer, capture_output=True, text=True, timeout=300, check=False)
    jobs = planned(run)
    assert jobs["danceit_render_video"] == jobs["danceit_summarise"] == 1
    made = re.findall(r"^    (?:output|log|benchmark): (.*)$", run.stdout + run.stderr, re.MULTILINE)
    assert made
    assert all(path.startswith("dances/") for line in made for path in line.split(", "))
