from pathlib import Path

from danceit_core.config import PoseSettings
from danceit_core.media.video import probe
from danceit_core.pose.detect import detect_keypoints
from danceit_core.pose.table import write_pose_table
from danceit_core.run import stage

with stage(snakemake) as run:
    frames, pose = snakemake.input.frames, PoseSettings(**snakemake.params.settings)
    weights = Path(snakemake.params.weights)
    found = detect_keypoints(frames, settings=pose, weights=weights, progress=run.progress)
    info = probe(frames)
    write_pose_table(snakemake.output[0], found.keypoints, fps=info.fps, size=(info.width, info.height))
