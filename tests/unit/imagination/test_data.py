"""Reading a target: the right frames of its store with the right joints, in its own shape, and its plate."""

from dataclasses import replace

import numpy as np
import pytest
from toy_target import LANDSCAPE, PORTRAIT, draw_toy, toy_poses, toy_room, toy_target

from danceit_core.config import PoseGanSettings
from danceit_core.errors import ImaginationError, MediaError, PoseError
from danceit_core.imagination.target.data import held_out, read_target
from danceit_core.imagination.target.film import StoredFilm
from danceit_core.imagination.target.region import body_size
from danceit_core.imagination.training.pose_settings import check_settings
from danceit_core.media.picture import write_picture
from danceit_core.media.video import STORE_GOP, VideoWriter
from danceit_core.pose.table import write_pose_table

FRAMES = 40
SETTINGS = PoseGanSettings(holdout_share=0.2)
SHAPES = pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])


class Filmed:
    """A toy person in a frame store, with a table and a plate beside it."""

    def __init__(self, folder, size):
        self.size, self.poses = size, toy_poses(FRAMES, size=size)
        self.pictures = [draw_toy(pose, toy_room(size)) for pose in self.poses]
        self.store, self.table, self.plate = (folder / name for name in ("store.mp4", "table.parquet", "plate.png"))
        with VideoWriter(self.store, fps=24, size=size, crf=4, gop=STORE_GOP) as writer:
            for picture in self.pictures:
                writer.write(picture)
        write_picture(self.plate, toy_room(size))

    def read(self, *, poses=None, kept=None, plate=True, settings=SETTINGS, **changes):
        poses = self.poses if poses is None else poses
        columns = {"kept": np.ones(len(poses), bool) if kept is None else kept} | changes.pop("columns", {})
        about = {"fps": 24, "size": self.size, "columns": columns} | changes
        write_pose_table(self.table, poses, **about)
        return read_target(self.store, self.table, self.plate if plate else None, settings=settings)


@pytest.fixture(scope="module", params=[LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])
def filmed(tmp_path_factory, request):
    return Filmed(tmp_path_factory.mktemp("target"), request.param)


def test_kept_frames_come_with_their_own_joints_and_pictures(filmed):
    kept = np.arange(FRAMES) % 4 != 1
    target = filmed.read(kept=kept)
    assert target.training.shape == (30,)
    numbers = np.flatnonzero(kept)
    np.testing.assert_array_equal(target.film_numbers, numbers)
    assert target.after_another.tolist() == [n > 0 and bool(kept[n - 1]) for n in numbers]
    assert replace(target, follows=None).after_another.tolist() == [False] + 29 * [True]
    assert target.size == filmed.size
    np.testing.assert_allclose(target.keypoints, filmed.poses[kept])
    which = np.array([0, 1, 7, 7, 29])
    pictures = target.pictures(which)
    assert pictures.shape == (5, *filmed.size[::-1], 3)
    assert pictures.dtype == np.uint8
    for picture, number in zip(pictures, numbers[which], strict=True):
        errors = [np.abs(picture.astype(int) - other).mean() for other in filmed.pictures]
        assert errors[number] < 4
        assert np.argmin(errors) == number


def test_another_source_store_or_plate_has_another_digest(tmp_path):
    filmed = Filmed(tmp_path, LANDSCAPE)
    first = filmed.read(metadata={"source": {"path": "a.mp4", "sha256": "0" * 64}}).source
    assert filmed.read(metadata={"source": {"path": "moved/a.mp4", "sha256": "0" * 64}}).source == first
    others = [filmed.read(metadata={"source": {"path": "a.mp4", "sha256": "1" * 64}}).source]
    others.append(filmed.read().source)
    others.append(filmed.read(plate=False).source)
    write_picture(filmed.plate, toy_room(LANDSCAPE) + np.uint8(1))
    others.append(filmed.read().source)
    filmed.store.write_bytes(filmed.store.read_bytes() + b"\0")
    others.append(filmed.read().source)
    assert len({first, *others}) == 6


def test_a_frame_with_few_joints_shows_nobody(filmed):
    poses = filmed.poses.copy()
    poses[5, 7:] = 0
    poses[6, 8:] = 0
    assert 5 not in filmed.read(poses=poses).film_numbers
    assert 6 in filmed.read(poses=poses).film_numbers


def test_the_plate_comes_with_the_target(filmed):
    np.testing.assert_array_equal(filmed.read().plate, toy_room(filmed.size))
    assert filmed.read(plate=False).plate is None
    write_picture(filmed.plate.with_name("other.png"), toy_room(48))
    with pytest.raises(
        ImaginationError, match=r"store\.mp4: the plate has 48 x 48 pixels, but its table says .*; delete"
    ):
        read_target(filmed.store, filmed.table, filmed.plate.with_name("other.png"), settings=SETTINGS)
    broken = filmed.plate.with_name("broken.png")
    for content in (b"", b"no picture"):
        broken.write_bytes(content)
        with pytest.raises(MediaError, match=r"broken\.png is not a picture; delete it and run again"):
            read_target(filmed.store, filmed.table, broken, settings=SETTINGS)
    with pytest.raises(MediaError, match=r"gone\.png is not a picture"):
        read_target(filmed.store, filmed.table, filmed.plate.with_name("gone.png"), settings=SETTINGS)


def test_a_moved_camera_shows_frames_where_they_lie_on_the_plate(tmp_path):
    """A camera that looks to the right by a pixel a frame: joints and pixels of the plate agree."""
    plate, size = (136, 72), (96, 64)
    room, poses = toy_room(plate), toy_poses(FRAMES, size=plate, share=0.6)
    store, table, picture = (tmp_path / name for name in ("store.mp4", "table.parquet", "plate.png"))
    drawn = [draw_toy(pose, room, share=0.6) for pose in poses]
    with VideoWriter(store, fps=24, size=size, crf=4, gop=STORE_GOP) as writer:
        for number, whole in enumerate(drawn):
            writer.write(whole[4 : 4 + size[1], number : number + size[0]])
    camera = np.tile(np.eye(3), (FRAMES, 1, 1))
    camera[:, 0, 2], camera[:, 1, 2] = np.arange(FRAMES), 4
    write_picture(picture, room)
    columns = {"kept": np.ones(FRAMES, bool), "camera": camera}
    about = {"picture": [20, 4, *size]}
    write_pose_table(table, poses, fps=24, size=plate, columns=columns, metadata=about)
    target = read_target(store, table, picture, settings=SETTINGS)
    assert target.size == plate
    found = target.pictures(np.array([0, 20, 39]))
    for seen, number in zip(found, (0, 20, 39), strict=True):
        inside = slice(7, 65), slice(number + 3, number + 93)
        assert np.abs(seen[inside].astype(int) - drawn[number][inside]).mean() < 4
        # Beside the picture is the plate: exactly.
        np.testing.assert_array_equal(seen[:, : max(number - 1, 0)], room[:, : max(number - 1, 0)])
        np.testing.assert_array_equal(seen[:, number + 98 :], room[:, number + 98 :])


@SHAPES
def test_the_body_size_is_the_persons_and_of_nobody_a_quarter_of_the_shorter_side(size):
    target = toy_target(12, size=size)
    sizes = body_size(target.keypoints)
    assert np.median(sizes) <= target.body_px <= sizes.max()
    assert replace(target, keypoints=0 * target.keypoints).body_px == 16


def test_too_few_frames_and_a_foreign_table_are_refused(filmed):
    with pytest.raises(ImaginationError, match=r"store\.mp4: 5 of 40 frames show the person, but .* at least 24"):
        filmed.read(kept=np.arange(FRAMES) < 5)
    with pytest.raises(ImaginationError, match=r"store\.mp4: 0 of 40 frames"):
        filmed.read(poses=np.zeros_like(filmed.poses))
    write_pose_table(filmed.table, filmed.poses, fps=24, size=filmed.size)
    with pytest.raises(PoseError, match=r"table\.parquet has no column 'kept'"):
        read_target(filmed.store, filmed.table, None, settings=SETTINGS)


@pytest.mark.parametrize(("frames", "held"), [(240, 48), (120, 24), (119, 0), (40, 0), (1, 0)])
def test_the_last_frames_are_held_out_but_of_a_few_seconds(frames, held):
    assert held_out(frames, fps=24, settings=SETTINGS) == held


def test_the_frames_held_out_are_the_last(filmed):
    # At two frames a second forty are twenty seconds.
    write_pose_table(filmed.table, filmed.poses, fps=2, size=filmed.size, columns={"kept": np.ones(FRAMES, bool)})
    target = read_target(filmed.store, filmed.table, filmed.plate, settings=SETTINGS)
    assert target.training.tolist() == [True] * 32 + [False] * 8


def test_a_photograph_is_one_frame_that_lends_and_teaches_nothing(filmed):
    target = filmed.read(poses=filmed.poses[:1], metadata={"still": True})
    assert target.is_photograph
    assert target.training.tolist() == [True]
    with pytest.raises(ImaginationError, match=r"the target is a photograph.*results/draft/TARGET/SONG\.mp4"):
        check_settings(target, replace(SETTINGS, painter="paint"))
    assert not filmed.read().is_photograph


def test_a_table_longer_than_its_store_is_named(filmed):
    target = filmed.read(poses=np.concatenate([filmed.poses, filmed.poses]))
    with pytest.raises(MediaError, match=r"has no frame 79; its 40 frames are numbered from 0"):
        target.pictures(np.array([3, 79]))


def test_no_picture_is_held(filmed):
    target = filmed.read()
    assert isinstance(target.film, StoredFilm)
    held = [value for value in vars(target).values() if isinstance(value, np.ndarray) and value.dtype == np.uint8]
    assert [value.shape for value in held] == [target.plate.shape]
