from pathlib import Path

from danceit_core.config import PoseSettings
from danceit_core.media.source import read_report
from danceit_core.pose.outline_video import extract_with_outline
from danceit_core.pose.table import write_pose_table
from danceit_core.run import stage

with stage(snakemake) as run:
    params = snakemake.params
    given = {
        "report": read_report(snakemake.input.report),
        "settings": PoseSettings(**params.settings),
        "weights": Path(params.weights),
        "at_x": float(params.at_x) if params.at_x else None,
    }
    table = extract_with_outline(snakemake.input.frames, snakemake.output.outline, progress=run.progress, **given)
    about = {"columns": table.columns, "metadata": table.metadata}
    write_pose_table(snakemake.output.keypoints, table.keypoints, fps=table.fps, size=table.size, **about)
