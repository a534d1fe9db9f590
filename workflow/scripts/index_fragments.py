from danceit_core.database.fragments import read_database
from danceit_core.matcher.index import write_index
from danceit_core.matcher.train import load_matcher
from danceit_core.run import stage

with stage(snakemake) as run:
    database = read_database(snakemake.input.database)
    matcher = load_matcher(snakemake.input.matcher, device=run.device)
    write_index(snakemake.output[0], database.table["fragment_id"], matcher.embed_pose(database.keypoints))
