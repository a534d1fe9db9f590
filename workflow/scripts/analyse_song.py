from danceit_core.config import MusicSettings
from danceit_core.music.table import write_music_table
from danceit_core.music.track import analyse_song
from danceit_core.run import stage

with stage(snakemake):
    music = MusicSettings(**snakemake.params.settings)
    fps, fragment_s = snakemake.params.fps, snakemake.params.fragment_s
    about = {"fps": fps, "fragment_s": fragment_s, "audio_track": snakemake.params.audio_track}
    table = analyse_song(snakemake.input[0], settings=music, **about)
    write_music_table(snakemake.output[0], table)
