from pathlib import Path

from danceit_core.assets import fetch_body_mesh
from danceit_core.run import stage

with stage(snakemake):
    fetch_body_mesh(Path(snakemake.output[0]).parent)
