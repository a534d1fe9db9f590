from danceit_core.config import MusicSettings
from danceit_core.media.part import part_of
from danceit_core.music.table import write_music_table
from danceit_core.music.track import analyse_dance
from danceit_core.run import stage

with stage(snakemake):
    music = MusicSettings(**snakemake.params.settings)
    sound = next(iter(snakemake.input), None)
    params = snakemake.params
    how = {"audio_track": params.audio_track, "part": part_of(params.part)}
    table = analyse_dance(sound, settings=music, fps=params.fps, **how)
    write_music_table(snakemake.output[0], table)
