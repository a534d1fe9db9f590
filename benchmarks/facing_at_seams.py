"""Turns of dances at their seams, with and without depth in the retrieval (`choreography.costs.RIGHT_ANGLE`).

    python benchmarks/facing_at_seams.py FOLDER --weights 0 1

FOLDER holds .npz files of real dances at 24 frames per second: `keypoints` (T, 25, 3) in a picture and `joints3d`
(T, 25, 3) in a room, y up, of the same bodies; the camera's direction is found by fitting one to the other. Every
second dance by name is the library; songs are even beats; matches are random with a fixed seed. Turn: degrees between
the directions that the body faces on both sides of a seam, in the room.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from danceit_core.choreography import costs
from danceit_core.choreography.align import Source
from danceit_core.choreography.library import Library
from danceit_core.choreography.plan import Plan
from danceit_core.config import RetrievalSettings, SpatialSettings, TemporalSettings
from danceit_core.evaluation import trial
from danceit_core.evaluation.scorecard import measure_real, score_beats, score_motion
from danceit_core.evaluation.trial import Variant, beat_grid, dances_of, make_trial, random_matches
from danceit_core.pose.skeleton import LEFT_HIP, LEFT_KNEE, LEFT_SHOULDER, RIGHT_HIP, RIGHT_KNEE, RIGHT_SHOULDER

FPS, FRAMES, HOP = 24.0, 48, 12
LEFT, RIGHT = [LEFT_SHOULDER, LEFT_HIP, LEFT_KNEE], [RIGHT_SHOULDER, RIGHT_HIP, RIGHT_KNEE]
Array = NDArray[np.float64]


def facing_of(keypoints: Array, joints: Array) -> Array:
    """The direction that the body faces, (T,) degrees, 0 towards the camera."""
    apart = (joints[:, LEFT] - joints[:, RIGHT])[..., [0, 2]].reshape(-1, 2)
    seen = (keypoints[:, LEFT, 0] - keypoints[:, RIGHT, 0]).reshape(-1)
    known = np.isfinite(apart).all(axis=1)
    right = np.linalg.lstsq(apart[known], seen[known], rcond=None)[0]
    right /= np.linalg.norm(right)
    across = joints[:, LEFT[0]] - joints[:, RIGHT[0]] + joints[:, LEFT[1]] - joints[:, RIGHT[1]]
    turned = across[:, [0, 2]] @ np.array([[right[0], -right[1]], [right[1], right[0]]])
    x, z = gaussian_filter1d(turned, 2.0, axis=0).T
    return np.rad2deg(np.unwrap(np.arctan2(z, x)))


def library_of(sources: dict[str, Source], facing: dict[str, Array]) -> Library:
    """Two-second fragments with the direction that their body faces."""
    tempi = dict.fromkeys(sources, np.nan)
    library = trial.library_of(sources, seconds=FRAMES / FPS, hop_s=HOP / FPS, fps=FPS, tempo_bpm=tempi)
    library.facing[:] = np.concatenate([facing[name] for name in library.dances.name])
    return library


def turns(plan: Plan, facing: dict[str, Array]) -> Iterator[float]:
    """Degrees between the two sides of each seam."""
    ends = plan.source_start_frame + plan.rate * plan.frames
    for clip in range(len(plan) - 1):
        before, after = facing[plan.source_video[clip]], facing[plan.source_video[clip + 1]]
        change = before[min(round(ends[clip]), len(before) - 1)] - after[plan.source_start_frame[clip + 1]]
        yield abs((change + 180) % 360 - 180)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of .npz files of real dances")
    parser.add_argument(
        "--weights", type=float, nargs="+", default=[0.0, costs.RIGHT_ANGLE], help="weights of a turn by 90 degrees"
    )
    parser.add_argument(
        "--tempi", type=float, nargs="+", default=[60, 90, 120, 150], help="tempi of the songs, beats per minute"
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="length of each song")
    arguments = parser.parse_args()
    dances, facing = {}, {}
    for path in sorted(arguments.folder.glob("*.npz"))[1::2]:
        with np.load(path) as archive:
            dances[path.stem] = archive["keypoints"].astype(np.float32)
            facing[path.stem] = facing_of(archive["keypoints"].astype(float), archive["joints3d"].astype(float))
    sources = {name: Source(dance, np.ones(len(dance), bool)) for name, dance in dances.items()}
    library = library_of(sources, facing)
    real = measure_real(list(dances.values()), fps=FPS, rng=np.random.default_rng(0))
    songs = [beat_grid(tempo, seconds=arguments.seconds, fps=FPS) for tempo in arguments.tempi]
    settings = Variant("default", RetrievalSettings(), SpatialSettings(), TemporalSettings())
    print("| weight | seams | turn: median | 90 % | over 45 | over 90 | seams over real p99 | sliding | S_BA min 1 |")
    print("|---" * 9 + "|")
    for weight in arguments.weights:
        costs.RIGHT_ANGLE = weight
        trials = [
            make_trial(
                song,
                library,
                sources,
                random_matches(library, song, fps=FPS, seed=0),
                variant=settings,
                fps=FPS,
                seed=0,
            )
            for song in songs
        ]
        degrees = np.array([turn for trial in trials for turn in turns(trial.plan, facing)])
        motion = score_motion(trials, sources, real, fps=FPS)
        beats = score_beats(dances_of(trials), songs, fps=FPS, seed=0)
        print(
            f"| {weight:g} | {len(degrees)} | {np.median(degrees):.0f} | {np.percentile(degrees, 90):.0f} | "
            f"{(degrees > 45).mean():.0%} | {(degrees > 90).mean():.0%} | {motion['seam_share']:.1%} | "
            f"{motion['slide_ratio']:.2f} | {beats['s_ba_min_1']:.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
