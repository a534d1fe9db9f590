"""Read AIST++ annotations as keypoints, and make the table of videos for the whole data set.

    python -m danceit_core.pose.aistpp ANNOTATIONS MUSIC > config/aistpp.tsv

AIST++ (Li, Yang, Ross, Kanazawa, ICCV 2021; annotations CC BY 4.0): 1,408 dances filmed by nine cameras at 60 frames a
second, `keypoints2d/NAME.pkl` (9 cameras, T, 17, 3) and `keypoints3d/NAME.pkl` (T, 17, 3), joints in COCO's order. A
name such as gBR_sBM_cAll_d04_mBR2_ch08 gives the genre (gBR), the dancer (d04) and the music (mBR2).
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import ConfigError, DanceItError, MediaError, PoseError
from danceit_core.pose.cameras import project_route, read_camera
from danceit_core.pose.plain_pickle import read_arrays
from danceit_core.pose.skeleton import JOINTS, Keypoints
from danceit_core.pose.units import FARTHEST_PX

FPS = 60.0
COCO_JOINTS = 17
# Maximum distance of a dancer from the origin and minimum size of a dancer, centimetres.
FARTHEST_CM, SMALLEST_CM = 1e5, 1.0
CAMERAS = tuple(f"c{number:02d}" for number in range(1, 10))
PICTURE_SIZE = (1920, 1080)
# COCO joints each BODY_25 joint is the mean of; COCO has no feet.
BODY25_FROM_COCO = {
    0: (0, 0), 1: (5, 6), 2: (6, 6), 3: (8, 8), 4: (10, 10), 5: (5, 5), 6: (7, 7), 7: (9, 9), 8: (11, 12), 9: (12, 12),
    10: (14, 14), 11: (16, 16), 12: (11, 11), 13: (13, 13), 14: (15, 15), 15: (2, 2), 16: (1, 1), 17: (4, 4),
    18: (3, 3),
}  # fmt: skip
GENRES = {
    "gBR": "break", "gHO": "house", "gJB": "ballet jazz", "gJS": "street jazz", "gKR": "krump", "gLH": "LA hip-hop",
    "gLO": "lock", "gMH": "middle hip-hop", "gPO": "pop", "gWA": "waack",
}  # fmt: skip
SOUND_SUFFIXES = (".wav", ".mp3", ".flac", ".ogg", ".m4a")


def read_aistpp(path: str | Path, *, camera: str, size: int) -> tuple[Keypoints, tuple[int, int]]:
    """Keypoints (T, 25, 3) of an annotation at FPS, and the (width, height) pixels of the picture they belong to.

    camera: of `keypoints2d`, c01 .. c09 (empty: c01, the front); of `keypoints3d`, c01 .. c09, or a virtual one in
    a square of `size` pixels: `front` (empty: that) or its angle in degrees. Confidences of 3D joints are 1. Raises
    PoseError if the file is no such annotation, ConfigError if it does not go with that camera.
    """
    path = Path(path)
    arrays = read_arrays(path)
    if "keypoints2d" in arrays:
        return _read_views(path, arrays["keypoints2d"], camera=camera or CAMERAS[0]), PICTURE_SIZE
    # The optimised joints have no holes and tremble less.
    points = arrays.get("keypoints3d_optim", arrays.get("keypoints3d"))
    if points is None:
        names = ", ".join(arrays) or "nothing"
        raise PoseError(f"{path} is not an AIST++ annotation (it holds {names}); give a file of keypoints2d or 3d")
    _check_shape(path, points, expected=(COCO_JOINTS, 3))
    # NaN compares false.
    points = np.where((np.abs(points) < FARTHEST_CM).all(axis=-1, keepdims=True), points, np.nan).astype(np.float64)
    known = points[np.isfinite(points).all(axis=-1)]
    if not len(known):
        return np.zeros((len(points), JOINTS, 3), np.float32), (size, size)
    shown = (size, size)
    if camera in CAMERAS:
        real = read_camera(path.parent.parent / "cameras", sequence=path.stem, camera=camera)
        xy, shown = real.project(points), real.size
    else:
        if np.ptp(known, axis=0).max() < SMALLEST_CM:
            raise PoseError(f"{path}: all its points are in one place; download the annotations again")
        xy = project_route(points, angle_deg=_angle(path, camera), size=size)
    return coco_to_body25(np.concatenate([xy, np.ones((*xy.shape[:-1], 1))], axis=-1)), shown


def coco_to_body25(coco: NDArray[np.floating]) -> Keypoints:
    """BODY_25 keypoints (T, 25, 3) of COCO's (T, 17, 3): a mean of two has the lesser confidence, feet are absent."""
    values = np.asarray(coco, np.float32)
    values = np.where((np.abs(values) < FARTHEST_PX).all(axis=-1, keepdims=True), values, 0)
    first, second = np.array(list(BODY25_FROM_COCO.values())).T
    keypoints = np.zeros((len(values), JOINTS, 3), np.float32)
    mapped = list(BODY25_FROM_COCO)
    keypoints[:, mapped, :2] = (values[:, first, :2] + values[:, second, :2]) / 2
    # The confidences are network outputs, which slightly overshoot 1.
    keypoints[:, mapped, 2] = np.clip(np.minimum(values[:, first, 2], values[:, second, 2]), 0, 1)
    keypoints[keypoints[..., 2] == 0] = 0
    return keypoints


def _read_views(path: Path, views: NDArray, *, camera: str) -> Keypoints:
    if camera not in CAMERAS:
        raise ConfigError(f"{path}: camera {camera!r} does not go with keypoints2d; choose c01 .. c09, or keypoints3d")
    _check_shape(path, views, expected=(COCO_JOINTS, 3), leading=len(CAMERAS))
    return coco_to_body25(views[CAMERAS.index(camera)])


def _check_shape(path: Path, values: NDArray, *, expected: tuple[int, int], leading: int | None = None) -> None:
    axes = 3 if leading is None else 4
    if values.ndim != axes or values.shape[-2:] != expected or values.dtype.kind != "f" or leading not in (
        None, len(values),
    ):  # fmt: skip
        shape = f"({'' if leading is None else f'{leading}, '}frames, {expected[0]}, {expected[1]})"
        raise PoseError(f"{path} holds {values.dtype} {values.shape}; numbers of shape {shape} are expected")


def _angle(path: Path, camera: str) -> float:
    if camera in ("", "front"):
        return 0.0
    try:
        return float(camera)
    except ValueError:
        raise ConfigError(f"{path}: camera is {camera!r}; choose front, an angle in degrees or c01 .. c09") from None


def list_dances(annotations: Path, music: Path, *, keypoints: str, camera: str) -> list[dict[str, str]]:
    """A row of the table of videos for each sequence, without those in the data set's `ignore_list.txt`.

    keypoints: `keypoints2d` or `keypoints3d`. Raises PoseError if there is none, MediaError if its music is missing.
    """
    ignored = annotations / "ignore_list.txt"
    left_out = set(ignored.read_text(encoding="utf-8").split()) if ignored.is_file() else set()
    rows = []
    for path in sorted((annotations / keypoints).glob("*.pkl")):
        if path.stem in left_out:
            continue
        parts = path.stem.split("_")
        piece = next((part for part in parts if part.startswith("m")), "")
        sound = next(
            (music / f"{piece}{suffix}" for suffix in SOUND_SUFFIXES if (music / f"{piece}{suffix}").is_file()), None
        )
        if sound is None:
            raise MediaError(
                f"{music} lacks the music of {path.stem}: no {piece or 'm..'}.wav; see docs/aistpp.md for its source"
            )
        style = GENRES.get(parts[0], parts[0])
        row = {"video": path.stem, "keypoints": str(path), "audio": str(sound), "camera": camera, "style": style}
        rows.append(row)
    if not rows:
        raise PoseError(f"{annotations / keypoints} holds no .pkl; name the folder of the AIST++ annotations")
    return rows


def main() -> None:
    """Print the table of videos of the whole data set."""
    parser = argparse.ArgumentParser(description="Print the table of videos (videos.tsv) of the AIST++ data set.")
    parser.add_argument("annotations", type=Path, help="the folder with keypoints2d, keypoints3d and cameras")
    parser.add_argument("music", type=Path, help="the folder with mBR0.wav, mBR1.wav, ...")
    parser.add_argument("--keypoints", choices=("keypoints2d", "keypoints3d"), default="keypoints3d")
    parser.add_argument("--camera", default="", help="c01 .. c09; for keypoints3d also front or an angle in degrees")
    arguments = parser.parse_args()
    try:
        rows = list_dances(
            arguments.annotations, arguments.music, keypoints=arguments.keypoints, camera=arguments.camera
        )
    except DanceItError as error:
        sys.exit(f"error: {error}")
    print("\t".join(rows[0]))
    for row in rows:
        print("\t".join(row.values()))


if __name__ == "__main__":
    main()
