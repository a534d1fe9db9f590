from danceit_core.choreography.in_space import dance_motion
from danceit_core.choreography.rate import danced
from danceit_core.choreography.sources import read_sources
from danceit_core.pose.bvh import write_bvh
from danceit_core.pose.room import table_humanoid
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    motion = dance_motion(
        danced(read_pose_table(snakemake.input.poses), fps=snakemake.params.fps),
        read_sources(snakemake.input.sources),
        half_width=snakemake.params.half_width,
        humanoid=table_humanoid(read_pose_table(snakemake.input.target)),
        name=f"the dance {snakemake.wildcards.target}/{snakemake.wildcards.song}",
    )
    write_bvh(snakemake.output[0], motion)
