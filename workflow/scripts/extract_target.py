from pathlib import Path

from danceit_core.config import PoseSettings
from danceit_core.media.source import read_report
from danceit_core.pose.outline_video import extract_with_outline
from danceit_core.pose.table import write_pose_table
from danceit_core.run import stage

with stage(snakemake) as run:
    report, settings = read_report(snakemake.input.report), PoseSettings(**snakemake.params.settings)
    given = {"report": report, "settings": settings, "weights": Path(snakemake.params.weights)}
    table = extract_with_outline(snakemake.input.frames, snakemake.output.outline, progress=run.progress, **given)
    about = {"columns": table.columns, "metadata": table.metadata}
    write_pose_table(snakemake.output.keypoints, table.keypoints, fps=table.fps, size=table.size, **about)
