from danceit_core.database.statistics import read_statistics
from danceit_core.evaluation.summary import read_benchmarks, read_scores, summary_page
from danceit_core.files import write_text
from danceit_core.run import stage

with stage(snakemake):
    given = snakemake.input
    times, dances = read_benchmarks(snakemake.params.benchmarks), read_statistics(given.statistics)
    about = {"video": given.video, "sheet": given.sheet, "statistics": given.statistics, "dances": dances}
    write_text(snakemake.output[0], summary_page(read_scores(given.scores), benchmarks=times, **about))
