"""The user study's rules: only what a variant changes is made again, and `full` is the workflow's own dance."""

import pytest
from snakemake_runs import config, error_of, planned, snakemake

pytestmark = pytest.mark.workflow


def jobs_of(own, *more):
    return planned(snakemake("-n", *config(own, *more), "--", f"{own['results']}/user_study/study.json"))


def test_a_variant_costs_aligning_and_painting_only(own):
    jobs = jobs_of(own, "face_gan={enabled: true}")
    assert jobs["align_variant"] == jobs["render_variant"] == 2
    once = ("align_poses", "render_video", "retrieve_fragments", "train_pose_gan", "train_face_gan")
    assert {jobs[name] for name in (*once, "prepare_user_study")} == {1}


def test_the_full_variant_alone_makes_nothing_beside_the_usual_video(own):
    usual = planned(snakemake("-n", *config(own), "--", f"{own['results']}/videos/person/tango.mp4"))
    jobs = jobs_of(own, "user_study={variants: [full]}")
    assert {name: count for name, count in jobs.items() if usual.get(name) != count} == {"prepare_user_study": 1}


def test_an_unknown_variant_is_one_line(own):
    line = error_of(snakemake("-n", *config(own, "user_study={variants: [none, tsd]}")))
    assert "user_study.variants.1: 'tsd' is not one of ['none', 'linear', 'full']" in line
