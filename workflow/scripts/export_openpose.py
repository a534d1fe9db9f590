from pathlib import Path

from danceit_core.pose.openpose import write_openpose_table
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    path = Path(snakemake.output[0])
    write_openpose_table(path, read_pose_table(snakemake.input[0]), name=path.stem)
