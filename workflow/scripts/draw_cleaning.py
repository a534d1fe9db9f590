from danceit_core.evaluation.cleaning_page import draw_cleaning
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    raw, cleaned = read_pose_table(snakemake.input.raw), read_pose_table(snakemake.input.cleaned)
    frames_path = snakemake.input.get("frames") or None
    draw_cleaning(raw, cleaned, snakemake.output[0], name=snakemake.wildcards.video, frames_path=frames_path)
