from danceit_core.choreography.paintable import write_costs
from danceit_core.imagination.recall.nearness import measure_dances
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    dances = zip(snakemake.params.videos, snakemake.input.dances, strict=True)
    write_costs(snakemake.output[0], measure_dances(read_pose_table(snakemake.input.target), dances))
