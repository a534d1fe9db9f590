"""Given keypoints at another rate and in another picture; files that cannot serve are refused or an error."""

import numpy as np
import pytest
from dancers import sine_dancer
from media_files import clicks, write_file

from danceit_core.config import VideoSettings
from danceit_core.errors import ConfigError, PoseError
from danceit_core.media.part import SourcePart
from danceit_core.media.source import ingest_video
from danceit_core.pose.estimate import Detection
from danceit_core.pose.imported import checksum, import_keypoints
from danceit_core.pose.openpose import write_openpose_zip
from danceit_core.pose.skeleton import present
from danceit_core.pose.store_place import StorePlace, fit_to_frame_store, resample
from danceit_core.pose.table import write_pose_table

EMPTY_ROW = {"fps": "", "width": "", "height": "", "camera": ""}


def moving(frames: int, step: float) -> np.ndarray:
    keypoints = np.ones((frames, 25, 3), np.float32)
    keypoints[..., 0] = np.arange(frames)[:, None] * step
    return keypoints


def fitted(given, *, fps, picture, size):
    place = StorePlace.of(picture, long_side=size, crop=None)
    return fit_to_frame_store(given, source_fps=fps, source_size=picture, fps=24, store=place)


def test_resampling_by_time_keeps_the_speed():
    at_24 = resample(moving(60, 1.0), source_fps=60, fps=24)
    assert len(at_24) == 24
    np.testing.assert_allclose(np.diff(at_24[:, 0, 0]), 60 / 24, atol=1e-5)


def test_an_absent_joint_is_never_mixed_with_the_origin():
    keypoints = moving(10, 1.0)
    keypoints[4, 7] = 0
    out = resample(keypoints, source_fps=24, fps=48)
    absent = out[:, 7, 2] == 0
    assert absent.tolist() == [frame in (7, 8, 9) for frame in range(20)]
    assert (out[absent, 7] == 0).all()


def test_the_picture_keeps_its_shape():
    keypoints = np.ones((1, 25, 3), np.float32) * [200, 100, 1]
    keypoints[0, 3] = 0
    given = Detection(keypoints.astype(np.float32), None)
    out = fitted(given, fps=24, picture=(200, 100), size=100)
    np.testing.assert_allclose(out.keypoints[0, 0], [100, 50, 1], atol=0.6)
    assert (out.keypoints[0, 3] == 0).all()
    assert out.people is None


def test_nothing_given_nothing_back():
    given = Detection(np.zeros((0, 25, 3), np.float32), np.zeros(0, np.int16))
    out = fitted(given, fps=60, picture=(64, 64), size=64)
    assert out.keypoints.shape == (0, 25, 3)
    assert len(out.people) == 0


def test_the_number_of_persons_is_that_of_the_nearest_frame():
    given = Detection(moving(10, 1.0), np.array([1] * 4 + [2] * 6, np.int16))
    out = fitted(given, fps=60, picture=(64, 64), size=64)
    assert out.people.tolist() == [1, 1, 2, 2]


def test_a_table_of_given_keypoints(tmp_path):
    write_openpose_zip(tmp_path / "waltz.zip", sine_dancer(48, place=(100, 95), scale=0.25), name="waltz")
    row = {"fps": "48", "width": "200", "height": "100", "camera": ""}
    table = import_keypoints(tmp_path / "waltz.zip", row=row, fps=24, size=100, tolerant=False)
    assert len(table) == 24
    assert table.columns["people"].tolist() == [1] * 24
    about = table.metadata
    assert (about["refused"], about["cuts"], about["letterbox"]) == ("", [], [0.5, 0, 0])
    assert table.size == (100, 50)
    assert about["source"] == {"path": str(tmp_path / "waltz.zip"), "sha256": checksum(tmp_path / "waltz.zip")}


def test_a_dance_that_cannot_be_read_is_refused_and_a_target_is_an_error(tmp_path):
    (tmp_path / "bad.zip").write_bytes(b"nothing")
    np.savez(tmp_path / "empty.npz", keypoints=np.zeros((30, 25, 3)))
    for name, reason in (("bad.zip", "is not a readable zip file"), ("empty.npz", "no person in it: found in 0 of 30")):
        table = import_keypoints(tmp_path / name, row=EMPTY_ROW, fps=24, size=64, tolerant=True)
        assert len(table) == 0
        assert reason in table.metadata["refused"]
        assert "\n" not in table.metadata["refused"]
        with pytest.raises(PoseError, match=reason):
            import_keypoints(tmp_path / name, row=EMPTY_ROW, fps=24, size=64, tolerant=False)


def test_checksum_of_a_folder_depends_on_names_and_contents(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.json").write_text("x")
    first = checksum(tmp_path / "a")
    (tmp_path / "a" / "1.json").rename(tmp_path / "a" / "2.json")
    second = checksum(tmp_path / "a")
    (tmp_path / "a" / "2.json").write_text("y")
    assert len({first, second, checksum(tmp_path / "a")}) == 3
    assert checksum(tmp_path / "none") == ""


# A dancer of 110 px in a picture of 320 x 180, two seconds at 30 frames a second.
WIDE = sine_dancer(60, fps=30, place=(170, 160), scale=0.4)


def given(path, *, row=None, fps=24, size=512, **beside):
    return import_keypoints(path, row=EMPTY_ROW | (row or {}), fps=fps, size=size, tolerant=False, **beside)


def save(path, keypoints):
    write_openpose_zip(path, keypoints, name="dance")
    return path


def film(path, *, frames=60, fps=30, size=(320, 180)):
    pictures = [np.full((size[1], size[0], 3), 90, np.uint8)] * frames
    return write_file(path, pictures=pictures, times_s=np.arange(frames) / fps, rate=fps)


def sing(path, *, length_s):
    return write_file(path, sound=clicks([0.5], length_s=length_s, sample_rate_hz=8000), sample_rate_hz=8000)


def in_store(keypoints, *, picture=(320, 180), fps=30):
    return fitted(Detection(keypoints, None), fps=fps, picture=picture, size=512)


def normalised(keypoints, *, low, picture=(320, 180)):
    shares = keypoints.copy()
    shares[..., :2] = keypoints[..., :2] / picture * (1 - low) + low
    return np.where(present(keypoints)[..., None], shares, 0).astype(np.float32)


@pytest.mark.parametrize("low", [0, -1])
def test_normalised_coordinates_need_a_picture(tmp_path, caplog, low):
    dance = WIDE.copy()
    dance[3, 4] = 0
    np.savez(tmp_path / "unit.npz", keypoints=normalised(dance, low=low))
    for path in (tmp_path / "unit.npz", save(tmp_path / "unit.zip", normalised(dance, low=low))):
        with pytest.raises(PoseError, match=rf"normalised \({low} to 1\), not pixels; fill in .*--keypoint_scale 0"):
            given(path, row={"fps": "30"})
        for row, beside in (
            ({"width": "320", "height": "180", "fps": "30"}, {}),
            ({}, {"video": str(film(tmp_path / "film.mkv"))}),
        ):
            caplog.clear()
            table = given(path, row=row, **beside)
            np.testing.assert_allclose(table.keypoints, in_store(dance).keypoints, atol=0.6)
            assert f"normalised coordinates ({low} to 1), read as shares of 320 x 180" in caplog.text


def test_a_dancer_who_leaves_the_picture_a_little_is_normalised_all_the_same(tmp_path, caplog):
    dance = WIDE + np.array([-165, 60, 0], np.float32)
    path = save(tmp_path / "unit.zip", normalised(dance, low=0))
    table = given(path, row={"width": "320", "height": "180", "fps": "30"})
    np.testing.assert_allclose(table.keypoints[..., :2].std(), in_store(dance).keypoints[..., :2].std(), rtol=0.01)
    assert "normalised coordinates (0 to 1)" in caplog.text


@pytest.mark.parametrize(
    ("change", "row", "words"),
    [
        ((0.005, 0.005, 0), {}, r"a body is 1\.\d+ high, .* neither pixels nor shares"),
        ((0.03, 0.03, 0), {}, r"a body is 3\.\d+ px high in a picture of 512 x 512; give coordinates in pixels"),
        ((1, 1, 0), {"width": "99999", "height": "99999"}, r"a body is 1\d\d px high in a picture of 99999 x 99999"),
        (
            (6, 6, 0),
            {"width": "320", "height": "180"},
            r"joints reach \d+, \d+ in a picture of 320 x 180; give the size",
        ),
    ],
)
def test_coordinates_that_cannot_be_pixels(tmp_path, change, row, words):
    if "neither" in words:  # metres from a corner of the room
        dance = (sine_dancer(60) - (0, 450, 0)) * (0.005, -0.005, 1) + (1, 2, 0)
    else:
        dance = WIDE * (*change[:2], 1)
    np.savez(tmp_path / "a.npz", keypoints=dance)
    with pytest.raises(PoseError, match=words) as caught:
        given(tmp_path / "a.npz", row=row)
    assert "\n" not in str(caught.value)
    assert len(import_keypoints(tmp_path / "a.npz", row=EMPTY_ROW | row, fps=24, size=512, tolerant=True)) == 0


def test_a_picture_of_doubtful_size_is_said(tmp_path, caplog):
    path = save(tmp_path / "a.zip", WIDE)
    given(path, row={"width": "220", "height": "120", "fps": "30"})
    assert "in a picture of 220 x 120, more than a tenth of them outside it; check columns width" in caplog.text
    caplog.clear()
    given(path, row={"width": "1920", "height": "1080", "fps": "30"})
    assert "in a picture of 1920 x 1080, all in its upper left quarter; check columns width" in caplog.text
    caplog.clear()
    given(path, row={"width": "320", "height": "180", "fps": "30"})
    assert not caplog.records


def test_what_nobody_tells_is_assumed_and_said_once(tmp_path, caplog):
    path = save(tmp_path / "a.zip", sine_dancer(48))
    table = given(path)
    np.testing.assert_allclose(table.keypoints, sine_dancer(48), atol=1e-3)
    assert len(caplog.records) == 1
    words = "24 frames per second (column fps), a picture of 512 x 512 (columns width and height)"
    assert f"a.zip: unknown, therefore assumed: {words}" in caplog.text
    caplog.clear()
    given(save(tmp_path / "a.zip", WIDE))  # in a corner of that picture, which is a mere assumption
    assert len(caplog.records) == 1
    # A larger picture than that of the frame store: one that all joints lie in.
    caplog.clear()
    table = given(save(tmp_path / "a.zip", sine_dancer(48, place=(1500, 1000))))
    assert len(caplog.records) == 1
    assert "a picture of 1563 x 1012 (columns width and height)" in caplog.text
    assert 0 < table.keypoints[..., :2].min() < table.keypoints[..., :2].max() <= 513


def test_the_video_tells_rate_and_picture(tmp_path, caplog):
    film(tmp_path / "film.mkv")
    # As many frames as the video has, or nearly: 2 s at any rate.
    for dance in (WIDE, WIDE[:-4]):
        table = given(save(tmp_path / "a.zip", dance), video=str(tmp_path / "film.mkv"))
        np.testing.assert_allclose(table.keypoints, in_store(dance).keypoints, atol=0.01)
        assert len(table) == round(len(dance) / 30 * 24)
    assert not caplog.records


def test_keypoints_that_do_not_go_with_their_video(tmp_path):
    film(tmp_path / "film.mkv", frames=120)
    words = r"a\.zip: 60 frames do not match the 120 of its video .*film\.mkv \(30 frames per second\), 4\.0 s; fill"
    with pytest.raises(
        PoseError, match=words + r" in column fps \(15 if they show all of it\), or correct column path"
    ):
        given(save(tmp_path / "a.zip", WIDE), video=str(tmp_path / "film.mkv"))


def test_keypoints_of_a_frame_store_beside_its_video(tmp_path, caplog):
    dance = sine_dancer(48)
    film(tmp_path / "film.mkv", size=(640, 600))
    table = given(save(tmp_path / "a.zip", dance), video=str(tmp_path / "film.mkv"))
    assert table.size == (512, 480)
    np.testing.assert_allclose(table.keypoints, dance, atol=1e-3)
    assert (
        "lie within 512 x 480, so they are assumed to be those of a frame store, not of the 640 x 600 of" in caplog.text
    )
    assert len(caplog.records) == 1


def test_keypoints_of_a_square_frame_store_of_older_versions(tmp_path, caplog):
    dance = sine_dancer(48, place=(256, 380), scale=0.9)
    film(tmp_path / "film.mkv", size=(320, 180))
    table = given(save(tmp_path / "a.zip", dance), video=str(tmp_path / "film.mkv"))
    assert table.size == (320, 180)
    # The square showed the picture at 1.6 times its size, below 112 rows of black.
    expected = np.where(present(dance)[..., None], (dance - (0, 112, 0)) / (1.6, 1.6, 1), 0)
    np.testing.assert_allclose(table.keypoints, expected, atol=1e-3)
    assert "lie within 512 x 512, so they are assumed to be those of a frame store" in caplog.text


@pytest.mark.parametrize("crop", [(160, 0, 120, 180), None])
def test_a_part_of_picture_and_time(tmp_path, crop):
    film(tmp_path / "film.mkv")
    part = SourcePart(crop, start_s=0.5, end_s=1.75)
    table = given(save(tmp_path / "a.zip", WIDE), video=str(tmp_path / "film.mkv"), part=part)
    left, top, *size = crop or (0, 0, 320, 180)
    assert (table.size, len(table)) == (tuple(size), 30)
    # Frame k is at 0.5 s + k / 24: frame 4 is the source's frame 20.
    seen = present(WIDE[20])
    inside = (WIDE[20, :, 0] >= left) & (WIDE[20, :, 0] < left + size[0]) & seen
    np.testing.assert_allclose(table.keypoints[4, seen, :2], WIDE[20, seen, :2] - (left, top), atol=0.01)
    assert (table.keypoints[4, inside, 2] == 1).all()
    assert (table.keypoints[4, seen & ~inside, 2] < 0.05).all()
    assert (seen & ~inside).any() == (crop is not None)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (SourcePart(None, 2.5, None), r"a\.zip: column start_s is 2\.5, but its keypoints end at 2\.0 s; choose an"),
        (SourcePart((200, 0, 128, 128)), r"column crop is 200,0,128,128 \(left, top, width, height\), but its pic"),
    ],
)  # fmt: skip
def test_a_part_that_is_not_there(tmp_path, part, words):
    film(tmp_path / "film.mkv")
    path = save(tmp_path / "a.zip", WIDE)
    with pytest.raises(PoseError, match=words):
        given(path, video=str(tmp_path / "film.mkv"), part=part)
    table = import_keypoints(
        path, row=EMPTY_ROW, fps=24, size=512, tolerant=True, video=str(tmp_path / "film.mkv"), part=part
    )
    assert len(table) == 0
    assert "column" in table.metadata["refused"]


def test_bars_of_the_video_are_cut_off_as_in_its_frame_store(tmp_path):
    pictures = [np.zeros((240, 320, 3), np.uint8) for _ in range(60)]
    rng = np.random.default_rng(1)
    for picture in pictures:
        picture[30:210] = np.kron(rng.integers(60, 220, (18, 32, 3)), np.ones((10, 10, 1)))
    video = write_file(tmp_path / "film.mkv", pictures=pictures, times_s=np.arange(60) / 30, rate=30)
    dance = WIDE + present(WIDE)[..., None] * np.float32([0, 30, 0])
    cut = given(save(tmp_path / "a.zip", dance), video=str(video))
    kept = given(tmp_path / "a.zip", video=str(video), keep_bars=True)
    report = ingest_video(video, tmp_path / "store.mp4", settings=VideoSettings(), tolerant=False)
    assert (cut.size, kept.size) == ((320, 180), (320, 240))
    assert (report.size, report.letterbox) == (cut.size, tuple(cut.metadata["letterbox"]))
    np.testing.assert_allclose(
        kept.keypoints - cut.keypoints, [[[0, 30, 0]]] * present(cut.keypoints)[..., None], atol=0.01
    )


def test_what_the_table_says_wins_and_is_compared(tmp_path, caplog):
    film(tmp_path / "film.mkv")
    row = {"fps": "24", "width": "640", "height": "360"}
    table = given(save(tmp_path / "a.zip", WIDE * (2, 2, 1)), row=row, video=str(tmp_path / "film.mkv"))
    np.testing.assert_allclose(table.keypoints, in_store(WIDE, fps=24).keypoints, atol=0.01)
    assert "60 frames at 24 per second last 2.5 s, unlike its video" in caplog.text
    assert (
        "a picture of 640 x 360 by the table, of 320 x 180 by its video; check columns width and height" in caplog.text
    )
    assert len(caplog.records) == 2


def test_a_sound_tells_that_the_rate_is_another(tmp_path, caplog):
    path = save(tmp_path / "a.zip", np.concatenate([WIDE] * 5))
    sound = str(sing(tmp_path / "song.wav", length_s=10))
    words = r"300 frames at 24 per second last 12\.5 s, but its sound .*song\.wav, 10\.1 s, as with 30 per second; fill"
    with pytest.raises(PoseError, match=words + r" in column fps \(30 or 24\)"):
        given(path, sound=sound)
    given(path, sound=str(sing(tmp_path / "short.wav", length_s=4)))
    assert "lasts 12.5 s, longer than its sound" in caplog.text
    caplog.clear()
    given(path, row={"fps": "24", "width": "320", "height": "180"}, sound=sound)
    assert "300 frames at 24 per second last 12.5 s, unlike its sound" in caplog.text
    caplog.clear()
    # Music goes on after the dance.
    given(path, row={"width": "320", "height": "180"}, sound=str(sing(tmp_path / "long.wav", length_s=31)))
    assert "longer" not in caplog.text


def test_a_video_that_cannot_be_read_is_said(tmp_path, caplog):
    (tmp_path / "film.mkv").write_text("a letter")
    table = given(save(tmp_path / "a.zip", sine_dancer(48)), video=str(tmp_path / "film.mkv"))
    assert len(table) == 48
    assert "nothing is known of the keypoints' video or sound" in caplog.text
    assert "film.mkv" in caplog.text


def test_a_table_of_ours_knows_its_rate_and_picture(tmp_path, caplog):
    path = tmp_path / "t.parquet"
    write_pose_table(path, WIDE, fps=30, size=(320, 180))
    np.testing.assert_allclose(given(path).keypoints, in_store(WIDE).keypoints, atol=1e-4)
    assert not caplog.records
    given(path, row={"fps": "24", "width": "640", "height": "360"})
    assert "24 frames per second by the table, 30 by the file" in caplog.text
    assert "a picture of 640 x 360 by the table, of 320 x 180 by the file itself" in caplog.text


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"width": "640"}, "has only one of width and height; fill in both columns or none"),
        ({"height": "640"}, "has only one of width and height; fill in both columns or none"),
        ({"fps": "0.000000001"}, r"column fps is 0\.000000001; keypoints have 1 to 1000 frames per second"),
    ],
)
def test_cells_that_cannot_be(tmp_path, row, words):
    with pytest.raises(ConfigError, match=words):
        given(save(tmp_path / "a.zip", WIDE), row=row)


def test_resampling_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("danceit_core.pose.store_place.MOST_FRAMES", 1000)
    with pytest.raises(
        PoseError, match="60 frames at 1 per second become 1440 at 24, more than 1000; check column fps"
    ):
        given(save(tmp_path / "a.zip", WIDE), row={"fps": "1", "width": "320", "height": "180"})


def test_checksum_of_a_folder_reads_frames_alone_and_in_pieces(tmp_path, monkeypatch):
    (tmp_path / "a_0.json").write_text("x" * 100)
    first = checksum(tmp_path)
    for name in (".DS_Store", "._a_0.json", "film.mp4"):
        (tmp_path / name).write_text("y")
    (tmp_path / "b_1.json").symlink_to("/dev/zero")
    (tmp_path / "c_1.json").symlink_to(tmp_path / "none")
    (tmp_path / "d_1.json").mkdir()
    assert checksum(tmp_path) == first
    with (tmp_path / "e_1.json").open("wb") as file:
        file.truncate(2**40)  # a sparse file of a terabyte
    assert checksum(tmp_path) != first


def test_a_folder_that_cannot_be_listed_is_refused(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.scandir", refuse)
    table = import_keypoints(tmp_path, row=EMPTY_ROW, fps=24, size=64, tolerant=True)
    assert "cannot be read (Permission denied); check column `keypoints`" in table.metadata["refused"]
    assert table.metadata["source"]["sha256"] == ""
