from danceit_core.config import MusicSettings
from danceit_core.media.sound_source import source_of
from danceit_core.music.hint import hint_of
from danceit_core.music.table import write_music_table
from danceit_core.music.track import analyse_song
from danceit_core.run import stage

with stage(snakemake):
    given, params = snakemake.input, snakemake.params
    about = {"settings": MusicSettings(**params.settings), "fps": params.fps, "fragment_s": params.fragment_s}
    hint = hint_of(params.hint, beats=given.beats or None)
    table = analyse_song(source_of(given.song, params.sound), hint=hint, **about)
    write_music_table(snakemake.output[0], table)
