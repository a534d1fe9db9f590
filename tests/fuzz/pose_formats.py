"""Keypoints that a user brings, through `import_keypoints` and `clean_keypoints`, and the networks that find them."""

import io
import json
import pickle
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
from aistpp_files import CAMERA, NAME, PERSON
from caffe_network import write_network
from checkout import ROOT
from damage import spoil_tree, strange_array
from dancers import sine_dancer
from formats import Format, Rng

from danceit_core.assets import fetch_pose_weights
from danceit_core.config import CleaningSettings
from danceit_core.pose.clean import clean_table
from danceit_core.pose.imported import import_keypoints
from danceit_core.pose.opencv_network import OpenPoseNetwork
from danceit_core.pose.openpose import write_openpose_zip
from danceit_core.pose.table import write_pose_table

DANCE = sine_dancer(30)
FPS, SIZE = 24.0, 512
ROW = dict.fromkeys(("fps", "width", "height", "camera"), "")


def read_keypoints(path: Path, *, camera: str = "") -> None:
    row = ROW | {"camera": camera}
    table = import_keypoints(path, row=row, fps=FPS, size=SIZE, tolerant=False)
    assert np.isfinite(table.keypoints).all()
    cleaned = clean_table(table, settings=CleaningSettings(), name=path.name, tolerant=True)
    assert np.isfinite(cleaned.keypoints[cleaned.columns["kept"]][..., 2]).all()
    about = {"fps": cleaned.fps, "size": cleaned.size, "columns": cleaned.columns, "metadata": cleaned.metadata}
    write_pose_table(path.parent / "out.parquet", cleaned.keypoints, **about)


def read_folder(path: Path) -> None:
    read_keypoints(path.parent)


def make_zip(folder: Path) -> Path:
    path = folder / "joints.zip"
    write_openpose_zip(path, DANCE, name="dance")
    return path


def make_json(folder: Path) -> Path:
    with zipfile.ZipFile(make_zip(folder)) as archive:
        archive.extractall(folder / "json")
    return folder / "json" / "dance_000000000007_keypoints.json"


def make_npz(folder: Path) -> Path:
    path = folder / "joints.npz"
    np.savez(path, keypoints=DANCE)
    return path


def make_table(folder: Path) -> Path:
    path = folder / "joints.parquet"
    write_pose_table(path, DANCE, fps=FPS, size=(SIZE, SIZE), columns={"people": np.ones(len(DANCE), np.int16)})
    return path


def make_annotation(folder: Path, *, kind: str) -> Path:
    points = PERSON + np.linspace(0, 90, 60)[:, None, None] * (1, 0, 0)
    # Pixels count downwards, the room's height upwards.
    pixels = points[..., :2] * (1, -1) + 500
    views = np.repeat(np.concatenate([pixels, np.full((60, 17, 1), 0.9)], axis=-1)[None], 9, axis=0)
    content = {"keypoints2d": {"keypoints2d": views}, "keypoints3d": {"keypoints3d": points}}[kind]
    (folder / kind).mkdir()
    path = folder / kind / f"{NAME}.pkl"
    path.write_bytes(pickle.dumps(content, protocol=4))
    return path


def make_camera(folder: Path) -> Path:
    make_annotation(folder, kind="keypoints3d")
    (folder / "cameras").mkdir()
    (folder / "cameras" / "mapping.txt").write_text(f"{NAME} setting1\n")
    path = folder / "cameras" / "setting1.json"
    path.write_text(json.dumps([CAMERA]))
    return path


def read_camera(path: Path) -> None:
    read_keypoints(path.parents[1] / "keypoints3d" / f"{NAME}.pkl", camera="c01")


def make_caffe(folder: Path, *, which: int) -> Path:
    return Path(write_network(folder)[which])


def read_caffe(path: Path) -> None:
    found = {suffix: str(next(path.parent.glob(f"*.{suffix}"))) for suffix in ("prototxt", "caffemodel")}
    network = OpenPoseNetwork(found["prototxt"], found["caffemodel"], confidence_floor=0.1)
    network.estimate(np.zeros((64, 64, 3), np.uint8))


def make_weights(folder: Path) -> Path:
    path = folder / "pose_detection.tflite"
    path.write_bytes((fetch_pose_weights(ROOT / "resources" / "blazepose") / path.name).read_bytes())
    return path


def read_weights(path: Path) -> None:
    from danceit_core.pose.blazepose_people import PeopleDetector

    PeopleDetector(path.parent, threads=1)


def spoil_json(rng: Rng, path: Path) -> None:
    path.write_text(json.dumps(spoil_tree(rng, json.loads(path.read_text()))))


def spoil_zip(rng: Rng, path: Path) -> None:
    """A zip of JSON that is whole, with a file in it that is strange, called otherwise, or enormous."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    name = list(files)[int(rng.integers(len(files)))]
    kind = int(rng.integers(5))
    if kind == 0:
        files[name] = bytes(2**20 * int(rng.choice([1, 100, 600])))
    elif kind == 1:
        names = (
            "dance_" + "9" * 5000 + ".json",
            "../../up_0001.json",
            "x.json",
            "d_²_keypoints.json",
            "a_99999999.json",
        )
        files[names[int(rng.integers(len(names)))]] = files.pop(name)
    elif kind == 2:
        files[name] = rng.bytes(100)
    else:
        files[name] = json.dumps(spoil_tree(rng, json.loads(files[name]))).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in files.items():
            archive.writestr(entry, content)


def spoil_npz(rng: Rng, path: Path) -> None:
    """An archive that is whole, with other values, or a header that announces an enormous array."""
    kind = int(rng.integers(4))
    if kind == 0:
        np.savez(path, keypoints=np.array([{"code": 1}], dtype=object))
        return
    if kind == 1:
        shape = ("(1000000000, 25, 3)", "(-5, 25, 3)", "(30, 25, 3, )" + " " * 20000, "(99999999999999999999, 25, 3)")
        header = "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }\n" % shape[int(rng.integers(4))]  # noqa: UP031
        content = io.BytesIO()
        content.write(b"\x93NUMPY\x02\x00" + len(header).to_bytes(4, "little") + header.encode() + DANCE.tobytes())
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("keypoints.npy", content.getvalue())
        return
    np.savez(path, keypoints=strange_array(rng, DANCE))


def spoil_pickle(rng: Rng, path: Path) -> None:
    content = spoil_tree(rng, pickle.loads(path.read_bytes()))
    path.write_bytes(pickle.dumps(content, protocol=int(rng.integers(6))))


FORMATS = [
    Format("OpenPose JSON", "keypoints", make_json, read_folder, spoil_json),
    Format("OpenPose zip", "keypoints", make_zip, read_keypoints, spoil_zip),
    Format("npz", "keypoints", make_npz, read_keypoints, spoil_npz),
    *(
        Format(f"AIST++ {kind}", "keypoints", partial(make_annotation, kind=kind), read_keypoints, spoil_pickle)
        for kind in ("keypoints2d", "keypoints3d")
    ),
    Format("AIST++ camera", "keypoints", make_camera, read_camera, spoil_json, named=(f"{NAME}.pkl",)),
    Format("tflite", "networks", make_weights, read_weights),
    Format("prototxt", "networks", partial(make_caffe, which=0), read_caffe),
    Format("caffemodel", "networks", partial(make_caffe, which=1), read_caffe),
]  # fmt: skip
