"""Side by side: each frame of a dance beside the frame of the video that lent its pose."""

import numpy as np
import pytest
from PIL import Image
from puppet import puppet_keypoints

from danceit_core.errors import PoseError
from danceit_core.evaluation.comparison import PIXELS, READ_AT_ONCE, compare_frames, panel_sizes
from danceit_core.media.moving_picture import write_moving_picture
from danceit_core.media.video import VideoWriter
from danceit_core.pose.table import PoseTable

SIZE, FRAMES = 64, READ_AT_ONCE + 6
PANELS = (SIZE, SIZE), (SIZE, SIZE)


def film(path, levels, *, tint, size=(SIZE, SIZE), fps=24):
    """A frame store whose pictures tell their numbers by their grey, and their video by their colour."""
    with VideoWriter(path, fps=fps, size=size, crf=4) as writer:
        for level in levels:
            writer.write(np.full((*size[::-1], 3), np.array(tint) * level // 255, np.uint8))
    return path


@pytest.fixture
def dance(tmp_path):
    levels = [60 + 4 * k for k in range(40)]
    stores = {
        "red": film(tmp_path / "red.mp4", levels, tint=(255, 40, 40)),
        "blue": film(tmp_path / "blue.mp4", levels, tint=(40, 40, 255)),
    }
    painted = film(tmp_path / "painted.mp4", [8 * k for k in range(FRAMES)], tint=(40, 255, 40))
    rng = np.random.default_rng(0)
    columns = {
        "source_video": np.where(np.arange(FRAMES) % 7 < 4, "red", "blue").astype(object),
        "source_frame": rng.integers(0, 40, FRAMES),
    }
    keypoints = np.stack([puppet_keypoints(k / 24, size=512) for k in range(FRAMES)])
    return PoseTable(keypoints, {"fps": 24.0, "width": 512, "height": 512}, columns), stores, painted


def test_each_frame_stands_beside_its_source(dance):
    poses, stores, painted = dance
    pictures = list(compare_frames(poses, stores, painted, panels=PANELS))
    assert len(pictures) == FRAMES
    for number, picture in enumerate(pictures):
        assert picture.shape == (SIZE, 3 * SIZE, 3)
        source, pose, finished = np.split(picture.astype(int), 3, axis=1)
        strong = 0 if poses.columns["source_video"][number] == "red" else 2
        assert source[..., strong].mean() == pytest.approx(60 + 4 * poses.columns["source_frame"][number], abs=3)
        assert source[..., strong].mean() > 2 * source[..., 2 - strong].mean()
        assert 0 < (pose > 40).any(-1).mean() < 0.3  # a figure on black
        assert finished[..., 1].mean() == pytest.approx(8 * number, abs=3)


@pytest.mark.parametrize(
    ("picture", "stores", "panels"),
    [
        ((512, 512), [(512, 512)] * 2, ((384, 384), (384, 384))),
        ((1280, 720), [(512, 288)], ((512, 288), (512, 288))),
        ((720, 1280), [(288, 512), (512, 288)], ((694, 390), (220, 390))),
        ((606, 1078), [], ((288, 512), (288, 512))),
    ],
)
def test_panels_have_the_shapes_of_their_pictures_at_one_height(picture, stores, panels):
    assert panel_sizes(picture, stores) == panels
    (width, height), (other, _) = panels
    assert (width + 2 * other) * height == pytest.approx(PIXELS, rel=0.02)


def test_a_portrait_person_stands_beside_landscape_and_portrait_dances_unstretched(tmp_path):
    stores = {
        "wide": film(tmp_path / "wide.mp4", [200] * 4, tint=(255, 255, 255), size=(96, 54)),
        "tall": film(tmp_path / "tall.mp4", [200] * 4, tint=(255, 255, 255), size=(54, 96)),
    }
    painted = film(tmp_path / "painted.mp4", [120] * 4, tint=(40, 255, 40), size=(72, 128), fps=60)
    columns = {"source_video": np.array(["wide", "wide", "tall", "tall"], object), "source_frame": np.arange(4)}
    pose = puppet_keypoints(0, size=128) * np.float32([72 / 128, 1, 1])
    poses = PoseTable(np.stack([pose] * 4), {"fps": 60.0, "width": 72, "height": 128}, columns)
    panels = panel_sizes(poses.size, [(96, 54), (54, 96)], pixels=24000)
    (width, height), (other, _) = panels
    pictures = list(compare_frames(poses, stores, painted, panels=panels))
    assert [picture.shape for picture in pictures] == [(height, width + 2 * other, 3)] * 4
    source, skeleton, finished = np.split(pictures[0], [width, width + other], axis=1)
    assert (source > 150).all()
    assert 0 < (skeleton > 40).any(-1).mean() < 0.3
    assert (finished[..., 1] > 100).all()
    tall = np.nonzero(pictures[3][:, :width].max((0, 2)) > 150)[0]
    assert len(tall) == pytest.approx(height * 54 / 96, abs=3)
    assert tall.mean() == pytest.approx((width - 1) / 2, abs=1.5)


def test_a_table_without_sources_is_refused(dance):
    poses, stores, painted = dance
    with pytest.raises(PoseError, match="names no source frames"):
        next(compare_frames(PoseTable(poses.keypoints, poses.metadata), stores, painted, panels=PANELS))


def test_a_moving_picture_moves(dance, tmp_path):
    path = tmp_path / "dance.webp"
    write_moving_picture(path, dance[2], seconds=0.5, fps=12, width=32)
    with Image.open(path) as moving:
        assert (moving.n_frames, moving.size, moving.info["loop"]) == (6, (32, 32), 0)
        greens = []
        for number in range(moving.n_frames):
            moving.seek(number)
            moving.load()
            greens.append(np.asarray(moving.convert("RGB"))[..., 1].mean())
            assert moving.info["duration"] == round(1000 / 12)
    assert greens == pytest.approx([16 * k for k in range(6)], abs=6)
