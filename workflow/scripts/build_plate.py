from danceit_core.imagination.plate.build import build_plate, write_plate
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    given, written = snakemake.input, snakemake.output
    plate = build_plate(given.frames, given.outline, read_pose_table(given.camera))
    write_plate(written.picture, written.figures, plate)
