"""Damage that fuzzing found (`make fuzz`), each once: what was a traceback or a hang is a line or a result."""

import contextlib
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from dancers import sine_dancer
from media_files import clicks, flashes, write_file

from danceit_core.assets import check_body_mesh, check_pose_file
from danceit_core.choreography.plan import Plan, read_plan, write_plan
from danceit_core.config import MusicSettings, VideoSettings
from danceit_core.database.statistics import read_statistics
from danceit_core.errors import AssetError, ChoreographyError, DanceItError, DatabaseError, MediaError, PoseError
from danceit_core.evaluation.summary import read_scores
from danceit_core.media.container import open_media
from danceit_core.media.source import ingest_video
from danceit_core.music.track import analyse_song
from danceit_core.plain_torch import read_plain
from danceit_core.pose.aistpp import read_aistpp
from danceit_core.pose.given import read_given
from danceit_core.pose.plain_pickle import read_arrays
from danceit_core.pose.table import read_pose_table, write_pose_table
from danceit_core.tables import METADATA_KEY, read_table

DANCE = sine_dancer(30)


def ingest(path):
    return ingest_video(path, path.parent / "store.mp4", settings=VideoSettings(size=64), tolerant=False)


def test_a_timestamp_of_years_ends_in_a_line(tmp_path):
    times = [*np.arange(30) / 24, 90_000.0]
    path = write_file(tmp_path / "years.mkv", pictures=flashes(times, flash_s=[]), times_s=times)
    with pytest.raises(MediaError, match=r"years\.mkv: nothing is shown or heard for 899\d\d s after 1 s, more than"):
        ingest(path)


def test_a_sound_that_comes_after_years_ends_in_a_line(tmp_path):
    sound = clicks([0.5], length_s=2, sample_rate_hz=8000)
    path = write_file(tmp_path / "y.mkv", sound=sound, sample_rate_hz=8000, gaps_s=[(1.0, 90_000.0)])
    with pytest.raises(MediaError, match=r"y\.mkv: nothing is shown or heard for 90000 s after 1 s"):
        analyse_song(path, settings=MusicSettings(), fps=24, fragment_s=1)


def test_a_picture_that_would_fill_the_memory(tmp_path, monkeypatch):
    times = np.arange(3) / 24
    path = write_file(tmp_path / "large.mp4", pictures=flashes(times, flash_s=[], side=64), times_s=times)
    monkeypatch.setattr("danceit_core.media.container.MOST_PIXELS", 4095)
    with (
        pytest.raises(MediaError, match=r"large\.mp4 has pictures of 64 x 64, more than 4095 pixels"),
        open_media(path),
    ):
        pass


@pytest.mark.parametrize("name", ["12:30.mkv", "http:a.mkv", "concat:b.mkv"])
def test_a_name_is_no_protocol(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    times = np.arange(30) / 24
    write_file(tmp_path / "plain.mkv", pictures=flashes(times, flash_s=[]), times_s=times).rename(tmp_path / name)
    assert ingest(Path(name)).frames == 30


@pytest.mark.parametrize(
    ("entry", "content", "words"),
    [
        ("d_0001.json", b"[" * 100_000, "d_0001.json is not OpenPose JSON"),
        ("d_0001.json", bytes(3 * 2**20), "d_0001.json has more than 2097152 bytes"),
        (f"d_{'9' * 5000}.json", b"{}", "has no frame number in its name"),
        ("d_0001.json", json.dumps({"people": [{"pose_keypoints_2d": [[1]]}]}).encode(), "BODY_25 has 75"),
        ("d_0001.json", json.dumps({"people": [{"pose_keypoints_2d": [1, 1, 9] * 25}]}).encode(), "d_0001.json: conf"),
    ],
)
def test_zips_of_openpose_json(tmp_path, entry, content, words):
    with zipfile.ZipFile(tmp_path / "joints.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(entry, content)
    with pytest.raises(PoseError) as caught:
        read_given(tmp_path / "joints.zip")
    assert words in str(caught.value)
    assert "joints.zip" in str(caught.value)


def test_a_zip_whose_deflated_bytes_are_damaged(tmp_path):
    path = tmp_path / "joints.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("d_0001.json", json.dumps({"people": list(range(1000))}))
    data = bytearray(path.read_bytes())
    data[50:90] = b"\xff" * 40
    path.write_bytes(data)
    with pytest.raises(PoseError, match=r"joints\.zip is not a readable zip file"):
        read_given(path)


@pytest.mark.parametrize(
    "shape", ["(1000000000, 25, 3)", "(99999999999999999999, 25, 3)", "(30, 25, 3", "(-5, 25, 3)", "(30,\x08 25, 3)"]
)
def test_headers_of_arrays_that_lie(tmp_path, shape):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("keypoints.npy", b"\x93NUMPY\x02\0" + len(header).to_bytes(4, "little") + header)
    with pytest.raises(PoseError, match=r"a\.npz is not a readable \.npz"):
        read_given(tmp_path / "a.npz")


@pytest.mark.parametrize("value", [0.0, 1e30, np.inf])
def test_points_in_one_place_or_nowhere(tmp_path, value):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({"keypoints3d": np.full((5, 17, 3), value)}))
    if value == 0:
        with pytest.raises(PoseError, match=r"a\.pkl: all its points are in one place"):
            read_aistpp(path, camera="", size=64)
    else:
        assert not read_aistpp(path, camera="", size=64)[0].any()


def test_pickles_of_a_few_bytes_that_ask_for_gigabytes(tmp_path):
    path = tmp_path / "a.pkl"
    numbered = b"\x80\x04}r" + (2**31 - 1).to_bytes(4, "little") + b"."
    empty = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I99999999999\ntS'b'\ntR."
    called = b"cnumpy\nndarray\n(I99999999999\ntR."
    for data in (numbered, empty, called, b"\x80\x05\x96" + (2**40).to_bytes(8, "little") + b"."):
        path.write_bytes(data)
        with pytest.raises(PoseError, match=r"a\.pkl is not a pickle of plain arrays"):
            read_arrays(path)
    nested: list = [0.0]
    for _ in range(40):
        nested = [nested] * 10
    path.write_bytes(pickle.dumps({"keypoints3d": nested, (0,): 1, "n": 2.0}))
    assert list(read_arrays(path)) == ["n"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("fps", 0), ("fps", "24"), ("fps", float("nan")), ("fps", 1e12), ("width", -1), ("height", 0.5), ("cuts", [None]),
     ("cuts", 3), ("cuts", [2**70]), ("refused", 1), ("source", "a"), ("letterboxes", [[0, 1]]), ("letterboxes", 2)],
)  # fmt: skip
def test_metadata_that_no_stage_could_use(tmp_path, key, value):
    path = tmp_path / "joints.parquet"
    write_pose_table(path, DANCE, fps=24, size=(64, 64), metadata={key: value} if key not in ("fps", "width") else {})
    table = pq.read_table(path)
    about = json.loads(table.schema.metadata[METADATA_KEY]) | {key: value}
    pq.write_table(table.replace_schema_metadata({METADATA_KEY: json.dumps(about)}), path)
    with pytest.raises(PoseError, match=rf"joints\.parquet is not a keypoint table of DanceIt \(.*{key}"):
        read_pose_table(path)


def test_every_flipped_byte_of_a_page_is_noticed(tmp_path):
    path = tmp_path / "joints.parquet"
    write_pose_table(path, DANCE, fps=24, size=(64, 64))
    data = path.read_bytes()
    good = read_table(path)[0]
    for at in range(100, len(data) - 3000, 97):
        path.write_bytes(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])
        with contextlib.suppress(PoseError):
            assert read_pose_table(path).keypoints.tobytes() == DANCE.tobytes()
            assert read_table(path)[0].equals(good)


def test_every_flipped_byte_of_a_checkpoint_is_noticed(tmp_path):
    path, weights = tmp_path / "a.pt", torch.arange(5000.0)
    torch.save({"weights": weights}, path)
    data = path.read_bytes()
    noticed = 0
    for at in range(0, len(data), 211):
        path.write_bytes(data[:at] + bytes([data[at] ^ 16]) + data[at + 1 :])
        try:
            assert torch.equal(read_plain(path)["weights"], weights)
        except ValueError:
            noticed += 1
    assert noticed > 80


def test_a_plan_of_impossible_clips(tmp_path):
    start = np.arange(3) * 24
    names = np.array(["v:0"] * 3, object)
    for rate, frames in ((np.nan, 24), (0, 24), (1, -24)):
        try:
            plan = Plan(start, np.full(3, frames), names, names, start, np.full(3, float(rate)), np.zeros(3))
        except ChoreographyError:
            continue
        write_plan(tmp_path / "plan.parquet", plan)
        with pytest.raises(ChoreographyError, match=r"plan\.parquet is not a plan"):
            read_plan(tmp_path / "plan.parquet")


def test_tables_and_scores_that_are_none(tmp_path):
    path = tmp_path / "a.tsv"
    for content in (b"", b"\xff\xfe", b"video\tframes\nx\ty\n", b'"'):
        path.write_bytes(content)
        with pytest.raises(DatabaseError, match=r"a\.tsv is not a table of statistics"):
            read_statistics(path)
    for content in (b"", b"\xff", b"[1]", b"[" * 100_000):
        path.write_bytes(content)
        with pytest.raises(DanceItError, match=r"a\.tsv holds no scores"):
            read_scores(path)


def test_weights_that_were_altered_are_not_used(tmp_path, pose_weights, body_mesh):
    for source, check in ((pose_weights / "pose_detection.tflite", check_pose_file), (body_mesh, check_body_mesh)):
        path = tmp_path / source.name
        path.write_bytes(source.read_bytes())
        check(path)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        with pytest.raises(AssetError, match=source.name):
            check(path)
