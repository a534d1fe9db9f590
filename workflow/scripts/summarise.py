from danceit_core.evaluation.summary import read_benchmarks, read_scores, summary_page
from danceit_core.files import write_text
from danceit_core.run import stage

with stage(snakemake):
    given = snakemake.input
    times = read_benchmarks(snakemake.params.benchmarks)
    names = {"video": given.video, "sheet": given.sheet, "statistics": given.statistics}
    write_text(snakemake.output[0], summary_page(read_scores(given.scores), benchmarks=times, **names))
