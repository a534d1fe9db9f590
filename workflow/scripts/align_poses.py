from danceit_core.choreography.align import align, body_in_picture, write_dance
from danceit_core.choreography.plan import read_plan
from danceit_core.choreography.sources import read_sources
from danceit_core.config import SpatialSettings, TemporalSettings
from danceit_core.music.table import read_music_table
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    params, size = snakemake.params, snakemake.params.picture_size
    plan, music = read_plan(snakemake.input.plan), read_music_table(snakemake.input.music)
    dance = align(
        plan,
        read_sources(snakemake.input.sources),
        target=body_in_picture(read_pose_table(snakemake.input.target), picture_size=size),
        size=(size, size),
        beats_s=music.beats.times_s,
        fps=music.fps,
        spatial=SpatialSettings(**params.spatial),
        temporal=TemporalSettings(**params.temporal),
    )
    write_dance(snakemake.output[0], dance, fps=music.fps, picture_size=size)
