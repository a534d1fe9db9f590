"""Videos of masks: every mask bit for bit, by any order of access, and one line for what is damaged or does not fit."""

import numpy as np
import pytest

from danceit_core.errors import MediaError
from danceit_core.media.mask_video import MaskWriter, check_masks, decode_masks, probe_masks, read_masks
from danceit_core.media.video import VideoWriter

FRAMES, WIDTH, HEIGHT = 30, 51, 37
MASKS = np.random.default_rng(0).integers(0, 256, (FRAMES, HEIGHT, WIDTH), dtype=np.uint8)


def write(path, masks=MASKS, *, fps=24.0, source="somewhere", size=None):
    with MaskWriter(path, fps=fps, size=size or masks.shape[:0:-1], source=source) as writer:
        for mask in masks:
            writer.write(mask)
    return path


@pytest.mark.parametrize("fps", [24, 16, 25, 29.97, 119.88])
def test_random_access_gives_what_was_written_bit_for_bit_as_does_reading_on(tmp_path, fps):
    path = write(tmp_path / "m.mkv", fps=fps)
    assert (np.stack(list(decode_masks(path))) == MASKS).all()
    for index in (0, 1, 13, 28, 29):
        assert (read_masks(path, [index]) == MASKS[[index]]).all()
    order = [7, 3, 3, 29, 0, 4, 5, 6]
    assert (read_masks(path, order) == MASKS[order]).all()


def test_its_header_tells_size_number_rate_and_source(tmp_path):
    info = probe_masks(write(tmp_path / "m.mkv"))
    assert (info.frames, info.size, info.fps, info.source) == (FRAMES, (WIDTH, HEIGHT), 24.0, "somewhere")


@pytest.mark.parametrize("shape", [(1, 1), (1, 8), (1080, 7)])
def test_one_mask_of_any_size(tmp_path, shape):
    mask = np.full((1, *shape), 255, np.uint8)
    path = write(tmp_path / "m.mkv", mask)
    assert (read_masks(path, [0]) == mask).all()
    assert read_masks(path, []).shape == (0, *shape)


def test_empty_masks_take_next_to_nothing(tmp_path):
    path = write(tmp_path / "m.mkv", np.zeros((48, 512, 512), np.uint8))
    assert path.stat().st_size < 48 * 500
    assert not read_masks(path, range(48)).any()


def test_what_is_not_finished_does_not_appear_and_leaves_what_was_there(tmp_path):
    path = write(tmp_path / "m.mkv", MASKS[:2])
    with pytest.raises(MediaError, match="mask 1 is"):
        write(path, [MASKS[5], MASKS[5, 1:]], size=(WIDTH, HEIGHT))
    assert (np.stack(list(decode_masks(path))) == MASKS[:2]).all()
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(MediaError, match="no mask was written"), MaskWriter(tmp_path / "n.mkv", fps=24, size=(4, 4)):
        pass
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("mask", "words"),
    [(np.zeros((HEIGHT, WIDTH + 1), np.uint8), "must be uint8"), (np.zeros((HEIGHT, WIDTH)), "float64")],
)
def test_a_mask_of_another_size_or_kind_is_refused(tmp_path, mask, words):
    with pytest.raises(MediaError, match=words), MaskWriter(tmp_path / "m.mkv", fps=24, size=(WIDTH, HEIGHT)) as writer:
        writer.write(mask)


def test_rates_and_sizes_that_cannot_be(tmp_path):
    with pytest.raises(MediaError, match="0 masks per second"):
        MaskWriter(tmp_path / "m.mkv", fps=0, size=(4, 4))
    with pytest.raises(MediaError, match="0 x 4"):
        MaskWriter(tmp_path / "m.mkv", fps=24, size=(0, 4))


def test_a_number_that_it_lacks(tmp_path):
    path = write(tmp_path / "m.mkv")
    for index in (FRAMES, -1):
        with pytest.raises(MediaError, match=f"no mask {index}; its 30 masks are numbered from 0"):
            read_masks(path, [0, index])


def test_a_byte_that_is_wrong_costs_its_own_mask_only_and_is_never_taken_for_a_mask(tmp_path):
    data = write(tmp_path / "m.mkv").read_bytes()
    damaged = tmp_path / "d.mkv"
    rng = np.random.default_rng(1)
    lost = []
    for place in rng.integers(len(data) // 5, len(data) * 4 // 5, 20).tolist():
        wrong = bytearray(data)
        wrong[place] ^= 0x10
        damaged.write_bytes(wrong)
        bad = []
        for index in range(FRAMES):
            try:
                assert (read_masks(damaged, [index])[0] == MASKS[index]).all()
            except MediaError as error:
                assert f"its mask {index} cannot be decoded; delete it" in str(error)  # noqa: PT017
                bad.append(index)
        lost.append(len(bad))
    assert max(lost) <= 2
    assert np.median(lost) == 1


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9])
def test_a_cut_file_is_one_line(tmp_path, share):
    path = write(tmp_path / "m.mkv")
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(MediaError, match=r"m\.mkv") as caught:
        list(decode_masks(path))
    assert "\n" not in str(caught.value)


def test_another_video_is_no_video_of_masks(tmp_path):
    path = tmp_path / "v.mp4"
    with VideoWriter(path, fps=24, size=(16, 16), crf=20) as writer:
        writer.write(np.zeros((16, 16, 3), np.uint8))
    with pytest.raises(MediaError, match="is not a video of masks"):
        read_masks(path, [0])
    with pytest.raises(MediaError, match="no such file"):
        probe_masks(tmp_path / "none.mkv")


def test_masks_of_another_video_are_told_apart(tmp_path):
    path = write(tmp_path / "m.mkv")
    check_masks(path, frames=FRAMES, size=(WIDTH, HEIGHT))
    with pytest.raises(MediaError, match="30 masks of 51 x 37, but its video has 31 frames of 51 x 37; delete"):
        check_masks(path, frames=FRAMES + 1, size=(WIDTH, HEIGHT))
    with pytest.raises(MediaError, match="30 frames of 37 x 51"):
        check_masks(path, frames=FRAMES, size=(HEIGHT, WIDTH))
