"""A synthetic database in which dance and music match by style: both swing at the video's own rate and strength."""

import numpy as np
import pandas as pd

from danceit_core.config import FragmentSettings
from danceit_core.database.counts import cut_counts
from danceit_core.database.fragments import OF_DANCE
from danceit_core.database.frames import COLUMNS as DANCE_COLUMNS
from danceit_core.database.frames import Frames
from danceit_core.database.measure import move_sizes
from danceit_core.database.table import COLUMNS, SECONDS, Database
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
    table = []
    names, firsts, counts = np.unique(video, return_index=True, return_counts=True)
    spans = {n: (f * length, m * length) for n, f, m in zip(names, firsts.tolist(), counts.tolist(), strict=True)}
    commons = {
        name: common_of(
            name,
            tempo_bpm=(tempo_bpm or {}).get(name, 120.0),
            has_sound=name not in silent,
            group=(groups or {}).get(name, name),
            split=(split or {}).get(name, "train"),
        )
        for name in spans
    }
    for name, (first, rows) in spans.items():
        for start in range(0, rows, length):
            own = {
                "fragment_id": f"{name}:{start}", "start_frame": start, "frames": length,
                "seconds": length / FPS, "beats": 0, "place": 0, "meter": 0,
                "row": first + start, "passage_start": 0, "passage_end": rows, "ground": GROUND_Y / TORSO_PX,
            }  # fmt: skip
            table.append({**own, **{key: commons[name][key] for key in OF_DANCE}, "split": commons[name]["split"]})
    frames = frames_of(
        np.ascontiguousarray(keypoints, np.float32).reshape(count * length, 25, 3),
        np.ascontiguousarray(features, np.float32).reshape(count * length, features.shape[-1]),
        spans=spans,
        commons=commons,
        moves=moves,
    )
    about = {"fps": FPS, "unit": SECONDS, "seconds": length / FPS, "feature_set": "mfcc", "test_share": 0.2}
    return Database(frames, pd.DataFrame(table)[list(COLUMNS)], about)


def counted_database(
    *, tempi_bpm=(120.0, 100.0, 140.0, 90.0), meters=(4, 4, 4, 3), bars=8, pickup=1, width=4, silent=(), seed=0
):
    """Fragments in counts of dances whose beats are known: wrists stop on each, and the first feature counts them.

    A dance `v00`, `v01`, ... for each tempo, of so many bars after `pickup` beats, the first beat at a quarter second;
    half a second follows the last, a downbeat. silent: dances whose music, and so whose bars, are not known.
    """
    rng = np.random.default_rng(seed)
    parts, spans, commons, row = [], {}, {}, 0
    for number, (tempo, meter) in enumerate(zip(tempi_bpm, meters, strict=True)):
        name, beat_s = f"v{number:02d}", 60 / tempo
        beats_s = 0.25 + beat_s * np.arange(pickup + bars * meter + 1)
        frames = round((beats_s[-1] + 0.5) * FPS)
        phase = (np.arange(frames) / FPS - 0.25) / beat_s
        keypoints = np.zeros((frames, 25, 3), np.float32)
        keypoints[:] = 256, 256, 1
        keypoints[:, 1, 1], keypoints[:, 8, 1] = 200, 300
        keypoints[:, [4, 7], 1] += 40 * np.cos(np.pi * phase)[:, None]
        keypoints[..., :2] += rng.normal(0, 0.1, keypoints[..., :2].shape)
        features = np.zeros((frames, width), np.float32)
        place = (np.arange(len(beats_s)) - pickup) % meter + 1
        known = name not in silent
        if known:
            features[:, 0] = phase
            features[:, 1:] = rng.normal(0, 0.1, (frames, width - 1))
        parts.append((keypoints, features))
        commons[name] = common_of(
            name,
            tempo_bpm=tempo if known else 0.0,
            has_sound=known,
            beats_s=beats_s[: len(beats_s) * known],
            beat_place=place[: len(place) * known].astype(np.int32),
            meter=meter * known,
        )
        spans[name] = row, frames
        row += frames
    keypoints, features = (np.concatenate(each) for each in zip(*parts, strict=True))
    return cut_counts(frames_of(keypoints, features, spans=spans, commons=commons), settings=FragmentSettings())


def common_of(name, *, tempo_bpm, has_sound=True, group="", split="train", beats_s=(), beat_place=(), meter=0):
    """What a dance's row holds, without its place in the arrays."""
    return {
        "video": name, "track": 0, "source_path": f"{name}.mp4", "source_sha256": "", "has_sound": has_sound,
        "tempo_bpm": tempo_bpm, "torso_px": TORSO_PX, "height_px": HEIGHT_PX, "ground_y": GROUND_Y,
        "group": group or name, "split": split, "beats_s": np.array(beats_s, np.float64),
        "beat_place": np.array(beat_place, np.int32), "meter": meter,
    }  # fmt: skip


def frames_of(keypoints, features, *, spans, commons, moves=None) -> Frames:
    """Frames of dances (name: first row and rows), each one passage. moves (M, 4): None: as they are measured."""
    dances = [
        {"dance": name, "refused": "", "first_row": first, "rows": rows, "first_frame": 0}
        | {"width": 512, "height": 512, **commons[name]}
        for name, (first, rows) in spans.items()
    ]
    if moves is None:
        body = Body(height_px=HEIGHT_PX, torso_px=TORSO_PX, ground_y=GROUND_Y, centre_x=256.0)
        moves = np.concatenate(
            [
                move_sizes(keypoints[first : first + rows], world=None, body=body, fps=FPS)
                for first, rows in spans.values()
            ]
        )
    return Frames(
        keypoints=keypoints,
        features=features,
        moves=np.asarray(moves, np.float32),
        passage=np.zeros(len(keypoints), np.int32),
        dances=pd.DataFrame(dances)[list(DANCE_COLUMNS)],
        metadata={"fps": FPS, "feature_set": "mfcc"},
    )


def matched_pairs(**changed) -> Pairs:
    """What the matcher trains on, from `make_database`."""
    return make_pairs(make_database(**changed))
