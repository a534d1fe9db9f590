from pathlib import Path

from danceit_core.config import FragmentSettings
from danceit_core.database.fragments import cut_fragments
from danceit_core.database.frames import open_frames
from danceit_core.database.table import write_fragments
from danceit_core.run import stage

with stage(snakemake):
    frames = open_frames(Path(snakemake.input.dances).parent)
    seconds, settings = float(snakemake.wildcards.seconds), FragmentSettings(**snakemake.params.settings)
    fragments = cut_fragments(frames, seconds=seconds, settings=settings)
    write_fragments(snakemake.output[0], fragments.table, metadata=fragments.metadata)
