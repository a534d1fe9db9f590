"""Where the pixels of a finished video come from: the table beside it, and its picture."""

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
from toy_target import draw_toy, toy_poses, toy_room

from danceit_core.errors import ImaginationError
from danceit_core.evaluation.dance_figures import write_figure
from danceit_core.evaluation.pixels_page import draw_pixels, lends_s, most_lent, switches, thumbnails
from danceit_core.imagination.recall.casting import Casting
from danceit_core.imagination.recall.choose import Lenders
from danceit_core.imagination.recall.parts import HEAD, NAMES, TRUNK
from danceit_core.imagination.recall.provenance import NOBODY, Origins, read_origins, read_person, write_origins
from danceit_core.media.picture import read_picture
from danceit_core.media.video import STORE_GOP, VideoWriter
from danceit_core.pose.skeleton import LEFT_ELBOW
from danceit_core.pose.table import PoseTable

SIZE = 128
LEFT_ARM = NAMES.index("left_arm")
POSES = toy_poses(20, size=SIZE)


def cast(rows, others=None, shares=None):
    rows = np.repeat(np.array(rows)[:, None], len(NAMES), 1)
    others = rows if others is None else np.repeat(np.array(others)[:, None], len(NAMES), 1)
    shares = np.zeros(len(rows)) if shares is None else shares
    return Casting(rows, others, np.repeat(np.float32(shares)[:, None], len(NAMES), 1))


@pytest.fixture
def origins():
    """Four frames of a dance: row 2 of the lenders, which is frame 7 of the store, passes to row 4, frame 12."""
    lenders = Lenders.of(POSES[:6], frames=np.array([3, 5, 7, 9, 12, 13]), fps=24.0, body_px=40.0)
    poses = POSES[6:10].copy()
    poses[3, LEFT_ELBOW, 2] = 0
    casting = cast([2, 2, 4, 4], [2, 4, 2, 4], [0, 1 / 3, 1 / 3, 0])
    return Origins.of(casting, lenders, poses, fps=30.0, store_fps=24.0, start_s=10.0)


def test_lenders_are_frames_of_the_store_and_a_part_without_joints_has_none(origins):
    assert origins.lender[:, TRUNK].tolist() == [7, 7, 12, 12]
    assert origins.second[:, TRUNK].tolist() == [NOBODY, 12, 7, NOBODY]
    assert origins.lender[:, LEFT_ARM].tolist() == [7, 7, 12, NOBODY]
    assert origins.recalled
    assert len(origins) == 4


def test_times_are_those_of_the_file_that_the_user_gave(origins):
    np.testing.assert_allclose(origins.source_s(np.array([7, 12, NOBODY])), [10 + 7 / 24, 10 + 12 / 24, np.nan])


def test_a_table_is_what_was_written(origins, tmp_path):
    path = tmp_path / "song.pixels.parquet"
    painted = Origins.painted(2, fps=30.0)
    write_origins(path, {"anna": origins, "ben": painted})
    found = read_origins(path)
    assert list(found) == ["anna", "ben"]
    for name, given in (("anna", origins), ("ben", painted)):
        for column in ("lender", "second", "share"):
            np.testing.assert_array_equal(getattr(found[name], column), getattr(given, column))
        assert (found[name].fps, found[name].store_fps, found[name].start_s) == (30.0, given.store_fps, given.start_s)
    assert not found["ben"].recalled


def test_the_table_reads_like_a_sentence(origins, tmp_path):
    path = tmp_path / "song.pixels.parquet"
    write_origins(path, {"anna": origins})
    rows = pq.read_table(path).to_pylist()
    assert len(rows) == 4 * len(NAMES)
    assert rows[len(NAMES)] == {
        "person": "anna", "frame": 1, "time_s": 1 / 30, "part": "trunk", "from_frame": 7, "from_s": 10 + 7 / 24,
        "second_frame": 12, "second_s": 10 + 12 / 24, "second_share": pytest.approx(1 / 3),
    }  # fmt: skip
    (absent,) = (row for row in rows if row["frame"] == 3 and row["part"] == "left_arm")
    assert absent["from_frame"] is None
    assert absent["from_s"] is None


def test_what_is_no_table_is_refused_by_name(tmp_path):
    path = tmp_path / "song.pixels.parquet"
    with pytest.raises(ImaginationError, match="does not exist; render"):
        read_origins(path)
    path.write_bytes(b"no table")
    with pytest.raises(ImaginationError, match=r"song\.pixels\.parquet is not a table .* delete it and run again"):
        read_origins(path)


def test_a_person_who_is_not_shown_is_named(origins, tmp_path):
    path = tmp_path / "song.pixels.parquet"
    write_origins(path, {"anna": origins})
    np.testing.assert_array_equal(read_person(path, "anna").lender, origins.lender)
    with pytest.raises(ImaginationError, match="about anna, not about ben"):
        read_person(path, "ben")


def test_a_dance_without_frames_has_a_table(tmp_path):
    path = tmp_path / "song.pixels.parquet"
    write_origins(path, {"anna": Origins.painted(0, fps=24.0)})
    assert len(read_origins(path)["anna"]) == 0
    assert read_origins(path)["anna"].passing().shape == (0, len(NAMES))


def test_a_fade_passes_by_its_shares(origins):
    np.testing.assert_allclose(origins.passing()[:, TRUNK], [0, 1 / 3, 1 / 3, 1 / 3], atol=1e-6)
    assert switches(origins)[:, TRUNK].tolist() == [False, False, True, False]


def test_a_lender_that_goes_on_frame_by_frame_is_no_switch():
    lender = np.repeat(np.array([[5], [6], [7], [20], [21]]), len(NAMES), 1)
    none = np.full_like(lender, NOBODY)
    origins = Origins(lender, none, np.zeros(lender.shape, np.float32), 24.0, 24.0)
    assert origins.passing()[:, HEAD].tolist() == [0, 0, 0, 1, 0]


def test_some_frames_of_a_dance(origins):
    assert origins.part(slice(2, None)).lender[:, TRUNK].tolist() == [12, 12]


def test_the_frames_that_lend_most_come_first(origins):
    assert most_lent(origins) == [7, 12]
    assert lends_s(origins, 7)[TRUNK] == pytest.approx((1 + 2 / 3 + 1 / 3) / 30)
    assert most_lent(Origins.painted(5, fps=24)) == []


@pytest.fixture
def filmed(tmp_path):
    """A frame store of the toy person, and their table on the plate."""
    with VideoWriter(tmp_path / "store.mp4", fps=24, size=(SIZE, SIZE), crf=4, gop=STORE_GOP) as writer:
        for pose in POSES:
            writer.write(draw_toy(pose, toy_room(SIZE)))
    about = {"fps": 24.0, "width": SIZE, "height": SIZE}
    return tmp_path / "store.mp4", PoseTable(POSES, about, {"kept": np.ones(len(POSES), bool)})


def test_what_is_lent_is_in_colour_and_the_rest_faded(filmed):
    path, target = filmed
    lender = np.full((24, len(NAMES)), 3)
    lender[:, HEAD] = 9
    none = np.full_like(lender, NOBODY)
    origins = Origins(lender, none, np.zeros(lender.shape, np.float32), 24.0, 24.0)
    body, head = thumbnails([3, 9], origins, frames_path=path, outlines=None, target=target)
    colourful = [(np.ptp(picture.astype(int), axis=-1) > 60).sum() for picture in (body, head)]
    assert colourful[0] > 3 * colourful[1] > 0


def test_a_frame_that_the_video_lacks_cannot_have_lent(filmed, origins):
    path, target = filmed
    short = PoseTable(target.keypoints[:10], target.metadata, {})
    with pytest.raises(ImaginationError, match=r"frame 12, .* has 10"):
        draw_pixels(origins, frames_path=path, outlines=None, target=short)


def test_the_page_shows_the_lenders_and_says_where_all_is_painted(filmed, origins, tmp_path):
    path, target = filmed
    write_figure(tmp_path / "pixels.png", draw_pixels(origins, frames_path=path, outlines=None, target=target))
    shown = read_picture(tmp_path / "pixels.png")
    assert shown.shape[1] > 1000
    nothing = draw_pixels(Origins.painted(48, fps=24), frames_path=None, outlines=None, target=None)
    assert "paints all" in nothing.get_suptitle()
    write_figure(tmp_path / "painted.png", nothing)
    painted = read_picture(tmp_path / "painted.png")
    assert painted.shape[0] < shown.shape[0]
    # Grey hatches, no colour.
    assert np.quantile(np.ptp(painted.astype(int), axis=-1), 0.999) < 20
    assert cv2.cvtColor(painted, cv2.COLOR_RGB2GRAY).std() > 5
