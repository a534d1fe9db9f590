from danceit_core.database.statistics import database_statistics, draw_statistics
from danceit_core.music.table import read_music_table
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    names, poses, music = snakemake.params.videos, snakemake.input.cleaned, snakemake.input.music
    tables = {v: (read_pose_table(p), read_music_table(m)) for v, p, m in zip(names, poses, music, strict=True)}
    statistics = database_statistics(tables)
    statistics.to_csv(snakemake.output.table, sep="\t", index=False, float_format="%.4g")
    draw_statistics(statistics, snakemake.output.figure)
