from danceit_core.choreography.align import read_source
from danceit_core.choreography.plan import read_plan
from danceit_core.choreography.sources import write_sources
from danceit_core.run import stage

with stage(snakemake):
    paths = dict(zip(snakemake.params.videos, snakemake.input.cleaned, strict=True))
    danced = sorted({*read_plan(snakemake.input.plan).source_video} & {*paths})
    write_sources(snakemake.output[0], {video: read_source(paths[video]) for video in danced})
