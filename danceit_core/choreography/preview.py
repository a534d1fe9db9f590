"""The dance as moving pictures without a GAN: the skeleton over the song's loudness and its beats."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.music.table import MusicTable
from danceit_core.pose.draw import pose_picture
from danceit_core.pose.table import PoseTable

STRIP_SHARE = 0.15
SHOWN_S = 4.0
SOUND, BEAT, NOW = (90, 130, 190), (255, 190, 60), (255, 255, 255)


def preview_frames(poses: PoseTable, music: MusicTable, *, size: int) -> Iterator[NDArray[np.uint8]]:
    """One uint8 RGB picture (size, size, 3) a frame: the skeleton, below it four seconds of the song around now.

    Bars: loudness; tall bars: beats; the white line: now. The frame turns bright on a beat.
    """
    scale = np.array([size / max(poses.size), size / max(poses.size), 1], np.float32)
    loudness = music.loudness[: len(poses)]
    level = (loudness - loudness.min()) / max(float(np.ptp(loudness)), 1e-9)
    beats = {round(time_s * poses.fps) for time_s in music.beats.times_s}
    height = round(size * STRIP_SHARE)
    reach = round(SHOWN_S * poses.fps / 2)
    for frame, keypoints in enumerate(poses.keypoints):
        picture = pose_picture(keypoints * scale, size=(size, size))
        strip = picture[-height:]
        for at in range(max(0, frame - reach), min(len(level), frame + reach)):
            x = round((at - frame + reach) * size / (2 * reach))
            cv2.line(strip, (x, height), (x, height - 1 - round(level[at] * height * 0.8)), SOUND, 2)
            if at in beats:
                cv2.line(strip, (x, height), (x, 0), BEAT, 2)
        cv2.line(strip, (size // 2, height), (size // 2, 0), NOW, 1)
        if frame in beats:
            cv2.rectangle(picture, (0, 0), (size - 1, size - 1), BEAT, max(2, size // 100))
        yield picture
