from pathlib import Path

from danceit_core.evaluation.dance_figures import write_figure
from danceit_core.evaluation.pixels_page import draw_pixels
from danceit_core.imagination.recall.provenance import read_person
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    given = snakemake.input
    origins = read_person(given.pixels, snakemake.wildcards.target)
    options = {"frames_path": given.frames, "outlines": given.outlines or None}
    figure = draw_pixels(origins, target=read_pose_table(given.target), **options)
    write_figure(Path(snakemake.output[0]), figure)
