from pathlib import Path

from danceit_core.config import FragmentSettings
from danceit_core.database.counts import cut_counts
from danceit_core.database.frames import open_frames
from danceit_core.database.table import write_fragments
from danceit_core.run import stage

with stage(snakemake):
    frames = open_frames(Path(snakemake.input.dances).parent)
    fragments = cut_counts(frames, settings=FragmentSettings(**snakemake.params.settings))
    write_fragments(snakemake.output[0], fragments.table, metadata=fragments.metadata)
