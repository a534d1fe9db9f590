from danceit_core.database.table import mapped_database
from danceit_core.matcher.index import write_index
from danceit_core.matcher.model import load_matcher
from danceit_core.run import stage

with stage(snakemake) as run, mapped_database(snakemake.input.fragments, beside=snakemake.output[0]) as database:
    matcher = load_matcher(snakemake.input.matcher, device=run.device)
    embeddings = matcher.embed_pose(database.keypoints)
    write_index(snakemake.output[0], embeddings, fragment_ids=list(database.table["fragment_id"]))
