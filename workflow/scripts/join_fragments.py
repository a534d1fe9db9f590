from danceit_core.database.table import join_fragments
from danceit_core.run import stage

with stage(snakemake):
    join_fragments(snakemake.output[0], snakemake.input)
