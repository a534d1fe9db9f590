from pathlib import Path

from danceit_core.evaluation.thumbnails_page import write_thumbnails
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    given, names = snakemake.input, snakemake.params.videos
    tables = ((name, read_pose_table(path)) for name, path in zip(names, given.cleaned, strict=True))
    stores = dict(zip(snakemake.params.with_frames, map(Path, given.frames), strict=True))
    write_thumbnails(snakemake.output[0], tables, stores=stores)
