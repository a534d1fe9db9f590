"""Golden results of what cuts and joins dances: fragments, alignment."""

import numpy as np
from dancers import sine_dancer, wandering_dancer
from record import Result, result

from danceit_core.choreography.align import Source, align
from danceit_core.choreography.normalise import whole_body
from danceit_core.choreography.plan import Plan
from danceit_core.config import (
    CleaningSettings,
    FragmentSettings,
    SpatialSettings,
    TemporalSettings,
)
from danceit_core.database.counts import cut_counts
from danceit_core.database.fragments import cut_fragments
from danceit_core.database.gather import frames_in_memory
from danceit_core.music.table import Beats, MusicTable
from danceit_core.pose.clean import clean_table
from danceit_core.pose.table import PoseTable

FPS = 24.0


def fragments() -> dict[str, Result]:
    """Two dances, one interrupted, gathered and cut."""
    dances = {}
    for number, name in enumerate("ab"):
        keypoints = wandering_dancer(192, seed=number)
        keypoints[90:100, :, 2] *= 1 - number
        raw = PoseTable(keypoints, {"fps": FPS, "width": 512, "height": 512})
        music = MusicTable(
            np.random.default_rng(number).normal(size=(192, 13)).astype(np.float32), np.full(192, -20, np.float32),
            Beats(np.arange(0.2, 8, 0.5), 120.0, place=np.arange(16) % 4 + 1, meter=4), FPS, "mfcc", 8.0, False,
        )  # fmt: skip
        dances[name] = (clean_table(raw, settings=CleaningSettings(), name=name, tolerant=True), music)
    frames = frames_in_memory(dances)
    cut = cut_fragments(frames, seconds=2.0, settings=FragmentSettings())
    whole, counted = (
        database.table.select_dtypes("number").to_numpy(float)
        for database in (cut, cut_counts(frames, settings=FragmentSettings()))
    )
    return {
        "moves": result(frames.moves),
        "keypoints": result(frames.keypoints),
        "features": result(frames.features),
        "rows": result(whole, within=1e-3),
        "rows in counts": result(counted, within=1e-3),
        "split": result([name == "test" for name in cut.table["split"]]),
    }


def alignment() -> dict[str, Result]:
    """Two dancers joined and put on beats."""
    dances = {"a": sine_dancer(120), "b": wandering_dancer(120, seed=4)}
    plan = Plan(
        start_frame=np.array([0, 48]),
        frames=np.array([48, 40]),
        fragment_id=np.array(["a:20", "b:10"], object),
        source_video=np.array(["a", "b"], object),
        source_start_frame=np.array([20, 10]),
        rate=np.array([1.0, 1.1]),
        match_distance=np.array([0.5, 0.7]),
    )
    dance = align(
        plan,
        {name: Source(dancer, np.ones(120, bool)) for name, dancer in dances.items()},
        target=whole_body(dances["a"]).scaled(0.5),
        size=(256, 256),
        beats_s=np.arange(0.4, 3.6, 0.55),
        fps=FPS,
        spatial=SpatialSettings(),
        temporal=TemporalSettings(),
    )
    return {"keypoints": result(dance.keypoints)}
