"""Find the frame rate of given keypoints from the video or sound that comes with them.

Keypoints know only their number of frames. A video of the same length gives its frame rate and its picture. If they do
not match, that is an error, as the speed of the dance would silently be wrong.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

from danceit_core.errors import MediaError, PoseError
from danceit_core.media.video import probe
from danceit_core.pose.units import Size

log = logging.getLogger(__name__)

# Detectors lose a few frames at the end, and containers round; 24 and 25 frames per second are 4 % apart.
LOST_FRAMES, LOST_SHARE = 6, 0.02
# Rates of cameras; one is recognised if it matches the sound's length, to which encoders add a block of silence.
RATES = (24, 25, 30, 48, 50, 60, 120)
SAME_SHARE, SAME_S = 0.01, 0.1
LOWEST_FPS, HIGHEST_FPS = 1.0, 1000.0


@dataclass(frozen=True)
class Beside:
    """A video (fps > 0, size its upright picture in pixels) or a sound (fps 0, size None) of duration_s seconds."""

    path: str
    duration_s: float
    fps: float
    size: Size | None

    @property
    def words(self) -> str:
        """A description for messages."""
        kind = f"video {self.path} ({self.fps:g} frames per second)" if self.fps else f"sound {self.path}"
        return f"{kind}, {self.duration_s:.1f} s"

    def lasts(self, frames: int, *, fps: float) -> bool:
        """Whether this many frames at `fps` have the same length."""
        expected = self.duration_s * fps
        return abs(frames - expected) <= max(LOST_FRAMES, LOST_SHARE * expected)

    def ends_before(self, frames: int, *, fps: float) -> bool:
        """Whether this many frames at `fps` last longer."""
        return frames > self.duration_s * fps and not self.lasts(frames, fps=fps)


def look_beside(video: str, sound: str) -> Beside | None:
    """The properties of the first of both files that has a picture, else of the sound; None if neither is readable."""
    found = []
    for path in filter(None, (video, sound)):
        try:
            info = probe(path)
        except MediaError as error:
            log.warning("nothing is known of the keypoints' video or sound: %s", error)
            continue
        is_video = path == video and info.has_video and LOWEST_FPS <= info.fps <= HIGHEST_FPS
        if is_video:
            return Beside(path, info.duration_s, info.fps, (info.width, info.height))
        if info.has_sound:
            found.append(Beside(path, info.duration_s, 0.0, None))
    return found[-1] if found else None


def find_fps(frames: int, *, known: float | None, beside: Beside | None, assumed: float, source: str | Path) -> float:
    """Frames per second of keypoints: `known` from the table or their file, else from the video, else `assumed`.

    Raises PoseError if a video or sound contradicts the frame rate.
    """
    if known is not None:
        doubtful = beside is not None and (
            not beside.lasts(frames, fps=known) if beside.fps else beside.ends_before(frames, fps=known)
        )
        if doubtful:
            log.warning(
                "%s: %d frames at %g per second last %.1f s, unlike its %s; check column fps",
                source, frames, known, frames / known, beside.words if beside else "",
            )  # fmt: skip
        return known
    if beside is None:
        return assumed
    if beside.fps:
        return _fps_of_video(frames, video=beside, assumed=assumed, source=source)
    if not beside.lasts(frames, fps=assumed):
        rate = min(RATES, key=lambda rate: abs(frames / rate - beside.duration_s))
        if abs(frames / rate - beside.duration_s) <= SAME_S + SAME_SHARE * beside.duration_s:
            raise PoseError(
                f"{source}: {frames} frames at {assumed:g} per second last {frames / assumed:.1f} s, but its "
                f"{beside.words}, as with {rate:g} per second; fill in column fps ({rate:g} or {assumed:g})"
            )
    if beside.ends_before(frames, fps=assumed):
        log.warning("%s lasts %.1f s, longer than its %s; check column fps", source, frames / assumed, beside.words)
    return assumed


def _fps_of_video(frames: int, *, video: Beside, assumed: float, source: str | Path) -> float:
    """The rate of the video, or of a frame store made of it, whichever gives as many frames."""
    for rate in (video.fps, assumed):
        if video.lasts(frames, fps=rate):
            log.info("%s: %g frames per second, by its %s", source, rate, video.words)
            return rate
    raise PoseError(
        f"{source}: {frames} frames do not match the {video.duration_s * video.fps:.0f} of its {video.words}; fill in "
        f"column fps ({frames / max(video.duration_s, 1e-3):.4g} if they show all of it), or correct column path"
    )
