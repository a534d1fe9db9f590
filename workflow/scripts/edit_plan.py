import shutil

from danceit_core.files import whole_file
from danceit_core.run import stage

with stage(snakemake) as run:
    given, params = snakemake.input, snakemake.params
    if not params.edits:
        with whole_file(snakemake.output[0]) as partial:
            shutil.copyfile(given.plan, partial)
    else:
        # Imports PyTorch and FAISS: most songs have no edits and need not wait for them.
        from danceit_core.choreography.edits import Edit
        from danceit_core.choreography.library import COLUMNS
        from danceit_core.choreography.paintable import read_costs
        from danceit_core.choreography.plan import read_plan, write_plan
        from danceit_core.choreography.song import edit_plan
        from danceit_core.config import RetrievalSettings
        from danceit_core.database.table import read_database
        from danceit_core.matcher.index import read_index
        from danceit_core.matcher.model import load_matcher
        from danceit_core.music.table import read_music_table

        database = read_database(given.fragments, columns=COLUMNS)
        plan = edit_plan(
            read_plan(given.plan),
            [Edit(**line) for line in params.edits],
            read_music_table(given.music),
            database,
            matcher=load_matcher(given.matcher, device=run.device),
            index=read_index(given.index, database=database),
            settings=RetrievalSettings(**params.settings),
            beat_kind=params.beat_kind,
            style=params.style,
            styles=params.styles,
            targets=[read_costs(path) for path in given.paintable],
        )
        write_plan(snakemake.output[0], plan)
