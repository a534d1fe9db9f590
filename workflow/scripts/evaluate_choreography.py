from danceit_core.config import (
    EvaluationSettings,
    RetrievalSettings,
    SpatialSettings,
    TemporalSettings,
    make_settings,
)
from danceit_core.evaluation.project import evaluate_project
from danceit_core.run import stage

with stage(snakemake) as run:
    params = snakemake.params
    evaluate_project(
        snakemake.output[0],
        **{name: list(paths) for name, paths in snakemake.input.items()},
        videos=params.videos,
        songs=params.songs,
        retrieval=RetrievalSettings(**params.retrieval),
        spatial=SpatialSettings(**params.spatial),
        temporal=TemporalSettings(**params.temporal),
        settings=make_settings(EvaluationSettings, params.settings),
        seed=params.seed,
        device=run.device,
    )
