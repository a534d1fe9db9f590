from danceit_core.config import MatcherSettings
from danceit_core.database.table import read_database
from danceit_core.evaluation.matching import draw_curves, score_matcher
from danceit_core.evaluation.summary import write_scores
from danceit_core.files import write_history
from danceit_core.matcher.model import Matcher, save_matcher
from danceit_core.matcher.train import train_matcher
from danceit_core.run import stage

with stage(snakemake) as run:
    database, seed = read_database(snakemake.input.fragments), snakemake.params.seed
    settings = MatcherSettings(**snakemake.params.settings)
    trained = train_matcher(database, settings=settings, seed=seed, device=run.device, progress=run.progress)
    save_matcher(snakemake.output.matcher, trained.checkpoint)
    matcher = Matcher.from_checkpoint(trained.checkpoint, device=run.device)
    write_scores(snakemake.output.scores, score_matcher(matcher, database, seed=seed))
    write_history(snakemake.output.history, trained.history)
    draw_curves(trained.history, snakemake.output.curves)
