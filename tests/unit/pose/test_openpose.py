"""Given keypoints: OpenPose's JSON, NumPy archives, our tables; one person followed; errors that say what to do."""

import io
import json
import os
import struct
import tracemalloc
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from puppet import puppet_keypoints

from danceit_core.errors import PoseError
from danceit_core.pose.given import read_given
from danceit_core.pose.openpose import count_people, follow_person, write_openpose_zip
from danceit_core.pose.table import write_pose_table

DANCE = np.stack([puppet_keypoints(k / 24, size=256) for k in range(30)])


def person(numbers):
    return {"person_id": [-1], "pose_keypoints_2d": [float(value) for value in np.ravel(numbers)]}


def write_frame(folder, number, *people, name="dance"):
    path = folder / f"{name}_{number:012d}_keypoints.json"
    path.write_text(json.dumps({"version": 1.3, "people": [person(numbers) for numbers in people]}))


def test_json_round_trip(tmp_path):
    dance = DANCE.copy()
    dance[3, 4] = 0
    dance[7] = 0
    write_openpose_zip(tmp_path / "dance.zip", dance, name="dance")
    with zipfile.ZipFile(tmp_path / "dance.zip") as archive:
        assert archive.namelist()[0] == "dance_000000000000_keypoints.json"
        archive.extractall(tmp_path / "json")
    for path in (tmp_path / "dance.zip", tmp_path / "json"):
        given = read_given(path)
        assert given.keypoints.dtype == np.float32
        np.testing.assert_allclose(given.keypoints, dance, atol=1e-3)
        assert given.people.tolist() == [1] * 7 + [0] + [1] * 22
    first = (tmp_path / "dance.zip").read_bytes()
    write_openpose_zip(tmp_path / "dance.zip", dance, name="dance")
    assert (tmp_path / "dance.zip").read_bytes() == first
    write_openpose_zip(tmp_path / "none.zip", dance[:0], name="dance")
    with pytest.raises(PoseError, match=r"none\.zip holds no \.json file"):
        read_given(tmp_path / "none.zip")


def test_persons_are_counted_by_their_size():
    small, tiny, scrap = DANCE * (0.4, 0.4, 1), DANCE * (0.3, 0.3, 1), DANCE.copy()
    scrap[:, 6:] = 0
    people = [np.stack([DANCE[k], other[k]]) for k, other in enumerate((DANCE + 90, small, tiny, scrap))]
    people += [DANCE[4:5], DANCE[:0], scrap[6:7]]
    followed = np.stack([*DANCE[:5], np.zeros((25, 3)), scrap[6]]).astype(np.float32)
    assert count_people(people, followed).tolist() == [2, 2, 1, 1, 1, 0, 1]


def test_zip_and_order_by_number(tmp_path):
    with zipfile.ZipFile(tmp_path / "dance.zip", "w") as archive:
        for number in (10, 9, 2, 1, 0):  # as names, 10 would come before 2
            content = {"people": [person(DANCE[number])]}
            archive.writestr(f"folder/v2_{number}_keypoints.json", json.dumps(content))
        archive.writestr("__MACOSX/folder/._v2_0_keypoints.json", b"\x00")
        archive.writestr("folder/readme.txt", "hello")
    read = read_given(tmp_path / "dance.zip").keypoints
    assert read.shape == (11, 25, 3)
    for number in range(11):
        expected = DANCE[number] if number in (0, 1, 2, 9, 10) else np.zeros((25, 3))
        np.testing.assert_allclose(read[number], expected, atol=1e-3)


def test_numbering_from_one_is_the_same_dance(tmp_path):
    for number in range(1, 6):
        write_frame(tmp_path, number, DANCE[number - 1])
    np.testing.assert_allclose(read_given(tmp_path).keypoints, DANCE[:5], atol=1e-3)


def test_the_largest_person_is_followed(tmp_path):
    dance = DANCE * (1, 1, 0.8)
    small = DANCE * (0.3, 0.3, 1) + np.array([300, 0, 0])
    for number in range(20):
        people = [dance[number], small[number]] if number % 2 else [small[number], dance[number]]
        write_frame(tmp_path, number, *(people if number not in (8, 9) else [small[number]]))
    read = read_given(tmp_path).keypoints
    expected = dance[:20].copy()
    expected[8:10] = 0  # away for two frames: nobody, not the other one
    np.testing.assert_allclose(read, expected, atol=1e-3)


def test_after_a_long_absence_another_person_is_followed():
    other = DANCE + np.array([400, 0, 0])
    people = [DANCE[:1]] * 3 + [other[:1]] * 20
    followed = follow_person(people)
    present = followed[..., 2].max(axis=1) > 0
    assert present.tolist() == [True] * 3 + [False] * 12 + [True] * 8
    np.testing.assert_array_equal(followed[-1], other[0].astype(np.float32))
    assert follow_person([]).shape == (0, 25, 3)


def test_frames_without_people(tmp_path):
    write_frame(tmp_path, 0)
    write_frame(tmp_path, 1, DANCE[1])
    read = read_given(tmp_path).keypoints
    assert read[0].max() == 0
    np.testing.assert_allclose(read[1], DANCE[1], atol=1e-3)


def test_archive(tmp_path):
    dance = DANCE.copy()
    dance[2, 4, 0], dance[5, 6, 2] = np.nan, np.nan
    dance[1, 3, 2] = 0  # where a joint was not captured its place may be anything
    np.savez(tmp_path / "a.npz", keypoints=dance.astype(np.float64), fps=24)
    read = read_given(tmp_path / "a.npz").keypoints
    assert read.dtype == np.float32
    absent = np.zeros((30, 25), bool)
    absent[2, 4] = absent[5, 6] = absent[1, 3] = True
    np.testing.assert_array_equal(read, np.where(absent[..., None], 0, DANCE))


def test_our_own_table(tmp_path):
    write_pose_table(tmp_path / "t.parquet", DANCE, fps=24, size=(256, 256))
    np.testing.assert_array_equal(read_given(tmp_path / "t.parquet").keypoints, DANCE)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"dance_0_keypoints\.json is not OpenPose JSON"),
        ("[]", "is not OpenPose JSON"),
        ('{"version": 1.3}', r"lacks 'people'.*people\[\]\.pose_keypoints_2d"),
        ('{"people": [{"pose": []}]}', "lacks 'pose_keypoints_2d'"),
        ('{"people": [{"pose_keypoints_2d": ["a"]}]}', "is not OpenPose JSON"),
        (json.dumps({"people": [{"pose_keypoints_2d": [0.5] * 54}]}), "54 numbers per person, BODY_25 has 75"),
        (
            json.dumps({"people": [{"pose_keypoints_2d": [50.0] * 75}]}),
            "confidences, the third numbers, reach 50, not 0..1",
        ),
    ],
)
def test_wrong_json(tmp_path, content, message):
    (tmp_path / "dance_0_keypoints.json").write_text(content)
    with pytest.raises(PoseError, match=message):
        read_given(tmp_path)


def test_wrong_names(tmp_path):
    (tmp_path / "dance.json").write_text('{"people": []}')
    with pytest.raises(PoseError, match=r"dance\.json has no frame number in its name"):
        read_given(tmp_path)
    (tmp_path / "dance.json").unlink()
    write_frame(tmp_path, 3, DANCE[0], name="a")
    write_frame(tmp_path, 3, DANCE[0], name="b")
    with pytest.raises(PoseError, match="frame 3 exists twice"):
        read_given(tmp_path)
    (tmp_path / "b_000000000003_keypoints.json").unlink()
    write_frame(tmp_path, 20240101120000, DANCE[0])
    with pytest.raises(PoseError, match="its last frame is 20240101120000, but it has 2 files"):
        read_given(tmp_path)


def test_other_files(tmp_path):
    with pytest.raises(PoseError, match=r"none\.zip: no such file or folder; check column `keypoints`"):
        read_given(tmp_path / "none.zip")
    (tmp_path / "a.csv").write_text("1,2,3")
    with pytest.raises(PoseError, match=r"a\.csv holds no keypoints in a known format; give a folder or \.zip of"):
        read_given(tmp_path / "a.csv")
    for name in ("bad.zip", "bad.npz"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
        with pytest.raises(PoseError, match=rf"{name} is not a readable"):
            read_given(tmp_path / name)
    np.savez(tmp_path / "other.npz", poses=DANCE)
    with pytest.raises(PoseError, match=r"other\.npz has no array `keypoints` \(arrays: poses\)"):
        read_given(tmp_path / "other.npz")
    np.savez(tmp_path / "shape.npz", keypoints=DANCE[:, :17])
    with pytest.raises(PoseError, match=r"`keypoints` is float32 \(30, 17, 3\); numbers of shape \(frames, 25, 3\)"):
        read_given(tmp_path / "shape.npz")


def test_an_archive_cannot_run_code(tmp_path):
    class Harmful:
        def __reduce__(self):
            return (tmp_path.joinpath("ran").touch, ())

    np.savez(tmp_path / "p.npz", keypoints=np.array([Harmful()], dtype=object))
    with pytest.raises(PoseError, match=r"p\.npz is not a readable \.npz of plain arrays"):
        read_given(tmp_path / "p.npz")
    assert not (tmp_path / "ran").exists()


STRAYS = (
    "._dance_000000000001_keypoints.json",
    ".DS_Store",
    "Thumbs.db",
    "desktop.ini",
    ".x_000000000002_keypoints.json",
)


def test_what_systems_leave_beside_frames_is_passed_over(tmp_path, caplog):
    folder = tmp_path / "json"
    folder.mkdir()
    for number in range(5):
        write_frame(folder, number, DANCE[number])
    for name in STRAYS:
        (folder / name).write_bytes(b"\0\5\26\7 no JSON")
    (folder / "__MACOSX").mkdir()
    with zipfile.ZipFile(tmp_path / "dance.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"json/{path.name}")
            archive.writestr(f"__MACOSX/json/{path.name}", b"\0")
    for path in (folder, tmp_path / "dance.zip"):
        np.testing.assert_allclose(read_given(path).keypoints, DANCE[:5], atol=1e-3)
    assert not caplog.records


def test_files_that_are_no_frames_are_counted(tmp_path, caplog):
    for number in range(5):
        write_frame(tmp_path, number, DANCE[number])
    for name in ("package.json", "settings_2.json", "notes.txt"):
        (tmp_path / name).write_text('{"version": 2}')
    (tmp_path / "old").mkdir()
    np.testing.assert_allclose(read_given(tmp_path).keypoints, DANCE[:5], atol=1e-3)
    assert len(caplog.records) == 1
    assert "skipped 4 files that are not frames (" in caplog.text


def test_a_folder_of_folders(tmp_path):
    (tmp_path / "left").mkdir()
    with pytest.raises(PoseError, match=r"holds no \.json file \(but left\); give a folder"):
        read_given(tmp_path)


def test_capitals_and_byte_order_marks(tmp_path):
    for number, encoding in enumerate(("utf-8", "utf-8-sig", "utf-16")):
        text = json.dumps({"people": [person(DANCE[number])]})
        (tmp_path / f"DANCE_{number}_KEYPOINTS.JSON").write_bytes(text.encode(encoding))
    np.testing.assert_allclose(read_given(tmp_path).keypoints, DANCE[:3], atol=1e-3)
    with zipfile.ZipFile(tmp_path / "DANCE.ZIP", "w") as archive:
        archive.write(tmp_path / "DANCE_0_KEYPOINTS.JSON")
    assert len(read_given(tmp_path / "DANCE.ZIP").keypoints) == 1


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "link to nothing", "name"])
def test_what_is_no_file_ends_in_a_line(tmp_path, kind):
    write_frame(tmp_path, 0, DANCE[0])
    path = tmp_path / "dance_000000000001_keypoints.json"
    words = "is a folder, device or pipe, not a file"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "link to nothing":
        path.symlink_to(tmp_path / "nothing")
        words = r"cannot be read \(No such file"
    else:
        (tmp_path / os.fsdecode(b"dance_\xff_000000000001_keypoints.json")).write_bytes(b"{")
        words = "is not OpenPose JSON"
    with pytest.raises(PoseError, match=words) as caught:
        read_given(tmp_path)
    str(caught.value).encode()


@pytest.mark.skipif(os.geteuid() == 0, reason="everything is readable to root")
def test_an_unreadable_frame_ends_in_a_line(tmp_path):
    write_frame(tmp_path, 0, DANCE[0])
    next(tmp_path.iterdir()).chmod(0)
    with pytest.raises(PoseError, match=r"cannot be read \(Permission denied\)"):
        read_given(tmp_path)


def test_links_to_frames_elsewhere_are_frames(tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "json").mkdir()
    write_frame(tmp_path / "store", 0, DANCE[0])
    (tmp_path / "json" / "a_0_keypoints.json").symlink_to(next((tmp_path / "store").iterdir()))
    np.testing.assert_allclose(read_given(tmp_path / "json").keypoints, DANCE[:1], atol=1e-3)


def bomb(kind: str) -> bytes:
    """A frame that deflates to little: of people, of blanks, of numbers that nobody needs."""
    crowd = json.dumps(person(np.ones(75)))
    return {
        "people": f'{{"people": [{",".join([crowd] * 101)}]}}',
        "blanks": '{"people": []' + " " * (2**21 - 20) + "}",
        "numbers": '{"people": [], "x": [' + "0.1," * 500_000 + "0]}",
        "one number": '{"people": [], "x": ' + "9" * (2**21 - 30) + "}",
    }[kind].encode()


@pytest.mark.parametrize("kind", ["people", "blanks", "numbers", "one number"])
def test_a_zip_bomb_is_refused_in_little_memory(tmp_path, kind):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(30):
            archive.writestr(f"{number}.json", bomb(kind))
    assert path.stat().st_size < 200_000
    tracemalloc.start()
    words = {"people": "0.json has more than 100 people", "one number": "unpacks to|is not OpenPose"}
    with pytest.raises(PoseError, match=words.get(kind, r"unpacks to 6\d+ bytes, far more than a dance has")) as caught:
        read_given(path)
    assert str(path) in str(caught.value)
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()


def test_a_zip_whose_headers_lie(tmp_path):
    path = tmp_path / "bomb.zip"
    content = bomb("blanks")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(30):
            archive.writestr(f"{number}.json", content)
    # All sizes, those of the central directory too, say 100 bytes.
    path.write_bytes(path.read_bytes().replace(struct.pack("<L", len(content)), struct.pack("<L", 100)))
    with pytest.raises(PoseError, match="is not a readable zip file"):
        read_given(path)


def test_a_folder_is_bounded_like_a_zip(tmp_path, monkeypatch):
    (tmp_path / "0.json").write_bytes(bomb("blanks") + b" " * 100)
    with pytest.raises(PoseError, match=r"0\.json has more than 2097152 bytes, too many for a frame"):
        read_given(tmp_path)
    for number in range(4):
        (tmp_path / f"{number}.json").write_bytes(bomb("blanks"))
    monkeypatch.setattr("danceit_core.pose.json_frames.MOST_BYTES", 2**22)
    with pytest.raises(PoseError, match=r"has far more bytes than a dance has, up to 2\.json"):
        read_given(tmp_path)
    monkeypatch.setattr("danceit_core.pose.json_frames.MOST_FRAMES", 3)
    with pytest.raises(PoseError, match="has more than 3 files; split it"):
        read_given(tmp_path)


def test_people_in_all_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("danceit_core.pose.openpose.MOST_PEOPLE_IN_ALL", 5)
    for number in range(3):
        write_frame(tmp_path, number, DANCE[0], DANCE[1])
    with pytest.raises(PoseError, match="has more than 5 people in its first 3 frames; run OpenPose with"):
        read_given(tmp_path)


def test_a_crowd_is_read(tmp_path):
    crowd = [DANCE[k % 30] * (0.1, 0.1, 1) + (9.0 * k, 0, 0) for k in range(99)]
    for number in range(2):
        write_frame(tmp_path, number, *crowd, DANCE[number])
    given = read_given(tmp_path)
    np.testing.assert_allclose(given.keypoints, DANCE[:2], atol=1e-3)


def test_entries_of_zips_that_nobody_wrote_for_this(tmp_path):
    path = tmp_path / "odd.zip"
    frame = json.dumps({"people": [person(DANCE[0])]})
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("/etc/a_0_keypoints.json", "../../a_1_keypoints.json", "C:\\a\\a_2_keypoints.json"):
            archive.writestr(name, frame)
    before = set(tmp_path.rglob("*"))
    assert len(read_given(path).keypoints) == 3
    assert set(tmp_path.rglob("*")) == before
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../a_1_keypoints.json", frame)
    with pytest.raises(PoseError, match="frame 1 exists twice"):
        read_given(path)
    for method, words in ((zipfile.ZIP_BZIP2, "not compressed with deflate"), (zipfile.ZIP_STORED, "is encrypted")):
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr("a_0_keypoints.json", frame)
        if method == zipfile.ZIP_STORED:
            data = bytearray(path.read_bytes())
            data[data.index(b"PK\1\2") + 8] |= 1
            path.write_bytes(data)
        with pytest.raises(PoseError, match=words):
            read_given(path)
    inner = path.read_bytes()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("dance.zip", inner)
    with pytest.raises(PoseError, match=r"holds no \.json file \(but dance\.zip\)"):
        read_given(path)


def test_arrays_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("danceit_core.pose.given.SMALL_ARRAY_BYTES", 2**20)
    np.savez_compressed(tmp_path / "a.npz", keypoints=np.zeros((40_000, 25, 3)))
    with pytest.raises(PoseError, match=r"a\.npz: `keypoints` has 24000128 bytes, but at most \d+ are read"):
        read_given(tmp_path / "a.npz")
    content = io.BytesIO()
    np.save(content, DANCE)
    with zipfile.ZipFile(tmp_path / "b.npz", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("keypoints.npy", content.getvalue())
    with pytest.raises(PoseError, match=r"keypoints\.npy is not compressed with deflate"):
        read_given(tmp_path / "b.npz")
    monkeypatch.setattr("danceit_core.pose.given.MOST_FRAMES", 29)
    np.savez(tmp_path / "c.npz", keypoints=DANCE)
    with pytest.raises(PoseError, match=r"c\.npz has 30 frames, but at most 29 are read"):
        read_given(tmp_path / "c.npz")


def test_tables_are_bounded(tmp_path, monkeypatch):
    path = tmp_path / "t.parquet"
    # One text again and again, which takes little space in the file, in a column that is not needed.
    write_pose_table(path, DANCE, fps=24, size=(256, 256), columns={"reason": ["x" * 500_000] * 30})
    assert path.stat().st_size < 20_000
    usual, counting = pa.default_memory_pool(), pa.proxy_memory_pool(pa.default_memory_pool())
    pa.set_memory_pool(counting)
    try:
        np.testing.assert_array_equal(read_given(path).keypoints, DANCE)
    finally:
        pa.set_memory_pool(usual)
    assert 0 < counting.max_memory() < 2e6
    pq.write_table(pa.table({"keypoints": [["x"] * 75]}), tmp_path / "text.parquet")
    with pytest.raises(PoseError, match=r"text\.parquet is not a keypoint table .*column keypoints holds list<"):
        read_given(tmp_path / "text.parquet")
    monkeypatch.setattr("danceit_core.pose.given.MOST_FRAMES", 29)
    with pytest.raises(PoseError, match="has 30 frames, but at most 29 are read"):
        read_given(path)
    monkeypatch.setattr("danceit_core.pose.given.MOST_ARRAY_BYTES", 3000)
    monkeypatch.setattr("danceit_core.pose.given.MOST_FRAMES", 30)
    with pytest.raises(PoseError, match="values, more than 30 frames; split it"):
        read_given(path)


def test_third_numbers_that_are_no_confidences(tmp_path):
    for scale, words in (
        ((1, 1, 100), r"confidences, the third numbers, reach 100, not 0..1; divide per cent by 100"),
        ((1, 1, 255), r"confidences, the third numbers, reach 255, not 0..1$"),
        ((1, 1, 0), "all confidences are 0, i.e. absent; set the third number"),
        ((1, 1, -0.4), "confidences, the third numbers, fall to -0.4, .* give joints in the picture, not in space"),
    ):
        np.savez(tmp_path / "a.npz", keypoints=np.round(DANCE * scale, 1))
        with pytest.raises(PoseError, match=words):
            read_given(tmp_path / "a.npz")
    absent = DANCE.copy()
    absent[:, 4] = -1  # as some write what was not seen
    np.savez(tmp_path / "a.npz", keypoints=absent)
    assert not read_given(tmp_path / "a.npz").keypoints[:, 4].any()
