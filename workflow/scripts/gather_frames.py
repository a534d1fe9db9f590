from pathlib import Path

from danceit_core.database.gather import gather_frames
from danceit_core.run import stage

with stage(snakemake):
    given, params = snakemake.input, snakemake.params
    tables = {"cleaned": given.cleaned, "music": given.music, "measured": given.measured}
    folder = Path(snakemake.output.dances).parent
    gather_frames(folder, videos=params.videos, test_share=params.test_share, **tables)
