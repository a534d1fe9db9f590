from danceit_core.media.moving_picture import write_moving_picture
from danceit_core.run import stage

with stage(snakemake):
    write_moving_picture(snakemake.output[0], snakemake.input[0])
