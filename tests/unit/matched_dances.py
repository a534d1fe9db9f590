"""A synthetic database in which dance and music match by style: both swing at the video's own rate and strength."""

import numpy as np
import pandas as pd

from danceit_core.database.table import Database
from danceit_core.matcher.data import Pairs, make_pairs

FPS = 24.0


def make_database(*, videos=12, fragments=10, frames=24, width=4, test_every=4, silent=(), seed=0):
    """Arms that swing and features that oscillate together, at 0.5, 1, 2 or 4 Hz by video, the faster the wider."""
    rng = np.random.default_rng(seed)
    keypoints = np.zeros((videos * fragments, frames, 25, 3), np.float32)
    features = np.zeros((videos * fragments, frames, width), np.float32)
    rows = []
    for row in range(videos * fragments):
        video, place = divmod(row, fragments)
        swing = (video % 4 + 1) * np.sin(2 * np.pi * (2.0 ** (video % 4 - 1) * np.arange(frames) / FPS + rng.random()))
        keypoints[row] = 256, 256, 1
        keypoints[row, :, 1, 1], keypoints[row, :, 8, 1] = 200, 300
        keypoints[row, :, [4, 7], 1] += 20 * swing
        keypoints[row, ..., :2] += rng.normal(0, 1, keypoints[row, ..., :2].shape)
        features[row] = swing[:, None] + rng.normal(0, 0.1, (frames, width))
        name = f"v{video:02d}"
        rows.append(
            {
                "fragment_id": f"{name}:{place * frames}",
                "video": name,
                "start_frame": place * frames,
                "passage_end": fragments * frames,
                "has_sound": name not in silent,
                "tempo_bpm": 60.0 * (video % 4 + 1),
                "split": "test" if video >= videos - videos // test_every else "train",
            }
        )
    about = {"fps": FPS, "seconds": frames / FPS, "feature_set": "mfcc", "width": 512, "height": 512}
    return Database(keypoints, features, pd.DataFrame(rows), about)


def matched_pairs(**changed) -> Pairs:
    """What the matcher trains on, from `make_database`."""
    return make_pairs(make_database(**changed))
