from danceit_core.database.measure import measure_dance, write_measured
from danceit_core.music.table import read_music_table
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    pose, music = read_pose_table(snakemake.input.cleaned), read_music_table(snakemake.input.music)
    measured = measure_dance(pose, music, video=snakemake.wildcards.dance, group=snakemake.params.group)
    write_measured(snakemake.output[0], measured)
