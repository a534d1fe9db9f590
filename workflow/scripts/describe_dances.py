from danceit_core.database.statistics import check_dances, database_statistics, draw_statistics, write_statistics
from danceit_core.music.table import read_music_table
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    names, poses, music = snakemake.params.videos, snakemake.input.cleaned, snakemake.input.music
    pairs = ((v, read_pose_table(p), read_music_table(m)) for v, p, m in zip(names, poses, music, strict=True))
    statistics = database_statistics(pairs, groups=snakemake.params.groups)
    check_dances(statistics, strict=snakemake.params.strict)
    write_statistics(snakemake.output.table, statistics)
    draw_statistics(statistics, snakemake.output.figure)
