from danceit_core.config import FragmentSettings
from danceit_core.database.fragments import build_database, cut_fragments
from danceit_core.music.table import read_music_table
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    fragments = FragmentSettings(**snakemake.params.settings)
    seconds = float(snakemake.wildcards.seconds)
    rows = [
        cut_fragments(read_pose_table(pose), read_music_table(music), video=video, seconds=seconds, settings=fragments)
        for video, pose, music in zip(
            snakemake.params.videos, snakemake.input.cleaned, snakemake.input.music, strict=True
        )
    ]
    build_database(rows, snakemake.output[0], settings=fragments)
