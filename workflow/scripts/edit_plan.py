from danceit_core.choreography.edits import Edit
from danceit_core.choreography.paintable import read_costs
from danceit_core.choreography.plan import read_plan, write_plan
from danceit_core.choreography.song import edit_plan
from danceit_core.config import RetrievalSettings
from danceit_core.database.table import read_database
from danceit_core.matcher.index import read_index
from danceit_core.matcher.model import load_matcher
from danceit_core.music.table import read_music_table
from danceit_core.run import stage

with stage(snakemake) as run:
    given, params, plan = snakemake.input, snakemake.params, read_plan(snakemake.input.plan)
    if params.edits:
        database, matcher = read_database(given.fragments), load_matcher(given.matcher, device=run.device)
        about = {"matcher": matcher, "index": read_index(given.index), "settings": RetrievalSettings(**params.settings)}
        about |= {"beat_kind": params.beat_kind, "seed": params.seed, "styles": params.styles}
        about |= {"targets": [read_costs(path) for path in given.paintable]}
        edits = [Edit(**line) for line in params.edits]
        plan = edit_plan(plan, edits, read_music_table(given.music), database, **about)
    write_plan(snakemake.output[0], plan)
