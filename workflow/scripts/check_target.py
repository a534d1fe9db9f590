from danceit_core.evaluation.target_page import draw_check
from danceit_core.imagination.target.check import measure_target, spread_frames, write_check
from danceit_core.imagination.target.impossible import check_possible
from danceit_core.media.video import read_frames
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    given, picture_size = snakemake.input, snakemake.params.picture_size
    cleaned, raw = read_pose_table(given.cleaned), read_pose_table(given.raw)
    dances = (read_pose_table(path) for path in given.dances)
    frames = spread_frames(cleaned)
    looked_at = {"frames": frames, "pictures": read_frames(given.frames, frames)}
    figures = measure_target(cleaned, raw, **looked_at, dances=dances, picture_size=picture_size)
    check_possible(figures, name=snakemake.wildcards.target)
    write_check(snakemake.output.figures, figures)
    draw_check(snakemake.output.page, figures, name=snakemake.wildcards.target, cleaned=cleaned, **looked_at)
