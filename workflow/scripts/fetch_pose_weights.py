from pathlib import Path

from danceit_core.assets import fetch_pose_file
from danceit_core.run import stage

with stage(snakemake):
    fetch_pose_file(Path(snakemake.output[0]))
