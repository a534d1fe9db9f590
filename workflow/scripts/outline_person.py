from pathlib import Path

from danceit_core.config import PoseSettings
from danceit_core.pose.outline_video import outline_person
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake) as run:
    params, given = snakemake.params, snakemake.input
    settings, weights = PoseSettings(**params.settings), Path(params.weights) if params.weights else None
    how = {"name": snakemake.wildcards.video, "is_target": params.is_target, "progress": run.progress}
    table = read_pose_table(given.keypoints)
    outline_person(given.get("frames") or None, table, snakemake.output[0], settings=settings, weights=weights, **how)
