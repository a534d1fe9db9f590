"""Changes of light and exposure: known ones are found, a person and a lamp in a corner are none."""

import numpy as np
import pytest
from toy_target import draw_toy, toy_poses, toy_room

from danceit_core.imagination.plate.exposure import measure_exposure
from danceit_core.media.video import STORE_GOP, VideoWriter
from danceit_core.pose.table import PoseTable

SIZE, FRAMES = 128, 96


def film(path, light=None, *, share=None, picture=None):
    """A frame store of the toy person; light: (T, 3) factors; share: (T,) of the picture that the person takes."""
    poses = toy_poses(FRAMES, size=SIZE, share=0.9)
    if share is not None:
        poses[..., :2] = SIZE / 2 + share[:, None, None] * (poses[..., :2] - SIZE / 2)
    with VideoWriter(path, fps=24.0, size=(SIZE, SIZE), crf=4, gop=STORE_GOP) as writer:
        for frame, pose in enumerate(poses):
            drawn = draw_toy(pose, toy_room(SIZE), share=1.0 if share is None else share[frame]).astype(float)
            if light is not None:
                drawn = drawn * light[frame]
            if picture is not None:
                drawn = picture(frame, drawn)
            writer.write(np.clip(np.round(drawn), 0, 255).astype(np.uint8))
    return PoseTable(poses, {"fps": 24.0, "width": SIZE, "height": SIZE})


def error(gains, light):
    """How far the light of the evened frames still differs, as a share: its spread over the frames."""
    return float(np.ptp(gains * light / np.median(gains * light, axis=0), axis=0).max())


def test_a_step_and_a_drift_are_evened_out(tmp_path):
    at = np.linspace(0, 1, FRAMES)[:, None]
    light = 1 - 0.15 * at * (1, 1, 0.5)
    light[40:] *= 1.2
    table = film(tmp_path / "a.mp4", light)
    gains = measure_exposure(tmp_path / "a.mp4", None, table)
    assert gains.shape == (FRAMES, 3)
    assert gains.dtype == np.float32
    assert error(np.ones_like(light), light) > 0.15
    assert error(gains, light) < 0.02
    # The step is not smeared.
    assert (gains[39] / gains[40]).mean() == pytest.approx(1.2, abs=0.02)


def test_steady_light_needs_no_gains(tmp_path):
    assert measure_exposure(tmp_path / "a.mp4", None, film(tmp_path / "a.mp4")) is None


def test_a_person_who_comes_nearer_is_no_change_of_light(tmp_path):
    share = np.linspace(0.3, 1.0, FRAMES)
    assert measure_exposure(tmp_path / "a.mp4", None, film(tmp_path / "a.mp4", share=share)) is None


def test_light_in_a_corner_is_no_change_of_exposure(tmp_path):
    def lamp(frame, picture):
        picture[:30, :30] *= 1 + 0.4 * (frame > 50)
        return picture

    assert measure_exposure(tmp_path / "a.mp4", None, film(tmp_path / "a.mp4", picture=lamp)) is None


def test_clipped_pixels_do_not_pull(tmp_path):
    def bright(_frame, picture):
        picture[:40] = np.maximum(picture[:40], 250)
        return picture

    light = np.ones((FRAMES, 3))
    light[::2] = 1.0
    light[48:] = 0.8

    def both(frame, picture):
        return bright(frame, picture * light[frame])

    gains = measure_exposure(tmp_path / "a.mp4", None, film(tmp_path / "a.mp4", picture=both))
    assert error(gains, light) < 0.02


def test_a_camera_that_moves_is_no_change_of_light(tmp_path):
    wide = np.tile(np.linspace(40, 220, 2 * SIZE)[None, :, None], (SIZE, 1, 3))
    wide[::8] += 12
    shift = np.linspace(0, SIZE, FRAMES).round().astype(int)
    camera = np.tile(np.eye(3), (FRAMES, 1, 1))
    camera[:, 0, 2] = shift

    def pan(frame, picture):
        del picture
        return wide[:, shift[frame] : shift[frame] + SIZE]

    table = film(tmp_path / "a.mp4", picture=pan)
    nobody = PoseTable(np.zeros_like(table.keypoints), table.metadata)
    assert measure_exposure(tmp_path / "a.mp4", None, nobody, camera) is None

    def darker(frame, picture):
        return pan(frame, picture) * (0.8 if frame > 60 else 1.0)

    film(tmp_path / "b.mp4", picture=darker)
    gains = measure_exposure(tmp_path / "b.mp4", None, nobody, camera)
    light = np.where(np.arange(FRAMES)[:, None] > 60, 0.8, 1.0)
    assert error(gains, light) < 0.04


@pytest.mark.parametrize("frames", [0, 1])
def test_no_frame_and_one_frame(frames, tmp_path):
    table = film(tmp_path / "a.mp4")
    few = PoseTable(table.keypoints[:frames], table.metadata)
    assert measure_exposure(tmp_path / "a.mp4", None, few) is None
