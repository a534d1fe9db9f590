from danceit_core.config import FragmentSettings
from danceit_core.database.fragments import cut_fragments
from danceit_core.database.table import write_fragments
from danceit_core.music.table import read_music_table
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    pose, music = read_pose_table(snakemake.input.cleaned), read_music_table(snakemake.input.music)
    settings = FragmentSettings(**snakemake.params.settings)
    video, seconds = snakemake.wildcards.dance, float(snakemake.wildcards.seconds)
    write_fragments(snakemake.output[0], cut_fragments(pose, music, video=video, seconds=seconds, settings=settings))
