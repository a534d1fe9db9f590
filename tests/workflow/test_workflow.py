"""The workflow through snakemake itself: dry runs of each setting, and bad input that must end in one line."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from checkout import ROOT
from dancers import sine_dancer
from media_files import write_file
from snakemake_runs import TRACKER, config, error_of, planned, snakemake
from toy_target import CPU, TOY_SETTINGS, toy_target

from danceit_core.imagination.networks.checkpoint import save_pose_gan
from danceit_core.imagination.training.train import begin
from danceit_core.media.audio import stream_sound
from danceit_core.media.video import decode_frames
from danceit_core.pose.table import read_pose_table, write_pose_table

pytestmark = pytest.mark.workflow


@pytest.mark.parametrize("setting", [[], ["--configfile", "config/paper.yaml"], ["--configfile", "config/tiny.yaml"]])
def test_dry_run_of_each_setting_with_the_command_of_the_readme(setting, tmp_path):
    values = {"results": str(tmp_path)}
    run = snakemake(
        "-n", *setting, "--cores", "12", "--resources", "gpu=1", *config(values), "--", f"{tmp_path}/video.mp4"
    )
    jobs = planned(run)
    assert {"train_matcher", "train_pose_gan", "align_poses", "render_video"} <= set(jobs)
    assert ("train_face_gan" in jobs) == bool(setting)  # the paper's, and the tiny run, so that it is tried
    assert (jobs["extract_keypoints"], jobs["extract_target"]) == (4, 1)


def test_the_command_of_the_readme_stands_in_the_readme():
    assert "snakemake --cores 12 --resources gpu=1 -- results/video.mp4" in (ROOT / "README.md").read_text()


def test_another_song_is_one_line(own):
    with Path(own["songs"]).open("a") as table:
        table.write(Path(own["songs"]).read_text().splitlines()[1].replace("tango", "salsa") + "\n")
    jobs = planned(snakemake("-n", *config(own), "--", f"{own['results']}/videos/person/salsa.mp4"))
    assert jobs["retrieve_fragments"] == jobs["train_pose_gan"] == jobs["render_video"] == 1


def test_a_face_gan_is_trained_where_it_is_asked_for_alone(own):
    for given, trained in (([], False), (["face_gan={enabled: true}"], True)):
        run = snakemake("-n", *config(own, *given), "--", f"{own['results']}/video.mp4")
        assert ("train_face_gan" in planned(run)) == trained


def test_networks_that_a_setting_asks_for_are_fetched_and_no_others(own, tmp_path):
    bare = f"pathvars={{resources: {tmp_path}/resources}}"
    for setting, fetched in (
        ("seed=0", {"fetch_beat_networks"}),
        ("music={beats: tracker}", set()),
        ("pose_gan={perceptual: efficientnet}", {"fetch_beat_networks", "fetch_efficientnet"}),
        ("evaluation={identity: true}", {"fetch_beat_networks", "fetch_face_network"}),
    ):
        jobs = planned(snakemake("-n", *config(own, setting, bare), "--", f"{own['results']}/summary.md"))
        assert {"fetch_beat_networks", "fetch_efficientnet", "fetch_face_network"} & set(jobs) == fetched


def test_a_painted_preview_waits_for_no_face_gan(own):
    enabled = config(own, "face_gan={enabled: true}")
    jobs = planned(snakemake("-n", *enabled, "--", f"{own['results']}/preview/painted/person/tango.mp4"))
    assert jobs["preview_video"] == jobs["train_pose_gan"] == jobs["align_poses"] == 1
    assert not {"train_face_gan", "render_video"} & set(jobs)


def test_a_painted_preview_is_as_long_as_the_setting_says_with_its_sound(own):
    results = Path(own["results"])
    target = toy_target(48)
    write_pose_table(results / "poses" / "person" / "tango.parquet", target.keypoints, fps=24, size=(64, 64))
    _, gan = begin(target, settings=TOY_SETTINGS, seed=0, device=CPU)
    (results / "gan" / "person").mkdir(parents=True)
    save_pose_gan(results / "gan" / "person" / "pose_gan.safetensors", gan)
    for given, frames in ((1.3, 31), (60, 48)):
        video = results / "preview" / "painted" / "person" / "tango.mp4"
        setting = f"rendering={{preview_s: {given}}}"
        values = config(own, setting, "pose_gan={painter: paint}")
        run = snakemake("--cores", "1", "--allowed-rules", "preview_video", *values, "--", str(video))
        assert run.returncode == 0, run.stdout + run.stderr
        assert sum(1 for _ in decode_frames(video, fps=24, size=None)) == frames
        assert sum(block.shape[1] for block in stream_sound(video, sample_rate_hz=48000)) == frames * 2000
    # The finished video knows nothing of that length.
    (results / "gan" / "person" / "check.json").write_text("{}")
    whole = f"{results}/videos/person/tango.mp4"
    rule = ("--allowed-rules", "render_video", *config(own, "pose_gan={painter: paint}"))
    assert snakemake("--cores", "1", *rule, "--", whole).returncode == 0
    again = snakemake("-n", *rule, "rendering={preview_s: 2}", "--", whole)
    assert "Nothing to be done" in again.stdout + again.stderr


def test_a_preview_is_made_in_one_job_with_the_song_and_without_closing_words(own):
    results = Path(own["results"])
    write_pose_table(results / "poses" / "person" / "tango.parquet", sine_dancer(72), fps=24, size=(512, 512))
    video = results / "preview" / "person" / "tango.mp4"
    rules = ("--allowed-rules", "analyse_song", "preview_poses")
    run = snakemake("--cores", "1", *rules, *config(own, "video={size: 128}", TRACKER), "--", str(video))
    assert run.returncode == 0, run.stdout + run.stderr
    pictures = list(decode_frames(video, fps=24, size=None))
    assert len(pictures) == 72
    assert pictures[0].shape == (162, 128, 3)
    assert sum(block.shape[1] for block in stream_sound(video, sample_rate_hz=48000)) == 72 * 2000
    # Those are for a run of the whole.
    assert not {"more:", "Traceback"} & set((run.stdout + run.stderr).split())


@pytest.mark.parametrize(("patience", "needed"), [(0, False), (4, True)])
def test_patience_needs_the_networks_that_judge(own, tmp_path, patience, needed):
    settings = ("pose={detector: opencv}", f"pose_gan={{painter: paint, patience: {patience}}}")
    run = snakemake("-n", *config(own, *settings), "--", f"{own['results']}/gan/person/pose_gan.safetensors")
    planned(run)
    # (The landmark network draws the outline, for the plate.)
    assert ("blazepose/pose_detection.tflite" in run.stdout + run.stderr) == needed


def test_an_unknown_key(own):
    line = error_of(snakemake("-n", *config(own, "matcher={epoch: 3}")))
    assert line == "error: config/config.yaml: unknown key 'matcher.epoch'; did you mean 'epochs'?"


def test_a_missing_file(own, tmp_path):
    (tmp_path / "song.flac").unlink()
    assert "no such file" in error_of(snakemake("-n", *config(own)))


def test_a_file_that_is_no_video_leaves_nothing_behind(own, tmp_path):
    (tmp_path / "dance.mp4").write_text("this is a letter")
    frames = tmp_path / "results" / "frames"
    line = error_of(snakemake("--cores", "1", *config(own), "--", f"{frames}/person.mp4"))
    assert f"{tmp_path}/dance.mp4" in line
    assert "check that it is a video or sound file" in line
    assert not any(frames.glob("*"))


def test_a_song_shorter_than_a_fragment_leaves_nothing_behind(own, tmp_path):
    music = tmp_path / "results" / "music"
    run = snakemake("--cores", "1", *config(own, "retrieval={fragment_s: 4}", TRACKER), "--", f"{music}/tango.parquet")
    assert "lasts 3.00 s, less than one fragment (retrieval.fragment_s = 4 s)" in error_of(run)
    assert not any(music.glob("*"))


def test_nobody_in_the_picture(own, tmp_path, pose_weights):
    keypoints = tmp_path / "results" / "keypoints"
    line = error_of(snakemake("--cores", "1", *config(own), "--", f"{keypoints}/person.parquet"))
    assert "no person in it" in line
    assert not any(keypoints.glob("*"))


def test_a_dance_that_cannot_be_used_is_listed_and_stops_only_a_strict_run(own, tmp_path):
    np.savez(tmp_path / "good.npz", keypoints=sine_dancer(72))
    (tmp_path / "letter.mp4").write_text("this is a letter")
    (tmp_path / "videos.tsv").write_text(
        f"video\tpath\taudio\tkeypoints\ngood\t\t{tmp_path}/song.flac\t{tmp_path}/good.npz\nbad\t{tmp_path}/letter.mp4\n"
    )
    statistics = tmp_path / "results" / "database" / "statistics.tsv"
    run = snakemake("--cores", "1", *config(own, TRACKER), "--", str(statistics))
    assert run.returncode == 0, run.stdout + run.stderr
    table = pd.read_csv(statistics, sep="\t", keep_default_na=False).set_index("video")
    assert table.at["good", "refused"] == ""
    assert "letter.mp4" in table.at["bad", "refused"]
    line = error_of(snakemake("--cores", "1", *config(own, "strict=true", TRACKER), "--", str(statistics)))
    assert "1 of 2 dances cannot be used" in line
    assert "letter.mp4" in line


def test_keypoints_take_their_rate_from_the_video_beside_them(own, tmp_path):
    np.savez(tmp_path / "dance.npz", keypoints=sine_dancer(60, fps=30, place=(170, 160), scale=0.4))
    pictures = [np.full((180, 320, 3), 90, np.uint8)] * 60
    film = write_file(tmp_path / "film.mkv", pictures=pictures, times_s=np.arange(60) / 30, rate=30)
    (tmp_path / "videos.tsv").write_text(f"video\tpath\tkeypoints\ndance\t{film}\t{tmp_path}/dance.npz\n")
    table = tmp_path / "results" / "keypoints" / "dance.parquet"
    run = snakemake("--cores", "1", *config(own), "--", str(table))
    assert run.returncode == 0, run.stdout + run.stderr
    fps = read_pose_table(table).fps
    assert len(read_pose_table(table)) == round(2 * fps)
    assert "Nothing to be done" in snakemake("-n", *config(own), "--", str(table)).stdout
    write_file(film, pictures=pictures[:30], times_s=np.arange(30) / 15, rate=15)
    assert planned(snakemake("-n", *config(own), "--", str(table))) == {"import_keypoints": 1}


def test_only_what_a_changed_value_touches_runs_again(own, tmp_path):
    target = f"{tmp_path}/results/music/tango.parquet"
    first = snakemake("--cores", "1", *config(own, TRACKER), "--", target)
    assert first.returncode == 0, first.stderr
    same = snakemake("-n", *config(own, "matcher={epochs: 3}", TRACKER), "--", target)
    assert "Nothing to be done" in same.stdout + same.stderr
    other = config(own, "music={beats: tracker, features: mfcc}")
    assert planned(snakemake("-n", *other, "--", target)) == {"analyse_song": 1}


def test_one_more_video_beside_a_thousand_runs_its_own_jobs_only(own, tmp_path):
    results = Path(own["results"])
    made = ("frames/{}.mp4", "frames/{}.json", "music/{}.parquet", "keypoints/{}.parquet", "cleaned/{}.parquet",
            "dances/{}.parquet")  # fmt: skip
    for number in range(1000):
        for pattern in made:
            path = results / pattern.format(f"v{number}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    rows = [f"v{number}\t{tmp_path}/dance.mp4\t" for number in range(1001)]
    Path(own["videos"]).write_text("\n".join(["video\tpath\taudio", *rows]) + "\n")
    jobs = planned(snakemake("-n", "--quiet", "rules", *config(own), "--", f"{results}/matcher/2s/index.json"))
    per_video = ("normalise_video", "extract_keypoints", "clean_keypoints", "analyse_dance", "measure_dance")
    assert {name: jobs[name] for name in per_video} == dict.fromkeys(per_video, 1)


@pytest.mark.parametrize(("videos", "targets"), [(24, 1), (25, 1), (2, 25)])
def test_many_videos_are_one_page_and_many_targets_have_none(own, tmp_path, videos, targets):
    rows = [f"v{number}\t{tmp_path}/dance.mp4\t" for number in range(videos)]
    Path(own["videos"]).write_text("\n".join(["video\tpath\taudio", *rows]) + "\n")
    rows = [f"p{number}\t{tmp_path}/dance.mp4\tyes" for number in range(targets)]
    Path(own["targets"]).write_text("\n".join(["target\tpath\tconsent", *rows]) + "\n")
    jobs = planned(snakemake("-n", "--quiet", "rules", *config(own)))
    many = videos > 24
    assert jobs.get("draw_thumbnails", 0) == many
    # A page for each dance, unless they are many, and for each target, or the first of many.
    assert jobs["draw_cleaning"] == (0 if many else videos) + (targets if targets <= 24 else 1)
    assert jobs["draw_outline"] == (targets if targets <= 24 else 1)
    page = f"{own['results']}/cleaned/v1.png"
    assert planned(snakemake("-n", "--quiet", "rules", *config(own), "--", page))["draw_cleaning"] == 1


def test_a_group_dances_with_everybody_who_is_named(own, tmp_path):
    with Path(own["targets"]).open("a") as table:
        for name in ("friend", "stranger"):
            table.write(f"{name}\t{tmp_path}/{name}.mp4\tyes\n")
            (tmp_path / f"{name}.mp4").write_bytes((tmp_path / "dance.mp4").read_bytes())
    jobs = planned(snakemake("-n", *config(own, "group={members: [person, friend]}"), "--",
                             f"{own['results']}/videos/group/tango.mp4"))  # fmt: skip
    assert (jobs["render_group"], jobs["train_pose_gan"], jobs["align_poses"]) == (1, 2, 2)
    line = error_of(snakemake("-n", *config(own, "group={members: [person, freind]}")))
    assert f"group.members: no target 'freind' in {own['targets']}; did you mean 'friend'?" in line
