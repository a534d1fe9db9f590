from danceit_core.choreography.library import COLUMNS
from danceit_core.choreography.paintable import read_costs
from danceit_core.choreography.plan import write_plan
from danceit_core.choreography.song import plan_song
from danceit_core.config import RetrievalSettings
from danceit_core.database.table import read_database
from danceit_core.matcher.index import read_index
from danceit_core.matcher.model import load_matcher
from danceit_core.music.table import read_music_table
from danceit_core.run import stage

with stage(snakemake) as run:
    database = read_database(snakemake.input.fragments, columns=COLUMNS)
    plan = plan_song(
        read_music_table(snakemake.input.music),
        database,
        matcher=load_matcher(snakemake.input.matcher, device=run.device),
        index=read_index(snakemake.input.index, database=database),
        settings=RetrievalSettings(**snakemake.params.settings),
        beat_kind=snakemake.params.beat_kind,
        targets=[read_costs(path) for path in snakemake.input.paintable],
        style=snakemake.params.style,
        styles=snakemake.params.styles,
    )
    write_plan(snakemake.output[0], plan)
