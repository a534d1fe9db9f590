"""Golden results of what judges a finished dance: evaluation, user_study."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from dancers import wandering_dancer
from record import Result, result
from tiny_study import make_study

from danceit_core.config import EvaluationSettings, UserStudySettings
from danceit_core.evaluation.summary import score_video
from danceit_core.media.video import read_frames
from danceit_core.music.table import Beats, MusicTable
from danceit_core.pose.table import PoseTable
from danceit_core.user_study.stretches import draw_stretches
from danceit_core.user_study.study import FOLDER
from danceit_core.user_study.tasks import tasks_of

FPS, FRAMES = 24.0, 144


def evaluation() -> dict[str, Result]:
    """All scores of a dance that was found again with errors, and once not at all."""
    rng = np.random.default_rng(5)
    dancer = wandering_dancer(FRAMES, seed=1)
    seen = dancer + np.concatenate([rng.normal(0, 6, (FRAMES, 25, 2)), np.zeros((FRAMES, 25, 1))], -1)
    seen[40] = 0
    about = {"fps": FPS, "width": 512, "height": 512}
    sources = {"source_video": np.repeat(["waltz", "tango"], [96, 48])}
    beats = Beats(np.arange(0.5, 5.9, 0.5), 120.0)
    music = MusicTable(np.zeros((FRAMES, 13)), np.zeros(FRAMES), beats, FPS, "mfcc", FRAMES / FPS, False)
    scores = score_video(
        PoseTable(dancer, about | {"seams": [96]}, sources),
        PoseTable(seen.astype(np.float32), about),
        PoseTable(wandering_dancer(48, seed=2), about),
        music=music,
        settings=EvaluationSettings(),
        rng=np.random.default_rng(0),
    )
    return {"scores": result(list(numbers_of(scores)), within=1e-3)}


def user_study() -> dict[str, Result]:
    """What is shown to a voter: stretches, which clips in which order, and pictures of the clips."""
    stretches = draw_stretches({"a": 1440, "b": 900}, fps=FPS, settings=UserStudySettings(), seed=7)
    with tempfile.TemporaryDirectory() as folder:
        # The key is a digest of the files, which encoders write differently.
        study = replace(make_study(Path(folder)), key="golden")
        tasks = [task for voter in ("a", "b") for task in tasks_of(study, voter, secret=b"golden")]
        shown = [int(Path(clip.file).stem) for task in tasks for clip in task.clips]
        pictures = [read_frames(Path(folder) / FOLDER / "clips" / clip.file, [3]) for clip in study.clips]
    return {
        "stretches": result([(stretch.start_frame, stretch.frames) for stretch in stretches]),
        "order": result(shown),
        "clips": result(pictures, within=0.15),
    }


def numbers_of(scores: Any) -> Iterator[float]:
    """Every number of nested scores, those of a dict by their names' order."""
    if isinstance(scores, dict):
        for name in sorted(scores):
            yield from numbers_of(scores[name])
    elif isinstance(scores, list | tuple | np.ndarray):
        for each in scores:
            yield from numbers_of(each)
    elif isinstance(scores, int | float | np.number):
        yield float(scores)
