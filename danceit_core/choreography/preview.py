"""The preview of a dance, without a GAN: the skeleton, and below it the song with the beats of music and dance.

The strip (`strip`) shows a page of the song at a time: bars, beats, sections and clips. A cursor moves over it; the
part that it has passed is bright.
"""

import math
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.clips import shown_clips
from danceit_core.choreography.motion_beats import find_hits, step_speed
from danceit_core.choreography.rate import danced
from danceit_core.choreography.strip import BEAT, Shown, draw_strip
from danceit_core.media.letterbox import Picture
from danceit_core.music.table import MusicTable
from danceit_core.pose.draw import pose_picture
from danceit_core.pose.table import PoseTable

# Height of the strip relative to the side of a square preview; the longest page there, in seconds: 180 beats per minute
# can still be told apart at 512 pixels.
STRIP_SHARE = 0.26
PAGE_S = 6.0
# The skeleton's border is bright for this long at each beat of the music.
FLASH_S = 1 / 24
NOW = (255, 255, 255)
# Brightness of the part that the cursor has not passed.
AHEAD = 0.45


def skeleton_size(picture: tuple[int, int], *, size: int) -> tuple[int, int]:
    """Width and height of the skeleton's picture, in the shape of `picture`, with about the pixels of a square."""
    scale = size / math.sqrt(picture[0] * picture[1])
    width, height = (max(2, 2 * round(side * scale / 2)) for side in picture)
    return width, height


def picture_size(picture: tuple[int, int], *, size: int) -> tuple[int, int]:
    """Width and height of a preview of a dance in a `picture` (width, height); even, as a video's must be.

    size: side of the skeleton's picture if it is a square, pixels.
    """
    width, height = skeleton_size(picture, size=size)
    return width, height + 2 * round(size * STRIP_SHARE / 2)


def preview_frames(
    poses: PoseTable, music: MusicTable, peaks: NDArray[np.float32], *, size: int, peaks_per_s: int, kind: str
) -> Iterator[Picture]:
    """One uint8 RGB picture of `picture_size` per frame. The skeleton's border turns bright on a beat of the music.

    peaks: the song's amplitude of each 1 / peaks_per_s of a second. kind: of motion beat, `min` or `max` of speed.
    Motion beats are those of the dance at the rate of the music's table, see `rate.danced`.
    """
    skeleton = skeleton_size(poses.size, size=size)
    scale = np.array([skeleton[0] / poses.size[0], skeleton[1] / poses.size[1], 1], np.float32)
    made = danced(poses, fps=music.fps, seconds=music.duration_s)
    speed = step_speed(made.keypoints)
    hits = find_hits(speed, music.beats.times_s, fps=music.fps, kind=kind, shown_fps=poses.fps)
    clips = tuple(shown_clips(poses, music.beats.times_s, source_fps=music.fps))
    shown = Shown(peaks, peaks_per_s, music.beats, hits, music.sections, clips)
    bright_frames = beat_frames(music.beats.times_s, fps=poses.fps)
    song_s = len(poses) / poses.fps
    width, height = skeleton[0], picture_size(poses.size, size=size)[1] - skeleton[1]
    page_s = song_s / max(1, math.ceil(song_s / (PAGE_S * width / size)))
    page, bright = -1, np.zeros((height, width, 3), np.uint8)
    for frame, keypoints in enumerate(poses.keypoints):
        at_s = frame / poses.fps
        # A tiny margin, so that rounding does not turn the page a frame early.
        if int(at_s / page_s + 1e-9) != page:
            page = int(at_s / page_s + 1e-9)
            bright = draw_strip(shown, first_s=page * page_s, page_s=page_s, size=(width, height))
            dim = (bright * AHEAD).astype(np.uint8)
        cursor = min(width - 1, round((at_s - page * page_s) / page_s * width))
        strip = np.hstack([bright[:, :cursor], dim[:, cursor:]])
        cv2.line(strip, (cursor, 0), (cursor, height), NOW, max(1, size // 256))
        picture = pose_picture(keypoints * scale, size=skeleton)
        if frame in bright_frames:
            cv2.rectangle(picture, (0, 0), (skeleton[0] - 1, skeleton[1] - 1), BEAT, max(2, size // 100))
        yield np.vstack([picture, strip])


def beat_frames(beats_s: NDArray[np.float64], *, fps: float) -> set[int]:
    """The frames of each beat of the music: one at 24 frames per second, as many as last FLASH_S at higher rates."""
    lasting = max(1, round(fps * FLASH_S))
    return {round(time_s * fps) + later for time_s in beats_s.tolist() for later in range(lasting)}
