from pathlib import Path

from danceit_core.pose.openpose import write_openpose_zip
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    path = Path(snakemake.output[0])
    write_openpose_zip(path, read_pose_table(snakemake.input[0]).keypoints, name=path.stem)
