from pathlib import Path

from danceit_core.config import MusicSettings
from danceit_core.media.sound_source import source_of
from danceit_core.music.beat_files import write_beats, write_sections
from danceit_core.music.hint import hint_of
from danceit_core.music.table import write_music_table
from danceit_core.music.track import analyse_song
from danceit_core.run import stage

with stage(snakemake):
    given, made, params = snakemake.input, snakemake.output, snakemake.params
    about = {"settings": MusicSettings(**params.settings), "fps": params.fps, "fragment_s": params.fragment_s}
    about |= {"weights": Path(given.networks) if given.networks else None}
    hint = hint_of(params.hint, beats=given.beats or None)
    music = analyse_song(source_of(given.sound, params.sound), hint=hint, **about)
    write_beats(made.beats, music.beats)
    write_sections(made.sections, music.sections)
    write_music_table(made.table, music)
