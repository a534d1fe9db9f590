"""The target person's frames for the poseGAN (paper IV-D; a video of about 120 s).

Pictures lie in one uint8 array (T, S, S, 3), S = picture_size: in memory up to a limit, beyond that in a scratch file
that is mapped, not loaded (960 frames at 512: 760 MB; 2,880: 2.3 GB). The last share of the frames is held
out: neighbours look alike, so that a random choice would test on what was trained.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.config import PoseGanSettings
from danceit_core.database.mapped import make_array
from danceit_core.errors import ImaginationError, PoseError
from danceit_core.imagination.target.region import body_size
from danceit_core.media.video import Letterbox, decode_frames
from danceit_core.pose.skeleton import Keypoints, present
from danceit_core.pose.table import read_pose_table

IN_MEMORY_BYTES = 1_000_000_000
MIN_FRAMES = 24
MIN_JOINTS = 8


@dataclass(frozen=True)
class TargetFrames:
    """Pictures (T, S, S, 3) uint8, keypoints (T, 25, 3) in their pixels, and which frames train (T,).

    follows (T,): whether the frame comes right after the one before it in the video; None: all but the first do.
    """

    pictures: NDArray[np.uint8]
    keypoints: Keypoints
    training: NDArray[np.bool_]
    follows: NDArray[np.bool_] | None = None

    @property
    def after_another(self) -> NDArray[np.bool_]:
        """`follows`, known."""
        return np.arange(len(self.training)) > 0 if self.follows is None else self.follows

    @property
    def size(self) -> int:
        """Side of the pictures in pixels."""
        return int(self.pictures.shape[1])

    @property
    def body_px(self) -> float:
        """Body size of the person over all frames (90th percentile), pixels."""
        sizes = body_size(self.keypoints)
        return float(np.nanquantile(sizes, 0.9)) if not np.isnan(sizes).all() else self.size / 4


def read_target(frames_path: str | Path, table_path: str | Path, *, settings: PoseGanSettings) -> TargetFrames:
    """The target's frames from its frame store and its cleaned keypoint table (pixels of the store, column `kept`).

    Raises ImaginationError if fewer than 24 frames are left, PoseError for a table that was not cleaned.
    """
    table = read_pose_table(table_path)
    if "kept" not in table.columns:
        raise PoseError(f"{table_path} has no column 'kept'; give the cleaned table of the target")
    return load_target(
        frames_path,
        table.keypoints,
        kept=table.columns["kept"].astype(bool),
        size=table.size,
        fps=table.fps,
        picture_size=settings.picture_size,
        holdout_share=settings.holdout_share,
        scratch=Path(table_path).parent,
    )


def load_target(
    frames_path: str | Path,
    keypoints: Keypoints,
    *,
    kept: NDArray[np.bool_],
    size: tuple[int, int],
    fps: float,
    picture_size: int,
    holdout_share: float,
    scratch: str | Path | None = None,
) -> TargetFrames:
    """Decode the kept frames of a frame store at picture_size x picture_size, with their keypoints.

    keypoints: (T, 25, 3) in pixels of a `size` (width, height) picture; kept: (T,) from cleaning; fps: of the store.
    holdout_share: share of the kept frames, 0..1, taken from the end. scratch: folder of the mapped file.
    Raises ImaginationError if fewer than 24 frames are left.
    """
    usable = np.flatnonzero(kept & (present(keypoints).sum(-1) >= MIN_JOINTS))
    if len(usable) < MIN_FRAMES:
        raise ImaginationError(
            f"{frames_path}: {len(usable)} of {len(keypoints)} frames show the person; at least {MIN_FRAMES} are "
            "needed to learn from, and about 1000 to learn well: film the whole body, standing alone, for 40 s or more"
        )
    pictures = _room_for(len(usable), picture_size, scratch)
    wanted = dict(zip(usable.tolist(), range(len(usable)), strict=True))
    found = 0
    for number, picture in enumerate(decode_frames(frames_path, fps=fps, size=(picture_size, picture_size))):
        if number in wanted:
            pictures[wanted[number]] = picture
            found += 1
    if found < len(usable):
        raise ImaginationError(
            f"{frames_path} has fewer frames than its keypoint table ({found} of {len(usable)} kept ones found); "
            "delete both and run again"
        )
    training = np.arange(len(usable)) < len(usable) - round(holdout_share * len(usable))
    follows = np.concatenate([[False], np.diff(usable) == 1])
    fitted = fit_keypoints(keypoints[usable], size=size, picture_size=picture_size)
    return TargetFrames(pictures, fitted, training, follows)


def fit_keypoints(keypoints: Keypoints, *, size: tuple[int, int], picture_size: int) -> Keypoints:
    """Keypoints (..., 25, 3) of a `size` picture in pixels of the square picture it is letterboxed into."""
    place = Letterbox.fit(size, (picture_size, picture_size))
    fitted = keypoints.astype(np.float32)
    fitted[..., :2] = place.from_source(keypoints[..., :2])
    return np.where(keypoints[..., 2:] > 0, fitted, np.float32(0))


def _room_for(frames: int, picture_size: int, scratch: str | Path | None) -> NDArray[np.uint8]:
    shape = (frames, picture_size, picture_size, 3)
    fits = int(np.prod(shape, dtype=np.int64)) <= IN_MEMORY_BYTES
    return make_array(shape, folder=None if fits else scratch or tempfile.gettempdir(), dtype=np.uint8)
