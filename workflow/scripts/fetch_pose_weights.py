from danceit_core.assets import fetch_pose_weights
from danceit_core.run import stage

with stage(snakemake):
    fetch_pose_weights(snakemake.output[0])
