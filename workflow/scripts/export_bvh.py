from danceit_core.pose.bvh import write_bvh
from danceit_core.pose.room import table_motion
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    table = read_pose_table(snakemake.input[0])
    write_bvh(snakemake.output[0], table_motion(table, name=f"video {snakemake.wildcards.video}"))
