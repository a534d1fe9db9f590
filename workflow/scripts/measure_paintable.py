from pathlib import Path

from danceit_core.choreography.paintable import write_costs
from danceit_core.database.frames import open_frames
from danceit_core.imagination.recall.nearness import measure_dances
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    frames = open_frames(Path(snakemake.input.dances).parent)
    write_costs(snakemake.output[0], measure_dances(read_pose_table(snakemake.input.target), frames))
