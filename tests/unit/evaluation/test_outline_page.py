"""The page of an outline: its words, its curve, the outline drawn where the mask has its edge."""

import cv2
import numpy as np
import pytest

from danceit_core.errors import MediaError
from danceit_core.evaluation.outline_page import (
    OUTLINE_COLOUR,
    TILE_PX,
    covered_share,
    describe_outline,
    draw_outline,
    outlined_tile,
)
from danceit_core.media.mask_video import MaskWriter, probe_masks
from danceit_core.media.video import VideoWriter

FRAMES, SIDE = 20, 64


def disc(frame):
    mask = np.zeros((SIDE, SIDE), np.uint8)
    return cv2.circle(mask, (20 + frame, 32), 12, 255, -1) if frame >= 5 else mask


@pytest.fixture
def video(tmp_path):
    """Outlines of nobody for 5 frames, then of a disc that moves, and their frame store."""
    masks, frames = tmp_path / "m.mkv", tmp_path / "f.mp4"
    with (
        MaskWriter(masks, fps=24, size=(SIDE, SIDE), source="a test") as writer,
        VideoWriter(frames, fps=24, size=(SIDE, SIDE), crf=20, gop=12) as film,
    ):
        for frame in range(FRAMES):
            writer.write(disc(frame))
            film.write(np.repeat(disc(frame)[..., None] // 2, 3, axis=-1))
    return masks, frames


def test_the_page_is_a_picture_and_says_what_is_in_it(video, tmp_path):
    draw_outline(video[0], tmp_path / "page.png", frames_path=video[1], name="solo")
    assert cv2.imread(str(tmp_path / "page.png")).shape[1] > 1000
    covered = covered_share(video[0])
    assert (covered[:5] == 0).all()
    assert np.allclose(covered[5:], (disc(9) > 0).mean())
    words = describe_outline(probe_masks(video[0]), covered, name="solo")
    assert words == "solo: an outline in 75.0% of 20 frames; from a test"


def test_outlines_of_another_video_are_no_page(video, tmp_path):
    other = tmp_path / "other.mkv"
    with MaskWriter(other, fps=24, size=(SIDE, SIDE)) as writer:
        writer.write(disc(5))
    with pytest.raises(MediaError, match="1 masks of 64 x 64, but its video has 20 frames"):
        draw_outline(other, tmp_path / "page.png", frames_path=video[1], name="solo")


@pytest.mark.parametrize("shape", [(64, 64), (40, 90), (90, 40), (1000, 700)])
def test_the_outline_is_drawn_at_the_edge_of_the_mask_and_the_person_is_whole(shape):
    mask = np.zeros(shape, np.uint8)
    mask[2:-2, shape[1] // 3 : shape[1] // 2] = 255
    picture = np.repeat(mask[..., None], 3, axis=-1)
    tile = outlined_tile(picture, mask)
    assert tile.shape == (TILE_PX, TILE_PX, 3)
    line = np.abs(tile.astype(int) - OUTLINE_COLOUR).sum(axis=-1) < 170  # neither black nor white
    rows, columns = np.nonzero(line)
    assert np.isclose(np.ptp(rows) / np.ptp(columns), (shape[0] - 4) / (shape[1] // 2 - shape[1] // 3), rtol=0.1)
    assert (tile[rows.min() + 6, (columns.min() + columns.max()) // 2] > 200).all()


def test_of_nobody_all_of_the_picture_is_shown():
    picture = np.full((64, 64, 3), 77, np.uint8)
    assert (outlined_tile(picture, np.zeros((64, 64), np.uint8)) == 77).all()
