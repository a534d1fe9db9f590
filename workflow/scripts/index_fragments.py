from pathlib import Path

from danceit_core.database.table import read_database
from danceit_core.matcher.index import index_database
from danceit_core.matcher.model import load_matcher
from danceit_core.run import stage

# The columns that locate the fragments and their passages.
COLUMNS = ["row", "frames", "start_frame", "passage_start", "passage_end", "has_sound"]

with stage(snakemake) as run:
    database = read_database(snakemake.input.fragments, columns=COLUMNS)
    matcher = load_matcher(snakemake.input.matcher, device=run.device)
    index_database(Path(snakemake.output.about).parent, database, matcher)
