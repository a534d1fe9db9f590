"""Control videos through snakemake: what they need, and that they fit the dance."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile
from dancers import sine_dancer
from snakemake_runs import config, planned, snakemake

from danceit_core.media.audio import stream_sound
from danceit_core.media.mask_video import MaskWriter
from danceit_core.media.picture import write_picture
from danceit_core.media.video import VideoWriter, decode_frames, probe
from danceit_core.pose.capsules import body_size
from danceit_core.pose.control import control_picture
from danceit_core.pose.silhouette import Girths, silhouette
from danceit_core.pose.table import write_pose_table

pytestmark = pytest.mark.workflow
PLATE, SIZE = (200, 160), (90, 160)


def test_a_control_video_needs_joints_and_outline_but_no_painter(own):
    jobs = planned(snakemake("-n", *config(own), "--", f"{own['results']}/control/person/tango.mp4"))
    assert jobs["control_video"] == jobs["align_poses"] == jobs["extract_target"] == 1
    assert not {"train_pose_gan", "train_face_gan", "render_video"} & set(jobs)


def test_who_does_not_ask_for_one_gets_none(own):
    assert "control_video" not in planned(snakemake("-n", *config(own), "--", "all"))


@pytest.mark.parametrize("fps", [24, 30])
def test_it_has_the_dances_size_rate_length_and_sound(own, fps):
    results = Path(own["results"])
    filmed = sine_dancer(24, place=(100.0, 150.0), scale=0.4)
    dance = sine_dancer(2 * fps, fps=fps, place=(45.0, 150.0), scale=0.4)
    (results / "frames").mkdir(parents=True)
    outlines = MaskWriter(results / "outlines" / "person.mkv", fps=24, size=PLATE)
    with VideoWriter(results / "frames" / "person.mp4", fps=24, size=PLATE, crf=10) as frames, outlines:
        for keypoints in filmed:
            mask = silhouette(keypoints, size=PLATE, body_px=float(body_size(keypoints)), girths=Girths())
            outlines.write(mask)
            frames.write(np.maximum(mask[..., None], np.uint8([60, 90, 120])))
    write_picture(results / "plates" / "person.png", np.full((*PLATE[::-1], 3), 90, np.uint8))
    write_pose_table(results / "camera" / "person.parquet", filmed, fps=24, size=PLATE)
    corner = {"plate_x": np.full(len(dance), 55, np.float32), "plate_y": np.zeros(len(dance), np.float32)}
    write_pose_table(results / "poses" / "person" / "tango.parquet", dance, fps=fps, size=SIZE, columns=corner)
    folder = results / "control" / "person"
    run = snakemake("--cores", "1", "--allowed-rules", "control_video", *config(own), "--", f"{folder}/tango.mp4")
    assert run.returncode == 0, run.stdout + run.stderr
    for name, drawn in (
        ("tango.mp4", control_picture(dance[-1], size=SIZE)),
        ("tango_outline.mp4", np.repeat(silhouette(
            dance[-1], size=SIZE, body_px=float(body_size(dance[-1])), girths=Girths()
        )[..., None], 3, axis=2)),
    ):  # fmt: skip
        info = probe(folder / name)
        assert ((info.width, info.height), info.fps) == (SIZE, fps)
        pictures = list(decode_frames(folder / name, fps=fps, size=None))
        assert len(pictures) == len(dance)
        # Chroma has half the resolution in the file, and thin limbs lose some colour.
        assert np.abs(pictures[-1].astype(int) - drawn).mean() < 5
    assert sum(block.shape[1] for block in stream_sound(folder / "tango.mp4", sample_rate_hz=48000)) == 96000
    assert soundfile.info(folder / "tango.wav").frames == 96000
    reference, pose = (cv2.imread(str(folder / f"tango_{name}.png")) for name in ("reference", "reference_pose"))
    assert reference.shape == pose.shape == (*SIZE[::-1], 3)
    # The skeleton lies on the person, who is white.
    joints = (pose == 255).any(-1)
    assert reference[joints].mean() > 200
