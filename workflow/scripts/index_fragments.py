from pathlib import Path

from danceit_core.database.table import read_database
from danceit_core.matcher.index import write_index, write_no_index
from danceit_core.matcher.model import load_matcher
from danceit_core.run import stage

with stage(snakemake) as run:
    database = read_database(snakemake.input.fragments, folder=Path(snakemake.output[0]).parent)
    matcher = load_matcher(snakemake.input.matcher, device=run.device)
    fragment_ids = list(database.table["fragment_id"])
    if matcher is None:
        write_no_index(snakemake.output[0], fragment_ids=fragment_ids)
    else:
        write_index(snakemake.output[0], matcher.embed_pose(database.keypoints), fragment_ids=fragment_ids)
