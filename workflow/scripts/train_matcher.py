from danceit_core.config import MatcherSettings
from danceit_core.database.fragments import read_database
from danceit_core.evaluation.matching import draw_curves, score_matcher
from danceit_core.evaluation.summary import write_scores
from danceit_core.files import write_history
from danceit_core.matcher.train import save_matcher, train_matcher
from danceit_core.run import stage

with stage(snakemake) as run:
    database = read_database(snakemake.input[0])
    settings, seed = MatcherSettings(**snakemake.params.settings), snakemake.params.seed
    trained = train_matcher(database, settings=settings, seed=seed, device=run.device, progress=run.progress)
    write_history(snakemake.output.history, trained.history)
    draw_curves(trained.history, snakemake.output.curves)
    write_scores(snakemake.output.scores, score_matcher(trained.matcher, database))
    save_matcher(snakemake.output.matcher, trained.checkpoint)
