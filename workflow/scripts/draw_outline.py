from danceit_core.evaluation.outline_page import draw_outline
from danceit_core.run import stage

with stage(snakemake):
    given, name = snakemake.input, snakemake.wildcards.video
    draw_outline(given.outline, snakemake.output[0], frames_path=given.frames, name=name)
