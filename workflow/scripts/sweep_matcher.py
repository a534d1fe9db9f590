from danceit_core.evaluation.sweep import write_sweep
from danceit_core.run import stage

with stage(snakemake):
    about = f"Fragments of {snakemake.wildcards.seconds} s; each row changes one setting of the matcher."
    write_sweep(snakemake.output.table, snakemake.output.page, list(snakemake.input), about=about)
