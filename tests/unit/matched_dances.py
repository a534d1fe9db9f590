"""A synthetic database in which dance and music match by style: both swing at the video's own rate and strength."""

import numpy as np
import pandas as pd

from danceit_core.database.frames import COLUMNS as DANCE_COLUMNS
from danceit_core.database.frames import Frames
from danceit_core.database.measure import move_sizes
from danceit_core.database.table import COLUMNS, Database
from danceit_core.matcher.data import Pairs, make_pairs
from danceit_core.pose.measure import Body

FPS = 24.0
TORSO_PX, HEIGHT_PX, GROUND_Y = 100.0, 300.0, 400.0


def make_database(*, videos=12, fragments=10, frames=24, width=4, test_every=4, silent=(), seed=0, groups=None):
    """Arms that swing and features that oscillate together, at 0.5, 1, 2 or 4 Hz by video, the faster the wider.

    Each video is one passage, and its fragments follow each other. groups: of the songs, by video; None: one a video.
    """
    rng = np.random.default_rng(seed)
    keypoints = np.zeros((videos * fragments, frames, 25, 3), np.float32)
    features = np.zeros((videos * fragments, frames, width), np.float32)
    for row in range(videos * fragments):
        video = row // fragments
        swing = (video % 4 + 1) * np.sin(2 * np.pi * (2.0 ** (video % 4 - 1) * np.arange(frames) / FPS + rng.random()))
        keypoints[row] = 256, 256, 1
        keypoints[row, :, 1, 1], keypoints[row, :, 8, 1] = 200, 300
        keypoints[row, :, [4, 7], 1] += 20 * swing
        keypoints[row, ..., :2] += rng.normal(0, 1, keypoints[row, ..., :2].shape)
        features[row] = swing[:, None] + rng.normal(0, 0.1, (frames, width))
    names = [f"v{video:02d}" for video in range(videos)]
    return database_of(
        keypoints,
        features,
        video=np.repeat(np.array(names, object), fragments),
        split={name: "test" if n >= videos - videos // test_every else "train" for n, name in enumerate(names)},
        tempo_bpm={name: 60.0 * (n % 4 + 1) for n, name in enumerate(names)},
        silent=silent,
        groups=groups or {},
    )


def database_of(keypoints, features, *, video, split=None, tempo_bpm=None, silent=(), groups=None, moves=None):
    """A database of fragments (N, F, 25, 3) and (N, F, D), those of a `video` (N,) one after the other in one passage.

    split, tempo_bpm, groups: by video; silent: videos. moves (N * F, 4): None: as they are measured.
    """
    count, length = keypoints.shape[:2]
    rows = count * length
    dances, table = [], []
    names, firsts, counts = np.unique(video, return_index=True, return_counts=True)
    for name, first, many in zip(names, firsts.tolist(), counts.tolist(), strict=True):
        common = {
            "video": name, "track": 0, "source_path": f"{name}.mp4", "source_sha256": "",
            "has_sound": name not in silent, "tempo_bpm": (tempo_bpm or {}).get(name, 120.0),
            "torso_px": TORSO_PX, "height_px": HEIGHT_PX, "ground_y": GROUND_Y,
            "group": (groups or {}).get(name, name), "split": (split or {}).get(name, "train"),
        }  # fmt: skip
        place = {"first_row": first * length, "rows": many * length, "first_frame": 0, "width": 512, "height": 512}
        dances.append({"dance": name, "refused": "", **place, **common})
        for at in range(many):
            own = {
                "fragment_id": f"{name}:{at * length}", "start_frame": at * length, "frames": length,
                "seconds": length / FPS, "beats": 0, "place": 0, "meter": 0,
                "row": (first + at) * length, "passage_start": 0, "passage_end": many * length,
                "ground": GROUND_Y / TORSO_PX,
            }  # fmt: skip
            table.append({**own, **common})
    if moves is None:
        body = Body(height_px=HEIGHT_PX, torso_px=TORSO_PX, ground_y=GROUND_Y, centre_x=256.0)
        moves = np.concatenate(
            [
                move_sizes(keypoints[first : first + many].reshape(-1, 25, 3), world=None, body=body, fps=FPS)
                for first, many in zip(firsts.tolist(), counts.tolist(), strict=True)
            ]
        )
    frames = Frames(
        keypoints=np.ascontiguousarray(keypoints, np.float32).reshape(rows, 25, 3),
        features=np.ascontiguousarray(features, np.float32).reshape(rows, features.shape[-1]),
        moves=np.asarray(moves, np.float32),
        passage=np.zeros(rows, np.int32),
        dances=pd.DataFrame(dances)[list(DANCE_COLUMNS)],
        metadata={"fps": FPS, "feature_set": "mfcc"},
    )
    about = {"fps": FPS, "seconds": length / FPS, "feature_set": "mfcc", "test_share": 0.2}
    return Database(frames, pd.DataFrame(table)[list(COLUMNS)], about)


def matched_pairs(**changed) -> Pairs:
    """What the matcher trains on, from `make_database`."""
    return make_pairs(make_database(**changed))
