from pathlib import Path

from danceit_core.config import PoseSettings
from danceit_core.media.source import read_report
from danceit_core.pose.extract import extract_keypoints
from danceit_core.pose.table import write_pose_table
from danceit_core.run import stage

with stage(snakemake) as run:
    report, params = read_report(snakemake.input.report), snakemake.params
    given = {
        "report": report,
        "settings": PoseSettings(**params.settings),
        "is_target": not params.tolerant,
        "each": params.each,
        "at_x": float(params.at_x) if params.at_x else None,
    }
    weights = Path(snakemake.params.weights)
    table = extract_keypoints(snakemake.input.frames, weights=weights, progress=run.progress, **given)
    about = {"columns": table.columns, "metadata": table.metadata}
    write_pose_table(snakemake.output[0], table.keypoints, fps=table.fps, size=table.size, **about)
