from danceit_core.config import CleaningSettings
from danceit_core.pose.clean import clean_keypoints
from danceit_core.pose.table import read_pose_table, write_pose_table
from danceit_core.run import stage

with stage(snakemake):
    table = read_pose_table(snakemake.input[0])
    cleaned = clean_keypoints(table.keypoints, fps=table.fps, settings=CleaningSettings(**snakemake.params.settings))
    columns = {"kept": cleaned.kept, "reason": cleaned.reason}
    write_pose_table(snakemake.output[0], cleaned.keypoints, fps=table.fps, size=table.size, columns=columns)
