from pathlib import Path

from danceit_core.config import MusicSettings
from danceit_core.media.part import part_of
from danceit_core.music.beat_files import write_beats
from danceit_core.music.table import write_music_table
from danceit_core.music.track import analyse_dance
from danceit_core.run import stage

with stage(snakemake):
    given, params = snakemake.input, snakemake.params
    about = {"settings": MusicSettings(**params.settings), "fps": params.fps, "audio_track": params.audio_track}
    weights = Path(given.networks) if given.networks else None
    music = analyse_dance(given.sound or None, **about, part=part_of(params.part), weights=weights)
    write_beats(snakemake.output.beats, music.beats)
    write_music_table(snakemake.output.table, music)
