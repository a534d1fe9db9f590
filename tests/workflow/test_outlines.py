"""Which rule draws whose outline, by a dry run; keypoints without a video in one line."""

from pathlib import Path

import numpy as np
import pytest
from checkout import ROOT
from dancers import sine_dancer
from snakemake_runs import config, error_of, planned, snakemake

pytestmark = pytest.mark.workflow
OTHER_DETECTOR = "pose={detector: openpose, openpose: /bin/true}"


def jobs_for(own, *names, more=()):
    paths = [f"{own['results']}/{name}" for name in names]
    return planned(snakemake("-n", *config(own, *more), "--", *paths))


def add_imported(own, tmp_path, *, with_video):
    np.savez(tmp_path / "given.npz", keypoints=sine_dancer(48))
    video = f"{tmp_path}/dance.mp4" if with_video else ""
    with Path(own["videos"]).open() as table:
        header, first = table.read().splitlines()
    rows = [f"{header}\tkeypoints", f"{first}\t", f"given\t{video}\t{tmp_path}/song.flac\t{tmp_path}/given.npz"]
    Path(own["videos"]).write_text("\n".join(rows) + "\n")


def test_a_targets_outline_comes_with_its_keypoints_in_one_job(own):
    jobs = jobs_for(own, "outlines/person.mkv", "keypoints/person.parquet", "outlines/person.png")
    assert jobs["extract_target"] == jobs["draw_outline"] == 1
    assert not {"outline_person", "extract_keypoints"} & set(jobs)


def test_a_dances_outline_is_drawn_for_who_asks_for_it(own):
    jobs = jobs_for(own, "outlines/waltz.mkv")
    assert jobs["extract_keypoints"] == jobs["outline_person"] == 1
    assert "extract_target" not in jobs
    assert "outline_person" not in jobs_for(own, "cleaned/waltz.parquet")


def test_another_detectors_target_has_its_outline_from_its_keypoints(own):
    jobs = jobs_for(own, "outlines/person.mkv", more=[OTHER_DETECTOR])
    assert jobs["extract_keypoints"] == jobs["outline_person"] == 1
    assert "extract_target" not in jobs


@pytest.mark.parametrize("there", [True, False])
def test_who_has_chosen_another_detector_need_not_have_the_network(own, tmp_path, there):
    network = tmp_path / "resources" / "blazepose" / "pose_landmark_full.tflite"
    if there:
        network.parent.mkdir(parents=True)
        network.touch()
    (tmp_path / "config").symlink_to(ROOT / "config")
    folder = ("--directory", str(tmp_path))
    # Results below the folder that Snakemake runs in are asked for by their path from there.
    run = snakemake("-n", *folder, *config(own, OTHER_DETECTOR), "--", "results/outlines/waltz.mkv")
    assert planned(run)["outline_person"] == 1
    job = (run.stdout + run.stderr).split("rule outline_person:")[1].split("output:")[0]
    assert ("pose_landmark_full" in job) == there
    assert "fetch_pose_weights" not in planned(run)


def test_imported_keypoints_with_their_video_are_outlined(own, tmp_path):
    add_imported(own, tmp_path, with_video=True)
    jobs = jobs_for(own, "outlines/given.mkv")
    assert jobs["import_keypoints"] == jobs["normalise_video"] == jobs["outline_person"] == 1


def test_imported_keypoints_without_a_video_are_one_line(own, tmp_path):
    add_imported(own, tmp_path, with_video=False)
    run = snakemake("--cores", "1", *config(own), "--", f"{own['results']}/outlines/given.mkv")
    assert "given has keypoints but no video, so there is no outline; name its video in column path" in error_of(run)
    assert not list((Path(own["results"]) / "outlines").glob("*"))


@pytest.mark.parametrize(("asked", "given"), [("none", False), ("targets", True), ("all", True)])
def test_a_targets_job_has_the_networks_of_hands_and_face_that_are_asked_for(own, asked, given):
    more = [f"pose={{hands: {asked}, face: {asked}}}"]
    run = snakemake("-n", *config(own, *more), "--", f"{own['results']}/keypoints/person.parquet")
    job = (run.stdout + run.stderr).split("rule extract_target:")[1].split("output:")[0]
    assert ("hand_landmark_full.tflite" in job, "face_landmark.tflite" in job) == (given, given)
