"""The target person's frames for the poseGAN (paper IV-D; a video of about 120 s).

No picture is held in memory: `film` reads any of them. The last share of the frames is held out: neighbours look alike,
so a random choice would test on training data. In a video of a few seconds no frame is held out, because all are
needed. A photograph is a single frame, from which nothing is learnt, but whose pixels can be recalled.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.config import PoseGanSettings
from danceit_core.errors import ImaginationError, PoseError
from danceit_core.imagination.target.film import Film, film_of
from danceit_core.imagination.target.region import body_size
from danceit_core.media.picture import read_picture
from danceit_core.pose.skeleton import Keypoints, present
from danceit_core.pose.table import PoseTable, read_pose_table

MIN_FRAMES = 24
# Of a video shorter than this, no frame is held out.
HELD_OUT_S = 5.0
MIN_JOINTS = 8


@dataclass(frozen=True)
class TargetFrames:
    """Frames of the target that show the person: keypoints (T, 25, 3) in pixels of the plate, and which train (T,).

    film: their pictures. plate: the empty room, uint8 (H, W, 3), None if it is unknown. follows (T,): whether a frame
    directly follows the previous one in the video; None: all except the first do. numbers (T,): frame numbers in the
    film; None: 0, 1, 2, ... fps: frames of the film per second. depth: (T, 25), torso lengths towards the camera, None
    if the detector gives none. source: digest of the source video and of the files that the frames are read from; empty
    for pictures that do not come from a file.
    """

    film: Film
    keypoints: Keypoints
    training: NDArray[np.bool_]
    plate: NDArray[np.uint8] | None = None
    follows: NDArray[np.bool_] | None = None
    numbers: NDArray[np.int64] | None = None
    fps: float = 24.0
    depth: NDArray[np.float32] | None = None
    source: str = ""

    @property
    def after_another(self) -> NDArray[np.bool_]:
        """`follows`, with its default filled in."""
        return np.arange(len(self.training)) > 0 if self.follows is None else self.follows

    @property
    def film_numbers(self) -> NDArray[np.int64]:
        """`numbers`, with its default filled in."""
        return np.arange(len(self.training)) if self.numbers is None else self.numbers

    @property
    def is_photograph(self) -> bool:
        """Whether there is only a single frame."""
        return len(self.training) == 1

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures in pixels."""
        return self.film.size

    @property
    def body_px(self) -> float:
        """Body size of the person over all frames (90th percentile), pixels."""
        sizes = body_size(self.keypoints)
        return float(np.nanquantile(sizes, 0.9)) if not np.isnan(sizes).all() else min(self.size) / 4

    def pictures(self, which: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Whole pictures (n, H, W, 3) of the frames `which` (n,) of the T, ascending."""
        pictures = np.empty((len(which), *self.size[::-1], 3), np.uint8)
        for place, picture in zip(pictures, self.film.pictures(self.film_numbers[which]), strict=True):
            place[:] = picture
        return pictures


def read_target(
    frames_path: str | Path,
    table_path: str | Path,
    plate_path: str | Path | None,
    *,
    settings: PoseGanSettings,
    outlines: str | Path | None = None,
) -> TargetFrames:
    """The target's frames from its frame store, its table on the plate (`results/camera/{target}.parquet`), its plate.

    Raises ImaginationError if fewer than 24 frames are left (for a photograph: none), PoseError for a table that was
    not cleaned.
    """
    table = read_pose_table(table_path)
    if "kept" not in table.columns:
        raise PoseError(f"{table_path} has no column 'kept'; give the cleaned table of the target")
    usable = np.flatnonzero(table.columns["kept"].astype(bool) & (present(table.keypoints).sum(-1) >= MIN_JOINTS))
    if len(usable) < (1 if table.metadata.get("still") else MIN_FRAMES):
        raise ImaginationError(
            f"{frames_path}: {len(usable)} of {len(table)} frames show the person, but training needs at least "
            f"{MIN_FRAMES}, and about 1000 for good results: film one person, the whole body, for 40 s or more"
        )
    plate = None if plate_path is None else read_picture(plate_path)
    return TargetFrames(
        film_of(frames_path, table, plate=plate, outlines=outlines),
        table.keypoints[usable],
        training=np.arange(len(usable)) < len(usable) - held_out(len(usable), fps=table.fps, settings=settings),
        plate=plate,
        follows=np.concatenate([[False], np.diff(usable) == 1]),
        numbers=usable,
        fps=table.fps,
        depth=None if "depth" not in table.columns else table.columns["depth"][usable],
        source=_digest(table, (frames_path, plate_path, outlines)),
    )


def _digest(table: PoseTable, paths: Iterable[str | Path | None]) -> str:
    """SHA-256 over that of the table's source and over whole files; a path that is None is included as such."""
    digest = hashlib.sha256(str((table.metadata.get("source") or {}).get("sha256", "")).encode())
    for path in paths:
        digest.update(b"\0")
        if path is not None:
            with Path(path).open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def held_out(frames: int, *, fps: float, settings: PoseGanSettings) -> int:
    """How many of the last frames are held out: none of a video of a few seconds."""
    return round(settings.holdout_share * frames) if frames >= HELD_OUT_S * fps else 0
