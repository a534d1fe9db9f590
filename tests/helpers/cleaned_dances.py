"""A dance before and after cleaning."""

import numpy as np
from puppet import puppet_keypoints

from danceit_core.config import CleaningSettings
from danceit_core.pose.clean import clean_table
from danceit_core.pose.table import PoseTable

FPS = 24
DANCE = np.stack([puppet_keypoints(k / FPS, size=192) for k in range(240)])


def make_tables(keypoints, **about):
    raw = PoseTable(keypoints, {"fps": FPS, "width": 192, "height": 192, **about})
    return raw, clean_table(raw, settings=CleaningSettings(), name="waltz", tolerant=True)


def interrupted():
    """A dance in which nobody is seen for 20 frames and no foot for 40, with a camera cut."""
    keypoints = DANCE.copy()
    keypoints[60:80] = 0
    keypoints[130:170, [11, 14]] = 0
    return make_tables(keypoints, cuts=[200])
