"""Dances with no sound, or too little to train a matcher: the run goes on, by beats, tempo, energy and seams alone."""

import json
from pathlib import Path

import numpy as np
import pytest
from dancers import wandering_dancer
from snakemake_runs import TRACKER, config, error_of, snakemake

from danceit_core.choreography.plan import read_plan
from danceit_core.media.audio import write_sound
from danceit_core.pose.table import read_pose_table, write_pose_table

pytestmark = pytest.mark.workflow
RULES = (
    "analyse_song", "analyse_dance", "import_keypoints", "clean_keypoints", "measure_dance",
    "gather_frames", "cut_fragments", "cut_counts", "train_matcher", "index_counts", "index_fragments",
    "retrieve_fragments", "edit_plan", "align_poses", "draw_dance", "measure_paintable",
)  # fmt: skip


@pytest.fixture
def dances(own, tmp_path) -> dict[str, str]:
    """Two dances of six seconds as keypoints, without sound; a song as long; a target that is cleaned already."""
    for seed, name in enumerate(("waltz", "polka")):
        np.savez(tmp_path / f"{name}.npz", keypoints=wandering_dancer(144, seed=seed))
    clicks = np.zeros(6 * 22050, np.float32)
    clicks[::11025] = 0.8
    write_sound(tmp_path / "song.flac", clicks, sample_rate_hz=22050)
    _list_dances(tmp_path, sound="")
    about = {"columns": {"kept": np.ones(48, bool)}}
    for folder in ("cleaned", "camera"):
        table = Path(own["results"]) / folder / "person.parquet"
        write_pose_table(table, wandering_dancer(48, seed=9), fps=24, size=(512, 512), **about)
    return own


def _list_dances(folder: Path, *, sound: str) -> None:
    # By its sound both would be danced to one song.
    rows = [f"{name}\t\t{sound}\t{folder}/{name}.npz\t{name}" for name in ("waltz", "polka")]
    (folder / "videos.tsv").write_text("\n".join(["video\tpath\taudio\tkeypoints\tgroup", *rows]) + "\n")


def run(own, targets, *settings):
    values = config(own, "matcher={epochs: 2}", TRACKER, *settings)
    return snakemake("--cores", "1", "--allowed-rules", *RULES, *values, "--", *targets)


def warnings(finished, rule: str) -> list[str]:
    lines = (finished.stdout + finished.stderr).splitlines()
    return [line for line in lines if line.startswith(f"warning: {rule}")]


def test_no_dance_has_sound(dances, tmp_path):
    results = Path(dances["results"])
    poses, figure = results / "poses/person/tango.parquet", results / "figures/person/tango/sources.svg"
    edits = tmp_path / "edits.tsv"
    edits.write_text("song\tstart_s\tend_s\taction\tvalue\ntango\t0\t2\tban\twaltz\n")
    finished = run(dances, [str(poses), str(figure)], f"edits={edits}")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    # Once, where it is found out; nothing later says it again.
    (said,) = [w for w in warnings(finished, "") if "no matcher" in w]
    assert "train_matcher 2s: no matcher is trained: no dance has sound" in said
    plan = read_plan(results / "choreography/tango.parquet")
    assert plan.song_frames == len(read_pose_table(poses)) == 144
    assert np.isnan(plan.match_distance).all()
    assert plan.source_video[0] == "polka"
    assert json.loads((results / "matcher/2s/scores.json").read_text()) == {"untrained": "no dance has sound"}
    line = error_of(run(dances, [str(results / "choreography/tango.first.parquet")], "retrieval={variant: argmin}"))
    assert "retrieval.variant is 'argmin', which chooses by the matcher alone" in line


def test_two_short_dances_with_sound_are_both_learnt_from(dances, tmp_path):
    results = Path(dances["results"])
    _list_dances(tmp_path, sound=f"{tmp_path}/song.flac")
    finished = run(dances, [str(results / "choreography/tango.parquet")])
    assert finished.returncode == 0, finished.stdout + finished.stderr
    (said,) = [w for w in warnings(finished, "train_matcher") if "GPU" not in w]
    assert "also learns from the 1 song meant for its scores" in said
    scores = json.loads((results / "matcher/2s/scores.json").read_text())
    assert scores["train"]["videos"] == 2
    assert "test" not in scores
    assert np.isfinite(read_plan(results / "choreography/tango.parquet").match_distance).all()
