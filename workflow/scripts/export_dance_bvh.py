from pathlib import Path

from danceit_core.choreography.in_space import dance_motion
from danceit_core.choreography.movements import read_movements
from danceit_core.choreography.rate import danced
from danceit_core.database.frames import open_frames
from danceit_core.pose.bvh import write_bvh
from danceit_core.pose.room import table_humanoid
from danceit_core.pose.table import read_pose_table
from danceit_core.pose.tracks import source_names
from danceit_core.run import stage

with stage(snakemake):
    dance = danced(read_pose_table(snakemake.input.poses), fps=snakemake.params.fps)
    motion = dance_motion(
        dance,
        read_movements(open_frames(Path(snakemake.input.dances).parent), sorted({*source_names(dance).tolist()})),
        half_width=snakemake.params.half_width,
        humanoid=table_humanoid(read_pose_table(snakemake.input.target)),
        name=f"the dance {snakemake.wildcards.target}/{snakemake.wildcards.song}",
    )
    write_bvh(snakemake.output[0], motion)
