from danceit_core.evaluation.sheet import video_sheet
from danceit_core.media.picture import write_picture
from danceit_core.run import stage

with stage(snakemake):
    write_picture(snakemake.output[0], video_sheet(snakemake.input[0]))
