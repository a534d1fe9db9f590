from danceit_core.config import MusicSettings
from danceit_core.music.table import write_music_table
from danceit_core.music.track import analyse_dance
from danceit_core.run import stage

with stage(snakemake):
    music = MusicSettings(**snakemake.params.settings)
    table = analyse_dance(snakemake.input[0], settings=music, fps=snakemake.params.fps)
    write_music_table(snakemake.output[0], table)
