from pathlib import Path

from danceit_core.config import (
    EvaluationSettings,
    RetrievalSettings,
    SpatialSettings,
    TemporalSettings,
    make_settings,
)
from danceit_core.database.frames import open_frames
from danceit_core.evaluation.project import evaluate_project
from danceit_core.run import stage

with stage(snakemake) as run:
    given, params = snakemake.input, snakemake.params
    files = ("dance_music", "song_music", "fragments", "matchers", "indices", "histories", "counted")
    evaluate_project(
        snakemake.output[0],
        **{name: list(given[name]) for name in files},
        frames=open_frames(Path(given.dances).parent),
        videos=params.videos,
        songs=params.songs,
        retrieval=RetrievalSettings(**params.retrieval),
        spatial=SpatialSettings(**params.spatial),
        temporal=TemporalSettings(**params.temporal),
        settings=make_settings(EvaluationSettings, params.settings),
        seed=params.seed,
        device=run.device,
    )
