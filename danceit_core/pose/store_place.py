"""Convert given keypoints to the rate and the picture of a frame store, as `media.source` converts a video."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import PoseError
from danceit_core.media.letterbox import Letterbox, store_size
from danceit_core.media.part import WHOLE, Box, Size, SourcePart, check_crop
from danceit_core.pose.estimate import GUESSED, Detection
from danceit_core.pose.json_frames import MOST_FRAMES
from danceit_core.pose.skeleton import Keypoints, present


@dataclass(frozen=True)
class StorePlace:
    """Where a frame store of `size` (width, height) shows a source of source_size: its place, and the part it shows."""

    source_size: Size
    size: Size
    place: Letterbox
    crop: Box | None

    @classmethod
    def of(cls, source_size: Size, *, long_side: int, crop: Box | None, source: object = "") -> "StorePlace":
        """The place of a video. Raises MediaError for a part that is not inside its picture (the file `source`)."""
        if crop is not None:
            check_crop(crop, source_size, source=source)
        size = store_size(crop[2:] if crop else source_size, long_side=long_side)
        return cls(source_size, size, Letterbox.fit(source_size, size, crop=crop), crop)


def fit_to_frame_store(
    given: Detection,
    *,
    source_fps: float,
    source_size: Size,
    fps: float,
    store: StorePlace,
    part: SourcePart = WHOLE,
    source: object = "",
) -> Detection:
    """Convert keypoints at `source_fps` in a picture of `source_size` to `fps` in the picture of a frame store.

    A picture with another shape than the video's is assumed to contain the letterboxed video. part: the time range.
    source: the file, for messages. Raises PoseError if the result would have more than MOST_FRAMES frames, or none.
    """
    frames = len(given.keypoints)
    if (many := frames / source_fps * fps) > MOST_FRAMES:
        raise PoseError(
            f"{frames} frames at {source_fps:g} per second become {many:.0f} at {fps:g}, more than "
            f"{MOST_FRAMES}; check column fps, or split the file"
        )
    if frames and part.start_s >= frames / source_fps:
        raise PoseError(
            f"{source}: column start_s is {part.start_s:g}, but its keypoints end at {frames / source_fps:.1f} s; "
            "choose an earlier start"
        )
    fitted = resample(given.keypoints, source_fps=source_fps, fps=fps, part=part)
    seen = present(fitted)
    if source_size != store.source_size:
        fitted[seen, :2] = Letterbox.fit(store.source_size, source_size).to_source(fitted[seen, :2])
    fitted[seen, :2] = store.place.from_source(fitted[seen, :2])
    if store.crop is not None:
        # Absent, as for a detector, which sees nothing there.
        outside = ((fitted[..., :2] < 0) | (fitted[..., :2] >= store.size)).any(axis=-1)
        fitted[..., 2] = np.where(outside, np.minimum(fitted[..., 2], GUESSED), fitted[..., 2])
    people = given.people
    if people is not None and len(people):
        positions = _positions(len(people), source_fps=source_fps, fps=fps, part=part)
        people = people[np.round(positions).astype(int)]
    return Detection(fitted, people)


def resample(keypoints: Keypoints, *, source_fps: float, fps: float, part: SourcePart = WHOLE) -> Keypoints:
    """Keypoints (T, 25, 3) at another rate: frame k is at part.start_s + k / fps.

    A joint unseen on either side stays absent.
    """
    if not len(keypoints) or (source_fps == fps and part == WHOLE):
        return keypoints.copy()
    position = _positions(len(keypoints), source_fps=source_fps, fps=fps, part=part)
    before = np.floor(position).astype(int)
    after = np.minimum(before + 1, len(keypoints) - 1)
    weight = (position - before)[:, None, None].astype(np.float32)
    mixed = keypoints[before] * (1 - weight) + keypoints[after] * weight
    # Exactly on a source frame, its neighbour does not matter.
    seen = present(keypoints[before]) & (present(keypoints[after]) | (weight[..., 0] == 0))
    return np.where(seen[..., None], mixed, 0).astype(np.float32)


def _positions(source_frames: int, *, source_fps: float, fps: float, part: SourcePart) -> NDArray[np.float64]:
    """The position of each frame at `fps` among the source's frames."""
    frames = max(1, round(part.length_s(source_frames / source_fps) * fps))
    return np.minimum((part.start_s + np.arange(frames) / fps) * source_fps, source_frames - 1)
