from danceit_core.config import MatcherSettings
from danceit_core.database.table import read_database
from danceit_core.evaluation.matching import write_training, write_untrained
from danceit_core.matcher.data import make_pairs
from danceit_core.matcher.enough import settle_pairs, what_lacks
from danceit_core.matcher.train import train_matcher
from danceit_core.run import stage

settings, seed = MatcherSettings(**snakemake.params.settings), snakemake.params.seed
state = snakemake.params.state
with stage(snakemake) as run:
    database = read_database(snakemake.input.fragments)
    pairs = settle_pairs(make_pairs(database), delay_s=settings.delay_s)
    if lack := what_lacks(pairs, delay_s=settings.delay_s):
        write_untrained(lack, snakemake.output)
    else:
        about = {"settings": settings, "seed": seed, "device": run.device, "state": state, "progress": run.progress}
        write_training(train_matcher(pairs, **about), pairs, snakemake.output, seed=seed)
