from pathlib import Path

from danceit_core.choreography.floor import floor_of
from danceit_core.choreography.movements import movements_of
from danceit_core.choreography.plan import read_plan
from danceit_core.config import SpatialSettings
from danceit_core.database.frames import open_frames
from danceit_core.evaluation.dance_figures import draw_dance
from danceit_core.media.sound_source import source_of
from danceit_core.music.table import read_music_table
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    given, params = snakemake.input, snakemake.params
    plan = read_plan(given.plan)
    draw_dance(
        Path(snakemake.output[0]).parent,
        plan,
        movements_of(plan, open_frames(Path(given.dances).parent)),
        read_pose_table(given.poses),
        music=read_music_table(given.music),
        song=source_of(given.song, params.sound),
        floor=floor_of(read_pose_table(given.target), camera=params.camera),
        spatial=SpatialSettings(**params.spatial),
        beat_kind=params.beat_kind,
    )
