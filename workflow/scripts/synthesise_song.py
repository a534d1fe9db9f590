from danceit_core.config import DemoSettings
from danceit_core.run import stage
from danceit_core.studio.record import record_song

with stage(snakemake):
    record_song(snakemake.output[0], settings=DemoSettings(**snakemake.params.settings))
