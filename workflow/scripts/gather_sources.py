from danceit_core.choreography.align import read_dances
from danceit_core.choreography.plan import read_plan
from danceit_core.choreography.sources import write_sources
from danceit_core.run import stage

with stage(snakemake):
    paths = dict(zip(snakemake.params.videos, snakemake.input.cleaned, strict=True))
    danced = sorted({*read_plan(snakemake.input.plan).source_video} & {*paths})
    dances = [read_dances(paths[video], video=video) for video in danced]
    write_sources(snakemake.output[0], {name: source for several in dances for name, source in several.items()})
