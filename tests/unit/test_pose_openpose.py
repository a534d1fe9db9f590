"""Given keypoints: OpenPose's JSON, NumPy archives, our tables; one person followed; errors that say what to do."""

import json
import zipfile

import numpy as np
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
        (json.dumps({"people": [{"pose_keypoints_2d": [0.5] * 54}]}), "54 numbers a person, BODY_25 has 75"),
        (json.dumps({"people": [{"pose_keypoints_2d": [50.0] * 75}]}), "confidences reach 50; they are 0..1"),
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
    with pytest.raises(PoseError, match="frame 3 is there twice"):
        read_given(tmp_path)
    (tmp_path / "b_000000000003_keypoints.json").unlink()
    write_frame(tmp_path, 20240101120000, DANCE[0])
    with pytest.raises(PoseError, match="its last frame is 20240101120000 but it has 2 files"):
        read_given(tmp_path)


def test_other_files(tmp_path):
    with pytest.raises(PoseError, match=r"none\.zip: no such file or folder; check column `keypoints`"):
        read_given(tmp_path / "none.zip")
    (tmp_path / "a.csv").write_text("1,2,3")
    with pytest.raises(PoseError, match=r"a\.csv holds no keypoints that can be read; give a folder or \.zip of"):
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
