from pathlib import Path

from danceit_core.assets import fetch_face_network
from danceit_core.run import stage

with stage(snakemake):
    fetch_face_network(Path(snakemake.output[0]).parent)
