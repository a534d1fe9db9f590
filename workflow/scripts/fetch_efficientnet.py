from pathlib import Path

from danceit_core.assets import fetch_efficientnet
from danceit_core.run import stage

with stage(snakemake):
    fetch_efficientnet(Path(snakemake.output[0]).parent)
