from pathlib import Path

from danceit_core.choreography.align import align, write_dance
from danceit_core.choreography.floor import film, floor_of
from danceit_core.choreography.movements import movements_of
from danceit_core.choreography.plan import read_plan
from danceit_core.choreography.rate import at_rate
from danceit_core.config import SpatialSettings, TemporalSettings
from danceit_core.database.frames import open_frames
from danceit_core.music.table import read_music_table
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    given, params = snakemake.input, snakemake.params
    plan, music = read_plan(given.plan), read_music_table(given.music)
    floor = floor_of(read_pose_table(given.target), camera=params.camera)
    made = align(
        plan,
        movements_of(plan, open_frames(Path(given.dances).parent)),
        **floor.place,
        beats_s=music.beats.times_s,
        fps=music.fps,
        shown_fps=params.fps,
        spatial=SpatialSettings(**params.spatial),
        temporal=TemporalSettings(**params.temporal),
    )
    dance = at_rate(made, fps=music.fps, to_fps=params.fps, seconds=music.duration_s)
    dance, corners = film(dance, floor, fps=params.fps)
    write_dance(snakemake.output[0], dance, fps=params.fps, size=floor.shown, corners=corners)
