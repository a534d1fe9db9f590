from pathlib import Path

from danceit_core.music.weights import fetch_beat_networks_or_none
from danceit_core.run import stage

with stage(snakemake):
    fetch_beat_networks_or_none(Path(snakemake.output[0]).parent)
